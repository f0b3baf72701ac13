"""Weather of a climate and the series that devices make of weather, kept from one process to the next.

They follow from the case alone, take most of the time of reading one, and need pvlib, whose import takes
longer than the dispatch of a day. A series is kept for the very times it was computed at: the last bits of a
day alone and of the same day within its year differ, because solvers of equations stop when all intervals
have converged.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import pandas as pd

from parkdispatch.inputs.cache.array_cache import kept
from parkdispatch.inputs.cache.cache_folder import cache_folder
from parkdispatch.inputs.cache.keys import declaration, digest, program_digest
from parkdispatch.inputs.case import Case
from parkdispatch.inputs.schema.case_file import WeatherFile
from parkdispatch.inputs.user_files import read_bytes
from parkdispatch.models.device import Array, Device, Park
from parkdispatch.models.errors import InputError
from parkdispatch.models.registry import is_built_in
from parkdispatch.models.site import Site
from parkdispatch.models.weather.climate import Climate
from parkdispatch.models.weather.representative_year import representative_year

LAYERS = ("models", "inputs")
LIBRARIES = ("numpy", "pandas", "scipy", "pvlib", "h5py")


def device_series(case: Case, device: Device, park: Park) -> Mapping[str, Array]:
    """The series of a device at `park.times`, kept where it computes them from the weather.

    Raises InputError as `device.series` does. A device of the user's own is computed each time, because the
    program cannot tell when its code changes.
    """
    if not device.needs_weather or not is_built_in(device) or case.weather is None or cache_folder() is None:
        return device.series(park)
    try:
        key = _series_key(case, device, park)
    except (
        InputError
    ):  # of a weather file that cannot be read: the device's own reading says where it is named
        return device.series(park)
    return kept(key, lambda: device.series(park))


def climate_year(climate: Climate, site: Site, year: int, minutes: int) -> pd.DataFrame:
    """The representative year of a climate, kept. Raises InputError as `representative_year` does."""

    def compute() -> Mapping[str, Array]:
        weather = representative_year(climate, site, year, minutes)
        return {str(name): weather[name].to_numpy() for name in weather}

    if cache_folder() is None:
        return representative_year(climate, site, year, minutes)
    about = ["climate year", climate.model_dump(mode="json"), site.model_dump(mode="json"), year, minutes]
    arrays = kept(_key(about), compute)
    times = pd.date_range(f"{year}-01-01", f"{year + 1}-01-01", freq=f"{minutes}min", inclusive="left")
    return pd.DataFrame(dict(arrays), index=times)


def _series_key(case: Case, device: Device, park: Park) -> str:
    weather: Any = None if case.weather is None else case.weather.model_dump(mode="json")
    if isinstance(case.weather, WeatherFile):
        content = read_bytes(case.weather.path(case.folder))
        weather = [weather, hashlib.sha256(content).hexdigest()]
    return _key(
        [
            "device series",
            declaration(device),
            weather,
            park.site.model_dump(mode="json"),
            park.tariff.model_dump(mode="json"),
            case.calendar.year,
            case.calendar.minutes,
            park.hours,
            hashlib.sha256(park.times.to_numpy("datetime64[ns]").tobytes()).hexdigest(),
        ]
    )


def _key(about: Any) -> str:
    return digest([about, program_digest(LAYERS, LIBRARIES)])
