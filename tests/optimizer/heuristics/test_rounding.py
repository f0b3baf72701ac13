"""A point that obeys every pair, made of one that does not."""

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.models.device import Array
from parkdispatch.optimizer import time_budget as shares
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.heuristics import rounding
from parkdispatch.optimizer.heuristics.relaxed_problem import RelaxedProblem
from parkdispatch.optimizer.heuristics.rounding import Rounding
from parkdispatch.optimizer.highs import Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer
from parkdispatch.optimizer.partition.windows import Partition, Window
from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.proof.certificate import primal_infeasibility
from parkdispatch.optimizer.relaxation.month_blocks import MonthBlocks
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.time_budget import LEAST_S, PATIENCE, TimeBudget
from tests.support.parks.minimum_power_parks import random_park
from tests.support.small_parks import SmallPark

SOON, OVER = 60.0, -1.0  # from now to the deadline


def rounded(tiled: Tiled, pressed_after: list[int], left_s: float = SOON) -> tuple[Array, Array | None]:
    """The optimum of the relaxation, and what is made of it.

    The horizon is cut after these intervals, in which its battery is full or empty, and where the relaxation
    has it so if there are none.
    """
    program, pricer = tiled.program, LagrangianPricer(tiled, tiled.program)
    with ThreadPool(2) as pool:
        blocks = MonthBlocks(tiled, program, pricer, pool)
        x, dual = blocks.solve()
        reduced = pricer.multipliers(dual).reduced
        if pressed_after:
            reduced = np.zeros(len(x))
            state = tiled.column_of(tiled.template.previous[0].column)[pressed_after]
            reduced[state] = np.where(x[state] <= program.lower[state], 100.0, -100.0)
        partition = Partition(tiled, program, pricer.extractor.carried, x, reduced)
        problem = RelaxedProblem(tiled, program, pricer, blocks, pool, time.monotonic() + left_s)
        return x, Rounding(problem).round_off(x, np.zeros(len(x), dtype=bool), partition)


def obeys(tiled: Tiled, x: Array) -> bool:
    return primal_infeasibility(tiled.program, x) <= 1e-6 and not violated_pairs(tiled, x).any()


def below_the_peak(crowded: int) -> Tiled:
    """Two hours with 1 MW of room below the peak, some with none, one with plenty, and two dear ones.

    The one with plenty costs 1 yuan/MWh more. The battery of 2 MWh charges 2 MW or none; the relaxation
    charges 1 MW in each of the first two hours.
    """
    prices, load = [*[100.0] * (2 + crowded), 101.0], [9.0, 9.0, *[10.0] * crowded, 3.0]
    park = SmallPark(5 + crowded).grid([*prices, 900.0, 900.0], demand=1000.0, peak_so_far=10.0)
    return park.load([*load, 8.0, 8.0]).battery(energy_mwh=2.0, min_charge_mw=2.0).tiled()


@pytest.mark.parametrize(("crowded", "dearer_yuan"), [(0, 2.0), (1, 2.0), (2, 2.0), (3, 1000.0)])
def test_what_is_dear_in_one_hour_is_done_in_another(crowded: int, dearer_yuan: float) -> None:
    """In the hour with room it costs 2 yuan more; where that is too far away, 1,000 for the peak."""
    tiled = below_the_peak(crowded)
    relaxed, point = rounded(tiled, pressed_after=list(range(1, 3 + crowded)))
    charge = tiled.column_of([column.key[1] for column in tiled.template.columns].index("charge_mw"))
    assert relaxed[charge][:2] == pytest.approx([1.0, 1.0])
    assert relaxed[charge][2:] == pytest.approx(0.0)
    assert point is not None
    assert obeys(tiled, point)
    assert point[charge].sum() == pytest.approx(2.0)
    assert tiled.program.objective(point) - tiled.program.objective(relaxed) == pytest.approx(dearer_yuan)


@pytest.fixture
def only_window_by_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """No iterated rounding where solving window by window fails."""
    monkeypatch.setattr(Rounding, "_round_iteratively", lambda *_: None)


