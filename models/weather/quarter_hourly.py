"""Downscaling of hourly weather to quarter-hours along the clear-sky profile."""

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.models.site import Site
from parkdispatch.models.weather.sky import clear_sky, sun_position

QUARTER = pd.Timedelta(minutes=15)
MIN_CLEAR_W_PER_M2 = 5.0  # hourly clear-sky GHI below which a clear-sky index is meaningless
MAX_CLEAR_INDEX = 1.5  # [-] larger hourly indices are clipped before interpolation


def quarter_hourly_weather(hourly: pd.DataFrame, site: Site, times: pd.DatetimeIndex) -> pd.DataFrame:
    """Downscale hourly means to quarter-hours that follow the sun and keep each hour's mean.

    `hourly` is indexed by consecutive starts of hours in local standard time, at any multiple of five minutes
    past the hour, and has `ghi` and optionally `dhi` or `dni` [W/m2], `temp_air`, `wind_speed`. The diffuse
    fraction is constant within an hour; temperature and wind speed are linear between the middles of hours.
    Where hours do not start on a quarter-hour they are divided more finely first. Returns `ghi`, `dhi` if
    either component was given, `temp_air` and `wind_speed` at `times`.
    """
    index = pd.DatetimeIndex(hourly.index)
    step = int(np.gcd.reduce([15, *(index[:1].minute.to_numpy() % 15)]))
    per_hour = 60 // step
    fine_times = pd.date_range(index[0], periods=len(index) * per_hour, freq=f"{step}min")
    sun = sun_position(fine_times, site, step)
    cosine = np.maximum(np.cos(np.radians(sun["zenith"].to_numpy(np.float64))), 0.0).reshape(-1, per_hour)
    clear = clear_sky(sun, site)["ghi"].to_numpy(np.float64).reshape(-1, per_hour)
    ghi = hourly["ghi"].to_numpy(np.float64)
    hour_middles = np.arange(len(ghi), dtype=np.float64) + 0.5
    positions = (np.arange(len(fine_times), dtype=np.float64) + 0.5) / per_hour  # in hours since the first

    fine = {"ghi": _fine_ghi(ghi, clear, cosine, hour_middles, positions)}
    diffuse = None
    if "dhi" in hourly:
        diffuse = hourly["dhi"].to_numpy(np.float64)
    elif "dni" in hourly:
        diffuse = ghi - hourly["dni"].to_numpy(np.float64) * cosine.mean(axis=1)
    if diffuse is not None:
        fraction = np.divide(diffuse, ghi, out=np.ones_like(ghi), where=ghi > 0)
        fine["dhi"] = fine["ghi"] * np.repeat(np.clip(fraction, 0.0, 1.0), per_hour)
    for name in ("temp_air", "wind_speed"):
        fine[name] = np.interp(positions, hour_middles, hourly[name].to_numpy(np.float64))
    first, per_quarter = int((times[0] - fine_times[0]) / pd.Timedelta(minutes=step)), 15 // step
    span = slice(first, first + len(times) * per_quarter)
    means = {name: values[span].reshape(-1, per_quarter).mean(axis=1) for name, values in fine.items()}
    return pd.DataFrame(means, index=times)


def _fine_ghi(ghi: Array, clear: Array, cosine: Array, hour_middles: Array, positions: Array) -> Array:
    """GHI [W/m2] of the finer intervals, with each hour's mean, shape (hours x intervals per hour,).

    The clear-sky index is interpolated between the middles of hours, multiplied by the clear sky of the finer
    intervals and rescaled in each hour. `clear` and `cosine`, of the zenith angle, have shape (hours,
    intervals per hour).
    """
    mean = clear.mean(axis=1)
    lit = mean > MIN_CLEAR_W_PER_M2
    fine_index = np.zeros(len(positions))
    if lit.any():
        hourly_index = np.clip(ghi[lit] / mean[lit], 0.0, MAX_CLEAR_INDEX)
        fine_index = np.interp(positions, hour_middles[lit], hourly_index)
    shape = fine_index.reshape(clear.shape) * clear
    # An hour with more energy than the clear sky has room for follows the height of the sun; at night, it is
    # constant.
    excessive = ghi > 2.0 * shape.mean(axis=1)
    shape[excessive] = np.where(cosine[excessive].any(axis=1, keepdims=True), cosine[excessive], 1.0)
    total = shape.mean(axis=1)
    scale = np.divide(ghi, total, out=np.zeros_like(ghi), where=total > 0)
    return np.asarray((shape * scale[:, None]).ravel(), dtype=np.float64)
