"""Loads that move and loads that are shed, beside a battery and a demand charge: solved by hand."""

import numpy as np
import pytest

from parkdispatch.models.loads.interruptible_load import InterruptibleLoad
from parkdispatch.models.loads.shiftable_load import ShiftableLoad
from tests.support.flexible_parks import add, rounded, solved
from tests.support.small_parks import Plan, SmallPark

VALLEY_THEN_PEAK = [1.0, 1.0, 9.0, 9.0]


def valley_park(*, moves: bool, stores: bool, demand: float = 10.0, import_limit: float = 100.0) -> Plan:
    """Load 2 MW, mills 4 MWh that otherwise run evenly, a perfect battery of 2 MWh."""
    park = SmallPark(4).grid(VALLEY_THEN_PEAK, demand=demand, import_limit=import_limit)
    park.load(2.0 if moves else 3.0)
    if moves:
        add(park, "mill", ShiftableLoad(daily_energy_mwh=4, window="00:00-04:00", machine_mw=4))
    if stores:
        park.battery(power_mw=2.0, energy_mwh=2.0)
    return solved(park)


@pytest.mark.parametrize(
    ("moves", "stores", "cost"),
    [
        (False, False, 6 * 1 + 6 * 9 + 3 * 10),
        (True, False, 8 * 1 + 4 * 9 + 4 * 10),
        (False, True, 8 * 1 + 4 * 9 + 4 * 10),
        (True, True, 10 * 1 + 2 * 9 + 5 * 10),
    ],
)
def test_mills_and_battery_share_the_valley(moves: bool, stores: bool, cost: float) -> None:
    """Each MW of peak lets 2 MWh move for 16 yuan less, and costs 10: mills and battery move 2 MWh each."""
    plan = valley_park(moves=moves, stores=stores)
    assert plan.cost == pytest.approx(cost)


def test_a_dear_peak_leaves_the_import_flat() -> None:
    """At 100 yuan a MW nothing moves: 3 MW throughout for 360, where the deepest valley would cost 528."""
    plan = valley_park(moves=True, stores=True, demand=100.0)
    assert plan.cost == pytest.approx(6 * 1 + 6 * 9 + 3 * 100)
    np.testing.assert_allclose(plan.value("grid", "import_mw"), 3.0)


def test_an_import_limit_leaves_room_for_one_of_the_two() -> None:
    """4 MW at most: 8 MWh of the valley, as with the mills alone or the battery alone."""
    assert valley_park(moves=True, stores=True, import_limit=4.0).cost == pytest.approx(84)


def peak_park(demand_mw: list[float], price: float, battery_mwh: float = 0.0) -> Plan:
    """Energy at 100 yuan/MWh, the month's peak at 600 yuan/MW, and up to 4 MW to be shed at a price."""
    park = SmallPark(4).grid(100.0, demand=600.0)
    step = {"power_mw": 4.0, "price_yuan_per_mwh": price, "divisible": True}
    add(park, "load", InterruptibleLoad.model_validate({"steps": [step]}), demand_mw=demand_mw)
    if battery_mwh:
        park.battery(power_mw=4.0, energy_mwh=battery_mwh)
    return solved(park)


@pytest.mark.parametrize(
    ("demand_mw", "price", "shed_mwh"),
    [
        ([10, 10, 14, 10], 690.0, 4.0),  # 100 + 600 yuan for each MWh of one hour
        ([10, 10, 14, 10], 710.0, 0.0),
        ([10, 14, 14, 10], 390.0, 8.0),  # 100 + 600 / 2
        ([10, 14, 14, 10], 410.0, 0.0),
    ],
)
def test_shedding_lowers_the_peak_where_it_is_cheaper_than_the_demand_price_of_its_hours(
    demand_mw: list[float], price: float, shed_mwh: float
) -> None:
    plan = peak_park(demand_mw, price)
    assert sum(rounded(plan, "load", "step_0_shed_mw")) == pytest.approx(shed_mwh)
    peak_mw = 10.0 if shed_mwh else 14.0
    assert plan.cost == pytest.approx(100 * (sum(demand_mw) - shed_mwh) + 600 * peak_mw + price * shed_mwh)


def test_the_battery_takes_its_part_of_the_peak_first() -> None:
    """A battery charged by x / 2 in each of the two hours before leaves a peak of 10 + x / 2 = 14 - x.

    That is 11.33 MW. A MWh shed would then lower the peak by a third of a MW alone, worth 300 yuan. With
    1.5 MWh the peak is 12.5 MW, and 1.75 MW are shed for 690 until it meets the 10.75 MW of charging.
    """
    large = peak_park([10, 10, 14, 10], 690.0, battery_mwh=3.0)
    assert large.cost == pytest.approx(100 * 44 + 600 * (11 + 1 / 3))
    small = peak_park([10, 10, 14, 10], 690.0, battery_mwh=1.5)
    assert sum(rounded(small, "load", "step_0_shed_mw")) == pytest.approx(1.75)
    assert small.cost == pytest.approx(100 * (44 - 1.75) + 600 * 10.75 + 690 * 1.75)
