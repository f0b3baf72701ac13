"""Text tables as people have them: encodings, separators, headers with units, times that may be wrong."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.models.errors import InputError

TIME_NAMES = ("time", "timestamp", "datetime", "时间", "日期")
SPELLINGS = str.maketrans({"²": "2", "㎡": "m2", "^": "", " ": "", "℃": "degc", "℉": "degf", "°": "deg"})
STAMP = (
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::00(?:\.0+)?)?)?"
    r" ?(?:(Z)|([+-]\d{2}):?(\d{2}))?"
)
LONGEST_SHOWN = 60  # characters of a cell or header in a message
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # how Excel's "Unicode text" begins
WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how .xlsx and .xls begin


def decode(name: str, raw: bytes) -> str:
    """Text of a file in UTF-8, with or without byte-order mark, in UTF-16 with one, or in GBK.

    GBK is what Chinese Excel writes. Raises InputError for anything else.
    """
    if raw.startswith(WORKBOOK):
        raise InputError(f"{name}: is a workbook, must be text: save the sheet as CSV UTF-8")
    for encoding in ("utf-16",) if raw.startswith(UTF_16) else ("utf-8-sig", "gbk"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InputError(f"{name}: is neither UTF-8 nor GBK text, must be: save it as UTF-8")


def read_cells(name: str, text: str) -> tuple[pd.DataFrame, list[str]]:
    """The cells as written, without blanks around them, and problems with rows as such.

    Columns are the headers as written, the index is each row's line in the file. Comma, semicolon or tab
    between cells, whichever the header has most of; blank rows are left out.
    """
    rows = csv.reader(io.StringIO(text.rstrip(), newline=""), delimiter=_separator(text))
    found: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if any(cells):  # blank rows, also such as Excel leaves below a table, say nothing
                found.append(cells)
                lines.append(rows.line_num)
    except csv.Error as error:
        raise InputError(f"{name} row {rows.line_num}: cannot be understood: {error}") from error
    headers = _trimmed(found[0]) if found else []
    problems = [
        f"{name}: {headers.count(header)} columns have the header '{header}': must be one"
        for header in dict.fromkeys(headers)
        if headers.count(header) > 1
    ]
    width = len(headers)
    body, places = found[1:], np.array(lines[1:], dtype=np.int64)
    long = [len(_trimmed(row)) > width for row in body]
    allowed = f"must be {width}, as in the header; write decimals with a point, 1.5, not 1,5"
    problems += rows_of(name, long, places, [len(_trimmed(row)) for row in body], "cells", allowed)
    padded = [row[:width] + [""] * (width - len(row)) for row in body]
    table = pd.DataFrame(padded, columns=pd.Index(headers, dtype=str), index=places, dtype=str)
    return table.loc[:, ~table.columns.duplicated()], problems


def _separator(text: str) -> str:
    head = text.lstrip("\r\n").split("\n", 1)[0]
    return max(",;\t", key=head.count)


def _trimmed(row: Sequence[str]) -> list[str]:
    """The row without empty cells at its end."""
    return list(row[: max((n + 1 for n, cell in enumerate(row) if cell), default=0)])


def heading(header: str) -> tuple[str, str | None]:
    """Label, in lower case, and unit of a column header such as `load [MW]`; None where no unit stands."""
    parts = re.fullmatch(r"([^\[(（]*?)\s*(?:[\[(（](.*)[\])）])?", header.strip())
    return (parts.group(1).lower(), parts.group(2)) if parts else (header.strip().lower(), None)


def plain_unit(unit: str | None) -> str:
    """A unit without its variants of spelling: W/m², W/m^2 and w/㎡ are one."""
    return (unit or "").lower().translate(SPELLINGS)


def parse_times(
    name: str, cells: pd.Series, offsets_allowed: bool = True
) -> tuple[pd.Series, bool, list[str]]:
    """Times, NaT where unreadable; whether they are UTC because offsets stood there; and the problems.

    The index of `cells` is each cell's line in the file.
    """
    part = cells.str.extract(f"^{STAMP}$")
    number = part[[0, 1, 2, 3, 4, 6, 7]].apply(pd.to_numeric, errors="coerce").fillna(0)
    day = pd.to_datetime(number[[0, 1, 2]].set_axis(["year", "month", "day"], axis=1), errors="coerce")
    when = day + pd.to_timedelta(number[3] * 60 + number[4], unit="min")
    zoned = part[5].notna() | part[6].notna()
    if zoned.any():
        minutes = number[6].abs() * 60 + number[7]
        when -= pd.to_timedelta(minutes.where(~part[6].fillna("").str.startswith("-"), -minutes), unit="min")
    wrong = when.isna() | (number[3] > 23) | (number[4] > 59)
    wrong |= zoned != zoned.any() if offsets_allowed else zoned
    rule = "with an offset from UTC in all rows or in none" if offsets_allowed else "local, without an offset"
    allowed = f"must be like 2026-01-31 13:45, {rule}"
    if (wrong & (number[3] == 24)).any():
        allowed += "; times are starts of intervals, and 24:00 is 00:00 of the next day"
    problems = rows_of(name, wrong, cells.index, cells, "time", allowed)
    return when.where(~wrong), bool(zoned.any()), problems


def comma_hint(cells: pd.Series) -> str:
    """What to say after what is allowed, if numbers stand there as 1,5 or 1,234.5."""
    commas = cells.str.fullmatch(r"[+-]?\d+(?:,\d+)+(?:\.\d+)?").any()
    return "; write decimals with a point, 1.5, and no separator of thousands" if commas else ""


def rows_of(name: str, bad: Any, lines: Any, shown: Any, what: str, allowed: str) -> list[str]:
    """Name the first bad rows of one kind by their line in the file, and count the rest."""
    places = np.flatnonzero(np.asarray(bad, dtype=bool))
    texts = [" ".join(str(cell).split())[:LONGEST_SHOWN] for cell in np.asarray(shown)[places[:3]]]
    found = [
        f"{name} row {lines[n]}: {what} = {text or 'missing'}: {allowed}"
        for n, text in zip(places, texts, strict=False)
    ]
    return found + ([f"{name}: {what}: {len(places) - 3} more rows like this"] if len(places) > 3 else [])


def listed(headers: Sequence[str]) -> str:
    """The columns found, shortened where there are many or long ones."""
    shown = [header if len(header) <= LONGEST_SHOWN else header[:LONGEST_SHOWN] + "..." for header in headers]
    more = f" and {len(shown) - 12} more" if len(shown) > 12 else ""
    return (", ".join(shown[:12]) or "none") + more
