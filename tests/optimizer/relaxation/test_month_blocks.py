"""Block-wise solution and repair in windows give the optimum of the full problem."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.highs import Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer
from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.proof.certificate import certify
from parkdispatch.optimizer.relaxation.crash_basis import BasisStatus
from parkdispatch.optimizer.relaxation.month_blocks import BlocksWarmStart, MonthBlocks
from parkdispatch.optimizer.solve import optimize
from parkdispatch.optimizer.thread_pool import ThreadPool
from tests.support.parks.month_parks import HOURS, in_one_piece, month_with_candidate_violations, quarter_year
from tests.support.small_parks import SmallPark


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("demand", [None, 300.0, 30000.0])
def test_months_give_the_optimum_of_the_full_problem(seed: int, demand: float | None) -> None:
    tiled = quarter_year(seed, demand=demand).tiled()
    with ThreadPool(2) as pool:
        x, dual = MonthBlocks(tiled, tiled.program, LagrangianPricer(tiled, tiled.program), pool).solve()
    assert certify(tiled.program, x, dual).holds
    assert tiled.program.objective(x) == pytest.approx(in_one_piece(tiled), rel=1e-10)


def test_a_second_solve_with_other_bounds_is_exact_too() -> None:
    tiled = quarter_year(3).tiled()
    column = tiled.column_of(next(n for n, c in enumerate(tiled.template.columns) if c.key[1] == "charge_mw"))
    upper = tiled.program.upper.copy()
    upper[column[5::7]] = 0.0
    changed = replace(tiled.program, upper=upper)
    with ThreadPool(2) as pool:
        blocks = MonthBlocks(tiled, tiled.program, LagrangianPricer(tiled, tiled.program), pool)
        blocks.solve()
        x, dual = blocks.solve(upper)
    assert certify(changed, x, dual).holds
    assert changed.objective(x) > in_one_piece(tiled)


def test_a_limit_of_the_whole_horizon_couples_the_months() -> None:
    park = quarter_year(4)
    tiled = park.tiled()
    rows = tiled.program.matrix[[0]]
    with ThreadPool(2) as pool:
        free, _ = MonthBlocks(tiled, tiled.program, LagrangianPricer(tiled, tiled.program), pool).solve()
        charge = tiled.column_of(
            next(n for n, c in enumerate(tiled.template.columns) if c.key[1] == "charge_mw")
        )
        limit = 0.5 * free[charge].sum()
        row = sp.csr_array((np.ones(HOURS), (np.zeros(HOURS, dtype=int), charge)), shape=rows.shape)
        program = tiled.program
        tied = replace(
            program,
            matrix=sp.vstack([program.matrix, row], format="csr"),
            row_lower=np.append(program.row_lower, -np.inf),
            row_upper=np.append(program.row_upper, limit),
        )
        x, dual = MonthBlocks(tiled, tied, LagrangianPricer(tiled, tied), pool).solve()
    assert certify(tied, x, dual).holds
    assert x[charge].sum() == pytest.approx(limit)


def test_counters_that_restart_every_quarter_hour_couple_no_months() -> None:
    """Energy since the quarter-hour began crosses no midnight: two days in two months stay two blocks."""
    count, hour = 2 * 288, np.arange(2 * 288) // 12 % 24
    park = SmallPark(count, minutes=5, start="2026-01-31")
    # dear until midnight and cheap after it: the battery is empty there whatever happens
    park.grid(np.where(hour < 6, 100.0, np.where(hour < 19, 500.0, 900.0)), 0.0, demand=30.0)
    park.load(np.random.default_rng(5).uniform(3.0, 8.0, count)).add(
        "battery", Battery(power_mw=2, energy_mwh=9)
    )
    tiled = park.tiled()
    with ThreadPool(2) as pool:
        blocks = MonthBlocks(tiled, tiled.program, LagrangianPricer(tiled, tiled.program), pool)
        x, dual = blocks.solve()
    assert blocks.warm_start.firsts == (0, 288)
    assert certify(tiled.program, x, dual).holds
    assert tiled.program.objective(x) == pytest.approx(in_one_piece(tiled), rel=1e-10)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_answer_does_not_depend_on_the_number_of_threads(threads: int) -> None:
    park = month_with_candidate_violations()
    optimum = optimize(park.devices, park.times, park.hours, park.series, threads=threads)
    once = optimize(park.devices, park.times, park.hours, park.series, threads=2)
    np.testing.assert_array_equal(optimum.x, once.x)
    assert optimum.proof == once.proof


@pytest.mark.parametrize("seed", range(8))
def test_repair_closes_to_the_optimum_with_all_binaries(seed: int) -> None:
    """The month's peak ties noon, where binaries are, to the evening, where none are."""
    park = month_with_candidate_violations(seed, days=6)
    optimum = optimize(park.devices, park.times, park.hours, park.series)
    tiled = optimum.tiled
    every = np.ones((len(tiled.template.pairs), len(park.times)), dtype=bool)
    solver = Solver(time_limit_s=60)
    solver.load(tiled.with_binaries(every))
    answer = solver.solve()
    assert optimum.proof.violated > 0
    assert optimum.proof.gap <= 1e-9
    assert not violated_pairs(tiled, optimum.x).any()
    assert optimum.proof.objective_yuan == pytest.approx(
        tiled.program.objective(answer.x[: len(optimum.x)]), rel=1e-8
    )


