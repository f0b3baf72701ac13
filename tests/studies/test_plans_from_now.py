"""Plans that begin and end anywhere: the money of their days adds up, and each month has its own peak."""

from typing import Any

import pytest

import parkdispatch as pdx
from parkdispatch.inputs.case import Case
from parkdispatch.models.network.demand_metering import MonthPeak
from parkdispatch.results.savings.daily_saving import cost_of_days, saving_of_days

SOC = {"battery_1": 0.42, "battery_2": 0.38}


@pytest.fixture(scope="module")
def case() -> Case:
    return pdx.load_case("gaoan")


def test_a_plan_of_one_interval(case: Case) -> None:
    plan = pdx.plan(case, start="2026-07-15T10:15", until="10:30", soc=SOC, peak_so_far_mw=171)
    assert len(plan.table) == 1
    assert plan.proof.gap < 1e-8


def test_the_money_of_a_plan_is_that_of_its_days(case: Case) -> None:
    """The objective has the whole charge of the month; the three lines have what is added to it: nothing."""
    plan = pdx.plan(case, start="2026-07-15T10:15", until="2026-07-17T00:00", soc=SOC, peak_so_far_mw=171)
    money, summary = plan.money, plan.run.summary
    assert [str(day) for day in money.index] == ["2026-07-15", "2026-07-16"]
    assert money["demand_yuan"].tolist() == pytest.approx([0, 0], abs=1e-6)
    charge_yuan = 171 * 39_100.0
    assert money["energy_yuan"].sum() + charge_yuan == pytest.approx(plan.cost_yuan)
    # 42 % and 38 % of 50 MWh each, to 10 %
    assert sum(cost.stored_mwh for cost in summary.day_costs) == pytest.approx(-30.0)
    total = cost_of_days(summary.day_costs)
    assert total.total_yuan == pytest.approx(money["total_yuan"].sum())
    assert saving_of_days(summary.days).total_yuan == pytest.approx(money["total_saved_yuan"].sum())


def test_days_planned_one_by_one_add_up_to_their_months(case: Case) -> None:
    """Each day begins with what the one before left; the sums of their lines are the bills of both months."""
    soc, peak_mw, added_yuan, energy_yuan, stored_mwh = 0.1, 150.0, 0.0, 0.0, 0.0
    paid_yuan: dict[str, float] = {}
    for day in ("2026-07-30", "2026-07-31", "2026-08-01"):
        if day.endswith("-08-01"):
            peak_mw = 0.0
        plan = pdx.plan(case, day=day, soc=soc, peak_so_far_mw=peak_mw)
        (cost,) = plan.run.summary.day_costs
        peak_mw = cost.after_mw["grid"]
        added_yuan += cost.demand_yuan
        energy_yuan += cost.energy_yuan
        stored_mwh += cost.stored_mwh
        paid_yuan[day[:7]] = peak_mw * 39_100.0
        soc = float(plan.table["battery_1.energy_mwh"].iloc[-1]) / 50.0
    assert added_yuan == pytest.approx(sum(paid_yuan.values()) - 150.0 * 39_100.0)
    assert stored_mwh == pytest.approx((soc - 0.1) * 100.0, abs=1e-6)
    assert energy_yuan > 0


def test_each_month_has_its_own_peak(case: Case) -> None:
    """July has had 171 MW; of August only the first day is planned, which must not be shaved as if alone."""
    plan = pdx.plan(case, start="2026-07-31T12:00", until="2026-08-02T00:00", soc=SOC, peak_so_far_mw=171)
    assert list(plan.later_peaks_mw) == ["2026-08"]
    expected_mw = plan.later_peaks_mw["2026-08"]["grid"]
    assert plan.dataset["grid.peak_mw"].to_numpy() == pytest.approx([171.0, expected_mw])
    day = plan.run.summary.day_costs[1]
    assert day.before_mw["grid"] == 0.0
    assert day.demand_yuan == pytest.approx(39_100.0 * day.after_mw["grid"])


def test_a_later_month_that_the_plan_has_whole_is_paid_for_by_its_own_peak(case: Case) -> None:
    from parkdispatch.inputs.prepare import span_times
    from parkdispatch.inputs.variations.plan_times import plan_span
    from parkdispatch.studies.day_plan import prepare_day

    times = span_times(case, *plan_span(case, None, "2026-01-31T12:00", "2026-03-01T12:00"))
    planned = prepare_day(case, case, times, peak_is_given=True)
    assert list(planned.later_peaks_mw) == ["2026-03"]
    said: Any = case.with_(grid={"later_peaks_mw": [{"month": "2026-03", "peak_mw": 123.0}]})
    grid: Any = prepare_day(said, said, times, peak_is_given=True).prepared.case.devices["grid"]
    assert grid.later_peaks_mw == (MonthPeak(month="2026-03", peak_mw=123.0),)


def test_a_start_outside_of_the_window_is_recovered_from(case: Case) -> None:
    """At 2 % the battery is below its 5 %: it charges back within its four hours, and the plan is proven."""
    plan = pdx.plan(
        case, start="2026-07-15T10:15", soc={"battery_1": 0.02, "battery_2": 0.99}, peak_so_far_mw=171
    )
    low_mwh, high_mwh = (plan.table[f"battery_{n}.energy_mwh"].to_numpy() for n in (1, 2))
    assert low_mwh[0] >= 0.02 * 50 - 1e-9
    assert high_mwh[0] <= 0.99 * 50 + 1e-9
    assert low_mwh[17:].min() >= 0.05 * 50 - 1e-9  # 16 quarter-hours after 10:15
    assert high_mwh[17:].max() <= 0.95 * 50 + 1e-9
    assert plan.proof.gap < 1e-8
