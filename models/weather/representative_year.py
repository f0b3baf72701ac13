"""Representative year: stochastic generation of a year of weather from published climate statistics.

GHI = clear-sky GHI x clear-sky index. The daily index is a first-order autoregressive draw mapped to the
month's distribution; within a day the index deviates from the day's mean as the class of the day says. The
same seed gives the same days in every calendar year.
"""

from collections.abc import Callable
from itertools import accumulate

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.models.site import Site
from parkdispatch.models.weather.climate import Climate
from parkdispatch.models.weather.sky import clear_sky, decompose, extraterrestrial_dni, sun_position

COLUMNS = ("ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2", "temp_air_c", "wind_speed_m_per_s")
MAX_ENHANCEMENT = 1.2  # [-] largest 15-minute GHI over clear-sky GHI, by cloud enhancement (assumption)
MAX_TRANSMITTANCE = 0.9  # [-] largest GHI over horizontal extraterrestrial irradiance (assumption)
MIN_CLEAR_INDEX = 0.02  # [-] lowest clear-sky index, under the heaviest cloud (assumption)
ENHANCEMENT_DAMPING = 0.5  # [-] share kept of an index's excess above one: enhancement is rare (assumption)
DARK_TAIL = 0.7  # [-] how far the darkest tenth of days reaches from its upper end towards zero (assumption)
SPELL_MINUTES = 120.0  # time constant of steady and intermittent spells (assumption)
Z90 = 1.2815515655446004  # [-] 90th percentile of the standard normal distribution
# [-] share of the daily temperature range that is proportional to the day's clear-sky index; hourly Nanchang
# TMYx record
SUNNY_RANGE = 0.73
COLDEST_HOUR, WARMEST_HOUR = 6.0, 15.0  # [h] local; hourly Nanchang TMYx record


def representative_year(climate: Climate, site: Site, year: int, minutes: int = 15) -> pd.DataFrame:
    """Generate the weather of a calendar year, at interval starts in local standard time.

    Returns the columns of `COLUMNS`, shape (intervals of the year, 5): interval means, W/m2, degC and
    m/s. The GHI sums to `annual_ghi_mj_per_m2`, is zero at night, and stays below 1.2 times clear-sky and 0.9
    times extraterrestrial irradiance. Raises `InputError` if `minutes` does not divide an hour or if the
    climate asks for more irradiation than a clear sky gives.
    """
    if minutes < 1 or 60 % minutes:
        raise InputError(f"minutes = {minutes}: must divide 60")
    times = pd.date_range(f"{year}-01-01", f"{year + 1}-01-01", freq=f"{minutes}min", inclusive="left")
    per_day = 24 * 60 // minutes
    sun = sun_position(times, site, minutes)
    clear = clear_sky(sun, site)["ghi"].to_numpy(np.float64).reshape(-1, per_day)
    cosine = np.cos(np.radians(sun["zenith"].to_numpy(np.float64)))
    cap = MAX_TRANSMITTANCE * extraterrestrial_dni(sun) * np.maximum(cosine, 0.0)
    cap = np.minimum(MAX_ENHANCEMENT * clear, cap.reshape(clear.shape))
    month = times[::per_day].month.to_numpy() - 1
    # Drawn for a leap year and selected by month and day, so that 29 February does not shift later days.
    calendar = pd.DatetimeIndex(pd.date_range("2000-01-01", "2000-12-31"))
    leap_day = (calendar.month == 2) & (calendar.day == 29)
    selected = np.ones(366, dtype=bool) if len(month) == 366 else ~leap_day

    random = np.random.Generator(np.random.PCG64(climate.seed))
    day_scores = autoregressive(random, 366, climate.day_correlation)[selected]
    noises = [
        noise.reshape(366, per_day)[selected]
        for noise in _deviations(random, climate, minutes, 366 * per_day)
    ]
    monthly = np.asarray(climate.daily_ghi_wh_per_m2) * np.bincount(month)
    total = climate.annual_ghi_mj_per_m2 * 1e6 / (60.0 * minutes)  # sum of W/m2 over the intervals
    daily = _daily_index(climate, day_scores, clear.sum(axis=1), month, monthly * (total / monthly.sum()))
    ghi = _within_days(climate, daily, noises, clear, cap).ravel()
    ghi *= total / ghi.sum()  # the factor is one but for rounding
    dni, dhi = decompose(ghi, sun, climate.decomposition)
    temp, wind = _temperature_and_wind(climate, daily, month, per_day)
    return pd.DataFrame(dict(zip(COLUMNS, (ghi, dni, dhi, temp, wind), strict=True)), index=times)


