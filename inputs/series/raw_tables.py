"""The cells of a CSV file or of a sheet of a workbook as text, each row with its line in the file."""

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.messages.quoted import quoted
from parkdispatch.inputs.series.text_tables import UTF_16, decode, split_rows
from parkdispatch.inputs.user_files import read_bytes
from parkdispatch.models.errors import InputError

ZIPPED, OLD_WORKBOOK = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
WEB_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<table|<\?xml)", re.IGNORECASE)
SEPARATORS = ";\t,"  # of equally many the first: with semicolons, commas are of decimals
MOST_ROWS, MOST_CELLS_A_ROW = 600_000, 2_000  # a year by minutes has 525,600
HEADER_WITHIN = 40  # rows from the top, below titles


@dataclass(frozen=True)
class RawTable:
    """The rows that are not blank, as text without blanks around it, and their lines in the file.

    `source` is the encoding of a text, or the sheet of a workbook.
    """

    name: str
    rows: list[list[str]]
    lines: list[int]
    source: str
    is_workbook: bool = False


def read_raw_tables(path: Path, sheet: str | None, is_header: Callable[[Sequence[str]], bool]) -> RawTable:
    """The table of a file; of a workbook the named sheet, or the only one with a header.

    Raises InputError where the file holds no table that can be read, or a workbook several.
    """
    name, raw = path.name, read_bytes(path)
    if raw.startswith(OLD_WORKBOOK):
        raise InputError(
            f"{name}: is a workbook of the old format .xls, or one with a password: must be saved as"
            " .xlsx or as"
            " CSV UTF-8"
        )
    if raw.startswith(ZIPPED):
        return _chosen(name, _sheets(name, raw), sheet, is_header)
    if sheet is not None:
        raise InputError(f"{name}: has no sheets, must be named without `{quoted(sheet)}!`")
    if WEB_PAGE.match(raw) and b"," not in raw.split(b"\n", 1)[0]:
        raise InputError(
            f"{name}: is a web page, as some systems export one under the name of a workbook: must be"
            " opened in"
            " Excel and saved as .xlsx or as CSV UTF-8"
        )
    text = decode(name, raw)
    if not text.strip():
        raise InputError(f"{name}: is empty, must have a header and rows")
    return _text_table(name, text, encoding_of(raw), is_header)


def encoding_of(raw: bytes) -> str:
    """The encoding in which `decode` reads a text."""
    if raw.startswith(UTF_16):
        return "UTF-16"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "GBK"
    return "UTF-8"


def _text_table(name: str, text: str, encoding: str, is_header: Callable[[Sequence[str]], bool]) -> RawTable:
    """Cells of a text whose separator its first line states ("sep=;"), or else its header tells."""
    rows, lines = split_rows(name, text, lambda body: _separator(body, is_header))
    if not rows:
        raise InputError(f"{name}: is empty, must have a header and rows")
    return RawTable(name, rows, lines, encoding)


def _separator(text: str, is_header: Callable[[Sequence[str]], bool]) -> str:
    """The separator under which a line near the top is a header; else the most frequent of the first line."""
    top = [line for line in text.lstrip("\r\n").splitlines()[: 3 * HEADER_WITHIN] if line.strip()]
    for line in top[:HEADER_WITHIN]:
        by_count = sorted(SEPARATORS, key=lambda mark: -line.count(mark))
        for mark in by_count:
            if mark in line and is_header([cell.strip(' "') for cell in line.split(mark)]):
                return mark
    return max(SEPARATORS, key=top[0].count) if top else ","


def _sheets(name: str, raw: bytes) -> dict[str, RawTable]:
    """The visible sheets of a workbook that are not blank. Raises InputError if it cannot be read."""
    import openpyxl  # takes a fifth of a second
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        tables = {
            sheet.title: _sheet_table(name, sheet)
            for sheet in book.worksheets
            if sheet.sheet_state == "visible"
        }
        book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, OSError, EOFError,
            SyntaxError, AttributeError, IndexError) as error:  # fmt: skip
        # what openpyxl and its reader of XML raise for a damaged file
        reason = quoted(f"{type(error).__name__}: {error}", 100)
        raise InputError(f"{name}: cannot be read as a workbook: {reason}; save it again as .xlsx") from None
    return {title: table for title, table in tables.items() if table.rows}


def _sheet_table(name: str, sheet: Any) -> RawTable:
    """The cells of a sheet as text. Raises InputError beyond all use."""
    sheet.reset_dimensions()  # some programs state a wrong extent
    rows: list[list[str]] = []
    lines: list[int] = []
    for line, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        if line > MOST_ROWS or len(cells) > MOST_CELLS_A_ROW:
            raise InputError(
                f"{name}: sheet '{quoted(sheet.title)}' is larger than {MOST_ROWS:,} rows or"
                f" {MOST_CELLS_A_ROW:,} columns, must be smaller"
            )
        texts = [_cell_text(cell) for cell in cells]
        if any(texts):
            rows.append(texts)
            lines.append(line)
    return RawTable(name, rows, lines, str(sheet.title), is_workbook=True)


def _cell_text(cell: object) -> str:
    """A cell as the sheet shows it without its number format; times to the nearest second."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        rounded = cell + timedelta(microseconds=500_000)
        return f"{rounded:%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, date):
        return f"{cell:%Y-%m-%d}"
    if isinstance(cell, time):
        return f"{cell:%H:%M:%S}"
    if isinstance(cell, timedelta):  # a time of 24:00 and more
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(cell).strip()


def _chosen(
    name: str, sheets: dict[str, RawTable], sheet: str | None, is_header: Callable[[Sequence[str]], bool]
) -> RawTable:
    """The named sheet, or the only one that can be meant. Raises InputError naming the sheets."""
    listed = ", ".join(quoted(title) for title in sheets)
    if sheet is not None:
        matching = [table for title, table in sheets.items() if title.strip() == sheet]
        if not matching:
            raise InputError(
                f"{name}: no sheet '{quoted(sheet)}': must be one of"
                f" {listed or 'none'}{closest(sheet, sheets)}"
            )
        return matching[0]
    if not sheets:
        raise InputError(f"{name}: is empty, must have a header and rows")
    tables = list(sheets.values())
    with_header = [table for table in tables if any(map(is_header, table.rows[:HEADER_WITHIN]))]
    if len(with_header or tables) > 1:
        among = ", ".join(quoted(table.source) for table in with_header or tables)
        raise InputError(
            f"{name}: has {len(with_header or tables)} sheets with a table, {among}: one must be named, as in"
            f" `{quoted(name)}#{quoted((with_header or tables)[0].source)}!COLUMN`"
        )
    return (with_header or tables)[0]


def padded(rows: Iterable[Sequence[str]], width: int) -> list[list[str]]:
    """Rows of exactly `width` cells."""
    return [[*row[:width], *([""] * (width - len(row)))] for row in rows]
