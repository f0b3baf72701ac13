"""Absorption chillers, solved by hand: MW, yuan/MWh, intervals of an hour."""

from typing import Any

import numpy as np
import pytest

from parkdispatch.models.conversion.absorption_chiller import AbsorptionChiller
from parkdispatch.models.conversion.chiller import Chiller
from parkdispatch.models.network.park_rules import ParkRules
from parkdispatch.models.sources.waste_heat import WasteHeat
from tests.support.parks.reference_model import assert_tiled_is_reference
from tests.support.parks.thermal_parks import broken_rules, damaged, park_of_air, refused, seen, solved
from tests.support.small_parks import SmallPark

FUEL = "fuel_price_yuan_per_mwh"
ICE_YUAN_PER_MWH = 1000  # cold that is always there


def driven(**changes: Any) -> AbsorptionChiller:
    """One stage on hot water."""
    fields = {"heat_bus": "heat", "rated_cold_mw": 5.0, "cop": 0.5, "auxiliary_share": 0.0}
    return AbsorptionChiller.model_validate(fields | changes)


def fired(**changes: Any) -> AbsorptionChiller:
    """Two stages on fuel at a price."""
    return driven(heat_bus=None, cop=1.25, **changes)


def park_of(
    demand: Any, device: AbsorptionChiller, price: Any = 100, cop: Any = None, **series: Any
) -> SmallPark:
    """A demand of cold for the chiller; power and heat at prices."""
    park = SmallPark(len(demand)).grid(price).load(demand, "cold_load", "cold")
    park.source(99, ICE_YUAN_PER_MWH, name="ice", bus="cold").source(99, 40, name="steam", bus="heat")
    series = {"availability": 1.0, FUEL: 300.0 if device.buys_fuel else 0.0} | series
    return park.add("absorber", device, cop=device.cop if cop is None else cop, **series)


def test_waste_heat_stops_the_compression_chiller() -> None:
    """8 MW of waste heat make 4 of the 6 MW of cold, the compression chiller of COP 4 makes 2 for 50 yuan.

    Without an absorption chiller it makes all six for 150. Where the kilns give 12 MW it stands still.
    """
    park = SmallPark(2).grid(100).load([6, 6], "cold_load", "cold")
    park.add("kilns", WasteHeat(heat_bus="heat", heat_share=0.4), driver_mw=[20, 30])
    park.add("compression", Chiller(rated_cold_mw=9.0, cop=4.0), cop=4.0, availability=1.0)
    without_yuan = solved(park).cost
    assert without_yuan == pytest.approx(300)
    park.add("absorber", driven(rated_cold_mw=9.0), cop=0.5, availability=1.0, **{FUEL: 0.0})
    plan = solved(park)
    assert plan.value("absorber", "input_mw") == pytest.approx([8, 12])
    assert plan.value("compression", "power_mw") == pytest.approx([0.5, 0])
    assert plan.cost == pytest.approx(50)


def test_heat_is_drawn_from_its_bus() -> None:
    """5 MW of cold from 10 of heat at 40, the sixth at 1,000: by COP the wrong way round 2.5 MW, 100 yuan."""
    plan = solved(park_of([6], driven()))
    assert plan.value("absorber", "input_mw") == pytest.approx([10])
    assert plan.cost == pytest.approx(400 + 1000)


def test_fuel_is_paid_for_and_emits() -> None:
    """5 MW from 4 MW of fuel at 300, and 4 x 0.2 t of CO2 at 100: 1,200 + 80; uncounted CO2 costs nothing."""
    park = park_of([5], fired(co2_t_per_mwh_fuel=0.2))
    park.add("rules", ParkRules(co2_price_yuan_per_t=100.0), binds=0.0, least_own_use=0.0)
    plan = solved(park)
    assert plan.value("absorber", "input_mw") == pytest.approx([4])
    assert plan.cost == pytest.approx(1200 + 80)


def test_heat_that_drives_it_emits_nothing() -> None:
    """Heat at 40 without CO2 of fuel, whatever a case says of fuel: 400 yuan, not 400 + 200."""
    park = park_of([5], driven(co2_t_per_mwh_fuel=0.2))
    park.add("rules", ParkRules(co2_price_yuan_per_t=100.0), binds=0.0, least_own_use=0.0)
    assert solved(park).cost == pytest.approx(400)


def test_gas_comes_from_its_bus() -> None:
    """3 MW of gas at 10 make 3.75 MW of cold, of which 5 are wanted."""
    park = park_of([5], fired(gas_bus="gas")).source(3, 10, name="well", bus="gas")
    assert solved(park).cost == pytest.approx(30 + 1.25 * ICE_YUAN_PER_MWH)


def test_power_of_pumps_and_tower_is_bought() -> None:
    """4 MW of cold from 8 of heat at 40 and a tenth of it in power at 100: 320 + 40; uncounted 320.

    A MWh of its cold costs 80 and a tenth of the price of power: 780 at 7,000, less than the 1,000 of ice; at
    9,300 it is 1,010, and the chiller stands still.
    """
    park = park_of([4, 4, 4], driven(auxiliary_share=0.1), price=[100, 7000, 9300])
    plan = solved(park)
    assert plan.value("absorber", "input_mw") == pytest.approx([8, 8, 0])
    assert plan.cost == pytest.approx((320 + 40) + (320 + 2800) + 4000)