def autoregressive(random: np.random.Generator, size: int, correlation: float) -> Array:
    """First-order autoregressive sequence of standard normal values, shape (size,)."""
    fresh = random.standard_normal(size)
    fresh[1:] *= np.sqrt(1.0 - correlation**2)
    # a plain recursion: the import of scipy.signal would take a hundred times as long
    values = accumulate(fresh.tolist(), lambda before, new: correlation * before + new)
    return np.fromiter(values, dtype=np.float64, count=size)


def _deviations(random: np.random.Generator, climate: Climate, minutes: int, size: int) -> list[Array]:
    """Autocorrelated and white deviations from the day's mean, both of mean square one, shape (size,).

    The autocorrelation of the first decays between the two given correlations. A slowly varying log-normal
    scale makes steady and intermittent spells: measured steps have a small median and a long tail, unlike
    a Gaussian distribution.
    """
    decay = (climate.correlation_60min / climate.correlation_15min) ** (minutes / 45.0)
    slow, white = autoregressive(random, size, decay), random.standard_normal(size)
    log_scale = autoregressive(random, size, float(np.exp(-minutes / SPELL_MINUTES)))
    scale = np.exp(climate.intermittency * log_scale - climate.intermittency**2)
    return [slow * scale, white * scale]


def _daily_index(climate: Climate, scores: Array, clear: Array, month: np.ndarray, target: Array) -> Array:
    """Daily clear-sky index, shape (days,), such that every month has its target irradiation.

    The quantile function of the month is unchanged; the normal scores are shifted along it by bisection. A
    month with less irradiation than its quantiles imply thus has more cloudy days, not darker clear days.
    """
    deciles = (climate.clear_index_p10, climate.clear_index_p50, climate.clear_index_p90)
    low, middle, high = (np.asarray(decile)[month] for decile in deciles)

    def index(shift: Array) -> Array:
        score = np.clip(scores + shift[month], -2 * Z90, 2 * Z90) / Z90
        inner = np.where(score < 0, middle + score * (middle - low), middle + score * (high - middle))
        below = low * (1.0 - DARK_TAIL * (-score - 1.0))  # the darkest tenth: approaches zero, stays positive
        above = high + 0.05 * (score - 1.0)  # the brightest tenth: little above the 90th percentile
        return np.asarray(np.where(score < -1, below, np.where(score > 1, above, inner)), dtype=np.float64)

    def energy(shift: Array) -> Array:
        return np.asarray(np.bincount(month, index(shift) * clear, minlength=12), dtype=np.float64)

    shift = _bisect(energy, target, bound=8.0, rounds=60)
    reached = energy(shift)
    problems = [
        f"climate.daily_ghi_wh_per_m2, month {m + 1}: {target[m] / max(reached[m], 1e-9):.9g} times what the "
        "clear-sky index quantiles can give here; lower the month's or the year's GHI, or check the site"
        for m in np.flatnonzero(abs(reached - target) > 1e-6 * target)
    ]
    if problems:
        raise InputError(problems)
    return index(shift)


def _bisect(increasing: Callable[[Array], Array], target: Array, bound: float, rounds: int) -> Array:
    """Arguments within +-bound at which each element of an increasing function reaches its target."""
    bottom, top = np.full(len(target), -bound), np.full(len(target), bound)
    for _ in range(rounds):
        middle = (bottom + top) / 2
        below = increasing(middle) < target
        bottom, top = np.where(below, middle, bottom), np.where(below, top, middle)
    return np.asarray((bottom + top) / 2, dtype=np.float64)


