"""Cells of a workbook as written and as LibreOffice recalculates them, and where they differ."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pytest

from parkdispatch.results.excel.cash_flow_workbook import SHEETS
from parkdispatch.results.wording.finance_words import FinanceWords
from parkdispatch.results.wording.languages import LANGS

SOFFICE = shutil.which("soffice")
needs_soffice = pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed")
LINE_SHEETS = {FinanceWords(lang).text[name] for lang in LANGS for name in SHEETS}
Cells = dict[tuple[str, str], Any]  # by sheet and place
REL, ABS_YUAN = 1e-6, 1e-3  # of a cell; a debt paid off is a thousandth of a millionth of a yuan


def cells(path: Path) -> Cells:
    """Every cell's number or text, by sheet and place."""
    book = openpyxl.load_workbook(path, data_only=True)
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value not in (None, "")
    }


def counted(path: Path, folder: Path, changes: Mapping[str, Any] | None = None) -> Cells:
    """The cells after LibreOffice has counted the formulas."""
    return all_counted({"bare": (path, changes or {})}, folder)["bare"]


def all_counted(books: Mapping[str, tuple[Path, Mapping[str, Any]]], folder: Path) -> dict[str, Cells]:
    """The cells of several workbooks with what is typed into them, counted by one start of LibreOffice.

    A start takes four times as long as a workbook, and a third longer with a new profile. openpyxl drops what
    the formulas showed before.
    """
    bare = [
        without_results(path, folder / f"{name}.xlsx", changes) for name, (path, changes) in books.items()
    ]
    profile = f"-env:UserInstallation={Path(_profile().name).as_uri()}"
    command = [str(SOFFICE), "--headless", profile, "--convert-to", "xlsx", "--outdir", str(folder / "out")]
    subprocess.run([*command, *map(str, bare)], check=True, capture_output=True, timeout=600)
    return {name: cells(folder / "out" / f"{name}.xlsx") for name in books}


@cache
def _profile() -> TemporaryDirectory[str]:
    """The folder where LibreOffice keeps its settings, of this process and until its end."""
    return TemporaryDirectory(prefix="soffice")


def without_results(path: Path, bare: Path, changes: Mapping[str, Any]) -> Path:
    """A copy of a workbook with other values of some names, whose formulas show nothing."""
    book = openpyxl.load_workbook(path)
    for name, value in changes.items():
        sheet, place = book.defined_names[name].attr_text.split("!")
        book[sheet.strip("'")][place.replace("$", "")] = value
    book.save(bare)
    losses = ("Losses", "亏损弥补")
    assert not any(isinstance(v, float) for (sheet, _), v in cells(bare).items() if sheet in losses)
    return bare


def differences(written: Mapping[Any, Any], expected: Mapping[Any, Any]) -> Iterator[str]:
    for place in written.keys() | expected.keys():
        cell, other = written.get(place), expected.get(place)
        if isinstance(cell, int | float) and isinstance(other, int | float):
            if abs(cell - other) > max(ABS_YUAN if place[0] in LINE_SHEETS else 0.0, REL * abs(other)):
                yield f"{place}: {cell}, not {other}"
        elif cell != other:
            yield f"{place}: {cell!r}, not {other!r}"
