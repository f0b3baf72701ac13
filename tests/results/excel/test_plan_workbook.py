"""plan.xlsx read back: equal numbers, live formulas, text kept as text, deterministic bytes."""

from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from parkdispatch.results.excel.plan_workbook import TOP, write_plan_xlsx
from parkdispatch.results.network.bus_energies import bus_energies_mwh
from parkdispatch.results.schedule.plan_notes import PlanNote
from parkdispatch.results.solution import cost_yuan
from parkdispatch.results.views.plan_columns import plan_columns
from parkdispatch.results.views.report_tables import energies
from parkdispatch.results.wording.words import load_words
from tests.support.reports.report_cases import EVIL, block, facts_of, solved, solved_small
from tests.support.reports.works import worked


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    case, solution = solved()
    path = tmp_path_factory.mktemp("book") / "plan.xlsx"
    write_plan_xlsx(path, solution, case, facts_of(solution))
    return path


def column_of(sheet: Worksheet, *header: str) -> list[Any]:
    """The cells of the column whose header contains these parts."""
    heads = [str(cell.value) for cell in sheet[TOP]]
    (number,) = [n for n, head in enumerate(heads) if all(part in head for part in header)]
    return [sheet.cell(row, number + 1).value for row in range(TOP + 1, TOP + 97)]


def test_the_plan_is_the_solution(written: Path) -> None:
    _, solution = solved()
    sheet = openpyxl.load_workbook(written)["Plan"]
    for device, quantity, name in (
        ("grid", "import", "grid.import_mw"),
        ("grid", "export", "grid.export_mw"),
        ("pv", "used", "pv.injection_ac_mw"),
        ("pv", "curtailed", "pv.curtailed_mw"),
        ("pv", "available", "pv.available_mw"),
    ):
        cells = np.array(column_of(sheet, f"{device}\n{quantity}\nMW"), dtype=float)
        np.testing.assert_allclose(cells, solution[name].to_numpy(), rtol=0, atol=1e-9)
    load = np.array(column_of(sheet, "load\ndemand"), dtype=float)
    np.testing.assert_allclose(load, -solution["load.injection_ac_mw"].to_numpy(), rtol=0, atol=1e-9)
    for battery, rated in (("battery_1", 8.0), ("battery_2", 6.0)):
        net = solution[f"{battery}.discharge_mw"] - solution[f"{battery}.charge_mw"]
        name = battery.replace("_", " ")
        cells = np.array(column_of(sheet, name, "set point", "+ discharge"), dtype=float)
        np.testing.assert_allclose(cells, net, rtol=0, atol=1e-9)
        cells = np.array(column_of(sheet, name, "state of charge"), dtype=float)
        np.testing.assert_allclose(cells, solution[f"{battery}.energy_mwh"] / rated, rtol=0, atol=1e-9)
    price = np.array(column_of(sheet, "Purchase price", "yuan/kWh"), dtype=float)
    want = solution["grid.purchase_price_yuan_per_mwh"].to_numpy() / 1000
    np.testing.assert_allclose(price, want, rtol=0, atol=1e-9)


def test_clock_and_layout(written: Path) -> None:
    sheet = openpyxl.load_workbook(written)["Plan"]
    assert sheet.cell(TOP + 96, 2).number_format == "[hh]:mm"
    raw = openpyxl.load_workbook(written, data_only=True)["Plan"].cell(TOP + 96, 2).value
    assert getattr(raw, "days", raw) == 1  # a day's end is 24:00, not 00:00
    assert sheet.freeze_panes == f"D{TOP + 1}"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr is not None
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.page_setup.fitToWidth in {None, 1}  # 1 is what is meant where nothing is written
    assert sheet.page_setup.fitToHeight == 0
    assert len(sheet.conditional_formatting) >= 5
    assert column_of(sheet, "Tariff period")[50] == "deep valley"


def test_formulas_are_live_and_their_values_true(written: Path) -> None:
    case, solution = solved()
    book, cached = openpyxl.load_workbook(written), openpyxl.load_workbook(written, data_only=True)
    summary, shown = book["Summary"], cached["Summary"]
    rows = {str(row[0].value): row[0].row for row in summary.iter_rows()}

    def cell(name: str, column: int = 2) -> tuple[str, float]:
        formula = summary.cell(rows[name], column).value
        value = shown.cell(rows[name], column).value
        assert isinstance(value, int | float)
        return str(formula), float(value)

    formula, value = cell("grid import")
    assert formula.startswith("=SUM('Plan'!")
    assert value == pytest.approx(float(solution["grid.import_mw"].sum()) * 0.25)
    formula, value = cell("battery 1 charge")
    assert "SUMIF" in formula
    assert value == pytest.approx(float(solution["battery_1.charge_mw"].sum()) * 0.25)
    formula, value = cell("Total")
    assert formula.startswith("=SUM(B")
    assert value == pytest.approx(float(solution.attrs["objective_yuan"]))
    formula, value = cell("Saved by the storage")
    assert formula == f"=B{rows['Without storage']}-B{rows['Total']}"
    assert value == pytest.approx(1234.5)
    formula, value = cell("Energy bought less sold, price x import - price x export")
    assert formula.count("SUMPRODUCT") == 2
    costs = cost_yuan(solution)
    assert value == pytest.approx(costs["grid.purchase_yuan"] + costs["grid.sale_yuan"])
    first, last = rows["grid: energy bought"], rows["Total"] - 1
    assert cell("Total")[0] == f"=SUM(B{first}:B{last})"
    columns = list(plan_columns(solution, case, load_words("en")))
    assert sum(column.kind == "set_point" for column in columns) == 2


