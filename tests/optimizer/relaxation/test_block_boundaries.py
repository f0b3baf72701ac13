"""Blocks that agree at their borders without being joined, and what is solved for it."""

import numpy as np
import pytest

from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer
from parkdispatch.optimizer.proof.certificate import certify
from parkdispatch.optimizer.relaxation.block_boundaries import BlockBoundaries
from parkdispatch.optimizer.relaxation.month_blocks import MonthBlocks
from parkdispatch.optimizer.thread_pool import ThreadPool
from tests.support.parks.month_parks import in_one_piece, quarter_year

SEEDS = range(12)


def solved(tiled: Tiled) -> tuple[MonthBlocks, np.ndarray, np.ndarray]:
    with ThreadPool(2) as pool:
        blocks = MonthBlocks(tiled, tiled.program, LagrangianPricer(tiled, tiled.program), pool)
        return blocks, *blocks.solve()


def months_left(seed: int) -> int:
    """How many blocks three months are at the end; the optimum is checked."""
    tiled = quarter_year(seed, demand=3000.0).tiled()
    blocks, x, dual = solved(tiled)
    assert certify(tiled.program, x, dual).holds
    assert tiled.program.objective(x) == pytest.approx(in_one_piece(tiled), rel=1e-10)
    return len(blocks.left.firsts)


def test_who_sets_a_peak_keeps_months_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored energy over midnight changes what two peaks are worth; months are joined less often for it."""
    with_setters = [months_left(seed) for seed in SEEDS]
    monkeypatch.setattr(BlockBoundaries, "_with_setters", lambda *_: False)
    without = [months_left(seed) for seed in SEEDS]
    assert all(apart >= joined for apart, joined in zip(with_setters, without, strict=True))
    assert sum(with_setters) > sum(without)


def test_borders_that_agree_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Solved again from its own optimum, nothing is in dispute and no stretch is solved."""
    tiled = quarter_year(2, demand=None).tiled()
    stretches = []
    stretch = BlockBoundaries._stretch

    def counted(self: BlockBoundaries, at: object, window: object) -> object:
        stretches.append(window)
        return stretch(self, at, window)  # type: ignore[arg-type]

    monkeypatch.setattr(BlockBoundaries, "_stretch", counted)
    with ThreadPool(2) as pool:
        blocks = MonthBlocks(tiled, tiled.program, LagrangianPricer(tiled, tiled.program), pool)
        x, dual = blocks.solve()
        assert stretches
        borders = BlockBoundaries(
            tiled, tiled.program, LagrangianPricer(tiled, tiled.program), x, dual, x.copy(), blocks.left.marks
        )
        stretches.clear()
        assert borders.reconcile(tiled.horizon.first("month")[1:]) == []
    assert not stretches
