"""Orders of an operator: obeyed exactly, priced as the difference of two optima, refused where they clash."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import parkdispatch as pdx
from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InfeasibleError, InputError
from tests.support.small_case import swap, write_case

NOW: dict[str, Any] = {
    "start": "2026-07-15T10:15",
    "soc": {"battery_1": 0.42, "battery_2": 0.38},
    "peak_so_far_mw": 171.0,
}
OUTAGE = pdx.OutageOrder(device="battery_2", begin="14:00", end="18:00")
LIMIT = pdx.LimitOrder(device="grid", quantity="import_mw", at_most_mw=165, begin="17:00", end="21:00")
CALL = pdx.CallOrder(begin="19:00", end="20:00", price_yuan_per_kwh=4.0, baseline_mw=168)


@pytest.fixture(scope="module")
def case() -> Case:
    return pdx.load_case("gaoan")


def between(plan: pdx.Plan, quantity: str, begin: str, end: str) -> Any:
    """A quantity in the intervals that begin from one clock time to another, excluded."""
    series = plan.table[quantity].between_time(begin, end, inclusive="left")
    return series.to_numpy()


def test_a_replan_with_outage_limit_and_call_is_the_plain_pyomo_optimum(case: Case) -> None:
    orders = (OUTAGE, LIMIT, CALL)
    plan = pdx.plan(case, **NOW, orders=orders)
    plain = pdx.plan(case, **NOW, orders=orders, solver="pyomo:appsi_highs")
    assert plan.cost_yuan == pytest.approx(plain.cost_yuan, rel=1e-7)
    assert plan.proof.gap < 1e-8
    for name in ("charge_mw", "discharge_mw"):
        assert between(plan, f"battery_2.{name}", "14:00", "18:00") == pytest.approx(0, abs=1e-9)
    assert between(plan, "grid.import_mw", "17:00", "21:00").max() <= 165 + 1e-6
    response_mwh = float((168 - between(plan, "grid.import_mw", "19:00", "20:00")).sum() * 0.25)
    assert plan.dataset["grid.response_yuan"].sum() == pytest.approx(-4000 * response_mwh)
    assert any(f"{response_mwh:,.3f} MWh below 168.000 MW" in note for note in plan.notes)


def test_forcing_costs_the_difference_of_two_optima(case: Case) -> None:
    free = pdx.plan(case, **NOW)
    force = pdx.ForceOrder(device="battery_1", power_mw=10, begin="12:00", end="12:30")
    forced = pdx.plan(case, **NOW, orders=[force])
    assert between(forced, "battery_1.discharge_mw", "12:00", "12:30") == pytest.approx([10, 10])
    assert forced.cost_yuan > free.cost_yuan
    assert f"Forcing costs {forced.cost_yuan - free.cost_yuan:,.0f} yuan" in " ".join(forced.notes)


def test_a_forced_charge_a_reserve_and_a_final_state(case: Case) -> None:
    orders = [
        pdx.ForceOrder(device="battery_2", power_mw=-7.5, begin="2026-07-15T13:00", end="13:15"),
        pdx.ReserveOrder(energy_mwh=4, device="battery_1"),
        pdx.FinalStateOrder(soc=0.3, rule="exactly"),
    ]
    plan = pdx.plan(case, **NOW, orders=orders)
    assert between(plan, "battery_2.charge_mw", "13:00", "13:15") == pytest.approx([7.5])
    # 4 MWh at the meter above the lowest 5 % of 50 MWh
    assert plan.table["battery_1.energy_mwh"].min() >= 2.5 + 4 / 0.94 - 1e-6
    for name in ("battery_1", "battery_2"):
        assert plan.table[f"{name}.energy_mwh"].iloc[-1] == pytest.approx(15)


def test_a_call_that_costs_more_than_it_pays_is_not_answered(case: Case) -> None:
    """The baseline lies below what can be drawn: answering it would be paid for by the park."""
    low = CALL.model_copy(update={"baseline_mw": 20.0})
    plan = pdx.plan(case, **NOW, orders=[low])
    assert plan.cost_yuan == pytest.approx(pdx.plan(case, **NOW).cost_yuan)
    assert any(note.startswith("Not answered") for note in plan.notes)


def test_a_call_without_a_baseline_has_the_mean_of_the_last_working_days(case: Case) -> None:
    plan = pdx.plan(case, **NOW, orders=[CALL.model_copy(update={"baseline_mw": None})])
    days = "2026-07-08, 2026-07-09, 2026-07-10, 2026-07-13, 2026-07-14"  # the 11th is a Saturday
    assert any(days in note for note in plan.notes)


def test_orders_of_the_case_file_are_those_of_python(tmp_path: Path) -> None:
    orders = """
[[order]]
kind = "outage"
device = "battery_1"
begin = 18:00:00
end = 2026-07-15T19:00:00

