"""Rolling day-ahead replay of a year, assembled into one solution and compared with perfect foresight.

Each day is planned alone the afternoon before, with its own load and PV (`day_ahead_plans`).
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.optimizer.formulation.allowances import allowable_totals, crosses_midnight
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.kept_templates import kept_template
from parkdispatch.optimizer.formulation.template import Template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.proof.certificate import (
    FEASIBILITY_TOLERANCE,
    GAP_TOLERANCE,
    ProofMethod,
    primal_infeasibility,
)
from parkdispatch.optimizer.proof.infeasibility import unbalanced_buses
from parkdispatch.optimizer.solve import Optimum, Proof, optimize
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.io.second_process import beside
from parkdispatch.results.savings.replay_comparison import Replayed, compare_replay
from parkdispatch.studies.closed_loop.running_limits import RunningLimits
from parkdispatch.studies.day_ahead_plans import DayPlan, DaySolver, plan_days, warm_started_day_solver
from parkdispatch.studies.demand_peak import monthly_peaks_mw, planned_whole
from parkdispatch.studies.dispatch import DispatchRun, checked_run
from parkdispatch.studies.solve_case import solve_without_storage, undecided_sizes
from parkdispatch.studies.solve_options import SolveContext


def replay_year(
    prepared: Prepared, context: SolveContext, read_s: float, solve_day: DaySolver | None = None
) -> tuple[DispatchRun, Replayed]:
    """Plan each day of a prepared case in order, and compare the year with perfect foresight.

    Where a day has no plan, the days before it are compared, and `Replayed.failed` names it.
    `solve_day` replaces the solver of one day. Raises InputError for sizes that a day cannot decide,
    InfeasibleError where the first day has no plan, and SolverError where the assembled year breaks a
    constraint or its audit fails.
    """
    started = time.perf_counter()
    case, (times, hours, series) = prepared.case, (prepared.times, prepared.hours, prepared.series)
    time_limit_s, progress = context.options.time_limit_s, context.progress
    if problems := undecided_sizes(case, "a day planned alone cannot decide a size"):
        raise InputError(problems)
    progress("building the year")
    year = tile(kept_template(case.devices, hours), Horizon(times, hours), series)
    if problems := not_handed_over(year.template, case.devices):
        raise InputError(problems)
    if problems := unbalanced_buses(year):
        raise InfeasibleError("\n".join(problems))
    built = time.perf_counter()
    progress("the same park without its storage")
    base = solve_without_storage(prepared, context)
    compared = time.perf_counter()
    progress("the peaks of the months")
    relaxed_x = planned_whole(year, case.devices)
    limits = RunningLimits(year, relaxed_x)
    solve = solve_day or warm_started_day_solver(
        time_limit_s, limits.keys, is_soon_solved=year.template.decomposes_into_windows
    )
    failed: list[FailedTask] = []
    asked_days = len(year.horizon.first("day"))
    with _foresight_beside(prepared, year, context) as foresight_of:
        peaks_mw = monthly_peaks_mw(year, case.devices, relaxed_x)
        plans = plan_days(case.devices, year.horizon, series, peaks_mw, solve, progress, failed, limits)
        planned = time.perf_counter()
        if not failed:
            progress("the year with perfect foresight")
            foresight = foresight_of()
    if failed:
        progress("the days before the one that failed, with perfect foresight")
        prepared = _until(prepared, sum(len(plan.x) for plan in plans) // len(plans[0].columns))
        year = tile(kept_template(case.devices, hours), Horizon(prepared.times, hours), prepared.series)
        base = solve_without_storage(prepared, context)
        foresight = optimize(case.devices, prepared.times, hours, prepared.series, time_limit_s=time_limit_s)
    foreseen = time.perf_counter()
    progress("auditing")
    optimum = _replayed_optimum(year, plans, foresight.proof.bound_yuan)
    replay_run = checked_run(
        prepared,
        optimum,
        base,
        {
            "read": read_s,
            "build": built - started,
            "without_storage": compared - built,
            "solve": planned - compared,
            "foresight": foreseen - planned,
        },
    )
    foresight_run = checked_run(prepared, foresight, base, {})
    days = [plan.day_end for plan in plans]
    comparison = compare_replay(replay_run.solution, foresight_run.solution, replay_run.without, case, days)
    return replay_run, replace(comparison, failed=tuple(failed), asked_days=asked_days)


def _until(prepared: Prepared, count: int) -> Prepared:
    """The first intervals of a prepared case."""
    series = {key: array[:count] for key, array in prepared.series.items()}
    return replace(prepared, times=prepared.times[:count], series=series)


@contextmanager
def _foresight_beside(
    prepared: Prepared, year: Tiled, context: SolveContext
) -> Iterator[Callable[[], Optimum]]:
    """A function that returns the optimum of the whole year, found beside what is done in the block.

    With one process in the context, it is found when the function is called.
    """
    model_inputs = (prepared.case.devices, prepared.times, prepared.hours, prepared.series)
    time_limit_s = context.options.time_limit_s
    if context.processes < 2:
        yield lambda: optimize(*model_inputs, time_limit_s=time_limit_s)
        return

    def in_copy() -> tuple[Array, Proof, Mapping[str, float]]:
        optimum = optimize(*model_inputs, time_limit_s=time_limit_s, threads=1)
        return optimum.x, optimum.proof, optimum.timings_s

    with beside(in_copy) as wait:
        yield lambda: Optimum(year, *wait())


def not_handed_over(template: Template, devices: Mapping[str, Device]) -> list[str]:
    """What ties days together that a device does not hand from one to the next, and that is no allowance."""
    allowed = {total.key for total in allowable_totals(template)}
    keeping = {template.columns[slot.column].key[0] for slot in template.previous}
    return [
        *(
            f"`device.{name}`: keeps a value of the interval before: must hand it over at midnight by"
            " `initial_state`, or it cannot be planned day by day"
            for name in sorted(keeping)
            if not devices[name].initial_state()
        ),
        *(
            f"`device.{total.key[0]}`: limits `{total.key[1]}` over more than a day: cannot be planned day by"
            " day, because no day knows what the others need"
            for total in template.totals
            if total.before is None and crosses_midnight(total.per) and total.key not in allowed
        ),
        *(
            f"`device.{shared.key[0]}`: shares `{shared.key[1]}` among all days of a {shared.per}: cannot be"
            " planned day by day"
            for shared in template.shared
            if shared.per != "day" and not _is_months_peak(shared.key, devices)
        ),
    ]


def _is_months_peak(key: tuple[str, str], devices: Mapping[str, Device]) -> bool:
    """Whether a shared decision is the month's demand, which one day hands over to the next."""
    device = devices[key[0]]
    return device.role == "grid" and key[1] == getattr(device, "paid_demand", key[1])


