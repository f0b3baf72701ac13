"""Stores of heat and of cold, solved by hand: MW and MWh, prices in yuan/MWh, intervals of an hour."""

from typing import Any

import numpy as np
import pytest

from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.loads.load import Load
from parkdispatch.models.stores.heat_store import ColdStore, HeatStore
from parkdispatch.optimizer.solve import optimize
from tests.support.parks.thermal_parks import broken_rules, damaged, refused, seen, solved
from tests.support.small_parks import SmallPark

both_kinds = pytest.mark.parametrize("kind", [HeatStore, ColdStore])


def store(kind: type[HeatStore] = HeatStore, **changes: Any) -> HeatStore:
    fields = {"energy_mwh": 10.0, "charge_limit_mw": 5.0, "discharge_limit_mw": 4.0, "initial_level": 0.0}
    return kind.model_validate(fields | {"loss_share_per_hour": 0.0} | changes)


def park_of(demand: Any, price: Any, device: HeatStore, least: Any = 0.0) -> SmallPark:
    """A load on the store's bus and a source of up to 20 MW at a price, which cannot go below `least`."""
    park = SmallPark(len(demand)).source(20, price, least, bus=device.bus)
    carrier = device.buses[device.bus]
    load = Load.model_validate({"annual_energy_mwh": 1, "bus": device.bus, "carrier": carrier})
    return park.add("load", load, demand_mw=demand).add("store", device)


@both_kinds
def test_charge_and_discharge_have_limits_of_their_own(kind: type[HeatStore]) -> None:
    """6 MWh are wanted in the dear hour: 4 come from the store, charged with 4 at 10, and 2 at 100.

    In the second park 7 are wanted over two hours, and 5 can be charged in the cheap one.
    """
    assert solved(park_of([0, 6], [10, 100], store(kind))).cost == pytest.approx(40 + 200)
    assert solved(park_of([0, 3.5, 3.5], [10, 100, 100], store(kind))).cost == pytest.approx(50 + 200)


@both_kinds
def test_losses_grow_with_the_energy_and_there_is_one_that_does_not(kind: type[HeatStore]) -> None:
    """(3 + 0.5) / 0.9 + 0.5 = 4.3889 MWh charged for 3; a loss in proportion alone would take 3.3333."""
    device = store(kind, loss_share_per_hour=0.1, constant_loss_mw=0.5)
    plan = solved(park_of([0, 3], [10, 1000], device))
    assert plan.cost == pytest.approx(10 * (3.5 / 0.9 + 0.5))
    assert plan.value("store", "energy_mwh") == pytest.approx([3.5 / 0.9, 0])


@both_kinds
def test_it_ends_as_it_began_or_as_it_is_told(kind: type[HeatStore]) -> None:
    """5 MWh before: without a condition they would serve both hours of 2 MW for nothing."""
    for final_level, cost in ((None, 40), (0.2, 10), (0.9, 80)):
        device = store(kind, initial_level=0.5, final_level=final_level)
        assert solved(park_of([2, 2], 10, device)).cost == pytest.approx(cost)


@both_kinds
def test_a_price_below_zero_burns_nothing_in_the_store(kind: type[HeatStore]) -> None:
    """Heat at -10: 1 MWh is used in each of three hours, and 10 are charged until the store is full.

    A store that lost heat by charging would take more by charging and discharging at once.
    """
    plan = solved(park_of([1, 1, 1], -10, store(kind)))
    assert plan.cost == pytest.approx(-10 * (3 + 10))


@both_kinds
def test_full_it_takes_no_more(kind: type[HeatStore]) -> None:
    """6 MW that must be taken, with no load: the store is full after 10 MWh, which is infeasible."""
    park = park_of([1, 1, 1], 10, store(kind), least=6)
    with pytest.raises(InfeasibleError):
        optimize(park.devices, park.times, park.hours, park.series)


def test_what_is_left_at_midnight() -> None:
    device = store(initial_level=0.5)
    part = seen(solved(park_of([2, 2], 10, store(initial_level=0.5, final_level=0.2))), "store")
    left = device.state_after(part)
    assert left == pytest.approx({"energy_mwh": 2.0})
    after = device.starting_from(left)
    assert (after.initial_level, after.final_level) == pytest.approx((0.2, 0.5))
    level = device.storage_level(part)
    assert level is not None and (level.full_mwh, level.initial_mwh) == (10.0, 5.0)


def test_every_rule_is_seen_to_be_broken() -> None:
    device = store(loss_share_per_hour=0.1)
    part = seen(solved(park_of([0, 4], [10, 1000], device)), "store")
    assert broken_rules(device, part) == set()
    for changes, rule in [
        ({"energy_mwh": {0: 5.0}}, "energy_balance_mwh"),
        ({"energy_mwh": {1: 10.1}}, "energy_window_mwh"),
        ({"energy_mwh": {1: -0.1}}, "final_energy_mwh"),
        ({"output_mw": {0: -5.1}}, "power_limits_mw"),
        ({"output_mw": {1: 4.1}}, "power_limits_mw"),
        ({"bus_heat": {1: np.nan}}, "injection_mw"),
    ]:
        assert rule in broken_rules(device, damaged(part, **changes)), rule


def test_mistakes_are_told_by_their_field() -> None:
    fields = {"energy_mwh": 0.0, "charge_limit_mw": -1.0, "discharge_limit_mw": 1.0, "initial_level": 50}
    problems = refused(HeatStore, **fields)
    assert [line.split(" = ")[0] for line in problems] == [
        "`device.it.energy_mwh`", "`device.it.charge_limit_mw`", "`device.it.initial_level`",
    ]  # fmt: skip


def test_a_store_of_cold_is_on_a_cold_bus() -> None:
    device = ColdStore(energy_mwh=1.0, charge_limit_mw=1.0, discharge_limit_mw=1.0)
    assert device.buses == {"cold": "cold"} and store().buses == {"heat": "heat"}
