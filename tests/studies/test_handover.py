"""Days planned one after the other: what each begins with is what the one before left, device by device."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare
from parkdispatch.models.conversion.boiler import Boiler
from parkdispatch.models.conversion.generator import Generator
from parkdispatch.models.device import Array, Device
from parkdispatch.models.loads.ev_fleet import EvFleet
from parkdispatch.models.loads.interruptible_load import InterruptibleLoad
from parkdispatch.models.loads.shiftable_load import ShiftableLoad
from parkdispatch.models.network.park_rules import ParkRules
from parkdispatch.models.stores.battery import Battery
from parkdispatch.models.stores.heat_store import HeatStore
from parkdispatch.models.vocabulary import Interval, Terms
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import tile
from parkdispatch.optimizer.solve import Optimum, optimize
from parkdispatch.results.solution import device_quantities
from parkdispatch.studies.daily_replay import assemble_year, not_handed_over
from parkdispatch.studies.day_ahead_plans import DayPlan, plan_days
from tests.support.flexible_parks import add
from tests.support.small_parks import Bare, SmallPark

DAYS = 3
# dear from the evening until 3:00, so that what runs or is shed at midnight goes on; paid for before,
# so that more is stored at midnight than the day needs
PRICES = np.tile([950.0, 930.0, 910.0, *[600.0] * 5, *[420.0] * 10, -80.0, -90.0, *[900.0] * 4], DAYS)
RIPPLE = np.random.default_rng(3).uniform(0, 40, 24 * DAYS)


FIRST_DAYS: dict[tuple[str, ...], Optimum] = {}  # by devices and begin: the same whatever is forgotten later


@dataclass
class Watch:
    """A solver of days that keeps the devices of each day and the state that each is left in."""

    forgetful: str = ""  # the device that begins every day as the first
    gap: float = 0.0
    first: Mapping[str, Device] = field(default_factory=dict)
    begun: list[dict[str, Mapping[str, float]]] = field(default_factory=list)
    left: list[dict[str, Mapping[str, float]]] = field(default_factory=list)

    def solve(
        self,
        devices: Mapping[str, Device],
        times: pd.DatetimeIndex,
        hours: float,
        series: Mapping[Key, Array],
    ) -> Optimum:
        """One day, solved."""
        self.first = self.first or devices
        if self.forgetful:
            devices = {**devices, self.forgetful: self.first[self.forgetful]}
        key = (*devices, str(times[0]))
        known = None if self.begun else FIRST_DAYS.get(key)
        optimum = known or optimize(devices, times, hours, series, threads=1, gap=self.gap, time_limit_s=30.0)
        if not self.begun:
            FIRST_DAYS[key] = optimum
        told = to_dataset(optimum, {})
        self.begun.append({name: device.initial_state() for name, device in devices.items()})
        self.left.append(
            {name: device.state_after(device_quantities(told, name)) for name, device in devices.items()}
        )
        return optimum


def park() -> SmallPark:
    """Two gas units, mills in blocks, a step with recovery, cars, a heat store, a battery: three days."""
    park = SmallPark(24 * DAYS, 60, "2026-07-30").grid(PRICES + RIPPLE, 100.0, demand=50.0).load(8.0)
    units = Generator(
        units=2, rated_mw=2.0, efficiency_points=((0.5, 0.36), (1.0, 0.42)), start_cost_yuan=300.0,
        min_up_h=7.0, min_down_h=4.0, ramp_share_per_hour=0.3, fuel_price_yuan_per_mwh=260.0,
    )  # fmt: skip
    mills = ShiftableLoad(
        window="18:00-08:00",
        daily_energy_mwh=26.0,
        machine_mw=1.0,
        machines=4,
        in_blocks=True,
        block_hours=5.0,
    )  # fmt: skip
    step = {
        "power_mw": 0.5,
        "price_yuan_per_mwh": 500.0,
        "max_event_hours": 4,
        "recovery_hours": 15,
        "max_events_per_month": 2,
    }
    line = InterruptibleLoad.model_validate({"annual_energy_mwh": 8760.0, "noise_std": 0, "steps": [step]})
    evening = tuple(float(hour in (17, 18)) for hour in range(24))
    morning = tuple(float(hour in (7, 8)) for hour in range(24))
    cars = EvFleet(vehicles=300, arrival_shape=evening, departure_shape=morning, weekday_share=(1.0,) * 7)
    add(park, "units", units)
    add(park, "mills", mills)
    add(park, "line", line)
    add(park, "cars", cars)
    add(park, "boiler", Boiler(bus="ac", rated_heat_mw=3.0)).load(1.0, "heat_load", "heat")
    park.add(
        "tank",
        HeatStore(
            energy_mwh=9.0, charge_limit_mw=2.0, discharge_limit_mw=2.0, initial_level=0.9, final_level=0.2
        ),
    )
    battery = Battery(
        power_mw=2.0, energy_mwh=4.0, initial_soc=0.9, final_soc=0.3, max_cycles_per_month=1.5,
        max_cycles_per_year=2.0,
    )  # fmt: skip
    return park.add("battery", battery)


def planned(park: SmallPark, watch: Watch) -> tuple[list[DayPlan], Optimum]:
    """The days' plans, and the whole as one dispatch."""
    plans = plan_days(park.devices, park.horizon, park.series, {}, watch.solve)
    year = park.tiled()
    return plans, Optimum(year, assemble_year(year, plans), plans[0].proof, {})


