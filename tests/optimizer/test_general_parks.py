"""Parks with binary decisions, long memories, windows and curves: solved by hand, and as plain Pyomo."""

from collections.abc import Callable, Mapping, Sequence
from datetime import time
from typing import Any, ClassVar

import numpy as np
import pyomo.environ as pyo
import pytest

from parkdispatch.models.device import SeriesSpec
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.vocabulary import DailyWindow, Interval, Terms
from parkdispatch.optimizer import solve
from parkdispatch.optimizer.solve import Optimum, optimize, optimize_with_pyomo
from tests.support.parks.reference_model import assert_tiled_is_reference
from tests.support.small_parks import Bare, Decisions, Plan, SmallPark

Write = Callable[[Any, Interval], Any]


class Unit(Bare):
    """Power of up to 10 MW at a price, with whatever a test writes besides; that returns a further cost."""

    write: Any
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {"price": SeriesSpec(title="price", unit="")}

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.power = pyo.Var(bounds=(0, 10))
        cost = interval.series("price") * interval.hours * block.power
        further = self.write(block, interval)
        return Terms({self.bus: block.power}, {"fuel": cost if further is None else cost + further})


def park_of(
    write: Write, load: Sequence[float], grid: float | Sequence[float], price: Any = 100.0
) -> SmallPark:
    park = SmallPark(len(load)).load(load).grid(grid)
    return park.add("unit", Unit(write=write), price=price)


def solved(park: SmallPark, seconds: float = 60.0) -> Optimum:
    """The optimum, proven, and equal to that of the plain model."""
    arguments = (park.devices, park.times, park.hours, park.series)
    optimum = optimize(*arguments, time_limit_s=seconds)
    assert optimum.proof.gap <= 1e-8
    plain = optimize_with_pyomo(*arguments, solver="appsi_highs")
    assert optimum.proof.objective_yuan == pytest.approx(plain.proof.objective_yuan, rel=1e-6, abs=1e-5)
    return optimum


def power_mw(optimum: Optimum, name: str = "power") -> list[float]:
    values = Plan(optimum).value("unit", name)
    return [round(float(value), 6) for value in values]


def test_a_unit_with_a_least_power_and_a_price_of_starting() -> None:
    """Load 2, 6, 2, 6; grid at 300, unit at 100 with 5 MW at least and 900 a start.

    The unit in hours 1 and 3 alone: 2 x 300 x 2 + 2 (6 x 100 + 900) = 4,200; grid alone 4,800. Without the
    least power it would run throughout for 900 + 1,600 = 2,500; without the price of starting 2,400.
    """

    def write(block: Any, interval: Interval) -> Any:
        return 900 * interval.committed("run", block.power, 5.0, 10.0).start

    optimum = solved(park_of(write, [2, 6, 2, 6], 300.0))
    assert optimum.proof.objective_yuan == pytest.approx(4200)
    assert power_mw(optimum) == [0, 6, 0, 6]


def test_a_load_below_the_least_power() -> None:
    """Load 2, unit of 5 to 10 MW at 190 and 1,200 a start: the grid alone, 24 x 2 x 300 = 14,400.

    With a share of the decision, a fifth of the unit, it is 24 x 2 x 190 + 1,200 / 5 = 9,360, which was
    called proven.
    """

    def write(block: Any, interval: Interval) -> Any:
        return 1200 * interval.committed("run", block.power, 5.0, 10.0).start

    assert solved(park_of(write, [2] * 24, 300.0, 190.0)).proof.objective_yuan == pytest.approx(14_400)


def test_least_times_of_running_and_standing() -> None:
    """Grid at 50 in hours 0, 1 and 5, 300 else; unit at 100, 4 MW or nothing, load 4: three hours at least.

    It ran for one hour before, so it must run hours 0 and 1 (+ 200 yuan each), and stands for two hours once
    it stops, so it goes on through hours 2 to 4: stopping in 5 is worth 200.
    """

    def write(block: Any, interval: Interval) -> None:
        history = [0.0, 0.0, 0.0, 1.0]
        interval.committed("run", block.power, 4.0, 4.0, min_up_h=3, min_down_h=2, history=history)

    optimum = solved(park_of(write, [4] * 6, [50, 50, 300, 300, 300, 50]))
    assert power_mw(optimum) == [4, 4, 4, 4, 4, 0]
    assert optimum.proof.objective_yuan == pytest.approx(5 * 400 + 200)


