"""The schedule as people say it: from when to when, what, with how much, at what price, and why."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.capacity import Sized
from parkdispatch.models.device import Array
from parkdispatch.results.grid_exchange import set_point_mw
from parkdispatch.results.power_scale import PowerScale, scale_of
from parkdispatch.results.schedule.interval_reasons import Limit, Priced, Purpose, Reasons
from parkdispatch.results.schedule.tariff_periods import interval_periods
from parkdispatch.results.solution import times_of

PriceOf = dict[tuple[Purpose, str], Priced]  # by purpose and connection
SAME_YUAN_PER_KWH = 5e-5  # prices closer than this read the same


@dataclass(frozen=True)
class ScheduleBlock:
    """A stretch of intervals in which the storage does one thing, in one tariff period, at fixed prices.

    Several periods only where an interval lies in several; several prices only where the energy has several
    origins or purposes, such as surplus that is not sold beside energy that is bought.
    """

    first: pd.Timestamp
    last: pd.Timestamp  # end of the last interval
    action: str  # "charge" or "discharge"
    power_mw: float  # mean
    least_mw: float
    most_mw: float
    energy_mwh: float
    periods: tuple[str, ...]  # of the tariff; empty where it has none
    prices: tuple[Priced, ...]  # what the energy costs or brings
    surplus_of: tuple[str, ...]  # devices that generate while some of what is charged is not bought
    held: Limit | None  # limit of the import that is reached while discharging
    held_mw: float
    exported_mw: float  # most of what is discharged that goes to the public grid
    scale: PowerScale  # of the park
    rated_mw: float  # of the storage
    dated: bool = False  # the schedule has several days, so that a clock time needs its date

    @property
    def clock(self) -> str:
        """12:00-14:00, with the date before it where the schedule has several days: 07-16 12:00-14:00."""
        return clock_text(self.first, self.last, dated=self.dated)

    @property
    def purposes(self) -> set[str]:
        """Origins or purposes of the energy."""
        return {price.purpose for price in self.prices}

    @property
    def price_range_yuan_per_kwh(self) -> tuple[float, float]:
        """Lowest and highest price."""
        prices = [price.yuan_per_kwh for price in self.prices]
        return min(prices, default=0.0), max(prices, default=0.0)


def clock_text(first: pd.Timestamp, last: pd.Timestamp, *, dated: bool = False) -> str:
    """12:00-14:00; the end of a day is 24:00. Dated: 07-16 12:00-14:00, and the date of a later end."""
    if last == first.normalize() + pd.Timedelta(days=1):
        end = "24:00"
    elif last.date() != first.date():
        end = f"{last:%m-%d %H:%M}"
    else:
        end = f"{last:%H:%M}"
    return f"{first:%m-%d %H:%M}-{end}" if dated else f"{first:%H:%M}-{end}"


def has_several_days(times: pd.DatetimeIndex) -> bool:
    """Whether intervals begin on more than one day."""
    return bool(times[0].date() != times[-1].date())


def schedule_blocks(solution: xr.Dataset, case: Case) -> list[ScheduleBlock]:
    """The storage's work, all units together, in stretches of one action, tariff period and price.

    Powers that would read as zero are none.
    """
    if not case.storage:
        return []
    times, hours, scale = times_of(solution), float(solution.attrs["hours"]), scale_of(solution)
    set_points_mw = {name: set_point_mw(solution, case, name) for name in case.storage}
    rated_mw = sum(largest_power_mw(case, name, power) for name, power in set_points_mw.items())
    reasons = Reasons(solution, case, list(set_points_mw.values()), rated_mw)
    blocks = []
    for start, stop, periods, prices in _runs(solution, case, reasons, scale.resolution_mw(rated_mw)):
        here, discharging = slice(start, stop), bool(reasons.net_mw[start] > 0)
        power = np.abs(reasons.net_mw[here])
        held, held_mw = reasons.held_in(here) if discharging else (None, 0.0)
        blocks.append(
            ScheduleBlock(
                first=times[start],
                last=times[stop - 1] + pd.Timedelta(hours=hours),
                action="discharge" if discharging else "charge",
                power_mw=float(power.mean()),
                least_mw=float(power.min()),
                most_mw=float(power.max()),
                energy_mwh=float(power.sum() * hours),
                periods=periods,
                prices=prices,
                surplus_of=() if discharging else reasons.surplus_of(here),
                held=held,
                held_mw=held_mw,
                exported_mw=float(reasons.exported_mw[here].max()) if discharging else 0.0,
                scale=scale,
                rated_mw=rated_mw,
                dated=has_several_days(times),
            )
        )
    return blocks


def largest_power_mw(case: Case, name: str, power_mw: Array) -> float:
    """Rated power of a store; the largest of its powers where none is declared [MW]."""
    rated_mw = getattr(case.devices[name], "power_mw", None)
    largest_mw = float(np.abs(power_mw).max())
    return largest_mw if rated_mw is None or isinstance(rated_mw, Sized) else max(largest_mw, float(rated_mw))


def _runs(
    solution: xr.Dataset, case: Case, reasons: Reasons, least_mw: float
) -> Iterator[tuple[int, int, tuple[str, ...], tuple[Priced, ...]]]:
    """Stretches of one action, period and price: first interval, end, periods, prices."""
    times = times_of(solution)
    periods, day = interval_periods(times, float(solution.attrs["hours"]), case.tariff), times.normalize()
    action = np.where(reasons.net_mw >= least_mw, 1, np.where(reasons.net_mw <= -least_mw, -1, 0))
    start, known = 0, PriceOf()
    for interval in range(len(action)):
        prices = {(p.purpose, p.connection): p for p in reasons.prices(interval)} if action[interval] else {}
        if interval > start and not (
            action[interval] == action[start]
            and periods[interval] == periods[start]
            and day[interval] == day[start]
            and _agree(known, prices)
        ):
            if action[start]:
                yield start, interval, periods[start], tuple(known.values())
            start, known = interval, PriceOf()
        known = {**prices, **known}
    if len(action) and action[start]:
        yield start, len(action), periods[start], tuple(known.values())


def _agree(known: PriceOf, prices: PriceOf) -> bool:
    """Whether what both are of costs the same."""
    return all(
        abs(known[key].yuan_per_kwh - prices[key].yuan_per_kwh) < SAME_YUAN_PER_KWH
        for key in known.keys() & prices.keys()
    )
