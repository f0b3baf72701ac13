"""The schedule as people say it: from when to when, what, with how much, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import INJECTION, Array, Display
from parkdispatch.results.solution import device_quantities, times_of, values

ZERO_MW = 1e-3  # a kilowatt: less is rounding, and nobody dispatches it
AT_PEAK_MW = 1e-3
POWER = Display("power", "set_point", {INJECTION: 1.0})  # of a store that declares no set point


@dataclass(frozen=True)
class ScheduleBlock:
    """A stretch of intervals in which the storage does one thing, in one tariff period."""

    first: pd.Timestamp
    last: pd.Timestamp  # end of the last interval
    action: str  # "charge" or "discharge"
    power_mw: float  # mean
    least_mw: float
    most_mw: float
    energy_mwh: float
    price_yuan_per_kwh: float
    period: str  # of the tariff
    from_surplus: bool  # some of what is charged is not bought
    from_grid: bool  # some of it is bought
    peak_mw: float | None  # the month's highest import, where discharging holds it

    @property
    def clock(self) -> str:
        """12:00-14:00."""
        end = f"{self.last:%H:%M}" if self.last.date() == self.first.date() else "24:00"
        return f"{self.first:%H:%M}-{end}"


def schedule_blocks(solution: xr.Dataset, case: Case) -> list[ScheduleBlock]:
    """The storage's work, all units together, in stretches of one action and one tariff period."""
    if not case.storage:
        return []
    times, hours = times_of(solution), float(solution.attrs["hours"])
    set_points_mw = [_set_point_mw(solution, case, name) for name in case.storage]
    net = sum(set_points_mw, np.zeros(len(times)))
    grids = case.of_role("grid")
    price = (
        values(solution, f"{grids[0]}.purchase_price_yuan_per_mwh") / 1000 if grids else np.zeros(len(times))
    )
    period = case.tariff.period(times)
    action = np.where(net > ZERO_MW, 1, np.where(net < -ZERO_MW, -1, 0))
    found = []
    for start, stop in _runs(action, period):
        if action[start] == 0:
            continue
        power = np.abs(net[start:stop])
        surplus, bought, peak = _why(
            solution, set_points_mw, grids, slice(start, stop), bool(action[start] > 0)
        )
        found.append(
            ScheduleBlock(
                first=times[start],
                last=times[stop - 1] + pd.Timedelta(hours=hours),
                action="discharge" if action[start] > 0 else "charge",
                power_mw=float(power.mean()),
                least_mw=float(power.min()),
                most_mw=float(power.max()),
                energy_mwh=float(power.sum() * hours),
                price_yuan_per_kwh=float(price[start:stop].mean()),
                period=str(period[start]),
                from_surplus=surplus,
                from_grid=bought,
                peak_mw=peak,
            )
        )
    return found


def _set_point_mw(solution: xr.Dataset, case: Case, name: str) -> Array:
    """What a store gives to its bus, less what it takes [MW], shape (intervals,)."""
    displays = case.devices[name].displays
    set_point = next((display for display in displays if display.kind == "set_point"), POWER)
    return set_point.power_mw(device_quantities(solution, name))


def _runs(*keys: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Stretches in which all keys stay as they are."""
    change = np.zeros(len(keys[0]), dtype=bool)
    change[0] = True
    for key in keys:
        change[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(change)
    yield from zip(starts.tolist(), [*starts[1:].tolist(), len(change)], strict=True)


def _why(
    solution: xr.Dataset, set_points_mw: Sequence[Array], grids: Sequence[str], here: slice, discharging: bool
) -> tuple[bool, bool, float | None]:
    """Whether what is charged is surplus, whether it is bought, and the peak that discharging holds [MW]."""
    bought = sum((values(solution, f"{g}.import_mw")[here] for g in grids), np.zeros(here.stop - here.start))
    if not discharging:
        storage = sum(
            (np.maximum(-power[here], 0.0) for power in set_points_mw), np.zeros(here.stop - here.start)
        )
        return bool((storage - bought > ZERO_MW).any()), bool((bought > ZERO_MW).any()), None
    peaks = [values(solution, f"{g}.peak_mw")[here] for g in grids if f"{g}.peak_mw" in solution]
    if peaks and (np.abs(bought - sum(peaks)) < AT_PEAK_MW).any():
        return False, False, float(sum(p[0] for p in peaks))
    return False, False, None
