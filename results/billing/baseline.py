"""Customer baselines of demand response: the days they rest on, their level, and the same-day adjustment.

    candidates = last working days without an event, none older than the contract allows
    baseline   = mean import of the candidates used, at the same quarter-hours [x same-day adjustment]

Published rules that can be stated: mean of the last 5 working days; the highest 5 of 10 with an adjustment by
the two hours that end two hours before the event, at most 20 % (New York ISO, customer baseline load); the
middle 8 of 10 (ERCOT); the last 10 of 10 (California ISO). All from memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.calendar.quarter_hours import QUARTERS_PER_HOUR
from parkdispatch.models.calendar.working_days import is_working_day
from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.billing.meter import (
    QUARTER,
    QUARTER_HOURS,
    QUARTERS_PER_DAY,
    holiday_on,
    quarter_hours,
)

Array = NDArray[np.float64]
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
        """Mask of the intervals that begin within the event, (intervals,)."""
        return np.asarray((times >= self.begins) & (times < self.ends))


@dataclass(frozen=True)
class Baseline:
    """The baseline of one event: its mean over the event, the days it is of, and the same-day adjustment."""

    mw: float
    days: tuple[date, ...]  # in chronological order
    adjustment: float = 1.0  # [-] factor, 1 without an adjustment

    def age_days(self, event: Event) -> int:
        """Calendar days from the oldest day of the baseline to the event."""
        return (event.day - self.days[0]).days


def metered_days(times: pd.DatetimeIndex, hours: float, power_mw: Array, tariff: Tariff) -> pd.DataFrame:
    """Mean power by quarter-hour [MW]: a row per completely metered working day, a column per quarter-hour.

    Holidays of the tariff are no working days even if they are worked.
    """
    kwh = quarter_hours(times, power_mw * KW_PER_MW * hours, np.zeros(len(times)), hours)["import_kwh"]
    starts = pd.DatetimeIndex(kwh.index)
    days, first, count = np.unique(starts.normalize().to_numpy(), return_index=True, return_counts=True)
    complete = count == QUARTERS_PER_DAY
    mean_mw = kwh.to_numpy() / KW_PER_MW / QUARTER_HOURS
    rows = np.stack([mean_mw[n : n + QUARTERS_PER_DAY] for n in first[complete]]) if complete.any() else None
    meter = pd.DataFrame(rows, index=pd.DatetimeIndex(days[complete]), columns=range(QUARTERS_PER_DAY))
    dates = [day.date() for day in pd.DatetimeIndex(meter.index)]
    is_working = [is_working_day(day) and not holiday_on(day, tariff) for day in dates]
    return meter[np.array(is_working, dtype=bool)]


def candidate_days(
    contract: MeteredResponse, working: pd.DatetimeIndex, event_days: pd.DatetimeIndex
) -> Iterator[pd.DatetimeIndex]:
    """The days each event's baseline is chosen from: the last without an event, none older than allowed.

    `working` are the working days and `event_days` those of all events, both in chronological order. There
    may be fewer candidates than the contract's `baseline_days`; then the event has no baseline.
    """
    without_event = working[~working.isin(event_days)]
    for day in event_days:
        oldest = day - timedelta(days=contract.baseline_max_age_days)
        first, last = without_event.searchsorted(oldest), without_event.searchsorted(day)
        yield without_event[max(first, last - contract.candidates) : last]


def event_days(events: Sequence[Event]) -> pd.DatetimeIndex:
    """The days of events, as midnights."""
    return pd.DatetimeIndex([event.begins.normalize() for event in events])


def baselines(contract: MeteredResponse, working: pd.DataFrame, events: Sequence[Event]) -> list[Baseline]:
    """The baseline of each event from the meter readings of the working days.

    Raises ValueError for an event with fewer earlier working days than its baseline takes.
    """
    candidates = candidate_days(contract, pd.DatetimeIndex(working.index), event_days(events))
    return [_baseline(contract, working, event, days) for event, days in zip(events, candidates, strict=True)]


def _baseline(
    contract: MeteredResponse, working: pd.DataFrame, event: Event, candidates: pd.DatetimeIndex
) -> Baseline:
    if len(candidates) < contract.baseline_days:
        raise ValueError(f"{event.day}: {len(candidates)} earlier working days, too few for a baseline")
    rows = working.loc[candidates].to_numpy()
    used = _used(contract, rows[:, event.quarters].mean(axis=1))
    factor = _adjustment(contract, working, event, rows[used]) if contract.same_day_adjustment else 1.0
    return Baseline(
        mw=factor * float(rows[used][:, event.quarters].mean(axis=0).mean()),
        days=tuple(day.date() for day in candidates[used]),
        adjustment=factor,
    )


def _used(contract: MeteredResponse, mean_mw: Array) -> NDArray[np.intp]:
    """The candidates whose mean is the baseline, ascending; of equal ones the later first."""
    ascending = np.lexsort((np.arange(len(mean_mw)), mean_mw))
    dropped = len(mean_mw) - contract.baseline_days
    lowest = dropped if contract.baseline_pick == "highest" else dropped // 2
    return np.sort(ascending[lowest : lowest + contract.baseline_days])


def _adjustment(contract: MeteredResponse, working: pd.DataFrame, event: Event, rows: Array) -> float:
    """Import of the hours before the event over that of its baseline days, within the contract's limit."""
    first = event.quarters.start
    before = slice(max(0, first - ADJUSTED_FROM), max(0, first - ADJUSTED_TO))
    usual_mw = float(rows[:, before].mean()) if before.stop > before.start else 0.0
    if usual_mw <= 0.0:
        return 1.0  # nothing to compare with: an event in the first hours of a day, or no import
    drawn_mw = float(working.loc[event.begins.normalize()].to_numpy()[before].mean())
    limit = contract.same_day_limit
    return min(max(drawn_mw / usual_mw, 1.0 - limit), 1.0 + limit)
