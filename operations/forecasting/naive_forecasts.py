"""Forecasts that need no learning: three naive ones, and the rule that a forecast of a load begins with."""

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.operations.forecasting.forecast_rules import KIND_DAYS, LAG_DAYS
from parkdispatch.operations.forecasting.lagged_features import (
    lag,
    last_known,
    ranges_over,
    recent_ranges,
    same_kind_ranges,
)
from parkdispatch.results.forecasts.forecast_measures import QUANTILES


def with_own_errors(values: Array, point: Array) -> Array:
    """Quantiles of a point forecast, shape (days, intervals, quantiles): itself and its errors of 28 days.

    The errors are those of the same interval of the days before, which are known when it is issued.
    """
    errors = np.stack([lag(values - point, days) for days in range(2, 2 + LAG_DAYS)])
    quantiles = np.stack([point + of_level for of_level in ranges_over(errors)], axis=-1)
    quantiles[..., QUANTILES.index(0.5)] = point
    return np.sort(quantiles, axis=-1)


def naive_forecasts(values: Array, kinds: Array, known: int) -> dict[str, Array]:
    """Quantiles by method, each of shape (days, intervals, quantiles).

    `persistence`: the last known value of the same interval. `last_week`: that of seven days before.
    `climatology`: the quantiles of the same interval over the last four weeks. `calendar`: over those
    of the last sixteen weeks' days of the same kind (`holiday_calendar`); `kinds` has shape (days,).
    """
    return {
        "persistence": with_own_errors(values, last_known(values, known)),
        "last_week": with_own_errors(values, lag(values, 7)),
        "climatology": np.stack(recent_ranges(values, known), axis=-1),
        "calendar": np.stack(same_kind_ranges(values, kinds, known, KIND_DAYS), axis=-1),
    }
