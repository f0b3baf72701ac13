"""The horizon: equal intervals, and the days and months they fall into."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from parkdispatch.models.device import Period
from parkdispatch.optimizer.arrays import Index


@dataclass(frozen=True)
class Horizon:
    """Local starts of the intervals and their length [h]."""

    times: pd.DatetimeIndex
    hours: float

    def __len__(self) -> int:
        return len(self.times)

    @cached_property
    def _periods(self) -> dict[Period, tuple[Index, list[str]]]:
        """Period number of each interval and name of each period, by kind of period."""
        day = self.times.normalize()
        keys = {
            "day": (day.asi8, "%Y-%m-%d"),
            "month": ((self.times.year * 12 + self.times.month).to_numpy(), "%Y-%m"),
            "horizon": (np.zeros(len(self)), ""),
        }
        periods: dict[Period, tuple[Index, list[str]]] = {}
        for per, (key, pattern) in keys.items():
            is_first = np.concatenate([[True], key[1:] != key[:-1]])
            labels = [time.strftime(pattern) for time in self.times[is_first]] if pattern else ["horizon"]
            periods[per] = (np.cumsum(is_first) - 1, labels)  # type: ignore[index]
        return periods

    def period(self, per: Period) -> Index:
        """Number of the period each interval falls into, shape (intervals,), from zero in time order."""
        return self._periods[per][0]

    def labels(self, per: Period) -> list[str]:
        """Name of each period, such as 2026-07 or 2026-07-15."""
        return self._periods[per][1]

    def first(self, per: Period) -> Index:
        """First interval of each period."""
        return np.flatnonzero(np.diff(self.period(per), prepend=-1))
