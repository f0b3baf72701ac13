"""Lifetime dispatch of the current park with each size of its storage, and its sensitivity tornado."""

from collections.abc import Callable, Sequence
from functools import partial

from parkdispatch.inputs.case import Case
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.reproduction.current_park import CurrentPark
from parkdispatch.results.reproduction.reproduction import CurrentParkRuns
from parkdispatch.results.sizing.decision import size_text
from parkdispatch.studies.lifetime.lifetime_dispatch import require_lifetime_inputs
from parkdispatch.studies.lifetime.lifetimes_together import AskedLifetime, dispatch_lifetimes
from parkdispatch.studies.lifetime.sensitivity_runs import sensitivity_tornado
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import Attempts


def run_current_park(
    parks: Sequence[Case], context: SolveContext, attempts: Attempts, only: Sequence[int] | None = None
) -> CurrentParkRuns:
    """Dispatch the lifetime of the same park with each size of its storage.

    A size that fails is left out and named in `attempts`. `only` names the years to dispatch, as in
    `dispatch_lifetime`.
    """
    sizes = []
    asked = [
        AskedLifetime(case, f"current park, size {number} of {len(parks)}", only)
        for number, case in enumerate(parks, 1)
    ]
    for case, lifetime in zip(parks, dispatch_lifetimes(asked, context), strict=True):
        power_mw = sum(battery.largest_power_mw for battery in case.batteries.values())
        name = size_text(power_mw, sum(battery.full_mwh for battery in case.batteries.values()))
        size = attempts.run("current_park", partial(_size, case, lifetime), name=name)
        sizes += [] if size is None else [size]
    tornado = None
    if sizes and sizes[0].case.sensitivities:
        first = sizes[0].lifetime
        tornado = attempts.run("sensitivities", partial(sensitivity_tornado, first.case, first, context))
    return CurrentParkRuns(tuple(sizes), tornado)


def _size(case: Case, dispatched: Callable[[], Lifetime]) -> CurrentPark:
    lifetime = dispatched()
    return CurrentPark(lifetime, cash_flow(require_lifetime_inputs(case), lifetime.operation()))
