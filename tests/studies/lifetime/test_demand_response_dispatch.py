"""The storage answers calls for demand response: two weeks worked by hand, and the built-in park."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.models.errors import InputError
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.solve import Optimum, optimize
from parkdispatch.results.audit import audit
from parkdispatch.results.billing.demand_response import settle_events
from parkdispatch.results.solution import cost_yuan, values
from parkdispatch.studies.dispatch import checked_run
from parkdispatch.studies.lifetime import demand_response_dispatch
from parkdispatch.studies.lifetime.demand_response_dispatch import (
    DemandResponseDispatch,
    dispatch_demand_response,
)
from parkdispatch.studies.solve_options import SolveContext
from tests.support.response_cases import FULL_MWH, TIMES, WORKING, case, two_weeks, with_contract

CENT = 0.01


def plain(prepared: Prepared) -> Optimum:
    return optimize(prepared.case.devices, prepared.times, prepared.hours, prepared.series, threads=1)


def answered(prepared: Prepared) -> DemandResponseDispatch:
    return dispatch_demand_response(prepared, plain(prepared), SolveContext())


def changed(base: Case, device: str, **fields: Any) -> Case:
    old = base.devices[device]
    return base.with_devices({**base.devices, device: type(old).model_validate(old.model_dump() | fields)})


def test_the_battery_gives_to_the_event_what_it_gave_to_the_sharp_hour() -> None:
    """Response 100 - (101 - 15.04) = 14.04 MW: 56,160 yuan; 15.04 MWh save 0.77 instead of 0.85 each."""
    response = answered(two_weeks(case()))
    (answer,) = response.events
    assert str(answer.settled.event.begins) == "2026-07-09 17:00:00"
    assert answer.bid
    assert answer.settled.baseline_mw == pytest.approx(100.0)
    assert answer.settled.response_mw == pytest.approx(FULL_MWH - 1.0)
    assert answer.settled.bid_mw == pytest.approx(FULL_MWH - 1.0)
    assert answer.unmoved_mw == pytest.approx(-1.0)
    assert response.revenue_yuan == pytest.approx(4000.0 * (FULL_MWH - 1.0), abs=CENT)
    assert answer.energy_cost_yuan == pytest.approx(80.0 * FULL_MWH, abs=CENT)
    assert response.bill_cost_yuan == pytest.approx(80.0 * FULL_MWH, abs=CENT)
    assert (response.other_cost_yuan, response.unmoved_yuan) == (0.0, 0.0)
    assert response.gain_yuan == pytest.approx(response.revenue_yuan - 80.0 * FULL_MWH, abs=CENT)


def test_each_dispatch_is_settled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one without a response, and that of a round at raised prices."""
    settled: list[Any] = []

    def counting(*given: Any) -> Any:
        settled.append(given)
        return settle_events(*given)

    monkeypatch.setattr(demand_response_dispatch, "settle_events", counting)
    response = answered(two_weeks(case()))
    assert any(answer.bid for answer in response.events)
    assert len(settled) == 2


def test_what_the_battery_always_does_is_in_the_baseline() -> None:
    """Event in the sharp hour: it gives 15.04 MW there every day, and has nothing to add."""
    load = np.full(len(TIMES), 100.0)
    load[24 * 8 + 18] = 101.0
    response = answered(two_weeks(case(), load, periods=["sharp"]))
    assert response.revenue_yuan == 0.0
    assert response.bill_cost_yuan == 0.0
    (answer,) = response.events
    assert answer.settled.response_mw == pytest.approx(-1.0)
    assert answer.settled.baseline_mw == pytest.approx(100.0 - FULL_MWH)


@pytest.mark.parametrize(("baselines", "paid_mwh"), [("lowest", 0.0), ("highest", FULL_MWH - 1.0)])
def test_of_dispatches_that_cost_the_same_those_asked_for_are_lived(baselines: str, paid_mwh: float) -> None:
    """Without a sharp hour all of the evening costs 0.77: the battery may give at 17:00 every day, or never.

    The bill is the same; what is paid is nothing, or for all that the battery holds.
    """
    flat = case().tariff.model_copy(update={"ratios": {**case().tariff.ratios, "sharp": 1.6}})
    response = answered(two_weeks(replace(case(), tariff=flat), baselines=baselines))
    assert response.revenue_yuan == pytest.approx(4000.0 * paid_mwh, abs=CENT)
    assert response.bill_cost_yuan == pytest.approx(0.0, abs=CENT)


def test_the_tie_break_costs_nothing() -> None:
    """It moves 15 MWh where that is free, not where it costs 80 yuan/MWh."""
    response = answered(two_weeks(case()))
    assert response.bill_cost_yuan == pytest.approx(80.0 * FULL_MWH, abs=CENT)
    assert response.revenue_yuan > 0.0


