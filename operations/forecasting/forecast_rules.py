"""What a day-ahead forecast is: its quantiles, the hour at which it is issued, the history it needs."""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from parkdispatch.models.errors import InputError

COLUMNS = ("p10", "p50", "p90")  # of QUANTILES
LAG_DAYS = 28  # the farthest a feature looks back
KIND_DAYS = 112  # among which days of the same kind are looked for
TRAINING_DAYS = 28  # the fewest a model is fitted to
CALIBRATION_DAYS = 42  # whose errors move the quantiles
ADAPTATION_DAYS = 14  # whose coverage moves the levels of those errors
LEAST_DAYS = LAG_DAYS + TRAINING_DAYS + CALIBRATION_DAYS + ADAPTATION_DAYS
REFIT_DAYS = 14  # between two fits of the models: a year's backtest takes a few minutes
DEFAULT_ISSUE_HOUR = 14.0  # of the day before


@dataclass(frozen=True)
class IssueTime:
    """The hour [h] of the day before at which a forecast is issued; later values are not known to it."""

    hour: float = DEFAULT_ISSUE_HOUR

    def __post_init__(self) -> None:
        """Raise InputError for an hour that no day has."""
        if not 0 <= self.hour < 24:
            raise InputError(f"argument `issued` = {self.hour:.15g}: must be an hour from 0 to below 24")

    def of(self, day: date) -> pd.Timestamp:
        """The instant at which the forecast of a day is issued."""
        return pd.Timestamp(day) - pd.Timedelta(days=1) + pd.Timedelta(hours=self.hour)

    def known_intervals(self, per_day: int) -> int:
        """How many intervals of the day before have ended then."""
        return int(round(self.hour * per_day / 24.0, 9))

    def day_after(self, end: pd.Timestamp) -> date:
        """The last day whose forecast can be issued when all before `end` is known."""
        return (end - pd.Timedelta(hours=self.hour)).date() + timedelta(days=1)
