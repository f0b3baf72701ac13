"""What the workbooks share: formats made once, cells of every kind, tables, the head of a sheet, no clock."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any

import xlsxwriter

SOFT = "#5A6675"
HEAD = {"bold": True, "bottom": 2, "bg_color": "#F0F3F6"}
LINE = 13.5  # [points] a line of text
WIDE = 0x2E80  # from here on a sign is as wide as two letters
FILLED = 0.92  # of a line, before its last word is too long
Cell = str | float | tuple[str, Any] | None  # text, a number, a (formula, its value), or nothing
Row = Sequence[Any]


@contextmanager
def workbook(path: Path, title: str, created: datetime.date) -> Iterator[Any]:
    """A workbook to write; the same input gives the same bytes, so `created` is no clock's."""
    # names are the user's: a title that begins with "=" is text
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        at = datetime.datetime.combine(created, datetime.time())
        book.set_properties({"title": title, "author": "parkdispatch", "created": at})
        yield book


class Book:
    """A workbook being written in the words of one language."""

    def __init__(self, book: Any, words: Mapping[str, Any]) -> None:
        self.book, self.words = book, words
        self.font = "Microsoft YaHei" if words["lang"] == "zh" else "Calibri"
        self.formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def form(self, **look: Any) -> Any:
        """A cell format, made once."""
        key = tuple(sorted(look.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"font_size": 10, "font_name": self.font, **look})
        return self.formats[key]

    def put(self, sheet: Any, row: int, column: int, cell: Cell, **look: Any) -> None:
        """Write text as text, numbers as numbers, and a (formula, value) as a live formula."""
        if cell is None:
            return
        if isinstance(cell, str):
            sheet.write_string(row, column, cell, self.form(**look))
        elif isinstance(cell, tuple):
            sheet.write_formula(row, column, cell[0], self.form(**look), cell[1])
        else:
            sheet.write_number(row, column, cell, self.form(**look))

    def head(self, sheet: Any, title: str, about: str, note: str, pages_high: int = 0) -> None:
        """Title, what it is about and a line of explanation; landscape A4, one page wide."""
        self.put(sheet, 0, 0, title, bold=True, font_size=16)
        self.put(sheet, 1, 0, about, font_size=11)
        self.put(sheet, 2, 0, note, font_color=SOFT)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, pages_high)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&L&F&C&A&R&P / &N")

    def tall(self, sheet: Any, row: int, texts: Sequence[str], width: float) -> None:
        """Make a row as high as its wrapped texts need in columns of `width` letters."""
        lines = [sum(2 if ord(sign) > WIDE else 1 for sign in text) / (FILLED * width) for text in texts]
        if (most := ceil(max(lines, default=1))) > 1:
            sheet.set_row(row, LINE * most + 2)

    def table(
        self,
        sheet: Any,
        row: int,
        heads: Sequence[str],
        rows: Sequence[Row],
        form: str | Sequence[str],
        **look: Any,
    ) -> int:
        """Write a table, its figures in the format `form`, or one a column, and return the row after it."""
        for column, head in enumerate(heads):
            text = column == 0 or (bool(rows) and isinstance(rows[0][column], str))
            align = "left" if text else "right"
            self.put(sheet, row, column, head, **HEAD, align=align, valign="bottom", text_wrap=True)
        row += bool(heads)
        for cells in rows:
            for column, cell in enumerate(cells):
                own = form if isinstance(form, str) else form[column]
                figure = {"num_format": own} if not isinstance(cell, str) else {}
                self.put(sheet, row, column, cell, **figure, **look)
            row += 1
        return row
