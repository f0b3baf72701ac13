"""Ranges of uncertain inputs and where they are from, on page, workbook, screen and in the summary."""

import io
import json
from dataclasses import replace
from html import unescape
from pathlib import Path

import openpyxl
import pytest
from rich.console import Console

from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.results.console.screen_language import SCREEN_LANG
from parkdispatch.results.console.sizing_screen import show_size_study
from parkdispatch.results.html.sizing_report import size_html
from parkdispatch.results.sizing.sizing_results import SizeStudy
from parkdispatch.results.wording.languages import LANGS, Lang
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.writers.sizing_files import write_size_study
from tests.support.reports.size_pages import study

TENDER = {
    "of": ["low"], "kind": "tender", "document": "the tender of June", "document_zh": "六月集采",
    "date": "2025-06",
}  # fmt: skip
LOAD, PRICE = "load growth a year", "battery price"
SAID = {
    "en": ("low: tender: the tender of June, 2025-06; high: assumption", f"{LOAD} and {PRICE}", "12 of 12"),
    "zh": ("下限：招标价：六月集采，2025-06；上限：假设", "负荷年增长率与电池价格", "12 个取值范围中，12 个"),
}


def sourced() -> SizeStudy:
    """A study of doubts of which two move together: one has a source of one end, the others have none."""
    sizing = study("now").sizing.model_dump(mode="json", exclude_none=True)
    for doubt in sizing["doubt"]:
        doubt["source"] = TENDER if doubt["name"] == PRICE else []
    sizing["correlation"] = [{"doubts": [LOAD, PRICE], "rank": 0.5}]
    return replace(study("now"), sizing=Sizing.model_validate(sizing))


@pytest.mark.parametrize("lang", LANGS)
def test_a_page_a_workbook_and_a_screen_say_where_each_number_is_from(lang: Lang, tmp_path: Path) -> None:
    """The end without a source, and the input without one, are said to be assumptions."""
    write_size_study(sourced(), tmp_path, lang)
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    sheet = book[load_words(lang, "size")["size_sheets"]["assumptions"]]
    of_workbook = "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value)
    screen = Console(file=io.StringIO(), width=300)
    before = SCREEN_LANG.set(lang)
    show_size_study(screen, sourced())
    SCREEN_LANG.reset(before)
    for said in SAID[lang]:
        assert said in unescape(size_html(sourced(), lang))
        assert said in of_workbook
        assert said in screen.file.getvalue()  # type: ignore[attr-defined]


def test_the_summary_has_the_sources_as_data(tmp_path: Path) -> None:
    write_size_study(sourced(), tmp_path)
    risk = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["risk"]
    sources = {doubt["name"]: doubt["sources"] for doubt in risk["doubts"]}
    assert sources[PRICE] == [TENDER, {"of": ["high"], "kind": "assumption"}]
    assert sources[LOAD] == [{"kind": "assumption"}]
    assert all(of["rests_on_assumptions"] for of in (*risk["doubts"], *risk["correlations"]))
    assert risk["correlations"][0]["rank"] == 0.5