def test_events_are_called_by_what_is_needed_without_the_storage() -> None:
    """103 MW at 18:00, of which the meter shows 88; 101 at 17:00 would be the most it shows."""
    load = np.full(len(TIMES), 100.0)
    load[24 * 8 + 17], load[24 * 8 + 18] = 101.0, 103.0
    (answer,) = answered(two_weeks(case(), load, periods=["sharp", "peak"])).events
    assert answer.settled.event.begins.hour == 18


def test_no_bid_no_pay_for_what_was_not_done() -> None:
    """A baseline 1 MW too high on the 9th would pay 1,000 yuan, but no event is bid for."""
    load = np.full(len(TIMES), 100.0)
    load[TIMES.hour == 17] = 105.0
    load[24 * 8 + 17] = 104.0
    response = answered(two_weeks(case(), load, bid_mw=1.0, price_yuan_per_kwh=1.0, events_per_year=8))
    (ninth,) = (answer for answer in response.events if answer.settled.event.day.day == 9)
    assert ninth.unmoved_mw == pytest.approx(1.0)
    assert (response.revenue_yuan, response.unmoved_yuan) == (0.0, 0.0)


def test_a_baseline_that_errs_is_paid_for_nothing() -> None:
    """All days from the 3rd are called; 5 MW less load on the 9th are paid, though nothing was done."""
    load = np.full(len(TIMES), 100.0)
    for day in WORKING:
        load[24 * (day - 1) + 18] = 100.0 if day == 9 else 105.0
    prepared = two_weeks(case(), load, periods=["sharp"], events_per_year=8)
    response = answered(prepared)
    (ninth,) = (answer for answer in response.events if answer.settled.event.day.day == 9)
    assert ninth.unmoved_mw == pytest.approx(5.0)
    assert ninth.settled.yuan == pytest.approx(20_000.0, abs=CENT)
    assert response.unmoved_yuan == pytest.approx(20_000.0, abs=CENT)
    assert response.revenue_yuan == pytest.approx(20_000.0, abs=CENT)
    assert response.bill_cost_yuan == pytest.approx(0.0, abs=CENT)


@pytest.mark.parametrize(
    "changes",
    [
        {"bid_mw": 20.0},  # 80 % of it are 16 MW, and only 14.04 come
        {"bid_mw": 1.0, "price_yuan_per_kwh": 1.0},  # 1.2 MWh are paid, 1,200 yuan; moving costs 1,203
        {"price_yuan_per_kwh": 0.05},  # 15.04 MWh would earn less than moving them costs
        {"events_per_year": 0},
        {"months": [8]},
    ],
)
def test_a_response_that_does_not_pay_is_not_lived(changes: dict[str, Any]) -> None:
    prepared = two_weeks(case(), **changes)
    optimum = plain(prepared)
    response = dispatch_demand_response(prepared, optimum, SolveContext())
    assert (response.revenue_yuan, response.bill_cost_yuan, response.gain_yuan) == (0.0, 0.0, 0.0)
    assert response.optimum is optimum
    assert not any(answer.bid or answer.settled.yuan for answer in response.events)
    assert len(response.events) == (0 if "events_per_year" in changes or "months" in changes else 1)


def test_a_bid_is_paid_up_to_its_limit() -> None:
    """1.2 x 10 MW of the 14.04 delivered."""
    response = answered(two_weeks(case(), bid_mw=10.0))
    assert response.revenue_yuan == pytest.approx(48_000.0, abs=CENT)
    assert response.bill_cost_yuan == pytest.approx(80.0 * FULL_MWH, abs=CENT)


def test_the_demand_it_costs_is_weighed() -> None:
    """Eight events of 20 yuan/kWh raise the price by more than demand costs, but 1.2 MW of each are paid.

    They pay 192,000 yuan; some 10 MW more of demand at 18:00 cost 391,000.
    """
    load = np.full(len(TIMES), 100.0)
    load[TIMES.hour == 18] = 115.0
    base = changed(case(), "grid", scheme="two_part")
    dear = two_weeks(base, load, bid_mw=1.0, events_per_year=8, price_yuan_per_kwh=20.0)
    response = answered(dear)
    assert response.revenue_yuan == 0.0
    assert response.bill_cost_yuan == 0.0
    assert len(response.events) == 8
    unlimited = answered(two_weeks(base, load, events_per_year=8, price_yuan_per_kwh=20.0))
    assert unlimited.revenue_yuan > unlimited.bill_cost_yuan > 100_000.0
    assert unlimited.gain_yuan > 0.0


