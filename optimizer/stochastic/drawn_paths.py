"""Paths of a load or source drawn from its forecast: P10, P50 and P90, and how its errors go together."""

import numpy as np
from scipy.stats import norm

from parkdispatch.models.device import Array

Z90 = float(norm.ppf(0.9))  # standard deviations between the median of a normal distribution and its P90


def at_standard_errors(quantiles: Array, errors: Array) -> Array:
    """Powers [MW] of standard normal errors: the median, and as many times the spread on their side.

    `quantiles`, (intervals, 3), are P10, P50 and P90; `errors` has shape (..., intervals). An error of Z90 is
    P90, one of -Z90 is P10 (a normal distribution of two halves). No power is below zero.
    """
    low, middle, high = quantiles.T
    spread = np.where(errors > 0, high - middle, middle - low) / Z90
    return np.asarray(np.maximum(middle + errors * spread, 0.0))


def at_level(quantiles: Array, level: float) -> Array:
    """The quantile of a level of each interval [MW], (intervals,)."""
    return at_standard_errors(quantiles, np.full(len(quantiles), norm.ppf(level)))


def drawn_paths(
    quantiles: Array,
    correlation: float,
    count: int,
    generator: np.random.Generator,
    last_error: float | None = None,
) -> Array:
    """Paths [MW], (count, intervals), whose errors are an autoregression: e(t+1) = c e(t) + noise.

    Each error is standard normal, and of two intervals in succession correlated by `correlation`. Where the
    error of the interval before the first is known, `last_error` [standard deviations], errors begin at it
    and become standard normal with time. Paths come in pairs of opposite noise, so that their mean error is
    what is expected where `count` is even.
    """
    half = -(-count // 2)
    noise = generator.standard_normal((half, len(quantiles)))
    noise = np.concatenate([noise, -noise])[:count]
    innovation = np.sqrt(1.0 - correlation**2)
    errors = np.empty_like(noise)
    errors[:, 0] = noise[:, 0] if last_error is None else correlation * last_error + innovation * noise[:, 0]
    for interval in range(1, noise.shape[1]):
        errors[:, interval] = correlation * errors[:, interval - 1] + innovation * noise[:, interval]
    return at_standard_errors(quantiles, errors)
