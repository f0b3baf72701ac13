"""The tariff periods that intervals lie in; an interval longer than a quarter-hour may lie in several."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.calendar.quarter_hours import quarters_per_interval
from parkdispatch.models.errors import InputError
from parkdispatch.models.tariff.tariff import Tariff

BLACKOUT = "blackout"  # beside the periods of the tariff


def quarter_periods(times: pd.DatetimeIndex, hours: float, tariff: Tariff) -> NDArray[np.str_] | None:
    """Period of each quarter-hour of each interval, shape (intervals, quarter-hours an interval has).

    An interval shorter than a quarter-hour counts as one. None where the tariff has no periods at these
    times, because the prices are given.
    """
    try:
        count = quarters_per_interval(times, hours)
        offsets = pd.to_timedelta(15 * np.tile(np.arange(count), len(times)), "min")
        return tariff.period(times.repeat(count) + offsets).reshape(len(times), count)
    except InputError:
        return None


def interval_periods(times: pd.DatetimeIndex, hours: float, tariff: Tariff) -> list[tuple[str, ...]]:
    """Periods of each interval in the order of time, each once; empty where the tariff has none."""
    periods = quarter_periods(times, hours, tariff)
    if periods is None:
        return [()] * len(times)
    return [tuple(dict.fromkeys(row)) for row in periods.tolist()]


def periods_with_blackouts(
    periods: Sequence[tuple[str, ...]], blackout: NDArray[np.bool_]
) -> list[tuple[str, ...]]:
    """The periods of each interval; "blackout" where no connection lets anything in, at any tariff."""
    return [(BLACKOUT,) if is_out else names for names, is_out in zip(periods, blackout, strict=True)]
