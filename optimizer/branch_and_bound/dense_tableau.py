"""Branch and bound over a small linear program, on a dense tableau, compiled to machine code.

A year beside a short battery is proven in hundreds of windows of some ten quarter-hours. The simplex steps
of one take microseconds; what a solver needs around them, a call, an object, a factorization, takes
milliseconds. So here a whole search is one call: the dual simplex method with bounds on every variable, from
node to node on the same tableau, which stays dual feasible whatever bounds a node changes.

Nothing found here is believed: `branching` recomputes each leaf's bound from its multipliers and holds the
point against the program. Where rounding spoils a tableau that is noticed there, and costs time.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram, Mask
from parkdispatch.optimizer.presolve.exclusive_pairs import FIRST, SECOND, TOLERANCE
from parkdispatch.optimizer.thread_pool import turn_released

Function = TypeVar("Function", bound=Callable[..., Any])

FAR = 1e7  # where a variable rests that has no bound there; no answer may lie so far
ZERO = 1e-9  # reduced costs, entries to pivot on and violations below this are none
ROUNDING = 1e-13  # entries of a pivot's row below this are none
FIRM = 1e-7  # the least entry to make a column of the first basis basic with
# beyond that a solver with cutting planes is faster; work is pivots x entries of the tableau
MOST_LEAVES, MOST_WORK = 256, 3e8
LARGE = 1e5  # entries of a tableau; to change turns for a search of less is not worth it
OPTIMAL, TOO_DEAR, IMPOSSIBLE, LOST = 0, 1, 2, 3


def compiled(function: Function) -> Function:
    """Machine code, kept on disk for the next process where there is a place for it."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"reassoc", "contract"}}
    try:
        return njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # no such place
        return njit(**options)(function)  # type: ignore[no-any-return]


class Tableau(NamedTuple):
    """Rows `entries @ x = 0`, what is left of each column's cost, what is basic in each row, and whether."""

    entries: Array
    reduced: Array
    basis: Index
    is_basic: Mask


@compiled
def pivot(tableau: Tableau, row: int, column: int) -> None:
    """Make the column basic in this row, in place of what is."""
    entries, reduced, basis, is_basic = tableau
    rows, columns = entries.shape
    pivoting = entries[row]
    scale = 1.0 / pivoting[column]
    for j in range(columns):
        entry = pivoting[j] * scale
        pivoting[j] = entry if abs(entry) > ROUNDING else 0.0
    pivoting[column] = 1.0
    for i in range(rows):
        factor = entries[i, column]
        if i != row and factor != 0.0:
            other = entries[i]
            for j in range(columns):
                other[j] -= factor * pivoting[j]
            other[column] = 0.0
    factor = reduced[column]
    for j in range(columns):
        reduced[j] -= factor * pivoting[j]
    reduced[column] = 0.0
    is_basic[basis[row]], is_basic[column] = False, True
    basis[row] = column


@compiled
def make_basic(tableau: Tableau, columns: Mask, rows: Mask) -> None:
    """Pivot from the basis of all rows' activities to the one with these columns and rows, or near it."""
    entries, _, basis, _ = tableau
    count = len(columns)
    for j in range(count):
        if columns[j]:
            row, largest = -1, FIRM
            for i in range(len(basis)):
                if basis[i] >= count and not rows[basis[i] - count] and abs(entries[i, j]) > largest:
                    row, largest = i, abs(entries[i, j])
            if row >= 0:
                pivot(tableau, row, j)


@compiled
def set_nonbasic(tableau: Tableau, lower: Array, upper: Array, x: Array) -> float:
    """Put what is not basic where its reduced cost wants it, and what is where that leads; the cost."""
    entries, reduced, basis, is_basic = tableau
    cost = 0.0
    for j in range(len(x)):
        if is_basic[j]:
            x[j] = 0.0
        elif lower[j] == upper[j] or reduced[j] > ZERO:
            x[j] = max(lower[j], -FAR)
        elif reduced[j] < -ZERO:
            x[j] = min(upper[j], FAR)
        elif lower[j] > -FAR:
            x[j] = lower[j]
        else:
            x[j] = upper[j] if upper[j] < FAR else 0.0
        cost += reduced[j] * x[j]
    for i in range(len(basis)):
        total, row = 0.0, entries[i]
        for j in range(len(x)):  # of basic ones only its own has an entry, and counts as zero yet
            total += row[j] * x[j]
        x[basis[i]] = -total
    return cost


@compiled
def dual_simplex(
    tableau: Tableau,
    lower: Array,
    upper: Array,
    x: Array,
    too_dear: float,
    most_pivots: int,
    ray: Array,
) -> tuple[int, float, int]:
    """The dual simplex method: how it ended, the cost, pivots. Where nothing is possible, `ray` says why."""
    entries, reduced, basis, is_basic = tableau
    cost = set_nonbasic(tableau, lower, upper, x)
    for pivots in range(most_pivots):
        if cost >= too_dear:
            return TOO_DEAR, cost, pivots
        row, worst, rises = -1, ZERO, False
        for i in range(len(basis)):
            j = basis[i]
            if lower[j] - x[j] > worst:
                row, worst, rises = i, lower[j] - x[j], True
            elif x[j] - upper[j] > worst:
                row, worst, rises = i, x[j] - upper[j], False
        if row < 0:
            return OPTIMAL, cost, pivots
        # who can help at the least price; of equals the one with the largest entry
        leaving, sign = basis[row], 1.0 if rises else -1.0
        entering, price, size = -1, np.inf, 0.0
        for j in range(len(x)):
            entry = sign * entries[row, j]
            if is_basic[j] or lower[j] == upper[j]:
                continue
            if entry < -ZERO and x[j] < upper[j] and reduced[j] >= -ZERO:
                each = max(reduced[j], 0.0) / -entry
            elif entry > ZERO and x[j] > lower[j] and reduced[j] <= ZERO:
                each = max(-reduced[j], 0.0) / entry
            else:
                continue
            if each < price or (each == price and abs(entry) > size):
                entering, price, size = j, each, abs(entry)
        if entering < 0:
            for i in range(len(basis)):
                ray[i] = sign * entries[row, len(x) - len(basis) + i]
            return IMPOSSIBLE, cost, pivots
        bound = lower[leaving] if rises else upper[leaving]
        step = (x[leaving] - bound) / entries[row, entering]
        cost += abs(reduced[entering] * step)
        for i in range(len(basis)):
            x[basis[i]] -= entries[i, entering] * step
        x[entering] += step
        x[leaving] = bound
        pivot(tableau, row, entering)
    return LOST, cost, most_pivots


