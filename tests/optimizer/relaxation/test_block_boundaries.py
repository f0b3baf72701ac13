"""Blocks are made consistent at their boundaries without being merged."""

import numpy as np
import pytest

from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer
from parkdispatch.optimizer.proof.certificate import certify
from parkdispatch.optimizer.relaxation.block_boundaries import BlockBoundaries, BlockSolution
from parkdispatch.optimizer.relaxation.month_blocks import MonthBlocks
from parkdispatch.optimizer.thread_pool import ThreadPool
from tests.support.parks.month_parks import in_one_piece, quarter_year

SEEDS = range(12)


def solved(tiled: Tiled) -> tuple[MonthBlocks, np.ndarray, np.ndarray]:
    with ThreadPool(2) as pool:
        blocks = MonthBlocks(tiled, tiled.program, LagrangianPricer(tiled, tiled.program), pool)
        return blocks, *blocks.solve()


def months_left(seed: int) -> int:
    """Final number of blocks of three months; the optimum is checked."""
    tiled = quarter_year(seed, demand=3000.0).tiled()
    blocks, x, dual = solved(tiled)
    assert certify(tiled.program, x, dual).holds
    assert tiled.program.objective(x) == pytest.approx(in_one_piece(tiled), rel=1e-10)
    return len(blocks.warm_start.firsts)


def test_solving_with_price_setters_keeps_months_separate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored energy over midnight changes the dual values of two peaks; months are merged less often."""
    with_setters = [months_left(seed) for seed in SEEDS]
    monkeypatch.setattr(BlockBoundaries, "_solve_with_price_setters", lambda *_: False)
    without = [months_left(seed) for seed in SEEDS]
    assert all(more >= fewer for more, fewer in zip(with_setters, without, strict=True))
    assert sum(with_setters) > sum(without)


def test_consistent_boundaries_are_not_solved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the optimum itself, no boundary is inconsistent and no window is solved."""
    tiled = quarter_year(2, demand=None).tiled()
    windows = []
    solve_window = BlockBoundaries._solve_window

    def counted(self: BlockBoundaries, multipliers: object, window: object) -> object:
        windows.append(window)
        return solve_window(self, multipliers, window)  # type: ignore[arg-type]

    monkeypatch.setattr(BlockBoundaries, "_solve_window", counted)
    with ThreadPool(2) as pool:
        blocks = MonthBlocks(tiled, tiled.program, LagrangianPricer(tiled, tiled.program), pool)
        x, dual = blocks.solve()
        assert windows
        solution = BlockSolution(x, dual, x.copy(), blocks.warm_start.basis)
        pricer = LagrangianPricer(tiled, tiled.program)
        boundaries = BlockBoundaries(tiled, tiled.program, pricer, solution)
        windows.clear()
        assert boundaries.reconcile(tiled.horizon.first("month")[1:]) == []
    assert not windows
