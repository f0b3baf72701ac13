"""Whether the times of a weather file agree with the sun at the site."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from parkdispatch.inputs.series.text_tables import row_problems
from parkdispatch.models.device import Array
from parkdispatch.models.site import Site
from parkdispatch.models.weather.sky import sun_position

DEG_PER_HOUR = 15.0  # the sun's fastest change of height
TWILIGHT_DEG = 2.0  # below the horizon, where light is negligible
DARK_GHI_W_PER_M2 = 20.0  # more than the offset of an instrument at night
LEAST_DAYS = 180  # of a record, over which clouds before and after noon cancel
LARGEST_SHIFT_HOURS = 0.75  # of the mean day's centre of light; measured records of China are within 0.45 h
CLOCK = "are the times starts of intervals in local standard time without summer time, or with an offset?"


def clock_problems(name: str, ghi: pd.Series, lines: Sequence[int], hours: float, site: Site) -> list[str]:
    """Light while the sun is below the horizon, or a mean day that is centred at another hour than the sun.

    `ghi` [W/m2] is indexed by the starts of its intervals of `hours` in local standard time.
    """
    times = pd.DatetimeIndex(ghi.index)
    zenith_deg = sun_position(times, site, hours * 60)["zenith"].to_numpy(np.float64)
    light = ghi.to_numpy(np.float64)
    dark = (zenith_deg > 90.0 + TWILIGHT_DEG + DEG_PER_HOUR * hours / 2) & (light > DARK_GHI_W_PER_M2)
    shown = np.full(len(times), "", dtype=object)
    shown[dark] = [
        f"{value:.15g} at {t:%Y-%m-%d %H:%M}" for value, t in zip(light[dark], times[dark], strict=True)
    ]
    allowed = f"must be {DARK_GHI_W_PER_M2:.15g} W/m2 or less, because the sun is below the horizon; {CLOCK}"
    problems = row_problems(name, dark, lines, shown, "ghi", allowed)
    if len(times) * hours >= 24 * LEAST_DAYS:
        sun = np.maximum(np.cos(np.radians(zenith_deg)), 0.0)
        hour = ((times - times.normalize()) / pd.Timedelta(hours=1)).to_numpy(np.float64) + hours / 2
        shift = (_centre(light, hour) - _centre(sun, hour) + 12.0) % 24.0 - 12.0
        if abs(shift) > LARGEST_SHIFT_HOURS:
            problems.append(
                f"{name}: the light of the mean day is centred {abs(shift):.1f} h"
                f" {'after' if shift > 0 else 'before'} the sun at the site: must be within"
                f" {LARGEST_SHIFT_HOURS:.15g} h; {CLOCK}"
            )
    return problems


def _centre(weight: Array, hour: Array) -> float:
    """Weighted mean of the hours of the day on the circle of 24 hours; noon without any weight."""
    resultant = complex(weight @ np.exp(2j * np.pi * hour / 24.0))
    return float(np.angle(resultant)) * 12.0 / np.pi % 24.0 if resultant else 12.0
