"""What billing needs of intervals and tariff alone: quarter-hours, their months and periods, working days.

All of it is the same for every dispatch of a park, of which a study bills hundreds.
"""

from collections import deque
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.calendar.quarter_hours import QUARTERS_PER_DAY
from parkdispatch.models.calendar.working_days import is_working_day
from parkdispatch.models.errors import InputError
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.tariff.tariff_tables import WEEKDAYS

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Days = NDArray[np.datetime64]
QUARTER = pd.Timedelta(minutes=15)
QUARTER_HOURS = 0.25


class Numbered(NamedTuple):
    """Names, and the number of that of each quarter-hour."""

    names: list[str]
    number: Index  # (quarter-hours,)


@dataclass(frozen=True)
class MeterCalendar:
    """The quarter-hours to which a meter books intervals of `hours` from `times`, under a tariff.

    Properties raise InputError if an interval straddles quarter-hours.
    """

    times: pd.DatetimeIndex
    hours: float
    tariff: Tariff

    @property
    def _parts(self) -> int:
        """Quarter-hours of an interval; 1 of a shorter one."""
        return max(1, round(pd.Timedelta(hours=self.hours) / QUARTER))

    @cached_property
    def _booking(self) -> tuple[pd.DatetimeIndex, Index]:
        """The quarter-hours in order, and the number of the one each part of an interval is booked to."""
        starts, ends = self.times, self.times + pd.Timedelta(hours=self.hours)
        inside = (starts.floor(QUARTER) == starts) & (ends.floor(QUARTER) == ends)
        if self.hours < QUARTER_HOURS:
            inside = ends <= starts.floor(QUARTER) + QUARTER
        if not inside.all():
            raise InputError(
                f"interval of {self.hours:.15g} h from {starts[int((~inside).argmax())]}: must not straddle"
                " quarter-hours"
            )
        booked = [(starts + part * QUARTER).floor(QUARTER).to_numpy() for part in range(self._parts)]
        quarters, number = np.unique(np.stack(booked, axis=1).ravel(), return_inverse=True)
        return pd.DatetimeIndex(quarters), number

    @property
    def quarters(self) -> pd.DatetimeIndex:
        """The quarter-hours in order."""
        return self._booking[0]

    def booked(self, energy: Array) -> Array:
        """Energy by quarter-hour, (quarter-hours,), of energy by interval, (intervals,)."""
        by_part = np.repeat(energy / self._parts, self._parts)
        booked = np.bincount(self._booking[1], by_part, minlength=len(self.quarters))
        return np.asarray(booked, dtype=np.float64)

    @cached_property
    def months(self) -> Numbered:
        """Calendar months ("2026-03")."""
        names, number = np.unique(self.quarters.to_numpy().astype("datetime64[M]"), return_inverse=True)
        return Numbered(names.astype(str).tolist(), number)

    @cached_property
    def month_starts(self) -> Index:
        """The first quarter-hour of each month, and the number of quarter-hours."""
        return np.searchsorted(self.months.number, np.arange(len(self.months.names) + 1))

    @cached_property
    def periods(self) -> Numbered:
        """The tariff's periods. Raises InputError for a quarter-hour that the tariff does not price."""
        names, number = np.unique(periods_at(self.quarters, self.tariff), return_inverse=True)
        return Numbered(names.tolist(), number)

    @cached_property
    def _working_days(self) -> tuple[Days, Index]:
        days, first, count = np.unique(
            self.quarters.to_numpy().astype("datetime64[D]"), return_index=True, return_counts=True
        )
        is_working = [
            whole and is_working_day(day) and not holiday_on(day, self.tariff)
            for day, whole in zip(days.tolist(), count == QUARTERS_PER_DAY, strict=True)
        ]
        return days[is_working], first[is_working]

    @property
    def working_days(self) -> Days:
        """The completely metered working days; holidays of the tariff are none even if they are worked."""
        return self._working_days[0]

    @property
    def quarters_of_working_days(self) -> Index:
        """The quarter-hours of each working day, (working days, 96)."""
        return self._working_days[1][:, None] + np.arange(QUARTERS_PER_DAY)


