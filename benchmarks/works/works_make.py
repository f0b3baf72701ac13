"""The instance `works`: a tenth of the built-in case's load and sun by the hour, its prices, and a unit.

Surplus is sold for less than any price at which is bought. There is no charge for a month's peak, for which
some peers have no word.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmarks.instance import Array, Store
from benchmarks.make import CASE, HORIZONS
from benchmarks.works.works_instance import WORKS, Unit, Works
from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.conversion.generator import Generator
from parkdispatch.models.device import Device
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.network.link import Link
from parkdispatch.models.stores.battery import Battery

SHARE = 0.1  # of the case's load and sun
HOURS = 1.0
SALE_YUAN_PER_MWH = 300.0
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


def make_works(year: Prepared, horizon: str) -> Works:
    """The instance on a horizon of the case's year."""
    first, end = HORIZONS[horizon]
    step = pd.Timedelta(hours=HOURS)
    times = pd.date_range(first, end, freq=step, inclusive="left")
    within = (year.times >= times[0]) & (year.times < times[-1] + step)

    def by_hour(device: str, name: str) -> Array:
        return np.asarray(year.series[device, name][within].reshape(len(times), -1).mean(axis=1))

    works = Works(
        name=WORKS,
        horizon=horizon,
        hours=HOURS,
        import_limit_mw=GRID.limits_mw[0],
        export_limit_mw=GRID.limits_mw[1],
        forward_limit_mw=LINK.forward_limit_mw,
        backward_limit_mw=LINK.backward_limit_mw,
        loss=LINK.forward_loss,
        stores=(_store(BATTERY),),
        unit=_unit(UNIT),
        times=times.to_numpy().astype("datetime64[s]"),
        load_mw=SHARE * by_hour("load", "demand_mw"),
        pv_mw=SHARE * by_hour("pv", "available_mw"),
        buy_yuan_per_mwh=by_hour("grid", "purchase_price_yuan_per_mwh"),
        sell_yuan_per_mwh=np.full(len(times), SALE_YUAN_PER_MWH),
    )
    works.check()
    return works


def _store(battery: Battery) -> Store:
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
        kept=(1 - battery.self_discharge_per_hour) ** HOURS,
        auxiliary_mw=0.0,
        wear_yuan_per_mwh=battery.wear_yuan_per_mwh,
    )


def _unit(generator: Generator) -> Unit:
    (least_mw, least_fuel_mw), (rated_mw, rated_fuel_mw) = generator.fuel_points_mw
    slope = (rated_fuel_mw - least_fuel_mw) / (rated_mw - least_mw)
    return Unit(
        rated_mw=rated_mw,
        least_mw=least_mw,
        running_yuan_per_h=FUEL_YUAN_PER_MWH * (least_fuel_mw - slope * least_mw),
        fuel_yuan_per_mwh=FUEL_YUAN_PER_MWH * slope,
        start_yuan=generator.start_cost_yuan,
    )


def declared_works(works: Works) -> tuple[Case, pd.DatetimeIndex, dict[tuple[str, str], np.ndarray]]:
    """The instance in the project's own words: case, times and series by device."""
    if (works.store, works.unit) != (_store(BATTERY), _unit(UNIT)):
        raise ValueError("the instance was made from other devices")
    case = load_case(CASE)
    devices: Mapping[str, Device] = {
        "load": case.devices["load"].model_copy(update={"bus": AT_WORKS}),
        "pv": case.devices["pv"].model_copy(update={"bus": AT_YARD}),
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
    return case.with_devices(devices), pd.DatetimeIndex(works.times).as_unit("ns"), series