def test_a_park_that_needs_its_storage_is_not_compared(tmp_path: Path) -> None:
    case, solution = solved()
    facts = facts_of(solution, without_storage=None)
    write_plan_xlsx(tmp_path / "plan.xlsx", solution, case, facts)
    cells = [row[0].value for row in openpyxl.load_workbook(tmp_path / "plan.xlsx")["Summary"].iter_rows()]
    words = load_words("en")
    assert cells[cells.index("Total") + 1] == words["page"]["no_comparison"]
    assert not {words["book"][key] for key in ("without", "saved", "share")} & set(cells)


def test_charts_and_blocks(written: Path) -> None:
    book = openpyxl.load_workbook(written)
    assert book.sheetnames == ["Plan", "Chart", "Blocks", "Summary"]
    blocks = [cell.value for cell in book["Blocks"][TOP + 1]]
    assert blocks[:6] == ["12:00", "14:00", "charge", "4.0 MW", 0.4143, "surplus PV (otherwise sold)"]
    assert book.properties.created is not None
    assert f"{book.properties.created:%Y-%m-%d}" == "2026-07-15"


def test_text_stays_text_and_bytes_stay_the_same(tmp_path: Path) -> None:
    case, solution = solved()
    row = block(action="discharge", periods=('=HYPERLINK("http://x")',))
    case = replace(case, title_zh='=1+1" ' + EVIL)
    facts = replace(
        facts_of(solution), blocks=[row], notes=[PlanNote("forced", {"order": "=1+1", "yuan": "5"})]
    )
    files = []
    for name in ("a.xlsx", "b.xlsx"):
        write_plan_xlsx(tmp_path / name, solution, case, facts, "zh")
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["计划", "图", "安排", "指令与原因", "汇总"]
    assert "=1+1" in book["指令与原因"].cell(TOP, 1).value
    assert book["计划"]["A1"].value == case.title_zh
    assert book["计划"]["A1"].data_type == "s"
    assert book["安排"].cell(TOP + 1, 6).data_type == "s"


def test_a_small_park_is_in_kilowatts(tmp_path: Path) -> None:
    """Set points, energies and the formula of the energy cost agree on the unit."""
    case, solution = solved_small()
    write_plan_xlsx(tmp_path / "plan.xlsx", solution, case, facts_of(solution))
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx", data_only=True)
    imported = np.array(column_of(book["Plan"], "grid\nimport\nkW"), dtype=float)
    np.testing.assert_allclose(imported, 1000 * solution["grid.import_mw"].to_numpy(), rtol=0, atol=1e-6)
    rows = {str(row[0].value): row for row in book["Summary"].iter_rows()}
    assert rows["Energy over the horizon"][1].value == "Energy, kWh"
    cost = rows["Energy bought less sold, price x import - price x export"][1].value
    costs = cost_yuan(solution)
    assert cost == pytest.approx(costs["grid.purchase_yuan"] + costs["grid.sale_yuan"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_each_voltage_has_a_row(lang: str, tmp_path: Path) -> None:
    """What sources, connection, loads and other voltages bring to each and take from it; zero in all."""
    run, facts = worked()
    write_plan_xlsx(tmp_path / "plan.xlsx", run.solution, run.case, facts, lang)
    rows = openpyxl.load_workbook(tmp_path / "plan.xlsx", data_only=True).worksheets[-1].values
    energies_mwh = bus_energies_mwh(run.solution, run.case)
    told = {row[0]: [mwh for mwh in row[1:] if mwh is not None] for row in rows if row[0] in energies_mwh}
    assert set(told) == {"10kV", "400V"}
    for bus, of_roles in energies_mwh.items():
        assert sorted(filter(None, told[bus])) == pytest.approx(sorted(filter(None, of_roles.values())))


def test_a_flow_one_way_has_no_highest_the_other_way(tmp_path: Path) -> None:
    """Nothing goes back through the transformers: its highest is 0, not minus the least that goes forward."""
    run, facts = worked()
    write_plan_xlsx(tmp_path / "plan.xlsx", run.solution, run.case, facts)
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx", data_only=True)
    (back,) = [row for row in book["Summary"].values if row[0] == "10/0.4 kV transformers backward"]
    assert back[1:3] == (0, 0)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_heat_is_summed_apart_from_power(lang: str, tmp_path: Path) -> None:
    """A table for each carrier, by its own word; heat stood among electricity, as `电量`."""
    run, facts = worked()
    write_plan_xlsx(tmp_path / "plan.xlsx", run.solution, run.case, facts, lang)
    words = load_words(lang, devices=run.case.devices)
    rows = list(openpyxl.load_workbook(tmp_path / "plan.xlsx", data_only=True).worksheets[-1].values)
    for carrier, energy in energies(run.solution, run.case, facts.energy_mwh, words).items():
        what = words["carriers"][carrier]["energy"]
        (first,) = [n for n, row in enumerate(rows) if row[1] == f"{what}, MWh"]
        table = dict(row[:2] for row in takewhile(lambda row: row[0], rows[first + 1 :]))
        assert {label: mwh for label, mwh in table.items() if mwh} == pytest.approx(dict(energy))
