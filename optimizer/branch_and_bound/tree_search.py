"""Search for the cheapest point of a small linear program with exclusive pairs, in one call of compiled code.

A year beside a short battery is proven in hundreds of windows of some ten quarter-hours. Their simplex pivots
take microseconds; a solver's calls, objects and factorizations around them would take milliseconds.
"""

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.branch_and_bound.dense_tableau import Tableau, branch_on_nodes, make_basic
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.thread_pool import turn_released

# limits of a search, beyond which a solver with cutting planes is faster; work is pivots x tableau entries
MAX_LEAVES, MAX_WORK = 256, 3e8
LARGE_TABLEAU = 1e5  # entries; a search on fewer is too short to let another thread run Python meanwhile


@dataclass(frozen=True)
class TreeSearchResult:
    """The best point of a search, (columns,), and all leaves of its tree.

    `best_leaf` is the point's leaf, -1 where nothing better than the known cost was found. By leaf:
    `decisions`, (leaves, pairs), is the member fixed in each pair (1 or 2, 0 if undecided);
    `row_dual`, (leaves, rows), its multipliers, or a dual ray where the leaf is `infeasible`, (leaves,).
    Unless the search has `completed`, because the tree grew too large or the simplex method failed, better
    points may exist.
    """

    x: Array
    best_leaf: int
    decisions: NDArray[np.int8]
    row_dual: Array
    infeasible: Mask
    completed: bool


def search_tree(
    program: LinearProgram,
    pairs: Index,
    columns: Mask,
    rows: Mask,
    nodes: NDArray[np.int8],
    incumbent_yuan: float,
    tolerance: float,
) -> TreeSearchResult:
    """Search the subtrees below some nodes for the cheapest point that obeys every exclusive pair.

    `pairs` are columns, (pairs, 2). `columns` and `rows` mark the starting basis. `nodes` are decisions,
    (nodes, pairs), the last one is processed first. Points that cost `incumbent_yuan - tolerance` or more are
    cut off.
    """
    height, width = program.matrix.shape
    tableau = Tableau(
        np.hstack([-program.matrix.toarray(), np.eye(height)]),
        np.concatenate([program.cost, np.zeros(height)]),
        np.arange(width, width + height),
        np.arange(width + height) >= width,
    )
    make_basic(tableau, columns, rows)
    upper = np.concatenate([program.upper, program.row_upper])
    # below a node, depth first: one waiting sibling for each pair decided on the way, and the last two nodes
    stack_room = np.zeros((len(pairs) + 1, len(pairs)), dtype=np.int8)
    best_x, decisions = np.zeros(width), np.zeros((MAX_LEAVES, len(pairs)), dtype=np.int8)
    row_dual, infeasible = np.zeros((MAX_LEAVES, height)), np.zeros(MAX_LEAVES, dtype=bool)
    with turn_released() if tableau.entries.size > LARGE_TABLEAU else nullcontext():
        completed, leaves, best_leaf = branch_on_nodes(
            tableau,
            np.concatenate([program.lower, program.row_lower]),
            upper,
            upper.copy(),
            np.zeros(len(upper)),
            np.ascontiguousarray(pairs),
            np.concatenate([nodes, stack_room]),
            len(nodes),
            incumbent_yuan,
            tolerance,
            int(MAX_WORK / tableau.entries.size),
            best_x,
            decisions,
            row_dual,
            infeasible,
        )
    return TreeSearchResult(
        best_x, best_leaf, decisions[:leaves], row_dual[:leaves], infeasible[:leaves], completed
    )
