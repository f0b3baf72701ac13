"""Waste heat, solved by hand: power and heat in MW, prices in yuan/MWh, intervals of an hour."""

from typing import Any

import numpy as np
import pytest

from parkdispatch.models.sources.waste_heat import WasteHeat
from tests.support.parks.thermal_parks import broken_rules, damaged, park_of_air, refused, seen, solved
from tests.support.small_parks import SmallPark


def waste_heat(**changes: Any) -> WasteHeat:
    """Half of the driver, into bus `heat` or into power at a fifth."""
    fields = {"heat_share": 0.5, "heat_bus": "heat", "bus": "ac", "rated_mw": 1.0, "power_efficiency": 0.2}
    return WasteHeat.model_validate(fields | changes)


def park_of(heat: Any, heat_price: Any, power_price: Any, device: WasteHeat, driver: Any) -> SmallPark:
    park = SmallPark(len(driver)).load(9).grid(power_price).load(heat, "heat_load", "heat")
    return park.source(99, heat_price, name="boiler", bus="heat").add("kilns", device, driver_mw=driver)


def test_heat_is_split_by_what_it_is_worth() -> None:
    """10 MW of heat; as power they are worth 0.2 x 1,000 each, up to 5 MW of it; as heat 100, or 300.

    Dear power first: 5 MW for 1 MW of power, 5 for heat. Dear heat first: 8 for heat, 2 for 0.4 MW of power.
    """
    plan = solved(park_of(8, [100, 300], 1000, waste_heat(), [20, 20]))
    assert plan.value("kilns", "power_mw") == pytest.approx([1, 0.4])
    assert plan.value("kilns", "heat_mw") == pytest.approx([5, 8])
    assert plan.cost == pytest.approx(8000 + 3 * 100 + 8600)


def test_what_nobody_needs_is_dumped() -> None:
    """10 MW for 2 of load; without a bus for power nothing else is saved."""
    plan = solved(park_of(2, 100, 1000, waste_heat(bus=None, rated_mw=0.0), [20]))
    assert plan.cost == pytest.approx(9000)
    assert plan.value("kilns", "heat_mw") == pytest.approx([2])


def test_power_alone_needs_no_heat_bus() -> None:
    """10 MW make the 1 MW that is rated, 3 MW make 0.6."""
    park = SmallPark(2).load(9).grid(100).add("kilns", waste_heat(heat_bus=None), driver_mw=[20, 6])
    assert solved(park).cost == pytest.approx(100 * (8 + 8.4))


def test_the_driver_follows_its_shapes() -> None:
    """Twice as much at 6:00 as in other hours, and nothing in February; a long interval is a mean."""
    hourly = [1.0] * 24
    hourly[6] = 2.0
    device = waste_heat(driver_mean_mw=25.0, hourly_shape=hourly)
    assert device.series(park_of_air(np.zeros(8)))["driver_mw"] == pytest.approx([24] * 6 + [48, 24])
    long = device.series(park_of_air(np.zeros(4), minutes=120))["driver_mw"]
    assert long == pytest.approx([24, 24, 24, 36])
    device = waste_heat(driver_mean_mw=11.0, monthly_shape=[1, 0, *[1] * 10])
    assert device.series(park_of_air(np.zeros(1)))["driver_mw"] == pytest.approx([12])
    assert device.series(park_of_air(np.zeros(1), "2026-02-10"))["driver_mw"] == pytest.approx([0])


def test_without_a_mean_a_series_is_needed() -> None:
    assert waste_heat().missing_for_series() == ["driver_mean_mw"]
    assert np.isnan(waste_heat().series(park_of_air(np.zeros(1)))["driver_mw"]).all()


def test_every_rule_is_seen_to_be_broken() -> None:
    device = waste_heat()
    part = seen(solved(park_of(8, [100, 300], 1000, device, [20, 20])), "kilns")
    assert broken_rules(device, part) == set()
    assert "waste_heat_limit_mw" in broken_rules(device, damaged(part, heat_mw={0: 5.1}))
    assert "waste_heat_limit_mw" in broken_rules(device, damaged(part, available_heat_mw={0: 11.0}))
    assert "power_limit_mw" in broken_rules(device, damaged(part, power_mw={0: 1.1}))
    assert broken_rules(device, damaged(part, bus_heat={1: np.nan})) == {"injection_mw"}


def test_mistakes_are_told_all_at_once() -> None:
    problems = refused(WasteHeat, heat_share=0.5, rated_mw=1.0)
    assert "bus and heat_bus are left out: one or both must be given" in problems[0]
    assert "rated_mw` = 1 and bus left out: must be above 0 with a bus, and 0 without one" in problems[1]
    assert (
        "heat_bus = 'ac': must be different"
        in refused(WasteHeat, heat_share=0.5, rated_mw=1.0, bus="ac", heat_bus="ac")[0]
    )
    assert (
        "at least one number above 0"
        in refused(WasteHeat, heat_share=0.5, heat_bus="heat", hourly_shape=[0.0] * 24)[0]
    )
