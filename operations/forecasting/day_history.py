"""A measured series as a matrix of days and intervals, and what of it is known at an instant."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.operations.forecasting.forecast_rules import LEAST_DAYS, IssueTime


@dataclass(frozen=True, eq=False)
class DayHistory:
    """Values [MW] by day and interval, shape (days, intervals of a day); NaN where none is known."""

    days: pd.DatetimeIndex  # consecutive midnights
    values: Array

    @property
    def per_day(self) -> int:
        """Intervals of a day."""
        return int(self.values.shape[1])

    @property
    def times(self) -> pd.DatetimeIndex:
        """The starts of all intervals, day after day."""
        return pd.date_range(self.days[0], periods=self.values.size, freq=f"{1440 // self.per_day}min")

    def through(self, day: date) -> "DayHistory":
        """The same with days up to `day`, without values where nothing was measured."""
        days = pd.date_range(self.days[0], pd.Timestamp(day))
        values = np.full((len(days), self.per_day), np.nan)
        shared = min(len(days), len(self.days))
        values[:shared] = self.values[:shared]
        return DayHistory(days, values)


def day_history(values: pd.Series, hours: float) -> DayHistory:
    """A series by the starts of intervals of `hours` [h] as days; missing intervals are NaN."""
    index = pd.DatetimeIndex(values.index)
    days = pd.date_range(index[0].normalize(), index[-1].normalize())
    per_day = round(24 / hours)
    times = pd.date_range(days[0], periods=len(days) * per_day, freq=pd.Timedelta(hours=hours))
    matrix = values.reindex(times).to_numpy(dtype=np.float64).reshape(len(days), per_day)
    return DayHistory(days, matrix)


def check_length(name: str, values: pd.Series, hours: float, first: date, issue: IssueTime) -> None:
    """Raise InputError where a history is too short for a forecast of the day `first`, or ends too early."""
    index = pd.DatetimeIndex(values.index)
    begin, end = index[0], index[-1] + pd.Timedelta(hours=hours)
    issued = issue.of(first)
    least = pd.Timestamp(first) - pd.Timedelta(days=LEAST_DAYS)
    problems = []
    if begin > least:
        problems.append(
            f"argument `{name}_history`: begins {begin:%Y-%m-%d %H:%M}: must begin {least:%Y-%m-%d} 00:00 or"
            f" before, {LEAST_DAYS} days before the first day forecast, {first}"
        )
    if end < issued:
        problems.append(
            f"argument `{name}_history`: ends {end:%Y-%m-%d %H:%M}: must reach {issued:%Y-%m-%d %H:%M}, when"
            f" the forecast of {first} is issued; or `issued` must be earlier"
        )
    if problems:
        raise InputError(problems)


def check_weather(weather: pd.DataFrame | None, day: date, per_day: int) -> None:
    """Raise InputError where weather forecasts do not cover a day and some to learn from before it."""
    if weather is None:
        return
    days = pd.DatetimeIndex(weather.index).normalize()
    rows, before = int((days == pd.Timestamp(day)).sum()), int((days < pd.Timestamp(day)).sum())
    if rows < per_day or before < per_day * LEAST_DAYS:
        raise InputError(
            f"argument `weather`: has {rows} rows of {day} and {before} of days before: must have each of the"
            f" {per_day} intervals of that day, and {per_day * LEAST_DAYS} or more before, as forecast then"
        )
