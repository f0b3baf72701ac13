"""Limits over more than a day in plans of single days, by hand: CO2, fuel, own use, nights, and what breaks.

A load of 10 MW, import of 0.5836 t/MWh at the day's price, and 8 MW without CO2 at 800 yuan/MWh.
"""

import json
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.interfaces.commands.days.loop import loop_lines
from parkdispatch.interfaces.translations.catalogue import translated, translated_message
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.network.park_rules import ParkRules
from parkdispatch.models.vocabulary import DailyWindow, Interval, Terms
from parkdispatch.results.broken_limits import BrokenLimit
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.views.regret_tables import run_lines
from parkdispatch.results.wording.words import load_words
from parkdispatch.studies.closed_loop.closed_loop import run_loop
from parkdispatch.studies.closed_loop.loop_files import write_loop
from parkdispatch.studies.closed_loop.loop_forecasts import ForecastKind
from parkdispatch.studies.closed_loop.loop_options import LoopOptions
from parkdispatch.studies.closed_loop.loop_result import LoopResult
from parkdispatch.studies.closed_loop.running_limits import RunningLimits
from parkdispatch.studies.daily_replay import assemble_year, not_handed_over
from parkdispatch.studies.day_ahead_plans import DayPlan, plan_days, warm_started_day_solver
from parkdispatch.studies.demand_peak import planned_whole
from tests.support.small_parks import SmallPark, Source

T_PER_MWH = 0.5836  # of import
CAP_T = T_PER_MWH * 300  # of 480 MWh in two days


def capped(*prices: float, cap_t: float = CAP_T, **rules: Any) -> SmallPark:
    """A day for each price, and a cap of CO2 of the year."""
    park = SmallPark(24 * len(prices)).grid(np.repeat(prices, 24)).load(10.0).source(8.0, 800.0)
    return park.add("rules", ParkRules(co2_cap_t=cap_t, **rules), binds=1.0)


def planned(park: SmallPark, failed: list[FailedTask] | None = None) -> tuple[list[DayPlan], RunningLimits]:
    """The days planned one after the other, and their limits."""
    whole = park.tiled()
    assert not_handed_over(whole.template, park.devices) == []
    limits = RunningLimits(whole, planned_whole(whole, park.devices))
    solve = warm_started_day_solver(30.0, limits.keys)
    plans = plan_days(park.devices, park.horizon, park.series, {}, solve, failed=failed, limits=limits)
    return plans, limits


def by_days(park: SmallPark) -> tuple[Array, RunningLimits]:
    """The days planned one after the other, as the whole in its columns, and their limits."""
    plans, limits = planned(park)
    return assemble_year(park.tiled(), plans), limits


def daily(park: SmallPark, x: Array, device: str, variable: str) -> list[float]:
    """Energy of each day."""
    whole = park.tiled()
    number = [column.key for column in whole.template.columns].index((device, variable))
    return [float(mwh) for mwh in x[whole.column_of(number)].reshape(-1, 24).sum(axis=1)]


@pytest.mark.parametrize(("prices", "import_mwh"), [((700, 500), [60, 240]), ((500, 700), [240, 60])])
def test_a_day_leaves_to_the_others_what_they_need_of_a_cap(
    prices: tuple[float, float], import_mwh: list[float]
) -> None:
    """Of 480 MWh 300 are bought, the 240 of the cheap day first: 240 x 500 + 60 x 700 + 180 x 800 = 306,000.

    A first day at 700 that takes all it can makes it 342,000; days that know nothing of it buy 480 MWh.
    """
    park = capped(*prices)
    x, limits = by_days(park)
    assert daily(park, x, "grid", "import_mw") == pytest.approx(import_mwh)
    assert park.tiled().program.objective(x) == pytest.approx(306_000)
    assert park.solve().cost == pytest.approx(306_000)
    assert limits.broken(48) == []


def test_what_a_day_leaves_of_a_cap_that_does_not_bind_is_there_for_all() -> None:
    """A cap of 500 MWh leaves 480 to buy, 240 on each day, and is the same park without it."""
    park = capped(700, 500, cap_t=T_PER_MWH * 500)
    assert daily(park, by_days(park)[0], "grid", "import_mw") == pytest.approx([240, 240])


class Contract(Source):
    """Fuel that is paid for: at least and at most so much of it in each period."""

    least_mwh: float | None = None
    most_mwh: float | None = None
    per: Any = "year"

    def interval(self, block: Any, interval: Interval) -> Terms:
        terms = super().interval(block, interval)
        used = block.power_mw * interval.hours
        interval.total("fuel_used", used, self.per, lower=self.least_mwh, upper=self.most_mwh)
        return terms


