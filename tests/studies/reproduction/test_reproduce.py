"""The study replicated: seven published figures, the search for what it does not disclose, and the page."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import case_text, load_case
from parkdispatch.inputs.published.published_figures import read_published
from parkdispatch.inputs.variations.calibration import calibrated_values
from parkdispatch.interfaces.api.investment_api import PublishedComparison
from parkdispatch.models.errors import InputError, SolverError
from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.finance.investment import OperationMaintenance
from parkdispatch.results.reproduction import fitting
from parkdispatch.results.reproduction.comparison import VIEWS, comparison_in_words
from parkdispatch.results.reproduction.corner_interpolation import Corners
from parkdispatch.results.reproduction.replicated_study import Replica, replica, replicated
from parkdispatch.results.reproduction.reproduction import CurrentParkRuns, Reproduction
from parkdispatch.studies.lifetime import lifetime_dispatch, lifetimes_together
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime
from parkdispatch.studies.reproduction import published_study
from parkdispatch.studies.reproduction import reproduce_figures as driver
from parkdispatch.studies.reproduction.current_park_runs import run_current_park
from parkdispatch.studies.reproduction.reproduce_figures import (
    dispatched_corners,
    reproduce_figures,
    search_calibration,
)
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import Attempts
from tests.support.typed_commands import Run

PLAN, FACTORS = read_published("gaoan-pilot-plan"), read_published("factors")
STUDY = case_text("gaoan-study")
FILES = {
    "fitting_set.csv", "reproduce.csv", "reproduce.html", "report.html", "report.xlsx", "summary.json",
    "tornado.csv",
}  # fmt: skip


def hourly() -> Case:
    """The study's case by hours: its tariff changes on whole hours where it matters, so it earns the same."""
    case = load_case("gaoan-study")
    return replace(case, calendar=case.calendar.model_copy(update={"minutes": 60}))


def july(case: Case) -> pd.DatetimeIndex:
    """A month that has surpluses, sharp prices and events, in the place of today's year."""
    return pd.date_range("2026-07-01", "2026-08-01", freq=f"{case.calendar.minutes}min", inclusive="left")


def run_july(
    parks: Sequence[Case], context: SolveContext, attempts: Attempts, only: Sequence[int] | None
) -> CurrentParkRuns:
    """Today's park over a month; the study keeps its whole year, which the published figures are of."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifetime_dispatch, "year_times", july)
        return run_current_park(parks, context, attempts, only)


def parks() -> list[Case]:
    """The park of today by hours, with both phases and with one; doubts of money and of prices.

    As a month stands for its year, it pays and is called a twelfth as much as in the case.
    """
    monthly = []
    for variant in (None, "first_phase"):
        case = load_case("gaoan", variant)
        calendar = case.calendar.model_copy(update={"minutes": 60})
        doubts = tuple(doubt for doubt in case.sensitivities if doubt.name in ("investment", "demand price"))
        assert len(doubts) == 2
        assert case.finance and isinstance(case.contracts.demand_response, MeteredResponse)
        upkeep = OperationMaintenance(yuan_per_kw_year=30.0 / 12)
        paid = {"investment_yuan": case.finance.investment_yuan / 12, "operation_maintenance": upkeep}
        called = case.contracts.demand_response.model_copy(update={"events_per_year": 5})
        monthly.append(
            replace(
                case,
                calendar=calendar,
                sensitivities=doubts,
                finance=case.finance.model_copy(update=paid),
                contracts=case.contracts.model_copy(update={"demand_response": called}),
            )
        )
    return monthly


@pytest.fixture
def no_park(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where today's park is not what is asked about: its years by hours and without calls."""
    bare, _ = parks()
    contracts = bare.contracts.model_copy(update={"demand_response": None})
    quick = replace(bare, contracts=contracts, sensitivities=bare.sensitivities[:1])
    monkeypatch.setattr(driver, "run_current_park", lambda _, *context: run_july([quick], *context[:2], ()))


