"""report.xlsx: unrounded numbers equal to those of the files, and sums as formulas with correct values."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from parkdispatch.inputs.value_sources import SourcedValue
from parkdispatch.results.billing.bill_table import line_table, month_table
from parkdispatch.results.excel.report_workbook import write_report_xlsx
from parkdispatch.results.wording.languages import LANGS, Lang
from parkdispatch.results.writers.dispatch_files import summary_json
from tests.support.audited import audit_of
from tests.support.reports.built_in_pages import made
from tests.support.reports.report_cases import EVIL, facts_of, solved
from tests.support.reports.workbooks import cells, counted, differences, needs_soffice

SHEETS = ["Summary", "Bill", "Bill by month", "Steps", "Proof", "Assumptions"]


@pytest.fixture(scope="module", params=["day", "year"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    run, facts = made(request.param)
    path = tmp_path_factory.mktemp(request.param) / "report.xlsx"
    write_report_xlsx(path, run.solution, run.case, run.summary.audit, facts)
    return run, path


def exact(*numbers: Any) -> list[Any]:
    """Equal to the 16 digits a workbook stores."""
    return [
        number if isinstance(number, str) else pytest.approx(number, rel=1e-15, abs=0.0) for number in numbers
    ]


def rows_of(sheet: Worksheet) -> dict[str, list[Any]]:
    """The cells beside each name of the first column; the first row if a name occurs twice."""
    rows: dict[str, list[Any]] = {}
    for row in sheet.iter_rows(min_row=5, values_only=True):
        if isinstance(row[0], str):
            rows.setdefault(row[0], [cell for cell in row[1:] if cell is not None])
    return rows


def test_numbers_are_those_of_the_files(written: tuple[Any, Path]) -> None:
    run, path = written
    book = openpyxl.load_workbook(path, data_only=True)
    assert book.sheetnames == SHEETS
    told = summary_json(run.solution, run.case, run.summary, run.timings_s, run.model)
    summary = rows_of(book["Summary"])
    assert summary["Without storage"] == exact(told["cost_without_storage_yuan"])
    assert summary["Saved"] == exact(told["saving_yuan"])
    assert summary["pv used"] == exact(told["energy_mwh"]["pv.output_mwh"])
    assert summary["load demand"] == exact(-told["energy_mwh"]["load.injection_ac_mwh"])
    assert summary["battery 2"] == exact(told["full_cycles"]["battery_2"])
    for month, peak in told["peak_mw"].items():
        assert summary[month][:2] == exact(peak, told["peak_without_storage_mw"][month])
    bill, other = run.summary.bills["grid"], run.summary.without_storage.bills["grid"]
    table, lines = line_table(bill, other), rows_of(book["Bill"])
    demand = table.loc[("demand", "all")]
    assert lines["demand charge"][:3] == exact(*demand[["yuan_without", "yuan", "saved_yuan"]])
    assert lines["Total"][1] == pytest.approx(told["bill_yuan"]["grid"]["total"], rel=1e-12)
    months = rows_of(book["Bill by month"])
    for month, yuan in month_table(bill, other)["yuan"].items():
        assert months[str(month)][1:2] == exact(yuan)
    proof = rows_of(book["Proof"])
    objective = "Objective value: all costs of the model, with whole months' demand charges"
    assert proof[objective] == exact(told["objective_yuan"])
    assert proof["Lower bound on the cost"] == exact(told["bound_yuan"])
    assert proof["Proof method"] == exact(told["proof"])
    check = told["audit"]["checks"]["battery_1.energy_balance_mwh"]
    assert proof["battery 1: energy balance"] == exact(check["residual"], check["allowed"], "MWh", "yes")


def test_the_steps_lead_from_one_cost_to_the_other(written: tuple[Any, Path]) -> None:
    run, path = written
    sheet = openpyxl.load_workbook(path, data_only=True)["Steps"]
    steps = rows_of(sheet)
    (before,), (after,) = steps["Without storage"], steps["With storage"]
    assert after == pytest.approx(run.summary.bills["grid"].total_yuan, rel=1e-12)
    left = [row[2].value for row in sheet.iter_rows(min_row=7) if row[1].value is not None and row[2].value]
    assert left[-1] == pytest.approx(after, rel=1e-12)
    assert steps["Total"] == [pytest.approx(before - after, rel=1e-9)]


@needs_soffice
def test_counted_anew_it_shows_the_same(written: tuple[Any, Path], tmp_path: Path) -> None:
    _, path = written
    formulas = [
        cell
        for sheet in openpyxl.load_workbook(path).worksheets
        for row in sheet.iter_rows()
        for cell in row
        if str(cell.value).startswith("=")
    ]
    assert len(formulas) > 20
    again, first = counted(path, tmp_path), cells(path)
    assert sorted(differences(again, first)) == []


@pytest.mark.parametrize("lang", LANGS)
def test_text_stays_text_and_bytes_stay_the_same(lang: Lang, tmp_path: Path) -> None:
    case, solution = solved()
    formula = SourcedValue("=HYPERLINK(1)", "2", "file")
    facts = replace(facts_of(solution), title="=1+1" + EVIL, assumptions=[formula])
    for name in ("a.xlsx", "b.xlsx"):
        write_report_xlsx(tmp_path / name, solution, case, audit_of(solution, case), facts, lang)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert len(book.sheetnames) == 3  # no bills were given
    for sheet in book.worksheets:
        assert sheet["A1"].data_type == "s"
    last = book.worksheets[-1]
    assert any(row[0].value == "=HYPERLINK(1) = 2" and row[0].data_type == "s" for row in last.iter_rows())


def test_without_storage_nothing_is_compared(tmp_path: Path) -> None:
    case, solution = solved(storage=False)
    facts = facts_of(solution, without_storage=None, full_cycles={})
    write_report_xlsx(tmp_path / "a.xlsx", solution, case, audit_of(solution, case), facts)
    summary = openpyxl.load_workbook(tmp_path / "a.xlsx")["Summary"]
    words = {cell.value for row in summary.iter_rows() for cell in row}
    assert not {"Without storage", "Saved"} & words
    assert "With storage" not in words