def test_cop_by_air_temperature() -> None:
    """0.8 at 20 degC and 0.6 at 40: 0.7 at 30, and no more beyond either end."""
    device = driven(cop=None, cop_by_air_temperature=[[20, 0.8], [40, 0.6]])
    assert device.needs_weather and device.missing_for_series() == []
    cop = device.series(park_of_air(np.array([5.0, 30.0, 45.0])))["cop"]
    assert cop == pytest.approx([0.8, 0.7, 0.6])
    plan = solved(park_of([4, 4, 4], device, cop=cop))
    assert plan.value("absorber", "input_mw") == pytest.approx([5, 4 / 0.7, 4 / 0.6])


def test_what_is_available_limits_its_cold() -> None:
    """Half of 5 MW: 2.5 of 4 MW from 5 of heat at 40, the rest at 1,000; on all of it 320."""
    assert solved(park_of([4], driven(), availability=0.5)).cost == pytest.approx(200 + 1500)


def test_below_its_least_load_it_stands_still() -> None:
    """Half of 5 MW is the least: 2 MW of cold cost 1,000 each, 3 take 6 of heat. Without it 160 + 240."""
    plan = solved(park_of([2, 3], driven(min_load_share=0.5)))
    assert plan.value("absorber", "input_mw") == pytest.approx([0, 6])
    assert plan.cost == pytest.approx(2000 + 240)


def test_its_rating_may_be_decided() -> None:
    """4 MWh at 1,000, or from heat for 320 with 4 MW at 50: 520. Not paid for 320; at its largest (9) 770."""
    size = {"max": 9.0, "cost_yuan_per_unit": 50.0}
    park = park_of([4], driven(rated_cold_mw=size))
    assert_tiled_is_reference(park)
    plan = solved(park)
    assert plan.value("absorber", "rated_cold_mw") == pytest.approx([4])
    assert plan.cost == pytest.approx(520)


def test_every_rule_is_seen_to_be_broken() -> None:
    device = driven(min_load_share=0.5, auxiliary_share=0.1)
    part = seen(solved(park_of([4, 0], device)), "absorber")
    assert broken_rules(device, part) == set()
    assert "rated_power_mw" in broken_rules(device, damaged(part, cold_mw={0: 5.1}))
    assert "least_load_mw" in broken_rules(device, damaged(part, cold_mw={0: 2.4}))
    assert broken_rules(device, damaged(part, cold_mw={0: 4.1})) == {"output_by_cop_mw"}
    assert broken_rules(device, damaged(part, auxiliary_mw={0: 0.5})) == {"auxiliary_power_mw"}
    for bus in ("bus_ac", "bus_heat", "bus_cold"):
        assert broken_rules(device, damaged(part, **{bus: {1: 0.1}})) == {"injection_mw"}


@pytest.mark.parametrize(
    "origins",
    [{"gas_bus": "gas"}, {FUEL: 300.0}, {"heat_bus": None, "gas_bus": "gas", FUEL: 300.0}],
)
def test_heat_or_fuel_drives_it_not_both(origins: Any) -> None:
    fields = {"heat_bus": "heat", "rated_cold_mw": 5.0, "cop": 0.7} | origins
    (problem,) = refused(AbsorptionChiller, **fields)
    assert all(
        field in problem for field, value in fields.items() if value and field in ("heat_bus", *origins)
    )
    assert "must be exactly one, because what drives the device comes from one bus" in problem


def test_something_drives_it() -> None:
    """Where no bus is named, fuel is bought, and its price has to be given."""
    assert fired().missing_for_series() == [FUEL]
    assert driven(cop=None).missing_for_series() == ["cop"]
    park = park_of_air(np.zeros(2))
    assert np.isnan(fired().series(park)[FUEL]).all() and not driven().series(park)[FUEL].any()
    assert driven().impossible({FUEL: np.ones(2)}, park) and not fired().impossible({FUEL: np.ones(2)}, park)


def test_mistakes_are_told_all_at_once() -> None:
    size, rows = {"max": 2.0, "cost_yuan_per_unit": 1.0}, [[5, 0.6], [0, 0.7]]
    fields = {"bus": "cold", "heat_bus": "heat", "rated_cold_mw": size, "cop": 0.7}
    text = "\n".join(refused(AbsorptionChiller, **fields, cop_by_air_temperature=rows, min_load_share=0.3))
    for words in (
        "bus and cold_bus = 'cold': must be different buses",
        "cop and cop_by_air_temperature are given: must be one of them",
        "= [[5.0, 0.6], [0.0, 0.7]]: temperatures must ascend",
        "min_load_share` = 0.3: must be 0, because rated_cold_mw is left to the optimizer",
    ):
        assert words in text
    assert "must be in [0.1, 3]" in refused(AbsorptionChiller, heat_bus="heat", rated_cold_mw=1.0, cop=7)[0]
    assert "rated_cold_mw` is missing" in refused(AbsorptionChiller, heat_bus="heat", cop=0.7)[0]