@pytest.fixture(scope="module")
def reproduction() -> Reproduction:
    """All of it, by hours, with first and last year dispatched, few points in tolerances and in ranges."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "POINTS", 2)
        patch.setattr(fitting, "PROFILE_STEPS", 3)
        patch.setattr(driver, "dispatched_corners", lambda *_: corners())
        patch.setattr(driver, "run_current_park", run_july)
        return reproduce_figures(hourly(), PLAN, FACTORS, parks(), SolveContext(), only=())


@cache
def corners() -> Corners:
    """The first and the last year at every corner of the ranges; they do not depend on the values inside."""
    return dispatched_corners(hourly(), SolveContext())


@cache
def by_quarters() -> Replica:
    """By quarter-hours, first and last year dispatched, the others between them."""
    case = load_case("gaoan-study")
    return replica(case, dispatch_lifetime(case, SolveContext(), only=()).operation())


@pytest.mark.slow
@pytest.mark.parametrize("target", PLAN.targets, ids=lambda target: target.key)
def test_a_published_figure_is_met(target) -> None:  # type: ignore[no-untyped-def]
    assert by_quarters().measures[target.key] == pytest.approx(target.value, rel=0.005)


def test_a_year_of_the_study_by_hand() -> None:
    """One cycle a day: 41.4 MWh given in peak, 45 / 0.92 taken in valley, at prices with the same fixed part.

    Peak and sharp are 1.5 of P, valley 0.5; the fixed part is line loss 0.0368 P, transmission 0.1085, system
    operation 0.04615 and funds 0.0267525.
    """
    price = 0.3941
    fixed = 0.0368 * price + 0.1085 + 0.04615 + 0.0267525
    given, taken = 50.0 * 0.9 * 0.92, 50.0 * 0.9 / 0.92
    day_yuan = 1000.0 * (given * (1.5 * price + fixed) - taken * (0.5 * price + fixed))
    operation = by_quarters().operation
    assert operation.revenue_yuan["arbitrage"][0] == pytest.approx(365 * day_yuan, rel=1e-9)
    assert operation.discharged_mwh[0] == pytest.approx(365 * given, rel=1e-9)
    # a nineteenth of the way to the end: every year loses 0.02187 of the first
    lost = 1.0 - 0.02187 * np.arange(20)
    np.testing.assert_allclose(operation.revenue_yuan["arbitrage"], 365 * day_yuan * lost, rtol=1e-9)


@pytest.mark.slow
def test_hours_and_quarters_earn_the_same(reproduction: Reproduction) -> None:
    arbitrage = next(row for row in reproduction.rows if row.key == "replicated_arbitrage")
    assert arbitrage.computed == pytest.approx(by_quarters().measures["arbitrage"], rel=1e-9)


@pytest.mark.slow
def test_every_year_is_proven_and_the_corners_are_exact(reproduction: Reproduction) -> None:
    assert reproduction.largest_gap < 1e-9
    assert reproduction.corners_deviation < 1e-9


@pytest.mark.slow
def test_the_rows_of_the_replication(reproduction: Reproduction) -> None:
    rows = {row.key: row for row in reproduction.rows if row.view == "replicated"}
    for target in PLAN.targets:
        row = rows[f"replicated_{target.key}"]
        assert (row.verdict, row.published) == ("reproduced", target.value)
    assert rows["replicated_revenue"].verdict == "not_reproduced"
    assert rows["replicated_revenue"].computed == pytest.approx(30130.39, rel=0.005)


@pytest.mark.slow
def test_the_whole_investment_earns_less_than_nothing_could_cost(reproduction: Reproduction) -> None:
    """Its IRR is below what the revenue alone would return, and far below the published one."""
    ceiling = next(row.computed for row in reproduction.rows if row.key == "irr_whole")
    title = reproduction.case.what_if["whole_investment"].title
    of_whole = [row for row in reproduction.rows if row.numbers.get("title") == title]
    irr = next(row for row in of_whole if row.figures == ("project_irr",))
    assert irr.computed is not None and ceiling is not None
    assert irr.computed < ceiling < 0.0517
    payback = next(row for row in of_whole if row.figures == ("project_payback",))
    assert (payback.key, payback.computed, payback.deviation) == ("what_if_never", None, None)
    assert all(
        row.figures != ("arbitrage",) for row in of_whole
    )  # it does not change, so it is not told again


@pytest.mark.slow
def test_what_the_loan_means_is_told(reproduction: Reproduction) -> None:
    """The owners add money in the last year of the loan; without a loan there is nothing to tell."""
    row = next(row for row in reproduction.rows if row.key == "cover")
    assert row.computed == pytest.approx(0.81, abs=0.01)
    assert row.numbers["year"] == 18
    finance = reproduction.case.finance
    assert finance is not None
    free = finance.model_copy(update={"loan": finance.loan.model_copy(update={"share": 0.0})})
    bare = replica(replace(reproduction.case, finance=free), by_quarters().operation)
    assert not [row for row in replicated(PLAN, bare, {}, ()) if row.key.startswith("cover")]


@pytest.mark.slow
def test_a_sharp_peak_earns_more(reproduction: Reproduction) -> None:
    title = reproduction.case.what_if["sharp_counted"].title
    of_sharp = {row.figures[0]: row for row in reproduction.rows if row.numbers.get("title") == title}
    assert set(of_sharp) == {"arbitrage", "project_irr", "project_payback", "equity_irr", "equity_payback"}
    assert of_sharp["arbitrage"].deviation == pytest.approx(0.12, abs=0.02)


@pytest.mark.slow
def test_calibrated_numbers_lie_in_their_ranges_and_in_the_sets_that_fit(reproduction: Reproduction) -> None:
    assert len(reproduction.fits) > 50
    assert [width.parameter.path for width in reproduction.widths] == list(
        calibrated_values(reproduction.case)
    )
    for width in reproduction.widths:
        assert width.parameter.low <= width.least <= width.value <= width.most <= width.parameter.high
        assert width.least < width.most
    for fit in reproduction.fits:
        assert max(map(abs, fit.misses)) <= 1.0


@pytest.mark.slow
def test_a_part_that_fails_costs_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A what-if, the sets that fit and a size of the current park: the rest is written."""

    def stop(*_: Any) -> None:
        raise SolverError("a solver of the test stopped")

    what_if, dispatch = driver._what_if_replica, lifetimes_together.dispatch_lifetime
    monkeypatch.setattr(
        driver,
        "_what_if_replica",
        lambda base, name, *more: stop() if name == "sharp_counted" else what_if(base, name, *more),
    )
    monkeypatch.setattr(driver, "dispatched_corners", stop)
    monkeypatch.setattr(driver, "run_current_park", run_july)
    monkeypatch.setattr(
        lifetimes_together,
        "dispatch_lifetime",
        lambda case, *more, **starts: stop() if len(case.batteries) > 1 else dispatch(case, *more, **starts),
    )
    parks_asked = [replace(case, sensitivities=()) for case in parks()]
    made = reproduce_figures(hourly(), PLAN, FACTORS, parks_asked, SolveContext(), only=())
    assert [task.part for task in made.failed] == ["what_if", "current_park", "fitting_set"]
    assert {row.view for row in made.rows} == set(VIEWS) and made.widths == made.fits == ()
    assert [size.lifetime.case.variant for size in made.current_park.sizes] == ["first_phase"]
    paths = driver.write_reproduction(made, tmp_path / "out", "en")
    page = paths["reproduce.html"].read_text(encoding="utf-8")
    assert "1 of 2 sizes of the current park failed: 50 MW / 100 MWh (no certified answer)." in page
    assert set(paths) == FILES - {"tornado.csv"}
    nothing = replace(made, current_park=CurrentParkRuns((), None))
    chinese = driver.write_reproduction(nothing, tmp_path / "zh", "zh")
    assert "现有园区储能规模：2 项中有 1 项失败" in chinese["reproduce.html"].read_text(encoding="utf-8")
    assert "report.html" not in chinese and "reproduce.csv" in chinese


