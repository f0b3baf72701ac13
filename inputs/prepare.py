"""Prepare a case on a horizon: compute or read every series of every device, and check the values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache, lru_cache

import numpy as np
import pandas as pd

from parkdispatch.inputs.cache.weather_series import climate_year, device_series
from parkdispatch.inputs.case import Case
from parkdispatch.inputs.checks.computed_series import uncomputable_series
from parkdispatch.inputs.full_use_prices import (
    certain_connections,
    listed_demand_prices,
    prices_in_months,
    reduced_demand_prices,
)
from parkdispatch.inputs.schema.case_file import SeriesFile, WeatherFile
from parkdispatch.inputs.series.series_file import read_series
from parkdispatch.inputs.series.series_reading import SeriesReading
from parkdispatch.inputs.series.series_values import SeriesValues
from parkdispatch.inputs.user_files import with_field
from parkdispatch.models.device import Array, Device, Park, SeriesSpec
from parkdispatch.models.errors import InputError
from parkdispatch.models.network.declared_connection import DeclaredConnection
from parkdispatch.models.ordered_bounds import ordered_series
from parkdispatch.models.site import Site
from parkdispatch.models.tariff.tariff import UnpricedError
from parkdispatch.models.weather.climate import Climate


@dataclass(frozen=True)
class Prepared:
    """A case on a horizon. `series` maps (device, series name) to an array of shape (intervals,)."""

    case: Case
    times: pd.DatetimeIndex
    hours: float
    series: Mapping[tuple[str, str], Array]
    reads_weather: bool = True  # some series was computed from it
    # demand price of the tariff, by connection that full use may reduce, before that
    listed_demand_price: Mapping[str, Array] = field(default_factory=dict)

    def of(self, case: Case) -> "Prepared":
        """The same series for a case with fewer devices."""
        series = {key: array for key, array in self.series.items() if key[0] in case.devices}
        return replace(self, case=case, series=series)

    def with_certain_full_use(self) -> "Prepared":
        """The same with reduced demand prices in the months whose full use is certain with these devices."""
        prices = reduced_demand_prices(
            self.case, self.series, self.listed_demand_price, self.times, self.hours
        )
        return replace(self, series={**self.series, **prices})

    @property
    def in_full_use(self) -> frozenset[str]:
        """The connections whose full use is certain in all of a horizon of whole months."""
        return certain_connections(self.listed_demand_price, self.series)

    def with_full_use(self, certain: Mapping[str, frozenset[str]]) -> "Prepared":
        """The same with reduced demand prices in parts of months ("2026-03") whose full use is certain."""
        prices = prices_in_months(self.case, self.series, self.listed_demand_price, self.times, certain)
        return replace(self, series={**self.series, **prices})


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


def span_times(case: Case, begin: datetime, end: datetime) -> pd.DatetimeIndex:
    """Starts of the intervals from one moment to another, excluded; of one interval or of months.

    Raises InputError with everything that is wrong with the two: outside the case's year, between the starts
    of intervals, or within a quarter-hour, over which the demand meter averages.
    """
    year, minutes = case.calendar.year, case.calendar.minutes
    first, last = datetime(year, 1, 1), datetime(year + 1, 1, 1)
    problems = []
    for argument, moment in (("start", begin), ("until", end)):
        shown, step = f"argument `{argument}` = {moment:%Y-%m-%dT%H:%M}", max(15, minutes)
        if not first <= moment <= last or moment == {"start": last, "until": first}[argument]:
            problems.append(f"{shown}: must lie in {year}, the year of the case {case.name}")
        if (moment - first) % timedelta(minutes=step):
            problems.append(f"{shown}: must be the start of an interval: every {step} minutes from midnight")
    if end <= begin:
        problems.append(
            f"argument `until` = {end:%Y-%m-%dT%H:%M}: must lie after `start`, {begin:%Y-%m-%dT%H:%M}"
        )
    if problems:
        raise InputError(problems)
    return pd.date_range(begin, end, freq=f"{minutes}min", inclusive="left")


def month_times(case: Case, day: date) -> pd.DatetimeIndex:
    """Starts of the intervals of the month that contains a day."""
    first = pd.Timestamp(day).replace(day=1)
    return _times(case, first.date(), (first + pd.offsets.MonthEnd(0)).date())


def _times(case: Case, first: date, last: date) -> pd.DatetimeIndex:
    end = pd.Timestamp(last) + pd.Timedelta(days=1)
    return pd.date_range(first, end, freq=f"{case.calendar.minutes}min", inclusive="left")


def prepare(case: Case, times: pd.DatetimeIndex) -> Prepared:
    """Compute or read every series of every device at `times`. Raises InputError with all problems."""
    hours = case.calendar.hours
    case = under_tariff(case)

    @cache
    def weather() -> pd.DataFrame:
        try:
            return read_weather_of(case, times)
        except InputError as error:
            raise _WeatherError(error.problems) from None

    park = Park(times, hours, case.site, case.tariff, weather)
    problems: list[str] = []
    series: dict[tuple[str, str], Array] = {}
    readings: dict[tuple[str, str], SeriesReading] = {}
    for name, device in case.devices.items():
        files = {s: case.series[name, s] for s in device.needed_series if (name, s) in case.series}
        computed: Mapping[str, Array] = {}
        if missing := uncomputable_series(name, device, case.series, case.weather is not None):
            problems += missing
        elif len(files) < len(device.needed_series):  # else a forecast replaces all that would be computed
            try:
                computed = device_series(case, device, park)
            except (_WeatherError, UnpricedError) as error:
                problems += error.problems
            except InputError as error:
                problems += [f"`device.{name}`: {line}" for line in error.problems]
        arrays = {key: array for key, array in computed.items() if key not in files}
        for key, source in files.items():
            try:
                arrays[key], reading = _read(case, f"{name}.{key}", source, device.needed_series[key], times)
                if reading is not None:
                    readings[name, key] = reading
            except InputError as error:
                problems += error.problems
        invalid = _value_problems(name, device, arrays, times)
        arrays |= ordered_series(device.ordered, times, hours)
        given = {key: arrays[key] for key in files if key in arrays}
        if not invalid and given:
            invalid = [
                f"`{name}.{key}` = {line}"
                for key, lines in device.impossible(given, park).items()
                for line in lines
            ]
        problems += invalid
        series |= {(name, key): array for key, array in arrays.items()}
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return Prepared(
        case=replace(case, readings=readings),
        times=times,
        hours=hours,
        series=series,
        reads_weather=weather.cache_info().misses > 0,
        listed_demand_price=listed_demand_prices(case, series),
    ).with_certain_full_use()


def under_tariff(case: Case) -> Case:
    """The case with the tariff's further charges at its connections; the same object where there are none.

    Raises InputError where a price given as a series cannot be credited.
    """
    connections = {n: d for n, d in case.devices.items() if isinstance(d, DeclaredConnection)}
    if not any(connection.charges or case.tariff.charges for connection in connections.values()):
        return case
    devices = dict(case.devices)
    for name, declared in connections.items():
        connection = declared.under_tariff(case.tariff)
        nets = connection.charges is not None and connection.charges.net_metering is not None
        if nets and (name, "purchase_price_yuan_per_mwh") in case.series:
            raise InputError(
                f'`series."{name}.purchase_price_yuan_per_mwh"`: must be left out, because'
                " `charges.net_metering` credits the prices of the tariff"
            )
        devices[name] = connection
    return case.with_devices(devices)


def unread_weather(prepared: Prepared) -> list[str]:
    """A sentence that the weather file of the case is not read, and each of what is wrong with it."""
    case, weather = prepared.case, prepared.case.weather
    if prepared.reads_weather or not isinstance(weather, WeatherFile):
        return []
    from parkdispatch.inputs.weather.weather_files import weather_problems

    path = weather.path(case.folder)
    problems = weather_problems(path, case.site, weather.typical)
    unused = "`weather.file`: cannot matter, because no device computes a series from the weather"
    return [unused, *with_field("weather.file", path, problems)]


def _read(
    case: Case, series: str, source: SeriesFile | SeriesValues, spec: SeriesSpec, times: pd.DatetimeIndex
) -> tuple[Array, SeriesReading | None]:
    """A series of the user at `times`, from a file or from memory, and what was understood of the file.

    Raises InputError naming its source.
    """
    if isinstance(source, SeriesValues):
        return source.read(spec, times, case.calendar.hours, case.site.timezone), None
    path = source.path(case.folder)
    try:
        return read_series(path, spec, times, case.calendar.hours, source.options(case.site.timezone))
    except InputError as error:
        problems = with_field(f'series."{series}".file', path, error.problems)
        name, _, key = series.partition(".")
        given = case.sources.get(("series", name, key))
        if given is not None and given.origin == "argument":  # whose column is an argument too
            names = {"`column`": f"argument `{given.by}_column`", "`stamps`": "argument `stamps`"}
            for word, argument in names.items():
                problems = [line.replace(word, argument) for line in problems]
        raise InputError(problems) from None


def read_weather_of(case: Case, times: pd.DatetimeIndex) -> pd.DataFrame:
    """The case's weather at `times`, in the columns of `representative_year.COLUMNS`.

    Raises InputError with all problems.
    """
    year, minutes = case.calendar.year, case.calendar.minutes
    if isinstance(case.weather, WeatherFile):
        return _read_weather(case, case.weather, times)
    if isinstance(case.weather, Climate):
        try:
            return _generated_year(case.weather, case.site, year, minutes).loc[times]
        except InputError as error:
            lines = [re.sub(r"^climate\.(\w+)", r"`weather.\1`", line) for line in error.problems]
            raise InputError(lines) from None
    raise InputError("`weather` is missing: must be given, statistics of a climate or a file")


def _read_weather(case: Case, weather: WeatherFile, times: pd.DatetimeIndex) -> pd.DataFrame:
    """Read weather by quarter-hours; longer intervals are means of quarter-hours."""
    from parkdispatch.inputs.weather.weather_files import read_weather

    per_interval, rest = divmod(case.calendar.minutes, 15)
    if rest:
        raise InputError(
            f"`calendar.minutes` = {case.calendar.minutes}: must be 15, 30 or 60, because `weather.file`"
            " is read by quarter-hours"
        )
    path = weather.path(case.folder)
    quarters = pd.DatetimeIndex(
        times.repeat(per_interval) + pd.to_timedelta(15 * np.tile(np.arange(per_interval), len(times)), "min")
    )
    try:
        weather_table = read_weather(path, case.site, quarters, weather.typical)
    except InputError as error:
        raise InputError(with_field("weather.file", path, error.problems)) from None
    means = weather_table.to_numpy().reshape(len(times), per_interval, -1).mean(axis=1)
    return pd.DataFrame(means, columns=weather_table.columns, index=times)


@lru_cache(maxsize=4)
def _generated_year(climate: Climate, site: Site, year: int, minutes: int) -> pd.DataFrame:
    """The representative year, cached: a plan needs a day and a month of it, a study all of it many times."""
    return climate_year(climate, site, year, minutes)


class _WeatherError(InputError):
    """The weather is invalid; the device that asked for it is not at fault."""


def _value_problems(
    name: str, device: Device, arrays: Mapping[str, Array], times: pd.DatetimeIndex
) -> list[str]:
    """Values of series that are not finite or outside their specification."""
    problems = []
    for key, array in arrays.items():
        spec = device.needed_series[key]
        invalid = np.flatnonzero(~((array >= spec.lower) & (array <= spec.upper) & np.isfinite(array)))
        if invalid.size:
            problems.append(
                f"`{name}.{key}` = {array[invalid[0]]:.15g} at {times[invalid[0]]:%Y-%m-%d %H:%M}: must be in"
                f" [{spec.lower:.15g}, {spec.upper:.15g}] {spec.unit}; {invalid.size} such values"
            )
    return problems
