"""Days of parks of several buses, settled by hand and beside the same day at one bus."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.models.conversion.boiler import Boiler
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.models.loads.interruptible_load import InterruptibleLoad
from parkdispatch.models.loads.load import Load
from parkdispatch.models.loads.shiftable_load import ShiftableLoad
from parkdispatch.models.network.link import Link
from parkdispatch.operations.known_outages import RecordedOutage
from parkdispatch.operations.settlement.day_record import DayRecord, is_at_one_bus
from parkdispatch.operations.settlement.device_meters import device_meters
from parkdispatch.operations.settlement.settle_day import settle_day
from parkdispatch.results.settlement.day_settlement import DayMoney, Settlement, unbalanced_yuan
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from tests.support.ledgers.settled_days import flat, hand_case, planned, record

CONTEXT = SolveContext(SolveOptions())
NONE = flat(0.0)
VALLEY, FLAT, PEAK = 270.0, 510.0, 750.0  # yuan/MWh: 1:00 to 6:00, other hours, 17:00 to 22:00


def behind_a_cable(case: Case, **devices: Any) -> Case:
    """The park with its connection at a bus of its own, and a cable without loss between."""
    grid = case.devices["grid"].model_copy(update={"bus": "meter"})
    cable = Link(bus="meter", to_bus="ac", forward_limit_mw=500.0, backward_limit_mw=500.0)
    return case.with_devices({**case.devices, "grid": grid, "cable": cable, **devices})


def through_the_cable(plan: pd.DataFrame) -> pd.DataFrame:
    """The same plan with what flows through the cable."""
    through_mw = plan["grid", "import_mw"] - plan["grid", "export_mw"]
    plan = plan.copy()
    plan["cable", "forward_mw"] = through_mw.clip(lower=0.0)
    plan["cable", "backward_mw"] = (-through_mw).clip(lower=0.0)
    return plan


def lines(money: DayMoney) -> list[float]:
    return [money.energy, money.stored, money.peak]


def approx(energy: float = 0.0, stored: float = 0.0, peak: float = 0.0) -> Any:
    return pytest.approx([energy, stored, peak], abs=1e-4)


def settled_of(
    case: Case, plan: pd.DataFrame, load_mw: Array, pv_mw: Array = NONE, **metered: Array
) -> Settlement:
    """The day by meters of load, PV and the devices that are named."""
    columns = {("load", "load"): load_mw, ("pv", "pv"): pv_mw}
    for name, power_mw in metered.items():
        quantity = "load" if case.devices[name].role == "load" else "power"
        columns[quantity, name] = power_mw
    measured, powers, assumed = device_meters(case, plan, columns)
    day = record(case, plan, load_mw, pv_mw)
    return settle_day(
        DayRecord(case, day.day, plan, measured, powers_mw=powers, assumed=tuple(assumed)), CONTEXT
    )


def test_behind_a_cable_a_day_is_settled_as_at_one_bus(tmp_path: Path) -> None:
    """Load and sun that were not forecast, an outage that was not known, the connection's meter, of one plan:
    the day costs what it costs at one bus, whose settlement is computed by other code."""
    random = np.random.default_rng(3)
    case = hand_case(tmp_path, 120.0)
    load, pv = random.uniform(60, 140, 48), np.zeros(48)
    pv[[*range(9, 17), *range(33, 41)]] = random.uniform(0, 60, 16)
    outage = RecordedOutage("battery", datetime(2026, 7, 15, 19), datetime(2026, 7, 15, 21), 0.5)
    exchange = np.maximum(load[24:] - pv[24:], 0.0), np.maximum(pv[24:] - load[24:], 0.0)
    of_park, plan = [], planned(case, load[:24], pv[:24])
    for park in (case, behind_a_cable(case)):
        if park is not case:
            plan = through_the_cable(plan)
        day = record(
            park, plan, load[24:], pv[24:], exchange_mw=exchange, outages=(outage,), planned_outages=()
        )
        of_park.append(settle_day(day, CONTEXT))
    one_bus, network = of_park
    assert [is_at_one_bus(park) for park in (case, behind_a_cable(case))] == [True, False]
    assert network.losses.keys() == one_bus.losses.keys()
    assert lines(network.planned) == pytest.approx(lines(one_bus.planned))
    assert lines(network.actual) == pytest.approx(lines(one_bus.actual))
    assert network.foresight.total == pytest.approx(one_bus.foresight.total)
    assert network.lost.total == pytest.approx(one_bus.lost.total)
    for cause in ("following", "meters"):
        assert network.losses.get(cause, DayMoney()).total == pytest.approx(
            one_bus.losses.get(cause, DayMoney()).total, abs=1e-4
        )
    assert network.actual_volumes == pytest.approx(one_bus.actual_volumes)
    assert unbalanced_yuan(network) <= 1e-6


def test_a_battery_that_stays_full_behind_a_cable(tmp_path: Path) -> None:
    case = behind_a_cable(hand_case(tmp_path))
    plan = planned(case, flat(100.0), NONE)
    set_points = (plan["battery", "discharge_mw"] - plan["battery", "charge_mw"]).to_numpy(copy=True)
    set_points[17:22] = 0.0
    day = record(case, plan, flat(100.0), NONE, set_points_mw={"battery": set_points})
    settled = settle_day(day, CONTEXT)
    assert lines(settled.losses["following"]) == approx(20 * PEAK, -20 * VALLEY)


def mills() -> ShiftableLoad:
    """24 MWh a day, 6 MW at most."""
    return ShiftableLoad(daily_energy_mwh=24.0, machine_mw=6.0, usual_shape=(1.0,) * 24)


def test_work_that_was_done_in_the_peak_has_not_followed(tmp_path: Path) -> None:
    """6 MWh of the valley's 24 were ground at 17:00: 6 x (750 - 270) of energy, and all work is done."""
    case = behind_a_cable(hand_case(tmp_path), mills=mills())
    plan = planned(case, flat(100.0), NONE)
    power_mw = plan["mills", "power_mw"].to_numpy(copy=True)
    assert power_mw.sum() == pytest.approx(24.0)
    assert power_mw[1:6].sum() == pytest.approx(24.0)
    power_mw[np.flatnonzero(power_mw > 5.0)[0]], power_mw[17] = 0.0, 6.0
    settled = settled_of(case, plan, flat(100.0), mills=power_mw)
    assert lines(settled.losses["following"]) == approx(6 * (PEAK - VALLEY))
    assert lines(settled.lost) == approx(6 * (PEAK - VALLEY))


