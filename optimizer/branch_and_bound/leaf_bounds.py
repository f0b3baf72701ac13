"""What each leaf of a window's tree costs at least, from its multipliers alone, compiled to machine code.

This is the proof of what `tableau.py` finds, and shares nothing with it: weak duality, as in
`certificate.py`, for many multipliers at once. A year judges thousands of leaves, each in microseconds.
"""

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.optimizer.branch_and_bound.dense_tableau import compiled
from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import Mask
from parkdispatch.optimizer.presolve.exclusive_pairs import FIRST, SECOND


@compiled
def leaf_bounds(
    matrix: tuple[Index, Index, Array],
    rows: tuple[Array, Array],
    columns: tuple[Array, Array],
    cost: Array,
    row_dual: Array,
    pairs: Index,
    who: NDArray[np.int8],
    impossible: Mask,
    tolerance: float,
) -> tuple[Array, Array]:
    """Dual objective at each leaf, without the offset, and its largest multiplier, (leaves,).

    `matrix` is the CSR's starts, columns and values; `rows` and `columns` are lower and upper bounds; `who`
    of the pairs rests, (leaves, pairs). A member that rests is held at its lower bound; a leaf that is
    impossible is judged at no cost. Minus infinity where a multiplier above the tolerance has no bound to
    press against, or is no number.
    """
    starts, indices, values = matrix
    leaves, height = row_dual.shape
    least, size = np.full(leaves, -np.inf), np.zeros(leaves)
    reduced, rests = np.empty(len(cost)), np.empty(len(cost), dtype=np.bool_)
    for leaf in range(leaves):
        total, sound = 0.0, True
        rests[:] = False
        for k in range(len(pairs)):
            if who[leaf, k] == FIRST:
                rests[pairs[k, 0]] = True
            elif who[leaf, k] == SECOND:
                rests[pairs[k, 1]] = True
        for j in range(len(cost)):
            reduced[j] = 0.0 if impossible[leaf] else cost[j]
        for i in range(height):
            dual = row_dual[leaf, i]
            size[leaf] = max(size[leaf], abs(dual))
            bound = rows[0][i] if dual > 0 else rows[1][i]
            if np.isfinite(bound):
                total += dual * bound
            elif not abs(dual) <= tolerance:
                sound = False
            for at in range(starts[i], starts[i + 1]):
                reduced[indices[at]] -= dual * values[at]
        for j in range(len(cost)):
            bound = columns[0][j] if reduced[j] > 0 or rests[j] else columns[1][j]
            if np.isfinite(bound):
                total += reduced[j] * bound
            elif not abs(reduced[j]) <= tolerance:
                sound = False
        if sound and np.isfinite(total):
            least[leaf] = total
    return least, size


@compiled
def leave_nothing_out(who: NDArray[np.int8]) -> bool:
    """Whether every choice of who rests in some pairs is that of a leaf, whose decisions are (leaves, pairs).

    It is where any two leaves exclude each other by some pair, so that no choice is counted twice, and their
    shares of all choices, a half for each pair that is decided, add up to one.
    """
    leaves, pairs = who.shape
    share = 0.0
    for leaf in range(leaves):
        decided = 0
        for k in range(pairs):
            decided += who[leaf, k] != 0
        share += 0.5**decided
        for other in range(leaf):
            apart = False
            for k in range(pairs):
                apart |= who[leaf, k] + who[other, k] == FIRST + SECOND and who[leaf, k] != 0 != who[other, k]
            if not apart:
                return False
    return share == 1.0
