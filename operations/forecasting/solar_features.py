"""The physical part of a PV forecast: irradiance under a clear sky, by pvlib.

A PV forecast is one of the clear-sky index: power divided by what the plant would give under a clear sky.
"""

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.models.site import Site
from parkdispatch.models.weather.sky import sun_position

LEAST_SUN = 20.0  # [W/m2] clear-sky irradiance below which a plant gives nothing worth a forecast


def clear_sky(times: pd.DatetimeIndex, site: Site, minutes: float) -> tuple[Array, Array, Array]:
    """Clear-sky global horizontal irradiance [W/m2], elevation and azimuth [deg] of the sun at `times`.

    Haurwitz (1945) from the apparent zenith alone: trees learn the rest, the slope of the modules too.
    """
    from pvlib import clearsky

    parts = []
    for year in sorted(set(times.year)):  # the offset of the zone is looked up year by year
        parts.append(sun_position(times[times.year == year], site, minutes))
    sun = pd.concat(parts)
    ghi = clearsky.haurwitz(sun["apparent_zenith"])["ghi"].to_numpy(dtype=np.float64)
    return ghi, sun["apparent_elevation"].to_numpy(np.float64), sun["azimuth"].to_numpy(np.float64)
