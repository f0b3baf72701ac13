"""Photovoltaic plants in small parks, solved by hand: MW, yuan/MWh, intervals of an hour."""

import numpy as np
import pytest

from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.network.link import Link
from parkdispatch.models.sources.photovoltaic_plant import Pv
from tests.support.parks.thermal_parks import solved
from tests.support.small_parks import SmallPark


def test_sun_replaces_what_is_bought_and_the_rest_is_sold() -> None:
    """6 and 2 MW of sun for a load of 4, bought at 500 and sold at 300: 2 MW sold, then 2 bought.

    Were all the sun sold and the load bought, 2 x 4 x 500 - 8 x 300 = 1,600 yuan.
    """
    plan = solved(SmallPark(2).load(4.0).grid(500.0, 300.0, export_limit=9.0).pv([6.0, 2.0]))
    assert plan.cost == pytest.approx(-2 * 300 + 2 * 500)


def test_sun_that_nobody_takes_is_curtailed_at_no_cost() -> None:
    """6 MW for a load of 4 and 1 MW of export that costs 50: 2 MW are curtailed; fed in, 1 would cost 50."""
    plan = solved(SmallPark(1).load(4.0).grid(500.0, -50.0, export_limit=1.0).pv(6.0))
    assert plan.value("pv", "output_mw") == pytest.approx([4.0])
    assert plan.cost == pytest.approx(0.0)


def test_a_plant_that_must_run_feeds_all_in_at_any_price() -> None:
    """The same plant: 1 MW is sold at a loss of 50, and the sixth MW finds no place without a battery."""
    park = SmallPark(1).load(4.0).grid(500.0, -50.0, export_limit=1.0)
    forced = park.add("pv", Pv(must_run=True), available_mw=6.0)
    with pytest.raises(InfeasibleError, match="more supplied than its devices can use"):
        forced.solve()
    plan = solved(forced.battery(power_mw=9.0))
    assert plan.cost == pytest.approx(0.0), "the battery takes both, and ends above its least energy"
    assert plan.value("battery", "energy_mwh") == pytest.approx([2.0])


def test_two_plants_on_two_buses_and_the_cable_between_them() -> None:
    """5 MW of sun here for a load of 3, 1 MW there for a load of 4; a cable of 1 MW that loses a tenth.

    Here 1 MW is sent and 1 MW sold at 300; there 1 + 0.9 MW are given and 2.1 bought at 500: 750 yuan. One
    plant on one bus would sell nothing and buy 1 MW: 500.
    """
    park = SmallPark(1).load(3.0).load(4.0, "far_load", "far").grid(500.0, 300.0, export_limit=9.0)
    park.grid(500.0, 300.0, export_limit=9.0, name="far_grid", bus="far")
    cable = Link(to_bus="far", forward_limit_mw=1.0, backward_limit_mw=1.0, forward_loss=0.1)
    park.add(
        "cable", cable, forward_limit_mw=1.0, backward_limit_mw=1.0, availability=1.0,
        wheeling_price_yuan_per_mwh=0.0,
    )  # fmt: skip
    plan = solved(park.pv(5.0).add("far_pv", Pv(bus="far"), available_mw=1.0))
    assert plan.cost == pytest.approx(2.1 * 500 - 1 * 300)


def test_an_older_plant_gives_less_of_the_same_sun() -> None:
    """After 11 years 0.93 of a new plant: 9.3 of 10 MW for a load of 10, and 0.7 bought at 500."""
    sun_mw = np.array([10.0])
    share = Pv().shares_after(11.0)["available_mw"]
    plan = solved(SmallPark(1).load(10.0).grid(500.0).pv(share * sun_mw))
    assert plan.cost == pytest.approx(0.7 * 500)
