"""Day-ahead plans of consecutive days: each day is solved alone, from the states that the day before left.

Two things pass from day to day: the state of every device that has one, such as the energy in a battery, and
the month's peak demand so far of every connection that pays for it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array, Device, Seen
from parkdispatch.models.errors import InfeasibleError, SolverError
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.proof.certificate import EXACT
from parkdispatch.optimizer.solve import Optimum, Proof, WarmStart, optimize
from parkdispatch.optimizer.tiled_optimum import NoFeasibleDispatch
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.savings.replay_comparison import PlannedDay
from parkdispatch.studies.closed_loop.running_limits import RunningLimits
from parkdispatch.studies.solve_options import Progress, ignore_progress

SOON_S = 10.0  # for a day in one thread; most take a hundredth of a second, on a busy machine a tenth
DAYS = "days"  # the part of a replay that a failed day belongs to
DaySolver = Callable[[Mapping[str, Device], pd.DatetimeIndex, float, Mapping[Key, Array]], Optimum]


@dataclass(frozen=True)
class DayPlan:
    """One day's dispatch, its proof, and the states it leaves to the next day."""

    columns: Sequence[Key]  # of one interval
    x: Array  # (intervals of the day x columns,)
    proof: Proof
    day_end: PlannedDay


def warm_started_day_solver(
    time_limit_s: float, allowances: Collection[Key] = (), *, is_soon_solved: bool = False
) -> DaySolver:
    """A day solver that starts each day from the optimum of the day before.

    `allowances` are totals over more than a day, of which the series say what is left to it. Where days are
    soon solved, each is tried in one thread first, because starting others would take longer.
    """
    warm_start: WarmStart | None = None

    def solve(
        devices: Mapping[str, Device], times: pd.DatetimeIndex, hours: float, series: Mapping[Key, Array]
    ) -> Optimum:
        nonlocal warm_start
        solve_within = partial(
            optimize, devices, times, hours, series, warm=warm_start, allowances=allowances
        )
        optimum = None
        if is_soon_solved and time_limit_s > SOON_S:
            with suppress(NoFeasibleDispatch):
                optimum = solve_within(time_limit_s=SOON_S, threads=1)
        if optimum is None or optimum.proof.gap > EXACT:
            optimum = solve_within(time_limit_s=time_limit_s)
        warm_start = optimum.warm
        return optimum

    return solve


def plan_days(
    devices: Mapping[str, Device],
    horizon: Horizon,
    series: Mapping[Key, Array],
    expected_peaks_mw: Mapping[str, Array],
    solve_day: DaySolver,
    progress: Progress = ignore_progress,
    failed: list[FailedTask] | None = None,
    limits: RunningLimits | None = None,
) -> list[DayPlan]:
    """One plan per day, each starting from the states that the day before left.

    A day ends with at least the case's final state of charge, or its initial one where no final one is given.
    It pays for demand above the month's peak so far, but at least above `expected_peaks_mw`, (months,) by
    connection: planned as if it alone set the month's charge, a day would be shaved at any price. Of
    `limits` over more than a day each has what those before and after it leave. Raises InfeasibleError or
    SolverError naming the day that has no plan, or with which a limit ends broken; with `failed`, one after
    the first is added to it, and the plans end before it, for the next one begins where it would have ended.
    """
    states = {name: state for name, device in devices.items() if (state := device.initial_state())}
    grids = [name for name, device in devices.items() if device.pays_for_demand]
    peak_mw: dict[str, float] = {}
    months, month, first_of_month = horizon.period("month"), -1, horizon.first("month")
    day_boundaries = [*horizon.first("day"), len(horizon)]
    plans: list[DayPlan] = []
    for number, (first, after) in enumerate(pairwise(day_boundaries)):
        progress(f"day {number + 1} of {len(day_boundaries) - 1}")
        day = slice(int(first), int(after))
        if months[first] != month:
            month = int(months[first])
            month_start = int(first_of_month[month])
            peak_mw = {name: _metered_before(series, name, month_start) for name in grids}
        floor_mw = {
            name: max(
                peak_mw[name],
                float(expected_peaks_mw[name][month]) if name in expected_peaks_mw else 0.0,
            )
            for name in grids
        }
        day_series = _day_series(series, day, floor_mw)
        if limits is not None:
            day_series |= limits.series(day.start, day.stop)
        at_midnight = {name: devices[name].starting_from(state) for name, state in states.items()}
        times = horizon.times[day]
        try:
            optimum = solve_day({**devices, **at_midnight}, times, horizon.hours, day_series)
            if limits is not None:
                limits.use(day.start, optimum.tiled, optimum.x)
                limits.keep(day.stop)
        except (InfeasibleError, SolverError) as error:
            begins = "".join(f", {mwh:.3f} MWh in {name}" for name, mwh in _stored_mwh(states).items())
            named = error.about(f"{times[0]:%Y-%m-%d} planned alone{begins}")
            if failed is None or not plans:
                raise named from error
            failed.append(FailedTask.of(DAYS, named, name=f"{times[0]:%Y-%m-%d}"))
            break
        states = {name: device.state_after(_seen(optimum, name)) for name, device in at_midnight.items()}
        for name in grids:
            demand = metered_demand_mw(times, horizon.hours, _values(optimum, (name, "import_mw")))
            peak_mw[name] = max(peak_mw[name], float(demand.max()))
        day_end = PlannedDay(times[0].date(), optimum.proof.gap, dict(peak_mw), _stored_mwh(states))
        template = optimum.tiled.template
        interval_x = optimum.x[: optimum.tiled.shared_starts[0]]
        plans.append(DayPlan([column.key for column in template.columns], interval_x, optimum.proof, day_end))
    return plans


def _day_series(series: Mapping[Key, Array], day: slice, floor_mw: Mapping[str, float]) -> dict[Key, Array]:
    """The series of one day, each connection's demand being paid for above its floor [MW] only."""
    day_series = {key: array[day] for key, array in series.items()}
    for name, floor in floor_mw.items():
        free_mw = day_series.get((name, "demand_free_mw"), np.zeros(day.stop - day.start))
        day_series[name, "peak_floor_mw"] = np.maximum(floor - free_mw, 0.0)
    return day_series


def _metered_before(series: Mapping[Key, Array], grid: str, first: int) -> float:
    """Peak demand that was metered in a month before the horizon, whose first interval is given [MW]."""
    floor = float(series[grid, "peak_floor_mw"][first])
    free = series.get((grid, "demand_free_mw"))
    return floor if free is None or floor == 0.0 else floor + float(free[first])


def _stored_mwh(states: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The stored energy among the states [MWh], by device."""
    return {name: state["energy_mwh"] for name, state in states.items() if "energy_mwh" in state}


def _seen(optimum: Optimum, device: str) -> Seen:
    """A device's variables, from which it tells the state it is left in."""
    tiled = optimum.tiled
    variables = {
        column.key[1]: optimum.x[tiled.column_of(number)]
        for number, column in enumerate(tiled.template.columns)
        if column.key[0] == device
    }
    return Seen(tiled.horizon.times, tiled.horizon.hours, variables, {}, {})


def _values(optimum: Optimum, key: Key) -> Array:
    """One variable of a solution, (intervals,)."""
    keys = [column.key for column in optimum.tiled.template.columns]
    return optimum.x[optimum.tiled.column_of(keys.index(key))]