def _within_days(climate: Climate, daily: Array, noises: list[Array], clear: Array, cap: Array) -> Array:
    """GHI [W/m2], shape (days, steps), within the cap and with each day's energy.

    The shares of the two noises follow from the step and the deviation of the day's class. Their strength is
    raised iteratively until the index, limited by clouds and the cap, has the deviation of its class.
    """
    day_class = np.digitize(daily, climate.day_class_below)
    target_std, step_std = np.asarray(climate.deviation_std), np.asarray(climate.step_std)
    decay = (climate.correlation_60min / climate.correlation_15min) ** (1.0 / 3.0)
    share = np.clip((1.0 - step_std**2 / (2.0 * target_std**2)) / decay, 0.0, 1.0)[day_class][:, None]
    deviation = np.sqrt(share) * noises[0] + np.sqrt(1.0 - share) * noises[1]
    high = clear > 0.2 * clear.max(axis=1, keepdims=True)
    count = np.maximum(high.sum(axis=1), 1)
    strength = target_std.copy()
    for _ in range(4):
        ghi = _with_energy(daily, strength[day_class][:, None] * deviation, clear, cap, rounds=20)
        index = np.divide(ghi, clear, out=np.zeros_like(ghi), where=high)
        square = (high * (index - (index.sum(axis=1) / count)[:, None]) ** 2).sum(axis=1)
        for c in np.unique(day_class):
            in_class = day_class == c
            reached_std = float(np.sqrt(square[in_class].sum() / count[in_class].sum()))
            strength[c] = min(strength[c] * target_std[c] / max(reached_std, 1e-9), 3.0 * target_std[c])
    return _with_energy(daily, strength[day_class][:, None] * deviation, clear, cap, rounds=50)


def _with_energy(daily: Array, deviation: Array, clear: Array, cap: Array, rounds: int) -> Array:
    """GHI [W/m2] with the daily sums that `daily` implies; a day's deviations are shifted to reach them."""

    def ghi(shift: Array) -> Array:
        index = np.maximum(daily[:, None] + deviation + shift[:, None], MIN_CLEAR_INDEX)
        index = np.where(index > 1.0, 1.0 + ENHANCEMENT_DAMPING * (index - 1.0), index)
        return np.asarray(np.minimum(index * clear, cap), dtype=np.float64)

    target = daily * clear.sum(axis=1)
    return ghi(_bisect(lambda shift: ghi(shift).sum(axis=1), target, bound=4.0, rounds=rounds))


def _daily_from_monthly(monthly: Array, month: np.ndarray) -> Array:
    """Daily values, shape (days,), piecewise linear between mid-months, with exactly the monthly means."""
    days = np.bincount(month, minlength=12)
    middle = np.cumsum(days) - days / 2.0
    weights = np.stack(  # weight of each mid-month value on each day; January follows December
        [np.interp(np.arange(len(month)) + 0.5, middle, row, period=len(month)) for row in np.eye(12)], axis=1
    )
    means = np.stack([weights[month == m].mean(axis=0) for m in range(12)])
    return np.asarray(weights @ np.linalg.solve(means, monthly), dtype=np.float64)


def _temperature_and_wind(
    climate: Climate, daily: Array, month: np.ndarray, per_day: int
) -> tuple[Array, Array]:
    """Air temperature [degC] and wind speed [m/s], each of shape (intervals,).

    The daily temperature range grows with the day's clear-sky index and has the month's mean range; wind
    speed is the month's mean, without gusts.
    """
    hour = (np.arange(per_day) + 0.5) * 24.0 / per_day
    rise, fall = WARMEST_HOUR - COLDEST_HOUR, 24.0 - (WARMEST_HOUR - COLDEST_HOUR)
    since = (hour - COLDEST_HOUR) % 24.0
    shape = np.where(since < rise, -np.cos(np.pi * since / rise), np.cos(np.pi * (since - rise) / fall)) / 2.0
    shape -= shape.mean()
    sunny = daily / (np.bincount(month, daily, minlength=12) / np.bincount(month, minlength=12))[month]
    span = _daily_from_monthly(np.asarray(climate.temp_max_c) - np.asarray(climate.temp_min_c), month)
    span *= 1.0 - SUNNY_RANGE + SUNNY_RANGE * sunny
    temp = _daily_from_monthly(np.asarray(climate.temp_mean_c), month)[:, None] + span[:, None] * shape
    wind = np.maximum(_daily_from_monthly(np.asarray(climate.wind_speed_m_per_s), month), 0.0)
    return temp.ravel(), np.repeat(wind, per_day)
