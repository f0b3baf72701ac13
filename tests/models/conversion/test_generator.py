"""Generators, solved by hand: power in MW, fuel and power prices in yuan/MWh, intervals of an hour."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from parkdispatch.models.conversion.fuel_curve import fuel_curve
from parkdispatch.models.conversion.generator import Generator
from parkdispatch.models.device import Seen
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.vocabulary import Interval, Terms
from parkdispatch.optimizer.solve import optimize
from tests.support.parks.thermal_parks import broken_rules, damaged, park_of_air, refused, seen, solved
from tests.support.small_parks import Bare, Plan, SmallPark

CONSTANT = ((1.0, 0.5),)  # two MW of fuel for each of power


def generator(**changes: Any) -> Generator:
    """A unit of 10 MW that runs at 5 MW or more, for 12.5 MW of fuel at 5 and 20 at 10."""
    fields = {"rated_mw": 10.0, "min_load_share": 0.5, "efficiency_points": ((0.5, 0.4), (1.0, 0.5))}
    return Generator.model_validate(fields | changes)


def park_of(
    load: Sequence[float],
    grid: Any,
    device: Generator,
    fuel: Any = 100.0,
    available: Any = 1.0,
    minutes: int = 60,
) -> SmallPark:
    park = SmallPark(len(load), minutes).load(load).grid(grid)
    return park.add("unit", device, availability=available, fuel_price_yuan_per_mwh=fuel)


def power_mw(plan: Plan, number: int = 1) -> list[float]:
    return [round(value, 6) + 0.0 for value in plan.value("unit", f"power_{number}_mw").tolist()]


def test_part_load_takes_more_fuel_and_a_start_its_price() -> None:
    """Load 2, 8, 2 from the grid at 400. At 8 MW the curve tells 17 MW of fuel: 1,700 and 300 for the start.

    At full-load efficiency 8 MW would take 16, and without the least load the unit would serve 2 MW as well.
    """
    plan = solved(park_of([2, 8, 2], 400.0, generator(start_cost_yuan=300.0)))
    assert plan.cost == pytest.approx(800 + 1700 + 300 + 800)
    assert power_mw(plan) == [0, 8, 0]
    assert seen(plan, "unit").values["fuel_mw"] == pytest.approx([0, 17, 0])


@pytest.mark.parametrize(
    ("middle", "fuel_mw"), [(0.5, 15.0), (0.4, 18.75)], ids=["convex", "neither convex nor concave"]
)
@pytest.mark.parametrize("price", [100.0, -100.0])
def test_fuel_lies_on_the_curve_at_any_price(middle: float, fuel_mw: float, price: float) -> None:
    """7.5 MW take 7.5/0.5 or 7.5/0.4 MW of fuel. Paid for burning, a bound on one side burns more."""
    points = ((0.5, 0.4), (0.75, middle), (1.0, 0.5))
    plan = solved(park_of([7.5], 1e5, generator(efficiency_points=points), price))
    assert plan.cost == pytest.approx(price * fuel_mw)


def test_a_run_that_has_begun_goes_on_for_its_least_time() -> None:
    """Running for an hour of three: two more hours of 5 MW for 1,250, then the grid at 250; alone 4 x 250."""
    device = generator(min_up_h=3.0, initial=[{"on": True, "hours": 1.0}])
    plan = solved(park_of([5] * 4, 50.0, device))
    assert power_mw(plan) == [5, 5, 0, 0]
    assert plan.cost == pytest.approx(2 * 1250 + 2 * 250)
    assert (
        power_mw(solved(park_of([5] * 4, 50.0, generator(min_up_h=3.0, initial=[{"on": True}])))) == [0] * 4
    )


def test_a_stand_that_has_begun_goes_on_for_its_least_time() -> None:
    """Stopped half an hour before, two hours at least: in half-hours three more of standing still."""
    device = generator(min_down_h=2.0, initial=[{"on": False, "hours": 0.5}])
    assert power_mw(solved(park_of([6] * 5, 1000.0, device, minutes=30))) == [0, 0, 0, 6, 6]


def test_ramps_begin_from_the_power_before_and_a_start_reaches_the_least_power() -> None:
    """3 MW an hour from 4 MW: 7, then 10. From standing still to 5, the least power, 8, 10."""
    from_four = generator(
        min_load_share=0.2, ramp_share_per_hour=0.3, initial=[{"on": True, "power_mw": 4.0}]
    )
    assert power_mw(solved(park_of([10] * 3, 1000.0, from_four))) == [7, 10, 10]
    device = generator(ramp_share_per_hour=0.3)
    assert power_mw(solved(park_of([10] * 3, 1000.0, device))) == [5, 8, 10]
    assert power_mw(solved(park_of([10] * 3, 1000.0, device, minutes=20))) == [5, 6, 7]


def test_a_unit_ramps_down_before_it_stops() -> None:
    """10 MW before; it is to stop, but falls by 3 MW an hour: 7, then 5 is its least power, then nothing."""
    device = generator(ramp_share_per_hour=0.3, initial=[{"on": True, "power_mw": 10.0}])
    assert power_mw(solved(park_of([10] * 4, 50.0, device))) == [7, 5, 0, 0]


def test_identical_units_are_switched_one_by_one() -> None:
    """2, 6 and 3 MW by two units of 2 to 4 MW at 200 a MWh and 100 a start: both in the second hour alone.

    11 MWh x 200 + 2 starts. One unit of 4 to 8 MW would leave 5 MWh to the grid at 1,000.
    """
    device = generator(units=2, rated_mw=4.0, efficiency_points=CONSTANT, start_cost_yuan=100.0)
    plan = solved(park_of([2, 6, 3], 1000.0, device))
    assert plan.cost == pytest.approx(11 * 200 + 200)
    both = np.array([power_mw(plan, number) for number in (1, 2)])
    assert both.sum(axis=0) == pytest.approx([2, 6, 3])
    assert (both > 0).sum(axis=0).tolist() == [1, 2, 1]


def chp(**changes: Any) -> SmallPark:
    """4 MW of power and 5 MW of heat from 10 MW of fuel, a heat load of 2, heat else at 300, power at 600."""
    fields = {"rated_mw": 4.0, "min_load_share": 0.0, "efficiency_points": ((1.0, 0.4),), "heat_bus": "heat"}
    device = Generator.model_validate(fields | {"heat_efficiency": 0.5} | changes)
    park = SmallPark(1).load(4).grid(600).load(2, "heat_load", "heat").source(9, 300, name="heat", bus="heat")
    return park.add("unit", device, availability=1.0, fuel_price_yuan_per_mwh=200.0)


def test_heat_follows_the_fuel_and_may_be_dumped() -> None:
    """Full power burns 10 MW for 2,000 yuan and dumps 3 MW of heat.

    Where none may be dumped, 4 MW of fuel serve the heat and make 1.6 MW of power; 2.4 are bought. Without
    heat the park pays 600 more.
    """
    assert solved(chp()).cost == pytest.approx(2000)
    assert solved(chp(may_dump_heat=False)).cost == pytest.approx(800 + 2.4 * 600)
    park = chp()
    park.devices["unit"] = park.devices["unit"].model_copy(update={"heat_bus": None})
    assert solved(park).cost == pytest.approx(2000 + 600)


def test_fuel_comes_from_the_gas_bus() -> None:
    """Gas for 4 MW of power at 3 a MWh, 6 MW of it at most; the price of fuel is not used."""
    device = generator(min_load_share=0.0, efficiency_points=CONSTANT, gas_bus="gas")
    park = SmallPark(1).load(4).grid(100).add("unit", device, availability=1.0)
    plan = solved(park.source(6, 3, name="well", bus="gas"))
    assert plan.cost == pytest.approx(6 * 3 + 100)


class Cap(Bare):
    """A limit on what all devices emit in an interval [t]."""

    most_t: float

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.cap = pyo.Constraint(expr=interval.park_amount("co2_t") <= self.most_t)
        return Terms({})


def test_fuel_counts_with_its_co2() -> None:
    """1.01 t of CO2 are 5 MWh of gas at 0.202: 2.5 MW of the 4, although power costs ten times as much."""
    device = generator(min_load_share=0.0, efficiency_points=CONSTANT)
    park = SmallPark(1).load(4).source(9, 2000.0)
    park.add("unit", device, availability=1.0, fuel_price_yuan_per_mwh=100.0)
    assert power_mw(
        Plan(optimize((park.add("cap", Cap(most_t=1.01))).devices, park.times, 1.0, park.series))
    ) == [2.5]


def test_an_outage_stops_the_unit_and_a_share_limits_it() -> None:
    """Available 1, 0.6 and 0.4: full power, 6 MW, and nothing, because 4 MW are below the least power."""
    plan = solved(park_of([10] * 3, 1000.0, generator(), available=[1.0, 0.6, 0.4]))
    assert power_mw(plan) == [10, 6, 0]


def test_a_run_that_cannot_go_on_is_infeasible() -> None:
    device = generator(min_up_h=3.0, initial=[{"on": True, "hours": 1.0}])
    park = park_of([5] * 3, 50.0, device, available=[1.0, 0.0, 1.0])
    with pytest.raises(InfeasibleError):
        optimize(park.devices, park.times, park.hours, park.series)


def test_what_is_left_at_midnight() -> None:
    """One unit stopped an hour ago; one has run for these two hours and two before."""
    device = generator(units=2, min_up_h=5.0, initial=[{"on": True}, {"on": True, "hours": 2.0}])
    times = park_of([0] * 4, 0, device).times
    values = {"unit_1_on": [1, 1, 0, 0], "power_1_mw": [6, 5, 0, 1e-9]}
    values |= {"unit_2_on": [1, 1, 1, 1], "power_2_mw": [5, 5, 7, 10 + 1e-9]}
    part = Seen(times, 0.5, {key: np.array(array, float) for key, array in values.items()}, {}, {})
    left = device.state_after(part)
    assert left == {
        "unit_1_on": 0.0, "unit_1_h": 1.0, "unit_1_mw": 0.0,
        "unit_2_on": 1.0, "unit_2_h": 4.0, "unit_2_mw": 10.0,
    }  # fmt: skip
    assert device.starting_from(left).initial_state() == left


def test_every_rule_is_seen_to_be_broken() -> None:
    device = generator(heat_bus="heat", min_up_h=2.0, min_down_h=2.0, ramp_share_per_hour=0.3)
    park = park_of([6, 6, 6, 0, 0, 0], 1000.0, device).load(0, "heat_load", "heat")
    part = seen(solved(park), "unit")
    assert broken_rules(device, part) == set()
    for changes, rule in [
        ({"power_1_mw": {2: 4.0}}, "unit_power_mw"),
        ({"power_1_mw": {4: 0.1}}, "unit_power_mw"),
        ({"unit_1_on": {0: 0.7}}, "unit_power_mw"),
        ({"unit_1_on": {1: 0.0}}, "min_up_h"),
        ({"unit_1_on": {1: 0.0}}, "min_down_h"),
        ({"power_1_mw": {1: 9.5}}, "ramp_mw"),
        ({"fuel_mw": {1: 14.1}}, "fuel_curve_mw"),
        ({"heat_mw": {1: 9.0}}, "heat_of_fuel_mw"),
        ({"heat_mw": {1: -0.1}}, "heat_of_fuel_mw"),
        ({"bus_heat": {1: 0.2}}, "injection_mw"),
        ({"bus_ac": {1: np.nan}}, "injection_mw"),
    ]:
        assert rule in broken_rules(device, damaged(part, **changes)), rule


def test_mistakes_are_told_all_at_once() -> None:
    problems = refused(
        Generator, rated_mw=2.0, units=2, gas_bus="ac", fuel_price_yuan_per_mwh=300.0, heat_bus="heat",
        efficiency_points=[[0.5, 0.6], [1.0, 0.6]], initial=[{"on": False, "power_mw": 1.0}],
    )  # fmt: skip
    text = "\n".join(problems)
    for words in (
        "bus and gas_bus = 'ac': must be different buses",
        "`device.it.gas_bus` = 'ac' and fuel_price_yuan_per_mwh = 300: must be exactly one",
        "0.6 of power and 0.43 of heat at share 1 are more than the fuel, must be 1 at most",
        "`device.it.initial` = 1 states: must be one for each of 2 units",
        "`device.it.initial[0].power_mw` = 1: must be in [0, 0], because it stands still",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"efficiency_points": [[1.0, 0.4], [0.5, 0.3]]}, "shares of rated power must ascend and end at 1"),
        ({"efficiency_points": [[0.5, 0.4], [0.9, 0.4]]}, "shares of rated power must ascend and end at 1"),
        ({"efficiency_points": [[0.5, 0.2], [1.0, 0.45]]}, "more power would take less fuel"),
        (
            {"efficiency_points": [[0.5, 0.5], [1.0, 0.3]], "min_load_share": 0.2},
            "makes 0.2 of power out of -0.4",
        ),
        ({"efficiency_points": []}, "`device.it.efficiency_points`"),
        ({"min_load_share": 1.2}, "must be in [0, 1]"),
        ({"units": 21}, "must be in [1, 20]"),
    ],
)
def test_a_mistake_is_told_by_its_field(fields: Any, words: str) -> None:
    assert words in "\n".join(refused(Generator, rated_mw=2.0, **fields))


def test_the_curve_begins_at_the_least_power() -> None:
    """On the line through the points beside it, extended below the first; one point: no loss at no load."""
    points = ((0.5, 0.4), (0.75, 0.5), (1.0, 0.5))
    assert np.array(fuel_curve(points, 0.6)) == pytest.approx(np.array([[0.6, 1.35], [0.75, 1.5], [1, 2]]))
    assert fuel_curve(points, 0.25)[0] == pytest.approx((0.25, 1.0))
    assert np.array(fuel_curve(points, 1.0)) == pytest.approx(np.array([[1, 2]]))
    assert np.array(fuel_curve(CONSTANT, 0.0)) == pytest.approx(np.array([[0, 0], [1, 2]]))


def test_a_price_is_needed_once() -> None:
    """Fuel at no price is a missing price; of a gas bus none is needed, and one that is given is refused."""
    bought, piped = generator(), generator(gas_bus="gas")
    assert bought.missing_for_series() == ["fuel_price_yuan_per_mwh"] and piped.missing_for_series() == []
    park = park_of_air(np.zeros(2))
    assert np.isnan(bought.series(park)["fuel_price_yuan_per_mwh"]).all()
    given = {"fuel_price_yuan_per_mwh": np.ones(2)}
    assert "must be left out" in piped.impossible(given, park)["fuel_price_yuan_per_mwh"][0]
    assert bought.impossible(given, park) == {}