def test_work_that_was_left_undone_has_its_price(tmp_path: Path) -> None:
    """6 MWh less were ground and not bought; they are due another day, at the valley's price at least."""
    case = behind_a_cable(hand_case(tmp_path), mills=mills())
    plan = planned(case, flat(100.0), NONE)
    power_mw = plan["mills", "power_mw"].to_numpy(copy=True)
    power_mw[np.flatnonzero(power_mw > 5.0)[0]] = 0.0
    settled = settled_of(case, plan, flat(100.0), mills=power_mw)
    assert lines(settled.losses["following"]) == approx(-6 * VALLEY, 6 * VALLEY)


def test_a_boiler_follows_its_meter_and_heat_that_is_not_metered_the_plan(tmp_path: Path) -> None:
    """2 MW of heat at an efficiency of 1. Where the meter has nothing else, the plan's heat is taken."""
    heat = Load(bus="heat", annual_energy_mwh=17_520.0)
    boiler = Boiler.model_validate({"bus": "ac", "heat_bus": "heat", "rated_heat_mw": 5.0, "efficiency": 1.0})
    case = behind_a_cable(hand_case(tmp_path), drying=heat, boiler=boiler)
    plan = planned(case, flat(100.0), NONE)
    settled = settled_of(case, plan, flat(100.0))
    assert lines(settled.lost) == approx()
    keys = {(key, values["device"]) for key, values in settled.assumed}
    assert {("series_unmetered", "drying"), ("power_unmetered", "boiler")} <= keys


def test_an_interruption_that_was_not_made(tmp_path: Path) -> None:
    """10 MW stop for 2 hours of the peak at 100 yuan/MWh; in the first of them the line ran on: 10 x 650."""
    step = {"power_mw": 10.0, "price_yuan_per_mwh": 100.0, "max_hours_per_day": 2.0}
    line = InterruptibleLoad.model_validate(
        {"annual_energy_mwh": 87_600.0, "steps": [step], "hourly_shape": [1.0] * 24}
    )
    case = behind_a_cable(hand_case(tmp_path), line=line)
    plan = planned(case, flat(100.0), NONE)
    shed_mw = plan["line", "step_0_shed_mw"].to_numpy()
    drawn_mw = plan["line", "demand_mw"].to_numpy() - shed_mw
    (first, *_) = np.flatnonzero(shed_mw > 9.0)
    assert settled_of(case, plan, flat(100.0), line=drawn_mw).lost.total == pytest.approx(0.0, abs=1e-4)
    drawn_mw = drawn_mw.copy()
    drawn_mw[first] += shed_mw[first]
    settled = settled_of(case, plan, flat(100.0), line=drawn_mw)
    assert ("demand_as_planned", {"device": "line"}) in settled.assumed
    assert settled.lost.total == pytest.approx(10 * (PEAK - 100.0))


def test_something_has_to_be_metered(tmp_path: Path) -> None:
    case = behind_a_cable(hand_case(tmp_path))
    with pytest.raises(InputError, match="nothing measured is given of load, pv: must be of a load"):
        device_meters(case, planned(case, flat(100.0), NONE), {})
