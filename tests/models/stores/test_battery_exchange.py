"""Batteries that may not charge from the grid, or not discharge to it: solved by hand, on one bus or several.

Prices in yuan/MWh, power in MW, intervals of an hour; a battery is perfect unless it says not.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.support.parks.reference_model import assert_tiled_is_reference
from tests.support.small_parks import Line, Plan, SmallPark

CENT = 1e-6
HOME: Mapping[str, Any] = {"discharge_to_grid": False}
SUN: Mapping[str, Any] = {"charge_from_grid": False}


def solved(park: SmallPark) -> Plan:
    """The optimum; the tiled model is also held against the plain one."""
    assert_tiled_is_reference(park)
    return park.solve()


def dear_sale(**changes: Any) -> SmallPark:
    """Bought at 10, sold at 30 later, when the park itself draws 4."""
    park = SmallPark(2).grid([10, 20], [0, 30], import_limit=50, export_limit=50).load([0, 4])
    return park.battery(**{"power_mw": 9.0, **changes})


def test_discharge_never_exceeds_what_the_park_draws_besides_it() -> None:
    """9 MWh are bought for 90, 4 of them used and 5 sold for 150. For the park alone 4 MWh are bought: 40."""
    assert solved(dear_sale()).cost == pytest.approx(90 - 150, abs=CENT)
    plan = solved(dear_sale(**HOME))
    assert plan.cost == pytest.approx(40, abs=CENT)
    assert plan.value("battery", "discharge_mw") == pytest.approx([0, 4], abs=CENT)


def test_surplus_is_sold_while_the_battery_rests() -> None:
    """3 MW of surplus beside the full battery: sold for 90; the battery serves only the hour without sun."""
    park = SmallPark(2).grid(20, 30, import_limit=50, export_limit=50).load(4).pv([7, 0])
    plan = solved(park.battery(energy_mwh=8.0, initial_soc=1.0, final_soc=0.0, **HOME))
    assert plan.cost == pytest.approx(-90, abs=CENT)
    assert plan.value("battery", "discharge_mw") == pytest.approx([0, 4], abs=CENT)
    assert plan.value("grid", "export_mw") == pytest.approx([3, 0], abs=CENT)


def cheap_night(**changes: Any) -> SmallPark:
    """Cheap power, then 3 MW of surplus sun, then a dear hour."""
    park = SmallPark(3).grid([1, 5, 50], 0, import_limit=50, export_limit=50).load([2, 4, 9]).pv([0, 7, 0])
    return park.battery(**{"power_mw": 9.0, **changes})


def test_charge_never_exceeds_the_surplus() -> None:
    """6 MWh at 1 and 3 of surplus serve the dear hour: 2 + 6. With surplus alone, 6 MWh are bought at 50."""
    assert solved(cheap_night()).cost == pytest.approx(2 + 6, abs=CENT)
    plan = solved(cheap_night(**SUN))
    assert plan.cost == pytest.approx(2 + 6 * 50, abs=CENT)
    assert plan.value("battery", "charge_mw") == pytest.approx([0, 3, 0], abs=CENT)


@pytest.mark.parametrize("count", [2, 3])
def test_identical_units_together(count: int) -> None:
    """The same, by batteries that are merged: no unit of the aggregate may do what one alone may not."""
    share = {"power_mw": 9 / count}
    for park, cost in ((dear_sale(**share, **HOME), 40), (cheap_night(**share, **SUN), 302)):
        for number in range(1, count):
            park.add(f"battery_{number}", park.devices["battery"])
        assert solved(park).cost == pytest.approx(cost, abs=CENT)


def test_one_may_and_one_may_not() -> None:
    """The one that may serves 4 and sells 5, 90 - 150, while the other rests."""
    plan = solved(dear_sale(**HOME).battery("seller", power_mw=9.0))
    assert plan.cost == pytest.approx(90 - 150, abs=CENT)
    assert plan.value("battery", "discharge_mw") == pytest.approx([0, 0], abs=CENT)


@pytest.mark.parametrize("bus", ["ac", "mill"])
def test_across_a_line(bus: str) -> None:
    """A battery on another bus than the connection sells through the line, if it may."""
    for rule, cost in (({}, 90 - 150), (HOME, 40)):
        park = SmallPark(2).grid([10, 20], [0, 30], import_limit=50, export_limit=50)
        park.add("line", Line(to="mill")).load([0, 4], bus="mill")
        assert solved(park.battery(power_mw=9.0, bus=bus, **rule)).cost == pytest.approx(cost, abs=CENT)


def test_a_connection_that_no_line_reaches_forbids_nothing() -> None:
    """A plant on a bus of its own sells 5 MW at 7 while the battery serves its own park."""
    park = dear_sale(**HOME).grid(99, 7, export_limit=5, name="other", bus="plant").source(5, bus="plant")
    plan = solved(park)
    assert plan.cost == pytest.approx(40 - 2 * 5 * 7, abs=CENT)
    assert plan.value("battery", "discharge_mw") == pytest.approx([0, 4], abs=CENT)


def test_every_connection_it_reaches_counts() -> None:
    """Two connections on one bus: neither takes power of the battery."""
    park = dear_sale(**HOME).grid(99, 40, export_limit=50, name="second")
    plan = solved(park)
    for name in ("grid", "second"):
        assert np.minimum(plan.value("battery", "discharge_mw"), plan.value(name, "export_mw")).max() < CENT
