"""What a history says about a day: the same interval of days before, recent levels, usual ranges.

Row d of every array is of day d and holds only what is known when its forecast is issued: days up to d - 2,
and of day d - 1 the first `known` intervals. Nothing else is read.
"""

import numpy as np
from scipy.ndimage import uniform_filter1d

from parkdispatch.models.device import Array
from parkdispatch.operations.forecasting.forecast_rules import LAG_DAYS
from parkdispatch.results.forecasts.forecast_measures import QUANTILES

SAME_WEEKDAY = (7, 14, 21, 28)
RECENT_DAYS = 7


def lag(values: Array, days: int) -> Array:
    """Each day's value of the same interval so many days before, shape (days, intervals)."""
    moved = np.full_like(values, np.nan)
    moved[days:] = values[: len(values) - days]
    return moved


def yesterday(values: Array, known: int) -> Array:
    """The day before as far as it is known, NaN from interval `known` on."""
    moved = lag(values, 1)
    moved[:, known:] = np.nan
    return moved


def last_known(values: Array, known: int) -> Array:
    """The last known value of the same interval: of the day before, or of the one before that."""
    before = yesterday(values, known)
    return np.where(np.isnan(before), lag(values, 2), before)


def known_quantile(values: Array, level: float) -> Array:
    """The quantile over the first axis of what is known there; NaN where nothing is.

    As `numpy.nanquantile`, which takes a hundred times as long where a value is missing.
    """
    return _of_sorted(np.sort(values, axis=0), level)


def _of_sorted(rising: Array, level: float) -> Array:
    """The quantile of values that rise along the first axis, the unknown ones last; linear in between."""
    last = np.isfinite(rising).sum(axis=0) - 1
    place = np.maximum(level * last, 0.0)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(last, 0))
    low, high = (np.take_along_axis(rising, row[np.newaxis], axis=0)[0] for row in (below, above))
    return np.asarray(low + (high - low) * (place - below))


def ranges_over(values: Array) -> list[Array]:
    """P10, P50 and P90 over the first axis of what is known."""
    rising = np.sort(values, axis=0)
    return [_of_sorted(rising, level) for level in QUANTILES]


def mean_of(values: Array, weight: Array | float = 1.0) -> Array:
    """Weighted mean over the last axis of what is known, shape (days, 1), NaN where nothing is."""
    weights = np.where(np.isfinite(values), weight, 0.0)
    total = weights.sum(axis=-1, keepdims=True)
    sums = np.nansum(weights * values, axis=-1, keepdims=True)
    return np.where(total > 0, sums / np.where(total > 0, total, 1.0), np.nan)


def usual(values: Array) -> Array:
    """The median of the same interval and weekday of four weeks, shape (days, intervals)."""
    return known_quantile(np.stack([lag(values, days) for days in SAME_WEEKDAY]), 0.5)


def weekday_ranges(values: Array) -> list[Array]:
    """P10, P50 and P90 of the same interval and weekday of four weeks."""
    return ranges_over(np.stack([lag(values, days) for days in SAME_WEEKDAY]))


def recent_ranges(values: Array, known: int, days: int = LAG_DAYS) -> list[Array]:
    """P10, P50 and P90 of the same interval over the last known days."""
    before = [last_known(values, known), *(lag(values, n) for n in range(3, days + 1))]
    return ranges_over(np.stack(before))


def same_kind_ranges(values: Array, kind: Array, known: int, days: int) -> list[Array]:
    """P10, P50 and P90 of the same interval over the days of the same kind among the last `days`.

    `kind` has shape (days,), a number for each kind of day.
    """
    ranges = np.full((len(values), values.shape[1], len(QUANTILES)), np.nan)
    for day in range(2, len(values)):
        before = np.arange(max(day - days, 0), day)
        alike = values[before[kind[before] == kind[day]]].copy()
        if kind[day - 1] == kind[day]:
            alike[-1, known:] = np.nan
        if len(alike):
            ranges[day] = np.stack(ranges_over(alike), axis=-1)
    return [ranges[..., n] for n in range(len(QUANTILES))]


def deviation_features(deviations: Array, known: int) -> dict[str, Array]:
    """How far the last known days, and today so far, were from what a plain rule said of them."""
    by_day, today = mean_of(deviations), yesterday(deviations, known)
    days = np.concatenate([lag(by_day, n) for n in range(2, 2 + RECENT_DAYS)], axis=1)
    return {
        "deviation_today": mean_of(today),
        "deviation_last": last_known(deviations, known),
        "deviation_2": lag(by_day, 2),
        "deviation_3": lag(by_day, 3),
        "deviation_7": lag(by_day, 7),
        "deviation_week": mean_of(days),
        "deviation_size": mean_of(np.abs(days)),
    }


def lagged_features(values: Array, known: int, weight: Array) -> dict[str, Array]:
    """Features of every day and interval by name, each of shape (days, intervals) or (days, 1).

    Means over a day count each interval by its `weight`, shape (days, intervals).
    """
    hour = max(values.shape[1] // 24, 1)
    smooth = uniform_filter1d(np.nan_to_num(values), size=4 * hour + 1, axis=1, mode="nearest")
    smooth = np.where(np.isnan(values), np.nan, smooth)  # averages within a day reach no later day
    low, middle, high = recent_ranges(values, known)
    day_mean = mean_of(values, weight)
    morning, week_before = (
        mean_of(part[:, :known], lag(weight, days)[:, :known])
        for days, part in ((1, yesterday(values, known)), (8, lag(values, 8)))
    )
    last_hours = slice(max(known - 2 * hour, 0), known)
    return {
        "last_known": last_known(values, known),
        "lag_2": lag(values, 2),
        "lag_7": lag(values, 7),
        "lag_14": lag(values, 14),
        "smooth_2": lag(smooth, 2),
        "smooth_7": lag(smooth, 7),
        "usual": usual(values),
        "recent_p10": low,
        "recent_p50": middle,
        "recent_p90": high,
        "mean_2": lag(day_mean, 2),
        "mean_3": lag(day_mean, 3),
        "mean_7": lag(day_mean, 7),
        "mean_week": mean_of(np.concatenate([lag(day_mean, n) for n in range(2, 2 + RECENT_DAYS)], axis=1)),
        "morning": morning,
        "morning_to_week_before": morning - week_before,
        "last_two_hours": mean_of(yesterday(values, known)[:, last_hours]),
    }
