"""The page of an economic study: its figures, sums computed independently, both languages."""

import re
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from parkdispatch.results.excel.study_workbook import write_study_xlsx
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.html.study_report import study_html
from parkdispatch.results.views.study_tables import money_steps
from parkdispatch.results.wording.languages import LANGS, Lang
from parkdispatch.results.wording.sentences import source_lines
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.writers.study_files import write_study
from tests.support.finance_cases import EVERYTHING, fading
from tests.support.reports.english_words import english
from tests.support.reports.html_pages import Reader, data_of
from tests.support.reports.study_pages import page, studied
from tests.support.reports.workbooks import all_counted, cells, differences, needs_soffice


def test_the_charts_numbers_are_the_studys() -> None:
    cash, figures = studied().cash, {figure["name"]: figure for figure in data_of(page("en"))["figures"]}
    for number, key in enumerate(("project_after_tax", "equity_after_tax")):
        values = np.array(figures["cumulative"]["series"][number]["values"]) * 1e4
        np.testing.assert_allclose(values, np.cumsum(cash.values[key]), rtol=1e-12)
    assert figures["cumulative"]["zero"] is True  # the axis goes through zero
    saved = np.array([figure["values"] for figure in figures["saving"]["series"]]).sum(axis=0) * 1e4
    np.testing.assert_allclose(saved, [year.net_saving_yuan for year in studied().lifetime.years], rtol=1e-9)
    health = [100.0 * year.state_of_health["battery_1"] for year in studied().lifetime.years]
    np.testing.assert_allclose(figures["health"]["series"][0]["values"], health, rtol=1e-12)


@pytest.mark.parametrize("finance", [None, EVERYTHING])
def test_the_steps_add_up_to_the_projects_flow(finance: None) -> None:
    """Also with a replacement, a refund and a tax holiday; a missing step would change the sum."""
    cash = studied().cash if finance is None else cash_flow(EVERYTHING, fading(EVERYTHING))
    steps = money_steps(cash)
    total = float(cash.values["project_after_tax"].sum())
    assert sum(yuan for _, yuan in steps) == pytest.approx(total, rel=1e-12)
    assert {"investment", "insurance"} <= {key for key, _ in steps}
    if finance is not None:
        assert "replacement" in {key for key, _ in steps}


def test_figures_are_told_as_they_are() -> None:
    html, cash = page("en"), studied().cash
    measures = cash.returns["project_after_tax"]
    assert measures.irr.value is not None
    assert f'<div class="figure">{measures.irr.value:.2%} <small>after income tax</small>' in html
    assert f"{measures.static_payback.from_construction_years:,.2f}" in html
    assert f"from the start of operation: {measures.static_payback.from_operation_years:,.2f}" in html
    assert f"{cash.lcos_yuan_per_kwh:,.4f}" in html
    assert "Each year proven optimal" in html
    for year in studied().lifetime.years:
        assert f"{year.bill_yuan / 1e4:,.2f}" in html
    for line in ("ebitda", "interest", "project_tax", "equity_after_tax"):
        for yuan in cash.values[line]:
            assert not yuan or f">{yuan / 1e4:,.2f}<" in html, line
    for phrase in ("loan rate", "0.048", "Interest", "as coded from DL/T 2919-2025"):
        assert phrase in html


def test_nothing_english_is_on_the_chinese_page() -> None:
    """Except for text of the case, and choices quoted behind their translation as a case file has them."""
    case, data = studied().case, data_of(page("zh"))
    quoted = {case.title, case.name, "own", "Small park", *source_lines(case, load_words("zh"))}
    told = [re.sub(r"\b[0-9a-f]{64}\b", "", text).strip() for text in Reader(page("zh")).text]
    told += [
        text
        for figure in data["figures"]
        for text in (*figure["labels"], figure["unit"])
        if isinstance(text, str)
    ]
    told += [series["name"] for figure in data["figures"] for series in figure.get("series", [])]
    choices = {
        "start_of_construction", "end_of_first_year", "carried_forward", "refunded", "power_or_energy",
        "investment", "annuity", "equal_principal", "capitalised", "paid", "DL", "small",
        "year", "end_of_life", "replacement", "augmentation", "once", "every",
    }  # fmt: skip
    english_of = {
        text: english(text) - choices for text in told if not any(figure in text for figure in quoted)
    }
    assert not choices & set(told)  # "annuity" alone in its cell
    assert "等额本息" in told
    assert {text: words for text, words in english_of.items() if words} == {}
    assert "偿债备付率" in page("zh")


@pytest.mark.parametrize("lang", LANGS)
def test_the_files_are_in_the_language(lang: Lang, tmp_path: Path) -> None:
    paths = write_study(studied(), tmp_path, lang)
    code = {"zh": "zh-CN"}.get(lang, lang)
    assert f'<html lang="{code}">' in paths["report.html"].read_text(encoding="utf-8")
    sheets = openpyxl.load_workbook(paths["cashflow.xlsx"]).sheetnames
    assert sheets[0] == {"en": "Results", "zh": "结果"}[lang]


@needs_soffice
def test_the_workbooks_counted_anew_show_the_same(tmp_path: Path) -> None:
    books = {lang: tmp_path / f"report-{lang}.xlsx" for lang in LANGS}
    for lang, path in books.items():
        write_study_xlsx(path, studied(), lang)
    again = all_counted({lang: (path, {}) for lang, path in books.items()}, tmp_path)
    assert {lang: sorted(differences(again[lang], cells(path))) for lang, path in books.items()} == {
        lang: [] for lang in LANGS
    }


def test_the_workbooks_numbers_are_the_studys(tmp_path: Path) -> None:
    write_study_xlsx(tmp_path / "report.xlsx", studied())
    book = openpyxl.load_workbook(tmp_path / "report.xlsx", data_only=True)
    rows = list(book["Year by year"].iter_rows(min_row=6, values_only=True))
    for year, row in zip(studied().lifetime.years, rows, strict=False):
        assert row[0] == str(year.year)
        assert row[2] == pytest.approx(year.state_of_health["battery_1"], rel=1e-15)
        assert row[8] == pytest.approx(year.net_saving_yuan, rel=1e-12)
        assert row[9:11] == pytest.approx((year.bill_without_yuan, year.bill_yuan), rel=1e-15)
    assert rows[3][8] == pytest.approx(sum(year.net_saving_yuan for year in studied().lifetime.years))
    last = list(book["Steps"].iter_rows(min_row=6, values_only=True))[-1]
    assert last[2] == pytest.approx(float(studied().cash.values["project_after_tax"].sum()), rel=1e-12)


def test_an_investment_that_never_comes_back_has_its_page() -> None:
    study = studied()
    finance = study.cash.finance.model_copy(update={"investment_yuan": 5e9})
    poor = Study(study.lifetime, cash_flow(finance, study.lifetime.operation()), {})
    assert poor.cash.returns["project_after_tax"].static_payback.from_construction_years is None
    assert '<div class="figure">never <small>years</small>' in study_html(poor, "en")
    assert '<div class="figure">不能回收 <small>年</small>' in study_html(poor, "zh")
