"""The schedule as people say it: from when to when, what, with how much, at what price, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.capacity import Sized
from parkdispatch.models.device import Array, StorageLevel
from parkdispatch.results.grid_exchange import market_price_yuan_per_mwh, set_point_mw
from parkdispatch.results.power_scale import PowerScale, scale_of
from parkdispatch.results.schedule.interval_reasons import Limit, Priced, Purpose, Reasons
from parkdispatch.results.schedule.tariff_periods import interval_periods, periods_with_blackouts
from parkdispatch.results.solution import device_quantities, times_of

PriceOf = dict[tuple[Purpose, str], Priced]  # by purpose and connection
BlockKey = tuple[pd.Timestamp, tuple[str, ...]]  # first interval and stores of a block
SAME_YUAN_PER_KWH = 5e-5  # prices closer than this read the same


@dataclass(frozen=True)
class ScheduleBlock:
    """A stretch in which stores that run alike do one thing, in one tariff period, at fixed prices.

    In a market prices move within it: it has the lowest and the highest of each origin or purpose. Several
    periods only where an interval lies in several; several prices elsewhere only where the energy has several
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
    rated_mw: float  # of these stores together
    dated: bool = False  # the schedule has several days, so that a clock time needs its date
    stores: tuple[str, ...] = ()  # what runs
    apart: bool = False  # other stores of the park run otherwise, so that a block needs the names of its own
    soc_after: tuple[float, ...] = ()  # [-] state of charge of each of `stores` at the end
    gain_yuan: float | None = None  # None: not asked for

    @property
    def clock(self) -> str:
        """12:00-14:00, with the date before it where the schedule has several days: 07-16 12:00-14:00."""
        return clock_text(self.first, self.last, dated=self.dated)

    @property
    def key(self) -> BlockKey:
        """What tells the block from the others of its schedule."""
        return self.first, self.stores

    @property
    def purposes(self) -> set[str]:
        """Origins or purposes of the energy."""
        return {price.purpose for price in self.prices}

    @property
    def price_range_yuan_per_kwh(self) -> tuple[float, float] | None:
        """Lowest and highest price; None where nothing is bought or sold, or could be."""
        prices = [price.yuan_per_kwh for price in self.prices]
        return (min(prices), max(prices)) if prices else None


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
    """The storage's work in stretches of one action, tariff period and price, those that begin first first.

    Stores that run alike within what is shown are one; powers that would read as zero are none.
    """
    set_points_mw = {name: set_point_mw(solution, case, name) for name in case.storage}
    groups = _running_alike(solution, case, set_points_mw)
    blocks = [
        replace(block, apart=len(groups) > 1)
        for stores in groups
        for block in _blocks_of(solution, case, set_points_mw, stores)
    ]
    return sorted(blocks, key=lambda block: block.first)


def _running_alike(
    solution: xr.Dataset, case: Case, set_points_mw: Mapping[str, Array]
) -> list[tuple[str, ...]]:
    """The stores in groups whose set points read the same in every interval, as shares of rated power."""
    scale = scale_of(solution)
    groups: list[list[str]] = []
    for name, power_mw in set_points_mw.items():
        rated_mw = largest_power_mw(case, name, power_mw)
        least_mw = scale.resolution_mw(rated_mw)
        for group in groups:
            other_mw = set_points_mw[group[0]]
            other_rated_mw = largest_power_mw(case, group[0], other_mw)
            share = rated_mw / other_rated_mw if other_rated_mw else 1.0
            if np.all(np.abs(power_mw - other_mw * share) < least_mw):
                group.append(name)
                break
        else:
            groups.append([name])
    return [tuple(group) for group in groups]


def _blocks_of(
    solution: xr.Dataset, case: Case, set_points_mw: Mapping[str, Array], stores: tuple[str, ...]
) -> list[ScheduleBlock]:
    """The blocks of stores that run alike."""
    times, hours, scale = times_of(solution), float(solution.attrs["hours"]), scale_of(solution)
    rated_mw = sum(largest_power_mw(case, name, set_points_mw[name]) for name in stores)
    reasons = Reasons(solution, case, set_points_mw, rated_mw, stores)
    levels = [_level(solution, case, name) for name in stores]
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
                stores=stores,
                soc_after=tuple(
                    float(level.energy_mwh[stop - 1] / level.full_mwh)
                    for level in levels
                    if level is not None
                ),
            )
        )
    return blocks


def _level(solution: xr.Dataset, case: Case, name: str) -> StorageLevel | None:
    """What a store holds; None where the solution has powers only."""
    try:
        return case.devices[name].storage_level(device_quantities(solution, name))
    except KeyError:
        return None


def with_gains(blocks: Sequence[ScheduleBlock], gains_yuan: Mapping[BlockKey, float]) -> list[ScheduleBlock]:
    """The blocks with what each gains, where that is known."""
    return [replace(block, gain_yuan=gains_yuan.get(block.key)) for block in blocks]


def largest_power_mw(case: Case, name: str, power_mw: Array) -> float:
    """Rated power of a store; the largest of its powers where none is declared [MW]."""
    rated_mw = getattr(case.devices[name], "power_mw", None)
    largest_mw = float(np.abs(power_mw).max())
    return largest_mw if rated_mw is None or isinstance(rated_mw, Sized) else max(largest_mw, float(rated_mw))


def _runs(
    solution: xr.Dataset, case: Case, reasons: Reasons, least_mw: float
) -> Iterator[tuple[int, int, tuple[str, ...], tuple[Priced, ...]]]:
    """Stretches of one action, period and price: first interval, end, periods, prices.

    In a market, whose price is another one in each interval, of one action, period and origins or purposes.
    """
    times, moves = times_of(solution), market_price_yuan_per_mwh(solution, case) is not None
    of_tariff, day = interval_periods(times, float(solution.attrs["hours"]), case.tariff), times.normalize()
    periods = periods_with_blackouts(of_tariff, reasons.blackout)
    action = np.where(reasons.net_mw >= least_mw, 1, np.where(reasons.net_mw <= -least_mw, -1, 0))
    start, lowest, highest = 0, PriceOf(), PriceOf()
    for interval in range(len(action)):
        prices = {(p.purpose, p.connection): p for p in reasons.prices(interval)} if action[interval] else {}
        if interval > start and not (
            action[interval] == action[start]
            and periods[interval] == periods[start]
            and day[interval] == day[start]
            and (lowest.keys() == prices.keys() if moves else _agree(lowest, prices))
        ):
            if action[start]:
                yield start, interval, periods[start], _range_of(lowest, highest)
            start, lowest, highest = interval, PriceOf(), PriceOf()
        for key, price in prices.items():
            lowest[key] = min(lowest.get(key, price), price, key=lambda priced: priced.yuan_per_kwh)
            highest[key] = max(highest.get(key, price), price, key=lambda priced: priced.yuan_per_kwh)
    if len(action) and action[start]:
        yield start, len(action), periods[start], _range_of(lowest, highest)


def _range_of(lowest: PriceOf, highest: PriceOf) -> tuple[Priced, ...]:
    """The lowest price of each origin or purpose, and its highest where that reads otherwise."""
    return tuple(
        price
        for key, low in lowest.items()
        for price in ((low,) if _agree({key: low}, highest) else (low, highest[key]))
    )


def _agree(known: PriceOf, prices: PriceOf) -> bool:
    """Whether what both are of costs the same."""
    return all(
        abs(known[key].yuan_per_kwh - prices[key].yuan_per_kwh) < SAME_YUAN_PER_KWH
        for key in known.keys() & prices.keys()
    )
