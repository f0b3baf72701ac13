"""A study with owners: tables, page, workbook and screen agree, and the flows add up to the park's."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from parkdispatch.inputs.loader import load_case
from parkdispatch.models.errors import InputError
from parkdispatch.results.console.study_screen import show_study
from parkdispatch.results.excel.study_workbook import write_study_xlsx
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.html.study_report import study_html
from parkdispatch.results.wording.languages import LANGS
from parkdispatch.results.writers.study_files import write_study
from parkdispatch.studies.lifetime.storage_study_run import study_storage
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.year_case import MONEY, year_case
from tests.support.reports.workbooks import all_counted, cells, differences, needs_soffice

OWNERS = """
[owners]
discount_rate = 0.05

[owners.pv]
devices = ["pv"]
investment_yuan = 30_000_000.0
base_price_yuan_per_kwh = 0.6

[owners.network]
fee_yuan_per_kwh = 0.02
capacity_rent_yuan_per_kw_year = 10.0
"""


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    folder = tmp_path_factory.mktemp("owners")
    case = load_case(str(year_case(folder, money=MONEY + OWNERS)), whole_year=True)
    study = study_storage(case, SolveContext(), 0.0, quick=True)
    write_study(study, folder / "out")
    return study, folder / "out"


def test_every_table_has_the_owners(owned: tuple[Study, Path]) -> None:
    study, out = owned
    table = pd.read_csv(out / "owners.csv", encoding="utf-8-sig", index_col="owner")
    assert list(table.columns[:3]) == ["npv_yuan", "irr", "payback_years"]
    assert list(table.index) == ["pv", "storage", "network", "works", "park"]
    for column in ("npv_yuan", "npv_after_tax_yuan"):
        parts = table[column].drop("park")
        assert parts.sum() == pytest.approx(table.loc["park", column], abs=0.01)
    assert table["irr_after_tax"]["pv"] < table["irr"]["pv"]
    flows = pd.read_csv(out / "owner_flows.csv", encoding="utf-8-sig", index_col="flow")
    for line in ("total", "total_after_tax"):
        totals = flows.loc[line].set_index("payee").drop(columns="payer").astype(float)
        np.testing.assert_allclose(totals.drop("park").sum(), totals.loc["park"], atol=0.01)
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["owners"]["pv"]["npv_yuan"] == pytest.approx(table.loc["pv", "npv_yuan"], abs=0.01)
    assert 0.0 < summary["indicators"]["self_use_share"] <= 1.0
    assert summary["indicators"]["emissions_t_co2"] > 0.0
    printed = io.StringIO()
    show_study(Console(width=80, file=printed), study)
    for column in ("npv_yuan", "npv_after_tax_yuan"):
        assert f"{table.loc['storage', column] / 1e4:,.2f}" in printed.getvalue()
    for lang, name in (("en", "network company"), ("zh", "增量配电公司")):
        page = study_html(study, lang)  # type: ignore[arg-type]
        assert name in page
        for column in ("npv_yuan", "npv_after_tax_yuan"):
            assert f"{table.loc['works', column] / 1e4:,.2f}" in page


@needs_soffice
def test_the_workbooks_counted_anew_are_the_same(owned: tuple[Study, Path], tmp_path: Path) -> None:
    books = {lang: tmp_path / f"report-{lang}.xlsx" for lang in LANGS}
    for lang, path in books.items():
        write_study_xlsx(path, owned[0], lang)
    again = all_counted({lang: (path, {}) for lang, path in books.items()}, tmp_path)
    assert {lang: sorted(differences(again[lang], cells(path))) for lang, path in books.items()} == {
        lang: [] for lang in LANGS
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ('devices = ["pv"]', 'devices = ["pw"]'),
            "`owners.pv.devices[0]` = 'pw': must be a device of the case",
        ),
        (('devices = ["pv"]', 'devices = ["battery_1"]'), "= 'battery_1': must be a source"),
        (("discount_rate = 0.05", "discount_rate = 5"), "`owners.discount_rate` = 5: must be in [0, 1]"),
        (("fee_yuan_per_kwh", "fee"), "`owners.network.fee` = 0.02: no such key"),
        (("investment_yuan = 30_000_000.0\n", ""), "`owners.pv.investment_yuan` is missing"),
    ],
)
def test_what_is_wrong_is_said(change: tuple[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_case(str(year_case(tmp_path, money=MONEY + OWNERS.replace(*change))))
    assert words in "\n".join(caught.value.problems)
