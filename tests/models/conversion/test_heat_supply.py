"""Devices of heat and power together: a day by hand, random parks as plain Pyomo has them, a case file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.models.conversion.boiler import Boiler
from parkdispatch.models.conversion.chiller import Chiller
from parkdispatch.models.conversion.generator import Generator
from parkdispatch.models.conversion.heat_pump import HeatPump
from parkdispatch.models.errors import InputError
from parkdispatch.models.sources.waste_heat import WasteHeat
from parkdispatch.models.stores.heat_store import ColdStore, HeatStore
from tests.support.parks.thermal_parks import solved
from tests.support.small_case import add, write_case
from tests.support.small_parks import SmallPark


def cogeneration(**changes: Any) -> SmallPark:
    """A day of six spans of four hours, in each 4 MW of power and 3 of heat.

    The unit makes 4 MW of power and 5 of heat from 10 MW of fuel, or nothing; the boiler 0.8 of its fuel.
    Fuel costs 200: heat by the boiler 250 a MWh, an hour of the unit 2,000.
    """
    unit = Generator(
        rated_mw=4.0,
        min_load_share=1.0,
        efficiency_points=((1.0, 0.4),),
        heat_bus="heat",
        heat_efficiency=0.5,
    )
    boiler = Boiler(rated_heat_mw=9.0, efficiency=0.8)
    fields = {"energy_mwh": 16.0, "charge_limit_mw": 5.0, "discharge_limit_mw": 5.0, "initial_level": 0.0}
    store = HeatStore.model_validate(fields | {"loss_share_per_hour": 0.0} | changes)
    price = [100, 100, 800, 800, 100, 100]
    park = SmallPark(6, 240).load(4).grid(price).load(3, "heat_load", "heat")
    park.add("chp", unit, availability=1.0, fuel_price_yuan_per_mwh=200.0)
    park.add("boiler", boiler, availability=1.0, fuel_price_yuan_per_mwh=200.0)
    return park.add("store", store)


def test_a_day_of_cogeneration_with_boiler_and_store() -> None:
    """At 800 the unit runs: eight hours for 16,000. Its 2 MW of heat that are left store 16 MWh.

    Heat of the other spans is 4 x 12 MWh: the store gives 16 after the unit has run, the boiler 24 before and
    8 after, 32 x 250 = 8,000. Power bought at 100 is 4 x 16 MWh: 6,400. Without the store the boiler makes
    all 48 MWh for 12,000.
    """
    plan = solved(cogeneration())
    assert plan.cost == pytest.approx(16_000 + 8_000 + 6_400)
    assert plan.value("chp", "power_1_mw") == pytest.approx([0, 0, 4, 4, 0, 0])
    assert plan.value("store", "energy_mwh")[3] == pytest.approx(16)
    assert solved(cogeneration(discharge_limit_mw=0.0)).cost == pytest.approx(16_000 + 12_000 + 6_400)


@pytest.mark.parametrize("seed", range(3))
def test_random_parks_are_those_of_plain_pyomo(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(6, 12))

    def uniform(lower: float, upper: float) -> Any:
        return random.uniform(lower, upper, count)

    park = SmallPark(count, int(random.choice([15, 30, 60])))
    park.load(uniform(1, 6)).load(uniform(1, 6), "heat_load", "heat").load(uniform(0, 3), "cold_load", "cold")
    park.grid(uniform(-50, 900), uniform(-100, 300), export_limit=3).source(20, 900, name="steam", bus="heat")
    park.source(9, 900, name="ice", bus="cold").source(9, uniform(50, 250), name="well", bus="gas")
    on = bool(random.integers(2))
    unit = Generator(
        rated_mw=3.0, min_load_share=0.4, efficiency_points=((0.5, 0.3), (0.75, 0.38), (1.0, 0.4)),
        heat_bus="heat", gas_bus=random.choice([None, "gas"]), may_dump_heat=bool(random.integers(2)),
        start_cost_yuan=100.0, min_up_h=1.5, min_down_h=1.0, ramp_share_per_hour=random.choice([0.3, None]),
        initial=[{"on": on, "hours": 0.5, "power_mw": 1.5 if on else 0.0}],
    )  # fmt: skip
    park.add("unit", unit, availability=uniform(0.6, 1), fuel_price_yuan_per_mwh=uniform(50, 250))
    park.add("fired", Boiler(rated_heat_mw=3.0, gas_bus="gas"), availability=uniform(0, 1))
    park.add("electric", Boiler(rated_heat_mw=3.0, bus="ac"), availability=1.0)
    pump = HeatPump(rated_mw=1.0, rated_heat_mw=3.0, cop=3.0, min_load_share=0.4)
    park.add("pump", pump, availability=1.0, cop=uniform(1.5, 4))
    park.add("chiller", Chiller(rated_mw=1.0, cop=3.0), availability=1.0, cop=uniform(2, 5))
    kilns = WasteHeat(bus="ac", heat_bus="heat", heat_share=0.4, rated_mw=0.2)
    park.add("kilns", kilns, driver_mw=uniform(0, 9))
    park.add("tank", HeatStore(energy_mwh=4, charge_limit_mw=2, discharge_limit_mw=3, constant_loss_mw=0.01))
    park.add("ice_tank", ColdStore(energy_mwh=4, charge_limit_mw=2, discharge_limit_mw=3))
    solved(park)


HEAT = """
[device.chp]
kind = "generator"
rated_mw = 2.0
heat_bus = "heat"
initial = [{ on = true, hours = 2.0 }]

[device.tank]
kind = "heat_store"
energy_mwh = 4.0
charge_limit_mw = 2.0
discharge_limit_mw = 2.0

[device.boiler]
kind = "boiler"
rated_heat_mw = 2.0
bus = "ac"
"""


def test_a_price_of_fuel_is_a_field_or_a_series(tmp_path: Path) -> None:
    """A price by file serves as well as a field, though the availability is still computed from its own."""
    with pytest.raises(InputError) as error:
        bare = load_case(str(write_case(tmp_path / "bare", add(HEAT))))
        prepare(bare, day_times(bare, bare.calendar.plan_date))
    assert error.value.problems == [
        "`device.chp.fuel_price_yuan_per_mwh` is missing: must be given,"
        ' or `series."chp.fuel_price_yuan_per_mwh"`'
    ]
    folder = tmp_path / "given"
    file = '\n[series."chp.fuel_price_yuan_per_mwh"]\nfile = "gas.csv"\n'
    path = write_case(folder, add(HEAT + file))
    rows = "".join(f"2026-07-15 {n // 4:02}:{n % 4 * 15:02},{0.3 + n / 1000}\n" for n in range(96))
    (folder / "gas.csv").write_text("time,gas [yuan/kWh]\n" + rows, encoding="utf-8")
    case = load_case(str(path))
    series = prepare(case, day_times(case, case.calendar.plan_date)).series
    assert series["chp", "fuel_price_yuan_per_mwh"][[0, 95]] == pytest.approx([300, 395])
    assert series["chp", "availability"].tolist() == [1.0] * 96
