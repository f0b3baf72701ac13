"""The cheapest size: by hand, against one program with sizes as decisions, and what its proof rests on."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from parkdispatch.models.capacity import Sized
from parkdispatch.models.device import Array
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.highs import Solver
from parkdispatch.optimizer.parametric.derivatives import slope
from parkdispatch.optimizer.parametric.parametric_bound import ParametricCut
from parkdispatch.optimizer.parametric.parametric_search import (
    ParameterLimits,
    ParametricOptimum,
    ParametricSearch,
)
from parkdispatch.optimizer.solve import optimize
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.studies.sizing.marginal_value import FIELDS, resized
from tests.support.parks.month_parks import month_with_candidate_violations
from tests.support.small_parks import SmallPark

BOX = ParameterLimits(
    np.array([0.0, 0.0]), np.array([8.0, 20.0]), np.array([[1.0, -1.0], [-4.0, 1.0]]), np.zeros(2)
)


def tiled_at(park: SmallPark) -> Callable[[Array], Tiled]:
    horizon = Horizon(park.times, park.hours)

    def made(numbers: Array) -> Tiled:
        devices = resized(park.devices, "battery", float(numbers[0]), float(numbers[1]))
        return tile(compile_template(devices, park.hours), horizon, park.series)

    return made


class Watched(ParametricSearch):
    """A search that records its cuts."""

    def __init__(self, park: SmallPark, price: Array, limits: ParameterLimits, pool: ThreadPool) -> None:
        super().__init__(tiled_at(park), limits, price, pool, lambda _: None)
        self.cuts: list[tuple[Array, Array, ParametricCut]] = []

    def _solved(self, node, point, deadline):  # type: ignore[no-untyped-def]
        optimum, cut = super()._solved(node, point, deadline)
        self.cuts.append((node.lower, node.upper, cut))
        return optimum, cut


def searched(
    park: SmallPark, price: Array, limits: ParameterLimits = BOX, gap: float = 1e-5
) -> tuple[ParametricOptimum, Watched]:
    with ThreadPool(2) as pool:
        search = Watched(park, price, limits, pool)
        return search.run(0.5 * (limits.lower + limits.upper), gap, 60.0), search


def cost_at(park: SmallPark, numbers: Array) -> float:
    devices = resized(park.devices, "battery", float(numbers[0]), float(numbers[1]))
    return optimize(devices, park.times, park.hours, park.series, threads=1).proof.objective_yuan


def thirsty(seed: int, days: int = 14) -> SmallPark:
    """A park whose battery's auxiliaries draw power by its size, so that right-hand sides move too."""
    park = month_with_candidate_violations(seed, days)
    park.devices["battery"] = park.devices["battery"].model_copy(update={"auxiliary_share": 0.02})
    return park


def two_prices() -> SmallPark:
    """Twelve cheap hours, then twelve dear ones; a battery without losses that is empty at both ends."""
    park = SmallPark(24).grid([100.0] * 12 + [600.0] * 12).load(5.0)
    ideal = {"soc_min": 0, "soc_max": 1, "initial_soc": 0, "eta_charge": 1, "eta_discharge": 1}
    return park.add("battery", Battery(power_mw=1, energy_mwh=1, auxiliary_share=0, **ideal))


def test_by_hand() -> None:
    """Each MWh saves 500 yuan until the load of the dear hours, 60 MWh, is met; in 12 hours 5 MW bring it."""
    limits = ParameterLimits(np.zeros(2), np.array([20.0, 100.0]), np.array([[0.0, 0.0]]), np.zeros(1))
    best, _ = searched(two_prices(), np.array([600.0, 300.0]), limits)
    assert best.best.numbers == pytest.approx([5.0, 60.0], abs=1e-2)
    # 500 x 60 - 600 x 5 - 300 x 60 = 9,000 less than 60 x 100 + 60 x 600
    assert best.best.cost_yuan == pytest.approx(42_000.0 - 9_000.0, abs=1.0)
    assert best.bound_yuan == pytest.approx(best.best.cost_yuan, abs=1.0)


