"""A year as one day-ahead plan after another: solved by hand, true of every park, and as a checked run.

Two days of two hours, from 22:00 on, in most of them. Prices in yuan/MWh, power in MW; a battery is perfect
and empty unless it says not. Each case says what perfect foresight, or a fault, would cost instead.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.inputs.variations.overrides import with_overrides
from parkdispatch.models.capacity import Sized
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.solve import Optimum, optimize
from parkdispatch.results.html.dispatch_report import report_html
from parkdispatch.results.savings.replay_comparison import (
    Replayed,
    Threefold,
    compare_replay,
    replay_json,
    write_replay_csv,
)
from parkdispatch.results.solution import values
from parkdispatch.results.wording.sentences import failed_sentences, proof_sentence
from parkdispatch.results.wording.words import load_words
from parkdispatch.studies.daily_replay import assemble_year, replay_year
from parkdispatch.studies.demand_peak import month_peaks
from parkdispatch.studies.dispatch import DispatchRun, report_facts
from parkdispatch.studies.solve_options import SolveContext
from tests.support.parks.replay import Replay
from tests.support.small_parks import SmallPark, parks_with_candidate_violations

CENT = 1e-6  # yuan; the numbers are exact, the solver works to 1e-7
LATE = "2026-07-15 22:00"
MONTH_END = "2026-07-31 22:00"


def park(count: int = 4, start: str = LATE, minutes: int = 60) -> SmallPark:
    return SmallPark(count, minutes, start)


# --- solved by hand


def test_a_day_does_not_store_for_the_next() -> None:
    """Each day buys 5 MWh in its first hour: 5 x 10 + 5 x 15 = 125. Foresight buys all 10 at 10: 100."""
    built = park().grid([10, 20, 15, 30]).load([0, 5, 0, 5]).battery()
    assert Replay(built).cost == pytest.approx(125, abs=CENT)
    assert built.solve().cost == pytest.approx(100, abs=CENT)


def test_what_is_stored_passes_to_the_next_day() -> None:
    """5 MWh at first and none needed at the end: used at once for 10 each, and day two pays 5 x 30 = 150.

    Were each day to begin as the first does, day two would use 5 MWh nobody stored: 0. Foresight keeps
    them: 50.
    """
    built = park().grid([10, 10, 30, 30]).load([5, 0, 5, 0])
    built.battery(energy_mwh=10.0, initial_soc=0.5, final_soc=0.0)
    done = Replay(built)
    assert done.cost == pytest.approx(150, abs=CENT)
    assert done.left("energy_mwh", "battery") == pytest.approx([0, 0], abs=CENT)
    assert built.solve().cost == pytest.approx(50, abs=CENT)


def test_a_day_ends_where_a_usual_day_begins() -> None:
    """10 MWh at first, 4 to be left each evening: 6 of day one's 10 come from the store, 4 are bought at 10.

    Day two buys its 10 at 30 but may not draw the 4: 40 + 300. Were the last evening's alone to count, day
    one would empty the store and day two fill 4 MWh: 0 + 10 x 30 + 4 x 30 = 420.
    """
    built = park().grid([10, 10, 30, 30]).load([10, 0, 10, 0])
    built.battery(energy_mwh=10.0, initial_soc=1.0, final_soc=0.4)
    done = Replay(built)
    assert done.cost == pytest.approx(340, abs=CENT)
    assert done.left("energy_mwh", "battery") == pytest.approx([4, 4], abs=CENT)


def test_the_peak_so_far_passes_to_the_next_day() -> None:
    """Shaving costs 10 a MWh of wear, a MW of peak 100: day one halves 10 to 5, day two stops at 5 too.

    18 MWh x 1 + 500 + 10 x (5 + 3) = 598. A day two that forgot the 5 would go on to 4 for nothing: 608.
    Charged by the day the peaks would make 1,008. Here foresight knows nothing better.
    """
    built = park().grid(1, demand=100).load([0, 10, 0, 8]).battery(wear_yuan_per_mwh=10.0)
    done = Replay(built)
    assert done.cost == pytest.approx(598, abs=CENT)
    assert done.left("peak_mw", "grid") == pytest.approx([5, 5], abs=CENT)
    assert built.solve().cost == pytest.approx(598, abs=CENT)


def test_months_begin_anew() -> None:
    """Over the end of a month day two has a peak of its own, 4: 18 + 500 + 400 + 10 x 9 = 1,008.

    Had July's 5 passed to August, day two would have stopped at 5: 18 + 500 + 500 + 80 = 1,098.
    """
    built = park(start=MONTH_END).grid(1, demand=100).load([0, 10, 0, 8]).battery(wear_yuan_per_mwh=10.0)
    done = Replay(built)
    assert done.cost == pytest.approx(1008, abs=CENT)
    assert done.left("peak_mw", "grid") == pytest.approx([5, 4], abs=CENT)


def test_what_was_metered_before_the_year_counts_in_its_first_month() -> None:
    """12 MW metered earlier: July has nothing to hold, August holds 4: 1,200, then 400 + 40, and 18.

    Forgotten by the days, July would be held at 5 for 50 more; by the year, July would be charged 10.
    Kept for August, its day would rest.
    """
    built = park(start=MONTH_END).grid(1, demand=100, peak_so_far=[12, 12, 0, 0]).load([0, 10, 0, 8])
    done = Replay(built.battery(wear_yuan_per_mwh=10.0))
    assert done.cost == pytest.approx(18 + 1200 + 440, abs=CENT)
    assert done.left("peak_mw", "grid") == pytest.approx([12, 4], abs=CENT)


def test_a_peak_that_comes_anyway_is_not_shaved_below() -> None:
    """3 MW of battery leave 7 of day two's 10 whatever it does: day one stops at 7 too, 18 + 700 + 10 + 30.

    Planned as if it alone set the month's charge it would go from 8 to 5: 20 more.
    """
    built = park().grid(1, demand=100).load([0, 8, 0, 10]).battery(power_mw=3.0, wear_yuan_per_mwh=10.0)
    assert Replay(built, grid=7.0).cost == pytest.approx(758, abs=CENT)
    assert Replay(built).cost == pytest.approx(778, abs=CENT)
    assert built.solve().cost == pytest.approx(758, abs=CENT)


def test_daily_plans_may_cost_more_than_no_storage() -> None:
    """Holding the peak costs 300 a day and is worth 500 to each day alone, and 500 to all of them together.

    30 + 500 + 3 x 300 = 1,430, where no storage costs 30 + 1,000, and foresight lets it rest.
    """
    built = park(6, "2026-07-15 22:00", 60)
    built.times = built.times[:2].append([built.times[:2] + pd.Timedelta(days=n) for n in (1, 2)])
    built.grid(1, demand=100).load([0, 10, 0, 10, 0, 10]).battery(wear_yuan_per_mwh=60.0)
    assert Replay(built).cost == pytest.approx(1430, abs=CENT)
    assert built.solve().cost == pytest.approx(1030, abs=CENT)


def test_demand_is_that_of_the_meter() -> None:
    """Five-minute imports of 0, 9, 0 are 3 MW to the meter; their highest would be 9, and 900 were paid."""
    built = park(6, "2026-07-15 23:45", 5).grid(0, demand=100).load([0, 9, 0, 3, 0, 3])
    done = Replay(built)
    assert done.left("peak_mw", "grid") == pytest.approx([3, 3], abs=CENT)
    assert done.cost == pytest.approx(300, abs=CENT)


def test_each_connection_has_its_own_peak() -> None:
    """One battery of bus a; b has its own grid: 5 and 8 MW. One peak for both would let a go up to 8."""
    built = park().grid(1, demand=100).load([0, 10, 0, 8]).battery(wear_yuan_per_mwh=10.0)
    built.grid(1, demand=10, name="other", bus="b").load([8, 0, 0, 2], "mill", "b")
    done = Replay(built)
    assert done.left("peak_mw", "grid") == pytest.approx([5, 5], abs=CENT)
    assert done.left("peak_mw", "other") == pytest.approx([8, 8], abs=CENT)
    assert done.cost == pytest.approx(598 + 10 + 80, abs=CENT)


def test_no_peak_is_carried_where_none_is_paid() -> None:
    done = Replay(park().grid(1).load([0, 10, 0, 8]).battery())
    assert [dict(plan.day_end.peak_mw) for plan in done.plans] == [{}, {}]


def test_equal_batteries_stay_equal() -> None:
    built = park().grid([10, 20, 15, 30]).load([0, 5, 0, 5]).battery(initial_soc=0.5, eta_charge=0.9)
    built.add("battery_2", built.devices["battery"])
    done = Replay(built)
    assert done.left("energy_mwh", "battery") == done.left("energy_mwh", "battery_2")


def test_a_day_without_a_plan_is_named() -> None:
    """Day two begins with 8 MW where 5 may be bought; foresight stores 3, the day before does not."""
    built = park().grid(1, import_limit=5).load([0, 0, 8, 0]).battery()
    assert built.solve().cost == pytest.approx(8, abs=CENT)
    with pytest.raises(
        InfeasibleError, match=r"^2026-07-16 planned alone, 0\.000 MWh in battery: no dispatch"
    ):
        Replay(built)


def test_a_day_of_another_shape_is_no_part_of_the_year() -> None:
    built = park().grid(1).load(5)
    plans = Replay(built).plans
    with pytest.raises(ValueError, match="other columns"):
        assemble_year(built.battery().tiled(), plans)


# --- true of every park

often: Callable[[Any], Any] = settings(
    max_examples=20, derandomize=True, suppress_health_check=list(HealthCheck)
)


@often
@given(parks_with_candidate_violations())
def test_never_cheaper_than_perfect_foresight(random_park: SmallPark) -> None:
    batteries = [device for device in random_park.devices.values() if isinstance(device, Battery)]
    assume(not any(isinstance(battery.energy_mwh, Sized) for battery in batteries))
    done = Replay(random_park)
    assert done.cost >= random_park.solve().cost - 1e-6 * max(1.0, abs(done.cost))
    assert len(done.plans) == len(random_park.horizon.labels("day"))


@often
@given(parks_with_candidate_violations())
def test_a_battery_without_energy_changes_nothing(random_park: SmallPark) -> None:
    kept = {name: device for name, device in random_park.devices.items() if not isinstance(device, Battery)}
    random_park.devices = kept
    without = random_park.solve().cost
    assert Replay(random_park).cost == pytest.approx(without, abs=1e-6 * max(1.0, abs(without)))
    random_park.battery(energy_mwh=0.0)
    assert Replay(random_park).cost == pytest.approx(without, abs=1e-6 * max(1.0, abs(without)))


@often
@given(parks_with_candidate_violations())
def test_where_no_peak_is_paid_no_dearer_than_no_storage(random_park: SmallPark) -> None:
    """The storage may rest each day; only a month's peak makes a day's best not the month's."""
    batteries = [device for device in random_park.devices.values() if isinstance(device, Battery)]
    assume(not any(isinstance(battery.energy_mwh, Sized) for battery in batteries))
    random_park.series["grid", "demand_price_yuan_per_mw_month"][:] = 0.0
    cost = Replay(random_park).cost
    random_park.devices = {
        n: device for n, device in random_park.devices.items() if not isinstance(device, Battery)
    }
    without = random_park.solve().cost
    assert cost <= without + 1e-6 * max(1.0, abs(without))


