"""Sizes left to the optimizer beside those of batteries, by hand: hours, MW, yuan/MWh, sizes at a cost."""

from typing import Any

import numpy as np
import pytest

from parkdispatch.models.capacity import Sized
from parkdispatch.models.conversion.boiler import Boiler
from parkdispatch.models.conversion.chiller import Chiller
from parkdispatch.models.conversion.heat_pump import HeatPump
from parkdispatch.models.device import Device
from parkdispatch.models.loads.load import Load
from parkdispatch.models.loads.shiftable_load import ShiftableLoad
from parkdispatch.models.network.park_rules import ParkRules
from parkdispatch.models.registry import device_kinds
from parkdispatch.models.sources.wind_farm import Wind
from parkdispatch.models.stores.heat_store import ColdStore, HeatStore
from tests.support.flexible_parks import add
from tests.support.parks.reference_model import assert_tiled_is_reference
from tests.support.parks.thermal_parks import broken_rules, refused, seen, solved
from tests.support.small_parks import Plan, SmallPark, sun

both_stores = pytest.mark.parametrize("kind", [HeatStore, ColdStore])


def at(yuan: float, most: float = 20.0, least: float = 0.0) -> Sized:
    """A size of up to `most` at a cost."""
    return Sized(min=least, max=most, cost_yuan_per_unit=yuan)


def decided(park: SmallPark) -> Plan:
    """The optimum, proven, recomputed by each device, and that of the plain model of the same matrix."""
    assert_tiled_is_reference(park)
    return solved(park)


def heat_park(demand: Any, price: Any, minutes: int = 60) -> SmallPark:
    """A demand of heat, and heat at a price."""
    load = Load.model_validate({"annual_energy_mwh": 1, "bus": "heat", "carrier": "heat"})
    return SmallPark(len(demand), minutes).source(100, price, bus="heat").add("load", load, demand_mw=demand)


def store(kind: type[HeatStore] = HeatStore, **changes: Any) -> HeatStore:
    """A store without losses, empty at first, of 50 MWh and 50 MW."""
    fields = {"bus": "heat", "energy_mwh": 50, "charge_limit_mw": 50, "loss_share_per_hour": 0.0}
    return kind.model_validate(fields | {"initial_level": 0.0} | changes)


# --- stores of heat and cold


@both_stores
@pytest.mark.parametrize(("capital", "size", "cost"), [(40, 6, 300), (95, 0, 600)])
def test_energy_of_a_store(kind: type[HeatStore], capital: float, size: float, cost: float) -> None:
    """6 MWh at 100, an hour after heat at 10: each MWh saves 90. At 40 six are built, 240 + 60; at 95 none.

    Not paid for 60 both times; stuck at its largest (20) 860 and 1,960.
    """
    plan = decided(heat_park([0, 6], [10, 100]).add("store", store(kind, energy_mwh=at(capital))))
    assert plan.cost == pytest.approx(cost)
    assert plan.value("store", "rated_mwh") == pytest.approx([size], abs=1e-6)


@both_stores
def test_one_exchanger_charges_and_discharges(kind: type[HeatStore]) -> None:
    """6 MWh wanted in one hour, charged in two before: 6 MW at 30 are built for both ways, 180 + 60 = 240.

    Of what charging needs alone 3 MW, 150; paid for each way 420; at its largest (20) 660.
    """
    park = heat_park([0, 0, 6], [10, 10, 100]).add("store", store(kind, charge_limit_mw=at(30)))
    plan = decided(park)
    assert plan.cost == pytest.approx(240)
    assert plan.value("store", "charge_limit_mw") == pytest.approx([6])


def test_power_of_each_way_and_energy_at_once() -> None:
    """The same with 3 MW of charging at 30, 6 of discharging at 5 and 6 MWh at 10: 90 + 30 + 60 + 60 = 240.

    The three costs are one, of 180; with that of the last alone 60.
    """
    sizes = {"charge_limit_mw": at(30), "discharge_limit_mw": at(5), "energy_mwh": at(10)}
    park = heat_park([0, 0, 6], [10, 10, 100]).add("store", store(**sizes))
    plan = decided(park)
    assert plan.cost == pytest.approx(240)
    assert park.devices["store"].costs_yuan(seen(plan, "store"))["capital"] == pytest.approx([180] * 3)


def test_a_store_begins_at_its_share_of_the_size_that_is_built() -> None:
    """Half full at first, empty at the end, 3 a MWh: 8 MWh bring the 4 that are wanted at 10, 24.

    Beginning empty 40; with half of the largest (20) 0.
    """
    tank = store(energy_mwh=at(3), initial_level=0.5, final_level=0.0)
    plan = decided(heat_park([4], [10]).add("store", tank))
    assert plan.cost == pytest.approx(24)
    level = tank.storage_level(seen(plan, "store"))
    assert (level.full_mwh, level.initial_mwh) == pytest.approx((8, 4))
    assert tank.state_after(seen(plan, "store")) == {"energy_mwh": pytest.approx(0, abs=1e-9)}


