"""Days of parks of several buses, settled by hand and beside the same day at one bus."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.series.series_values import SeriesValues
from parkdispatch.models.conversion.boiler import Boiler
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.models.loads.interruptible_load import InterruptibleLoad
from parkdispatch.models.loads.load import Load
from parkdispatch.models.loads.shiftable_load import ShiftableLoad
from parkdispatch.models.network.link import Link
from parkdispatch.models.network.park_rules import ParkRules
from parkdispatch.operations.known_outages import RecordedOutage
from parkdispatch.operations.settlement.day_record import DayRecord, is_at_one_bus
from parkdispatch.operations.settlement.device_meters import device_meters
from parkdispatch.operations.settlement.month_bill import MeteredMonth, month_bill
from parkdispatch.operations.settlement.settle_day import settle_day
from parkdispatch.results.settlement.day_settlement import DayMoney, MonthBill, Settlement, unbalanced_yuan
from parkdispatch.results.wording.words import load_words
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from tests.support.ledgers.settled_days import DAY, flat, hand_case, planned, record

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
        meters = {"exchange_mw": {"grid": exchange}, "outages": (outage,), "planned_outages": ()}
        day = record(park, plan, load[24:], pv[24:], **meters)
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


def with_a_second_connection(case: Case, **fields: Any) -> Case:
    """The park, and a works of 50 MW beside it with a connection of its own at another bus."""
    fields = {"bus": "works", "peak_so_far_mw": 55.0} | fields
    second = case.devices["grid"].model_copy(update=fields)
    works = Load(bus=str(fields["bus"]), annual_energy_mwh=1.0)
    return case.with_devices({**case.devices, "second": second, "works": works})


def two_meters(case: Case, works_mw: Array) -> pd.DataFrame:
    """The plan of the park beside the works, which just takes its load."""
    plan = planned(case, flat(100.0), NONE).copy()
    for name, key, values in (
        ("works", "demand_mw", works_mw), ("second", "import_mw", works_mw), ("second", "export_mw", NONE),
        ("second", "peak_floor_mw", flat(55.0)), ("second", "demand_free_mw", NONE),
    ):  # fmt: skip
        plan[name, key] = values
    return plan


def settled_beside_works(
    tmp_path: Path, works_mw: Array, exchange_mw: dict[str, tuple[Array, Array]], **more: Any
) -> Settlement:
    """20 MW that were not forecast at noon in the park, the works as they were metered; 50 MW planned."""
    case = hand_case(tmp_path, peak_so_far_mw=110.0)
    both, plan = with_a_second_connection(case, **more), two_meters(case, flat(50.0))
    times = pd.date_range(DAY, periods=24, freq="h")
    works = SeriesValues(pd.Series(flat(50.0), index=times), "works")
    both = replace(both, series={**both.series, ("works", "demand_mw"): works})
    measured = {"load": flat(100.0, h12=120.0), "pv": NONE, "works": works_mw}
    return settle_day(DayRecord(both, DAY, plan, measured, exchange_mw=exchange_mw), CONTEXT)


def test_each_connection_has_its_own_peak_and_meter(tmp_path: Path) -> None:
    """At noon the park loses what it loses alone, -2,400 + 391,000; the works take 60 MW at 15:00, 5 more.

    Nothing of the works can move, so foresight pays for 10 MWh and 5 MW too. Its meter has 1 MW more all day.
    """
    works = flat(50.0, h15=60.0)
    settled = settled_beside_works(tmp_path, works, {"second": (works + 1.0, NONE)})
    assert lines(settled.losses["load"]) == approx(-10 * 240, peak=10 * 39_100)
    day_of_one_mw = 5 * PEAK + 5 * VALLEY + 14 * FLAT
    assert lines(settled.losses["following"]) == approx(day_of_one_mw, peak=39_100)
    assert settled.actual.peak == pytest.approx((10 + 6) * 39_100)
    assert settled.foresight.peak == pytest.approx(5 * 39_100)
    assert settled.actual_volumes.peak_mw == pytest.approx(120 + 61)
    assert settled.actual_volumes.import_mwh == pytest.approx(2420 + 1210 + 24)
    assert unbalanced_yuan(settled) <= 1e-6


def test_two_connections_at_one_bus_share_the_rest_by_what_is_paid_for(tmp_path: Path) -> None:
    """The first has paid for 110 MW, the second for 55: 120 + 50 MW are 5 more, not 10, 60 or 115."""
    settled = settled_beside_works(tmp_path, flat(50.0), {}, bus="ac")
    assert settled.actual_volumes.peak_mw == pytest.approx(170.0)
    assert settled.actual.peak == pytest.approx(5 * 39_100)


def test_limits_over_a_year_are_those_of_a_plan_of_the_day(tmp_path: Path) -> None:
    """A cap of CO2 of the year says nothing of a day alone, in its plan and here: told, not refused."""
    case = behind_a_cable(hand_case(tmp_path), rules=ParkRules(co2_cap_t=1.0))
    plan = planned(case, flat(100.0), NONE)
    settled = settled_of(case, plan, flat(100.0))
    assert lines(settled.lost) == approx()
    assert ("limits_assumed", {"device": "rules"}) in settled.assumed
    for lang in ("en", "zh"):
        assert "rules" in load_words(lang, "settle")["assumed"]["limits_assumed"].format(device="rules")


def test_the_bill_of_a_month_is_that_of_all_connections(tmp_path: Path) -> None:
    """100 and 50 MW all July: each is billed for its energy and its own peak, and both are added up.

    The month is metered to the 31st, or to the 30th: then the last day is the cheapest dispatch, 150 MW.
    """
    case = with_a_second_connection(hand_case(tmp_path))
    times = pd.date_range("2026-07-01", "2026-08-01", freq="h", inclusive="left")
    works = SeriesValues(pd.Series(50.0, index=times), "works")
    case = replace(case, series={**case.series, ("works", "demand_mw"): works})
    case = case.with_devices({name: d for name, d in case.devices.items() if name != "battery"})

    def metered(power_mw: float, hours: int) -> MeteredMonth:
        return MeteredMonth(times[:hours], np.full(hours, power_mw), np.zeros(hours), 0)

    def billed(day: date, hours: int, **powers_mw: float) -> MonthBill:
        months = {name: metered(power_mw, hours) for name, power_mw in powers_mw.items()}
        bill = month_bill(case, day, months, {}, CONTEXT)
        assert bill is not None
        return bill

    last, before = DAY.replace(day=31), DAY.replace(day=30)
    alone = billed(last, 744, grid=100.0), billed(last, 744, second=50.0)
    both = billed(last, 744, grid=100.0, second=50.0)
    assert both.so_far_yuan == pytest.approx(sum(bill.so_far_yuan for bill in alone))
    assert both.expected_peak_mw == pytest.approx(150.0) and both.metered == 2 * 744
    assert sum(both.by_charge_yuan.values()) == pytest.approx(both.so_far_yuan)
    expected = billed(before, 720, grid=100.0, second=50.0)
    assert expected.so_far_yuan < both.so_far_yuan
    assert expected.expected_yuan == pytest.approx(both.so_far_yuan, rel=1e-6)