@pytest.mark.parametrize("per", ["year", "month", "week", "horizon"])
def test_fuel_that_must_be_taken_in_a_period_is_taken_on_the_day_that_it_is_worth_most(per: str) -> None:
    """100 MWh at 800 in place of 700 on the second day: days without the limit take none, or 200."""
    park = SmallPark(48).grid(np.repeat([500.0, 700.0], 24)).load(10.0)
    series = {"least_mw": 0.0, "most_mw": 8.0, "price_yuan_per_mwh": 800.0}
    park.add("unit", Contract(least_mwh=100.0, most_mwh=120.0, per=per), **series)
    x, _ = by_days(park)
    assert daily(park, x, "unit", "power_mw") == pytest.approx([0, 100])
    assert park.tiled().program.objective(x) == pytest.approx(240 * 500 + 140 * 700 + 100 * 800)


def test_a_limit_of_a_month_begins_anew_with_it() -> None:
    """At most 50 MWh at 300 instead of 500 in each month: 50 in July, 50 in August, of two days each."""
    park = SmallPark(96, 60, "2026-07-30").grid(np.repeat([500.0, 600.0, 500.0, 600.0], 24)).load(10.0)
    series = {"least_mw": 0.0, "most_mw": 8.0, "price_yuan_per_mwh": 300.0}
    park.add("unit", Contract(most_mwh=50.0, per="month"), **series)
    assert daily(park, by_days(park)[0], "unit", "power_mw") == pytest.approx([0, 50, 0, 50])


def test_a_night_is_one_window_over_midnight() -> None:
    """20 MWh of each night from 22:00 to 6:00 at 300: where it is worth most, before midnight.

    The window is dear before midnight on the first day (900) and after it on the second (950). Planned as if
    each day had a window of its own, a night would have 40 MWh.
    """
    price = np.full(72, 290.0)
    price[22:24], price[24:30], price[46:48], price[48:54] = 900.0, 500.0, 600.0, 950.0
    park = SmallPark(72).grid(price).load(10.0)
    series = {"least_mw": 0.0, "most_mw": 8.0, "price_yuan_per_mwh": 300.0}
    park.add("unit", Contract(most_mwh=20.0, per=DailyWindow(time(22), time(6))), **series)
    x, limits = by_days(park)
    assert daily(park, x, "unit", "power_mw") == pytest.approx([16, 4, 20])
    assert park.tiled().program.objective(x) == pytest.approx(park.solve().cost)
    assert limits.broken(72) == []


def test_own_use_of_a_year_is_kept_by_its_days() -> None:
    """Sold at 600 and bought at 500, sun is used only for the rule: 0.5 of 480 MWh of load, 120 each day.

    240 MWh of sun are there. On days that know nothing of the rule all of them are sold.
    """
    park = SmallPark(48).grid(500.0, 600.0, export_limit=100.0).load(10.0)
    park.pv(np.tile([0.0] * 6 + [20.0] * 12 + [0.0] * 6, 2)).battery(power_mw=5.0, energy_mwh=60.0)
    park.add("rules", ParkRules(own_use_of_consumption=0.5), binds=1.0, least_own_use=0.5)
    x, limits = by_days(park)
    sold = sum(daily(park, x, "grid", "export_mw"))
    assert sum(daily(park, x, "pv", "output_mw")) - sold == pytest.approx(0.5 * 480)
    assert limits.broken(48) == []


def test_days_that_cannot_make_up_for_the_others_end_the_replay_by_name() -> None:
    """The whole stores 40 MWh of the first day for the second, whose source is out: 200 of 240 MWh bought.

    The first day does not store: energy at its end is worth nothing to it.
    """
    park = capped(500, 500, cap_t=T_PER_MWH * 200).battery(energy_mwh=60.0)
    park.series["source", "most_mw"] = np.repeat([20.0, 0.0], 24)
    park.series["source", "price_yuan_per_mwh"][:] = 400.0
    assert park.solve().optimum.proof.gap < 1e-6, "a dispatch of the whole keeps it"
    failed = list[FailedTask]()
    plans, _ = planned(park, failed)
    assert len(plans) == 1
    (day,) = failed
    assert day.name == "2026-07-16"
    assert day.error == (
        "2026-07-16 planned alone, 0.000 MWh in battery: `device.rules`: `co2_cap` of 2026 is 140.064: must"
        " be at most 116.72; the days before left too little of it"
    )
    assert translated_message(day.error, "zh") == (
        "2026-07-16 单独计划，初始储量 battery 0.000 MWh：`device.rules`：2026 的 `co2_cap` 为 140.064："
        "最多须为 116.72；之前各日留下的额度不足"
    )


