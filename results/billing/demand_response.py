"""Settlement of demand response from the meter: events, responses, payments.

    response = baseline - import, mean over the event
    paid     = zero below a share of the bid, capped at another share of it

Payments are exact, given the events and the dispatch; `baseline.py` has the baselines. The events are an
assumption: the utility calls them when the import without storage is highest, so many a week and so far apart
as the contract says, and only where the baseline has days that are recent enough.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd

from parkdispatch.models.calendar.quarter_hours import QUARTERS_PER_DAY
from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.billing.baseline import (
    Baseline,
    Event,
    MeteredDays,
    baselines,
    candidate_days,
    event_days,
)
from parkdispatch.results.billing.meter_calendar import (
    QUARTER,
    QUARTER_HOURS,
    Array,
    Days,
    MeterCalendar,
    meter_calendar,
)

ROUNDING = 1e-9  # relative, of a mean over many readings


@dataclass(frozen=True)
class SettledEvent:
    """The settlement of one event; powers are means over the event [MW]."""

    event: Event
    baseline: Baseline
    import_mw: float
    bid_mw: float
    paid_mwh: float
    yuan: float  # received for energy and capacity, VAT included
    capacity_yuan: float = 0.0  # part of it: the month's capacity price, shared among its events

    @property
    def baseline_mw(self) -> float:
        """Baseline of the event [MW]."""
        return self.baseline.mw

    @property
    def baseline_age_days(self) -> int:
        """Calendar days from the oldest day of the baseline to the event."""
        return self.baseline.age_days(self.event)

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
    would be one too many in its week, too near another, or leave any event without enough recent baseline
    days. So there may be fewer events than the contract asks for.
    """
    calendar = meter_calendar(times, hours, tariff)
    meter = MeteredDays.of(calendar, need_mw)
    windows = list(_best_windows(contract, calendar, meter, max(1, round(hours / QUARTER_HOURS))))
    chosen: list[date] = []
    for _, day, _ in sorted(windows, key=lambda window: (-window[0], window[1])):
        if len(chosen) == contract.events_per_year:
            break
        if _admissible(contract, meter.days, with_day := sorted([*chosen, day])):
            chosen = with_day
    firsts = {day: first for _, day, first in windows}
    starts = [pd.Timestamp(day) + firsts[day] * QUARTER for day in chosen]
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
    working = MeteredDays.of(meter_calendar(times, hours, tariff), import_mw)
    per_month = Counter((event.day.year, event.day.month) for event in events)
    settled = []
    for event, baseline in zip(events, baselines(contract, working, events), strict=True):
        drawn_mw = float(working.on(event)[event.quarters].mean())
        response_mw = baseline.mw - drawn_mw
        bid_mw = max(0.0, response_mw) if contract.bid_mw is None else contract.bid_mw
        mw = paid_mw(contract, response_mw, bid_mw)
        mwh, share = mw * contract.hours, per_month[event.day.year, event.day.month]
        capacity_yuan = mw * KW_PER_MW * contract.capacity_price_yuan_per_kw_month / share
        yuan = mwh * KW_PER_MW * contract.price_yuan_per_kwh + capacity_yuan
        settled.append(SettledEvent(event, baseline, drawn_mw, bid_mw, mwh, yuan, capacity_yuan))
    return settled


def event_price_yuan_per_kwh(contract: MeteredResponse, events: Sequence[Event]) -> list[float]:
    """Payment per kWh of response in each event: the price of energy and its share of the capacity price."""
    per_month = Counter((event.day.year, event.day.month) for event in events)
    capacity_yuan_per_kwh = contract.capacity_price_yuan_per_kw_month / contract.hours
    return [
        contract.price_yuan_per_kwh + capacity_yuan_per_kwh / per_month[event.day.year, event.day.month]
        for event in events
    ]


