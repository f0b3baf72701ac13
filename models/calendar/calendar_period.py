"""Calendar periods that a horizon begins within or ends within, and what of them has passed."""

from typing import Literal

import pandas as pd

CalendarUnit = Literal["day", "month", "year"]


def begins_within(times: pd.DatetimeIndex, hours: float, per: CalendarUnit) -> bool:
    """Whether the interval before the first one lies in the same period."""
    before = times[0] - pd.Timedelta(hours=hours)
    return bool(before.to_period(_code(per)) == times[0].to_period(_code(per)))


def sum_so_far(amounts: pd.Series, hours: float, per: CalendarUnit, before: float) -> float:
    """The sum of amounts in the period of the last interval, with what it had `before` the horizon.

    `amounts` has the starts of the intervals as its index.
    """
    times = pd.DatetimeIndex(amounts.index)
    period = times.to_period(_code(per))
    is_last = period == period[-1]
    counts_before = bool(is_last[0]) and begins_within(times, hours, per)
    return float(amounts[is_last].sum()) + (before if counts_before else 0.0)


def largest_sum(amounts: pd.Series, hours: float, per: CalendarUnit, before: float) -> float:
    """The largest sum of amounts over any period, with what the first one had `before` the horizon."""
    times = pd.DatetimeIndex(amounts.index)
    sums = amounts.groupby(times.to_period(_code(per))).sum().to_numpy(copy=True)
    sums[0] += before if begins_within(times, hours, per) else 0.0
    return float(sums.max())


def _code(per: CalendarUnit) -> str:
    """The letter that pandas calls the period by."""
    return per[0].upper()