def test_a_window_that_holds_the_peak_alone_pays_for_it() -> None:
    """All four hours become one window that determines the peak: without its price -244.78, or a gap."""
    park = SmallPark(4, start="2026-07-31 18:00")
    buy, sell = [-34.0, 37.0, -36.0, -39.0], [-38.0, 32.0, -56.0, -36.0]
    park.grid(buy, sell, import_limit=20.0, demand=50.0).load([6.0, 0.0, 2.0, 4.0])
    park.battery(power_mw=4, energy_mwh=10, initial_soc=1.0, eta_charge=0.8, eta_discharge=0.8)
    assert park.solve().cost == pytest.approx(-254.63, abs=0.01)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("least_mw", [0.0, 2.0])
def test_without_time_there_is_a_dispatch_and_its_gap_is_true(seed: int, least_mw: float) -> None:
    park = month_with_candidate_violations(seed, days=5)
    battery = park.devices["battery"].model_copy(update={"min_charge_mw": least_mw})
    park.devices = {**park.devices, "battery": battery}
    hasty = optimize(park.devices, park.times, park.hours, park.series, time_limit_s=0.0)
    patient = optimize(park.devices, park.times, park.hours, park.series, time_limit_s=0.5)
    assert not violated_pairs(hasty.tiled, hasty.x).any()
    assert 0 <= hasty.proof.gap < 0.1
    assert hasty.proof.bound_yuan <= patient.proof.objective_yuan * (1 + 1e-9)
    assert hasty.proof.objective_yuan >= patient.proof.bound_yuan * (1 - 1e-9)


def test_a_state_is_estimated_at_its_distance_from_the_nearer_bound() -> None:
    """A battery between 5 and 95 MWh, then one between 5.2 and 98.8; three have one bound or none."""
    few = quarter_year(0).tiled().program
    inf = np.inf
    nothing = BasisStatus(*(np.zeros(0, dtype=bool) for _ in range(3)))
    before = replace(
        few,
        lower=np.array([5.0, 5.0, 5.0, 5.0, 0.0, -inf, -inf]),
        upper=np.array([95.0, 95.0, 95.0, 95.0, inf, 7.0, inf]),
    )
    warm_start = BlocksWarmStart.of([0], nothing, np.array([5.0, 7.863, 90.0, 95.0, 3.0, 6.0, -4.0]), before)
    after = replace(
        few,
        lower=np.array([5.2, 5.2, 5.2, 5.2, 1.0, -inf, -inf]),
        upper=np.array([98.8, 98.8, 98.8, 98.8, inf, 8.0, inf]),
    )
    np.testing.assert_allclose(warm_start.values_in(after), [5.2, 8.063, 93.8, 98.8, 4.0, 7.0, -4.0])
    np.testing.assert_allclose(warm_start.values_in(before), [5.0, 7.863, 90.0, 95.0, 3.0, 6.0, -4.0])
    narrow = replace(after, lower=np.full(7, 6.0), upper=np.full(7, 6.5))
    assert ((warm_start.values_in(narrow) >= 6.0) & (warm_start.values_in(narrow) <= 6.5)).all()
