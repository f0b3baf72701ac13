"""Demand response settled from the meter, as a utility would: events, baselines, responses, payments.

    baseline = mean import of the last working days without an event, at the same quarter-hours
    response = baseline - import, mean over the event
    paid     = nothing below a share of the bid, at most another share of it

Exact: baselines and payments, given the events and the dispatch. Assumed: which events are called. The
utility is taken to call them when the connection would draw most without the storage. Working days are Monday
to Friday without the tariff's holidays; days worked in exchange for a holiday are not known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.billing.meter import (
    QUARTER,
    QUARTER_HOURS,
    QUARTERS_PER_DAY,
    holiday_on,
    periods_at,
    quarter_hours,
)

Array = NDArray[np.float64]
SATURDAY = 5
ROUNDING = 1e-9  # relative; a mean is a sum of numbers


@dataclass(frozen=True)
class Event:
    """One call for response: a window of a working day, its end not included."""

    begins: pd.Timestamp
    ends: pd.Timestamp

    @property
    def day(self) -> date:
        """The day it lies in."""
        return self.begins.date()

    @property
    def quarters(self) -> slice:
        """Its quarter-hours of the day."""
        first = (self.begins - self.begins.normalize()) // QUARTER
        return slice(first, first + (self.ends - self.begins) // QUARTER)

    def intervals(self, times: pd.DatetimeIndex) -> NDArray[np.bool_]:
        """Which intervals begin in it, (intervals,)."""
        return np.asarray((times >= self.begins) & (times < self.ends))


@dataclass(frozen=True)
class SettledEvent:
    """What became of one event; powers are means over it [MW]."""

    event: Event
    baseline_mw: float
    import_mw: float
    bid_mw: float
    paid_mwh: float
    yuan: float  # received, VAT included

    @property
    def response_mw(self) -> float:
        """Baseline less import; below zero where more was drawn."""
        return self.baseline_mw - self.import_mw


@dataclass(frozen=True)
class EventAnswer:
    """One event called, whether it was bid for, and what it paid and cost."""

    settled: SettledEvent
    bid: bool  # else the day was planned as if there were no event, and nothing is paid
    unmoved_mw: float  # baseline less import in the dispatch without a response: the error of the baseline
    unmoved_yuan: float  # what that would be paid for the same bid
    # what energy bought and sold cost more, from the event's day to that of the next event
    energy_cost_yuan: float


def choose_events(
    contract: MeteredResponse, tariff: Tariff, times: pd.DatetimeIndex, hours: float, need_mw: Array
) -> list[Event]:
    """The events of a horizon, in order of time, for the power needed without the storage [MW], (intervals,).

    Of the working days of the contract's months, those whose best window inside its periods needs most on
    average; of days that need the same, the earlier. A day whose event would leave itself or another without
    the days of its baseline is passed over; so chosen, the events have the highest total need there is.
    """
    meter = _by_day(times, hours, need_mw)
    working = _working(meter, tariff)
    windows = list(_best_windows(contract, tariff, working, max(1, round(hours / QUARTER_HOURS))))
    chosen: list[int] = []
    for _, number, _ in sorted(windows, key=lambda window: (-window[0], window[1])):
        if len(chosen) == contract.events_per_year:
            break
        if _all_have_a_baseline(sorted([*chosen, number]), contract.baseline_days):
            chosen.append(number)
    firsts = {number: first for _, number, first in windows}
    begins = [working.index[number] + firsts[number] * QUARTER for number in sorted(chosen)]
    return [Event(at, at + contract.quarters * QUARTER) for at in begins]


def settle_event(
    contract: MeteredResponse,
    tariff: Tariff,
    times: pd.DatetimeIndex,
    hours: float,
    import_mw: Array,
    events: Sequence[Event],
) -> list[SettledEvent]:
    """What each event pays for the metered import [MW], (intervals,), all of `events` having been called.

    Baselines are of the same meter readings, whatever dispatch made them.
    """
    working = _working(_by_day(times, hours, import_mw), tariff)
    found = []
    for event, quiet in zip(events, _baseline_days(contract, working, events), strict=True):
        quarters = event.quarters
        baseline_mw = float(working.loc[quiet].to_numpy()[:, quarters].mean(axis=0).mean())
        bought_mw = float(working.loc[event.begins.normalize()].to_numpy()[quarters].mean())
        response_mw = baseline_mw - bought_mw
        bid_mw = max(0.0, response_mw) if contract.bid_mw is None else contract.bid_mw
        mwh = paid_mw(contract, response_mw, bid_mw) * contract.hours
        yuan = mwh * KW_PER_MW * contract.price_yuan_per_kwh
        found.append(SettledEvent(event, baseline_mw, bought_mw, bid_mw, mwh, yuan))
    return found


def baselines_of(
    contract: MeteredResponse, tariff: Tariff, times: pd.DatetimeIndex, hours: float, events: Sequence[Event]
) -> Array:
    """How many events' baselines are taken from each interval, (intervals,)."""
    working = _working(_by_day(times, hours, np.zeros(len(times))), tariff)
    found = np.zeros(len(times))
    for event, quiet in zip(events, _baseline_days(contract, working, events), strict=True):
        begins = event.begins - event.begins.normalize()
        for day in quiet:
            found += Event(day + begins, day + begins + (event.ends - event.begins)).intervals(times)
    return found


