"""The horizon: equal intervals, and the days, months or windows they fall into."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from parkdispatch.models.vocabulary import CalendarPeriod, DailyWindow, Period, TimeSpan
from parkdispatch.optimizer.arrays import Index

DAY = pd.Timedelta(days=1)
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
CALENDAR_UNITS = {"day": "D", "week": "D", "month": "M", "year": "Y"}  # of NumPy
PATTERNS: Mapping[CalendarPeriod, str] = {
    "day": "%Y-%m-%d",
    "week": "%G-W%V",
    "month": "%Y-%m",
    "year": "%Y",
    "horizon": "horizon",
}


@dataclass(frozen=True)
class Horizon:
    """Local starts of the intervals and their length [h]."""

    times: pd.DatetimeIndex
    hours: float

    def __len__(self) -> int:
        return len(self.times)

    @cached_property
    def _numbers(self) -> dict[Period, Index]:
        """Period number of each interval, of what has been asked for."""
        return {}

    @cached_property
    def _firsts(self) -> dict[Period, Index]:
        """First interval of each period, of what has been asked for."""
        return {}

    def _calendar_periods(self, per: CalendarPeriod) -> Index:
        if per == "horizon":
            return np.zeros(len(self), dtype=np.int64)
        unit = CALENDAR_UNITS[per]
        key = self.times.to_numpy().astype(f"datetime64[{unit}]").astype(np.int64)
        if per == "week":
            key = (key + EPOCH_WEEKDAY) // 7
        return np.cumsum(np.concatenate([[True], key[1:] != key[:-1]])) - 1

    def _occurrences(self, window: DailyWindow | TimeSpan) -> Index:
        """Number of the window that each interval lies wholly in, -1 outside."""
        length = pd.Timedelta(hours=self.hours)
        if isinstance(window, TimeSpan):
            begins = pd.DatetimeIndex([window.begin])
            span = pd.Timedelta(window.end - window.begin)
        else:
            clock_times = (window.begin, window.end)
            begin, end = (pd.Timedelta(hours=time.hour, minutes=time.minute) for time in clock_times)
            days = pd.date_range(self.times[0].normalize() - DAY, self.times[-1].normalize())
            begins = days + begin
            span = end - begin if end > begin else end - begin + DAY
        number = np.searchsorted(begins, self.times, side="right") - 1
        begun = begins[np.maximum(number, 0)]
        is_inside = (number >= 0) & (self.times + length <= begun + span)
        number = np.where(is_inside, number, -1)
        return np.where(is_inside, np.searchsorted(np.unique(number[is_inside]), number), -1)

    def period(self, per: Period) -> Index:
        """Number of the period each interval falls into, shape (intervals,), from zero in time order.

        -1 for intervals outside of a window.
        """
        if per not in self._numbers:
            self._numbers[per] = (
                self._calendar_periods(per) if isinstance(per, str) else self._occurrences(per)
            )
        return self._numbers[per]

    def labels(self, per: Period) -> list[str]:
        """Name of each period, such as 2026-07 or 2026-07-15; of a window, the day it begins."""
        if isinstance(per, TimeSpan):
            return [f"{per.begin:%Y-%m-%d}" for _ in self.first(per)]
        begins, pattern = self.times[self.first(per)], "%Y-%m-%d"
        if isinstance(per, DailyWindow):
            begins -= pd.Timedelta(hours=per.begin.hour, minutes=per.begin.minute)
        else:
            pattern = PATTERNS[per]
        return [time.strftime(pattern) for time in begins]

    def begins_within(self, per: Period) -> bool:
        """Whether the interval before the first one is in the same period."""
        before = self.times[:1] - pd.Timedelta(hours=self.hours)
        pair = Horizon(pd.DatetimeIndex([*before, self.times[0]]), self.hours).period(per)
        return per != "horizon" and bool(pair[0] == pair[1] >= 0)

    def first(self, per: Period) -> Index:
        """First interval of each period."""
        if per not in self._firsts:
            number = self.period(per)
            self._firsts[per] = np.flatnonzero((np.diff(number, prepend=-1) != 0) & (number >= 0))
        return self._firsts[per]
