"""A representative year of weather, made from a climate's published statistics.

GHI = clear sky x clear-sky index. The daily index is an autocorrelated draw from the month's own
distribution; within a day the index wanders as the day's class of cloudiness says. The same seed gives
the same days in every calendar year.
"""

from collections.abc import Callable
from itertools import accumulate
from typing import Annotated, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from parkdispatch.models.device import Array, Fraction, Positive
from parkdispatch.models.errors import InputError
from parkdispatch.models.site import Site
from parkdispatch.models.weather.pv_chain import (
    Decomposition,
    clear_sky,
    decompose,
    extraterrestrial,
    sun_position,
)

COLUMNS = ("ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2", "temp_air_c", "wind_speed_m_per_s")
QUARTER = pd.Timedelta(minutes=15)
ENHANCEMENT = 1.2  # [-] highest 15-minute GHI over clear sky at cloud edges (assumption)
TRANSMITTANCE = 0.9  # [-] and over the horizontal extraterrestrial irradiance (assumption)
DARKEST = 0.02  # [-] lowest clear-sky index under the heaviest cloud (assumption)
EDGE = 0.5  # [-] how much of an index above one is kept: enhancement at cloud edges is rare (assumption)
TAIL = 0.7  # [-] how far the darkest tenth of days reaches from its upper end towards zero (assumption)
SPELL_MINUTES = 120.0  # memory of calm and broken spells (assumption)
Z90 = 1.2815515655446004  # [-] normal score of the ninth decile
SUNNY_RANGE = 0.73  # [-] part of a day's temperature range that follows its sun; hourly Nanchang TMYx record
COLDEST_HOUR, WARMEST_HOUR = 6.0, 15.0  # [h] local; hourly Nanchang TMYx record

Celsius = Annotated[float, Field(ge=-60, le=60)]
Wind = Annotated[float, Field(ge=0, le=75)]
Index = Annotated[float, Field(gt=0, le=1.1)]
Twelve = Annotated[tuple[Positive, ...], Field(min_length=12, max_length=12)]
TwelveIndex = Annotated[tuple[Index, ...], Field(min_length=12, max_length=12)]
TwelveCelsius = Annotated[tuple[Celsius, ...], Field(min_length=12, max_length=12)]
TwelveWind = Annotated[tuple[Wind, ...], Field(min_length=12, max_length=12)]
Five = Annotated[tuple[Positive, ...], Field(min_length=5, max_length=5)]


