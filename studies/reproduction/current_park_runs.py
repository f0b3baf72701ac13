"""Lifetime dispatch of the current park with each size of its storage, and its sensitivity tornado."""

from collections.abc import Sequence
from functools import partial

from parkdispatch.inputs.case import Case
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.reproduction.current_park import CurrentPark
from parkdispatch.results.reproduction.reproduction import CurrentParkRuns
from parkdispatch.results.sizing.decision import size_text
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime, require_lifetime_inputs
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
    for number, case in enumerate(parks, 1):
        size_context = context.labelled(f"current park, size {number} of {len(parks)}")
        power_mw = sum(battery.largest_power_mw for battery in case.batteries.values())
        name = size_text(power_mw, sum(battery.full_mwh for battery in case.batteries.values()))
        size = attempts.run("current_park", partial(_size, case, size_context, only), name=name)
        sizes += [] if size is None else [size]
    tornado = None
    if sizes and sizes[0].case.sensitivities:
        first = sizes[0].lifetime
        tornado = attempts.run("sensitivities", partial(sensitivity_tornado, first.case, first, context))
    return CurrentParkRuns(tuple(sizes), tornado)


def _size(case: Case, context: SolveContext, only: Sequence[int] | None) -> CurrentPark:
    lifetime = dispatch_lifetime(case, context, only)
    return CurrentPark(
        lifetime,
        cash_flow(require_lifetime_inputs(case).replaced_after(lifetime.replaced_year), lifetime.operation()),
    )
