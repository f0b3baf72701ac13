"""A storage study: the years of its lifetime, each dispatched anew, and the cash flow they make."""

import time
from contextlib import nullcontext

from parkdispatch.inputs.case import Case
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.savings.as_operated import AsOperated, operated
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime, require_lifetime_inputs
from parkdispatch.studies.lifetime.lifetimes_together import result_beside
from parkdispatch.studies.lifetime.owner_runs import study_owners, without_pv_company
from parkdispatch.studies.lifetime.phased_study import study_phases
from parkdispatch.studies.solve_options import SolveContext


def study_storage(
    case: Case,
    context: SolveContext,
    read_s: float,
    quick: bool = False,
    as_operated: AsOperated | None = None,
) -> Study:
    """Dispatch every year of a case's storage and make the cash flow of the investment from them.

    `quick` dispatches the first two years and the last, and those on either side of a replacement; the others
    are interpolated and marked. `as_operated` is the share of their saving that is kept, the rest being a
    stream below zero. A year whose solve fails is estimated (`Study.failed`). Raises InputError with all that
    keeps the case from having a lifetime to dispatch, and InfeasibleError or SolverError as
    `dispatch_years`.
    """
    finance = require_lifetime_inputs(case)
    if case.phases is not None:
        return study_phases(case, context, read_s, quick, as_operated)
    started = time.perf_counter()
    asked = without_pv_company(case)
    with nullcontext(None) if asked is None else result_beside(asked.dispatch, context) as without_pv:
        lifetime = dispatch_lifetime(case, context, () if quick else None, estimate=True)
        dispatched = time.perf_counter()
        context.progress("computing the cash flow")
        operation = lifetime.operation() if as_operated is None else operated(lifetime, as_operated)
        cash = cash_flow(finance, operation)
        computed = time.perf_counter()
        owners = None if without_pv is None else study_owners(case, lifetime, cash, without_pv, as_operated)
    timings_s = {
        "read": read_s,
        "dispatch": dispatched - started,
        "cash_flow": computed - dispatched,
    }
    if owners is not None:
        timings_s["owners"] = time.perf_counter() - computed
    return Study(lifetime, cash, timings_s, owners, as_operated=as_operated)
