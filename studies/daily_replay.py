"""A year replayed as one day-ahead plan after another, then laid into one solution of the whole year.

Every day is planned alone, as in the afternoon before, with its own load and PV. Two things pass from day to
day: the energy in every battery, and the month's highest demand so far of every connection that pays for it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.capacity import Sized
from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.proof.certificate import (
    FEASIBILITY_TOLERANCE,
    GAP_TOLERANCE,
    ProofMethod,
    primal_infeasibility,
)
from parkdispatch.optimizer.proof.infeasibility import unbalanced_buses
from parkdispatch.optimizer.solve import Optimum, Proof, WarmStart, optimize
from parkdispatch.results.replay_comparison import PlannedDay, Replayed, compare_replay
from parkdispatch.studies.dispatch import (
    DispatchRun,
    Progress,
    SolveOptions,
    checked_run,
    imports_mw,
    imports_without_storage,
    paying_grids,
    solve_without_storage,
    unavoidable_mw,
    undecided_sizes,
)

DaySolver = Callable[[Mapping[str, Device], pd.DatetimeIndex, float, Mapping[Key, Array]], Optimum]


@dataclass(frozen=True)
class DayPlan:
    """One day's dispatch in the columns of its intervals, its proof, and what it leaves to the next."""

    columns: Sequence[Key]  # of one interval
    x: Array  # (intervals of the day x columns,)
    proof: Proof
    left: PlannedDay


def replay_year(
    prepared: Prepared,
    options: SolveOptions,
    read_s: float,
    progress: Progress,
    solve_day: DaySolver | None = None,
) -> tuple[DispatchRun, Replayed]:
    """Plan each day of a prepared case alone, in order, and compare the whole with perfect foresight.

    Raises InputError for what no day can decide, InfeasibleError naming the day that has no plan, and
    SolverError where the whole breaks a rule or its audit fails.
    """
    started = time.perf_counter()
    case, (times, hours, series) = prepared.case, (prepared.times, prepared.hours, prepared.series)
    if found := undecided_sizes(case, "a day planned alone cannot decide a size"):
        raise InputError(found)
    progress("building the year")
    year = tile(compile_template(case.devices, hours), Horizon(times, hours), series)
    if lines := unbalanced_buses(year):
        raise InputError(lines)
    built = time.perf_counter()
    progress("the same park without its storage")
    other = solve_without_storage(prepared, options, progress)
    least_mw = _least_peaks_mw(prepared, other, year.horizon)
    compared = time.perf_counter()
    solve = solve_day or _begun_where_the_last_ended(options.time_limit_s)
    plans = plan_days(case.devices, year.horizon, series, least_mw, solve, progress)
    planned = time.perf_counter()
    progress("the year with perfect foresight")
    foresight = optimize(case.devices, times, hours, series, time_limit_s=options.time_limit_s)
    foreseen = time.perf_counter()
    progress("auditing")
    optimum = _whole(year, plans, foresight.proof.bound_yuan)
    made = checked_run(
        case,
        optimum,
        other,
        {
            "read": read_s,
            "build": built - started,
            "without_storage": compared - built,
            "solve": planned - compared,
            "foresight": foreseen - planned,
        },
    )
    best = checked_run(case, foresight, other, {})
    days = [plan.left for plan in plans]
    return made, compare_replay(made.solution, best.solution, made.without, case, days)


def _begun_where_the_last_ended(time_limit_s: float) -> DaySolver:
    """A solver whose days begin with what the day before left."""
    warm: WarmStart | None = None

    def solve(
        devices: Mapping[str, Device], times: pd.DatetimeIndex, hours: float, series: Mapping[Key, Array]
    ) -> Optimum:
        nonlocal warm
        optimum = optimize(devices, times, hours, series, time_limit_s=time_limit_s, warm=warm)
        warm = optimum.warm
        return optimum

    return solve


def plan_days(
    devices: Mapping[str, Device],
    horizon: Horizon,
    series: Mapping[Key, Array],
    least_mw: Mapping[str, Array],
    solve_day: DaySolver,
    progress: Progress = lambda _: None,
) -> list[DayPlan]:
    """One plan a day, each beginning with what the one before left.

    A day ends at least where a usual day of the case begins. It pays for demand above the highest of its
    month so far, but at least above `least_mw`, (months,) by connection, which comes whatever the storage
    does: planned as if it alone set the month's charge, a day would be shaved at any price. Raises
    InfeasibleError or SolverError naming the day.
    """
    batteries = {name: device for name, device in devices.items() if isinstance(device, Battery)}
    grids = [name for name, d in devices.items() if isinstance(d, Grid) and d.pays_for_demand]
    stored_mwh = {name: battery.initial_soc * _full_mwh(battery) for name, battery in batteries.items()}
    peak_mw: dict[str, float] = {}
    months, month, first_of_month = horizon.period("month"), -1, horizon.first("month")
    borders = [*horizon.first("day"), len(horizon)]
    plans: list[DayPlan] = []
    for number, (first, after) in enumerate(pairwise(borders)):
        progress(f"day {number + 1} of {len(borders) - 1}")
        day = slice(int(first), int(after))
        if months[first] != month:
            month = int(months[first])
            at = int(first_of_month[month])
            peak_mw = {name: _metered_before(series, name, at) for name in grids}
        today = {key: array[day] for key, array in series.items()}
        for name in grids:
            floor = max(peak_mw[name], float(least_mw[name][month]) if name in least_mw else 0.0)
            free_mw = today.get((name, "demand_free_mw"), np.zeros(int(after - first)))
            today[name, "peak_floor_mw"] = np.maximum(floor - free_mw, 0.0)
        begun = {name: _begun(battery, stored_mwh[name]) for name, battery in batteries.items()}
        times = horizon.times[day]
        try:
            optimum = solve_day({**devices, **begun}, times, horizon.hours, today)
        except (InfeasibleError, SolverError) as error:
            begins = "".join(f", {mwh:.3f} MWh in {name}" for name, mwh in stored_mwh.items())
            raise type(error)(f"{times[0]:%Y-%m-%d} planned alone{begins}: {error}") from error
        stored_mwh = {
            name: _within_window(battery, float(_values(optimum, (name, "energy_mwh"))[-1]))
            for name, battery in batteries.items()
        }
        for name in grids:
            demand = metered_demand_mw(times, horizon.hours, _values(optimum, (name, "import_mw")))
            peak_mw[name] = max(peak_mw[name], float(demand.max()))
        left = PlannedDay(times[0].date(), optimum.proof.gap, dict(peak_mw), stored_mwh)
        template = optimum.tiled.template
        own = optimum.x[: optimum.tiled.shared_starts[0]]
        plans.append(DayPlan([column.key for column in template.columns], own, optimum.proof, left))
    return plans


