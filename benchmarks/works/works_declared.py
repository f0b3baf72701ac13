"""The devices of the instance `works` in this project's words; series replace what they would compute."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.instance import Store
from benchmarks.works.works_instance import Unit, Works
from parkdispatch.models.conversion.generator import Generator
from parkdispatch.models.device import Device
from parkdispatch.models.loads.load import Load
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.network.link import Link
from parkdispatch.models.sources.photovoltaic_plant import Pv
from parkdispatch.models.stores.battery import Battery

if TYPE_CHECKING:
    from benchmarks.instance import Declared

AT_WORKS, AT_YARD = "works", "yard"
FUEL_YUAN_PER_MWH = 240.0
GRID = Grid(
    bus=AT_WORKS, voltage_kv_level="1-10kV", scheme="single_part", import_limit_mw=25.0, export_limit_mw=10.0
)
LINK = Link(
    bus=AT_YARD, to_bus=AT_WORKS, forward_limit_mw=15.0, backward_limit_mw=8.0, forward_loss=0.03,
    backward_loss=0.03,
)  # fmt: skip
BATTERY = Battery(
    bus=AT_YARD, power_mw=5.0, energy_mwh=10.0, soc_min=0.1, soc_max=0.9, initial_soc=0.5,
    auxiliary_share=0.0, self_discharge_per_hour=0.001, wear_yuan_per_mwh=20.0,
)  # fmt: skip
UNIT = Generator(
    bus=AT_WORKS, rated_mw=5.0, min_load_share=0.5, efficiency_points=((0.5, 0.36), (1.0, 0.41)),
    fuel_price_yuan_per_mwh=FUEL_YUAN_PER_MWH, start_cost_yuan=1500.0,
)  # fmt: skip


def store_of(battery: Battery, hours: float) -> Store:
    lowest_mwh, highest_mwh = battery.window_mwh
    return Store(
        name="battery",
        power_mw=battery.largest_power_mw,
        lowest_mwh=lowest_mwh,
        highest_mwh=highest_mwh,
        initial_mwh=battery.initial_soc * battery.full_mwh,
        final_mwh=battery.final_soc_or_initial * battery.full_mwh,
        eta_charge=battery.eta_charge,
        eta_discharge=battery.eta_discharge,
        kept=(1 - battery.self_discharge_per_hour) ** hours,
        auxiliary_mw=0.0,
        wear_yuan_per_mwh=battery.wear_yuan_per_mwh,
    )


def unit_of(generator: Generator) -> Unit:
    (least_mw, least_fuel_mw), (rated_mw, rated_fuel_mw) = generator.fuel_points_mw
    slope = (rated_fuel_mw - least_fuel_mw) / (rated_mw - least_mw)
    return Unit(
        rated_mw=rated_mw,
        least_mw=least_mw,
        running_yuan_per_h=FUEL_YUAN_PER_MWH * (least_fuel_mw - slope * least_mw),
        fuel_yuan_per_mwh=FUEL_YUAN_PER_MWH * slope,
        start_yuan=generator.start_cost_yuan,
    )


def declared_works(works: Works) -> "Declared":
    """The instance in the project's own words: devices, times and series by device."""
    if (works.store, works.unit) != (store_of(BATTERY, works.hours), unit_of(UNIT)):
        raise ValueError("the instance was made from other devices")
    devices: Mapping[str, Device] = {
        "load": Load(bus=AT_WORKS, annual_energy_mwh=1.0),
        "pv": Pv(bus=AT_YARD),
        "battery": BATTERY,
        "link": LINK,
        "unit": UNIT,
        "grid": GRID,
    }
    ones = np.ones(len(works))
    series = {
        ("load", "demand_mw"): works.load_mw,
        ("pv", "available_mw"): works.pv_mw,
        ("grid", "purchase_price_yuan_per_mwh"): works.buy_yuan_per_mwh,
        ("grid", "sale_price_yuan_per_mwh"): works.sell_yuan_per_mwh,
        ("grid", "import_limit_mw"): works.import_limit_mw * ones,
        ("grid", "export_limit_mw"): works.export_limit_mw * ones,
        ("link", "forward_limit_mw"): works.forward_limit_mw * ones,
        ("link", "backward_limit_mw"): works.backward_limit_mw * ones,
        ("link", "availability"): ones,
        ("link", "wheeling_price_yuan_per_mwh"): 0.0 * ones,
        ("unit", "availability"): ones,
        ("unit", "fuel_price_yuan_per_mwh"): FUEL_YUAN_PER_MWH * ones,
    }
    return devices, pd.DatetimeIndex(works.times).as_unit("ns"), series