def broken_rules(park: SmallPark, name: str, whole: Optimum) -> set[str]:
    """Rules that a device finds broken in days laid end to end."""
    residuals = park.devices[name].self_check(device_quantities(to_dataset(whole, {}), name))
    return {rule for rule, residual in residuals.items() if not residual <= 1e-6}


@cache
def three_days() -> tuple[SmallPark, Watch, Optimum]:
    """The park with every state handed on."""
    made, watch = park(), Watch()
    return made, watch, planned(made, watch)[1]


def test_a_day_begins_with_every_state_that_the_day_before_left() -> None:
    made, watch, _ = three_days()
    assert len(watch.begun) == DAYS
    for left, begun in zip(watch.left[:-1], watch.begun[1:], strict=True):
        for name in made.devices:
            assert begun[name] == pytest.approx(left[name]), name


def test_the_days_laid_end_to_end_are_a_dispatch_of_the_whole() -> None:
    made, _, whole = three_days()
    assert {name: rules for name in made.devices if (rules := broken_rules(made, name, whole))} == {}


def test_every_state_crosses_midnight() -> None:
    """Units run and mills work over it, an event is under way or lately over, cars and stores hold energy."""
    _, watch, _ = three_days()
    midnight = watch.left[0]
    assert midnight["units"]["unit_1_on"] == 1 and 0 < midnight["units"]["unit_1_h"] < 7
    assert midnight["mills"]["running_0004"] > 0 and midnight["mills"]["done_mwh"] > 0
    assert 0 < midnight["line"]["step_0_shed_hours"] <= 4 and midnight["line"]["step_0_events"] == 2
    assert midnight["cars"]["stored_mwh"] > 0
    assert midnight["battery"]["month_cycles"] > 0
    assert midnight["tank"]["energy_mwh"] < 8


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("units", "ramp_mw"),
        ("mills", "block_length_mw"),
        ("line", "event_length_h"),
        ("cars", "energy_balance_mwh"),
        ("tank", "energy_balance_mwh"),
        ("battery", "energy_balance_mwh"),
    ],
)
def test_a_device_that_forgets_at_midnight_breaks_its_rule(name: str, rule: str) -> None:
    """Each day as the first: what the days together break is what the state is there for."""
    made, watch = park(), Watch(forgetful=name)
    _, whole = planned(made, watch)
    assert rule in broken_rules(made, name, whole)


def test_cycles_of_a_month_are_those_of_its_days() -> None:
    """One cycle of 10 MWh a month, worth 8,000 yuan a day: once in July and once in August, not every day.

    Planned without what the month has had, four days would sell four times.
    """
    made = SmallPark(96, 60, "2026-07-30").grid(np.tile([100.0] * 12 + [900.0] * 12, 4)).load(10.0)
    made.battery(power_mw=5.0, energy_mwh=10.0, max_cycles_per_month=1.0)
    _, whole = planned(made, Watch())
    daily = (
        device_quantities(to_dataset(whole, {}), "battery").values["discharge_mw"].reshape(4, 24).sum(axis=1)
    )
    assert daily == pytest.approx([10, 0, 10, 0])
    assert broken_rules(made, "battery", whole) == set()


class Tank(Bare):
    """A store that hands nothing on, so that a day cannot begin with what the one before left."""

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.energy_mwh, block.power_mw = pyo.Var(bounds=(0, 5)), pyo.Var(bounds=(-1, 1))
        before = interval.previous(block.energy_mwh, 0.0)
        block.law = pyo.Constraint(expr=block.energy_mwh == before - block.power_mw * interval.hours)
        return Terms({self.bus: block.power_mw})


def test_what_cannot_be_handed_on_is_told_before_a_year_of_days() -> None:
    """Rules of a year are handed on as allowances; a state that no device hands on is refused by name."""
    made = SmallPark(48).grid(100.0).load(1.0).pv(1.0)
    made.add("rules", ParkRules(co2_cap_t=5.0, peak_import_mw=9.0), binds=1.0)
    assert not_handed_over(made.tiled().template, made.devices) == []
    made.add("tank", Tank())
    assert not_handed_over(made.tiled().template, made.devices) == [
        "`device.tank`: keeps a value of the interval before: must hand it over at midnight by"
        " `initial_state`, or it cannot be planned day by day"
    ]


@pytest.mark.slow
def test_days_of_the_pilot_hand_on_what_they_hold() -> None:
    """Three winter days of `gaoan-pilot`: mills, polishing and both batteries; no rule is broken."""
    case = load_case("gaoan-pilot")
    case = replace(case, calendar=case.calendar.model_copy(update={"minutes": 60}))
    prepared = prepare(case, pd.date_range("2026-01-14", periods=24 * DAYS, freq="h"))
    watch, horizon = Watch(gap=1e-4), Horizon(prepared.times, prepared.hours)
    plans = plan_days(case.devices, horizon, prepared.series, {}, watch.solve)
    year = tile(compile_template(case.devices, prepared.hours), horizon, prepared.series)
    whole = Optimum(year, assemble_year(year, plans), plans[0].proof, {})
    told = to_dataset(whole, {})
    for name, device in case.devices.items():
        assert watch.begun[1][name] == pytest.approx(watch.left[0][name]), name
        assert watch.begun[2][name] == pytest.approx(watch.left[1][name]), name
        residuals = device.self_check(device_quantities(told, name))
        assert all(residual <= 1e-5 for residual in residuals.values()), (name, residuals)
    with_states = [name for name, device in case.devices.items() if device.initial_state()]
    kinds = {type(case.devices[name]) for name in with_states}
    assert kinds >= {Battery, ShiftableLoad, InterruptibleLoad}