@pytest.mark.usefixtures("only_window_by_window")
def test_where_a_wider_one_is_not_solved_the_narrower_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Rounding._solve_window

    def narrow(self: Rounding, x: Array, window: Window, **how: Any) -> Any:
        return whole(self, x, window, **how) if len(window.intervals) <= 4 else []

    monkeypatch.setattr(Rounding, "_solve_window", narrow)
    tiled = below_the_peak(2)
    relaxed, point = rounded(tiled, pressed_after=[1, 2, 3, 4])
    assert point is not None
    assert tiled.program.objective(point) - tiled.program.objective(relaxed) == pytest.approx(1000.0)


@pytest.mark.usefixtures("only_window_by_window")
def test_a_peak_is_as_high_as_the_highest_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the battery serves 1 MW that the grid cannot, from two hours with little room below the peak.

    To charge 2 MW takes a peak of 11.5 MW in one of the first two, and 11 in one of the others.
    """
    monkeypatch.setattr(rounding, "MAX_WIDENINGS", 1)
    load = [9.5, 9.5, 8.0, 10.0, 10.0, 10.0, 10.0, 10.0, 9.5, 9.0, 8.0, 10.0]
    limit = np.where(np.array(load) == 8.0, 7.0, 1000.0)
    park = SmallPark(12).grid(100.0, demand=300.0, peak_so_far=10.0, import_limit=limit).load(load)
    tiled = park.battery(energy_mwh=2.0, min_charge_mw=2.0).tiled()
    relaxed, point = rounded(tiled, pressed_after=[3, 5, 7])
    assert point is not None
    assert obeys(tiled, point)
    assert point[tiled.shared_starts[0]] == pytest.approx(11.5)
    assert tiled.program.objective(point) - tiled.program.objective(relaxed) == pytest.approx(450.0)


@pytest.mark.usefixtures("only_window_by_window")
@pytest.mark.parametrize("left_s", [SOON, OVER])
def test_what_is_impossible_in_one_piece_is_done_with_its_neighbours(
    left_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A battery of 1 MWh that charges 2 MW or none is never full."""
    monkeypatch.setattr(rounding, "LEAST_S", 0.0)
    park = SmallPark(4).grid([100.0, 500.0, 100.0, 500.0]).load(9.0)
    tiled = park.battery(energy_mwh=1.0, min_charge_mw=2.0, power_mw=4.0, min_discharge_mw=0.5).tiled()
    relaxed, point = rounded(tiled, pressed_after=[0, 2], left_s=left_s)
    assert violated_pairs(tiled, relaxed).any()
    assert point is not None
    assert obeys(tiled, point)


@given(st.integers(0, 10**6), st.integers(1, 2), st.sampled_from([SOON, OVER]))
@settings(max_examples=15)
def test_it_obeys_everything_and_is_no_cheaper_than_the_optimum(
    seed: int, batteries: int, left_s: float
) -> None:
    park = random_park(seed, batteries, 1)
    tiled = park.tiled()
    _, point = rounded(tiled, pressed_after=[], left_s=left_s)
    everywhere = np.ones((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
    solver = Solver()
    solver.load(tiled.with_binaries(everywhere, tiled.program))
    best = solver.solve().bound
    assert point is not None
    assert obeys(tiled, point)
    assert tiled.program.objective(point) >= best - 1e-6 * max(1.0, abs(best))


def test_a_task_may_take_a_multiple_of_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(shares.time, "monotonic", lambda: now)
    left = TimeBudget(deadline=140.0, waiting=PATIENCE * 4 + 1)
    left.begin()
    assert left.limit_s() == pytest.approx(10.0)
    now = 120.0
    assert left.limit_s() == pytest.approx(5.0)
    left.waiting = PATIENCE
    assert left.limit_s() == pytest.approx(20.0)
    left.waiting = 1
    left.begin()
    assert left.limit_s() == pytest.approx(20.0)  # never more than there is
    now = 150.0
    assert left.limit_s() == LEAST_S
