"""Wind speed of a representative year, and the power curve of a turbine.

Each month's speeds have a Weibull distribution of the month's mean. In time they are correlated by a Gaussian
copula: the normal scores of successive quarter-hours are a first-order autoregressive sequence. Left out: the
course of the day, and the passage of weather fronts beyond that correlation.
"""

from math import gamma

import numpy as np
import pandas as pd

from parkdispatch.models.calendar.quarter_hours import QUARTERS_PER_DAY, QUARTERS_PER_HOUR
from parkdispatch.models.device import Array
from parkdispatch.models.weather.representative_year import autoregressive

# (wind speed at hub height [m/s], share of rated power [-])
IEC_CLASS_3_CURVE: tuple[tuple[float, float], ...] = (
    (2.0, 0.0), (3.0, 0.0054), (4.0, 0.053), (5.0, 0.1351), (6.0, 0.2508), (7.0, 0.4033), (8.0, 0.5952),
    (9.0, 0.7849), (10.0, 0.9178), (11.0, 0.9796), (12.0, 1.0), (22.0, 1.0), (23.0, 0.0),
)  # fmt: skip
IEC_CLASS_3_SOURCE = (
    "IEC class 3 turbine of King et al. 2014, Validation of Power Output for the WIND Toolkit,"
    " NREL/TP-5D00-61714"
)


def speeds_of_year(
    year: int, mean_by_month: tuple[float, ...], shape: float, hourly_correlation: float, seed: int
) -> Array:
    """Wind speed of every quarter-hour of a calendar year [m/s], shape (35040,) or, in leap years, (35136,).

    Each month has exactly its mean. The same seed gives the same weather on the same day of every year: it is
    drawn for a leap year, so that 29 February does not shift later days.
    """
    from scipy.special import log_ndtr  # costs time that commands without wind need not spend

    calendar = pd.date_range("2000-01-01", "2000-12-31")
    days = pd.date_range(f"{year}-01-01", f"{year}-12-31")
    kept = np.ones(len(calendar), dtype=bool)
    if len(days) < len(calendar):
        kept[(calendar.month == 2) & (calendar.day == 29)] = False
    random = np.random.Generator(np.random.PCG64(seed))
    correlation = hourly_correlation ** (1.0 / QUARTERS_PER_HOUR)
    scores = autoregressive(random, len(calendar) * QUARTERS_PER_DAY, correlation)
    scores = scores.reshape(len(calendar), QUARTERS_PER_DAY)[kept].ravel()
    month = np.repeat(days.month.to_numpy() - 1, QUARTERS_PER_DAY)
    means = np.array(mean_by_month)
    scale = means / gamma(1.0 + 1.0 / shape)
    # Weibull quantile at the probability of the score: scale x (-ln(1 - probability))^(1 / shape)
    speeds = scale[month] * (-log_ndtr(-scores)) ** (1.0 / shape)
    drawn = np.bincount(month, speeds) / np.bincount(month)
    factors = np.divide(means, drawn, out=np.zeros(len(means)), where=drawn > 0)
    return np.asarray(speeds * factors[month], dtype=np.float64)


def power_share(speed_m_per_s: Array, curve: tuple[tuple[float, float], ...]) -> Array:
    """Share of rated power at wind speeds at hub height [-], the same shape; zero beyond the curve."""
    curve_m_per_s, share = zip(*curve, strict=True)
    return np.asarray(np.interp(speed_m_per_s, curve_m_per_s, share, left=0.0, right=0.0), dtype=np.float64)
