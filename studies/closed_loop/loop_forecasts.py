"""Forecasts from the series themselves, each value known before the interval at which it is made."""

from typing import Literal, get_args

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError

ForecastKind = Literal["perfect", "persistence", "last-week"]
KINDS: tuple[ForecastKind, ...] = get_args(ForecastKind)
PERIOD_DAYS = {"persistence": 1, "last-week": 7}


def parse_kind(text: str) -> ForecastKind:
    """A kind of forecast. Raises InputError for any other text."""
    for kind in KINDS:
        if text == kind:
            return kind
    raise InputError(f"argument `forecast` = {text}: must be {', '.join(KINDS)}")


def forecast(actual: Array, kind: ForecastKind, now: int, count: int, per_day: int) -> Array:
    """The forecast for `count` intervals from `now` on, (count,).

    "perfect" is what comes. "persistence" repeats the last 24 hours before `now`, "last-week" the last seven
    days, each as often as the horizon is long. Before the beginning of `actual` stands its end, as a year
    that repeats.
    """
    ahead = np.arange(count)
    if kind == "perfect":
        return actual[now + ahead]
    period = PERIOD_DAYS[kind] * per_day
    return actual[(now - period + ahead % period) % len(actual)]