def paid_mw(contract: MeteredResponse, response_mw: float, bid_mw: float) -> float:
    """The part of a response that is paid [MW]: none below a share of the bid, none above another."""
    if response_mw <= 0.0 or response_mw < contract.paid_from * bid_mw * (1.0 - ROUNDING):
        return 0.0
    return min(response_mw, contract.paid_to * bid_mw)


def _by_day(times: pd.DatetimeIndex, hours: float, power_mw: Array) -> pd.DataFrame:
    """Mean power of each quarter-hour [MW], a row for each day that is metered whole."""
    kwh = quarter_hours(times, power_mw * KW_PER_MW * hours, np.zeros(len(times)), hours)["import_kwh"]
    starts = pd.DatetimeIndex(kwh.index)
    days, first, count = np.unique(starts.normalize().to_numpy(), return_index=True, return_counts=True)
    whole = count == QUARTERS_PER_DAY
    mean_mw = kwh.to_numpy() / KW_PER_MW / QUARTER_HOURS
    rows = np.stack([mean_mw[at : at + QUARTERS_PER_DAY] for at in first[whole]]) if whole.any() else None
    return pd.DataFrame(rows, index=pd.DatetimeIndex(days[whole]), columns=range(QUARTERS_PER_DAY))


def _working(meter: pd.DataFrame, tariff: Tariff) -> pd.DataFrame:
    days = pd.DatetimeIndex(meter.index)
    works = [day.weekday() < SATURDAY and not holiday_on(day.date(), tariff) for day in days]
    return meter[np.array(works, dtype=bool)]


def _baseline_days(
    contract: MeteredResponse, working: pd.DataFrame, events: Sequence[Event]
) -> Iterator[pd.DatetimeIndex]:
    """The last working days without an event before each event."""
    days = pd.DatetimeIndex(working.index)
    quiet = days[~days.isin([event.begins.normalize() for event in events])]
    for event in events:
        before = quiet[quiet < event.begins.normalize()]
        if len(before) < contract.baseline_days:
            raise ValueError(f"{event.day}: {len(before)} earlier working days, too few for a baseline")
        yield before[-contract.baseline_days :]


def _best_windows(
    contract: MeteredResponse, tariff: Tariff, working: pd.DataFrame, step: int
) -> Iterator[tuple[float, int, int]]:
    """Mean need [MW], number of the working day and first quarter-hour of each day's best window.

    Windows begin with an interval, every `step` quarter-hours.
    """
    firsts = np.arange(0, QUARTERS_PER_DAY - contract.quarters + 1, step)
    inside = firsts[:, None] + np.arange(contract.quarters)
    for number, (day, need_mw) in enumerate(zip(working.index, working.to_numpy(), strict=True)):
        if day.month not in contract.months:
            continue
        quarters = pd.date_range(day, day + timedelta(days=1), freq=QUARTER, inclusive="left")
        allowed = np.isin(periods_at(quarters, tariff), contract.periods)[inside].all(axis=1)
        if allowed.any():
            mean_mw = np.where(allowed, need_mw[inside].mean(axis=1), -np.inf)
            best = int(mean_mw.argmax())
            yield float(mean_mw[best]), number, int(firsts[best])


def _all_have_a_baseline(chosen: Sequence[int], days: int) -> bool:
    """Whether enough working days without an event lie before each event; working days count from 0."""
    return all(number - before >= days for before, number in enumerate(chosen))