def assemble_year(year: Tiled, plans: Sequence[DayPlan]) -> Array:
    """The days' dispatch in the columns of the year, each month's peak being its highest metered demand."""
    keys = [column.key for column in year.template.columns]
    if any(plan.columns != keys for plan in plans):
        raise ValueError("a day has other columns than the year")
    return with_month_peaks(year, np.concatenate([plan.x for plan in plans]))


def with_month_peaks(year: Tiled, interval_x: Array) -> Array:
    """Decisions of all intervals in the columns of a horizon, each month's peak being its highest demand."""
    keys = [column.key for column in year.template.columns]
    horizon, starts = year.horizon, year.shared_starts
    x = np.concatenate([interval_x, np.zeros(starts[-1] - starts[0])])
    for shared, start in zip(year.template.shared, starts, strict=False):
        import_mw = x[year.column_of(keys.index((shared.key[0], "import_mw")))]
        demand = metered_demand_mw(horizon.times, horizon.hours, import_mw)
        peaks = np.maximum.reduceat(demand, horizon.first(shared.per))
        if (free := (shared.key[0], "demand_free_mw")) in year.template.series:
            weight = 1 + year.template.series.index(free)
            peaks = peaks - year.weights[weight][horizon.first(shared.per)]
        columns = slice(start, start + len(peaks))
        x[columns] = np.maximum(peaks, year.program.lower[columns])  # peak metered before the year
    return x


def _replayed_optimum(year: Tiled, plans: Sequence[DayPlan], bound_yuan: float) -> Optimum:
    """The assembled year, checked against all its constraints; `bound_yuan` is that of perfect foresight."""
    x = assemble_year(year, plans)
    error, cost = primal_infeasibility(year.program, x), year.program.objective(x)
    if not error <= FEASIBILITY_TOLERANCE or violated_pairs(year, x).any():
        raise SolverError(f"the days' plans, laid into the year, break a rule by {error:g}")
    if not cost >= bound_yuan - GAP_TOLERANCE * max(1.0, abs(cost)):
        raise SolverError(f"the days' plans cost {cost:.6f} yuan, less than the bound {bound_yuan:.6f}")
    proofs = [plan.proof for plan in plans]
    open_days = len([proof for proof in proofs if proof.gap > GAP_TOLERANCE])
    return Optimum(
        year,
        x,
        Proof(
            objective_yuan=cost,
            bound_yuan=bound_yuan,
            method=ProofMethod(
                "days_open" if open_days else "days",
                {"days": len(plans), "open": open_days, "gap": max(proof.gap for proof in proofs)},
            ),
            pairs=sum(proof.pairs for proof in proofs),
            settled=sum(proof.settled for proof in proofs),
            violated=sum(proof.violated for proof in proofs),
            repaired=sum(proof.repaired for proof in proofs),
            windows=sum(proof.windows for proof in proofs),
            primal_infeasibility=error,
            dual_infeasibility=max(proof.dual_infeasibility for proof in proofs),
        ),
        {},
    )