def test_it_stands_for_its_least_time() -> None:
    """Stopped one hour before, four hours at least: the unit may run from hour 3 on only."""

    def write(block: Any, interval: Interval) -> None:
        interval.committed("run", block.power, 1.0, 4.0, min_down_h=4, history=[1.0, 0.0])

    assert power_mw(solved(park_of(write, [4] * 5, 300.0))) == [0, 0, 0, 4, 4]


def test_a_value_some_intervals_ago() -> None:
    """At most 1 MW more than three hours before, when it was 2, 3 and 4 MW before the horizon began."""

    def write(block: Any, interval: Interval) -> None:
        block.ramp = pyo.Constraint(
            expr=block.power <= interval.previous(block.power, [2, 3, 4], steps=3) + 1
        )

    assert power_mw(solved(park_of(write, [9] * 7, 300.0))) == [3, 4, 5, 4, 5, 6, 5]


def test_a_variable_may_begin_with_other_values_in_another_rule() -> None:
    """At most 1 MW more than the hour before, when it was 2 MW; 4 yuan for each MW of it, of which none was.

    3 MW of the unit at 100 and 6 from the grid at 300: 2,100. Were the price to begin with 2 MW, as the ramp
    does: 2,108; were the ramp to begin with none, 1 MW of the unit: 2,500.
    """

    def write(block: Any, interval: Interval) -> Any:
        before = interval.previous(block.power, 2.0)
        block.rise = pyo.Constraint(expr=block.power <= before + 1)
        return 4 * interval.previous(block.power, 0.0)

    optimum = solved(park_of(write, [9], 300.0))
    assert power_mw(optimum) == [3]
    assert optimum.proof.objective_yuan == pytest.approx(3 * 100 + 6 * 300)
    assert_tiled_is_reference(park_of(write, [9, 9, 9], 300.0))


def test_a_sum_over_the_last_hours() -> None:
    """At most 6 MWh in any three hours, 4 MW before: 2 hours of 1 MW, then what leaves the window returns.

    All is worth the same, so the sum over seven hours is what counts: windows [-2..0], [1..3] and [4..6].
    """

    def write(block: Any, interval: Interval) -> None:
        block.lately = pyo.Constraint(expr=interval.recent_sum(block.power, 3.0, [0.0, 4.0]) <= 6)

    power = np.array(power_mw(solved(park_of(write, [9] * 7, 300.0))))
    before = np.array([0.0, 4.0, *power])
    assert np.convolve(before, np.ones(3), "valid").max() <= 6 + 1e-6
    assert power.sum() == pytest.approx(2 + 6 + 6)


def test_a_curve_that_is_neither_convex_nor_concave() -> None:
    """Fuel 0, 6, 7, 15 at 0, 2, 4, 6 MW; a load of 4 from the grid at 2.5 a MW or by the unit.

    4 MW from the unit cost 7; the first 2 MW alone 6. Its chords would give 5 at 4 MW less the slope of the
    first, or a lie below the curve.
    """

    def write(block: Any, interval: Interval) -> Any:
        return interval.piecewise("fuel", block.power, [(0, 0), (2, 6), (4, 7), (6, 15)])

    optimum = solved(park_of(write, [4, 2, 6], 2.5, price=0.0))
    assert power_mw(optimum) == [4, 0, 4]
    assert power_mw(optimum, "fuel") == [7, 0, 7]
    assert optimum.proof.objective_yuan == pytest.approx(7 + 5 + 7 + 5)


@pytest.mark.parametrize(("side", "value"), [("at_least", 1.0), ("at_most", 4.0)])
def test_a_curve_on_one_side_needs_no_binaries(side: Any, value: float) -> None:
    points = [(0, 0), (2, 1), (4, 4)] if side == "at_least" else [(0, 0), (2, 4), (4, 5)]

    def write(block: Any, interval: Interval) -> Any:
        block.fixed = pyo.Constraint(expr=block.power == 2.0)
        curve = interval.piecewise("curve", block.power, points, side)
        return curve if side == "at_least" else -curve

    optimum = solved(park_of(write, [4], 300.0))
    assert not optimum.tiled.is_binary.any()
    assert power_mw(optimum, "curve") == [value]