# --- a checked run: four days of the built-in case, over the end of a month

FIRST, DAYS = "2026-04-29", 4


class Spy:
    """Solves days and remembers what it was given."""

    def __init__(self) -> None:
        self.floors_mw: list[float] = []
        self.begins: list[float] = []

    def __call__(self, devices: Any, times: Any, hours: float, series: Mapping[Any, Array]) -> Optimum:
        floor = series["grid", "peak_floor_mw"]
        assert len(floor) == len(times) == 96
        assert np.ptp(floor) == 0
        self.floors_mw.append(float(floor[0]))
        self.begins.append(devices["battery_1"].initial_soc * devices["battery_1"].energy_mwh)
        return optimize(devices, times, hours, series)


@cache
def four_days() -> tuple[DispatchRun, Replayed, Spy, list[str]]:
    case = load_case("gaoan")
    times = pd.date_range(FIRST, periods=96 * DAYS, freq="15min")
    spy, said = Spy(), list[str]()
    run, replayed = replay_year(prepare(case, times), SolveContext(progress=said.append), 0.0, spy)
    return run, replayed, spy, said


def test_a_run_of_days_is_checked_and_compared() -> None:
    run, replayed, _, said = four_days()
    assert run.summary.audit.holds
    assert "battery_1.energy_balance_mwh" in run.summary.audit.residuals  # also over midnight
    total = replayed.total
    assert total.without_yuan is not None
    assert total.saved_yuan is not None
    assert total.foresight_yuan < total.cost_yuan < total.without_yuan
    assert total.kept == pytest.approx(total.saved_yuan / (total.without_yuan - total.foresight_yuan))
    assert total.cost_yuan == float(run.solution.attrs["objective_yuan"])
    assert float(run.solution.attrs["bound_yuan"]) == pytest.approx(total.foresight_yuan, rel=1e-8)
    assert float(run.solution.attrs["gap"]) == pytest.approx(1 - total.foresight_yuan / total.cost_yuan)
    assert "4 daily plans in sequence, each proven optimal" in proof_sentence(run.solution, load_words("en"))
    assert replayed.largest_gap <= 1e-8
    assert list(replayed.months) == ["2026-04", "2026-05"]
    for part in ("cost_yuan", "foresight_yuan", "without_yuan"):
        sums = sum(getattr(month, part) for month in replayed.months.values())
        assert sums == pytest.approx(getattr(total, part), rel=1e-12)
    assert [words for words in said if words.startswith("day ")] == [f"day {n} of 4" for n in range(1, 5)]


