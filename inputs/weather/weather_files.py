"""Weather of the user, from a file: checked, and brought to quarter-hours."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from parkdispatch.inputs.series import text_tables as tables
from parkdispatch.inputs.weather.clock_check import clock_problems
from parkdispatch.inputs.weather.weather_formats import LIMITS, REQUIRED, read_record
from parkdispatch.inputs.weather.weather_record import WeatherRecord
from parkdispatch.models.errors import InputError
from parkdispatch.models.site import Site
from parkdispatch.models.weather.quarter_hourly import QUARTER, quarter_hourly_weather
from parkdispatch.models.weather.representative_year import COLUMNS
from parkdispatch.models.weather.sky import (
    Decomposition,
    complete_components,
    standard_offset,
    sun_position,
)

HOUR = pd.Timedelta(hours=1)


def read_weather(
    path: Path | str,
    site: Site,
    times: pd.DatetimeIndex,
    typical: bool | None = None,
    decomposition: Decomposition = "erbs_driesse",
) -> pd.DataFrame:
    """Read weather at `times` (naive local standard starts of consecutive quarter-hours).

    Returns `ghi_w_per_m2`, `dni_w_per_m2`, `dhi_w_per_m2`, `temp_air_c`, `wind_speed_m_per_s`, shape
    (intervals, 5), interval means. EPW, TMY3 and PVGIS TMY are typical years and serve any calendar
    year (29 February repeats the 28th); with `typical=True` any other whole year is read as such. Hourly
    values are means of their hour; those of PVGIS, which are instantaneous, of the hour around their time.
    Missing direct or diffuse irradiance is computed with `decomposition`. Raises `InputError` with all
    problems of the file.
    """
    path = Path(path)
    if len(times) == 0 or not (times[1:] - times[:-1] == QUARTER).all():
        raise InputError("times: must be consecutive quarter-hours")
    table, step, is_typical = _checked_table(path, site, typical)
    phase = (times[0] - table.index[0]) % step  # of the first quarter-hour within its interval of the file
    if step == QUARTER and phase:
        raise InputError(f"{path.name}: quarter-hours start at {table.index[0]}: must start like {times[0]}")
    starts = pd.date_range(times[0] - phase - step, times[-1] + 2 * step, freq=step)
    year = table.index[0].year
    rows = table.index.get_indexer(_in_year(starts, year) if is_typical else starts)
    required = (starts + step > times[0]) & (starts < times[-1] + QUARTER)
    if (rows[required] < 0).any():
        raise InputError(
            f"{path.name}: covers {table.index[0]} to {table.index[-1] + step}: must cover {times[0]} to "
            f"{times[-1] + QUARTER}, or be declared a typical year"
        )
    values = table.iloc[rows[rows >= 0]].set_axis(starts[rows >= 0])
    values = values.loc[times] if step == QUARTER else quarter_hourly_weather(values, site, times)
    arrays = {str(name): values[name].to_numpy(np.float64) for name in values}
    sun = sun_position(times, site, 15)
    irradiance = complete_components(arrays["ghi"], arrays.get("dni"), arrays.get("dhi"), sun, decomposition)
    columns = (*irradiance, arrays["temp_air"], arrays["wind_speed"])
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)), index=times)


def weather_problems(path: Path, site: Site, typical: bool | None = None) -> list[str]:
    """Problems with the form of a weather file, whatever times it covers."""
    try:
        _checked_table(path, site, typical)
    except InputError as error:
        return error.problems
    return []


def _checked_table(path: Path, site: Site, typical: bool | None) -> tuple[pd.DataFrame, pd.Timedelta, bool]:
    """The table in local standard time, its step, and whether it is a typical year."""
    record = read_record(path)
    if typical is not None:
        record = replace(record, typical=typical)
    return *_in_standard_time(path.name, record, site), record.typical


def _in_standard_time(name: str, record: WeatherRecord, site: Site) -> tuple[pd.DataFrame, pd.Timedelta]:
    """The table in local standard time, sorted, and its step. Raises InputError with all problems."""
    table, problems = record.table, [*record.problems, *_missing_columns(name, record)]
    lines = np.asarray(record.lines)
    table = table[[quantity for quantity in LIMITS if quantity in table]].astype(np.float64)
    problems += _value_problems(name, record, table)
    index = pd.DatetimeIndex(table.index)
    readable = np.asarray(index.notna())
    table, index, lines = table[readable], index[readable], lines[readable]
    if len(index) < 2:
        raise InputError([*problems, f"{name}: has {len(index)} rows with a time: must have at least two"])
    site_offset = standard_offset(site, int(index[0].year))
    shift = pd.Timedelta(site_offset - (site_offset if record.utc_offset is None else record.utc_offset))
    year = None
    if record.typical:
        year = 2000 if ((index.month == 2) & (index.day == 29)).any() else 2001
        start = pd.Timestamp(year, 1, 1)
        index = start + (_in_year(index, year) + shift - start) % (pd.Timestamp(year + 1, 1, 1) - start)
    else:
        index = index + shift
    order = np.argsort(index.to_numpy(), kind="stable")
    table, index, lines = table.iloc[order].set_axis(index[order]), index[order], lines[order]
    steps = np.diff(index.to_numpy())
    step = pd.Timedelta(np.median(steps[steps > np.timedelta64(0, "s")])) if steps.any() else pd.Timedelta(0)
    if step not in (QUARTER, HOUR):
        raise InputError([*problems, f"{name}: step is {step}: must be 15 minutes or one hour"])
    whole = pd.Timestamp(year + 1, 1, 1) - pd.Timestamp(year, 1, 1) if year else None
    if readable.all():  # else the rows with an unreadable time would be told as missing too
        for affected, allowed in (
            (steps == np.timedelta64(0, "s"), "is there twice: must be there once"),
            (steps > step, f"rows are missing before it: the step must be {step}"),
            ((steps > np.timedelta64(0, "s")) & (steps < step), f"comes too early: the step must be {step}"),
        ):
            problems += tables.row_problems(name, affected, lines[1:], index[1:].astype(str), "time", allowed)
        if whole and index[-1] + step - index[0] != whole:
            problems.append(
                f"{name}: typical year of {len(index)} rows, {index[0]} to {index[-1]}: must be whole"
            )
    if not problems:
        problems = clock_problems(name, table["ghi"], lines.tolist(), step / HOUR, site)
    if problems:
        raise InputError(problems)
    return table, step


def _missing_columns(name: str, record: WeatherRecord) -> list[str]:
    """A problem for each required quantity without a column."""
    return [
        f"{name}: no column '{quantity}'; write for example {quantity} [{LIMITS[quantity][2]}]"
        for quantity in REQUIRED
        if quantity not in record.table and quantity not in record.cells
    ]


def _value_problems(name: str, record: WeatherRecord, table: pd.DataFrame) -> list[str]:
    """Rows with values that are missing or outside `LIMITS`."""
    problems: list[str] = []
    for quantity, (low, high, unit) in LIMITS.items():
        if quantity in table:
            values = table[quantity]
            invalid = ~((values >= low) & (values <= high))
            if not invalid.any():
                continue
            shown = record.cells.get(quantity, values.astype(str).replace("nan", "missing"))
            allowed = f"must be {low:.15g} to {high:.15g} {unit}{tables.comma_hint(shown)}"
            label = f"{quantity} ({record.labels[quantity]})" if quantity in record.labels else quantity
            problems += tables.row_problems(name, invalid, np.asarray(record.lines), shown, label, allowed)
    return problems


def _in_year(times: pd.DatetimeIndex, year: int) -> pd.DatetimeIndex:
    """The same month, day and time of day in that year; 29 February becomes the 28th in common years."""
    leap = pd.Timestamp(year, 1, 1).is_leap_year
    day = np.where((times.month == 2) & (times.day == 29) & (not leap), 28, times.day)
    dates = pd.to_datetime(pd.DataFrame({"year": year, "month": times.month, "day": day}))
    return pd.DatetimeIndex(dates) + (times - times.normalize())