def test_too_dear_is_not_built() -> None:
    limits = ParameterLimits(np.zeros(2), np.array([20.0, 100.0]), np.array([[0.0, 0.0]]), np.zeros(1))
    best, _ = searched(two_prices(), np.array([0.0, 501.0]), limits)
    assert best.best.numbers[1] == pytest.approx(0.0, abs=1e-6)
    assert best.best.cost_yuan == pytest.approx(42_000.0)


@pytest.mark.parametrize("seed", [0, 2])
def test_as_one_program_with_the_sizes_as_decisions(seed: int) -> None:
    """HiGHS with every binary and both sizes; windows that dispute the peak leave a bound a little below."""
    park, price = month_with_candidate_violations(seed, days=3), np.array([700.0, 1500.0])
    free = ParameterLimits(BOX.lower, BOX.upper, np.array([[0.0, 0.0]]), np.zeros(1))
    best, _ = searched(park, price, free, gap=1e-5)
    sizes = {
        field: Sized(max=float(most), cost_yuan_per_unit=float(yuan))
        for field, most, yuan in zip(FIELDS, BOX.upper, price, strict=True)
    }
    devices = {**park.devices, "battery": park.devices["battery"].model_copy(update=sizes)}
    tiled = tile(compile_template(devices, park.hours), Horizon(park.times, park.hours), park.series)
    every = np.ones((len(tiled.template.pairs), len(park.times)), dtype=bool)
    solver = Solver(time_limit_s=60)
    solver.load(tiled.with_binaries(every))
    together = solver.solve()
    optimum = tiled.program.objective(together.x[: len(tiled.program.cost)])
    assert best.best.numbers[1] > 1.0  # something is built
    assert best.best.cost_yuan == pytest.approx(optimum, rel=1.1e-5)
    assert best.bound_yuan <= optimum * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_no_cut_is_above_the_cost_anywhere_in_its_range(seed: int) -> None:
    park, rng = thirsty(seed, days=3), np.random.default_rng(seed)
    _, search = searched(park, np.array([2000.0, 4000.0]))
    for lower, upper, cut in search.cuts[:3]:
        corners = [np.array(corner) for corner in product(*zip(lower, upper, strict=True))]
        for numbers in (*corners, *rng.uniform(lower, upper, (4, 2))):
            cost = cost_at(park, numbers)
            assert cut(numbers) <= cost + 1e-7 * abs(cost)


def test_cuts_are_tight_but_for_shared_decisions_in_several_windows() -> None:
    """In a range of one point the cut is the optimum, but for shared decisions that windows differ about."""
    park, size = month_with_candidate_violations(1), np.array([5.0, 12.0])
    _, search = searched(park, np.zeros(2), ParameterLimits(size, size, np.array([[0.0, 0.0]]), np.zeros(1)))
    assert search.cuts[0][2](size) == pytest.approx(cost_at(park, size), rel=1e-4)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("number", [0, 1])
def test_slopes_lie_between_the_differences(seed: int, number: int) -> None:
    park, size, unit = thirsty(seed), np.array([4.0, 9.0]), np.eye(2)[number]
    park.devices = resized(park.devices, "battery", *size)
    optimum = optimize(park.devices, park.times, park.hours, park.series, apart=True)
    assert optimum.final_relaxation is not None
    slope_yuan = slope(
        optimum.final_relaxation, optimum.x, optimum.tiled, tiled_at(park)(size + 1e-3 * unit), 1e-3
    )
    here = optimum.proof.objective_yuan
    less, more = ((cost_at(park, size + step * unit) - here) / step for step in (-1e-3, 1e-3))
    # a cost that falls ever more slowly; the differences carry the rounding of two optima
    assert min(less, more) - 1.0 <= slope_yuan <= max(less, more) + 1.0