[[order]]
kind = "limit"
device = "grid"
quantity = "import_mw"
at_most_mw = 110.0
begin = "20:00"
end = "22:00"
"""
    day: dict[str, Any] = {"day": "2026-07-15", "peak_so_far_mw": 112.0}
    filed = write_case(tmp_path)
    filed.write_text(filed.read_text(encoding="utf-8") + orders, encoding="utf-8")
    plan = pdx.plan(pdx.load_case(str(filed)), **day)
    typed = pdx.plan(
        pdx.load_case(str(write_case(tmp_path / "plain"))),
        **day,
        orders=[
            pdx.OutageOrder(device="battery_1", begin="18:00", end="19:00"),
            pdx.LimitOrder(device="grid", quantity="import_mw", at_most_mw=110, begin="20:00", end="22:00"),
        ],
    )
    assert plan.cost_yuan == typed.cost_yuan
    np.testing.assert_array_equal(plan.table.to_numpy(), typed.table.to_numpy())
    assert plan.notes == typed.notes
    # an order of another day says nothing of this plan
    other = write_case(tmp_path / "other", swap("plan_date = 2026-07-15", "plan_date = 2026-07-16"))
    dated = orders.replace("18:00:00", "2026-07-15T18:00:00", 1)
    other.write_text(other.read_text(encoding="utf-8") + dated, encoding="utf-8")
    assert len(pdx.plan(pdx.load_case(str(other)), peak_so_far_mw=112.0).notes) == 1


def test_everything_wrong_with_orders_is_said_at_once(case: Case) -> None:
    wrong: list[Any] = [
        pdx.OutageOrder(device="battery_3", begin="14:00", end="18:00"),
        pdx.LimitOrder(device="grid", quantity="imports", at_most_mw=1),
        pdx.LimitOrder(device="load", quantity="demand_mw", at_most_mw=1),
        pdx.ForceOrder(device="battery_1", power_mw=40, begin="12:00", end="12:30"),
        pdx.ForceOrder(device="load", power_mw=40),
        pdx.ForceOrder(device="battery_2", power_mw=5, begin="14:30", end="15:00"),
        OUTAGE,
        pdx.OutageOrder(device="pv", begin="2026-07-17T14:00", end="2026-07-17T18:00"),
        pdx.CallOrder(begin="noon", end="13:00", price_yuan_per_kwh=4),
    ]
    with pytest.raises(InputError) as refused:
        pdx.plan(case, **NOW, orders=wrong)
    said = str(refused.value)
    for words in (
        "`outage` = battery_3: no such device, must be of",
        "`limit` = grid.imports: must be grid.import_mw, grid.export_mw",
        "`limit` = load.demand_mw: must be of another device",
        "`force` = battery_1 at 40 MW: must be in [-25, 25] MW",
        "`force` = load: has no set point",
        "contradicts `outage battery_2, 2026-07-15 14:00 to 2026-07-15 18:00`",
        "`outage`: 2026-07-17 14:00 to 2026-07-17 18:00 must lie in the plan",
        "`call` = noon: must be a local time such as 10:15",
    ):
        assert words in said, said


def test_what_has_to_give_is_said_and_a_soft_plan_gives_just_that(case: Case) -> None:
    tight = LIMIT.model_copy(update={"at_most_mw": 100.0})
    with pytest.raises(InfeasibleError) as refused:
        pdx.plan(case, **NOW, orders=[tight])
    lines = str(refused.value).splitlines()
    gives = [line for line in lines if line.startswith("the least by which the orders have to give")]
    assert [line.split(": ")[1].split()[0] for line in gives] == ["grid.import_mw"]
    least_mwh = float(gives[0].split(" by ")[-1].split()[0])
    sheds = [line for line in lines if line.startswith("or, where the orders hold: demand at bus ac by ")]
    assert float(sheds[0].split(" by ")[-1].split()[0]) == pytest.approx(least_mwh, rel=1e-3)
    soft = pdx.plan(case, **NOW, orders=[tight], soft_yuan_per_mwh=1e6)
    over_mw = np.maximum(between(soft, "grid.import_mw", "17:00", "21:00") - 100, 0)
    shed_mwh = float(soft.dataset["unserved.unserved_mw"].sum() * 0.25)
    assert over_mw.sum() * 0.25 + shed_mwh == pytest.approx(least_mwh, abs=1e-3)
    assert any(note.startswith(("VIOLATED: grid.import_mw", "NOT SERVED: ")) for note in soft.notes)
    assert "at the stated 1,000,000 yuan/MWh" in soft.notes[-1]


def test_a_final_state_that_cannot_be_reached_is_violated_at_its_price(case: Case) -> None:
    """From 5 % at 23:30, 25 MW charge 11.75 MWh in half an hour: 14.25 MWh of 50, not 20."""
    late: dict[str, Any] = {**NOW, "start": "2026-07-15T23:30", "soc": 0.05, "peak_so_far_mw": 228.0}
    final = pdx.FinalStateOrder(soc=0.4, device="battery_1")
    with pytest.raises(InfeasibleError, match=r"battery_1.energy_mwh by 5.750 MWh"):
        pdx.plan(case, **late, orders=[final])
    soft = pdx.plan(case, **late, orders=[final], soft_yuan_per_mwh=1e5)
    assert soft.table["battery_1.energy_mwh"].iloc[-1] == pytest.approx(14.25)
