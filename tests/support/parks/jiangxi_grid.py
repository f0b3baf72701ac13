"""A connection of 110 kV at the prices of Jiangxi, and a park of nothing else for it."""

from typing import Any

import pandas as pd

from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.models.device import Park
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.site import Site

JIANGXI = read_tariff("jiangxi-2026")


def no_weather() -> pd.DataFrame:
    """Nothing: a grid that asks for weather is wrong."""
    raise AssertionError("a grid needs no weather")


def park(times: pd.DatetimeIndex, hours: float = 0.25) -> Park:
    """What a grid may know of its park."""
    site = Site(latitude_deg=28.4, longitude_deg=115.4)
    return Park(times=times, hours=hours, site=site, tariff=JIANGXI, weather=no_weather)


def grid(**changes: Any) -> Grid:
    """The connection, 100 MW in and 50 MW out, with other fields."""
    given = {"voltage_kv_level": "110kV", "import_limit_mw": 100, "export_limit_mw": 50}
    return Grid.model_validate(given | changes)