def _metered_before(series: Mapping[Key, Array], grid: str, begins: int) -> float:
    """Highest demand of a month before the horizon that is paid for [MW]."""
    floor = float(series[grid, "peak_floor_mw"][begins])
    free = series.get((grid, "demand_free_mw"))
    return floor if free is None or floor == 0.0 else floor + float(free[begins])


def assemble_year(year: Tiled, plans: Sequence[DayPlan]) -> Array:
    """The days' dispatch in the columns of the year, each month's peak being its highest metered demand."""
    keys = [column.key for column in year.template.columns]
    if any(plan.columns != keys for plan in plans):
        raise ValueError("a day has other columns than the year")
    horizon, starts = year.horizon, year.shared_starts
    x = np.concatenate([*(plan.x for plan in plans), np.zeros(starts[-1] - starts[0])])
    for shared, start in zip(year.template.shared, starts, strict=False):
        bought = x[year.column_of(keys.index((shared.key[0], "import_mw")))]
        demand = metered_demand_mw(horizon.times, horizon.hours, bought)
        highest = np.maximum.reduceat(demand, horizon.first(shared.per))
        if (free := (shared.key[0], "demand_free_mw")) in year.template.series:
            number = 1 + year.template.series.index(free)
            highest = highest - year.weights[number][horizon.first(shared.per)]
        at = slice(start, start + len(highest))
        x[at] = np.maximum(highest, year.program.lower[at])  # not below what was metered before the year
    return x


def _whole(year: Tiled, plans: Sequence[DayPlan], bound_yuan: float) -> Optimum:
    """The year as the days made it, held against every rule of the year; its bound is that of foresight."""
    x = assemble_year(year, plans)
    error, cost = primal_infeasibility(year.program, x), year.program.objective(x)
    if not error <= FEASIBILITY_TOLERANCE or violated_pairs(year, x).any():
        raise SolverError(f"the days' plans, laid into the year, break a rule by {error:g}")
    if cost < bound_yuan - GAP_TOLERANCE * max(1.0, abs(cost)):
        raise SolverError(f"the days' plans cost {cost:.6f} yuan, less than the bound {bound_yuan:.6f}")
    proofs = [plan.proof for plan in plans]
    open_days = len([proof for proof in proofs if proof.gap > GAP_TOLERANCE])
    return Optimum(
        year,
        x,
        Proof(
            objective_yuan=cost,
            bound_yuan=bound_yuan,
            how=ProofMethod(
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


def _least_peaks_mw(prepared: Prepared, other: Optimum | None, horizon: Horizon) -> dict[str, Array]:
    """Each month's peak of each paying connection that the storage on its bus cannot avoid, (months,)."""
    case, first = prepared.case, horizon.first("month")
    grids = paying_grids(case)
    if not grids:
        return {}
    bought: Mapping[str, Array] | None
    if other is not None:
        bought = imports_mw(other, grids)
    else:
        bought = imports_without_storage(case, prepared.of(case.without_storage()))
    if bought is None:
        return {}
    return {
        name: np.array(
            [unavoidable_mw(case, name, month, horizon.hours) for month in np.split(bought[name], first[1:])]
        )
        for name in grids
    }


def _full_mwh(battery: Battery) -> float:
    if isinstance(battery.energy_mwh, Sized):
        raise TypeError("a battery whose size is decided cannot be replayed day by day")
    return battery.full_mwh


def _within_window(battery: Battery, stored_mwh: float) -> float:
    """The stored energy without what the solver's rounding adds at the window's ends."""
    full = _full_mwh(battery)
    return float(np.clip(stored_mwh, battery.soc_min * full, battery.soc_max * full)) + 0.0  # no -0.0


def _begun(battery: Battery, stored_mwh: float) -> Battery:
    """The battery as a day finds it."""
    full = _full_mwh(battery)
    soc = stored_mwh / full if full > 0 else battery.initial_soc
    soc = float(np.clip(soc, battery.soc_min, battery.soc_max))  # a quotient may round beyond
    return battery.model_copy(update={"initial_soc": soc, "final_soc": battery.final_soc_or_initial})


def _values(optimum: Optimum, key: Key) -> Array:
    """One variable of a solution, (intervals,)."""
    keys = [column.key for column in optimum.tiled.template.columns]
    return optimum.x[optimum.tiled.column_of(keys.index(key))]
