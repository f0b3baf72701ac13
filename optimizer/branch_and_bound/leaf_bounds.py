"""Lower bounds on the cost at each leaf of a window's tree, by weak duality, compiled to machine code.

For multipliers y of a leaf with reduced costs z = cost - matrix'y, each point of the leaf costs at least
sum(y+ row_lower + y- row_upper) + sum(z+ lower + z- upper), where fixed members have upper = lower.

This is the proof of what `tree_search` finds and shares no code with it; it is `certificate.support` for
many leaves at once. A year judges thousands of leaves, each in microseconds.
"""

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.branch_and_bound.dense_tableau import compiled
from parkdispatch.optimizer.presolve.exclusive_pairs import FIRST_AT_ZERO, SECOND_AT_ZERO


@compiled
def leaf_bounds(
    matrix: tuple[Index, Index, Array],
    rows: tuple[Array, Array],
    columns: tuple[Array, Array],
    cost: Array,
    row_dual: Array,
    pairs: Index,
    decisions: NDArray[np.int8],
    infeasible: Mask,
    tolerance: float,
) -> tuple[Array, Array]:
    """Return the dual objective at each leaf, without the offset, and its largest multiplier, (leaves,).

    `matrix` is the CSR matrix's row starts, column indices and values; `rows` and `columns` are lower and
    upper bounds. `decisions` is the member fixed at its lower bound in each pair, (leaves, pairs). At an
    `infeasible` leaf the multipliers are a ray and the cost counts as zero. The bound is minus infinity where
    a multiplier above the tolerance has no finite bound, or is not a number.
    """
    starts, indices, values = matrix
    leaves, height = row_dual.shape
    dual_objective, size = np.full(leaves, -np.inf), np.zeros(leaves)
    reduced, is_fixed = np.empty(len(cost)), np.empty(len(cost), dtype=np.bool_)
    for leaf in range(leaves):
        total, is_sound = 0.0, True
        is_fixed[:] = False
        for k in range(len(pairs)):
            if decisions[leaf, k] == FIRST_AT_ZERO:
                is_fixed[pairs[k, 0]] = True
            elif decisions[leaf, k] == SECOND_AT_ZERO:
                is_fixed[pairs[k, 1]] = True
        for j in range(len(cost)):
            reduced[j] = 0.0 if infeasible[leaf] else cost[j]
        for i in range(height):
            dual = row_dual[leaf, i]
            size[leaf] = max(size[leaf], abs(dual))
            bound = rows[0][i] if dual > 0 else rows[1][i]
            if np.isfinite(bound):
                total += dual * bound
            elif not abs(dual) <= tolerance:
                is_sound = False
            for entry in range(starts[i], starts[i + 1]):
                reduced[indices[entry]] -= dual * values[entry]
        for j in range(len(cost)):
            bound = columns[0][j] if reduced[j] > 0 or is_fixed[j] else columns[1][j]
            if np.isfinite(bound):
                total += reduced[j] * bound
            elif not abs(reduced[j]) <= tolerance:
                is_sound = False
        if is_sound and np.isfinite(total):
            dual_objective[leaf] = total
    return dual_objective, size


@compiled
def are_exhaustive(decisions: NDArray[np.int8]) -> bool:
    """Return whether the leaves' decisions, (leaves, pairs), cover every assignment of the pairs.

    They do if every two leaves contradict each other in some pair, so that no assignment is counted twice,
    and their shares of all assignments, one half for each decided pair, add up to one.
    """
    leaves, pairs = decisions.shape
    share = 0.0
    for leaf in range(leaves):
        decided = 0
        for k in range(pairs):
            decided += decisions[leaf, k] != 0
        share += 0.5**decided
        for other in range(leaf):
            is_apart = False
            for k in range(pairs):
                is_apart |= (
                    decisions[leaf, k] + decisions[other, k] == FIRST_AT_ZERO + SECOND_AT_ZERO
                    and decisions[leaf, k] != 0 != decisions[other, k]
                )
            if not is_apart:
                return False
    return share == 1.0