class Climate(BaseModel):
    """Statistics of a climate, January first. Every number is data; its source belongs beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    annual_ghi_mj_per_m2: Positive  # the year's sum is exactly this
    daily_ghi_wh_per_m2: Twelve  # mean of a day by month; gives the shape of the year
    clear_index_p10: TwelveIndex  # daily clear-sky index that a tenth of the days stay below
    clear_index_p50: TwelveIndex
    clear_index_p90: TwelveIndex
    temp_mean_c: TwelveCelsius
    temp_min_c: TwelveCelsius  # mean of the days' minima
    temp_max_c: TwelveCelsius  # mean of the days' maxima
    wind_speed_m_per_s: TwelveWind  # at 10 m
    day_correlation: Fraction  # of the daily clear-sky index with the day before
    day_class_below: Annotated[tuple[Positive, ...], Field(min_length=4, max_length=4)]  # upper class edges
    step_std: Five  # 15-minute step of the clear-sky index, by class of day
    deviation_std: Five  # deviation of the clear-sky index from the day's mean, by class
    correlation_15min: Fraction  # of that deviation, after 15 minutes
    correlation_60min: Fraction  # after an hour
    intermittency: Annotated[float, Field(ge=0, le=1.5)]  # ln-spread of calm against broken spells
    decomposition: Decomposition = "erbs_driesse"  # how GHI is split into beam and diffuse
    seed: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        wrong = []
        for m in range(12):
            low, middle, high = self.clear_index_p10[m], self.clear_index_p50[m], self.clear_index_p90[m]
            if not low < middle < high:
                wrong.append(
                    f"month {m + 1}: clear_index p10 < p50 < p90 needed, got {low}, {middle}, {high}"
                )
            cold, mean, warm = self.temp_min_c[m], self.temp_mean_c[m], self.temp_max_c[m]
            if not cold <= mean <= warm:
                wrong.append(f"month {m + 1}: temp_min <= mean <= max needed, got {cold}, {mean}, {warm}")
        if list(self.day_class_below) != sorted(set(self.day_class_below)):
            wrong.append(f"day_class_below must ascend, got {self.day_class_below}")
        if not 0 < self.correlation_60min <= self.correlation_15min:
            wrong.append("0 < correlation_60min <= correlation_15min needed")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


def representative_year(climate: Climate, site: Site, year: int, minutes: int = 15) -> pd.DataFrame:
    """Make the year's weather at interval starts in local standard time.

    Returns the columns of `COLUMNS`, shape (intervals of the year, 5): interval means, W/m2, degC and
    m/s. The GHI sums to `annual_ghi_mj_per_m2`, is zero at night, and stays below 1.2 times clear sky
    and 0.9 times extraterrestrial. Raises `InputError` if `minutes` does not divide an hour or the
    climate asks for more sun than a cloudless sky gives.
    """
    if minutes < 1 or 60 % minutes:
        raise InputError(f"minutes = {minutes}: must divide 60")
    times = pd.date_range(f"{year}-01-01", f"{year + 1}-01-01", freq=f"{minutes}min", inclusive="left")
    per_day = 24 * 60 // minutes
    sun = sun_position(times, site, minutes)
    clear = clear_sky(sun, site)["ghi"].to_numpy(np.float64).reshape(-1, per_day)
    cosine = np.cos(np.radians(sun["zenith"].to_numpy(np.float64)))
    cap = TRANSMITTANCE * extraterrestrial(sun) * np.maximum(cosine, 0.0)
    cap = np.minimum(ENHANCEMENT * clear, cap.reshape(clear.shape))
    month = times[::per_day].month.to_numpy() - 1
    # Drawn for a leap year and read by month and day, so that 29 February shifts no later day.
    calendar = pd.DatetimeIndex(pd.date_range("2000-01-01", "2000-12-31"))
    kept = np.ones(366, dtype=bool) if len(month) == 366 else ~((calendar.month == 2) & (calendar.day == 29))

    random = np.random.Generator(np.random.PCG64(climate.seed))
    level = _autoregressive(random, 366, climate.day_correlation)[kept]
    noises = [
        noise.reshape(366, per_day)[kept] for noise in _deviations(random, climate, minutes, 366 * per_day)
    ]
    monthly = np.asarray(climate.daily_ghi_wh_per_m2) * np.bincount(month)
    total = climate.annual_ghi_mj_per_m2 * 1e6 / (60.0 * minutes)  # sum of W/m2 over the intervals
    daily = _daily_index(climate, level, clear.sum(axis=1), month, monthly * (total / monthly.sum()))
    ghi = _within_days(climate, daily, noises, clear, cap).ravel()
    ghi *= total / ghi.sum()  # one, but for rounding
    dni, dhi = decompose(ghi, sun, climate.decomposition)
    temp, wind = _air(climate, daily, month, per_day)
    return pd.DataFrame(dict(zip(COLUMNS, (ghi, dni, dhi, temp, wind), strict=True)), index=times)


def _autoregressive(random: np.random.Generator, size: int, correlation: float) -> Array:
    """Standard normal values, each correlated with the one before, shape (size,)."""
    fresh = random.standard_normal(size)
    fresh[1:] *= np.sqrt(1.0 - correlation**2)
    # a plain recursion: importing scipy.signal for it would take a hundred times as long
    kept = accumulate(fresh.tolist(), lambda before, new: correlation * before + new)
    return np.fromiter(kept, dtype=np.float64, count=size)


def _deviations(random: np.random.Generator, climate: Climate, minutes: int, size: int) -> list[Array]:
    """Slow and white deviations from the day's mean, both of mean square one, shape (size,).

    The slow part decays as the two given correlations say. A slowly changing log-normal scale makes
    calm and broken spells: measured steps have a small median and a long tail that a Gaussian misses.
    """
    decay = (climate.correlation_60min / climate.correlation_15min) ** (minutes / 45.0)
    slow, white = _autoregressive(random, size, decay), random.standard_normal(size)
    spell = _autoregressive(random, size, float(np.exp(-minutes / SPELL_MINUTES)))
    scale = np.exp(climate.intermittency * spell - climate.intermittency**2)
    return [slow * scale, white * scale]


def _daily_index(climate: Climate, level: Array, clear: Array, month: np.ndarray, wanted: Array) -> Array:
    """Daily clear-sky index, shape (days,), so that every month gets its energy.

    The quantile curve of the month is kept; the draw is shifted along it. So a month with less sun
    than its quantiles say gets more cloudy days, not dimmer clear ones.
    """
    deciles = (climate.clear_index_p10, climate.clear_index_p50, climate.clear_index_p90)
    low, middle, high = (np.asarray(decile)[month] for decile in deciles)

    def index(shift: Array) -> Array:
        score = np.clip(level + shift[month], -2 * Z90, 2 * Z90) / Z90
        inner = np.where(score < 0, middle + score * (middle - low), middle + score * (high - middle))
        below = low * (1.0 - TAIL * (-score - 1.0))  # the darkest tenth: towards, never to, zero
        above = high + 0.05 * (score - 1.0)  # the brightest tenth: hardly above the ninth
        return np.asarray(np.where(score < -1, below, np.where(score > 1, above, inner)), dtype=np.float64)

    def energy(shift: Array) -> Array:
        return np.asarray(np.bincount(month, index(shift) * clear, minlength=12), dtype=np.float64)

    found = _bisect(energy, wanted, bound=8.0, rounds=60)
    got = energy(found)
    wrong = [
        f"climate.daily_ghi_wh_per_m2, month {m + 1}: {wanted[m] / max(got[m], 1e-9):.3f} times what the "
        "clear-sky index quantiles can give here; lower the month's or the year's GHI, or check the site"
        for m in np.flatnonzero(abs(got - wanted) > 1e-6 * wanted)
    ]
    if wrong:
        raise InputError(wrong)
    return index(found)


def _bisect(rising: Callable[[Array], Array], wanted: Array, bound: float, rounds: int) -> Array:
    """Where each element of a rising function within +-bound reaches what is wanted."""
    bottom, top = np.full(len(wanted), -bound), np.full(len(wanted), bound)
    for _ in range(rounds):
        middle = (bottom + top) / 2
        less = rising(middle) < wanted
        bottom, top = np.where(less, middle, bottom), np.where(less, top, middle)
    return np.asarray((bottom + top) / 2, dtype=np.float64)


def _within_days(climate: Climate, daily: Array, noises: list[Array], clear: Array, cap: Array) -> Array:
    """GHI [W/m2], shape (days, steps), keeping each day's energy within the cap.

    The mixture of the noises follows from step and deviation of the day's class; their strength is
    raised until the index, after clouds and the cap have cut it, deviates as the class says.
    """
    group = np.digitize(daily, climate.day_class_below)
    wanted_std, step_std = np.asarray(climate.deviation_std), np.asarray(climate.step_std)
    decay = (climate.correlation_60min / climate.correlation_15min) ** (1.0 / 3.0)
    share = np.clip((1.0 - step_std**2 / (2.0 * wanted_std**2)) / decay, 0.0, 1.0)[group][:, None]
    wander = np.sqrt(share) * noises[0] + np.sqrt(1.0 - share) * noises[1]
    high = clear > 0.2 * clear.max(axis=1, keepdims=True)
    count = np.maximum(high.sum(axis=1), 1)
    strength = wanted_std.copy()
    for _ in range(4):
        ghi = _with_energy(daily, strength[group][:, None] * wander, clear, cap, rounds=20)
        index = np.divide(ghi, clear, out=np.zeros_like(ghi), where=high)
        square = (high * (index - (index.sum(axis=1) / count)[:, None]) ** 2).sum(axis=1)
        for c in np.unique(group):
            found = float(np.sqrt(square[group == c].sum() / count[group == c].sum()))
            strength[c] = min(strength[c] * wanted_std[c] / max(found, 1e-9), 3.0 * wanted_std[c])
    return _with_energy(daily, strength[group][:, None] * wander, clear, cap, rounds=50)


def _with_energy(daily: Array, wander: Array, clear: Array, cap: Array, rounds: int) -> Array:
    """GHI [W/m2] whose daily sums are those of `daily`: the wander of a day is shifted until they are."""

    def ghi(shift: Array) -> Array:
        index = np.maximum(daily[:, None] + wander + shift[:, None], DARKEST)
        index = np.where(index > 1.0, 1.0 + EDGE * (index - 1.0), index)
        return np.asarray(np.minimum(index * clear, cap), dtype=np.float64)

    wanted = daily * clear.sum(axis=1)
    return ghi(_bisect(lambda shift: ghi(shift).sum(axis=1), wanted, bound=4.0, rounds=rounds))


def _smooth(monthly: Array, month: np.ndarray) -> Array:
    """Daily values, shape (days,), linear between mid-months, with exactly the given monthly means."""
    days = np.bincount(month, minlength=12)
    middle = np.cumsum(days) - days / 2.0
    weights = np.stack(  # of each month's anchor on each day, January following December
        [np.interp(np.arange(len(month)) + 0.5, middle, row, period=len(month)) for row in np.eye(12)], axis=1
    )
    means = np.stack([weights[month == m].mean(axis=0) for m in range(12)])
    return np.asarray(weights @ np.linalg.solve(means, monthly), dtype=np.float64)


def _air(climate: Climate, daily: Array, month: np.ndarray, per_day: int) -> tuple[Array, Array]:
    """Air temperature [degC] and wind [m/s], each of shape (intervals,).

    The day's temperature range follows its clear-sky index, so noon is hot when the sun shines, and
    keeps the month's mean range; wind is the month's mean, without gusts.
    """
    hour = (np.arange(per_day) + 0.5) * 24.0 / per_day
    rise, fall = WARMEST_HOUR - COLDEST_HOUR, 24.0 - (WARMEST_HOUR - COLDEST_HOUR)
    since = (hour - COLDEST_HOUR) % 24.0
    shape = np.where(since < rise, -np.cos(np.pi * since / rise), np.cos(np.pi * (since - rise) / fall)) / 2.0
    shape -= shape.mean()
    sunny = daily / (np.bincount(month, daily, minlength=12) / np.bincount(month, minlength=12))[month]
    span = _smooth(np.asarray(climate.temp_max_c) - np.asarray(climate.temp_min_c), month)
    span *= 1.0 - SUNNY_RANGE + SUNNY_RANGE * sunny
    temp = _smooth(np.asarray(climate.temp_mean_c), month)[:, None] + span[:, None] * shape
    wind = np.maximum(_smooth(np.asarray(climate.wind_speed_m_per_s), month), 0.0)
    return temp.ravel(), np.repeat(wind, per_day)


def to_quarters(values: pd.DataFrame, site: Site, times: pd.DatetimeIndex) -> pd.DataFrame:
    """Bring hourly means to quarter-hours that follow the sun and keep each hour's mean.

    `values` is indexed by consecutive local standard starts of hours, at any multiple of five minutes
    past the hour, and has `ghi` and optionally `dhi` or `dni` [W/m2], `temp_air`, `wind_speed`. The
    clear-sky index is interpolated between hours, multiplied by the finer clear sky and rescaled in
    each hour; the diffuse fraction is constant within an hour; air and wind are linear between the
    middles of hours. Hours are cut finer than a quarter where they do not start on one. Returns `ghi`,
    `dhi` if either part was given, `temp_air` and `wind_speed` at `times`.
    """
    index = pd.DatetimeIndex(values.index)
    step = int(np.gcd.reduce([15, *(index[:1].minute.to_numpy() % 15)]))
    per_hour = 60 // step
    fine = pd.date_range(index[0], periods=len(index) * per_hour, freq=f"{step}min")
    sun = sun_position(fine, site, step)
    cosine = np.maximum(np.cos(np.radians(sun["zenith"].to_numpy(np.float64))), 0.0).reshape(-1, per_hour)
    clear = clear_sky(sun, site)["ghi"].to_numpy(np.float64).reshape(-1, per_hour)
    hour = values["ghi"].to_numpy(np.float64)
    middle = np.arange(len(hour)) + 0.5
    at = (np.arange(len(fine)) + 0.5) / per_hour

    mean = clear.mean(axis=1)
    lit = mean > 5.0  # W/m2: below, an index means nothing
    index_at = np.zeros(len(fine))
    if lit.any():
        index_at = np.interp(at, middle[lit], np.clip(hour[lit] / mean[lit], 0.0, 1.5))
    shape = index_at.reshape(clear.shape) * clear
    # More energy than the clear sky has room for: spread it by the height of the sun, in the dark evenly.
    odd = hour > 2.0 * shape.mean(axis=1)
    shape[odd] = np.where(cosine[odd].any(axis=1, keepdims=True), cosine[odd], 1.0)
    total = shape.mean(axis=1)
    scale = np.divide(hour, total, out=np.zeros_like(hour), where=total > 0)
    parts = {"ghi": (shape * scale[:, None]).ravel()}
    diffuse = None
    if "dhi" in values:
        diffuse = values["dhi"].to_numpy(np.float64)
    elif "dni" in values:
        diffuse = hour - values["dni"].to_numpy(np.float64) * cosine.mean(axis=1)
    if diffuse is not None:
        share = np.divide(diffuse, hour, out=np.ones_like(hour), where=hour > 0)
        parts["dhi"] = parts["ghi"] * np.repeat(np.clip(share, 0.0, 1.0), per_hour)
    for name in ("temp_air", "wind_speed"):
        parts[name] = np.interp(at, middle, values[name].to_numpy(np.float64))
    first, groups = int((times[0] - fine[0]) / pd.Timedelta(minutes=step)), 15 // step
    span = slice(first, first + len(times) * groups)
    means = {name: part[span].reshape(-1, groups).mean(axis=1) for name, part in parts.items()}
    return pd.DataFrame(means, index=times)
