"""How forecasts err from one interval to the next, in terms of their own spread."""

import numpy as np

from parkdispatch.models.device import Array

MOST_SPREADS = 3.0  # to which an error counts: the spread of a narrow interval says little
HIGHEST = 0.999


def spread_errors(actual: Array, quantiles: Array) -> Array:
    """Errors of the median in terms of the distance to P90 above it, to P10 below it; same shape as `actual`.

    `quantiles` has P10, P50 and P90 in its last axis. NaN where the forecast leaves nothing open.
    """
    error = actual - quantiles[..., 1]
    spread = np.where(error > 0, quantiles[..., 2] - quantiles[..., 1], quantiles[..., 1] - quantiles[..., 0])
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = error / spread
    return np.where(spread > 0, np.clip(relative, -MOST_SPREADS, MOST_SPREADS), np.nan)


def correlation(errors: Array) -> float:
    """Correlation of successive errors, sum e(t) e(t+1) over sum e(t)^2, within 0 to `HIGHEST`.

    The expected error is taken to be zero. Where nothing is known it is 0.
    """
    flat = errors.ravel()
    before, after = flat[:-1], flat[1:]
    both = np.isfinite(before) & np.isfinite(after)
    squares = float((before[both] ** 2).sum())
    if squares == 0.0:
        return 0.0
    return float(np.clip((before[both] * after[both]).sum() / squares, 0.0, HIGHEST))


def daily_correlation(actual: Array, quantiles: Array, days: int) -> Array:
    """By day the correlation over the days before it, `days` at most, shape (days,).

    `actual` has shape (days, intervals), `quantiles` (days, intervals, 3).
    """
    errors = spread_errors(actual, quantiles)
    return np.array([correlation(errors[max(0, day - days) : day]) for day in range(len(errors))])
