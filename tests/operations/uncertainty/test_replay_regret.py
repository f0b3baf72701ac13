"""A span on forecasts as issued: its cost and causes by hand, forecasts that do not look ahead, the command.

Prices in yuan/MWh, power in MW; a battery is perfect, of 5 MW and 5 MWh, and empty.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.errors import InputError, SolverError
from parkdispatch.operations.forecasting import quantile_model
from parkdispatch.operations.forecasting.forecast_request import ForecastRequest
from parkdispatch.operations.uncertainty.error_correlation import correlation, spread_errors
from parkdispatch.operations.uncertainty.replay_regret import replay_on_forecasts
from parkdispatch.operations.uncertainty.year_forecasts import file_forecasts, learned_forecasts
from parkdispatch.results.settlement.day_settlement import DayMoney
from parkdispatch.results.settlement.forecast_regret import ForecastRegret, regret_json
from parkdispatch.results.views.regret_tables import run_lines
from parkdispatch.results.wording.words import load_words
from parkdispatch.studies.closed_loop.loop_forecasts import ForecastKind, IssuedForecasts
from parkdispatch.studies.closed_loop.loop_options import LoopOptions
from parkdispatch.studies.solve_options import SolveContext
from tests.support.small_parks import SmallPark
from tests.support.typed_commands import Run

WEAR = 1e-3  # of a MWh discharged, so that nothing is charged and discharged at one price
CENT = 20 * WEAR
DAY = 24


def days_of(load_mw: list[float]) -> Prepared:
    """Days of hours: at 10 in the first half of each, at 50 in the second."""
    count = len(load_mw)
    built = SmallPark(count, 60, "2026-07-15 00:00").grid(([10.0] * 12 + [50.0] * 12) * (count // DAY))
    built.load(load_mw).battery(energy_mwh=5.0, wear_yuan_per_mwh=WEAR)
    case = replace(load_case("gaoan"), devices=dict(built.devices))
    return Prepared(case, built.horizon.times, 1.0, built.series)


def options(prepared: Prepared, kind: ForecastKind, *hours: float) -> LoopOptions:
    return LoopOptions(0, len(prepared.times), 24.0, kind, plan_at=hours or (14.0,))


def test_a_load_that_did_not_come_is_the_cause_of_all_that_is_lost() -> None:
    """Dear hours of day one need 12 MWh, those of day two nothing; each is expected as the day before it.

    Day one is planned for what day two needs: 120 + 600. At 14:00 its first 14 hours are expected again, of
    which two are dear: day two buys 2 MWh more at 10 for nothing, 120 + 20. Foresight: 120 + 50 + 350 + 120,
    which a plan that knows its day costs too.
    """
    prepared = days_of([1.0] * 36 + [0.0] * 12)
    result, regret = replay_on_forecasts(prepared, options(prepared, "persistence"), SolveContext(), {})
    assert result.proofs.count == result.proofs.proven == 3  # the first midnight, and each 14:00
    assert regret.operated.total == pytest.approx(860, abs=CENT)
    assert regret.foresight.total == pytest.approx(640, abs=CENT)
    assert regret.losses["load"].total == pytest.approx(220, abs=CENT)
    assert regret.losses["days_after"].total == pytest.approx(0, abs=CENT)
    assert list(regret.losses) == ["load", "days_after"]
    assert regret.kept == pytest.approx((840 - 860) / (840 - 640), abs=1e-3)


def test_a_day_that_fails_ends_the_span_before_it() -> None:
    """On the third of four days 2,000 MW come, of which 1,000 can be bought: the first two days are told."""
    load_mw = [1.0] * 36 + [0.0] * 12
    four = days_of([*load_mw, *[1.0] * 5, 2000.0, *[1.0] * 18, *[0.0] * 24])
    asked = options(four, "persistence")
    result, regret = replay_on_forecasts(four, asked, SolveContext(), {})
    _, alone = replay_on_forecasts(four, replace(asked, count=48), SolveContext(), {})
    assert [task.name for task in regret.failed] == ["2026-07-17"]
    assert (len(result.times), regret.asked_days, regret.last) == (48, 4, alone.last)
    assert regret.losses == alone.losses
    assert (alone.failed, alone.asked_days) == ((), 2)
    told = regret_json(regret)
    assert (told["days_asked"], told["failed"][0]["reason"]) == (4, "infeasible")
    assert "1 of 4 days failed: 2026-07-17 (infeasible)." in run_lines(regret, load_words("en", "regret"))


def test_two_processes_find_what_one_finds() -> None:
    prepared = days_of([1.0] * 36 + [0.0] * 12)
    asked = options(prepared, "persistence")
    one, two = (
        replay_on_forecasts(prepared, asked, SolveContext(processes=processes), {})[1] for processes in (1, 2)
    )
    assert one.losses == two.losses


def test_set_points_are_cut_to_what_the_store_holds() -> None:
    """A plan of yesterday that finds the store otherwise charges no more than fits."""
    prepared = days_of([1.0] * 36 + [0.0] * 12)
    result, _ = replay_on_forecasts(prepared, options(prepared, "persistence"), SolveContext(), {})
    energy = result.executed[:, result.columns.index(("battery", "energy_mwh"))]
    assert energy.min() >= -CENT
    assert energy.max() <= 5 + CENT


def test_causes_that_do_not_add_up_are_refused() -> None:
    prepared = days_of([1.0] * 24)
    _, regret = replay_on_forecasts(prepared, options(prepared, "perfect"), SolveContext(), {})
    with pytest.raises(SolverError, match="differ from the loss by 1 yuan"):
        replace(regret, losses={"load": DayMoney(energy=1.0)})


def test_forecasts_of_a_file_are_planned_on_as_they_stand() -> None:
    """The file says that the dear hours of day two need 1 MW; they need nothing: 5 MWh bought in vain."""
    prepared = days_of([1.0] * 36 + [0.0] * 12)
    asked = options(prepared, "file")
    issued = {("load", "demand_mw"): IssuedForecasts(np.ones((48, 3)), 14.0, np.zeros(2))}
    _, regret = replay_on_forecasts(prepared, asked, SolveContext(), issued)
    assert regret.losses["load"].total == pytest.approx(50, abs=CENT)


def test_a_column_of_a_file_is_what_was_forecast(tmp_path: Path) -> None:
    prepared = days_of([1.0] * 24)
    rows = [f"2026-07-15 {hour:02d}:00,{hour},7" for hour in range(24)]
    path = tmp_path / "load.csv"
    path.write_text("\n".join(["time,p50 [MW],p90 [MW]", *rows]) + "\n", encoding="utf-8")
    made = file_forecasts(prepared, options(prepared, "file"), {"load": Path(f"{path}#p50")}, 14.0)
    np.testing.assert_array_equal(made["load", "demand_mw"].at(np.ones(24), 3, 3), [3, 4, 5])


def test_what_is_wrong_with_files_of_forecasts_is_said_at_once(tmp_path: Path) -> None:
    prepared = days_of([1.0] * 24)
    path = tmp_path / "load.csv"
    path.write_text("time,load [MW]\n2026-07-15 00:00,1\n2026-07-15 01:00,1\n", encoding="utf-8")
    with pytest.raises(InputError) as raised:
        file_forecasts(prepared, options(prepared, "file"), {"load": path, "lode": path}, 14.0)
    named, missing = raised.value.problems
    assert "must name one of load" in named
    assert "has no value at 2026-07-15 02:00" in missing


def test_an_error_fades_by_the_correlation() -> None:
    """1 MW above a median of 10 whose P90 is at 14: a quarter of the spread, halved at each interval."""
    quantiles = np.tile([8.0, 10.0, 14.0], (48, 1))
    issued = IssuedForecasts(quantiles, 14.0, np.array([0.0, 0.5]))
    actual = np.full(48, 11.0)
    np.testing.assert_allclose(issued.at(actual, 24, 3), [10.5, 10.25, 10.125])
    np.testing.assert_allclose(issued.at(actual, 0, 2), [10, 10])  # nothing has been seen


def test_a_day_whose_forecast_is_not_issued_is_as_the_day_before() -> None:
    quantiles = np.repeat([[1.0], [2.0], [3.0]], DAY, axis=0) * np.ones(3)
    issued = IssuedForecasts(quantiles, 14.0, np.zeros(3))
    before, after = (issued.at(np.zeros(72), now, 34)[-1] for now in (13, 14))
    assert (before, after) == (1.0, 2.0)


def test_correlation_of_errors_is_measured_in_terms_of_the_spread() -> None:
    quantiles = np.tile([8.0, 10.0, 14.0], (4, 1))
    errors = spread_errors(np.array([14.0, 12.0, 11.0, 9.0]), quantiles)
    np.testing.assert_allclose(errors, [1.0, 0.5, 0.25, -0.5])
    assert correlation(errors) == pytest.approx((0.5 + 0.125 - 0.125) / (1 + 0.25 + 0.0625))


@pytest.mark.parametrize("day", [8, 124])  # with too short a history, and learned
def test_learned_forecasts_know_nothing_of_what_comes(day: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured from 14:00 of the day before on changes no forecast issued then."""
    monkeypatch.setattr(quantile_model, "TREES", 4)  # quick to fit
    noise = np.random.default_rng(1).uniform(0.8, 1.2, DAY * 126)
    asked = LoopOptions(DAY * (day - 1), 2 * DAY, 24.0, "learned")
    forecasts = []
    for later in (1.0, 7.0):
        load = noise.copy()
        load[DAY * (day - 1) + 14 : DAY * 100 if day < 100 else None] *= later
        prepared = days_of(load.tolist())
        made = learned_forecasts(prepared, asked, ForecastRequest())["load", "demand_mw"]
        forecasts.append(made.quantiles[DAY * day : DAY * (day + 1)])
        assert np.isfinite(made.quantiles[DAY * (day - 1) : DAY * (day + 1)]).all()
    np.testing.assert_array_equal(*forecasts)