def test_events_that_do_not_pay_are_left_out_and_the_others_answered() -> None:
    """17:00 of the 9th; on the 10th 10 MW more are drawn, and 14 MW of response are 5 short of the limit."""
    load = np.full(len(TIMES), 100.0)
    load[24 * 8 + 17], load[24 * 9 + 17] = 101.0, 110.0
    response = answered(two_weeks(case(), load, bid_mw=12.0, events_per_year=2))
    ninth, tenth = response.events
    assert (ninth.bid, tenth.bid) == (True, False)
    assert tenth.settled.yuan == 0.0
    assert tenth.settled.import_mw == pytest.approx(110.0)  # the day is lived as if it had no event
    assert response.revenue_yuan == pytest.approx(4000.0 * (FULL_MWH - 1.0), abs=CENT)
    assert response.bill_cost_yuan == pytest.approx(80.0 * FULL_MWH, abs=CENT)


def test_wear_is_no_part_of_the_bill() -> None:
    """A battery worn by 600 yuan/MWh rests all day, but for an event of 4,000."""
    base = changed(case(), "battery_1", wear_yuan_per_mwh=600.0)
    response = answered(two_weeks(base))
    assert response.revenue_yuan == pytest.approx(4000.0 * (FULL_MWH - 1.0), abs=CENT)
    assert response.other_cost_yuan > 0.0
    assert response.gain_yuan == pytest.approx(
        response.revenue_yuan - response.bill_cost_yuan - response.other_cost_yuan
    )
    before, after = plain(two_weeks(base)), response.optimum
    dearer = after.proof.objective_yuan - before.proof.objective_yuan
    assert response.bill_cost_yuan + response.other_cost_yuan == pytest.approx(dearer, abs=CENT)


def test_without_a_metered_contract_nothing_is_called() -> None:
    prepared = prepare(case(), TIMES)
    optimum = plain(prepared)
    response = dispatch_demand_response(prepared, optimum, SolveContext())
    assert (response.optimum, response.events, response.gain_yuan) == (optimum, (), 0.0)


def test_one_meter_settles() -> None:
    base = case()
    doubled = base.with_devices({**base.devices, "grid_2": base.devices["grid"]})
    prepared = two_weeks(doubled)
    with pytest.raises(InputError, match="has 2 grid connections"):
        dispatch_demand_response(prepared, plain(prepared), SolveContext())


@cache
def june_and_july() -> tuple[Prepared, Optimum, DemandResponseDispatch]:
    times = pd.date_range("2026-06-22", "2026-07-11", freq="15min", inclusive="left")
    base = with_contract(load_case("gaoan"), hours=2.0, events_per_year=5, periods=["peak", "sharp"])
    prepared = prepare(base, times)
    optimum = plain(prepared)
    return prepared, optimum, dispatch_demand_response(prepared, optimum, SolveContext())


@pytest.mark.slow
def test_the_built_in_park_is_audited_and_adds_up() -> None:
    """The lived dispatch obeys every rule; its bill costs more by what its named costs do."""
    prepared, optimum, response = june_and_july()
    run = checked_run(prepared, response.optimum, None, {})
    assert run.summary.audit.holds
    assert audit(to_dataset(response.optimum, {}), prepared).holds
    costs, before = cost_yuan(run.solution), cost_yuan(to_dataset(optimum, {}))
    dearer = sum(costs.values()) - sum(before.values())
    assert response.bill_cost_yuan + response.other_cost_yuan == pytest.approx(dearer, abs=0.1)
    energy = sum(answer.energy_cost_yuan for answer in response.events)
    demand = costs["grid.demand_yuan"] - before["grid.demand_yuan"]
    first = prepared.times.searchsorted(response.events[0].settled.event.begins.normalize())
    early = [
        float((values(new, name) - values(old, name))[:first].sum())
        for new, old in [(run.solution, to_dataset(optimum, {}))]
        for name in ("grid.purchase_yuan", "grid.sale_yuan")
    ]
    assert energy + demand + sum(early) == pytest.approx(dearer, abs=0.1)


def test_the_built_in_park_gains_and_is_paid_by_its_meter() -> None:
    prepared, _, response = june_and_july()
    assert len(response.events) == 5
    assert response.gain_yuan > 0.0
    bought = values(to_dataset(response.optimum, {}), "grid.import_mw")
    called = {answer.settled.event.day for answer in response.events}
    for answer in response.events:
        event = answer.settled.event
        quiet = [
            day
            for day in pd.date_range(prepared.times[0], event.day, freq="D", inclusive="left")
            if day.weekday() < 5 and day.date() not in called
        ]
        clock = event.begins - event.begins.normalize()
        evenings = [int(prepared.times.searchsorted(day + clock)) for day in quiet]
        assert answer.settled.baseline_mw == pytest.approx(
            np.mean([bought[n : n + 8] for n in evenings[-2:]])
        )
        mwh = max(0.0, answer.settled.response_mw) * 2.0 if answer.bid else 0.0
        assert answer.settled.yuan == pytest.approx(4000.0 * mwh)
    assert response.revenue_yuan == pytest.approx(sum(answer.settled.yuan for answer in response.events))