def test_a_days_plan_begins_with_what_the_one_before_left() -> None:
    run, replayed, spy, _ = four_days()
    stored = values(run.solution, "battery_1.energy_mwh")
    case = run.case.devices["battery_1"]
    assert isinstance(case, Battery)
    assert isinstance(case.energy_mwh, float)
    assert spy.begins == pytest.approx([case.initial_soc * case.energy_mwh, *stored[95:-1:96]], abs=1e-9)
    assert (stored[95::96] >= case.initial_soc * case.energy_mwh - 1e-6).all()
    assert [day.energy_mwh["battery_1"] for day in replayed.days] == pytest.approx(stored[95::96], abs=1e-9)
    assert [day.day for day in replayed.days] == [
        date(2026, 4, 29),
        date(2026, 4, 30),
        date(2026, 5, 1),
        date(2026, 5, 2),
    ]


def test_the_peak_to_begin_with_is_the_one_a_plan_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peak of the cheapest month, or what was metered where that is more; a new month has its own."""
    run, replayed, spy, _ = four_days()
    expected = []
    for day in (date(2026, 4, 29), date(2026, 5, 1)):
        two_days = pd.date_range(day, periods=192, freq="15min")
        monkeypatch.setattr("parkdispatch.studies.demand_peak.month_times", lambda *_, times=two_days: times)
        expected.append(month_peaks(run.case, day).expected_mw["grid"])
    bought = values(run.solution, "grid.import_mw").reshape(DAYS, 96).max(axis=1)
    april, may = expected
    assert april != may
    # a month alone ends as it begins, in the year it may hand over less; May is the year's last
    assert spy.floors_mw[0] == pytest.approx(april, abs=0.1)
    april = spy.floors_mw[0]
    floors = [april, max(april, bought[0]), may, max(may, bought[2])]
    assert spy.floors_mw == pytest.approx(floors, abs=1e-6)
    metered = [bought[0], bought[:2].max(), bought[2], bought[2:].max()]
    assert [day.peak_mw["grid"] for day in replayed.days] == pytest.approx(metered)
    peak = run.solution["grid.peak_mw"].to_numpy()
    assert peak == pytest.approx([bought[:2].max(), bought[2:].max()])


@pytest.mark.parametrize("number", range(DAYS))
def test_a_day_costs_what_plan_says(number: int) -> None:
    """`parkdispatch plan` of that day, told the state and the peak the day before left."""
    run, replayed, spy, _ = four_days()
    day = replayed.days[number]
    soc = spy.begins[number] / 50.0
    told = with_overrides(run.case, soc=soc, peak_so_far_mw=spy.floors_mw[number])
    planned = prepare(told, day_times(told, day.day))
    cost = optimize(told.devices, planned.times, planned.hours, planned.series).proof.objective_yuan
    today = run.solution.isel(time=slice(96 * number, 96 * (number + 1)))
    spent = sum(float(today[name].sum()) for name in ("grid.purchase_yuan", "grid.sale_yuan"))
    price = float(today["grid.demand_price_yuan_per_mw_month"][0])
    held = max(spy.floors_mw[number], float(today["grid.import_mw"].max()))
    assert cost == pytest.approx(spent + price * held, rel=1e-9)


@pytest.mark.parametrize(
    ("key", "more", "words"),
    [
        (("grid", "import_mw"), 1.0, "laid into the year, break a rule by 1"),
        (("grid", "import_mw"), np.nan, "laid into the year, break a rule by nan"),
    ],
)
def test_days_that_break_a_rule_are_refused(key: tuple[str, str], more: float, words: str) -> None:
    def wrong(*given: Any) -> Optimum:
        optimum = optimize(*given)
        keys = [column.key for column in optimum.tiled.template.columns]
        x = optimum.x.copy()
        x[optimum.tiled.column_of(keys.index(key))[0]] += more
        return replace(optimum, x=x)

    prepared = prepare(load_case("gaoan"), pd.date_range(FIRST, periods=96, freq="15min"))
    with pytest.raises(SolverError, match=words):
        replay_year(prepared, SolveContext(), 0.0, wrong)


def test_a_month_whose_costs_are_not_its_bill_is_refused() -> None:
    """A hundred yuan moved from one month to the next leave the sums as they were."""
    run, replayed, _, _ = four_days()
    moved = run.solution.copy(deep=True)
    moved["grid.purchase_yuan"][0] += 100.0
    moved["grid.purchase_yuan"][-1] -= 100.0
    with pytest.raises(SolverError, match="grid costs .* yuan in 2026-04, billed"):
        compare_replay(moved, run.solution, run.without, run.case, replayed.days)


def test_the_savings_of_the_days_add_up_to_those_of_the_months() -> None:
    run, replayed, _, _ = four_days()
    for month, figures in replayed.months.items():
        days = [day for day in run.summary.days if f"{day.day:%Y-%m}" == month]
        assert sum(d.energy_yuan + d.demand_yuan for d in days) == pytest.approx(figures.saved_yuan, rel=1e-9)


def test_the_table_of_days(tmp_path: Any) -> None:
    run, replayed, _, _ = four_days()
    write_replay_csv(tmp_path / "replay.csv", run.solution, replayed.days, run.summary.days)
    table = pd.read_csv(io.StringIO((tmp_path / "replay.csv").read_text(encoding="utf-8-sig")))
    assert list(table.columns) == [
        "date",
        "energy_cost_yuan [yuan]",
        "saving.energy_yuan [yuan]",
        "saving.stored_yuan [yuan]",
        "saving.demand_yuan [yuan]",
        "grid.peak_mw [MW]",
        "battery_1.energy_mwh [MWh]",
        "battery_2.energy_mwh [MWh]",
        "gap [1]",
    ]
    assert list(table["date"]) == ["2026-04-29", "2026-04-30", "2026-05-01", "2026-05-02"]
    demand = run.solution["grid.demand_yuan"].to_numpy().sum()
    paid = table["energy_cost_yuan [yuan]"].sum() + demand
    assert paid == pytest.approx(float(run.solution.attrs["objective_yuan"]), abs=1e-4)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_report_calls_it_no_optimum(lang: str) -> None:
    run, replayed, _, _ = four_days()
    page = load_words(lang)["page"]

    def told(replayed: Replayed) -> str:
        facts = report_facts(run, "replay", replayed)
        html = report_html(run.solution, run.case, run.summary.audit, facts, lang)
        return html[html.index("<main>") : html.index("</main>")]

    said = told(replayed)
    for key in (
        "kind_replay",
        "kept",
        "days_optimal",
        "gap_foresight",
        "m_cost_foresight",
        "m_peak_foresight",
    ):
        assert page[key] in said, key
    assert f"<b>{page['optimal']}</b>" not in said
    assert page["not_optimal"] not in said
    assert replayed.total.kept is not None
    assert f"{replayed.total.kept:.1%}" in said
    late = [replace(day, gap=0.01) for day in replayed.days]
    assert f'bad"><b>{page["days_not_optimal"]}</b>' in told(replace(replayed, days=late))


def test_no_share_is_told_of_no_saving() -> None:
    rounding = Threefold(100.0, 100.0, 100.0 + 1e-9, 1.0, 1.0, 1.0)
    assert rounding.kept is None
    assert Threefold(100.0, 90.0, None, 1.0, 1.0, None).kept is None
    assert Threefold(100.0, 90.0, 110.0, 1.0, 1.0, 1.0).kept == pytest.approx(0.5)
    assert Threefold(120.0, 90.0, 110.0, 1.0, 1.0, 1.0).kept == pytest.approx(-0.5)


def test_a_size_is_not_for_a_day_to_decide() -> None:
    case = load_case("gaoan")
    sized = {"max": 50.0, "cost_yuan_per_unit": 10.0}
    changed = case.devices["battery_1"].model_dump() | {"power_mw": sized, "energy_mwh": sized}
    case = case.with_devices({**case.devices, "battery_1": Battery.model_validate(changed)})
    prepared = prepare(case, pd.date_range(FIRST, periods=96, freq="15min"))
    with pytest.raises(InputError) as caught:
        replay_year(prepared, SolveContext(), 0.0)
    assert [line.split(":")[0] for line in caught.value.problems] == [
        "`device.battery_1.power_mw` = 0 to 50",
        "`device.battery_1.energy_mwh` = 0 to 50",
    ]


def test_a_day_without_a_plan_keeps_the_days_before_it() -> None:
    """The third of four days has no plan: two are compared with their perfect foresight, and it is named."""
    case = load_case("gaoan")
    prepared = prepare(case, pd.date_range(FIRST, periods=96 * DAYS, freq="15min"))
    spy = Spy()

    def third_fails(*day: Any) -> Optimum:
        if len(spy.begins) == 2:
            raise InfeasibleError("no dispatch meets all limits")
        return spy(*day)

    run, replayed = replay_year(prepared, SolveContext(), 0.0, third_fails)
    two = prepare(case, pd.date_range(FIRST, periods=96 * 2, freq="15min"))
    _, alone = replay_year(two, SolveContext(), 0.0, Spy())
    assert [task.name for task in replayed.failed] == [f"{prepared.times[192]:%Y-%m-%d}"]
    assert (replayed.failed[0].reason, replayed.asked) == ("infeasible", {"days": DAYS})
    assert [day.day for day in replayed.days] == [day.day for day in alone.days]
    assert replayed.total.foresight_yuan == pytest.approx(alone.total.foresight_yuan)
    assert run.solution.sizes["time"] == 192
    assert not alone.failed
    said = replay_json(replayed)
    assert (said["days"], said["days_asked"], len(said["failed"])) == (2, DAYS, 1)
    words = load_words("en")
    (line,) = failed_sentences(replayed.failed, replayed.asked, 2026, words)
    assert line.startswith(f"1 of {DAYS} days failed: {prepared.times[192]:%Y-%m-%d} (infeasible)")


def test_a_first_day_without_a_plan_leaves_nothing_to_write() -> None:
    prepared = prepare(load_case("gaoan"), pd.date_range(FIRST, periods=96 * 2, freq="15min"))

    def fails(*_: Any) -> Optimum:
        raise InfeasibleError("no dispatch meets all limits")

    with pytest.raises(InfeasibleError, match="planned alone"):
        replay_year(prepared, SolveContext(), 0.0, fails)
