"""What is true of every park, whatever its numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkdispatch.models.device import Array
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver
from parkdispatch.optimizer.solve import optimize
from tests.support.small_parks import Plan, SmallPark, parks_with_candidate_violations

LOOSE = 1e-6  # relative, and yuan
often: Callable[[Any], Any] = settings(
    max_examples=15, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


class Numbers:
    """An ordinary park's numbers: prices above zero, sale below purchase, sun and load of any shape."""

    def __init__(self, count: int, seed: int, demand: float | None) -> None:
        random = np.random.default_rng(seed)
        self.count, self.demand = count, demand
        self.buy = random.choice([300.0, 600.0, 900.0, 1200.0], count)
        self.sell = self.buy * random.uniform(0, 1)
        self.load = random.uniform(0, 10, count)
        self.sun = np.maximum(0, random.uniform(-8, 14, count))

    def park(
        self,
        *,
        shift: float = 0.0,
        scale: float = 1.0,
        repeat: int = 1,
        sun: bool = True,
        export: float = 6.0,
    ) -> SmallPark:
        """The park, with prices shifted and scaled, every hour repeated in shorter intervals."""
        demand = None if self.demand is None else self.demand * scale
        park = SmallPark(self.count * repeat, 60 // repeat, "2026-07-31 18:00")

        def long(values: Array) -> Array:
            return np.repeat(values, repeat)

        prices = [long((values + shift) * scale) for values in (self.buy, self.sell)]
        park.grid(*prices, import_limit=25, export_limit=export, demand=demand).load(long(self.load))
        return park.pv(long(self.sun)) if sun else park


numbers = st.builds(
    Numbers, st.integers(1, 14), st.integers(0, 2**32 - 1), st.sampled_from([None, 0.0, 3000.0])
)
efficiency = st.sampled_from([0.8, 0.94, 1.0])
shares = st.sampled_from([0.0, 0.1, 0.5, 1.0])


@st.composite
def batteries(draw: st.DrawFn) -> dict[str, Any]:
    """A battery that may rest: it draws nothing and leaks nothing."""
    return {
        "power_mw": draw(st.sampled_from([0.5, 3.0])),
        "energy_mwh": draw(st.sampled_from([1.0, 6.0])),
        "initial_soc": draw(shares),
        "eta_charge": draw(efficiency),
        "eta_discharge": draw(efficiency),
        "max_cycles_per_day": draw(st.sampled_from([None, 1.0])),
        "wear_yuan_per_mwh": draw(st.sampled_from([0.0, 40.0])),
    }


def no_dearer(cost: float, than: float) -> bool:
    return cost <= than + LOOSE * max(1.0, abs(than))


@often
@given(parks_with_candidate_violations())
def test_power_sums_to_zero_at_each_bus(park: SmallPark) -> None:
    park.source(3, 20, bus="dc").load(np.linspace(0, 3, len(park.times)), name="dc_load", bus="dc")
    for bus, power_mw in park.solve().buses():
        assert np.abs(power_mw).max() <= 1e-6, bus


@often
@given(parks_with_candidate_violations())
def test_named_costs_add_up(park: SmallPark) -> None:
    plan = park.solve()
    tiled = plan.optimum.tiled
    total = sum(tiled.evaluate(f, plan.x).sum() for f in tiled.template.costs.values())
    for shared in tiled.template.shared:
        first = park.horizon.first(shared.per)
        total += sum(
            (tiled.constant_term(f, first) * plan.value(*shared.key)).sum() for f in shared.costs.values()
        )
    assert total == pytest.approx(plan.cost, rel=1e-9, abs=1e-6)


@often
@given(numbers, batteries())
def test_battery_never_costs_more_than_none(given_: Numbers, battery: dict[str, Any]) -> None:
    assert no_dearer(given_.park().battery(**battery).solve().cost, given_.park().solve().cost)


@often
@given(numbers, batteries(), st.sampled_from(["power_mw", "energy_mwh"]))
def test_bigger_free_battery_never_costs_more(given_: Numbers, battery: dict[str, Any], name: str) -> None:
    """Empty at first: a share of a bigger battery would be more energy, and more to bring back."""
    battery = battery | {"initial_soc": 0.0}
    bigger = battery | {name: 1.5 * battery[name]}
    small, big = (given_.park().battery(**b).solve().cost for b in (battery, bigger))
    assert no_dearer(big, small)


@often
@given(numbers, batteries())
def test_free_size_is_as_good_as_the_greatest(given_: Numbers, battery: dict[str, Any]) -> None:
    """Sized at no cost, the optimum is that of the greatest size. Empty at first, as above."""
    battery = battery | {"initial_soc": 0.0}
    free = {n: {"max": battery[n], "cost_yuan_per_unit": 0.0} for n in ("power_mw", "energy_mwh")}
    sized, fixed = (given_.park().battery(**b).solve().cost for b in (battery | free, battery))
    assert sized == pytest.approx(fixed, rel=LOOSE, abs=1e-4)


@often
@given(numbers, batteries(), st.sampled_from([2, 4]))
def test_hours_cut_in_parts_cost_the_same(given_: Numbers, battery: dict[str, Any], repeat: int) -> None:
    """With and without demand charge. Prices above zero and sale below purchase, so that nothing is gained by
    doing two things within an hour; the average over the hour is then as good, and no peak is higher.
    """
    whole, parts = (given_.park(repeat=r).battery(**battery).solve().cost for r in (1, repeat))
    assert parts == pytest.approx(whole, rel=LOOSE, abs=1e-4)


@often
@given(numbers, batteries())
def test_quarter_hours_cut_in_parts_of_five_minutes_cost_the_same(
    given_: Numbers, battery: dict[str, Any]
) -> None:
    """The month's peak is one of quarter-hours, however finely they are cut."""
    whole, parts = (given_.park(repeat=r).battery(**battery).solve().cost for r in (4, 12))
    assert parts == pytest.approx(whole, rel=LOOSE, abs=1e-4)


@often
@given(numbers, st.floats(0.01, 100))
def test_prices_scale_costs(given_: Numbers, scale: float) -> None:
    """All prices by a factor, the demand charge too: the cost by that factor."""
    park = {"power_mw": 3.0, "energy_mwh": 6.0, "eta_charge": 0.9}
    once, scaled = (given_.park(scale=s).battery(**park).solve().cost for s in (1.0, scale))
    assert scaled == pytest.approx(scale * once, rel=LOOSE, abs=1e-4)


@often
@given(numbers, batteries(), st.floats(0, 500))
def test_shifted_prices(given_: Numbers, battery: dict[str, Any], shift: float) -> None:
    """All prices up by s, no sun, no sale: what is bought is the load and the losses. A lossless battery that
    must end as it began changes nothing of that: exactly s x load more. With losses, at least that.
    """
    load_mwh = given_.load.sum()
    for lossless in (True, False):
        used = battery | ({"eta_charge": 1.0, "eta_discharge": 1.0} if lossless else {})
        before, after = (
            given_.park(shift=s, sun=False, export=0.0).battery(**used).solve().cost for s in (0.0, shift)
        )
        least = before + shift * load_mwh
        assert no_dearer(least, after)
        if lossless:
            assert after == pytest.approx(least, rel=LOOSE, abs=1e-4)


@often
@given(numbers, batteries())
def test_order_of_devices_does_not_matter(given_: Numbers, battery: dict[str, Any]) -> None:
    park = given_.park().battery(**battery)
    turned = dict(reversed(park.devices.items()))
    other = Plan(optimize(turned, park.times, park.hours, park.series, threads=1))
    assert other.cost == pytest.approx(park.solve().cost, rel=LOOSE, abs=1e-4)


@often
@given(parks_with_candidate_violations(), st.sampled_from([1, 2]))
def test_same_input_same_output(park: SmallPark, threads: int) -> None:
    """Bit for bit, whatever the number of threads."""
    first = optimize(park.devices, park.times, park.hours, park.series, threads=1)
    again = optimize(park.devices, park.times, park.hours, park.series, threads=threads)
    assert np.array_equal(first.x, again.x)
    assert first.proof == again.proof


@often
@given(parks_with_candidate_violations(), st.integers(0, 2**16))
def test_bound_lies_below_any_dispatch(park: SmallPark, seed: int) -> None:
    """A dispatch made at random, with one member of each pair at rest, never costs less than the bound."""
    plan = park.solve()
    tiled, random = plan.optimum.tiled, np.random.default_rng(seed)
    upper = tiled.program.upper.copy()
    for pair in tiled.template.pairs:
        a, b = tiled.column_of(pair.a), tiled.column_of(pair.b)
        fixed_at_zero = np.where(random.random(len(a)) < 0.5, a, b)
        upper[fixed_at_zero] = tiled.program.lower[fixed_at_zero]
    solver = Solver()
    solver.load(tiled.program)
    solver.change_bounds(np.arange(len(upper)), tiled.program.lower, upper)
    try:
        chosen = solver.solve()
    except InfeasibleProgram:
        return
    assert no_dearer(plan.optimum.proof.bound_yuan, tiled.program.objective(chosen.x))
