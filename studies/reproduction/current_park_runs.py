"""The park of today, dispatched in every year of its storage for each of its sizes, and what it hangs on."""

from collections.abc import Sequence

from parkdispatch.inputs.case import Case
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.reproduction.current_park import CurrentPark
from parkdispatch.results.reproduction.reproduction import CurrentParkRuns
from parkdispatch.studies.dispatch import Progress, SolveOptions
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime, require_lifetime_inputs
from parkdispatch.studies.lifetime.sensitivity_runs import sensitivity_tornado


def run_current_park(
    parks: Sequence[Case], options: SolveOptions, progress: Progress, only: Sequence[int] | None = None
) -> CurrentParkRuns:
    """Dispatch the same park with each of these sizes of its storage. `only` is as in `dispatch_life`."""
    sizes = []
    for number, case in enumerate(parks, 1):

        def said(text: str, number: int = number) -> None:
            progress(f"today, size {number} of {len(parks)}: {text}")

        life = dispatch_lifetime(case, options, said, only)
        sizes.append(CurrentPark(life, cash_flow(require_lifetime_inputs(case), life.operation())))
    first = sizes[0].life
    found = sensitivity_tornado(first.case, first, options, progress) if first.case.sensitivities else None
    return CurrentParkRuns(tuple(sizes), found)
