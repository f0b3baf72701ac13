"""A user's own weather: EPW, TMY3, PVGIS or plain CSV, checked once and brought to quarter-hours.

pvlib parses the standard formats. A plain CSV has a column `time` and columns such as `ghi [W/m2]`,
`temp_air [degC]`, `wind_speed [m/s]`. All problems of a file are reported together.
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.inputs.series import text_tables as tables
from parkdispatch.models.errors import InputError
from parkdispatch.models.site import Site
from parkdispatch.models.weather.pv_chain import Decomposition, complete, standard_offset, sun_position
from parkdispatch.models.weather.representative_year import COLUMNS, QUARTER, to_quarters

LIMITS = {  # allowed range and unit: what has been measured on Earth, rounded outwards
    "ghi": (0.0, 1500.0, "W/m2"),
    "dni": (0.0, 1500.0, "W/m2"),
    "dhi": (0.0, 1500.0, "W/m2"),
    "temp_air": (-60.0, 60.0, "degC"),
    "wind_speed": (0.0, 75.0, "m/s"),
}
NEEDED = ("ghi", "temp_air", "wind_speed")
NAMES = {
    "time": tables.TIME_NAMES,
    "ghi": ("ghi", "总辐射", "总辐照度", "水平面总辐照度"),
    "dni": ("dni", "法向直接辐射", "法向直接辐照度"),
    "dhi": ("dhi", "散射辐射", "散射辐照度", "水平面散射辐照度"),
    "temp_air": ("temp_air", "temp", "temperature", "气温", "温度", "环境温度"),
    "wind_speed": ("wind_speed", "wind", "风速"),
}
LIGHT = {"w/m2": (1.0, 0.0), "wm-2": (1.0, 0.0), "kw/m2": (1e3, 0.0), "mj/m2/h": (1e4 / 36, 0.0)}
UNITS: dict[str, dict[str, tuple[float, float]]] = {  # factor and shift to ours
    **dict.fromkeys(("ghi", "dni", "dhi"), LIGHT),
    "temp_air": {
        "degc": (1.0, 0.0), "c": (1.0, 0.0), "k": (1.0, -273.15),
        "degf": (5 / 9, -160 / 9), "f": (5 / 9, -160 / 9),
    },
    "wind_speed": {
        "m/s": (1.0, 0.0), "km/h": (1 / 3.6, 0.0), "mph": (0.44704, 0.0), "kn": (1852 / 3600, 0.0),
    },
}  # fmt: skip


@dataclass(frozen=True)
class _Record:
    """A file's table: columns of `LIMITS`, a row an interval, indexed by its start, in file order."""

    table: pd.DataFrame
    typical: bool  # a typical year: read by month, day and hour, whatever its year
    offset: timedelta | None  # of its times from UTC; none: the site's own standard time
    lines: Sequence[int]  # of the file, one for each row
    problems: tuple[str, ...] = ()  # found while parsing
    cells: Mapping[str, pd.Series] = field(default_factory=dict)  # what was written, for messages


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
    year (29 February repeats the 28th); `typical=True` reads any other whole year so. Hourly values
    are means of their hour; those of PVGIS, which are momentary, of the hour around their moment.
    Missing beam or diffuse irradiance is found with `decomposition`. Raises `InputError` with
    everything that is wrong with the file.
    """
    path = Path(path)
    if len(times) == 0 or not (times[1:] - times[:-1] == QUARTER).all():
        raise InputError("times: must be consecutive quarter-hours")
    table, step, whole = _table(path, site, typical)
    phase = (times[0] - table.index[0]) % step  # of the first quarter within its interval
    if step == QUARTER and phase:
        raise InputError(f"{path.name}: quarter-hours start at {table.index[0]}: must start like {times[0]}")
    starts = pd.date_range(times[0] - phase - step, times[-1] + 2 * step, freq=step)
    year = table.index[0].year
    rows = table.index.get_indexer(_in_year(starts, year) if whole else starts)
    asked = (starts + step > times[0]) & (starts < times[-1] + QUARTER)
    if (rows[asked] < 0).any():
        raise InputError(
            f"{path.name}: covers {table.index[0]} to {table.index[-1] + step}: must cover {times[0]} to "
            f"{times[-1] + QUARTER}, or be declared a typical year"
        )
    values = table.iloc[rows[rows >= 0]].set_axis(starts[rows >= 0])
    values = values.loc[times] if step == QUARTER else to_quarters(values, site, times)
    part = {str(name): values[name].to_numpy(np.float64) for name in values}
    sun = sun_position(times, site, 15)
    sky = complete(part["ghi"], part.get("dni"), part.get("dhi"), sun, decomposition)
    columns = (*sky, part["temp_air"], part["wind_speed"])
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)), index=times)


def weather_problems(path: Path, site: Site, typical: bool | None = None) -> list[str]:
    """What is wrong with the form of a weather file, whatever times it covers."""
    try:
        _table(path, site, typical)
    except InputError as error:
        return error.problems
    return []


def _table(path: Path, site: Site, typical: bool | None) -> tuple[pd.DataFrame, pd.Timedelta, bool]:
    """The table in the site's standard time, its step, and whether it is a typical year."""
    record = _read(path)
    if typical is not None:
        record = replace(record, typical=typical)
    return *_checked(path.name, record, site), record.typical


