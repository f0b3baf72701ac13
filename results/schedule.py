"""The schedule as people say it: from when to when, what, with how much, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.grid_exchange import export_by_origin_mw, injection_mw, set_point_mw
from parkdispatch.results.solution import times_of, values

ZERO_MW = 1e-3  # a kilowatt: less is rounding, and nobody dispatches it
AT_PEAK_MW = 1e-3


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
    surplus_of: tuple[str, ...]  # devices that generate while some of what is charged is not bought
    from_grid: bool  # some of what is charged is bought
    peak_mw: float | None  # the month's highest import, where discharging holds it
    exported_mw: float = 0.0  # most of what is discharged that goes to the public grid
    sale_yuan_per_kwh: float = 0.0  # mean price of that

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
    set_points_mw = [set_point_mw(solution, case, name) for name in case.storage]
    net = sum(set_points_mw, np.zeros(len(times)))
    origin_mw = export_by_origin_mw(solution, case)
    exported_mw = sum((origin_mw[n] for n in case.storage if n in origin_mw), np.zeros(len(times)))
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
        here, discharging = slice(start, stop), bool(action[start] > 0)
        surplus, bought, peak = _why(solution, case, set_points_mw, here, discharging=discharging)
        sold_mw = exported_mw[here] if discharging else np.zeros(stop - start)
        found.append(
            ScheduleBlock(
                first=times[start],
                last=times[stop - 1] + pd.Timedelta(hours=hours),
                action="discharge" if discharging else "charge",
                power_mw=float(power.mean()),
                least_mw=float(power.min()),
                most_mw=float(power.max()),
                energy_mwh=float(power.sum() * hours),
                price_yuan_per_kwh=float(price[start:stop].mean()),
                period=str(period[start]),
                surplus_of=surplus,
                from_grid=bought,
                peak_mw=peak,
                exported_mw=float(sold_mw.max()),
                sale_yuan_per_kwh=_sale_price(solution, grids, here, sold_mw),
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
    solution: xr.Dataset, case: Case, set_points_mw: Sequence[Array], here: slice, *, discharging: bool
) -> tuple[tuple[str, ...], bool, float | None]:
    """Whose surplus is charged, whether some of it is bought, and the peak that discharging holds [MW]."""
    grids, zero = case.of_role("grid"), np.zeros(here.stop - here.start)
    bought = sum((values(solution, f"{g}.import_mw")[here] for g in grids), zero)
    if not discharging:
        storage = sum((np.maximum(-power[here], 0.0) for power in set_points_mw), zero)
        from_surplus = storage - bought > ZERO_MW
        sources = tuple(
            name
            for name in case.of_role("source")
            if (injection_mw(solution, name)[here][from_surplus] > ZERO_MW).any()
        )
        return sources, bool((bought > ZERO_MW).any()), None
    peaks = [values(solution, f"{g}.peak_mw")[here] for g in grids if f"{g}.peak_mw" in solution]
    if peaks and (np.abs(bought - sum(peaks)) < AT_PEAK_MW).any():
        return (), False, float(sum(p[0] for p in peaks))
    return (), False, None


def _sale_price(solution: xr.Dataset, grids: Sequence[str], here: slice, sold_mw: Array) -> float:
    """Mean price of what the storage exports [yuan/kWh]; 0 where it exports nothing."""
    if not sold_mw.any():
        return 0.0
    export_mw = np.stack([values(solution, f"{g}.export_mw")[here] for g in grids])
    prices = np.stack([values(solution, f"{g}.sale_price_yuan_per_mwh")[here] for g in grids]) / KW_PER_MW
    weights = export_mw * np.where(sold_mw > 0, 1.0, 0.0)
    return float((prices * weights).sum() / weights.sum())
