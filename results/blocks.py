"""The schedule as people say it: from when to when, what, with how much, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from inputs.case import Case
from models.grid import Grid
from results.solution import times_of, values

ZERO_MW = 1e-3  # a kilowatt: less is rounding, and nobody dispatches it
AT_PEAK_MW = 1e-3
PERIOD_WORDS = {
    "sharp": "sharp peak",
    "peak": "peak",
    "flat": "flat hours",
    "valley": "valley",
    "deep_valley": "deep valley",
}


@dataclass(frozen=True)
class Block:
    """A stretch of intervals in which the storage does one thing, in one tariff period."""

    first: pd.Timestamp
    last: pd.Timestamp  # end of the last interval
    action: str  # "charge" or "discharge"
    power_mw: float  # mean
    least_mw: float
    most_mw: float
    energy_mwh: float
    why: str
    price_yuan_per_kwh: float

    @property
    def clock(self) -> str:
        """12:00-14:00."""
        end = f"{self.last:%H:%M}" if self.last.date() == self.first.date() else "24:00"
        return f"{self.first:%H:%M}-{end}"

    @property
    def power(self) -> str:
        """25.0 MW, or the range."""
        if self.most_mw - self.least_mw < 0.05:
            return f"{self.power_mw:.1f} MW"
        return f"{self.least_mw:.1f} to {self.most_mw:.1f} MW"

    def __str__(self) -> str:
        link = "from" if self.action == "charge" else "in"
        work = f"{self.clock} {self.action} {self.power} {link} {self.why}"
        return f"{work}, {self.price_yuan_per_kwh:.3f} yuan/kWh"


def blocks(solution: xr.Dataset, case: Case) -> list[Block]:
    """The storage's work, all units together, in stretches of one action and one tariff period."""
    if not case.storage:
        return []
    times, hours = times_of(solution), float(solution.attrs["hours"])
    net = np.zeros(len(times))
    for name in case.storage:
        net += values(solution, f"{name}.discharge_mw") - values(solution, f"{name}.charge_mw")
    grids = [name for name, device in case.devices.items() if isinstance(device, Grid)]
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
        why = _why(solution, case, grids, slice(start, stop), bool(action[start] > 0), str(period[start]))
        found.append(
            Block(
                first=times[start],
                last=times[stop - 1] + pd.Timedelta(hours=hours),
                action="discharge" if action[start] > 0 else "charge",
                power_mw=float(power.mean()),
                least_mw=float(power.min()),
                most_mw=float(power.max()),
                energy_mwh=float(power.sum() * hours),
                why=why,
                price_yuan_per_kwh=float(price[start:stop].mean()),
            )
        )
    return found


def _runs(*keys: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Stretches in which all keys stay as they are."""
    change = np.zeros(len(keys[0]), dtype=bool)
    change[0] = True
    for key in keys:
        change[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(change)
    yield from zip(starts.tolist(), [*starts[1:].tolist(), len(change)], strict=True)


def _why(
    solution: xr.Dataset, case: Case, grids: list[str], here: slice, discharging: bool, period: str
) -> str:
    """Where the energy comes from, or what it is for."""
    words = PERIOD_WORDS.get(period, period)
    bought = sum((values(solution, f"{g}.import_mw")[here] for g in grids), np.zeros(here.stop - here.start))
    if not discharging:
        storage = np.zeros(here.stop - here.start)
        for name in case.storage:
            storage += values(solution, f"{name}.charge_mw")[here]
        from_surplus = bool((storage - bought > ZERO_MW).any())
        from_grid = bool((bought > ZERO_MW).any())
        return " and ".join(["surplus PV"] * from_surplus + [words] * from_grid)
    peaks = [values(solution, f"{g}.peak_mw")[here] for g in grids if f"{g}.peak_mw" in solution]
    if peaks and (np.abs(bought - sum(peaks)) < AT_PEAK_MW).any():
        return f"{words}, holding the peak at {float(sum(p[0] for p in peaks)):.1f} MW"
    return words
