"""What a plant cannot give: more than its modules and inverters, or anything while the sun is down."""

import numpy as np

from parkdispatch.models.device import Array, Park
from parkdispatch.models.weather.sky import sun_position

BRIGHTEST = 1.3  # [-] of rated DC power: cloud edges bring 1.5 kW/m2, less the losses of any chain
TOLERANCE = 1.02  # of the rating, for the error of a meter
TWILIGHT_DEG = 2.0  # below the horizon, where light is negligible
DARK_SHARE = 0.001  # of the rating: the noise of a meter
DEG_PER_HOUR = 15.0  # the sun's fastest change of height


def impossible_power(available_mw: Array, largest_mw: float, park: Park) -> list[str]:
    """Problems of a given series of AC power [MW] that no plant of this rating has, at `park.times`."""
    sun_deg = 90.0 - sun_position(park.times, park.site, park.hours * 60)["zenith"].to_numpy(np.float64)
    dark = sun_deg < -TWILIGHT_DEG - DEG_PER_HOUR * park.hours / 2
    problems = []
    for impossible, limit_mw, why in (
        (
            available_mw > TOLERANCE * largest_mw,
            largest_mw,
            "which modules and inverters can give (in MW, not kW)",
        ),
        (
            dark & (available_mw > DARK_SHARE * largest_mw),
            DARK_SHARE * largest_mw,
            "because the sun is below the horizon (are the times local standard time?)",
        ),
    ):
        if (positions := np.flatnonzero(impossible)).size:
            first = positions[0]
            problems.append(
                f"{available_mw[first]:.15g} at {park.times[first]:%Y-%m-%d %H:%M}: must be {limit_mw:.15g}"
                f" MW or less, {why}; {positions.size} such values"
            )
    return problems
