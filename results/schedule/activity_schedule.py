"""Units, shifted work and interruptions as people say them: from when to when, with how much, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from parkdispatch.inputs.case import Case
from parkdispatch.models.shown_operation import Activity, Array
from parkdispatch.results.power_scale import PowerScale, scale_of
from parkdispatch.results.schedule.interval_reasons import Limit, Priced, Purpose, Reasons
from parkdispatch.results.schedule.tariff_periods import BLACKOUT, interval_periods, periods_with_blackouts
from parkdispatch.results.solution import device_quantities, times_of

Action = Literal["run", "more", "less", "rest", "interrupt"]

NO_EXCHANGE = "no_exchange"  # neither bought, sold nor curtailed: the park carries itself


@dataclass(frozen=True)
class ActivityBlock:
    """A stretch in which a unit runs, work is done above or below its usual power, or demand is not met."""

    first: pd.Timestamp
    last: pd.Timestamp  # end of the last interval
    device: str
    activity: Activity
    action: Action
    least_mw: float
    most_mw: float
    energy_mwh: float
    usual_mwh: float | None  # of shifted work: what it draws at its usual power
    periods: tuple[str, ...]  # of the tariff while energy is bought, "blackout", or "no_exchange"
    purposes: tuple[Purpose, ...]  # what another MWh drawn then is: bought, not sold, or not curtailed
    least_yuan_per_kwh: float  # and what it costs
    most_yuan_per_kwh: float
    held: Limit | None  # limit of the import that is reached
    held_mw: float
    scale: PowerScale  # of the park
    dated: bool = False  # the schedule has several days


def activity_blocks(solution: xr.Dataset, case: Case) -> list[ActivityBlock]:
    """What of each device is switched or moved, in stretches; of shifted work in one tariff period each.

    Work that differs from its usual power by less than can be read is none.
    """
    reasons, hours = Reasons(solution, case, {}, rated_mw=0.0), float(solution.attrs["hours"])
    times, of_tariff = times_of(solution), interval_periods(times_of(solution), hours, case.tariff)
    periods = periods_with_blackouts(of_tariff, reasons.blackout)
    prices = [reasons.of_demand(interval) for interval in range(len(times))]
    scale, blocks = scale_of(solution), []
    for name, device in case.devices.items():
        for activity in device.activities(device_quantities(solution, name)):
            codes = _codes(activity, scale)
            for here in _runs(codes, periods if activity.kind == "shift" else [()] * len(times)):
                action: Action = _ACTIONS[activity.kind, int(codes[here.start])]
                power_mw = activity.power_mw[here]
                if action == "less" and power_mw.max() < scale.resolution_mw(activity.most_mw):
                    action = "rest"
                usual_mw = None if activity.usual_mw is None else activity.usual_mw[here]
                known = [price for price in prices[here] if price is not None]
                yuan = [price.yuan_per_kwh for price in known] or [0.0]
                held, held_mw = (None, 0.0) if action == "more" else reasons.held_in(here)
                blocks.append(
                    ActivityBlock(
                        first=times[here.start],
                        last=times[here.stop - 1] + pd.Timedelta(hours=hours),
                        device=name,
                        activity=activity,
                        action=action,
                        least_mw=float(power_mw.min()),
                        most_mw=float(power_mw.max()),
                        energy_mwh=float(power_mw.sum() * hours),
                        usual_mwh=None if usual_mw is None else float(usual_mw.sum() * hours),
                        periods=_bought_in(periods[here], prices[here]),
                        purposes=tuple(dict.fromkeys(price.purpose for price in known)),
                        least_yuan_per_kwh=min(yuan),
                        most_yuan_per_kwh=max(yuan),
                        held=held,
                        held_mw=held_mw,
                        scale=scale,
                        dated=times[0].date() != times[-1].date(),
                    )
                )
    return blocks


_ACTIONS: dict[tuple[str, int], Action] = {
    ("commitment", 1): "run",
    ("shift", 1): "more",
    ("shift", -1): "less",
    ("interruption", 1): "interrupt",
}


def _codes(activity: Activity, scale: PowerScale) -> NDArray[np.int_]:
    """What happens in each interval: 1 if on, or above the usual power; -1 below it; else 0."""
    if activity.usual_mw is None:
        return activity.is_on.astype(int)
    moved_mw: Array = activity.power_mw - activity.usual_mw
    least_mw = scale.resolution_mw(activity.most_mw)
    return np.where(moved_mw >= least_mw, 1, np.where(moved_mw <= -least_mw, -1, 0))


def _runs(codes: NDArray[np.int_], periods: list[tuple[str, ...]]) -> Iterator[slice]:
    """Stretches of one code other than 0, and of one period."""
    start = 0
    for interval in range(1, len(codes) + 1):
        if interval == len(codes) or codes[interval] != codes[start] or periods[interval] != periods[start]:
            if codes[start]:
                yield slice(start, interval)
            start = interval


def _bought_in(periods: list[tuple[str, ...]], prices: list[Priced | None]) -> tuple[str, ...]:
    """The tariff periods in which energy is bought, blackouts, and hours without any exchange, each once."""
    bought = list[str]()
    for names, price in zip(periods, prices, strict=True):
        if BLACKOUT in names:
            bought.append(BLACKOUT)
        elif price is None:
            bought.append(NO_EXCHANGE)
        elif price.purpose == "purchase":
            bought += names
    return tuple(dict.fromkeys(bought))
