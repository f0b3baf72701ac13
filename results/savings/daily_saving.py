"""The saving of the storage by day, in lines that may be added over days without counting anything twice.

- Energy: what the day's energy, wear and other costs are lower than without the storage.
- Stored: energy in the stores at the end of the day less at its start, at its replacement price: the lowest
  purchase price of the month over the efficiency of charging, for which it can be bought back. One price for
  the whole month, so that what one day leaves is worth the same to the next.
- Demand: what the day adds to the month's demand charge without the storage, less what it adds with it. The
  charge so far is that of the highest demand from the first of the month to the end of the day, so that the
  days of a month add up to the month's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from parkdispatch.inputs.case import Case
from parkdispatch.models.charges.charge_rows import floor_yuan
from parkdispatch.models.charges.further_charges import DemandCharge, FurtherCharges
from parkdispatch.models.device import Array, Device, Park
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.results.grid_exchange import market_price_yuan_per_mwh
from parkdispatch.results.solution import (
    device_of,
    device_quantities,
    key_of,
    of_kind,
    times_of,
    values,
)

Index = NDArray[np.intp]
PURCHASE = "purchase_price_yuan_per_mwh"


@dataclass(frozen=True)
class PeakSoFar:
    """Highest demand of a month up to some time [MW], as metered and as it would be without the storage."""

    with_storage_mw: float
    without_storage_mw: float


@dataclass(frozen=True)
class DayCost:
    """What one day costs in the same three lines; stored energy is worth something, the others are paid."""

    day: date
    energy_yuan: float
    stored_mwh: float  # in the stores at the end of the day, less at its start
    stored_yuan: float  # what that is worth
    demand_yuan: float  # what the day adds to the month's charge for demand
    before_mw: Mapping[str, float] = field(default_factory=dict)  # peak of the month by connection
    after_mw: Mapping[str, float] = field(default_factory=dict)

    @property
    def total_yuan(self) -> float:
        """Energy and demand, less what is stored more at the end [yuan]."""
        return self.energy_yuan - self.stored_yuan + self.demand_yuan


@dataclass(frozen=True)
class DaySaving:
    """The three lines of one day; positive is saved."""

    day: date
    energy_yuan: float
    stored_mwh: float  # in the stores at the end of the day, less at its start
    stored_yuan: float
    demand_yuan: float
    before: Mapping[str, PeakSoFar] = field(default_factory=dict)  # by connection that pays for demand
    after: Mapping[str, PeakSoFar] = field(default_factory=dict)

    @property
    def total_yuan(self) -> float:
        """The sum of the three lines [yuan]."""
        return self.energy_yuan + self.stored_yuan + self.demand_yuan


def saving_of_days(days: Sequence[DaySaving]) -> DaySaving:
    """The three lines of consecutive days together; its day is the first, its peaks are of the last month."""
    last_month = [day for day in days if _month_of(day) == _month_of(days[-1])]
    return replace(
        days[0],
        energy_yuan=sum(day.energy_yuan for day in days),
        stored_mwh=sum(day.stored_mwh for day in days),
        stored_yuan=sum(day.stored_yuan for day in days),
        demand_yuan=sum(day.demand_yuan for day in days),
        before=last_month[0].before,
        after=last_month[-1].after,
    )


def cost_of_days(days: Sequence[DayCost]) -> DayCost:
    """The three lines of consecutive days together; its day and its peaks are those of the last."""
    return replace(
        days[-1],
        energy_yuan=sum(day.energy_yuan for day in days),
        stored_mwh=sum(day.stored_mwh for day in days),
        stored_yuan=sum(day.stored_yuan for day in days),
        demand_yuan=sum(day.demand_yuan for day in days),
    )


def _month_of(saving: DaySaving) -> tuple[int, int]:
    return saving.day.year, saving.day.month


def cost_by_day(
    solution: xr.Dataset, case: Case, start_mw: Mapping[str, float] | None = None
) -> list[DayCost]:
    """What each day of a solution costs, in three lines.

    `start_mw` are the peaks of the month the horizon begins in, up to its beginning, by connection; without
    it, what the dispatch was told.
    """
    times = times_of(solution)
    day_of = np.unique(times.normalize(), return_inverse=True)[1]
    first: Index = np.flatnonzero(np.diff(day_of, prepend=-1))
    energy_yuan = _other_costs_yuan(solution, day_of, case)
    stored_mwh, stored_yuan = _stored(solution, case, first)
    demand_yuan, peaks = np.zeros(len(first)), dict[str, tuple[Array, Array]]()
    for name, grid in case.devices.items():
        if grid.pays_for_demand:
            told_mw = _metered_before(solution, name)
            peaks[name] = _peaks_so_far(solution, name, first, (start_mw or {}).get(name, told_mw))
            demand_yuan += _charged(solution, name, first, peaks[name])
        demand_yuan += _further_demand_yuan(solution, name, day_of, grid)
    return [
        DayCost(
            times[position].date(),
            float(energy_yuan[n]),
            float(stored_mwh[n]),
            float(stored_yuan[n]),
            float(demand_yuan[n]),
            before_mw={name: float(before[n]) for name, (before, _) in peaks.items()},
            after_mw={name: float(after[n]) for name, (_, after) in peaks.items()},
        )
        for n, position in enumerate(first)
    ]


def saving_by_day(
    solution: xr.Dataset, without: xr.Dataset, case: Case, before: Mapping[str, PeakSoFar] | None = None
) -> list[DaySaving]:
    """The saving of each day of a solution against `without`, that of the base case without storage.

    `before` are the peaks of the month the horizon begins in, up to its beginning, by connection; without it
    both are what was metered with the storage.
    """
    start = before or {}
    with_storage = cost_by_day(solution, case, {n: peak.with_storage_mw for n, peak in start.items()})
    told_mw = dict(with_storage[0].before_mw)
    start_mw = told_mw | {name: peak.without_storage_mw for name, peak in start.items()}
    base = cost_by_day(without, case.without_storage(), start_mw)
    return [
        DaySaving(
            dispatched.day,
            other.energy_yuan - dispatched.energy_yuan,
            dispatched.stored_mwh,
            dispatched.stored_yuan,
            other.demand_yuan - dispatched.demand_yuan,
            before={name: PeakSoFar(mw, other.before_mw[name]) for name, mw in dispatched.before_mw.items()},
            after={name: PeakSoFar(mw, other.after_mw[name]) for name, mw in dispatched.after_mw.items()},
        )
        for dispatched, other in zip(with_storage, base, strict=True)
    ]


def _other_costs_yuan(solution: xr.Dataset, day_of: Index, case: Case) -> Array:
    """All named costs but the charge for demand by day [yuan]; one of a longer period on its last day."""
    days = int(day_of.max()) + 1
    last_day = {"day": np.arange(days), "horizon": np.array([days - 1])}
    last_day["month"] = _last_days(solution, day_of, "M")
    last_day["year"] = _last_days(solution, day_of, "Y")
    total = np.zeros(days)
    for name in of_kind(solution, "cost"):
        device = case.devices.get(device_of(solution, name))
        dim, cost = str(solution[name].dims[0]), solution[name].to_numpy()
        if dim == "time":
            total += np.bincount(day_of, weights=cost, minlength=days)
        elif device is None or key_of(solution, name) not in _demand_costs(device):
            np.add.at(total, last_day[dim], cost)
    return total


def _last_days(solution: xr.Dataset, day_of: Index, period: str) -> Index:
    """The last day of each month ("M") or year ("Y") in the horizon."""
    spans = solution["time"].to_numpy().astype(f"datetime64[{period}]")
    last: Index = day_of[np.append(np.flatnonzero(spans[1:] != spans[:-1]), len(spans) - 1)]
    return last


def _further_charges(device: Device) -> Sequence[DemandCharge]:
    charges: FurtherCharges | None = getattr(device, "charges", None)
    return charges.demand if charges else ()


def _demand_costs(device: Device) -> set[str]:
    """Keys of the costs that are told as charges for demand."""
    basic = {"demand", "demand_excess"} if device.pays_for_demand else set()
    return basic | {cost for charge in _further_charges(device) for cost in charge.costs}


def _further_demand_yuan(solution: xr.Dataset, name: str, day_of: Index, device: Device) -> Array:
    """Further demand charges above what is paid for anyway, on the last day of each month [yuan]."""
    total, last = np.zeros(int(day_of.max()) + 1), _last_days(solution, day_of, "M")
    months = pd.DatetimeIndex(times_of(solution)).to_period("M")
    first = np.flatnonzero(~months.duplicated())
    for charge in _further_charges(device):
        price = values(solution, f"{name}.{charge.key}_price_yuan_per_mw_month")[first]
        keys = [f"{step.key}_floor_mw" for step in charge.steps]
        floors = {key: values(solution, f"{name}.{key}")[first] for key in keys}
        cost = sum(solution[f"{name}.{label}_yuan"].to_numpy() for label in charge.costs)
        np.add.at(total, last, cost - floor_yuan(charge, floors, price))
    return total


def _stored(solution: xr.Dataset, case: Case, first: Index) -> tuple[Array, Array]:
    """Change of the stored energy over each day [MWh], and its value [yuan]."""
    last = np.append(first[1:], solution.sizes["time"]) - 1
    price = replacement_price_yuan_per_mwh(solution, case)[first]
    total_mwh, total_yuan = np.zeros(len(first)), np.zeros(len(first))
    for name in case.storage:
        level = case.devices[name].storage_level(device_quantities(solution, name))
        if level is not None and level.initial_mwh is not None:
            change_mwh = np.diff(level.energy_mwh[last], prepend=level.initial_mwh)
            total_mwh += change_mwh
            total_yuan += change_mwh * price / getattr(case.devices[name], "eta_charge", 1.0)
    return total_mwh, total_yuan


def replacement_price_yuan_per_mwh(solution: xr.Dataset, case: Case) -> Array:
    """Lowest purchase price of each interval's month [yuan/MWh], shape (intervals,); zero without a grid.

    By the tariff, in all of the month that it prices, whatever part the solution covers; by the user's own
    prices and with a market's, of that part.
    """
    in_market = market_price_yuan_per_mwh(solution, case)
    times = times_of(solution)
    months = times.to_period("M")
    lowest = np.full(len(times), np.inf)
    for name in case.priced_connections:
        grid = case.devices[name]
        priced_times, price = times, values(solution, f"{name}.{PURCHASE}")
        if in_market is not None:
            price = price + in_market
        elif (name, PURCHASE) not in case.series:
            end = (months[-1] + 1).to_timestamp()
            hours = float(solution.attrs["hours"])
            priced_times = pd.date_range(
                months[0].to_timestamp(), end, freq=f"{round(60 * hours)}min", inclusive="left"
            )
            days, tariff = priced_times.normalize(), case.tariff
            is_priced = (days >= pd.Timestamp(tariff.valid_from)) & (days <= pd.Timestamp(tariff.valid_to))
            priced_times = priced_times[is_priced]
            price = grid.series(Park(priced_times, hours, case.site, case.tariff, _no_weather))[PURCHASE]
        by_month = pd.Series(price).groupby(priced_times.to_period("M")).min()
        lowest = np.minimum(lowest, by_month.reindex(months).to_numpy())
    return np.where(np.isfinite(lowest), lowest, 0.0)


def _no_weather() -> pd.DataFrame:
    raise NotImplementedError("a connection needs no weather")


def _metered_before(solution: xr.Dataset, grid: str) -> float:
    """Highest demand of the month before the horizon, as the dispatch was told [MW]."""
    floor_mw = float(values(solution, f"{grid}.peak_floor_mw")[0])
    return floor_mw + float(_free_mw(solution, grid)[0]) if floor_mw > 0 else 0.0


def _free_mw(solution: xr.Dataset, grid: str) -> Array:
    """Demand that costs nothing extra [MW], (intervals,)."""
    name = f"{grid}.demand_free_mw"
    return values(solution, name) if name in solution else np.zeros(solution.sizes["time"])


def _peaks_so_far(solution: xr.Dataset, grid: str, first: Index, start_mw: float) -> tuple[Array, Array]:
    """The month's peak so far before and after each day [MW]."""
    times = times_of(solution)
    import_mw = values(solution, f"{grid}.import_mw")
    demand_mw = metered_demand_mw(times, float(solution.attrs["hours"]), import_mw)
    of_day_mw, months = np.maximum.reduceat(demand_mw, first), times[first].to_period("M")
    before_mw, after_mw = np.zeros(len(first)), np.zeros(len(first))
    for n, peak_mw in enumerate(of_day_mw):
        begins = n == 0 or months[n] != months[n - 1]
        before_mw[n] = (start_mw if n == 0 else 0.0) if begins else after_mw[n - 1]
        after_mw[n] = max(before_mw[n], peak_mw)
    return before_mw, after_mw


