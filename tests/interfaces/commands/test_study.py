"""`parkdispatch study` end to end: exit codes, printed output, written files."""

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from rich.console import Console

from parkdispatch.inputs.loader import load_case
from parkdispatch.results.console.study_screen import show_study
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.writers.study_files import years_table
from parkdispatch.studies.lifetime import lifetime_dispatch
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.year_case import MONEY, three_days, year_case
from tests.support.small_case import Damage, swap
from tests.support.typed_commands import Ran, Run, typed_once

FILES = {"cashflow.csv", "cashflow.xlsx", "report.html", "report.xlsx", "summary.json", "years.csv"}
FLOWS = ("project_before_tax", "project_after_tax", "equity_before_tax", "equity_after_tax")


@pytest.fixture
def study(run: Run) -> Run:
    """Run `study`; white space in its errors is normalised too."""

    def command(*words: str | Path) -> Ran:
        ran = run("study", *words)
        return ran._replace(err=" ".join(ran.err.split()))

    return command


@pytest.fixture
def short_years(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three days in the place of every year, where it is not the year that is asked about."""
    monkeypatch.setattr(lifetime_dispatch, "year_times", three_days)


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    """The study of the small case, and the folder that it wrote."""
    folder = tmp_path_factory.mktemp("study")
    return typed_once("study", year_case(folder / "case"), "--out", folder / "out"), folder / "out"


def test_a_study_prints_the_years_the_money_and_the_proof(studied: tuple[Ran, Path]) -> None:
    ran, out = studied
    assert (ran.code, ran.err) == (0, "")
    printed = " ".join(ran.out.split())
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    returns = summary["returns"]["project_after_tax"]
    for words in (
        "Small park: the storage in 3 years of operation",
        "year health cycles out arbitrage demand auxiliary without with",
        "1 100.0% ",
        "NPV, 万元",
        f"{returns['npv_yuan'] / 1e4:,.2f}",
        f"{returns['irr']:.2%}",
        f"{returns['static_payback_years']['from_start_of_construction']:.2f}",
        f"{returns['static_payback_years']['from_start_of_operation']:.2f}",
        f"Levelised cost of storage {summary['lcos_yuan_per_kwh']:.4f} yuan/kWh",
        f"minimum {summary['debt_service_cover']['least']:.2f} in year 3 of operation",
        "Investment 20,000,000 yuan (2,000.00 万元), VAT included, of which a loan of 80% at 4.80%",
        "3 years dispatched with and without the storage, each proven optimal, largest gap",
        "cashflow.csv, cashflow.xlsx, report.html, report.xlsx, summary.json, years.csv",
    ):
        assert words in printed, (words, printed)
    assert "…" not in ran.out  # nothing is cut off at the 80 columns of a pipe
    assert "~" not in ran.out
    assert {path.name for path in out.iterdir()} == FILES | {"manifest.json"}


def test_the_files_of_a_study_say_the_same(studied: tuple[Ran, Path]) -> None:
    _, out = studied
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    years = pd.read_csv(out / "years.csv", encoding="utf-8-sig", index_col="year")
    lines = pd.read_csv(out / "cashflow.csv", encoding="utf-8-sig", index_col="line")

    assert (summary["status"], summary["case"], summary["variant"]) == ("optimal", "small", None)
    assert summary["years_dispatched"] == years.index.tolist() == [1, 2, 3]
    assert summary["largest_gap"] == max(summary["gap_by_year"].values()) <= 1e-8
    assert summary["largest_difference_of_streams_and_bills_yuan"] < 1.0
    assert set(summary["timings_s"]) == {"read", "dispatch", "cash_flow"}
    assert {"parkdispatch", "highspy", "python"} <= summary["versions"].keys()
    assert len(summary["case_sha256"]) == 64
    assert tuple(summary["returns"]) == FLOWS

    assert years["battery_1.state_of_health [1]"].is_monotonic_decreasing
    fade = 2.7e-5 * years["battery_1.full_cycles [1]"] + 0.0035
    stepped = 1.0 - fade.cumsum().shift(fill_value=0.0)
    np.testing.assert_allclose(years["battery_1.state_of_health [1]"], stepped, atol=1.5e-6)
    saved = years["saved.arbitrage_yuan [yuan]"] + years["saved.demand_yuan [yuan]"]
    saved -= years["auxiliary_yuan [yuan]"]
    np.testing.assert_allclose(saved, years["net_saving_yuan [yuan]"], atol=1e-5)
    bills = years["bill_without_yuan [yuan]"] - years["bill_yuan [yuan]"]
    np.testing.assert_allclose(saved, bills, rtol=1e-6)
    for stream, total in summary["revenue_yuan"].items():
        assert years[f"saved.{stream}_yuan [yuan]"].sum() == pytest.approx(total)
        assert lines.loc[f"gross_{stream}", "total"] == pytest.approx(total)
        assert lines.loc[f"gross_{stream}", "year 2"] == pytest.approx(
            years.loc[2, f"saved.{stream}_yuan [yuan]"]
        )
    flow = lines.loc["project_after_tax", [f"year {n}" for n in range(4)]].to_numpy(dtype=float)
    rate = summary["returns"]["project_after_tax"]["irr"]
    assert flow @ (1.0 + rate) ** -np.arange(4.0) == pytest.approx(0, abs=1.0)

    book = openpyxl.load_workbook(out / "cashflow.xlsx", data_only=True)
    shown = [cell.value for row in book["Results"].iter_rows() for cell in row]
    assert any(isinstance(x, float) and x == pytest.approx(rate, abs=1e-12) for x in shown)


@pytest.mark.usefixtures("short_years")
def test_a_study_of_a_variant(study: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = study(year_case(tmp_path), "--variant", "large", "--out", out)
    assert ran.code == 0
    assert "(variant large)" in ran.out
    assert json.loads((out / "summary.json").read_text(encoding="utf-8"))["variant"] == "large"


@pytest.mark.usefixtures("short_years")
def test_an_irr_that_does_not_exist_and_what_cannot_matter_are_said(study: Run, tmp_path: Path) -> None:
    """Insurance and maintenance of an expensive battery exceed its savings; there is no residual value."""
    money = MONEY.replace("20_000_000.0", "2e9\nworking_capital_share = 0.0")
    money = money.replace("years = 3 }", "years = 3, residual_share = 0.0 }")
    money += "\n[finance.replacement]\nyear = 15\ncost_yuan = 1e6\n"
    ran = study(year_case(tmp_path, money=money), "--out", tmp_path / "out")
    assert ran.code == 0
    assert "IRR none none" in ran.out
    assert "IRR of the project flow before income tax: no IRR: money is only paid." in ran.out
    assert "payback from construction never never never never" in ran.out
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    returns = summary["returns"]["project_before_tax"]
    assert (returns["irr"], returns["irr_in_words"]) == (None, "no IRR: money is only paid")
    assert returns["static_payback_years"] == {
        "from_start_of_construction": None,
        "from_start_of_operation": None,
        "first_from_start_of_construction": None,
    }
    late = "warning: `finance.replacement.year` = 15: lies at the end of the 3-year horizon"
    assert ran.err.startswith(late)
    assert len(summary["warnings"]) == 1


@pytest.mark.usefixtures("short_years")
def test_years_not_dispatched_are_marked_and_the_others_told_as_they_are_solved(tmp_path: Path) -> None:
    money = MONEY.replace("operation_years = 3", "operation_years = 5")
    case = load_case(str(year_case(tmp_path, money=money)))
    assert case.finance is not None
    said: list[str] = []
    lifetime = dispatch_lifetime(case, SolveContext(progress=said.append), only=[])
    for year in (1, 2, 5):
        assert any(text.startswith(f"year {year} of 5: ") for text in said)
    five_years = Study(lifetime, cash_flow(case.finance, lifetime.operation()), {})
    out = io.StringIO()
    show_study(Console(file=out, width=80), five_years)
    assert [line[:4].strip() for line in out.getvalue().splitlines() if line[2:4] == " ~"] == ["3 ~", "4 ~"]
    assert "~ not dispatched: estimated" in out.getvalue()
    assert "3 years dispatched with and without the storage" in out.getvalue()
    assert years_table(five_years)["dispatched [1]"].tolist() == [1, 1, 0, 0, 1]


# --- bad input


NEEDED = (  # a load that the connection alone cannot meet
    swap("import_limit_mw = 150.0", "import_limit_mw = 118.0"),
)


@pytest.mark.usefixtures("short_years")
@pytest.mark.parametrize(
    ("damages", "money", "words", "code", "said"),
    [
        ((), "", (), 2, "input: `finance` is missing: must be given"),
        ((), MONEY, ("--variant", "without_storage"), 2, "input: `device`: must have a battery"),
        ((), MONEY, ("--time-limit", "0"), 2, "time-limit"),
        (
            (swap("import_limit_mw = 150.0", "import_limit_mw = 80.0"),),
            MONEY,
            (),
            3,
            "year 1 of operation: bus ac",
        ),
        (
            NEEDED,
            MONEY,
            (),
            3,
            "year 1 of operation: the park is infeasible without its storage, so no saving can be stated: ",
        ),
        (
            (swap("eta_charge = 0.94", "fade_per_year = 0.6"),),
            MONEY,
            (),
            2,
            "`device.battery_1.fade_per_full_cycle` = 2.7e-05, `fade_per_year` = 0.6:",
        ),
        (
            (swap("energy_mwh = 40.0", "energy_mwh = { max = 40.0, cost_yuan_per_unit = 1.0 }"),),
            MONEY,
            (),
            2,
            "`device.battery_1.energy_mwh` = 0 to 40: must be a number",
        ),
        ((), MONEY.replace("loan]\nyears = 3", "loan]\nyears = 9"), (), 2, "loan.years"),
        (
            (swap("import_limit_mw = 150.0", "import_limit_mw = 105.0"),),
            MONEY,
            (),
            3,
            "infeasible: year 1 of operation: no dispatch",
        ),
    ],
    ids=["finance", "battery", "limit", "too much", "needed", "worn out", "size", "loan", "infeasible"],
)
def test_what_is_wrong_is_said_and_nothing_written(
    damages: tuple[Damage, ...],
    money: str,
    words: tuple[str, ...],
    code: int,
    said: str,
    study: Run,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    ran = study(year_case(tmp_path / "case", *damages, money=money), *words, "--out", out)
    assert (ran.code, ran.out) == (code, ""), ran
    assert said in ran.err
    assert not out.exists()


def test_all_that_is_wrong_is_said_at_once(study: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    ran = study(year_case(tmp_path / "case", money=""), "--out", tmp_path / "file")
    assert ran.code == 2
    for words in ("`--out`", "`finance` is missing"):
        assert words in ran.err
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_file_in_the_way_leaves_no_half_of_the_others(study: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "years.csv").mkdir(parents=True)
    ran = study(year_case(tmp_path / "case"), "--out", out)
    assert ran.code == 2
    assert "holds years.csv, which no run wrote" in ran.err
    assert [path.name for path in out.iterdir()] == ["years.csv"]


def summary_of(folder: Path) -> dict[str, Any]:
    written = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert isinstance(written, dict)
    return {key: value for key, value in written.items() if key not in ("timings_s", "peak_memory_mb")}


@pytest.mark.usefixtures("short_years")
def test_the_same_study_twice_gives_the_same(
    study: Run, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The first time by one process, the second time with copies of it for a second processor."""
    case, first, second = year_case(tmp_path / "case"), tmp_path / "first", tmp_path / "second"
    assert study(case, "--out", first).code == 0
    request.getfixturevalue("two_processors")
    assert study(case, "--out", second).code == 0
    pages = [(folder / "report.html").read_text(encoding="utf-8") for folder in (first, second)]
    assert len({re.sub(r"<dt>Seconds</dt><dd>[^<]*", "", html) for html in pages}) == 1
    for name in FILES - {"summary.json", "report.html"}:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert summary_of(first) == summary_of(second)


@pytest.mark.usefixtures("short_years")
def test_a_quick_study_marks_the_years_between(study: Run, tmp_path: Path) -> None:
    """Five years of which the first two and the last are dispatched; without the option all five would be."""
    case = year_case(tmp_path / "case", swap("operation_years = 3", "operation_years = 5"))
    ran = study(case, "--quick", "--out", tmp_path / "out")
    assert (ran.code, ran.err) == (0, "")
    printed = " ".join(ran.out.split())
    for words in ("3 ~ ", "4 ~ ", "~ not dispatched: estimated from dispatched years.", "3 years dispatched"):
        assert words in printed, printed
    assert summary_of(tmp_path / "out")["years_dispatched"] == [1, 2, 5]
