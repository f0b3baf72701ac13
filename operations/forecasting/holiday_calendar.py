"""Working days, holidays and the days around them, from the library `holidays`.

`holidays` knows 200 countries, the days that China works in lieu of holidays, and years that no government
has announced yet, whose Spring Festival it computes; a calendar of China alone ends with the last notice.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError

SUNDAY = 6
NEAR_DAYS = 5  # beyond which a holiday is not felt


def check_country(country: str) -> None:
    """Raise InputError for a country, two letters, whose holidays are not known."""
    import holidays

    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        raise InputError(
            f"argument `holidays` = {country}: must be two letters of a country, such as CN"
            f"{closest(country, known)}"
        )


def calendar_features(days: pd.DatetimeIndex, country: str) -> dict[str, Array]:
    """What the calendar says of each day, shape (days,): known years ahead, so never a look into the future.

    `kind` is 0 on a working day, 2 on a Sunday or holiday, 1 on another day of rest. `working` is 1 on a
    working day, also of the day before and after; `holiday` on a public holiday. `to_holiday` and
    `from_holiday` count the days to the next and from the last holiday, at most five.
    """
    import holidays

    span = range(days[0].year - 1, days[-1].year + 2)
    known = holidays.country_holidays(country, years=span)

    def working(day: date) -> float:
        return float(known.is_working_day(day))

    def distance(day: date, sign: int) -> float:
        near = (n for n in range(NEAR_DAYS) if day + timedelta(days=sign * n) in known)
        return float(next(near, NEAR_DAYS))

    dates = [day.date() for day in days]
    one_day = timedelta(days=1)
    is_working = np.array([working(day) for day in dates])
    is_holiday = np.array([float(day in known) for day in dates])
    sunday = (days.day_of_week == SUNDAY) | (is_holiday > 0)
    return {
        "kind": np.where(is_working > 0, 0.0, np.where(sunday, 2.0, 1.0)),
        "weekday": days.day_of_week.to_numpy(dtype=np.float64),
        "working": is_working,
        "working_before": np.array([working(day - one_day) for day in dates]),
        "working_after": np.array([working(day + one_day) for day in dates]),
        "holiday": is_holiday,
        "to_holiday": np.array([distance(day, 1) for day in dates]),
        "from_holiday": np.array([distance(day, -1) for day in dates]),
        "day_of_year": days.day_of_year.to_numpy(dtype=np.float64),
    }
