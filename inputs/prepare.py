"""From a checked case to numbers on a horizon: every series of every device, checked once more."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

import numpy as np
import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.validation import named
from parkdispatch.inputs.schema.case_file import WeatherFile
from parkdispatch.inputs.series.series_file import read_series
from parkdispatch.models.device import Array, Device, Park
from parkdispatch.models.errors import InputError
from parkdispatch.models.site import Site
from parkdispatch.models.tariff.tariff import UnpricedError
from parkdispatch.models.weather.representative_year import Climate, representative_year


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
            f"argument `day` = {day}: must lie in {case.calendar.year}, the year of the case {case.name}"
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
        try:
            return read_weather_of(case, times)
        except InputError as error:
            raise _WeatherError(error.problems) from None

    park = Park(times, hours, case.site, case.tariff, weather)
    problems: list[str] = []
    series: dict[tuple[str, str], Array] = {}
    for name, device in case.devices.items():
        files = {s: case.series[name, s] for s in device.series_specs if (name, s) in case.series}
        made: Mapping[str, Array] = {}
        if len(files) < len(device.series_specs):  # else nothing is made: a forecast of PV needs no weather
            try:
                made = device.series(park)
            except (_WeatherError, UnpricedError) as error:
                problems += error.problems
            except InputError as error:
                problems += [f"`device.{name}`: {line}" for line in error.problems]
        found = {key: array for key, array in made.items() if key not in files}
        for key, file in files.items():
            path = file.path(case.folder)
            try:
                found[key] = read_series(path, device.series_specs[key], times, hours, file.column)
            except InputError as error:
                problems += named(f'series."{name}.{key}".file', path, error.problems)
        problems += _unsound(name, device, found, times)
        series |= {(name, key): array for key, array in found.items()}
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return Prepared(case, times, hours, series)


def read_weather_of(case: Case, times: pd.DatetimeIndex) -> pd.DataFrame:
    """The case's weather at `times`, in the columns of `representative_year.COLUMNS`.

    Raises InputError with everything that is wrong with it.
    """
    year, minutes = case.calendar.year, case.calendar.minutes
    if isinstance(case.weather, WeatherFile):
        return _read_weather(case, case.weather, times)
    if isinstance(case.weather, Climate):
        try:
            return _made_year(case.weather, case.site, year, minutes).loc[times]
        except InputError as error:
            lines = [re.sub(r"^climate\.(\w+)", r"`weather.\1`", line) for line in error.problems]
            raise InputError(lines) from None
    raise InputError("`weather` is missing: must be given, statistics of a climate or a file")


def _read_weather(case: Case, weather: WeatherFile, times: pd.DatetimeIndex) -> pd.DataFrame:
    """Weather files are read by quarter-hours; longer intervals get the mean of theirs."""
    from parkdispatch.inputs.weather.weather_files import read_weather

    pieces, rest = divmod(case.calendar.minutes, 15)
    if rest:
        raise InputError(
            f"`calendar.minutes` = {case.calendar.minutes}: must be 15, 30 or 60, because `weather.file`"
            " is read by quarter-hours"
        )
    path = weather.path(case.folder)
    quarters = pd.DatetimeIndex(
        times.repeat(pieces) + pd.to_timedelta(15 * np.tile(np.arange(pieces), len(times)), "min")
    )
    try:
        found = read_weather(path, case.site, quarters, weather.typical)
    except InputError as error:
        raise InputError(named("weather.file", path, error.problems)) from None
    means = found.to_numpy().reshape(len(times), pieces, -1).mean(axis=1)
    return pd.DataFrame(means, columns=found.columns, index=times)


@lru_cache(maxsize=4)
def _made_year(climate: Climate, site: Site, year: int, minutes: int) -> pd.DataFrame:
    """The representative year; a plan asks for its day and for its month, a study for it many times."""
    return representative_year(climate, site, year, minutes)


class _WeatherError(InputError):
    """The weather is at fault, not the device that asked for it."""


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