def test_a_store_that_is_not_built_loses_nothing() -> None:
    lines = refused(HeatStore, energy_mwh=at(1), charge_limit_mw=1, constant_loss_mw=0.1)
    assert "constant_loss_mw` = 0.1: must be 0, because `energy_mwh` is left to the optimizer" in lines[0]


# --- heat pump, chiller, boiler


def pump_park(demand: Any, price: Any, pump: Device, cop: float = 4.0, available: Any = 1.0) -> SmallPark:
    """A demand of heat with heat at 60 and a pump that buys power at a price."""
    park = heat_park(demand, 60).grid(price)
    return park.add("pump", pump, cop=cop, availability=available)


def test_rated_heat_of_a_heat_pump() -> None:
    """8 MW of heat at 60, or from power at 100 by COP 4: 35 saved a MW. At 30 eight are built: 240 + 200.

    None 480; rated in power, 2 MW, 260.
    """
    plan = decided(pump_park([8], [100], HeatPump(rated_heat_mw=at(30), cop=4.0)))
    assert plan.cost == pytest.approx(440)
    assert plan.value("pump", "rated_heat_mw") == pytest.approx([8])
    power = decided(pump_park([8], [100], HeatPump(rated_mw=at(30), cop=4.0)))
    assert power.cost == pytest.approx(260)
    assert power.value("pump", "rated_mw") == pytest.approx([2])
    assert decided(pump_park([8], [100], HeatPump(rated_heat_mw=at(36), cop=4.0))).cost == pytest.approx(480)


def test_what_is_not_available_of_a_size_is_built_too() -> None:
    """Half is available: 16 MW at 10 give 8: 160 + 200 = 360. With the rating as what is available 280."""
    pump = HeatPump(rated_heat_mw=at(10), cop=4.0)
    assert decided(pump_park([8], [100], pump, available=0.5)).cost == pytest.approx(360)


def test_both_ratings_of_a_pump() -> None:
    """COP 2, then 4: 8 MW of heat in each hour need 4 MW of power: 8 x 3 + 4 x 2 + 6 x 10 = 92.

    Without the price of either 84 or 68.
    """
    park = heat_park([8, 8], 60).grid(10)
    park.add("pump", HeatPump(rated_heat_mw=at(3), rated_mw=at(2), cop=4.0), cop=[2, 4], availability=1.0)
    plan = decided(park)
    assert plan.cost == pytest.approx(92)
    assert [plan.value("pump", name)[0] for name in ("rated_heat_mw", "rated_mw")] == pytest.approx([8, 4])


def test_a_chiller_and_a_boiler() -> None:
    """5 MW of cold at COP 5 and 8 of heat at 0.8 from power at 10: 5 x 7 + 8 x 9 + 10 + 100 = 217.

    Without capital 110; at their largest (20) 430.
    """
    cold = Load.model_validate({"annual_energy_mwh": 1, "bus": "cold", "carrier": "cold"})
    park = SmallPark(1).grid(10).add("cold", cold, demand_mw=5)
    heat = Load.model_validate({"annual_energy_mwh": 1, "bus": "heat", "carrier": "heat"})
    park.add("heat", heat, demand_mw=8).add("chiller", Chiller(rated_cold_mw=at(7)), cop=5, availability=1)
    boiler = Boiler(bus="ac", rated_heat_mw=at(9), efficiency=0.8)
    plan = decided(park.add("boiler", boiler, availability=1.0))
    assert plan.cost == pytest.approx(217)
    assert plan.value("chiller", "rated_cold_mw") == pytest.approx([5])
    assert plan.value("boiler", "rated_heat_mw") == pytest.approx([8])


def test_a_fired_boiler_pays_for_fuel_and_size() -> None:
    """8 MW at 9, and 10 MWh of fuel at 20: 272. Without capital 200, without fuel 72."""
    boiler = Boiler(rated_heat_mw=at(9), efficiency=0.8)
    park = heat_park([8], 60).add("boiler", boiler, availability=1.0, fuel_price_yuan_per_mwh=20.0)
    assert decided(park).cost == pytest.approx(272)


