"""Settlement of demand response from the meter: events, customer baselines, responses, payments.

    baseline = mean import of the last working days without an event, at the same quarter-hours
    response = baseline - import, mean over the event
    paid     = zero below a share of the bid, capped at another share of it

Baselines and payments are exact, given the events and the dispatch. The events are an assumption: the utility
calls them when the import without storage is highest. Working days are Monday to Friday except the tariff's
holidays; working days moved to a weekend are not modelled.
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
ROUNDING = 1e-9  # relative, of a mean over many readings


@dataclass(frozen=True)
class Event:
    """One demand-response event: a window of a working day, end excluded."""

    begins: pd.Timestamp
    ends: pd.Timestamp

    @property
    def day(self) -> date:
        """The day of the event."""
        return self.begins.date()

    @property
    def quarters(self) -> slice:
        """The quarter-hours of the day within the event."""
        first = (self.begins - self.begins.normalize()) // QUARTER
        return slice(first, first + (self.ends - self.begins) // QUARTER)

    def intervals(self, times: pd.DatetimeIndex) -> NDArray[np.bool_]:
        """Mask of the intervals that begin within the event, (intervals,)."""
        return np.asarray((times >= self.begins) & (times < self.ends))


@dataclass(frozen=True)
class SettledEvent:
    """The settlement of one event; powers are means over the event [MW]."""

    event: Event
    baseline_mw: float
    import_mw: float
    bid_mw: float
    paid_mwh: float
    yuan: float  # received, VAT included

    @property
    def response_mw(self) -> float:
        """Baseline less import [MW]; negative where import exceeds the baseline."""
        return self.baseline_mw - self.import_mw


@dataclass(frozen=True)
class EventAnswer:
    """The answer to one event: whether a bid was made, its payment, and its cost."""

    settled: SettledEvent
    bid: bool  # False: dispatched as if there were no event, without payment
    unmoved_mw: float  # baseline less import of the dispatch without response: the baseline's error
    unmoved_yuan: float  # payment for that apparent response under the same bid
    # additional net cost of energy from the day of the event up to the day of the next event
    energy_cost_yuan: float


def choose_events(
    contract: MeteredResponse, tariff: Tariff, times: pd.DatetimeIndex, hours: float, need_mw: Array
) -> list[Event]:
    """The events of a horizon in chronological order, for an import without storage `need_mw`, (intervals,).

    A greedy choice: the working days of the contract's months in descending order of the highest mean import
    of a window inside the contract's periods, the earlier of equal days first. A day is skipped if its event
    would leave any event without enough baseline days. The choice maximises the total of the mean imports.
    """
    meter = _by_day(times, hours, need_mw)
    working = _working_days(meter, tariff)
    windows = list(_best_windows(contract, tariff, working, max(1, round(hours / QUARTER_HOURS))))
    chosen: list[int] = []
    for _, number, _ in sorted(windows, key=lambda window: (-window[0], window[1])):
        if len(chosen) == contract.events_per_year:
            break
        if _all_have_a_baseline(sorted([*chosen, number]), contract.baseline_days):
            chosen.append(number)
    firsts = {number: first for _, number, first in windows}
    starts = [working.index[number] + firsts[number] * QUARTER for number in sorted(chosen)]
    return [Event(start, start + contract.quarters * QUARTER) for start in starts]


def settle_events(
    contract: MeteredResponse,
    tariff: Tariff,
    times: pd.DatetimeIndex,
    hours: float,
    import_mw: Array,
    events: Sequence[Event],
) -> list[SettledEvent]:
    """Settle each event for the metered import [MW], (intervals,), given that all of `events` were called.

    Baselines come from the same meter readings.
    """
    working = _working_days(_by_day(times, hours, import_mw), tariff)
    settled = []
    for event, baseline_days in zip(events, _baseline_days(contract, working, events), strict=True):
        quarters = event.quarters
        baseline_mw = float(working.loc[baseline_days].to_numpy()[:, quarters].mean(axis=0).mean())
        drawn_mw = float(working.loc[event.begins.normalize()].to_numpy()[quarters].mean())
        response_mw = baseline_mw - drawn_mw
        bid_mw = max(0.0, response_mw) if contract.bid_mw is None else contract.bid_mw
        mwh = paid_mw(contract, response_mw, bid_mw) * contract.hours
        yuan = mwh * KW_PER_MW * contract.price_yuan_per_kwh
        settled.append(SettledEvent(event, baseline_mw, drawn_mw, bid_mw, mwh, yuan))
    return settled


def baseline_counts(
    contract: MeteredResponse, tariff: Tariff, times: pd.DatetimeIndex, hours: float, events: Sequence[Event]
) -> Array:
    """The number of events whose baseline includes each interval, (intervals,)."""
    working = _working_days(_by_day(times, hours, np.zeros(len(times))), tariff)
    counts = np.zeros(len(times))
    for event, baseline_days in zip(events, _baseline_days(contract, working, events), strict=True):
        offset = event.begins - event.begins.normalize()
        for day in baseline_days:
            counts += Event(day + offset, day + offset + (event.ends - event.begins)).intervals(times)
    return counts


def paid_mw(contract: MeteredResponse, response_mw: float, bid_mw: float) -> float:
    """The paid part of a response [MW]: zero below a share of the bid, capped at another share of it."""
    if response_mw <= 0.0 or response_mw < contract.paid_from * bid_mw * (1.0 - ROUNDING):
        return 0.0
    return min(response_mw, contract.paid_to * bid_mw)


def _by_day(times: pd.DatetimeIndex, hours: float, power_mw: Array) -> pd.DataFrame:
    """Mean power by quarter-hour [MW]: one row per completely metered day, one column per quarter-hour."""
    kwh = quarter_hours(times, power_mw * KW_PER_MW * hours, np.zeros(len(times)), hours)["import_kwh"]
    starts = pd.DatetimeIndex(kwh.index)
    days, first, count = np.unique(starts.normalize().to_numpy(), return_index=True, return_counts=True)
    complete = count == QUARTERS_PER_DAY
    mean_mw = kwh.to_numpy() / KW_PER_MW / QUARTER_HOURS
    rows = np.stack([mean_mw[n : n + QUARTERS_PER_DAY] for n in first[complete]]) if complete.any() else None
    return pd.DataFrame(rows, index=pd.DatetimeIndex(days[complete]), columns=range(QUARTERS_PER_DAY))


def _working_days(meter: pd.DataFrame, tariff: Tariff) -> pd.DataFrame:
    """The rows of working days."""
    days = pd.DatetimeIndex(meter.index)
    is_working = [day.weekday() < SATURDAY and not holiday_on(day.date(), tariff) for day in days]
    return meter[np.array(is_working, dtype=bool)]


def _baseline_days(
    contract: MeteredResponse, working: pd.DataFrame, events: Sequence[Event]
) -> Iterator[pd.DatetimeIndex]:
    """The last working days without an event before each event."""
    days = pd.DatetimeIndex(working.index)
    without_event = days[~days.isin([event.begins.normalize() for event in events])]
    for event in events:
        before = without_event[without_event < event.begins.normalize()]
        if len(before) < contract.baseline_days:
            raise ValueError(f"{event.day}: {len(before)} earlier working days, too few for a baseline")
        yield before[-contract.baseline_days :]


def _best_windows(
    contract: MeteredResponse, tariff: Tariff, working: pd.DataFrame, step: int
) -> Iterator[tuple[float, int, int]]:
    """Mean import [MW], working-day number and first quarter-hour of each day's best window.

    Windows start every `step` quarter-hours, so that they coincide with intervals.
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
    """Whether each event has enough earlier working days without an event; working days count from 0."""
    return all(number - before >= days for before, number in enumerate(chosen))
