"""Day-ahead plans of consecutive days: each day is solved alone, from the states that the day before left.

Two states pass from day to day: the energy in every battery, and the month's peak demand so far of every
connection that pays for it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from parkdispatch.models.capacity import Sized
from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import InfeasibleError, SolverError
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.solve import Optimum, Proof, WarmStart, optimize
from parkdispatch.results.replay_comparison import PlannedDay
from parkdispatch.studies.solve_options import Progress, ignore_progress

DaySolver = Callable[[Mapping[str, Device], pd.DatetimeIndex, float, Mapping[Key, Array]], Optimum]


@dataclass(frozen=True)
class DayPlan:
    """One day's dispatch, its proof, and the states it leaves to the next day."""

    columns: Sequence[Key]  # of one interval
    x: Array  # (intervals of the day x columns,)
    proof: Proof
    day_end: PlannedDay


def warm_started_day_solver(time_limit_s: float) -> DaySolver:
    """A day solver that starts each day from the optimum of the day before."""
    warm_start: WarmStart | None = None

    def solve(
        devices: Mapping[str, Device], times: pd.DatetimeIndex, hours: float, series: Mapping[Key, Array]
    ) -> Optimum:
        nonlocal warm_start
        optimum = optimize(devices, times, hours, series, time_limit_s=time_limit_s, warm=warm_start)
        warm_start = optimum.warm
        return optimum

    return solve


def plan_days(
    devices: Mapping[str, Device],
    horizon: Horizon,
    series: Mapping[Key, Array],
    unavoidable_peaks_mw: Mapping[str, Array],
    solve_day: DaySolver,
    progress: Progress = ignore_progress,
) -> list[DayPlan]:
    """One plan per day, each starting from the states that the day before left.

    A day ends with at least the case's final state of charge, or its initial one where no final one is given.
    It pays for demand above the month's peak so far, but at least above `unavoidable_peaks_mw`, (months,) by
    connection: planned as if it alone set the month's charge, a day would be shaved at any price. Raises
    InfeasibleError or SolverError naming the day.
    """
    batteries = {name: device for name, device in devices.items() if isinstance(device, Battery)}
    grids = [name for name, d in devices.items() if isinstance(d, Grid) and d.pays_for_demand]
    stored_mwh = {name: battery.initial_soc * _full_mwh(battery) for name, battery in batteries.items()}
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
                float(unavoidable_peaks_mw[name][month]) if name in unavoidable_peaks_mw else 0.0,
            )
            for name in grids
        }
        day_series = _day_series(series, day, floor_mw)
        day_batteries = {
            name: _battery_at_midnight(battery, stored_mwh[name]) for name, battery in batteries.items()
        }
        times = horizon.times[day]
        try:
            optimum = solve_day({**devices, **day_batteries}, times, horizon.hours, day_series)
        except (InfeasibleError, SolverError) as error:
            begins = "".join(f", {mwh:.3f} MWh in {name}" for name, mwh in stored_mwh.items())
            raise type(error)(f"{times[0]:%Y-%m-%d} planned alone{begins}: {error}") from error
        stored_mwh = {
            name: _within_soc_limits(battery, float(_values(optimum, (name, "energy_mwh"))[-1]))
            for name, battery in batteries.items()
        }
        for name in grids:
            demand = metered_demand_mw(times, horizon.hours, _values(optimum, (name, "import_mw")))
            peak_mw[name] = max(peak_mw[name], float(demand.max()))
        day_end = PlannedDay(times[0].date(), optimum.proof.gap, dict(peak_mw), stored_mwh)
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


def _full_mwh(battery: Battery) -> float:
    """Energy of a full battery [MWh]. Raises TypeError where its size is left to the optimizer."""
    if isinstance(battery.energy_mwh, Sized):
        raise TypeError("a battery whose size is decided cannot be replayed day by day")
    return battery.full_mwh


def _within_soc_limits(battery: Battery, stored_mwh: float) -> float:
    """The stored energy clipped to the state-of-charge limits, which solver rounding may exceed."""
    full = _full_mwh(battery)
    return float(np.clip(stored_mwh, battery.soc_min * full, battery.soc_max * full)) + 0.0  # no -0.0


def _battery_at_midnight(battery: Battery, stored_mwh: float) -> Battery:
    """The battery at the start of a day, with the energy that the day before left in it."""
    full = _full_mwh(battery)
    soc = stored_mwh / full if full > 0 else battery.initial_soc
    soc = float(np.clip(soc, battery.soc_min, battery.soc_max))  # the quotient may round beyond
    return battery.model_copy(update={"initial_soc": soc, "final_soc": battery.final_soc_or_initial})


def _values(optimum: Optimum, key: Key) -> Array:
    """One variable of a solution, (intervals,)."""
    keys = [column.key for column in optimum.tiled.template.columns]
    return optimum.x[optimum.tiled.column_of(keys.index(key))]
