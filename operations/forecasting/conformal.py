"""Conformal margins: how far each quantile is moved so that it covered what it says on recent days.

Conformalized quantile regression (Romano, Patterson and Candes 2019, NeurIPS 32), one side at a time and in
terms of the width of the interval, so that noon and dawn are compared in their own measure.
"""

import math

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.results.forecasts.forecast_measures import QUANTILES

STEP = 0.05  # of adapted levels, for each day
LEAST_LEVEL = 0.005
FLOOR_SHARE = 0.1


def conformal_margin(scores: Array, level: float) -> float:
    """The k-th smallest of n scores, k = ceil(level (n + 1)) within 1 to n; 0 without scores.

    A new score exchangeable with these is at most the margin with a probability of `level` or more.
    """
    known = np.sort(scores[np.isfinite(scores)])
    if not len(known):
        return 0.0
    # 0.9 * 10 is 9.000000000000002 in floating point, whose ceiling is not meant
    rank = math.ceil(round(level * (len(known) + 1), 9))
    return float(known[min(max(rank, 1), len(known)) - 1])


def scores(actual: Array, quantile: Array, in_terms_of: Array) -> Array:
    """How far above a quantile the actual values were, in their measure; NaN where that is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = (actual - quantile) / in_terms_of
    return np.where(in_terms_of > 0, relative, np.nan)


def measure(past_width: Array, width: Array) -> Array:
    """What scores are counted in, of each past day and in the last row of the day itself; zero by night.

    The width of the interval and a share of the mean width, because an interval that is learned too narrow
    would make scores without bound.
    """
    counted = np.isfinite(past_width)
    floor = FLOOR_SHARE * past_width[counted].mean() if counted.any() else 0.0
    widths = np.concatenate([past_width, width[np.newaxis]])
    return np.asarray(np.where(np.isfinite(widths), widths + floor, 0.0))


def adapted(levels: Array, actual: Array, quantiles: Array, counted: NDArray[np.bool_]) -> Array:
    """The levels of margins after a day, shape (quantiles,): raised where too little was covered.

    level + STEP x (nominal - covered), adaptive conformal inference (Gibbs and Candes 2021, NeurIPS 34): over
    many days the share that is covered comes to the nominal one, whatever changes.
    """
    counted = counted & np.isfinite(actual)
    if not counted.any():
        return levels
    covered = (actual[counted, np.newaxis] <= quantiles[counted]).mean(axis=0)
    return np.asarray(
        np.clip(levels + STEP * (np.array(QUANTILES) - covered), LEAST_LEVEL, 1.0 - LEAST_LEVEL)
    )


def in_order(quantiles: Array, lower: float, upper: Array | float) -> Array:
    """Quantiles, shape (..., quantiles), that rise and stay within limits."""
    limit = np.asarray(upper)[..., np.newaxis] if np.ndim(upper) else upper
    return np.clip(np.sort(quantiles, axis=-1), lower, limit)
