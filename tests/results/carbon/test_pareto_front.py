"""Cost against CO2 by hand, and CO2 of a dispatch by interval and scope."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare
from parkdispatch.results.carbon.emissions import emissions_t
from parkdispatch.results.carbon.pareto_outputs import pareto_html
from parkdispatch.studies.pareto_front import pareto_front
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from tests.support.cases.charged_park import by_hours, charged_case, two_part
from tests.support.typed_commands import typed_once

TIMES = pd.date_range("2026-07-01", periods=24, freq="h")
CONTEXT = SolveContext(options=SolveOptions(threads=1))
PRICES = {"night": (["00:00-12:00"], 0.1), "day": (["12:00-24:00"], 0.3)}
BATTERY = """
[device.battery]
kind = "battery"
power_mw = 1.0
energy_mwh = 4.0
soc_min = 0.0
soc_max = 1.0
initial_soc = 0.0
final_soc = 0.0
eta_charge = 0.8
eta_discharge = 1.0
self_discharge_per_hour = 0.0
auxiliary_share = 0.0
"""


def park(folder: Path, more: str = "", **grid: object) -> Path:
    """A load of 1 MW whose import at night costs 100 and by day 300 yuan/MWh, 0.5 t/MWh at any time."""
    tariff = by_hours(PRICES)
    return charged_case(
        folder, tariff, TIMES, np.full(24, 1000.0), None, BATTERY + more, co2_t_per_mwh=0.5, **grid
    )


def test_front_trades_losses_of_the_battery_against_price(tmp_path: Path) -> None:
    # the battery buys 5 MWh at 100 and saves 4 at 300: 700 yuan for 1 MWh lost, 0.5 t; at rest 12 t. Half way
    # it moves half: 350 yuan for 0.25 t. A point that were not on the front would cost more within its cap
    front = pareto_front(prepare(load_case(str(park(tmp_path))), TIMES), CONTEXT, 3)
    assert [point.co2_t for point in front.points] == pytest.approx([12.5, 12.25, 12.0])
    assert front.added_yuan == pytest.approx([0, 350, 700])
    assert front.abatement_yuan_per_t[1:] == pytest.approx([1400, 1400])
    assert all(point.gap <= 1e-9 and point.bound_yuan <= point.cost_yuan + 1e-6 for point in front.points)
    assert "1,400" in pareto_html(front, "zh")


def test_no_trade_is_one_point(tmp_path: Path) -> None:
    # without a battery nothing can be decided: one point, not several equal ones
    file = park(tmp_path)
    file.write_text(file.read_text().replace(BATTERY, ""))
    assert len(pareto_front(prepare(load_case(str(file)), TIMES), CONTEXT, 4).points) == 1


def test_hourly_factors_make_the_battery_avoid_co2(tmp_path: Path) -> None:
    # 0.9 t/MWh from 12 h on, 0.3 before: moving 4 MWh avoids 4 x 0.9 - 5 x 0.3 = 2.1 t of 14.4; at a constant
    # factor the battery could only add CO2
    factors = pd.Series(
        np.where(TIMES.hour < 12, 0.3, 0.9), pd.Index(TIMES, name="time"), name="factor [t/MWh]"
    )
    factors.to_csv(tmp_path / "f.csv")
    file = park(tmp_path, hourly_co2=True, marginal_co2_t_per_mwh=0.8)
    text = file.read_text() + '"grid.co2_factor_t_per_mwh" = { file = "f.csv" }\n'
    file.write_text(text)
    prepared = prepare(load_case(str(file)), TIMES)
    front = pareto_front(prepared, CONTEXT, 2)
    assert front.points[0].co2_t == pytest.approx(14.4 - 2.1)
    solution, _ = audited_solution(prepared, solve_prepared(prepared, CONTEXT))
    by_scope = emissions_t(solution, prepared.case)
    assert by_scope["scope_2_t"].sum() == pytest.approx(12.3)
    assert by_scope["scope_1_t"].sum() == 0
    # at the margin every MWh counts 0.8, and 25 are bought
    assert by_scope["marginal_t"].sum() == pytest.approx(0.8 * 25)


def test_command_writes_table_and_page(tmp_path: Path) -> None:
    ran = typed_once("pareto", park(tmp_path), "--points", "3", "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    points = json.loads((tmp_path / "out/summary.json").read_text(encoding="utf-8"))["points"]
    assert [point["co2_t"] for point in points] == pytest.approx([12.5, 12.25, 12.0])
    assert len(pd.read_csv(tmp_path / "out/pareto.csv")) == 3
    wrong = typed_once("pareto", park(tmp_path), "--year", "--date", "2026-07-01")
    assert wrong.code == 2
    assert "`--date`" in wrong.err


def test_a_day_alone_is_planned_against_the_peak_that_is_given(tmp_path: Path) -> None:
    # the load of the month is known for a day only: without the option nothing could be computed
    case = two_part(park(tmp_path), 40.0)
    words = ("pareto", case, "--points", "2", "--out", tmp_path / "out")
    unknown = typed_once(*words, "--lang", "zh")
    assert unknown.code == 2
    assert "`--peak-so-far-mw` 缺失" in unknown.err
    known = typed_once(*words, "--peak-so-far-mw", "2.0")
    assert known.code == 0, known.err
    points = json.loads((tmp_path / "out/summary.json").read_text(encoding="utf-8"))["points"]
    assert points[0]["cost_yuan"] == pytest.approx(80_000 + 4_800 - 700)
    both = typed_once("pareto", case, "--year", "--peak-so-far-mw", "2.0")
    assert both.code == 2
    assert "`--peak-so-far-mw`: must be left out" in both.err