@pytest.mark.parametrize(
    ("points", "side", "words"),
    [
        ([(0, 0)], "equal", "two or more points"),
        ([(0, 0), (0, 1)], "equal", "ascending"),
        ([(0, 0), (1, 2), (2, 3)], "at_least", "convex"),
        ([(0, 0), (1, 1), (2, 3)], "at_most", "concave"),
    ],
)
def test_a_curve_that_cannot_be_is_refused(points: Any, side: Any, words: str) -> None:
    park = park_of(lambda block, interval: interval.piecewise("y", block.power, points, side), [1], 1.0)
    with pytest.raises(ValueError, match=words):
        park.tiled()


def test_a_total_in_a_window_across_midnight() -> None:
    """9 MWh at least in each night from 22:00 to 6:00, 6 at most in each morning from 8:00 to 10:00."""

    def write(block: Any, interval: Interval) -> None:
        night, morning = DailyWindow(time(22), time(6)), DailyWindow(time(8), time(10))
        interval.total("night", block.power, night, lower=9.0)
        interval.total("morning", block.power, morning, lower=1.0, upper=6.0)

    park = park_of(write, [9] * 48, [300.0 if 8 <= hour % 24 < 10 else 50.0 for hour in range(48)])
    power = np.array(power_mw(solved(park)))
    assert power[:6].sum() == pytest.approx(9), "the part of the first night that lies in the horizon"
    assert power[22:30].sum() == pytest.approx(9)
    assert power[46:].sum() == pytest.approx(9)
    assert [power[first : first + 2].sum() for first in (8, 32)] == pytest.approx([6, 6])
    assert power.sum() == pytest.approx(3 * 9 + 2 * 6)


@pytest.mark.parametrize(
    ("start", "expected"), [("2026-07-31 20:00", [1, 6]), ("2026-08-01", [6]), ("2026-07-31", [1])]
)
def test_a_total_counts_what_the_period_has_had(start: str, expected: list[float]) -> None:
    """6 MWh a month, 5 of them before the horizon: 1 is left of July, of a month that begins all 6.

    Forgotten, July would have 6; counted in August too, 1 were left there.
    """

    def write(block: Any, interval: Interval) -> None:
        interval.total("month", block.power, "month", upper=6.0, before=5.0)

    count = 8
    park = SmallPark(count, 60, start).load(9.0).grid(300.0).add("unit", Unit(write=write), price=100.0)
    power = np.array(power_mw(solved(park)))
    months = park.horizon.period("month")
    assert np.bincount(months, power) == pytest.approx(expected)


def test_nothing_obeys_the_decisions() -> None:
    """Half a decision would do; no whole one does: infeasible, in words."""

    def write(block: Any, interval: Interval) -> None:
        on = interval.binary("on")
        block.half = pyo.Constraint(expr=on == 0.5)

    park = park_of(write, [1, 1], 1.0)
    with pytest.raises(InfeasibleError, match="neither on nor off"):
        optimize(park.devices, park.times, park.hours, park.series)


def test_without_time_all_that_may_rest_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fortnight of units that may all stand still: at the limit there is a dispatch and a true bound."""
    monkeypatch.setattr(solve, "LEAST_GRACE_S", 600.0)  # for the dispatch at rest, on a machine at work

    def write(block: Any, interval: Interval) -> Any:
        return 40 * interval.committed("run", block.power, 3.0, 10.0, min_up_h=5, min_down_h=4).start

    random = np.random.default_rng(5)
    park = SmallPark(14 * 96, 15).load(random.uniform(5, 30, 14 * 96)).grid(random.uniform(50, 150, 14 * 96))
    for number in range(5):
        park.add(f"unit_{number}", Unit(write=write), price=90.0 + number)
    proof = optimize(park.devices, park.times, park.hours, park.series, time_limit_s=0.1).proof
    assert proof.primal_infeasibility <= 1e-6
    assert proof.bound_yuan <= proof.objective_yuan


@pytest.mark.parametrize("seed", range(3))
def test_random_parks_of_every_word_are_those_of_plain_pyomo(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(8, 20))
    park = SmallPark(count, 30, "2026-07-31 18:00").load(random.uniform(0, 9, count))
    park.grid(random.uniform(-9, 99, count), random.uniform(-20, 60, count), export_limit=9)
    park.grid(7.0, 5.0, export_limit=9, name="second", bus="other")
    park.battery(power_mw=2.0, energy_mwh=3.0, eta_charge=0.9, min_charge_mw=1.0)
    for number in range(2):
        series = {"top": random.uniform(0, 2, count), "price": random.uniform(0, 9, count)}
        park.add(f"decisions_{number}", Decisions(per="day"), **series)
    solved(park)
