"""From a checked case to numbers on a horizon: every series of every device, checked once more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from inputs.case import Case, SeriesFile, WeatherFile
from inputs.series import read_series
from models.device import Array, Device, Park
from models.errors import InputError
from models.site import Site
from models.weather_year import Climate, representative_year


@dataclass(frozen=True)
class Prepared:
    """A case on a horizon. `series` maps (device, name) to an array of shape (intervals,)."""

    case: Case
    times: pd.DatetimeIndex
    hours: float
    series: Mapping[tuple[str, str], Array]

    def of(self, case: Case) -> "Prepared":
        """The same numbers for a case with fewer devices."""
        kept = {key: array for key, array in self.series.items() if key[0] in case.devices}
        return Prepared(case, self.times, self.hours, kept)


def year_times(case: Case) -> pd.DatetimeIndex:
    """Starts of all intervals of the case's year."""
    return _times(case, date(case.calendar.year, 1, 1), date(case.calendar.year, 12, 31))


def day_times(case: Case, day: date) -> pd.DatetimeIndex:
    """Starts of the intervals of one day. Raises InputError outside the case's year."""
    if day.year != case.calendar.year:
        raise InputError(
            f"`--date` = {day}: must lie in {case.calendar.year}, the year of the case {case.name}"
        )
    return _times(case, day, day)


def month_times(case: Case, day: date) -> pd.DatetimeIndex:
    """Starts of the intervals of the month of a day."""
    first = pd.Timestamp(day).replace(day=1)
    return _times(case, first.date(), (first + pd.offsets.MonthEnd(0)).date())


def _times(case: Case, first: date, last: date) -> pd.DatetimeIndex:
    end = pd.Timestamp(last) + pd.Timedelta(days=1)
    return pd.date_range(first, end, freq=f"{case.calendar.minutes}min", inclusive="left")


def prepare(case: Case, times: pd.DatetimeIndex) -> Prepared:
    """Make or read every series at `times`. Raises InputError with everything that is wrong with them."""
    hours = case.calendar.hours

    @cache
    def weather() -> pd.DataFrame:
        return read_weather_of(case, times)

    park = Park(times, hours, case.site, case.tariff, weather)
    problems: list[str] = []
    series: dict[tuple[str, str], Array] = {}
    for name, device in case.devices.items():
        files = {s: case.series[name, s] for s in device.series_specs if (name, s) in case.series}
        try:
            # where every series is read, nothing is made: a forecast of PV needs no weather
            made = device.series(park) if len(files) < len(device.series_specs) else {}
        except InputError as error:
            problems += [f"`device.{name}`: {line}" for line in error.problems]
            continue
        found = {key: array for key, array in made.items() if key not in files}
        for key, file in files.items():
            try:
                spec = device.series_specs[key]
                found[key] = read_series(_path(case, file), spec, times, hours, file.column)
            except InputError as error:
                problems += error.problems
        problems += _unsound(name, device, found, times)
        series |= {(name, key): array for key, array in found.items()}
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return Prepared(case, times, hours, series)


def read_weather_of(case: Case, times: pd.DatetimeIndex) -> pd.DataFrame:
    """The case's weather at `times`, in the columns of `models.weather_year.COLUMNS`."""
    if isinstance(case.weather, WeatherFile):
        from inputs.weather import read_weather

        return read_weather(
            case.folder / Path(case.weather.file).expanduser(), case.site, times, case.weather.typical
        )
    if isinstance(case.weather, Climate):
        return _made_year(case.weather, case.site, case.calendar.year, case.calendar.minutes).loc[times]
    raise InputError(f"case {case.name}: `weather` is missing")


@lru_cache(maxsize=4)
def _made_year(climate: Climate, site: Site, year: int, minutes: int) -> pd.DataFrame:
    """The representative year; a plan asks for its day and for its month, a study for it many times."""
    return representative_year(climate, site, year, minutes)


def _path(case: Case, file: SeriesFile) -> Path:
    return case.folder / Path(file.file).expanduser()


def _unsound(name: str, device: Device, found: Mapping[str, Array], times: pd.DatetimeIndex) -> list[str]:
    """Values a device made that are missing or outside their specification."""
    problems = []
    for key, array in found.items():
        spec = device.series_specs[key]
        bad = np.flatnonzero(~((array >= spec.lower) & (array <= spec.upper) & np.isfinite(array)))
        if bad.size:
            problems.append(
                f"`{name}.{key}` = {array[bad[0]]:g} at {times[bad[0]]:%Y-%m-%d %H:%M}: must be in"
                f" [{spec.lower:g}, {spec.upper:g}] {spec.unit}; {bad.size} such values"
            )
    return problems
