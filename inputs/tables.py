"""Text tables as people have them: encodings, separators, headers with units, times that may be wrong."""

import io
import re
from typing import Any

import numpy as np
import pandas as pd

from models.errors import InputError

TIME_NAMES = ("time", "timestamp", "datetime", "时间", "日期")
SPELLINGS = str.maketrans({"²": "2", "㎡": "m2", "^": "", " ": "", "℃": "degc", "℉": "degf", "°": "deg"})
STAMP = (
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::00(?:\.0+)?)?)?"
    r" ?(?:(Z)|([+-]\d{2}):?(\d{2}))?"
)


def decode(name: str, raw: bytes) -> str:
    """Text of a file in UTF-8, with or without byte-order mark, or in GBK, the encoding of Chinese Excel."""
    for encoding in ("utf-8-sig", "gbk"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(f"{name}: is neither UTF-8 nor GBK text: save it as UTF-8")


def read_cells(text: str) -> pd.DataFrame:
    """The cells as written, under the headers as written; comma, semicolon or tab between them."""
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    return pd.read_csv(
        io.StringIO(text.rstrip()), sep=separator, dtype=str, index_col=False, skip_blank_lines=False
    )


def heading(header: str) -> tuple[str, str | None]:
    """Label, in lower case, and unit of a column header such as `load [MW]`; None where no unit stands."""
    parts = re.fullmatch(r"([^\[(（]*?)\s*(?:[\[(（](.*)[\])）])?", header.strip())
    return (parts.group(1).lower(), parts.group(2)) if parts else (header.strip().lower(), None)


def plain_unit(unit: str | None) -> str:
    """A unit without its variants of spelling: W/m², W/m^2 and w/㎡ are one."""
    return (unit or "").lower().translate(SPELLINGS)


def parse_times(name: str, cells: pd.Series) -> tuple[pd.Series, bool, list[str]]:
    """Times, NaT where unreadable; whether they are UTC because offsets stood there; and the problems."""
    part = cells.str.extract(f"^{STAMP}$")
    number = part[[0, 1, 2, 3, 4, 6, 7]].apply(pd.to_numeric, errors="coerce").fillna(0)
    day = pd.to_datetime(number[[0, 1, 2]].set_axis(["year", "month", "day"], axis=1), errors="coerce")
    when = day + pd.to_timedelta(number[3] * 60 + number[4], unit="min")
    zoned = part[5].notna() | part[6].notna()
    if zoned.any():
        minutes = number[6].abs() * 60 + number[7]
        when -= pd.to_timedelta(minutes.where(~part[6].fillna("").str.startswith("-"), -minutes), unit="min")
    wrong = when.isna() | (number[3] > 23) | (number[4] > 59) | (zoned != zoned.any())
    allowed = "must be like 2026-01-31 13:45, with an offset from UTC in all rows or in none"
    problems = rows_of(name, wrong, np.arange(len(cells)) + 2, cells, "time", allowed)
    return when.where(~wrong), bool(zoned.any()), problems


def rows_of(name: str, bad: Any, lines: Any, shown: Any, what: str, allowed: str) -> list[str]:
    """Name the first bad rows of one kind by their line in the file, and count the rest."""
    places = np.flatnonzero(np.asarray(bad, dtype=bool))
    texts = np.asarray(shown)
    found = [f"{name} row {lines[n]}: {what} = {texts[n] or 'missing'}: {allowed}" for n in places[:3]]
    return found + ([f"{name}: {what}: {len(places) - 3} more rows like this"] if len(places) > 3 else [])