@pytest.mark.slow
def test_the_search_finds_the_stored_values_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it begins: the case is given other values first."""
    monkeypatch.setattr(driver, "STARTS", 2)
    monkeypatch.setattr(driver, "dispatched_corners", lambda *_: corners())
    from parkdispatch.inputs.variations.changes import with_values

    case = hourly()
    stored = calibrated_values(case)
    middle = {
        calibrated.path: (calibrated.low + calibrated.high) / 2
        for calibrated in case.calibrated
        if not calibrated.assumed
    }
    fit = search_calibration(with_values(case, middle), PLAN, SolveContext())
    assert fit.worst < 0.01
    for path, value in stored.items():
        assert float(f"{fit.values[path]:.4g}") == pytest.approx(value, rel=1e-9), path


@pytest.mark.slow
def test_today_is_what_its_years_and_its_cash_flow_say(reproduction: Reproduction) -> None:
    """Both sizes; without calibration nothing meets the plan, and one phase returns more than both."""
    sizes = reproduction.current_park.sizes
    rows = [row for row in reproduction.rows if row.view == "today"]
    assert len(rows) == 2 * (len(rows) // 2)
    for size, size_rows in zip(sizes, (rows[: len(rows) // 2], rows[len(rows) // 2 :]), strict=True):
        by_key = {row.figures[0] if row.published else row.key: row for row in size_rows}
        years = size.lifetime.years
        assert len(years) == 20
        arbitrage = sum(year.saved_yuan["arbitrage"] for year in years) / 1e4
        paid = sum(sum(year.contract_yuan.values()) for year in years) / 1e4
        assert by_key["arbitrage"].computed == pytest.approx(arbitrage)
        # a row only where the contract pays, and July curtails nothing, with storage or without
        assert ("today_absorption" in by_key) == any(year.contract_yuan.get("absorption") for year in years)
        contracts = [key for key in ("demand_response", "today_absorption") if key in by_key]
        assert sum(by_key[key].computed for key in contracts) == pytest.approx(paid)  # type: ignore[misc]
        total = sum(by_key[key].computed for key in ("arbitrage", *contracts))  # type: ignore[misc]
        assert by_key["revenue"].computed == pytest.approx(total + by_key["today_demand"].computed)  # type: ignore[operator]
        assert by_key["project_irr"].computed == size.cash.returns["project_after_tax"].irr.value
        # surplus not used nearby is no curtailment: nothing is held against the plan's income from it
        absorbed = by_key["today_surplus"]
        assert absorbed.published is None
        assert absorbed.computed == pytest.approx(years[0].surplus_absorbed_mwh)
        assert 0.0 < absorbed.computed < years[0].exported_without_mwh  # all that July has
        assert absorbed.computed == pytest.approx(109.4 if size is sizes[0] else 98.0, rel=0.01)
    irr = [size.cash.returns["project_after_tax"].irr.value or 0.0 for size in sizes]
    assert 0.0 < irr[0] < irr[1]


@pytest.mark.slow
def test_the_tornado_moves_what_it_should(reproduction: Reproduction) -> None:
    """A dearer investment lowers the NPV, dearer demand raises it; each bar is about the life as it is."""
    tornado = reproduction.current_park.tornado
    assert tornado is not None
    investment, demand = tornado.bars
    assert (investment.name, demand.name) == ("investment", "demand price")
    base = tornado.base
    assert base.npv_yuan == reproduction.current_park.first[1].returns["project_after_tax"].npv_yuan
    assert investment.low and investment.high and demand.low and demand.high
    assert investment.low.measures.npv_yuan > base.npv_yuan > investment.high.measures.npv_yuan
    assert demand.low.measures.npv_yuan < base.npv_yuan < demand.high.measures.npv_yuan
    assert not investment.low.dispatched and demand.low.dispatched
    assert demand.high.value == pytest.approx(1.1 * 39.1)
    assert tornado.years == (1, 2, 20)
    # by hand: a fifth of the investment, its input VAT credited over years, write-off saves some of it
    lost = base.npv_yuan - investment.high.measures.npv_yuan
    assert 0.5 < lost / (0.2 * 239.4e6 / 12) < 1.0


@pytest.mark.slow
def test_the_python_interface_has_a_row_for_each_figure(reproduction: Reproduction) -> None:
    table = PublishedComparison(reproduction).table
    assert list(table["key"]) == [row.key for row in reproduction.rows]
    assert list(table["verdict"]) == [row.verdict for row in reproduction.rows]


@pytest.mark.slow
def test_every_view_is_told_in_both_languages(reproduction: Reproduction) -> None:
    views = {row.view for row in reproduction.rows}
    assert views == set(VIEWS)
    for lang in ("en", "zh"):
        told = comparison_in_words(reproduction.rows, PLAN, lang)
        for told_row in told:
            assert "{" not in told_row.figure + told_row.rests_on + told_row.cannot
        arbitrage = next(told_row for told_row in told if told_row.row.key == "replicated_arbitrage")
        assert (
            "0.3941 [0.3800, 0.4600]" in arbitrage.rests_on
            or "0.3941［0.3800，0.4600］" in arbitrage.rests_on
        )
        assert "2.19%" in arbitrage.rests_on
        assert "79.94%" not in arbitrage.rests_on  # the loan has no part in it
    words = [
        told_row.figure + told_row.rests_on for told_row in comparison_in_words(reproduction.rows, PLAN, "zh")
    ]
    assert all(re.search("[\u4e00-\u9fff]", text) for text in words)


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_files_say_the_same(reproduction: Reproduction, tmp_path: Path, lang: str) -> None:
    import json

    paths = driver.write_reproduction(reproduction, tmp_path / "out", lang)
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES | {"manifest.json"}
    assert set(paths) == FILES
    rows = list(csv.DictReader(io.StringIO(paths["reproduce.csv"].read_text(encoding="utf-8-sig"))))
    assert list(rows[0]) == ["view", "figure", "unit", "published", "computed", "deviation", "rests_on"]
    assert len(rows) == len(reproduction.rows)
    page = paths["reproduce.html"].read_text(encoding="utf-8")
    import html

    plain = html.unescape(page)
    for row in rows:
        assert row["figure"] in plain
        assert row["rests_on"] in plain
    assert plain.count('class="r-bar"') == len(reproduction.widths)
    for name in ("investment", "demand price") if lang == "en" else ("投资", "需量电价"):
        assert f'<div class="r-name">{name}</div>' in page
    report = html.unescape(paths["report.html"].read_text(encoding="utf-8"))
    assert all(row["rests_on"] in report for row in rows)
    sheets = openpyxl.load_workbook(paths["report.xlsx"], read_only=True)
    written = list(sheets["Published figures" if lang == "en" else "公开数据复现"].values)
    numbers = [[cell and float(cell) for cell in row[3:6]] for row in written[-len(rows) :]]
    for row, cells in zip(rows, numbers, strict=True):
        said = [float(row[key]) if row[key] else None for key in ("published", "computed", "deviation")]
        assert [cell or 0.0 for cell in cells] == pytest.approx([cell or 0.0 for cell in said], rel=1e-14)
    assert "<script src" not in page and "http" not in re.sub(r"http-equiv", "", page)
    summary = json.loads(paths["summary.json"].read_text(encoding="utf-8"))
    assert all(cell["met"] for cell in summary["targets"].values())
    assert len(summary["targets"]) == 7
    assert summary["calibrated"]["finance.loan.years"]["value"] == 18
    widths = paths["fitting_set.csv"].read_text(encoding="utf-8-sig").splitlines()
    assert len(widths) == 1 + len(reproduction.widths)


@pytest.mark.slow
@pytest.mark.usefixtures("two_processors")
def test_the_command_with_a_study_of_ones_own(
    run: Run,
    tmp_path: Path,
    no_park: None,
) -> None:
    """By hours, only the loan calibrated, and of all years those of a quick answer."""
    text = STUDY.replace("minutes = 15", "minutes = 60")
    text = text[: text.index("[[calibrated]]")]
    text += '[[calibrated]]\npath = "finance.loan.share"\nunit = "share"\nlow = 0.7\nhigh = 0.8\n'
    text += 'why = "a"\nwhy_zh = "a"\n'
    (tmp_path / "case.toml").write_text(text, encoding="utf-8")
    ran = run("reproduce", tmp_path / "case.toml", "--quick", "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES | {"manifest.json"}
    assert "7,728.19 + 19,872.00 + 2,530.20 = 30,130.39" in ran.out
    assert "What cannot be reproduced" in ran.out
    assert "Project IRR after tax 5.17% 5.17%" in ran.out or "5.17% 5.16%" in ran.out


@pytest.mark.parametrize(("flags", "years"), [((), None), (("--quick",), ())])
def test_every_year_is_dispatched_unless_the_answer_is_to_be_quick(
    run: Run, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], years: tuple[int, ...] | None
) -> None:
    asked = []

    def figures(*given: object) -> Reproduction:
        asked.append(given[-1])
        raise InputError("enough is known")

    monkeypatch.setattr(published_study, "reproduce_figures", figures)
    assert run("reproduce", *flags).code == 2
    assert asked == [years]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("--lang", "de"), ("`--lang` = de: must be one of en, zh",)),
        (("gaoan-studdy",), ("`CASE` = gaoan-studdy", "mean `gaoan-study`")),
        (("gaoan",), ("`contract.demand_response` is of kind 'metered'", "`contract.absorption` is of kind")),
        (
            ("gaoan-study", "--out", "{file}"),
            ("`--out` = {file}: cannot be written: is a file, must be",),
        ),
        (("--out", "{file}/x", "--lang", "de"), ("`--out`", "`--lang` = de")),
    ],
)
def test_bad_input_is_refused_in_words(
    run: Run,
    tmp_path: Path,
    command: tuple[str, ...],
    said: tuple[str, ...],
) -> None:
    file = tmp_path / "file"
    file.write_text("here", encoding="utf-8")
    ran = run("reproduce", *(word.format(file=file) for word in command))
    assert ran.code == 2
    for words in said:
        assert words.format(file=file) in ran.err
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.slow
def test_nothing_calibrated_is_reproduced_but_cannot_be_searched(
    reproduction: Reproduction,
    no_park: None,
) -> None:
    case = replace(hourly(), calibrated=(), what_if={})
    bare = reproduce_figures(case, PLAN, FACTORS, parks(), SolveContext(), only=())
    assert bare.widths == ()
    same = {row.key: row.computed for row in bare.rows if row.key.startswith("replicated_")}
    assert same == {row.key: row.computed for row in reproduction.rows if row.key.startswith("replicated_")}
    with pytest.raises(InputError, match="`calibrated` is missing"):
        search_calibration(case, PLAN, SolveContext())


def test_a_study_without_storage_is_refused() -> None:
    with pytest.raises(InputError, match="must have a battery"):
        driver.require_study_inputs(load_case("gaoan-study").without_storage())


def test_a_study_without_finance_or_contracts_is_refused_at_once(run: Run, tmp_path: Path) -> None:
    text = re.sub(r"\[contract\.absorption\].*?(?=\[finance\])", "", STUDY, flags=re.DOTALL)
    text = re.sub(r"\[finance\].*", "", text, flags=re.DOTALL)
    (tmp_path / "case.toml").write_text(text, encoding="utf-8")
    ran = run("reproduce", tmp_path, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "`finance` is missing" in ran.err
    assert "`contract.absorption` is missing" in ran.err
    assert not (tmp_path / "out").exists()