def _charged(solution: xr.Dataset, grid: str, first: Index, peaks_mw: tuple[Array, Array]) -> Array:
    """What each day adds to the month's charge for demand [yuan]."""
    price = values(solution, f"{grid}.demand_price_yuan_per_mw_month")[first]
    free_mw = _free_mw(solution, grid)[first]
    before_mw, after_mw = peaks_mw
    return np.asarray(price * (np.maximum(after_mw - free_mw, 0.0) - np.maximum(before_mw - free_mw, 0.0)))


def cost_json(cost: DayCost) -> dict[str, Any]:
    """A day's cost in three lines for `summary.json`; money in yuan, power in MW."""
    return {
        "energy_yuan": cost.energy_yuan,
        "stored_yuan": cost.stored_yuan,
        "demand_yuan": cost.demand_yuan,
        "total_yuan": cost.total_yuan,
        "stored_mwh": cost.stored_mwh,
        "peak_so_far_mw": {
            name: {"before": cost.before_mw[name], "after": after_mw}
            for name, after_mw in cost.after_mw.items()
        },
    }


def saving_json(saving: DaySaving) -> dict[str, Any]:
    """A day's three lines for `summary.json`; money in yuan, power in MW."""
    return {
        "energy_yuan": saving.energy_yuan,
        "stored_yuan": saving.stored_yuan,
        "demand_yuan": saving.demand_yuan,
        "total_yuan": saving.total_yuan,
        "stored_mwh": saving.stored_mwh,
        "peak_so_far_mw": {
            name: {
                "before": saving.before[name].with_storage_mw,
                "after": after.with_storage_mw,
                "before_without_storage": saving.before[name].without_storage_mw,
                "after_without_storage": after.without_storage_mw,
            }
            for name, after in saving.after.items()
        },
    }


def stored_price_yuan_per_mwh(saving: DaySaving | DayCost) -> Iterator[float]:
    """The price at which the day's change of stored energy is valued; nothing where it does not change."""
    if abs(saving.stored_mwh) > 1e-9:
        yield saving.stored_yuan / saving.stored_mwh
