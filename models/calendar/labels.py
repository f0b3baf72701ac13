"""Names of days, months and years of many times."""

import pandas as pd


def labels(times: pd.DatetimeIndex, pattern: str) -> pd.Index:
    """`times.strftime(pattern)` for a pattern without a time of day; each day is written out once only.

    Writing out every quarter-hour of a year, a dozen times, took longer than auditing it.
    """
    number, days = pd.factorize(times.normalize())
    return pd.DatetimeIndex(days).strftime(pattern).take(number)
