"""Months of short intervals start from their segments' optima, and end at the same optimum."""

import numpy as np
import pytest
import scipy.sparse as sp

from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Basis, Solver, SolverAnswer
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer
from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.proof.certificate import certify
from parkdispatch.optimizer.relaxation import coarse_start as coarse_module
from parkdispatch.optimizer.relaxation import month_blocks as blocks_module
from parkdispatch.optimizer.relaxation.coarse_start import CoarseSolution, coarse_park
from parkdispatch.optimizer.relaxation.crash_basis import StartingPoint
from parkdispatch.optimizer.relaxation.month_blocks import MonthBlocks
from parkdispatch.optimizer.solve import optimize
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.tiled_optimum import SolveSettings
from parkdispatch.optimizer.window_optimum import find_optimum
from tests.support.parks.month_parks import in_one_piece, month_with_candidate_violations, quarter_year
from tests.support.small_parks import SmallPark


@pytest.fixture
def coarse_starts(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Months of some hundred hours count as long; whether segments gave a starting point, each time."""
    for name, value in (("LONG", 500), ("SHORT", 250), ("SEGMENT", 60)):
        monkeypatch.setattr(coarse_module, name, value)
    succeeded: list[bool] = []
    solve_segments = blocks_module.solve_segments

    def noted(*given: object) -> object:
        succeeded.append((start := solve_segments(*given)) is not None)  # type: ignore[arg-type]
        return start

    monkeypatch.setattr(blocks_module, "solve_segments", noted)
    return succeeded


@pytest.mark.parametrize("demand", [None, 300.0, 3000.0])
@pytest.mark.parametrize("seed", range(2))
def test_the_optimum_is_that_of_the_full_program(
    coarse_starts: list[bool], seed: int, demand: float | None
) -> None:
    park = quarter_year(seed, demand=demand)
    optimum = optimize(park.devices, park.times, park.hours, park.series)
    assert coarse_starts == [True]
    assert optimum.proof.gap <= 1e-9
    assert optimum.proof.objective_yuan == pytest.approx(in_one_piece(park.tiled()), rel=1e-9)


@pytest.mark.parametrize("seed", range(2))
def test_with_pairs_it_is_the_same_too(coarse_starts: list[bool], seed: int) -> None:
    park = month_with_candidate_violations(seed, days=28)
    optimum = optimize(park.devices, park.times, park.hours, park.series)
    assert coarse_starts[0]
    coarse_starts.clear()
    coarse_module.LONG = 10**9  # set back with the rest
    plain = optimize(park.devices, park.times, park.hours, park.series)
    assert not coarse_starts
    assert optimum.proof.objective_yuan == pytest.approx(plain.proof.objective_yuan, rel=2e-9)
    assert not violated_pairs(optimum.tiled, optimum.x).any()


@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_coarse_solution_costs_time_only(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Peaks, stored energy and break points drawn at random: the optimum is the same."""
    monkeypatch.setattr(coarse_module, "SEGMENT", 60)
    tiled, rng = quarter_year(seed).tiled(), np.random.default_rng(seed)
    drawn = CoarseSolution(rng.uniform(0, 9, tiled.shared_starts[-1]), np.unique(rng.integers(1, 2160, 30)))
    with ThreadPool(2) as pool:
        x, dual = MonthBlocks(
            tiled, tiled.program, LagrangianPricer(tiled, tiled.program), pool, coarse=drawn
        ).solve()
    assert certify(tiled.program, x, dual).holds
    assert tiled.program.objective(x) == pytest.approx(in_one_piece(tiled), rel=1e-10)


def test_temporary_bounds_may_be_infeasible() -> None:
    """x + y = 5 with both up to 4, from the point (3, 1), where nothing is basic: as bounds, x <= 3 and
    y <= 1 leave nothing. The optimum is x = 1, y = 4 for 2 + 4.
    """
    program = LinearProgram(
        cost=np.array([2.0, 1.0]),
        offset=0.0,
        matrix=sp.csr_array(np.array([[1.0, 1.0]])),
        row_lower=np.array([5.0]),
        row_upper=np.array([5.0]),
        lower=np.zeros(2),
        upper=np.full(2, 4.0),
        binary=np.zeros(2, dtype=bool),
    )
    nothing = Basis(np.zeros(2, dtype=bool), np.ones(1, dtype=bool), np.zeros(2, dtype=bool))
    start = StartingPoint(np.array([3.0, 1.0]), np.zeros(1), nothing)
    answer = start.solve(Solver(presolve=False, primal=True), program)
    assert answer.x == pytest.approx([1.0, 4.0])


def test_from_a_good_coarse_solution_a_month_takes_few_steps(
    coarse_starts: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prices and load that change every third hour are the same in longer intervals: little is left to do."""
    rng, count = np.random.default_rng(1), 24 * 59
    park, hour = SmallPark(count, start="2026-01-01"), np.arange(count) % 24
    park.grid(np.where(hour < 6, 300.0, np.where(hour < 18, 500.0, 900.0)), 0.0, demand=3000.0)
    park.load(np.repeat(rng.uniform(3.0, 8.0, count // 3), 3)).add(
        "battery", Battery(power_mw=2, energy_mwh=9)
    )
    tiled, steps = park.tiled(), list[int]()
    solve = blocks_module.Solver.solve

    def counted(self: blocks_module.Solver) -> SolverAnswer:
        answer = solve(self)
        if len(answer.x) > 24 * 27 * len(tiled.template.columns):
            steps.append(answer.iterations)
        return answer

    monkeypatch.setattr(blocks_module.Solver, "solve", counted)
    totals = []
    for seen in (coarse_park(tiled, park.devices), None):
        steps.clear()
        with ThreadPool(2) as pool:
            find_optimum(tiled, tiled, SolveSettings(pool), coarse=seen)
        totals.append(sum(steps))
    assert coarse_starts == [True]
    assert totals[0] < totals[1] / 10


def test_a_limit_that_couples_segments_prevents_a_coarse_start(coarse_starts: list[bool]) -> None:
    """Cycles of a day are counted from midnight to midnight, where no segment need end."""
    park = quarter_year(3, max_cycles_per_day=0.5)
    optimum = optimize(park.devices, park.times, park.hours, park.series)
    assert coarse_starts == [False]
    assert optimum.proof.objective_yuan == pytest.approx(in_one_piece(park.tiled()), rel=1e-9)


def test_coarse_series_are_means_and_of_zeros_and_ones_the_first() -> None:
    assert coarse_module._coarse_series(np.array([1.0, 3.0, 0.0, 5.0]), 2).tolist() == [2.0, 2.5]
    assert coarse_module._coarse_series(np.array([0.0, 1.0, 1.0, 1.0]), 2).tolist() == [0.0, 1.0]


def test_short_months_have_no_coarse_start() -> None:
    park = quarter_year(0)
    assert coarse_park(park.tiled(), park.devices) is None


def test_days_that_do_not_divide_have_no_coarse_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """From one o'clock on, the first day has 23 hours: no longer interval ends with it."""
    monkeypatch.setattr(coarse_module, "LONG", 500)
    monkeypatch.setattr(coarse_module, "SHORT", 250)
    park = quarter_year(0)
    late = type(park)(len(park.times) - 1, start="2026-01-01 01:00")
    late.grid(500.0).load(1.0).add("battery", Battery(power_mw=2, energy_mwh=9))
    assert coarse_park(late.tiled(), late.devices) is None
    assert coarse_park(park.tiled(), park.devices) is not None