def test_heat_store_and_heat_pump_are_sized_together() -> None:
    """Heat of 2 and 6 MW, power at 20 and 100, so 5 and 25 a MWh of heat; pump at 20 a MW, store at 3 a MWh.

    Each MWh stored up to 2 spares a MW of pump and 20 of power; beyond, the pump grows with it: 23 for 20.
    4 MW and 2 MWh: 80 + 6 + 20 + 100 = 206. The pump sized without a store is of 6 MW, 280; the store beside
    that pump is of 4 MWh, 212.
    """
    park = pump_park([2, 6], [20, 100], HeatPump(rated_heat_mw=at(20), cop=4.0))
    plan = decided(park.add("store", store(energy_mwh=at(3))))
    assert plan.cost == pytest.approx(206)
    assert plan.value("pump", "rated_heat_mw") == pytest.approx([4])
    assert plan.value("store", "rated_mwh") == pytest.approx([2])


# --- work that is moved


def test_machines_that_are_added_to_move_work() -> None:
    """24 MWh of a day, 6 hours at 1, the others at 10; 2 MW are there. A MW more moves 6 MWh, 54 saved.

    At 30 two are added: 60 + 24 = 84. None 132; with a price on all four 144; without a price 24.
    """
    price = np.where(np.arange(24) < 6, 1.0, 10.0)
    for yuan, added, cost in ((30, 2, 84), (55, 0, 132)):
        mill = ShiftableLoad.model_validate(
            {"daily_energy_mwh": 24, "machine_mw": 1, "machines": 2, "added_mw": at(yuan)}
        )
        plan = decided(add(SmallPark(24).grid(price), "mill", mill))
        assert plan.cost == pytest.approx(cost)
        assert plan.value("mill", "added_mw") == pytest.approx([added], abs=1e-6)
        (activity,) = mill.activities(seen(plan, "mill"))
        assert activity.most_mw == pytest.approx(2 + added)


def test_machines_that_are_added_by_a_number() -> None:
    """With 2 MW added by name the 24 MWh are all done at 1: 24; without them 132."""
    price = np.where(np.arange(24) < 6, 1.0, 10.0)
    mill = ShiftableLoad(daily_energy_mwh=24, machine_mw=1, machines=2, added_mw=2)
    assert decided(add(SmallPark(24).grid(price), "mill", mill)).cost == pytest.approx(24)
    assert mill.grown(2.0).most_mw == 8


def test_whole_machines_are_not_sized() -> None:
    fields = {"daily_energy_mwh": 24, "machine_mw": 2, "in_blocks": True}
    lines = refused(ShiftableLoad, **fields, added_mw=at(1))
    assert "added_mw` = a size to be decided: must be 0, because `in_blocks` is true" in lines[0]
    assert "added_mw` = 3: must be 0" in refused(ShiftableLoad, **fields, added_mw=3)[0]


# --- sun and wind


def plant(**changes: Any) -> Device:
    """A real PV plant of some scale."""
    return type(sun()).model_validate(sun().model_dump(exclude={"kind"}) | changes)


def test_pv_and_a_battery_are_sized_together() -> None:
    """A plant of 10 MW gives all of it in the hour of 60, nothing in that of 100; loads 2 and 6.

    PV is 30 a MWh, a MWh of battery 25: from the sun the second hour is served at 55, from the grid at 85.
    0.8 plants and 6 MWh: 240 + 150 = 390, nothing bought. PV alone is of 0.2 plants, 660; the battery alone
    630; both, sized as if the other were not there, 570.
    """
    park = SmallPark(2).grid([60, 100]).load([2, 6]).battery(energy_mwh=at(25))
    plan = decided(park.add("pv", plant(scale=at(300)), available_mw=[10, 0]))
    assert plan.cost == pytest.approx(390)
    assert plan.value("pv", "scale") == pytest.approx([0.8])
    assert plan.value("battery", "rated_mwh") == pytest.approx([6])


def test_a_plant_of_decided_scale_says_what_it_has_available() -> None:
    """0.3 plants of 10, for a load of 3 and then 2: 1 of 3 MWh is curtailed in the second hour, not 8."""
    park = SmallPark(2).grid(100).load([3, 2])
    pv = plant(scale=at(10))
    plan = decided(park.add("pv", pv, available_mw=[10, 10]))
    part = seen(plan, "pv")
    assert plan.cost == pytest.approx(3)
    assert part.values["curtailed_mw"] == pytest.approx([0, 1])
    assert pv.amounts(part)["renewable_available_mwh"] == pytest.approx([3, 3])
    columns = {display.key: display.power_mw(part) for display, _ in pv.shown}
    assert columns["available"] == pytest.approx([3, 3])
    assert columns["used"] == pytest.approx([3, 2])
    assert pv.supply_bound({"available_mw": np.array([10.0])}).power_mw == pytest.approx([200])


