"""Plan a horizon under the orders of an operator: the audited run, and what there is to say of the orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.inputs.schema.orders import ForceOrder, Order
from parkdispatch.inputs.variations.operator_orders import TimedOrder, timed_orders, with_orders
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, InputError
from parkdispatch.models.network.demand_calls import DemandCall, within
from parkdispatch.optimizer.solve import Optimum
from parkdispatch.results.schedule.plan_notes import PlanNote
from parkdispatch.results.solution import values
from parkdispatch.results.violations import violation_notes
from parkdispatch.studies.day_plan import PreparedDay, prepare_day
from parkdispatch.studies.dispatch import DispatchRun, dispatch_case
from parkdispatch.studies.planning.followed_plan import followed_targets_mw
from parkdispatch.studies.planning.least_violation import least_violation_lines
from parkdispatch.studies.planning.order_notes import order_note
from parkdispatch.studies.planning.plan_calls import PlacedCall, answers, placed_calls
from parkdispatch.studies.planning.plan_variants import (
    with_calls,
    with_ordered_bounds,
    with_priced_violations,
)
from parkdispatch.studies.solve_case import solve_prepared, undecided_sizes
from parkdispatch.studies.solve_options import SolveContext

MOST_YUAN_PER_MWH = 1e6  # of a violation


@dataclass(frozen=True)
class PlanWishes:
    """What a plan is to obey beside its case."""

    orders: Sequence[Order] = ()
    follow: str | Path | xr.Dataset | None = None  # a plan that is changed as little as the money allows
    soft_yuan_per_mwh: float | None = None  # price of violations; None: there may be none


@dataclass(frozen=True)
class PlanProblem:
    """A plan ready to be solved: its numbers, its orders, and the calls that may be answered."""

    case: Case
    given: Case  # with what is known of the horizon
    peak_is_given: bool
    planned: PreparedDay
    orders: tuple[TimedOrder, ...]
    calls: tuple[PlacedCall, ...]
    soft_yuan_per_mwh: float | None
    targets_mw: Mapping[str, Array] | None = None  # of a plan that is followed


@dataclass(frozen=True)
class PlannedRun:
    """An audited plan with its notes, the peaks it was planned against, its orders and its optimum."""

    run: DispatchRun
    planned: PreparedDay
    problem: PlanProblem
    optimum: Optimum  # before its set points were smoothed
    answered: tuple[PlacedCall, ...]


def prepare_plan(
    case: Case, given: Case, times: pd.DatetimeIndex, wishes: PlanWishes, peak_is_given: bool
) -> PlanProblem:
    """The numbers of a plan of a case; `given` is the case with what is known of the horizon.

    Raises InputError with everything that is wrong with the orders or the inputs.
    """
    price = wishes.soft_yuan_per_mwh
    if price is not None and not 0 < price <= MOST_YUAN_PER_MWH:
        raise InputError(
            f"argument `soft_yuan_per_mwh` = {price:.15g}: must be above 0 and at most"
            f" {MOST_YUAN_PER_MWH:.15g} yuan/MWh"
        )
    if problems := undecided_sizes(case, "a plan of a day cannot decide what is built for years"):
        raise InputError(problems)
    begin, hours = times[0], given.calendar.hours
    end = times[-1] + pd.Timedelta(hours=hours)
    orders = timed_orders(given, wishes.orders, begin.to_pydatetime(), end.to_pydatetime())
    calls = placed_calls(case, orders)
    planned = _prepared(case, given, times, orders, price, peak_is_given)
    targets = None if wishes.follow is None else followed_targets_mw(given, times, wishes.follow)
    return PlanProblem(case, given, peak_is_given, planned, orders, calls, price, targets)


def _prepared(
    case: Case,
    given: Case,
    times: pd.DatetimeIndex,
    orders: Sequence[TimedOrder],
    price: float | None,
    peak_is_given: bool,
) -> PreparedDay:
    ordered = with_orders(given, orders, price)
    if price is not None:
        hours = given.calendar.hours
        ordered = with_priced_violations(ordered, times[-1] + pd.Timedelta(hours=hours), hours, price)
    return prepare_day(case, ordered, times, peak_is_given)


def prepare_with(planned: PlannedRun, orders: Sequence[TimedOrder]) -> Prepared:
    """The numbers of a plan under other orders, its calls answered as they are."""
    problem, times = planned.problem, planned.planned.prepared.times
    price, is_given = problem.soft_yuan_per_mwh, problem.peak_is_given
    prepared = _prepared(problem.case, problem.given, times, orders, price, is_given).prepared
    calls: dict[str, list[DemandCall]] = {placed.connection: [] for placed in problem.calls}
    for placed in planned.answered:
        calls[placed.connection].append(placed.call)
    return with_calls(prepared, calls)


def solve_plan(problem: PlanProblem, context: SolveContext) -> tuple[Prepared, Optimum, Sequence[PlacedCall]]:
    """The cheapest plan, its numbers, and the calls that it answers.

    Raises InfeasibleError with what conflicts and what would have to give, and SolverError.
    """
    prepared = problem.planned.prepared
    try:
        if not problem.calls:
            return prepared, solve_prepared(prepared, context), ()
        solved = [
            (variant, solve_prepared(variant, context), answered)
            for answered, variant in answers(prepared, problem.calls)
        ]
    except InfeasibleError as error:
        context.progress("finding what has to give")
        lines = [] if problem.soft_yuan_per_mwh else least_violation_lines(prepared, context)
        raise InfeasibleError("\n".join([str(error), *lines])) from None
    variant, best, answered = min(solved, key=lambda solution: solution[1].proof.objective_yuan)
    bound_yuan = min(optimum.proof.bound_yuan for _, optimum, _ in solved)
    return variant, replace(best, proof=replace(best.proof, bound_yuan=bound_yuan)), answered


def run_plan(
    problem: PlanProblem, context: SolveContext, read_s: float, *, lazily: bool = False
) -> PlannedRun:
    """Solve a plan, audit it beside the park without storage, and say what its orders cost.

    `lazily`: the park without storage and the figures beside it are computed when they are first asked for.
    Raises InfeasibleError with what conflicts and what would have to give, and SolverError.
    """
    prepared, optimum, answered = solve_plan(problem, context)
    before = problem.planned.before
    run = dispatch_case(prepared, context, read_s, before, optimum, problem.targets_mw, lazily=lazily)
    notes = [PlanNote("order", {"order": order_note(timed)}) for timed in problem.orders]
    notes += _forcing_notes(problem, prepared, optimum, context)
    notes += _call_notes(problem, run, answered)
    if run.deviation_mw is not None:
        else_mwh, own_mwh = (mw * prepared.hours for mw in run.deviation_mw)
        notes.append(PlanNote("follows", {"mwh": f"{own_mwh:z,.3f}", "before": f"{else_mwh:z,.3f}"}))
    notes += violation_notes(run.solution, run.case, problem.soft_yuan_per_mwh)
    run = replace(run, notes=tuple(notes))
    planned = replace(problem.planned, prepared=prepared)
    return PlannedRun(run, planned, problem, optimum, tuple(answered))


def _forcing_notes(
    problem: PlanProblem, prepared: Prepared, optimum: Optimum, context: SolveContext
) -> list[PlanNote]:
    """What each forced set point costs: the optimum less the optimum without it; and all of them together."""
    forced = [timed for timed in problem.orders if isinstance(timed.order, ForceOrder)]
    leaving_out = [[timed] for timed in forced] + ([forced] if len(forced) > 1 else [])
    notes = []
    for left_out in leaving_out:
        context.progress("the same plan without forcing")
        of_force = _bounds_of(prepared.case, left_out)
        bounds = {
            name: [bound for bound in device.ordered if bound not in of_force[name]]
            for name, device in prepared.case.devices.items()
        }
        free = solve_prepared(with_ordered_bounds(prepared, bounds), context, optimum.warm)
        yuan = optimum.proof.objective_yuan - free.proof.objective_yuan
        text = tuple(order_note(timed) for timed in left_out)
        notes.append(PlanNote("forced", {"order": text, "yuan": f"{yuan:z,.0f}"}))
    return notes


def _bounds_of(case: Case, orders: Sequence[TimedOrder]) -> Mapping[str, list[object]]:
    """The bounds that some orders have put into a case, by device."""
    priced = {name: device.model_copy(update={"ordered": ()}) for name, device in case.devices.items()}
    bare = replace(case, devices=priced)
    prices = [bound.violation_yuan_per_mwh for device in case.devices.values() for bound in device.ordered]
    with_them = with_orders(bare, orders, prices[0] if prices else None)
    return {name: list(device.ordered) for name, device in with_them.devices.items()}


def _call_notes(problem: PlanProblem, run: DispatchRun, answered: Sequence[PlacedCall]) -> list[PlanNote]:
    """What each call is paid, or that it is not worth answering."""
    notes = []
    times, hours = pd.DatetimeIndex(run.solution["time"].to_numpy()), float(run.solution.attrs["hours"])
    for placed in problem.calls:
        call, parts = (
            placed.call,
            {"order": order_note(placed.timed), "baseline": f"{placed.call.baseline_mw:z,.3f}"},
        )
        if placed.baseline_days:
            notes.append(PlanNote("baseline", {**parts, "days": ", ".join(placed.baseline_days)}))
        if placed not in answered:
            notes.append(PlanNote("unanswered", parts))
            continue
        called = within(times, hours, call.begin, call.end)
        import_mw = values(run.solution, f"{placed.connection}.import_mw")[called]
        response_mwh = float(np.sum(call.baseline_mw - import_mw) * hours)
        paid_yuan = response_mwh * call.price_yuan_per_kwh * 1000
        notes.append(
            PlanNote("answered", {**parts, "mwh": f"{response_mwh:z,.3f}", "yuan": f"{paid_yuan:z,.0f}"})
        )
    return notes
