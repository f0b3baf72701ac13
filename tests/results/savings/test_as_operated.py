"""A study that keeps a share of its saving: by hand, in the workbook, and from result files."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from parkdispatch.models.errors import InputError, SolverError
from parkdispatch.results.excel.cash_flow_workbook import write_cashflow_xlsx
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.operation import NOT_KEPT
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.html.study_report import study_html
from parkdispatch.results.savings.as_operated import AsOperated, operated, read_as_operated
from parkdispatch.results.writers.study_files import study_json
from tests.support.reports.study_pages import studied


def test_all_that_is_scaled_is_one_stream_below_zero() -> None:
    """A quarter of arbitrage and demand saving less auxiliary energy is not kept, of each year."""
    lifetime = studied().lifetime
    kept = operated(lifetime, AsOperated(0.75))
    whole = lifetime.operation()
    net = whole.revenue_yuan["arbitrage"] + whole.revenue_yuan["demand"] - whole.auxiliary_yuan
    np.testing.assert_allclose(kept.revenue_yuan[NOT_KEPT], -0.25 * net)
    for name, yuan in whole.revenue_yuan.items():
        np.testing.assert_array_equal(kept.revenue_yuan[name], yuan)
    assert kept.revenue_yuan.keys() - whole.revenue_yuan.keys() == {NOT_KEPT}


def test_all_kept_changes_no_flow() -> None:
    study = studied()
    finance = study.cash.finance
    same = cash_flow(finance, operated(study.lifetime, AsOperated(1.0)))
    np.testing.assert_allclose(same.values["project_after_tax"], study.cash.values["project_after_tax"])


def test_streams_that_do_not_save_what_the_bills_say_are_refused() -> None:
    lifetime = studied().lifetime
    wrong = replace(lifetime.years[0], bill_yuan=lifetime.years[0].bill_yuan + 1e4)
    with pytest.raises(SolverError, match="between streams and bills"):
        operated(replace(lifetime, years=(wrong, *lifetime.years[1:])), AsOperated(0.5))


def test_the_workbook_computes_what_is_not_kept(tmp_path: Path) -> None:
    """Its cells are a formula of the share and three given lines, and show the engine's values."""
    study = studied()
    cash = cash_flow(study.cash.finance, operated(study.lifetime, AsOperated(0.75)))
    path = tmp_path / "cash.xlsx"
    write_cashflow_xlsx(path, cash, "as operated", "en")
    shown, formulas = (openpyxl.load_workbook(path, data_only=only) for only in (True, False))
    assert "kept_share" in formulas.defined_names
    sheet = next(name for name in formulas.sheetnames if _row(formulas[name]))
    row = _row(formulas[sheet])
    cells = [cell for cell in formulas[sheet][row] if str(cell.value).startswith("=-(1-kept_share)*")]
    years = [cell for cell in cells if shown[sheet][cell.coordinate].value]
    assert len(years) == len(study.lifetime.years)
    values = [shown[sheet][cell.coordinate].value for cell in years]
    np.testing.assert_allclose(values, cash.operation.revenue_yuan[NOT_KEPT])


def _row(sheet: object) -> int:
    for row in sheet.iter_rows(max_col=2):  # type: ignore[attr-defined]
        if any(cell.value == "Revenue, foresight not kept" for cell in row):
            return int(row[0].row)
    return 0


def test_page_and_summary_say_what_is_scaled() -> None:
    study, kept = studied(), AsOperated(0.75, "regret.json", "learned")
    cash = cash_flow(study.cash.finance, operated(study.lifetime, kept))
    scaled = Study(study.lifetime, cash, study.timings_s, as_operated=kept)
    said = "75.0% of the dispatched saving is kept without perfect foresight (regret.json)"
    assert said in study_html(scaled)
    assert "未保留的预知节省" in study_html(scaled, "zh")
    summary = study_json(scaled)
    assert summary["as_operated"] == {"share": 0.75, "source": "regret.json", "forecast": "learned"}
    assert summary["revenue_yuan"][NOT_KEPT] == pytest.approx(
        -0.25 * sum(year.net_saving_yuan for year in study.lifetime.years)
    )


@pytest.mark.parametrize(
    "content",
    [
        {"kept": 0.8, "forecast": "learned"},
        {"kept": 0.8, "options": {"kind": "learned"}},
        {"replay": {"share_kept": 0.8}},
    ],
)
def test_a_share_is_read_from_result_files(content: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert read_as_operated(str(path)).share == 0.8
    assert read_as_operated("0.8") == AsOperated(0.8)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"kept": null}', '{"kept": true}', '{"kept": 7}'])
def test_files_that_say_no_share_are_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(content, encoding="utf-8")
    for text in (str(path), str(tmp_path / "none.json"), "nan", "1.2"):
        with pytest.raises(InputError, match="as_operated"):
            read_as_operated(text)
