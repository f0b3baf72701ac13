"""What a repair hands on to the solve of a like park."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from parkdispatch.optimizer.branch_and_bound.branching import BranchingTree
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.linear_program import Mask
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.partition.windows import Window

SHORT_H = 4.0  # hours; 400 parks in a row with all stretches kept took half as long again, some a minute


@dataclass(frozen=True)
class RepairWarmStart:
    """What a repair ended with.

    A like park is not cut where this one was: it falls apart elsewhere. Neighbours that were tied are tied
    there from the start if it is cut around them, unless they are long: from park to park they would only
    become longer, and what has no reason to be tied there would be settled in auctions that take minutes.
    Else the windows are for those who make more of this park's proof.
    """

    resting: Mask  # (columns,) members at zero
    doubtful: Mask  # (pairs, intervals) with a binary
    windows: tuple[Window, ...]
    trees: Mapping[Window, BranchingTree]  # how windows were branched on

    @staticmethod
    def nothing(tiled: Tiled) -> "RepairWarmStart":
        """Before any repair."""
        columns, shape = tiled.shared_starts[-1], (len(tiled.template.pairs), len(tiled.horizon))
        return RepairWarmStart(np.zeros(columns, dtype=bool), np.zeros(shape, dtype=bool), (), {})

    def kept(self, horizon: Horizon) -> list[tuple[int, int]]:
        """Short stretches that were windows."""
        single = [window.stretches[0] for window in self.windows if len(window.stretches) == 1]
        return [(first, last) for first, last in single if (last - first) * horizon.hours <= SHORT_H]

    def in_doubt(self, tiled: Tiled) -> Mask:
        """Pairs with a member at rest, (pairs, intervals)."""
        pairs = tiled.template.pairs
        found = [self.resting[tiled.column_of(p.a)] | self.resting[tiled.column_of(p.b)] for p in pairs]
        return np.array(found, dtype=bool).reshape(self.doubtful.shape)