def baseline_counts(
    contract: MeteredResponse, tariff: Tariff, times: pd.DatetimeIndex, hours: float, events: Sequence[Event]
) -> Array:
    """The number of events whose baseline may include each interval, (intervals,)."""
    working = meter_calendar(times, hours, tariff).working_days
    candidates = candidate_days(contract, working, event_days(events))
    changes, starts = np.zeros(len(times) + 1), times.to_numpy()
    for event, days in zip(events, candidates, strict=True):
        midnight = event.begins.normalize()
        for clock, change in ((event.begins, 1.0), (event.ends, -1.0)):
            at_clock = working[days] + (clock - midnight).to_timedelta64()
            np.add.at(changes, np.searchsorted(starts, at_clock), change)
    return np.cumsum(changes)[:-1]


def paid_mw(contract: MeteredResponse, response_mw: float, bid_mw: float) -> float:
    """The paid part of a response [MW]: zero below a share of the bid, capped at another share of it."""
    if response_mw <= 0.0 or response_mw < contract.paid_from * bid_mw * (1.0 - ROUNDING):
        return 0.0
    return min(response_mw, contract.paid_to * bid_mw)


def _best_windows(
    contract: MeteredResponse, calendar: MeterCalendar, meter: MeteredDays, step: int
) -> Iterator[tuple[float, date, int]]:
    """Mean import [MW], day and first quarter-hour of each working day's best window.

    Windows start every `step` quarter-hours, so that they coincide with intervals.
    """
    firsts = np.arange(0, QUARTERS_PER_DAY - contract.quarters + 1, step)
    inside = firsts[:, None] + np.arange(contract.quarters)
    is_offered = np.isin(calendar.periods.names, contract.periods)[calendar.periods.number]
    offered = is_offered[calendar.quarters_of_working_days]
    for day, need_mw, is_allowed in zip(meter.days.tolist(), meter.mw, offered, strict=True):
        if day.month not in contract.months:
            continue
        allowed = is_allowed[inside].all(axis=1)
        if allowed.any():
            mean_mw = np.where(allowed, need_mw[inside].mean(axis=1), -np.inf)
            best = int(mean_mw.argmax())
            yield float(mean_mw[best]), day, int(firsts[best])


def _admissible(contract: MeteredResponse, working: Days, days: Sequence[date]) -> bool:
    """Whether events on these days, in chronological order, keep the contract's limits and have baselines."""
    weeks = Counter(day.isocalendar()[:2] for day in days)
    apart = [(later - earlier).days for earlier, later in pairwise(days)]
    if max(weeks.values()) > contract.events_per_week:
        return False
    if any(distance < contract.days_between_events for distance in apart):
        return False
    candidates = candidate_days(contract, working, np.array(days, dtype="datetime64[D]"))
    return all(len(before) >= contract.baseline_days for before in candidates)


@dataclass(frozen=True)
class ResponseSummary:
    """What became of the events of a year: how many were called and paid, and on how old baselines."""

    called: int
    bid_for: int
    paid: int
    paid_mwh: float
    paid_yuan: float
    capacity_yuan: float  # part of it
    unmoved_yuan: float
    least_age_days: int  # of the oldest day of a baseline
    median_age_days: float
    most_age_days: int

    @classmethod
    def of(cls, answers: Sequence[EventAnswer]) -> "ResponseSummary":
        """The summary of the events of a year; there must be one at least."""
        ages = [answer.settled.baseline_age_days for answer in answers]
        return cls(
            called=len(answers),
            bid_for=sum(answer.bid for answer in answers),
            paid=sum(answer.settled.yuan > 0 for answer in answers),
            paid_mwh=sum(answer.settled.paid_mwh for answer in answers),
            paid_yuan=sum(answer.settled.yuan for answer in answers),
            capacity_yuan=sum(answer.settled.capacity_yuan for answer in answers),
            unmoved_yuan=sum(answer.unmoved_yuan for answer in answers),
            least_age_days=min(ages),
            median_age_days=float(np.median(ages)),
            most_age_days=max(ages),
        )
