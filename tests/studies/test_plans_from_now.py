"""Plans that begin and end anywhere: the money of their days adds up, and each month has its own peak."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

import parkdispatch as pdx
from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.models.network.demand_metering import MonthPeak
from parkdispatch.results.savings.daily_saving import cost_of_days, saving_of_days

SOC = {"battery_1": 0.42, "battery_2": 0.38}
FULL_USE = 0.9 * 39_100.0  # yuan/MW a month: July and August reach full use whatever is dispatched


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
    charge_yuan = 171 * FULL_USE
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
        paid_yuan[day[:7]] = peak_mw * FULL_USE
        soc = float(plan.table["battery_1.energy_mwh"].iloc[-1]) / 50.0
    assert added_yuan == pytest.approx(sum(paid_yuan.values()) - 150.0 * FULL_USE)
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
    assert day.demand_yuan == pytest.approx(FULL_USE * day.after_mw["grid"])


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


def test_of_equal_optima_the_one_nearest_to_the_followed_plan_is_taken(case: Case) -> None:
    """No plan is nearer: a linear program of its own has the same deviation.

    Its batteries may do both at once, which loses energy. Its connection may not: at noon energy is bought at
    less than it is sold for, and the gain would pay for following.
    """
    followed = pdx.plan(case, start="2026-07-15T08:00", soc=0.5, peak_so_far_mw=171)
    now: dict[str, Any] = {"start": "2026-07-15T10:15", "soc": SOC, "peak_so_far_mw": 171.0}
    free, near = pdx.plan(case, **now), pdx.plan(case, **now, follow=followed)
    assert near.cost_yuan == pytest.approx(free.cost_yuan, rel=1e-12)
    assert near.run.deviation_mw is not None
    smooth_mw, deviation_mw = near.run.deviation_mw
    assert deviation_mw < smooth_mw
    assert near.planned is not None
    tiled, x = near.planned.optimum.tiled, near.planned.optimum.x
    program, keys = tiled.program, [column.key for column in tiled.template.columns]
    count, columns = len(tiled.horizon), len(program.cost)
    rows, targets = [], []
    for number, name in enumerate(case.storage):
        target = followed.table[f"{name}.discharge_mw"] - followed.table[f"{name}.charge_mw"]
        out, into = (tiled.column_of(keys.index((name, f"{way}charge_mw"))) for way in ("dis", ""))
        for sign in (1.0, -1.0):
            block = sp.lil_array((count, columns + 2 * count))
            steps = np.arange(count)
            block[steps, out], block[steps, into] = sign, -sign
            block[steps, columns + number * count + steps] = -1.0
            rows.append(block.tocsr())
            targets.append(sign * target.loc[near.table.index].to_numpy())
    assert near.table["grid.export_mw"].max() == 0
    upper = program.upper.copy()
    upper[tiled.column_of(keys.index(("grid", "export_mw")))] = 0.0
    wide = sp.csr_array((program.matrix.shape[0], 2 * count))
    own = sp.hstack([program.matrix, wide], format="csr")
    cost = sp.csr_array(np.concatenate([program.cost, np.zeros(2 * count)])[None, :])
    least = linprog(
        np.concatenate([np.zeros(columns), np.ones(2 * count)]),
        A_ub=sp.vstack([own, -own, cost, *rows]),
        b_ub=np.concatenate(
            [
                np.where(np.isfinite(program.row_upper), program.row_upper, 1e9),
                np.where(np.isfinite(program.row_lower), -program.row_lower, 1e9),
                [program.cost @ x * (1 + 1e-13)],
                *targets,
            ]
        ),
        bounds=[
            *zip(program.lower.tolist(), upper.tolist(), strict=True),
            *[(0, None)] * (2 * count),
        ],
    )
    assert deviation_mw == pytest.approx(least.fun, abs=1e-2)


def test_a_folder_that_is_no_plan_of_this_time_is_refused(case: Case, tmp_path: Path) -> None:
    now: dict[str, Any] = {"start": "2026-07-15T10:15", "soc": SOC, "peak_so_far_mw": 171.0}
    with pytest.raises(InputError, match="`follow` = .*: must be the folder of a plan, with solution.nc"):
        pdx.plan(case, **now, follow=tmp_path)
    other = pdx.plan(case, start="2026-07-16T10:15", until="11:00", soc=SOC, peak_so_far_mw=171)
    with pytest.raises(InputError, match="must share times and stores with this plan"):
        pdx.plan(case, **now, follow=other)
