"""Formats of weather files: EPW, TMY3, PVGIS and plain CSV, parsed into one kind of record.

A plain CSV has a column `time` and columns such as `ghi [W/m2]`,
`temp_air [degC]`, `wind_speed [m/s]`.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from parkdispatch.inputs.messages.quoted import quoted
from parkdispatch.inputs.series import text_tables as tables
from parkdispatch.inputs.user_files import read_bytes
from parkdispatch.inputs.weather.standard_formats import read_epw, read_pvgis, read_tmy3
from parkdispatch.inputs.weather.weather_record import WeatherRecord
from parkdispatch.models.errors import InputError
from parkdispatch.models.weather.representative_year import COLUMNS

LIMITS = {  # allowed range and unit: the range measured on Earth, rounded outwards
    "ghi": (0.0, 1500.0, "W/m2"),
    "dni": (0.0, 1500.0, "W/m2"),
    "dhi": (0.0, 1500.0, "W/m2"),
    "temp_air": (-60.0, 60.0, "degC"),
    "wind_speed": (0.0, 75.0, "m/s"),
}
REQUIRED = ("ghi", "temp_air", "wind_speed")
NAMES = {
    "time": tables.TIME_NAMES,
    "ghi": ("ghi", "总辐射", "总辐照度", "水平面总辐照度"),
    "dni": ("dni", "法向直接辐射", "法向直接辐照度"),
    "dhi": ("dhi", "散射辐射", "散射辐照度", "水平面散射辐照度"),
    "temp_air": ("temp_air", "temp", "temperature", "气温", "温度", "环境温度"),
    "wind_speed": ("wind_speed", "wind", "风速"),
}
IRRADIANCE_UNITS = {"w/m2": (1.0, 0.0), "wm-2": (1.0, 0.0), "kw/m2": (1e3, 0.0), "mj/m2/h": (1e4 / 36, 0.0)}
UNITS: dict[str, dict[str, tuple[float, float]]] = {  # factor and offset to the units of `LIMITS`
    **dict.fromkeys(("ghi", "dni", "dhi"), IRRADIANCE_UNITS),
    "temp_air": {
        "degc": (1.0, 0.0), "c": (1.0, 0.0), "k": (1.0, -273.15),
        "degf": (5 / 9, -160 / 9), "f": (5 / 9, -160 / 9),
    },
    "wind_speed": {
        "m/s": (1.0, 0.0), "km/h": (1 / 3.6, 0.0), "mph": (0.44704, 0.0), "kn": (1852 / 3600, 0.0),
    },
}  # fmt: skip


def read_record(path: Path) -> WeatherRecord:
    """Parse a weather file; its first lines tell the format. Raises InputError if it cannot be parsed."""
    raw = read_bytes(path)
    text = _text(path.name, raw)
    if not text.strip():
        raise InputError(f"{path.name}: is empty, must have a header and rows")
    lines = text.splitlines()
    if lines[0].startswith("LOCATION,"):
        return read_epw(path.name, lines)
    if len(lines) > 1 and "Date (MM/DD/YYYY)" in lines[1]:
        return read_tmy3(path.name, lines)
    if lines[0].startswith("Latitude (decimal degrees)"):
        return read_pvgis(path.name, lines)
    return _csv(path.name, text)


def _text(name: str, raw: bytes) -> str:
    """Decoded text; in EPW files, characters of another encoding in place names are replaced."""
    try:
        return tables.decode(name, raw)
    except InputError:
        if raw.startswith(b"LOCATION,"):  # only a place name can be affected: the data are numbers
            return raw.decode("utf-8", errors="replace")
        raise


def _csv(name: str, text: str) -> WeatherRecord:
    raw, problems = tables.read_cells(name, text)
    header_of: dict[str, str] = {}  # by quantity
    columns: dict[str, Any] = {}
    for header in map(str, raw.columns):
        quantity, unit = _quantity_and_unit(header)
        if quantity is None:
            continue
        if quantity in header_of:
            problems.append(
                f"{name}: columns '{quoted(header_of[quantity])}' and '{quoted(header)}':"
                f" {quantity} must be one"
            )
            continue
        header_of[quantity] = header
        if quantity != "time":
            if tables.plain_unit(unit) in UNITS[quantity]:
                factor, offset = UNITS[quantity][tables.plain_unit(unit)]
                numbers = tables.parse_numbers(raw[header])
                columns[quantity] = numbers * factor + offset
            else:
                problem, known = (
                    f"unknown unit '{quoted(unit)}'" if unit else "no unit",
                    ", ".join(UNITS[quantity]),
                )
                problems.append(f"{name}: column '{quoted(header)}': {problem}: must be [{known}]")
    if "time" not in header_of:
        problems.append(f"{name}: no column 'time'; {tables.columns_found(list(map(str, raw.columns)))}")
        raise InputError(problems)
    times, in_utc, time_problems = tables.parse_times(name, raw[header_of["time"]])
    table = pd.DataFrame(columns, index=pd.DatetimeIndex(times))
    cells = {quantity: raw[header] for quantity, header in header_of.items()}
    utc_offset = timedelta(0) if in_utc else None
    return WeatherRecord(table, False, utc_offset, raw.index.tolist(), (*problems, *time_problems), cells)


def _quantity_and_unit(header: str) -> tuple[str | None, str | None]:
    """Quantity and unit of a column header; None for an unknown quantity or a missing unit."""
    for quantity, column in zip(LIMITS, COLUMNS, strict=True):
        if header == column:  # names of this program, which contain the unit
            return quantity, LIMITS[quantity][2]
    label, unit = tables.heading(header)
    return next((key for key, names in NAMES.items() if label in names), None), unit