def test_a_plant_that_must_run_is_no_larger_than_can_be_taken() -> None:
    """Loads of 3, a plant of 10 and 5 MW: 0.3 of it, 3 + 1.5 x 100 = 153. If it were curtailed 0.6, at 6."""
    park = SmallPark(2).grid(100).load(3).add("pv", plant(scale=at(10), must_run=True), available_mw=[10, 5])
    plan = decided(park)
    assert plan.cost == pytest.approx(153)
    assert plan.value("pv", "scale") == pytest.approx([0.3])
    assert "output_is_available_mw" not in broken_rules(park.devices["pv"], seen(plan, "pv"))


def test_own_use_is_of_the_wind_farm_that_is_built() -> None:
    """10 MW of wind, load 3, sold at 50; half must be used here: 0.6 farms at 100, 60 - 150 = -90.

    Of the declared farm 5 MW would have to be used here, which is infeasible; without the rule -1,450 + 100.
    """
    park = SmallPark(1).grid(100, 50, export_limit=100).load(3)
    park.add("wind", Wind(rated_mw=10, scale=at(100)), available_mw=10)
    park.add("rules", ParkRules(own_use_of_renewables=0.5), binds=1.0, least_own_use=0.0)
    plan = decided(park)
    assert plan.cost == pytest.approx(-90)
    assert plan.value("wind", "scale") == pytest.approx([0.6])


def test_a_least_size_is_paid_for() -> None:
    """0.5 plants are built whatever they bring: 5; not counted 0."""
    park = SmallPark(1).grid(0).load(0).add("pv", plant(scale=at(10, least=0.5)), available_mw=10)
    assert decided(park).cost == pytest.approx(5)


# --- what is refused


@pytest.mark.parametrize(
    ("kind", "field", "why"),
    [
        ("generator", "rated_mw", "its units are switched on and off"),
        ("transformer", "rating_mva", "its losses grow with the square of the flow"),
        ("ev_fleet", "charger_kw", "what its chargers can do is computed from vehicles"),
        ("interruptible_load", "annual_energy_mwh", "its steps are shed or not"),
        ("waste_heat", "rated_mw", "its heat follows from a process"),
        ("link", "forward_limit_mw", "the optimizer chooses no size of this kind of device"),
        ("heat_pump", "cop", "only rated_mw, rated_heat_mw may be left to the optimizer"),
        ("pv", "module_wp", "only scale may be left to the optimizer"),
    ],
)
def test_what_cannot_be_sized_says_why(kind: str, field: str, why: str) -> None:
    lines = refused(device_kinds()[kind], **{field: at(1).model_dump()})
    (line,) = [line for line in lines if line.startswith(f"`device.it.{field}`")]
    assert f"must be a number, not a size to be decided, because {why}" in line


@pytest.mark.parametrize("kind", [HeatPump, Chiller])
def test_a_least_load_is_not_sized(kind: type[HeatPump]) -> None:
    lines = refused(kind, rated_mw=at(1), cop=3, min_load_share=0.3)
    assert "min_load_share` = 0.3: must be 0, because rated_mw is left to the optimizer" in lines[0]


# --- long horizons, which are solved in parts


def test_twelve_days_of_sun_and_battery_have_the_answer_of_plain_pyomo() -> None:
    """One bus is solved in windows, between which the sizes are shared; a size of its own in each is less."""
    random = np.random.default_rng(3)
    count = 12 * 6
    sun_mw = 10 * np.tile([0, 0.2, 1, 0.9, 0.1, 0], 12) * random.uniform(0.3, 1, count)
    park = SmallPark(count, 240).grid(random.uniform(100, 900, count), -20, export_limit=50, demand=2000)
    park.load(random.uniform(2, 6, count)).add("pv", plant(scale=at(4e3, 5)), available_mw=sun_mw)
    park.battery(energy_mwh=at(1500, 60), eta_charge=0.9, eta_discharge=0.9)
    plan = solved(park)
    assert 0.1 < plan.value("pv", "scale")[0] < 4.9
    assert plan.value("battery", "rated_mwh")[0] > 0.1


def test_twelve_days_of_heat_have_the_answer_of_plain_pyomo() -> None:
    """Parks of several buses with on/off decisions are solved day by day, and share what is built."""
    random = np.random.default_rng(4)
    count = 12 * 6
    park = heat_park(random.uniform(2, 6, count), 300, 240).grid(random.uniform(50, 900, count))
    park.add(
        "pump", HeatPump(rated_heat_mw=at(9e3), cop=4.0), cop=random.uniform(3, 5, count), availability=1
    )
    old = HeatPump(rated_mw=0.5, min_load_share=0.5, cop=3.0)
    park.add("old", old, cop=3.0, availability=1.0)
    park.add("store", store(energy_mwh=at(800, 60), charge_limit_mw=at(500)))
    plan = solved(park)
    assert 0.1 < plan.value("pump", "rated_heat_mw")[0] < 19.9
    assert plan.value("store", "rated_mwh")[0] > 0.1