@compiled
def branch_on_nodes(
    tableau: Tableau,
    lower: Array,
    upper: Array,
    upper_here: Array,
    x: Array,
    pairs: Index,
    waiting: NDArray[np.int8],
    count: int,
    best: float,
    tolerance: float,
    most_pivots: int,
    best_x: Array,
    resting: NDArray[np.int8],
    row_dual: Array,
    impossible: Mask,
) -> tuple[bool, int, int]:
    """Fill in the best point and the leaves; whether it came to its end, how many leaves, the best one.

    `waiting` has the first `count` nodes to look at, the last one first, and room for those below them.
    """
    rows = len(tableau.basis)
    first = len(x) - rows
    leaves, best_leaf = 0, -1
    while count:
        if leaves == len(resting):
            return False, leaves, best_leaf
        count -= 1
        who = resting[leaves]
        for k in range(len(pairs)):
            who[k] = waiting[count, k]
            for member in pairs[k]:
                upper_here[member] = upper[member]
        for k in range(len(pairs)):  # one column may be in several pairs
            if who[k] != 0:
                member = pairs[k, 0] if who[k] == FIRST else pairs[k, 1]
                upper_here[member] = lower[member]
        ended, here, pivots = dual_simplex(
            tableau, lower, upper_here, x, best - tolerance, most_pivots, row_dual[leaves]
        )
        most_pivots -= pivots
        worst, most = -1, 0.0
        if ended == OPTIMAL:
            for k in range(len(pairs)):
                a, b = pairs[k, 0], pairs[k, 1]
                both = x[a] / upper[a] * (x[b] / upper[b])
                if who[k] == 0 and min(x[a], x[b]) > TOLERANCE and both > most:
                    worst, most = k, both
            for j in range(len(x)):
                if abs(x[j]) >= FAR:
                    ended = LOST
        if ended == LOST:
            return False, leaves, best_leaf
        if worst >= 0:
            # the lesser member rests first: that is near
            lesser = FIRST if x[pairs[worst, 0]] <= x[pairs[worst, 1]] else SECOND
            for one in (FIRST + SECOND - lesser, lesser):
                for k in range(len(pairs)):
                    waiting[count, k] = who[k]
                waiting[count, worst] = one
                count += 1
            continue
        if ended == OPTIMAL:
            best, best_leaf = here, leaves
            for j in range(first):
                best_x[j] = x[j]
        impossible[leaves] = ended == IMPOSSIBLE
        if ended != IMPOSSIBLE:
            for i in range(rows):
                row_dual[leaves, i] = tableau.reduced[first + i]
        leaves += 1
    return True, leaves, best_leaf


@dataclass(frozen=True)
class TreeSearchResult:
    """The best point and its leaf, -1 where nothing is better than what was known, and all leaves.

    Of each is told who rests, its multipliers, and whether these show that it is impossible. Shapes:
    (columns,), (leaves, pairs), (leaves, rows), (leaves,). Where the search did not come to its end, because
    the tree grew large or the simplex method lost its way, there may be a better point.
    """

    x: Array
    at: int
    who: NDArray[np.int8]
    row_dual: Array
    impossible: Mask
    ended: bool


def search_tree(
    program: LinearProgram,
    pairs: Index,
    columns: Mask,
    rows: Mask,
    nodes: NDArray[np.int8],
    known_yuan: float,
    tolerance: float,
) -> TreeSearchResult:
    """The best choice of who rests below these nodes, and a tree that leaves none out if it ended.

    `pairs` are columns, (pairs, 2); `columns` and `rows` mark a basis to begin in; `nodes` say who rests,
    (nodes, pairs), the last one is looked at first. What costs `known_yuan - tolerance` or more is not looked
    for.
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
    # below a node one sibling waits for each pair that was decided on the way, and the last two
    room = np.zeros((len(pairs) + 1, len(pairs)), dtype=np.int8)
    best_x, who = np.zeros(width), np.zeros((MOST_LEAVES, len(pairs)), dtype=np.int8)
    row_dual, impossible = np.zeros((MOST_LEAVES, height)), np.zeros(MOST_LEAVES, dtype=bool)
    with turn_released() if tableau.entries.size > LARGE else nullcontext():
        ended, leaves, at = branch_on_nodes(
            tableau,
            np.concatenate([program.lower, program.row_lower]),
            upper,
            upper.copy(),
            np.zeros(len(upper)),
            np.ascontiguousarray(pairs),
            np.concatenate([nodes, room]),
            len(nodes),
            known_yuan,
            tolerance,
            int(MOST_WORK / tableau.entries.size),
            best_x,
            who,
            row_dual,
            impossible,
        )
    return TreeSearchResult(best_x, at, who[:leaves], row_dual[:leaves], impossible[:leaves], ended)
