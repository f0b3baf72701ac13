"""Loads that grow with the park: after growth by a factor, a park of twice the load is two parks."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, day_times, prepare
from parkdispatch.inputs.variations.ageing import with_yearly_changes
from parkdispatch.models.device import Device
from parkdispatch.models.finance.sizing_section import YearlyChanges
from parkdispatch.models.loads.ev_fleet import EvFleet
from parkdispatch.models.loads.interruptible_load import InterruptibleLoad
from parkdispatch.models.loads.load import Load
from parkdispatch.models.loads.shiftable_load import ShiftableLoad
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.sources.waste_heat import WasteHeat
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.solve import optimize
from parkdispatch.results.solution import device_quantities

PRICES = np.tile([300.0, 500.0, 200.0, 900.0], 6)
STEP = {"price_yuan_per_mwh": 300.0, "power_mw": 0.5, "max_hours_per_day": 4}
LOADS = {
    "load": Load.example(),
    "mills": ShiftableLoad(daily_energy_mwh=40.0, machine_mw=1.0, machines=2, min_power_mw=0.5),
    "mills_in_blocks": ShiftableLoad(
        daily_energy_mwh=40.0, machine_mw=1.0, machines=2, in_blocks=True, block_hours=3.0
    ),
    "an_order": ShiftableLoad.model_validate(
        {
            "orders": [{"begin": "2026-07-15T02:00", "end": "2026-07-15T20:00", "energy_mwh": 9.0}],
            "machine_mw": 1.0,
            "done_mwh": 0.0,
        }
    ),
    "polishing": InterruptibleLoad.model_validate(
        {"annual_energy_mwh": 8760.0, "steps": [STEP, {**STEP, "power_mw": None, "share": 0.1}]}
    ),
    "cars": EvFleet(vehicles=300, feed_back=True, stored_mwh=0.0, chargers=100),
}


def day_of(name: str, device: Device) -> Prepared:
    """A device on a summer's day of the built-in case, by the hour."""
    base = load_case("gaoan")
    calendar = base.calendar.model_copy(update={"minutes": 60})
    case = replace(base.with_devices({name: device}), calendar=calendar, series={})
    return prepare(case, day_times(case, date(2026, 7, 15)))


def cost_yuan(prepared: Prepared, grid: Prepared) -> float:
    """The day's energy at prices that change by the hour; each device approves of its dispatch."""
    devices = {**prepared.case.devices, **grid.case.devices}
    series = {**prepared.series, **grid.series, ("grid", "purchase_price_yuan_per_mwh"): PRICES}
    optimum = optimize(devices, prepared.times, prepared.hours, series)
    told = to_dataset(optimum, {})
    for name, device in prepared.case.devices.items():
        residuals = device.self_check(device_quantities(told, name))
        assert all(residual <= 1e-6 for residual in residuals.values()), residuals
    return optimum.proof.objective_yuan


@pytest.mark.parametrize("name", LOADS)
def test_after_21_percent_of_growth_the_day_costs_1_21_times_as_much(name: str) -> None:
    """By 10 % a year for two years: work, machines, steps and vehicles; what does not grow costs 1.

    Were the work of the mills to grow alone, 2 machines of 1 MW could not do 48.4 MWh in a day at the same
    cost a MWh: there would be no dispatch.
    """
    tariff: dict[str, Any] = {"voltage_kv_level": "110kV", "scheme": "single_part"}
    grid = day_of("grid", Grid(**tariff, import_limit_mw=500.0, export_limit_mw=0.0))
    today = day_of(name, LOADS[name])
    later = with_yearly_changes(today, YearlyChanges(load=0.1).factors(2))
    assert cost_yuan(later, grid) == pytest.approx(1.21 * cost_yuan(today, grid), rel=1e-7)


def test_waste_heat_grows_with_the_process_it_follows() -> None:
    today = day_of("kilns", WasteHeat(heat_bus="heat", driver_mean_mw=20.0, heat_share=0.4))
    later = with_yearly_changes(today, YearlyChanges(load=0.1).factors(2))
    assert later.series["kilns", "driver_mw"] == pytest.approx(24.2)
