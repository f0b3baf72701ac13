"""A study with contracts: printed and written figures agree everywhere."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from parkdispatch.inputs.loader import load_case
from parkdispatch.results.console.study_screen import show_study
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.writers.study_files import write_study
from parkdispatch.studies.lifetime import lifetime_dispatch
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.year_case import MONEY, three_days, year_case

CONTRACTS = """
[contract.demand_response]
kind = "metered"
hours = 1.0
periods = ["peak"]
events_per_year = 3
baselines = "highest"

[contract.absorption]
kind = "stated"
energy_mwh_per_year = 100.0
"""


def studied(folder: Path, contracts: str) -> tuple[Study, str]:
    """The study of the small case, written into `out`, and its printed output."""
    case = load_case(str(year_case(folder, money=MONEY + contracts)), whole_year=True)
    assert case.finance is not None
    lifetime = dispatch_lifetime(case, SolveContext())
    study = Study(lifetime, cash_flow(case.finance, lifetime.operation()), {})
    write_study(study, folder / "out")
    printed = io.StringIO()
    show_study(Console(width=80, file=printed), study)
    return study, " ".join(printed.getvalue().split())


@pytest.fixture(scope="module")
def with_contracts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, str, Path]:
    """The study with both contracts, its printed output and its files."""
    folder = tmp_path_factory.mktemp("contracts")
    return *studied(folder, CONTRACTS), folder / "out"


def test_the_streams_are_in_every_table(with_contracts: tuple[Study, str, Path]) -> None:
    study, printed, out = with_contracts
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    years = pd.read_csv(out / "years.csv", encoding="utf-8-sig", index_col="year")
    events = pd.read_csv(out / "events.csv", encoding="utf-8-sig")
    flow = pd.read_csv(out / "cashflow.csv", encoding="utf-8-sig", index_col="line")

    assert events["year"].tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    paid = events.groupby("year")["paid [yuan]"].sum()
    assert (paid > 0).all()
    for year in (1, 2, 3):
        told = summary["demand_response_by_year"][str(year)]
        assert (told["called"], told["paid_yuan"]) == (3, pytest.approx(paid[year], abs=1e-4))
        assert years.loc[year, "saved.demand_response_yuan [yuan]"] == pytest.approx(paid[year], abs=1e-4)
        assert flow.loc["gross_demand_response", f"year {year}"] == pytest.approx(paid[year], abs=1e-4)
        assert years.loc[year, "saved.absorption_yuan [yuan]"] == pytest.approx(41_430.0)
        assert told["added_to_bill_yuan"] == pytest.approx(study.lifetime.years[year - 1].response_cost_yuan)
    response_mw = events["baseline [MW]"] - events["import [MW]"]
    assert (events["response [MW]"] - response_mw).abs().max() < 1e-5
    assert summary["revenue_yuan"]["demand_response"] == pytest.approx(paid.sum(), abs=1e-3)
    first = summary["demand_response_by_year"]["1"]
    assert f"Demand response in year 1: 3 events called; {first['paid']} paid {paid[1]:,.0f} yuan" in printed
    assert "GWh demand aux. year health cycles out arbitrage demand response absorption energy" in printed
    assert "…" not in printed
    assert summary["status"] == "optimal"
    assert "the one with the highest baselines is used" in printed


def test_twenty_years_of_large_numbers_fit_into_80_columns(with_contracts: tuple[Study, str, Path]) -> None:
    """As for the built-in case: tens of thousands of 10^4 yuan in the last row, four streams."""
    study, _, _ = with_contracts
    first = study.lifetime.years[0]
    many = {name: np.full(20, 1.6e7) for name in study.cash.operation.revenue_yuan}
    years = tuple(replace(first, year=n + 1, discharged_mwh=46_000.0) for n in range(20))
    flows = replace(
        study.cash.operation,
        revenue_yuan=many,
        discharged_mwh=np.full(20, 46_000.0),
        auxiliary_yuan=np.full(20, 2.6e6),
        replaced_shares=None,
    )
    assert study.case.finance is not None
    cash = cash_flow(study.case.finance.model_copy(update={"operation_years": 20}), flows)
    printed = io.StringIO()
    show_study(Console(width=80, file=printed), Study(Lifetime(study.case, years), cash, {}))
    assert "absorption" in printed.getvalue()
    assert "32,000" in printed.getvalue()
    assert "…" not in printed.getvalue()


def test_without_a_contract_nothing_is_told_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifetime_dispatch, "year_times", three_days)
    _, printed = studied(tmp_path, "")
    assert "Demand response" not in printed
    assert not (tmp_path / "out" / "events.csv").exists()
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["demand_response_by_year"] == {}
    assert set(summary["revenue_yuan"]) == {"arbitrage", "demand"}
