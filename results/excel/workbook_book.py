"""Base of the workbooks: cell formats, cells, tables and sheet headings; the output depends on no clock."""

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any

import xlsxwriter

SOFT = "#5A6675"  # colour of notes
HEAD = {"bold": True, "bottom": 2, "bg_color": "#F0F3F6"}
CREATED = datetime.date(2026, 1, 1)  # date of creation where no date of the run is meant
LINE_POINTS = 13.5  # height of a line of text
WIDE_FROM = 0x2E80  # code points from here on (CJK) are two letters wide
FILLED_SHARE = 0.92  # share of a line that is used before it wraps
Cell = str | float | tuple[str, Any] | None  # text, a number, (formula, its value), or an empty cell
Row = Sequence[Any]


@contextmanager
def workbook(path: Path, title: str, created: datetime.date) -> Iterator[Any]:
    """Open a workbook for writing; a fixed date `created` makes the same input give the same bytes."""
    # names are given by the user: a title that begins with "=" is text
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    options["in_memory"] = True  # a temporary file for each part of it takes longer than the part
    with xlsxwriter.Workbook(str(path), options) as book:
        midnight = datetime.datetime.combine(created, datetime.time())
        book.set_properties({"title": title, "author": "parkdispatch", "created": midnight})
        yield book


class Book:
    """Writes cells, tables and sheet headings of a workbook in one language."""

    def __init__(self, book: Any, words: Mapping[str, Any]) -> None:
        self.book, self.words = book, words
        self.font = "Microsoft YaHei" if words["lang"] == "zh" else "Calibri"
        self.formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def form(self, **look: Any) -> Any:
        """The cell format with these properties, created on first use."""
        key = tuple(sorted(look.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"font_size": 10, "font_name": self.font, **look})
        return self.formats[key]

    def put(self, sheet: Any, row: int, column: int, cell: Cell, **look: Any) -> None:
        """Write a cell: text, number, or formula with its value; None leaves the cell empty."""
        if cell is None:
            return
        if isinstance(cell, str):
            sheet.write_string(row, column, cell, self.form(**look))
        elif isinstance(cell, tuple):
            sheet.write_formula(row, column, cell[0], self.form(**look), cell[1])
        else:
            sheet.write_number(row, column, cell, self.form(**look))

    def head(self, sheet: Any, title: str, about: str, note: str, pages_high: int = 0) -> None:
        """Write title, subject and note of a sheet; set the print layout to landscape A4, one page wide."""
        self.put(sheet, 0, 0, title, bold=True, font_size=16)
        self.put(sheet, 1, 0, about, font_size=11)
        self.put(sheet, 2, 0, note, font_color=SOFT)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, pages_high)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&L&F&C&A&R&P / &N")

    def tall(self, sheet: Any, row: int, texts: Sequence[str], width: float) -> None:
        """Set the height of a row to what its wrapped texts need in columns of `width` letters."""
        lines = [
            sum(2 if ord(letter) > WIDE_FROM else 1 for letter in text) / (FILLED_SHARE * width)
            for text in texts
        ]
        if (most := ceil(max(lines, default=1))) > 1:
            sheet.set_row(row, LINE_POINTS * most + 2)

    def table(
        self,
        sheet: Any,
        row: int,
        heads: Sequence[str],
        rows: Sequence[Row],
        form: str | Sequence[str],
        **look: Any,
    ) -> int:
        """Write a table and return the row after it; `form` is one number format, or one per column."""
        for column, head in enumerate(heads):
            first = next((cells[column] for cells in rows if column < len(cells)), None)
            text = column == 0 or isinstance(first, str)
            align = "left" if text else "right"
            self.put(sheet, row, column, head, **HEAD, align=align, valign="bottom", text_wrap=True)
        row += bool(heads)
        for cells in rows:
            for column, cell in enumerate(cells):
                number_format = form if isinstance(form, str) else form[column]
                figure = {"num_format": number_format} if not isinstance(cell, str) else {}
                self.put(sheet, row, column, cell, **figure, **look)
            row += 1
        return row


def finite(value: float) -> float | None:
    """The value, or None if it is not finite."""
    return value if math.isfinite(value) else None