def _read(path: Path) -> _Record:
    """Find out the format from the first lines, and parse."""
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path no system can have
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not raw.strip():
        raise InputError(f"{path.name}: is empty")
    text = _text(path.name, raw)
    lines = text.splitlines()
    try:
        if lines[0].startswith("LOCATION,"):
            return _epw(text)
        if len(lines) > 1 and "Date (MM/DD/YYYY)" in lines[1]:
            return _tmy3(text)
        if lines[0].startswith("Latitude (decimal degrees)"):
            return _pvgis(path.name, text, lines)
        return _csv(path.name, text)
    except InputError:
        raise
    except Exception as error:  # parsers fail in many ways; to the user it is one
        raise InputError(f"{path.name}: cannot be understood ({type(error).__name__}: {error})") from error


def _text(name: str, raw: bytes) -> str:
    try:
        return tables.decode(name, raw)
    except InputError:
        if raw.startswith(b"LOCATION,"):  # only a place name can be at fault: the data are numbers
            return raw.decode("utf-8", errors="replace")
        raise


def _epw(text: str) -> _Record:
    from pvlib.iotools import read_epw

    table, meta = read_epw(io.StringIO(text))  # turns the labels, which are ends, into starts
    return _Record(table.tz_localize(None), True, timedelta(hours=meta["TZ"]), range(9, 9 + len(table)))


def _tmy3(text: str) -> _Record:
    from pvlib.iotools import read_tmy3

    table, meta = read_tmy3(io.StringIO(text))  # keeps the labels, which are ends
    table = table.tz_localize(None)
    starts = table.set_axis(table.index - pd.Timedelta(hours=1))
    return _Record(starts, True, timedelta(hours=meta["TZ"]), range(3, 3 + len(table)))


def _pvgis(name: str, text: str, lines: list[str]) -> _Record:
    from pvlib.iotools import read_pvgis_hourly, read_pvgis_tmy

    header = next((n for n, line in enumerate(lines) if line.startswith("time")), 0)
    typical = lines[header].startswith("time(UTC)")
    late = pd.Timedelta(0)
    if typical:
        table, meta = read_pvgis_tmy(io.BytesIO(text.encode()), pvgis_format="csv")
        late = pd.Timedelta(hours=meta["inputs"].get("irradiance time offset", 0.0))
    else:
        table, meta = read_pvgis_hourly(io.StringIO(text), pvgis_format="csv")
        slope = re.search(r"-?[0-9.]+", str(meta["inputs"].get("Slope", "0")))
        if slope and float(slope.group()) != 0:
            raise InputError(f"{name}: slope = {slope.group()} deg: must be 0, that is level irradiance")
        if "poa_direct" in table:
            table["dhi"] = table["poa_sky_diffuse"] + table.get("poa_ground_diffuse", 0.0)
            table["ghi"] = table["poa_direct"] + table["dhi"]
        else:
            table = table.rename(columns={"poa_global": "ghi"})
    # Momentary values. Rounding to five minutes moves the sun by at most 0.6 deg and keeps the grid coarse.
    middle = (pd.DatetimeIndex(table.index).tz_localize(None) + late).round("5min")
    starts = table.set_axis(middle - pd.Timedelta(minutes=30))
    return _Record(starts, typical, timedelta(0), range(header + 2, header + 2 + len(table)))


