"""The park of today, dispatched in every year of its storage for each of its sizes, and what it hangs on."""

from collections.abc import Sequence
from dataclasses import dataclass

from parkdispatch.inputs.case import Case
from parkdispatch.results.finance.cash_flow import CashFlow, cash_flow
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.finance.tornado import Tornado
from parkdispatch.results.reproduction.current_park import CurrentPark
from parkdispatch.studies.dispatch import Progress, SolveOptions
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime, require_lifetime_inputs
from parkdispatch.studies.lifetime.sensitivity_runs import sensitivity_tornado


@dataclass(frozen=True)
class CurrentParkRuns:
    """The sizes in the order they were given, and the sensitivities of the first."""

    sizes: tuple[CurrentPark, ...]
    tornado: Tornado | None  # none: the case doubts nothing

    @property
    def first(self) -> tuple[Lifetime, CashFlow]:
        """The years and the cash flow of the first size."""
        return self.sizes[0].life, self.sizes[0].cash


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
