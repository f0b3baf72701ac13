"""Text tables of users: encodings, separators, headers with units, times; problems by row of the file."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.inputs.messages.quoted import quoted
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError

TIME_NAMES = ("time", "timestamp", "datetime", "时间", "日期")
SPELLINGS = str.maketrans({"²": "2", "㎡": "m2", "^": "", " ": "", "℃": "degc", "℉": "degf", "°": "deg"})
TIME_PATTERN = (
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::00(?:\.0+)?)?)?"
    r" ?(?:(Z)|([+-]\d{2}):?(\d{2}))?"
)
YEARS = (1700, 2250)  # of a time in a file: others cannot be counted in nanoseconds
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # first bytes of Excel's "Unicode text"
LONGEST_LINE = 100_000  # characters; a day by minutes in one row has 30,000
MOST_ROWS = 3_000_000  # five years by minutes
WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # first bytes of .xlsx and .xls


def decode(name: str, raw: bytes) -> str:
    """Text of a file in UTF-8, with or without byte-order mark, in UTF-16 with one, or in GBK.

    Chinese Excel writes GBK. Raises InputError for any other encoding.
    """
    if raw.startswith(WORKBOOK):
        raise InputError(f"{name}: is a workbook, must be text: save the sheet as CSV UTF-8")
    for encoding in ("utf-16",) if raw.startswith(UTF_16) else ("utf-8-sig", "gbk"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.lstrip("\ufeff")  # some programs put a second byte-order mark
    raise InputError(f"{name}: is neither UTF-8 nor GBK text, must be: save it as UTF-8")


def read_cells(name: str, text: str) -> tuple[pd.DataFrame, list[str]]:
    """Cells as written, stripped of blanks, and the problems with rows.

    Columns are the headers as written; the index is each row's line in the file. The separator is the comma,
    semicolon or tab, whichever occurs most in the header, or what a first line such as "sep=;" states; blank
    rows are omitted.
    """
    table_rows, lines = split_rows(name, text, lambda body: max(",;\t", key=_first_line(body).count))
    headers = _without_trailing_blanks(table_rows[0]) if table_rows else []
    problems = [
        f"{name}: {headers.count(header)} columns have the header '{quoted(header)}': must be one"
        for header in dict.fromkeys(headers)
        if headers.count(header) > 1
    ]
    width = len(headers)
    body, body_lines = table_rows[1:], np.array(lines[1:], dtype=np.int64)
    widths = [len(_without_trailing_blanks(row)) for row in body]
    too_long = [row_width > width for row_width in widths]
    allowed = f"must be {width}, as in the header; write decimals with a point, 1.5, not 1,5"
    problems += row_problems(name, too_long, body_lines, widths, "cells", allowed)
    padded = [row[:width] + [""] * (width - len(row)) for row in body]
    table = pd.DataFrame(padded, columns=pd.Index(headers, dtype=str), index=body_lines, dtype=str)
    return table.loc[:, ~table.columns.duplicated()], problems


def split_rows(name: str, text: str, separator_of: Callable[[str], str]) -> tuple[list[list[str]], list[int]]:
    """Cells of the rows that are not blank, without blanks around them, and the line at which each row ends.

    The separator is what a first line such as "sep=;" states, as Excel writes one, or else what
    `separator_of` the text says. Raises InputError for a row that cannot be understood, or for lines longer
    or more than any table has.
    """
    if endless_row := _endless_row(text):
        raise InputError(f"{name} row {endless_row}: has {LONGEST_LINE} characters or more, must have fewer")
    stated = re.match(r'("?)sep=(.)\1[ \t,;]*\r?\n', text, re.IGNORECASE)
    if stated:  # left blank, so that lines count on
        separator, text = stated[2], text[stated.end() - 1 :]
    else:
        separator = separator_of(text)
    reader = csv.reader(io.StringIO(text.rstrip(), newline=""), delimiter=separator)
    rows, lines = list[list[str]](), list[int]()
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):  # Excel leaves blank rows below a table
                rows.append(cells)
                lines.append(reader.line_num)
            if reader.line_num > MOST_ROWS:
                raise InputError(f"{name}: has more than {MOST_ROWS} rows, must have fewer")
    except csv.Error as error:
        raise InputError(
            f"{name} row {reader.line_num}: cannot be understood: {quoted(str(error), 200)}"
        ) from error
    return rows, lines


def _endless_row(text: str) -> int:
    """A row of `LONGEST_LINE` characters or more, always one of twice as many; 0: there is none."""
    for start in range(0, len(text), LONGEST_LINE):
        part = text[start : start + LONGEST_LINE]
        if len(part) == LONGEST_LINE and "\n" not in part:
            return text.count("\n", 0, start) + 1
    return 0


def _first_line(text: str) -> str:
    return text.lstrip("\r\n").split("\n", 1)[0]


def _without_trailing_blanks(row: Sequence[str]) -> list[str]:
    """The row without empty cells at its end."""
    return list(row[: max((n + 1 for n, cell in enumerate(row) if cell), default=0)])


def parse_numbers(cells: pd.Series) -> Array:
    """The numbers that cells of text say, to the last bit, shape (rows,); NaN where one says none.

    pandas judges what is a number, and its versions below 3 round the last bit; `float` does not.
    """
    values = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, copy=True)
    finite = np.isfinite(values)
    values[finite] = [float(cell) for cell in cells.to_numpy(object)[finite]]
    return values


def heading(header: str) -> tuple[str, str | None]:
    """Label, in lower case, and unit of a column header such as `load [MW]`; the unit is None if missing."""
    parts = re.fullmatch(r"([^\[(（]*?)\s*(?:[\[(（](.*)[\])）])?", header.strip())
    return (parts.group(1).lower(), parts.group(2)) if parts else (header.strip().lower(), None)


def plain_unit(unit: str | None) -> str:
    """Normalised spelling of a unit: W/m², W/m^2 and w/㎡ are the same."""
    return (unit or "").lower().translate(SPELLINGS)


def parse_times(
    name: str, cells: pd.Series, offsets_allowed: bool = True
) -> tuple[pd.Series, bool, list[str]]:
    """Parse times: the times, NaT where unreadable; whether they are in UTC; and the problems.

    Times with offsets from UTC are converted to UTC; others are local. The index of `cells` is each cell's
    line in the file.
    """
    part = cells.str.extract(f"^{TIME_PATTERN}$")
    number = part[[0, 1, 2, 3, 4, 6, 7]].apply(pd.to_numeric, errors="coerce").fillna(0)
    day = pd.to_datetime(number[[0, 1, 2]].set_axis(["year", "month", "day"], axis=1), errors="coerce")
    times = day + pd.to_timedelta(number[3] * 60 + number[4], unit="min")
    zoned = part[5].notna() | part[6].notna()
    if zoned.any():
        minutes = number[6].abs() * 60 + number[7]
        times -= pd.to_timedelta(minutes.where(~part[6].fillna("").str.startswith("-"), -minutes), unit="min")
    invalid = times.isna() | ~number[0].between(*YEARS) | (number[3] > 23) | (number[4] > 59)
    invalid |= zoned != zoned.any() if offsets_allowed else zoned
    rule = "with an offset from UTC in all rows or in none" if offsets_allowed else "local, without an offset"
    allowed = f"must be like 2026-01-31 13:45, {rule}"
    if (invalid & (number[3] == 24)).any():
        allowed += "; times are starts of intervals, and 24:00 is 00:00 of the next day"
    if (day.isna() & part[0].notna()).any():
        allowed += "; on a day that the calendar has"
    problems = row_problems(name, invalid, cells.index, cells, "time", allowed)
    return times.where(~invalid), bool(zoned.any()), problems


def comma_hint(cells: pd.Series) -> str:
    """What to add to a message if numbers are written as 1,5 or 1,234.5; else an empty text."""
    commas = cells.str.fullmatch(r"[+-]?\d+(?:,\d+)+(?:\.\d+)?").any()
    return "; write decimals with a point, 1.5, and no separator of thousands" if commas else ""


def row_problems(name: str, invalid: Any, lines: Any, shown: Any, what: str, allowed: str) -> list[str]:
    """Problems of the first three invalid rows, by their line in the file, and the number of the others."""
    positions = np.flatnonzero(np.asarray(invalid, dtype=bool))
    texts = [quoted(str(cell)) for cell in np.asarray(shown)[positions[:3]]]
    problems = [
        f"{name} row {lines[n]}: {what} = {text or 'missing'}: {allowed}"
        for n, text in zip(positions, texts, strict=False)
    ]
    more = len(positions) - 3
    return problems + ([f"{name}: {what}: {more} more rows like this"] if more > 0 else [])


def columns_found(headers: Sequence[str]) -> str:
    """The headers in words if any is that of a series; else their number: they may be a line of any file."""
    parts = [heading(header) for header in headers]
    if any((label and unit) or label in TIME_NAMES for label, unit in parts):
        return f"columns found: {listed(headers)}"
    none = "which is no table" if len(headers) == 1 else "none with a unit"
    return f"columns found: {len(headers)}, {none}"


def listed(headers: Sequence[str]) -> str:
    """Headers as text, shortened if there are many or long ones."""
    shown = [quoted(header) for header in headers]
    more = f" and {len(shown) - 12} more" if len(shown) > 12 else ""
    return (", ".join(shown[:12]) or "none") + more