def run(park: SmallPark, kind: ForecastKind, first: int = 0) -> LoopResult:
    case = replace(load_case("gaoan"), devices=dict(park.devices))
    prepared = Prepared(case, park.times, park.hours, park.series)
    return run_loop(prepared, LoopOptions(first, len(park.times) - first, 24.0, kind))


@pytest.mark.parametrize("kind", ["perfect", "persistence"])
def test_a_closed_loop_keeps_the_cap_of_the_year(kind: ForecastKind) -> None:
    """As day by day, with 24 hours ahead from each interval: 306,000."""
    result = run(capped(700, 500), kind)
    assert result.cost_yuan == result.foresight_yuan == pytest.approx(306_000)
    assert result.broken == () and result.proofs.proven == 48
    assert result.plan_costs_yuan[0] == pytest.approx(60 * 700 + 180 * 800), "no cost of an excess"


def test_a_loop_that_begins_in_the_year_has_what_the_plan_of_the_year_leaves_to_it() -> None:
    """From the second day on: 60 MWh at 700, and not the 300 of the year; foresight has as many."""
    result = run(capped(500, 700), "perfect", first=24)
    assert result.cost_yuan == pytest.approx(60 * 700 + 180 * 800)
    assert result.foresight_yuan == pytest.approx(result.cost_yuan)


def test_a_cap_that_forecasts_broke_is_told() -> None:
    """On the second day 15 MW come where 10 were forecast, and from noon on the source has half its power.

    The plans of the morning count on 8 MW in the afternoon; 11 have to be bought in each of its hours.
    """
    park = capped(500, 700)
    park.series["load", "demand_mw"][24:] = 15.0
    park.series["source", "most_mw"][36:] = 4.0  # known ahead
    cap_t = T_PER_MWH * 480
    park.add("rules", ParkRules(co2_cap_t=cap_t), binds=1.0)
    result = run(park, "persistence")
    bought = result.executed[:, result.columns.index(("grid", "import_mw"))]
    (broken,) = result.broken
    assert (broken.device, broken.name, broken.period) == ("rules", "co2_cap", "2026")
    assert broken.used == pytest.approx(T_PER_MWH * bought.sum()) and broken.most == pytest.approx(cap_t)
    assert broken.json["least"] is None and broken.json["over"] == pytest.approx(broken.used - cap_t)


@pytest.mark.parametrize(
    ("lang", "word"), [("en", "Limit not kept: rules.co2_cap of 2026"), ("zh", "限制未满足")]
)
def test_a_limit_that_was_not_kept_is_on_screen_page_and_file(lang: str, word: str, tmp_path: Path) -> None:
    """1,234.5 t of 1,000: a line of the loop, one of a replay on forecasts, and the figures in loop.json."""
    broken = BrokenLimit("rules", "co2_cap", "2026", 1234.5, -np.inf, 1000.0)
    result = replace(run(capped(700, 500), "perfect"), broken=(broken,))
    line = "Limit not kept: rules.co2_cap of 2026 is 1,234.500, by 234.500 beyond its limit"
    assert line in loop_lines(result, "perfect")
    assert word in translated(line, lang, "screen")
    case = replace(load_case("gaoan"), name="capped")
    write_loop(result, LoopOptions(0, 48, 24.0, "perfect"), case, tmp_path / "run", 1.0)
    (told,) = json.loads((tmp_path / "run" / "loop.json").read_text())["broken_limits"]
    assert told["over"] == 234.5 and told["most"] == 1000.0 and told["least"] is None
    regret = SimpleNamespace(
        hours=(), plans=1, proven=1, largest_gap=0.0, foresight_gap=0.0, facts={}, failed=(), asked_days=2,
        first=date(2026, 7, 15), gave_way=0, missing_mwh=0.0, broken=(broken,),
    )  # fmt: skip
    assert word.split(":", maxsplit=1)[0] in run_lines(regret, load_words(lang, "regret"))[-1]  # type: ignore[arg-type]


def test_a_cap_that_nothing_keeps_is_said_before_any_day() -> None:
    """At least 2 MW have to be bought: 96 MWh in two days."""
    with pytest.raises(InfeasibleError, match="co2_cap"):
        run(capped(500, 700, cap_t=T_PER_MWH * 90), "perfect")
