"""Warm start of a repair from the repair of a park with the same structure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.branch_and_bound.branching import BranchingTree
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.partition.windows import Window

SHORT_H = 4.0  # hours; with all windows kept, 400 parks in a row took half as long again, some a minute each


@dataclass(frozen=True)
class RepairWarmStart:
    """The final state of a repair.

    Break points are recomputed in the next solve; only short windows of one stretch are kept whole if their
    ends are break points again. Longer ones would only grow from park to park, and what need not be merged
    there would be solved in Benders decompositions that take minutes.
    """

    fixed_at_zero: Mask  # (columns,) members of pairs that are fixed at zero
    doubtful: Mask  # (pairs, intervals) pairs that got a binary
    windows: tuple[Window, ...]  # the final windows
    trees: Mapping[Window, BranchingTree]  # branching trees of these windows

    @staticmethod
    def nothing(tiled: Tiled) -> "RepairWarmStart":
        """Return the empty warm start: no member fixed, no windows, no trees."""
        columns, shape = tiled.shared_starts[-1], (len(tiled.template.pairs), len(tiled.horizon))
        return RepairWarmStart(np.zeros(columns, dtype=bool), np.zeros(shape, dtype=bool), (), {})

    def short_windows(self, horizon: Horizon) -> list[tuple[int, int]]:
        """Return the stretches [first, last) of short windows with one stretch."""
        single = [window.stretches[0] for window in self.windows if len(window.stretches) == 1]
        return [(first, last) for first, last in single if (last - first) * horizon.hours <= SHORT_H]

    def pairs_with_fixed_member(self, tiled: Tiled) -> Mask:
        """Mark the pairs with a member fixed at zero, (pairs, intervals)."""
        fixed = [
            self.fixed_at_zero[tiled.column_of(pair.a)] | self.fixed_at_zero[tiled.column_of(pair.b)]
            for pair in tiled.template.pairs
        ]
        return np.array(fixed, dtype=bool).reshape(self.doubtful.shape)
