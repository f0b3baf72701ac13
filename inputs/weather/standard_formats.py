"""Standard formats of weather files: EPW, TMY3, and PVGIS's typical years and hourly series.

Cells are kept as written, so that a problem names its row and column. All three formats label hours; EPW and
TMY3 label their ends, PVGIS gives the moment of an instantaneous value.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from parkdispatch.inputs.messages.quoted import quoted
from parkdispatch.inputs.series import text_tables as tables
from parkdispatch.inputs.weather.weather_record import WeatherRecord
from parkdispatch.models.errors import InputError

EPW_HEADER_LINES = 8
EPW_COLUMNS = {"temp_air": 6, "ghi": 13, "dni": 14, "dhi": 15, "wind_speed": 21}  # counted from zero
TMY3_COLUMNS = {
    "temp_air": "Dry-bulb (C)",
    "ghi": "GHI (W/m^2)",
    "dni": "DNI (W/m^2)",
    "dhi": "DHI (W/m^2)",
    "wind_speed": "Wspd (m/s)",
}
TMY3_TIME = ("Date (MM/DD/YYYY)", "Time (HH:MM)")
PVGIS_COLUMNS = {"temp_air": "T2m", "ghi": "G(h)", "dni": "Gb(n)", "dhi": "Gd(h)", "wind_speed": "WS10m"}
PVGIS_PLANE = {
    "ghi": "G(i)",
    "beam": "Gb(i)",
    "sky": "Gd(i)",
    "ground": "Gr(i)",
}  # of a plane, level if slope 0
PVGIS_OFFSET = "Irradiance Time Offset (h)"
LARGEST_ZONE_HOURS = 14.0


@dataclass(frozen=True)
class Rows:
    """The data rows of a file: cells as written, and the line of each."""

    cells: Sequence[Sequence[str]]
    lines: Sequence[int]

    def column(self, position: int) -> pd.Series:
        """The cells of a column as written; empty where a row is too short."""
        values = [row[position].strip() if position < len(row) else "" for row in self.cells]
        return pd.Series(values, index=list(self.lines), dtype=str)

    def columns(self, positions: Mapping[str, int]) -> dict[str, pd.Series]:
        """Several columns by quantity."""
        return {quantity: self.column(position) for quantity, position in positions.items()}


def read_epw(name: str, lines: Sequence[str]) -> WeatherRecord:
    """The record of an EPW file. Raises InputError if its first line does not state a time zone."""
    zone = _zone(name, lines[0], position=8)
    rows = _rows(name, lines, EPW_HEADER_LINES)
    parts = [rows.column(position) for position in range(4)]
    shown = parts[0] + "-" + parts[1] + "-" + parts[2] + " hour " + parts[3]
    starts, problems = _starts_of_hours(name, parts[:3], parts[3], shown)
    labels = {quantity: f"column {position + 1}" for quantity, position in EPW_COLUMNS.items()}
    return _record(starts, rows.columns(EPW_COLUMNS), labels, True, zone, problems)


def read_tmy3(name: str, lines: Sequence[str]) -> WeatherRecord:
    """The record of a TMY3 file. Raises InputError if a column or the time zone is missing."""
    zone = _zone(name, lines[0], position=3)
    header = [cell.strip() for cell in next(csv.reader([lines[1]]))]
    if missing := [column for column in TMY3_TIME if column not in header]:
        raise InputError(f"{name} row 2: no column {missing[0]}: must have it")
    positions = {quantity: header.index(c) for quantity, c in TMY3_COLUMNS.items() if c in header}
    rows = _rows(name, lines, 2)
    day, clock = (rows.column(header.index(column)) for column in TMY3_TIME)
    date = day.str.extract(r"^(\d{1,2})/(\d{1,2})/(\d{4})$")
    hour = clock.str.extract(r"^(\d{1,2}):00$")[0]
    starts, problems = _starts_of_hours(name, [date[2], date[0], date[1]], hour, day + " " + clock)
    labels = {quantity: TMY3_COLUMNS[quantity] for quantity in positions}
    return _record(starts, rows.columns(positions), labels, True, zone, problems)


def read_pvgis(name: str, lines: Sequence[str]) -> WeatherRecord:
    """The record of a PVGIS file. Raises InputError without a header of columns, or for a tilted plane."""
    first = next((n for n, line in enumerate(lines) if line.startswith("time")), None)
    if first is None:
        raise InputError(f"{name}: no row that begins with 'time': must have the header of the columns")
    about = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines[:first])}
    header = [cell.strip() for cell in lines[first].split(",")]
    typical = header[0] == "time(UTC)"
    end = next((n for n in range(first + 1, len(lines)) if not lines[n].strip()), len(lines))
    rows = _rows(name, lines[:end], first + 1)
    positions = {quantity: header.index(c) for quantity, c in PVGIS_COLUMNS.items() if c in header}
    columns, labels = rows.columns(positions), {quantity: PVGIS_COLUMNS[quantity] for quantity in positions}
    plane = {part: rows.column(header.index(c)) for part, c in PVGIS_PLANE.items() if c in header}
    if plane:
        slope = about.get("Slope", "missing")
        if not re.fullmatch(r"-?0(\.0*)? deg\..*", slope):  # a tracker has none
            raise InputError(f"{name}: slope = {quoted(slope)}: must be 0 deg., that is level irradiance")
        columns |= {"ghi": plane["ghi"]} if "ghi" in plane else {}
        labels |= {"ghi": PVGIS_PLANE["ghi"]} if "ghi" in plane else {}
    clock = rows.column(0)
    times = pd.to_datetime(
        clock.where(clock.str.fullmatch(r"\d{8}:\d{4}")), format="%Y%m%d:%H%M", errors="coerce"
    )
    times = times.where(times.dt.year.between(*tables.YEARS))
    problems = tables.row_problems(
        name, times.isna(), list(rows.lines), clock, header[0], "must be like 20160131:1310"
    )
    late_hours = _number(
        name, "Irradiance Time Offset (h)", about.get("Irradiance Time Offset (h)", "0"), 1.0
    )
    # Instantaneous values, in the middle of the hour they stand for. Rounding to five minutes moves the sun
    # by at most 0.6 deg and limits the number of finer intervals.
    middle = (pd.DatetimeIndex(times) + pd.Timedelta(hours=late_hours if typical else 0.0)).round("5min")
    starts = middle - pd.Timedelta(minutes=30)
    record = _record(starts, columns, labels, typical, timedelta(0), problems)
    return (
        record if not {"beam", "sky"} <= plane.keys() else _with_plane(name, record, plane, list(rows.lines))
    )


def _with_plane(
    name: str, record: WeatherRecord, plane: Mapping[str, pd.Series], lines: Sequence[int]
) -> WeatherRecord:
    """The record with the irradiance of a level plane, whose beam, sky and ground parts the file has."""
    problems, parts = list(record.problems), {}
    for part, cells in plane.items():
        values = tables.parse_numbers(cells)
        problems += tables.row_problems(
            name, ~(values >= 0), lines, cells, PVGIS_PLANE[part], "must be a number, 0 W/m2 or more"
        )
        parts[part] = np.nan_to_num(values)
    diffuse = parts["sky"] + parts.get("ground", 0.0)
    table = record.table.assign(ghi=parts["beam"] + diffuse, dhi=diffuse)
    return WeatherRecord(
        table, record.typical, record.utc_offset, record.lines, tuple(problems), record.cells, record.labels
    )


def _rows(name: str, lines: Sequence[str], first: int) -> Rows:
    """The rows from line `first`, counted from zero, on; blank ones are omitted."""
    cells, numbers = [], []
    for number in range(first, len(lines)):
        if lines[number].strip():
            try:
                cells.append(next(csv.reader([lines[number]])))
            except csv.Error as error:
                raise InputError(f"{name} row {number + 1}: cannot be understood: {error}") from None
            numbers.append(number + 1)
    return Rows(cells, numbers)


def _starts_of_hours(
    name: str, year_month_day: Sequence[pd.Series], hour: pd.Series, shown: pd.Series
) -> tuple[pd.DatetimeIndex, list[str]]:
    """Starts of hours labelled 1 to 24 by their ends, NaT where unreadable; and the problems."""
    year, month, day, end = (pd.to_numeric(part, errors="coerce") for part in (*year_month_day, hour))
    parts = pd.DataFrame({"year": year, "month": month, "day": day}).fillna(0)
    whole = (parts == parts.round()).all(axis=1)
    dates = pd.to_datetime(parts.where(whole, 0).clip(0, 9999).astype(int), errors="coerce")
    dates = dates.where(parts["year"].between(*tables.YEARS) & end.isin(range(1, 25)))
    problems = tables.row_problems(
        name, dates.isna(), list(shown.index), shown, "time", "must be a day, and an hour from 1 to 24"
    )
    return pd.DatetimeIndex(dates + pd.to_timedelta(end.fillna(1) - 1, unit="h")), problems


def _record(
    starts: pd.DatetimeIndex,
    cells: Mapping[str, pd.Series],
    labels: Mapping[str, str],
    typical: bool,
    utc_offset: timedelta,
    problems: Sequence[str],
) -> WeatherRecord:
    numbers = {q: tables.parse_numbers(column) for q, column in cells.items()}
    lines = next(iter(cells.values())).index.tolist() if cells else list(range(len(starts)))
    return WeatherRecord(
        pd.DataFrame(numbers, index=starts), typical, utc_offset, lines, tuple(problems), cells, labels
    )


def _zone(name: str, header: str, position: int) -> timedelta:
    """Offset from UTC that the first line of a file states, in hours."""
    cells = header.split(",")
    text = cells[position].strip() if position < len(cells) else ""
    return timedelta(
        hours=_number(name, f"row 1: column {position + 1}, the time zone", text, LARGEST_ZONE_HOURS)
    )


def _number(name: str, what: str, text: str, largest: float) -> float:
    """A number from -largest to largest. Raises InputError."""
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) <= largest:
        raise InputError(
            f"{name}: {what} = {quoted(text) or 'missing'}: must be a number of hours,"
            f" {-largest:.15g} to {largest:.15g}"
        )
    return number
