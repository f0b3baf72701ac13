"""How a user refers to a series file and says how it is to be read, and what was understood of it."""

import re
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Stamps = Literal["start", "end"]

SUFFIXES = ("csv", "txt", "tsv", "tab", "dat", "xlsx", "xlsm", "xls")
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xls")
# the first mark after a suffix: columns such as `1#主变 (MW)` and files such as `1#站.csv` have marks too
REFERENCE = re.compile(rf"(.*?\.(?:{'|'.join(SUFFIXES)}))#(.*)", re.IGNORECASE | re.DOTALL)


class FileReference(NamedTuple):
    """A file, and the sheet and column of it where the user names them."""

    file: str
    sheet: str | None = None
    column: str | None = None


def file_reference(text: str) -> FileReference:
    """The file, sheet and column that a text names; sheets are named of workbooks only, before a `!`."""
    parts = REFERENCE.fullmatch(text)
    if parts is None:
        return FileReference(text)
    file, column = parts[1], parts[2].strip()
    sheet, mark, of_sheet = column.rpartition("!")
    if mark and file.lower().endswith(WORKBOOK_SUFFIXES):
        return FileReference(file, sheet.strip(" '\"") or None, of_sheet.strip() or None)
    return FileReference(file, None, column or None)


@dataclass(frozen=True)
class ReadingOptions:
    """What a user says of a file: sheet, column, where stamps stand, how many missing intervals to fill.

    `timezone` is that of the site, to which stamps with an offset from UTC are converted.
    """

    sheet: str | None = None
    column: str | None = None
    stamps: Stamps | None = None
    fill_gaps: int = 0
    timezone: str | None = None


class ReadingNote(NamedTuple):
    """Something done with a file that a reader should know of: a key of the words, and its text or number."""

    key: str
    detail: str = ""


@dataclass(frozen=True)
class SeriesReading:
    """What was understood of a series file.

    `source` is its encoding, or the sheet of a workbook; `why` is the key of the words that say how the
    stamps
    were told; `filled` counts the intervals that were interpolated.
    """

    file: str
    source: str
    is_workbook: bool
    column: str
    unit: str
    stamps: Stamps
    why: str
    minutes: float
    first: str
    end: str
    filled: int = 0
    notes: tuple[ReadingNote, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The same as tables of `summary.json`."""
        return {
            "file": self.file,
            ("sheet" if self.is_workbook else "encoding"): self.source,
            "column": self.column,
            "unit": self.unit,
            "stamps": self.stamps,
            "stamps_told_by": self.why,
            "interval_minutes": self.minutes,
            "first": self.first,
            "end": self.end,
            "filled_intervals": self.filled,
            "notes": [" ".join(filter(None, note)) for note in self.notes],
        }
