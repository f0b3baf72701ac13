"""Names of days, months and years of many times."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def labels_of_days(times: pd.DatetimeIndex, pattern: str) -> tuple[NDArray[np.intp], pd.Index]:
    """The day of each time, as a number, and `strftime(pattern)` of each day, of which the same may follow.

    Writing out every quarter-hour of a year, a dozen times, took longer than auditing it.
    """
    number, days = pd.factorize(times.normalize())
    return number, pd.DatetimeIndex(days).strftime(pattern)


def labels(times: pd.DatetimeIndex, pattern: str) -> pd.Index:
    """`times.strftime(pattern)` for a pattern without a time of day; each day is written out once only."""
    number, names = labels_of_days(times, pattern)
    return names.take(number)
