"""Lifetime dispatch of the current park with each size of its storage, and its sensitivity tornado."""

from collections.abc import Sequence

from parkdispatch.inputs.case import Case
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.reproduction.current_park import CurrentPark
from parkdispatch.results.reproduction.reproduction import CurrentParkRuns
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime, require_lifetime_inputs
from parkdispatch.studies.lifetime.sensitivity_runs import sensitivity_tornado
from parkdispatch.studies.solve_options import SolveContext


def run_current_park(
    parks: Sequence[Case], context: SolveContext, only: Sequence[int] | None = None
) -> CurrentParkRuns:
    """Dispatch the lifetime of the same park with each size of its storage.

    `only` names the years to dispatch, as in `dispatch_lifetime`.
    """
    sizes = []
    for number, case in enumerate(parks, 1):
        size_context = context.labelled(f"current park, size {number} of {len(parks)}")
        lifetime = dispatch_lifetime(case, size_context, only)
        cash = cash_flow(require_lifetime_inputs(case), lifetime.operation())
        sizes.append(CurrentPark(lifetime, cash))
    first = sizes[0].lifetime
    tornado = sensitivity_tornado(first.case, first, context) if first.case.sensitivities else None
    return CurrentParkRuns(tuple(sizes), tornado)