# the last calendars and tariffs that were asked for; a study asks one two thousand times
_CALENDARS: deque[MeterCalendar] = deque(maxlen=8)
_RECENT: deque[tuple[Tariff, dict[tuple[int, str, str], list[str]]]] = deque(maxlen=8)


def meter_calendar(times: pd.DatetimeIndex, hours: float, tariff: Tariff) -> MeterCalendar:
    """The calendar of these intervals under a tariff, computed once for equal times and the same tariff."""
    for known in tuple(_CALENDARS):
        if known.tariff is tariff and known.hours == hours and known.times.equals(times):
            return known
    _CALENDARS.append(MeterCalendar(times, hours, tariff))
    return _CALENDARS[-1]


def periods_at(quarters: pd.DatetimeIndex, tariff: Tariff) -> list[str]:
    """The tariff period of each quarter-hour, from the tariff's tables of clock times.

    Raises InputError for a quarter-hour that the tariff does not price.
    """
    days = quarters.normalize()
    quarter_of_day = (4 * quarters.hour + quarters.minute // 15).tolist()
    classified = _classified(tariff)
    by_weekday = any(len(table.days) < len(WEEKDAYS) for table in tariff.day)
    names: list[str] = []
    for day, count in zip(*np.unique(days, return_counts=True), strict=True):
        on = pd.Timestamp(day).date()
        if not tariff.valid_from <= on <= tariff.valid_to:
            raise InputError(
                f"tariff {tariff.name}: no price on {on}, valid {tariff.valid_from} to {tariff.valid_to}"
            )
        holiday = holiday_on(on, tariff)
        weekday = WEEKDAYS[on.weekday()]
        if holiday and tariff.holidays_as is not None:
            weekday = tariff.holidays_as
        key = (on.month, holiday, weekday if by_weekday else "")
        if key not in classified:
            clocks = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45)]
            classified[key] = [_period(*key, clock, tariff) for clock in clocks]
        first = len(names)
        names += [classified[key][clock] for clock in quarter_of_day[first : first + int(count)]]
    return names


def _classified(tariff: Tariff) -> dict[tuple[int, str, str], list[str]]:
    """Periods of a day's quarter-hours by month, holiday and weekday, as far as this tariff was asked."""
    for known, classified in tuple(_RECENT):
        if known is tariff:
            return classified
    _RECENT.append((tariff, {}))
    return _RECENT[-1][1]


def holiday_on(day: date, tariff: Tariff) -> str:
    """Name of the tariff's holiday on a day; empty on other days."""
    return next((holiday.name for holiday in tariff.holidays if holiday.first <= day <= holiday.last), "")


def _period(month: int, holiday: str, weekday: str, clock: str, tariff: Tariff) -> str:
    """The period at "HH:MM" on a day of `month`; a holiday's table takes precedence over the month's.

    An empty `weekday` stands for all, where no table tells them apart.
    """
    if holiday:
        for table in tariff.holiday_day:
            if (holiday in table.holidays or not table.holidays) and _within(clock, table.hours):
                return table.period
    for month_table in tariff.day:
        if weekday and weekday not in month_table.days:
            continue
        if month in month_table.months and _within(clock, month_table.hours):
            return month_table.period
    if tariff.otherwise is None:
        raise InputError(f"tariff {tariff.name}: {clock} of month {month} belongs to no period")
    return tariff.otherwise


def _within(clock: str, spans: tuple[str, ...]) -> bool:
    """Whether a clock time lies in one of the spans "HH:MM-HH:MM", ends excluded."""
    return any(begin <= clock < end for begin, end in _begins_and_ends(spans))  # "09:00" sorts as text


@lru_cache(maxsize=256)
def _begins_and_ends(spans: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Begin and end of each span as "HH:MM"."""
    return [tuple(part.strip().zfill(5) for part in text.split("-")) for text in spans]