@pytest.mark.usefixtures("two_processors")
def test_the_command_writes_page_workbook_and_tables(typed: Run, tmp_path: Path) -> None:
    """A day on forecasts that know all costs what foresight does; the workbook adds up the same."""
    words = (
        "--from",
        "2026-07-15",
        "--days",
        "1",
        "--plan-at",
        "14:00",
        "--peak",
        "known",
        "--out",
        tmp_path,
    )
    ran = typed("replay", "gaoan", "--forecast", "persistence", *words, "--lang", "zh")
    assert (ran.code, ran.err) == (0, "")
    assert "损失归因" in ran.out
    summary = json.loads((tmp_path / "regret.json").read_text(encoding="utf-8"))
    table = pd.read_csv(tmp_path / "regret.csv", index_col="cause")["total [yuan]"]
    assert table.drop("all").sum() == pytest.approx(table["all"], abs=0.01)
    assert summary["lost_yuan"]["total"] == pytest.approx(table["all"], abs=0.01)
    book = openpyxl.load_workbook(tmp_path / "regret.xlsx", data_only=True).worksheets[0]
    amounts = [row[3] for row in book.iter_rows(min_row=6, values_only=True) if row[3] is not None]
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1])
    assert "光伏预测" in (tmp_path / "regret.html").read_text(encoding="utf-8")


def test_options_of_forecasts_without_forecasts_are_refused(typed: Run) -> None:
    ran = typed("replay", "gaoan", "--days", "3", "--plan-at", "14:00")
    assert ran.code == 2
    assert "`--days`" in ran.err
    assert "`--plan-at`" in ran.err


def test_hours_that_no_interval_begins_at_are_refused(typed: Run) -> None:
    ran = typed("replay", "gaoan", "--forecast", "persistence", "--days", "3", "--plan-at", "08:10")
    assert ran.code == 2
    assert "`--plan-at` = 8.16666666666667" in ran.err
    assert "must have 14, the hour at which the next day is planned" in ran.err


def test_a_regret_adds_up_by_month() -> None:
    prepared = days_of([1.0] * 24)
    _, regret = replay_on_forecasts(prepared, options(prepared, "perfect"), SolveContext(), {})
    assert isinstance(regret, ForecastRegret)
    assert regret.operated.total == pytest.approx(sum(month.operated.total for month in regret.months))
