"""Boilers, solved by hand: heat and power in MW, prices in yuan/MWh, intervals of an hour."""

from typing import Any

import numpy as np
import pytest

from parkdispatch.models.conversion.boiler import Boiler
from tests.support.parks.thermal_parks import broken_rules, damaged, park_of_air, refused, seen, solved
from tests.support.small_parks import SmallPark


def electric(**changes: Any) -> Boiler:
    return Boiler.model_validate({"bus": "ac", "rated_heat_mw": 4.0, "efficiency": 0.8} | changes)


def fired(**changes: Any) -> Boiler:
    return Boiler.model_validate({"rated_heat_mw": 4.0, "efficiency": 0.5} | changes)


def heat_park(demand: Any, power_price: Any) -> SmallPark:
    park = SmallPark(len(demand)).load(1).grid(power_price)
    return park.load(demand, "heat_load", "heat")


def test_the_cheaper_boiler_heats_first() -> None:
    """Heat costs power/0.8 or fuel at 100/0.5 = 200: power at 80 makes it for 100, power at 240 for 300.

    Beyond the 4 MW of the cheaper one the other makes the rest. Without efficiencies power at 240 and fuel at
    100 would cost 80, 240 and 100 a MWh.
    """
    park = heat_park([6, 6], [80, 240]).add("electric", electric(), availability=1.0)
    park.add("fired", fired(), availability=1.0, fuel_price_yuan_per_mwh=100.0)
    plan = solved(park)
    assert plan.value("electric", "input_mw") == pytest.approx([5, 2.5])
    assert plan.cost == pytest.approx(80 + 240 + (4 * 100 + 2 * 200) + (4 * 200 + 2 * 300))


def test_a_boiler_that_is_not_available_heats_less() -> None:
    """Half of 4 MW is left: 2 by power at 100, the other 3 at 1,000."""
    park = heat_park([5], 80).add("boiler", electric(), availability=0.5)
    assert solved(park.source(9, 1000, bus="heat")).cost == pytest.approx(80 + 200 + 3000)


def test_gas_comes_from_its_bus() -> None:
    """5 MW of gas at 3 make 2.5 of heat; the rest costs 1,000 a MWh."""
    park = SmallPark(1).load(4, "heat_load", "heat").source(9, 1000, bus="heat")
    park.add("boiler", fired(gas_bus="gas"), availability=1.0).source(5, 3, name="well", bus="gas")
    assert solved(park).cost == pytest.approx(15 + 1.5 * 1000)


def test_the_price_of_fuel_varies() -> None:
    park = SmallPark(3).load(1, "heat_load", "heat")
    plan = solved(park.add("boiler", fired(), availability=1.0, fuel_price_yuan_per_mwh=[100, 200, -50]))
    assert plan.cost == pytest.approx(200 + 400 - 100)


def test_efficiency_varies() -> None:
    """4 MW of heat by power at 80: 5 MW at 0.8 and 8 at 0.5; at the declared 0.8 both hours cost 400."""
    plan = solved(heat_park([4, 4], 80).add("boiler", electric(), availability=1.0, efficiency=[0.8, 0.5]))
    assert plan.value("boiler", "input_mw") == pytest.approx([5, 8])
    assert plan.cost == pytest.approx(80 + 80 + 400 + 640)
    constant = electric().series(park_of_air(np.zeros(2)))["efficiency"]
    assert constant.tolist() == [0.8, 0.8]


def test_every_rule_is_seen_to_be_broken() -> None:
    device = electric()
    part = seen(solved(heat_park([4, 2], 80).add("boiler", device, availability=1.0)), "boiler")
    assert broken_rules(device, part) == set()
    assert broken_rules(device, damaged(part, heat_mw={0: 4.1})) >= {"heat_limit_mw", "injection_mw"}
    assert broken_rules(device, damaged(part, heat_mw={0: -0.1})) >= {"heat_limit_mw"}
    assert broken_rules(device, damaged(part, input_mw={1: 2.4})) == {"boiler_input_mw"}
    assert broken_rules(device, damaged(part, bus_ac={1: -2.4})) == {"injection_mw"}
    assert broken_rules(device, damaged(part, bus_heat={1: np.nan})) == {"injection_mw"}


def test_a_boiler_has_one_energy() -> None:
    problems = refused(Boiler, rated_heat_mw=1.0, bus="ac", gas_bus="gas", fuel_price_yuan_per_mwh=300.0)
    assert len(problems) == 1
    assert (
        "bus` = 'ac' and gas_bus = 'gas' and fuel_price_yuan_per_mwh = 300: must be exactly one"
        in problems[0]
    )
    assert "heat_bus = 'heat': must be different buses" in refused(Boiler, rated_heat_mw=1.0, bus="heat")[0]
    assert "is missing" in refused(Boiler, bus="ac")[0]
    assert "must be in [0.01, 1]" in refused(Boiler, rated_heat_mw=1.0, bus="ac", efficiency=92)[0]


def test_only_fuel_that_is_bought_has_a_price() -> None:
    """Neither an electric boiler nor one on a gas bus asks for a price, and neither takes a series of one."""
    park = park_of_air(np.zeros(2))
    assert fired().missing_for_series() == ["fuel_price_yuan_per_mwh"]
    for device in (electric(), fired(gas_bus="gas")):
        assert device.missing_for_series() == []
        assert device.impossible({"fuel_price_yuan_per_mwh": np.ones(2)}, park)
