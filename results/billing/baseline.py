"""Customer baselines of demand response: the days they rest on, their level, and the same-day adjustment.

    candidates = last working days without an event, none older than the contract allows
    baseline   = mean import of the candidates used, at the same quarter-hours [x same-day adjustment]

Published rules that can be stated: mean of the last 5 working days; the highest 5 of 10 with an adjustment by
the two hours that end two hours before the event, at most 20 % (New York ISO, customer baseline load); the
middle 8 of 10 (ERCOT); the last 10 of 10 (California ISO). All from memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.calendar.quarter_hours import QUARTERS_PER_HOUR
from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.billing.meter_calendar import (
    QUARTER,
    QUARTER_HOURS,
    Array,
    Days,
    Index,
    MeterCalendar,
)

ADJUSTED_FROM, ADJUSTED_TO = 4 * QUARTERS_PER_HOUR, 2 * QUARTERS_PER_HOUR  # before the event


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
        """Mask of the intervals that begin within the event, (intervals,), of `times` in order."""
        ends = np.array([self.begins.to_datetime64(), self.ends.to_datetime64()])
        within = np.zeros(len(times), dtype=bool)
        within[slice(*np.searchsorted(times.to_numpy(), ends))] = True
        return within


@dataclass(frozen=True)
class Baseline:
    """The baseline of one event: its mean over the event, the days it is of, and the same-day adjustment."""

    mw: float
    days: tuple[date, ...]  # in chronological order
    adjustment: float = 1.0  # [-] factor, 1 without an adjustment

    def age_days(self, event: Event) -> int:
        """Calendar days from the oldest day of the baseline to the event."""
        return (event.day - self.days[0]).days


@dataclass(frozen=True)
class MeteredDays:
    """Mean power by quarter-hour [MW] of the completely metered working days, (days, 96)."""

    days: Days
    mw: Array

    @classmethod
    def of(cls, calendar: MeterCalendar, power_mw: Array) -> "MeteredDays":
        """The working days of a meter, from power by interval, (intervals,)."""
        kwh = calendar.booked(power_mw * KW_PER_MW * calendar.hours)
        return cls(
            calendar.working_days, (kwh / KW_PER_MW / QUARTER_HOURS)[calendar.quarters_of_working_days]
        )

    def on(self, event: Event) -> Array:
        """The day of an event, (96,). Raises ValueError for one that is no metered working day."""
        number = int(np.searchsorted(self.days, np.datetime64(event.day)))
        if not (number < len(self.days) and self.days[number] == np.datetime64(event.day)):
            raise ValueError(f"{event.day}: no completely metered working day")
        return np.asarray(self.mw[number])


def candidate_days(contract: MeteredResponse, working: Days, event_days: Days) -> list[Index]:
    """The days each event's baseline is chosen from: the last without an event, none older than allowed.

    `working` are the working days and `event_days` those of all events, both in chronological order; what is
    returned are positions in `working`. There may be fewer candidates than the contract's `baseline_days`;
    then the event has no baseline.
    """
    without_event = np.flatnonzero(~np.isin(working, event_days))
    days, oldest = working[without_event], event_days - np.timedelta64(contract.baseline_max_age_days, "D")
    last = np.searchsorted(days, event_days)
    first = np.maximum(np.searchsorted(days, oldest), last - contract.candidates)
    return [without_event[a:b] for a, b in zip(first, last, strict=True)]


def event_days(events: Sequence[Event]) -> Days:
    """The days of events."""
    return np.array([event.day for event in events], dtype="datetime64[D]")


def baselines(contract: MeteredResponse, working: MeteredDays, events: Sequence[Event]) -> list[Baseline]:
    """The baseline of each event from the meter readings of the working days.

    Raises ValueError for an event with fewer earlier working days than its baseline takes.
    """
    candidates = candidate_days(contract, working.days, event_days(events))
    return [_baseline(contract, working, event, days) for event, days in zip(events, candidates, strict=True)]


def _baseline(contract: MeteredResponse, working: MeteredDays, event: Event, candidates: Index) -> Baseline:
    if len(candidates) < contract.baseline_days:
        raise ValueError(f"{event.day}: {len(candidates)} earlier working days, too few for a baseline")
    quarters, rows = event.quarters, working.mw[candidates]
    used = _used(contract, rows[:, quarters].mean(axis=1))
    factor = _adjustment(contract, working, event, rows[used]) if contract.same_day_adjustment else 1.0
    return Baseline(
        mw=factor * float(rows[used][:, quarters].mean(axis=0).mean()),
        days=tuple(working.days[candidates[used]].tolist()),
        adjustment=factor,
    )


def _used(contract: MeteredResponse, mean_mw: Array) -> NDArray[np.intp]:
    """The candidates whose mean is the baseline, ascending; of equal ones the later first."""
    ascending = np.lexsort((np.arange(len(mean_mw)), mean_mw))
    dropped = len(mean_mw) - contract.baseline_days
    lowest = dropped if contract.baseline_pick == "highest" else dropped // 2
    return np.sort(ascending[lowest : lowest + contract.baseline_days])


def _adjustment(contract: MeteredResponse, working: MeteredDays, event: Event, rows: Array) -> float:
    """Import of the hours before the event over that of its baseline days, within the contract's limit."""
    first = event.quarters.start
    before = slice(max(0, first - ADJUSTED_FROM), max(0, first - ADJUSTED_TO))
    usual_mw = float(rows[:, before].mean()) if before.stop > before.start else 0.0
    if usual_mw <= 0.0:
        return 1.0  # nothing to compare with: an event in the first hours of a day, or no import
    drawn_mw = float(working.on(event)[before].mean())
    limit = contract.same_day_limit
    return min(max(drawn_mw / usual_mw, 1.0 - limit), 1.0 + limit)