def _csv(name: str, text: str) -> _Record:
    raw, problems = tables.read_cells(name, text)
    named: dict[str, str] = {}  # header by quantity
    columns: dict[str, Any] = {}
    for header in map(str, raw.columns):
        quantity, unit = _heading(header)
        if quantity is None:
            continue
        if quantity in named:
            problems.append(f"{name}: columns '{named[quantity]}' and '{header}': {quantity} must be one")
            continue
        named[quantity] = header
        if quantity != "time":
            if tables.plain_unit(unit) in UNITS[quantity]:
                factor, shift = UNITS[quantity][tables.plain_unit(unit)]
                numbers = pd.to_numeric(raw[header], errors="coerce").to_numpy(np.float64)
                columns[quantity] = numbers * factor + shift
            else:
                got, known = f"unknown unit '{unit}'" if unit else "no unit", ", ".join(UNITS[quantity])
                problems.append(f"{name}: column '{header}': {got}: must be [{known}]")
    if "time" not in named:
        problems.append(f"{name}: no column 'time'; columns found: {', '.join(map(str, raw.columns))}")
        raise InputError(problems)
    when, zoned, wrong = tables.parse_times(name, raw[named["time"]])
    table = pd.DataFrame(columns, index=pd.DatetimeIndex(when))
    cells = {quantity: raw[header] for quantity, header in named.items()}
    offset = timedelta(0) if zoned else None
    return _Record(table, False, offset, raw.index.tolist(), (*problems, *wrong), cells)


def _heading(header: str) -> tuple[str | None, str | None]:
    """Quantity and unit of a column header; none where it is not ours or has no unit."""
    for quantity, column in zip(LIMITS, COLUMNS, strict=True):
        if header == column:  # this project's own names
            return quantity, LIMITS[quantity][2]
    label, unit = tables.heading(header)
    return next((key for key, names in NAMES.items() if label in names), None), unit


def _checked(name: str, record: _Record, site: Site) -> tuple[pd.DataFrame, pd.Timedelta]:
    """The table in the site's standard time, sorted, and its step; or everything that is wrong."""
    table, problems = record.table, list(record.problems)
    lines = np.asarray(record.lines)
    for quantity in NEEDED:
        if quantity not in table and quantity not in record.cells:
            example = f"{quantity} [{LIMITS[quantity][2]}]"
            problems.append(f"{name}: no column '{quantity}'; write for example {example}")
    table = table[[quantity for quantity in LIMITS if quantity in table]].astype(np.float64)
    for quantity, (low, high, unit) in LIMITS.items():
        if quantity in table:
            values = table[quantity]
            shown = record.cells.get(quantity, values.astype(str).replace("nan", "missing"))
            bad = ~((values >= low) & (values <= high))
            allowed = f"must be {low:g} to {high:g} {unit}{tables.comma_hint(shown)}"
            problems += tables.rows_of(name, bad, lines, shown, quantity, allowed)
    index = pd.DatetimeIndex(table.index)
    good = np.asarray(index.notna())
    table, index, lines = table[good], index[good], lines[good]
    if len(index) < 2:
        raise InputError([*problems, f"{name}: has {len(index)} rows with a time: must have at least two"])
    own = standard_offset(site, int(index[0].year))
    shift = pd.Timedelta(own - (own if record.offset is None else record.offset))
    year = None
    if record.typical:
        year = 2000 if ((index.month == 2) & (index.day == 29)).any() else 2001
        start = pd.Timestamp(year, 1, 1)
        index = start + (_in_year(index, year) + shift - start) % (pd.Timestamp(year + 1, 1, 1) - start)
    else:
        index = index + shift
    order = np.argsort(index.to_numpy(), kind="stable")
    table, index, lines = table.iloc[order].set_axis(index[order]), index[order], lines[order]
    ahead = np.diff(index.to_numpy())
    step = pd.Timedelta(np.median(ahead[ahead > np.timedelta64(0)])) if ahead.any() else pd.Timedelta(0)
    if step not in (QUARTER, pd.Timedelta(hours=1)):
        raise InputError([*problems, f"{name}: step is {step}: must be 15 minutes or one hour"])
    for where, allowed in (
        (ahead == np.timedelta64(0), "is there twice: must be there once"),
        (ahead > step, f"rows are missing before it: the step must be {step}"),
        ((ahead > np.timedelta64(0)) & (ahead < step), f"comes too early: the step must be {step}"),
    ):
        problems += tables.rows_of(name, where, lines[1:], index[1:].astype(str), "time", allowed)
    if year and index[-1] + step - index[0] != pd.Timestamp(year + 1, 1, 1) - pd.Timestamp(year, 1, 1):
        problems.append(
            f"{name}: typical year of {len(index)} rows, {index[0]} to {index[-1]}: must be whole"
        )
    if problems:
        raise InputError(problems)
    return table, step


def _in_year(times: pd.DatetimeIndex, year: int) -> pd.DatetimeIndex:
    """The same month, day and time of day in that year; 29 February is the 28th where there is none."""
    leap = pd.Timestamp(year, 1, 1).is_leap_year
    day = np.where((times.month == 2) & (times.day == 29) & (not leap), 28, times.day)
    dates = pd.to_datetime(pd.DataFrame({"year": year, "month": times.month, "day": day}))
    return pd.DatetimeIndex(dates) + (times - times.normalize())
