"""Branch and bound over a small linear program by the dual simplex method on a dense tableau, compiled.

The program is min cost'x with activities r = matrix x, lower <= (x, r) <= upper, and exclusive pairs (a, b)
of columns of which one member must be at its lower bound (zero). A node fixes a member of some pairs by its
upper bound. This leaves the tableau dual feasible, so the dual simplex method goes on from node to node on
the same tableau. It handles bounds on every variable, basic or not (bounded dual simplex).

Compiled functions that call one another are all in this file, because the cache on disk does not notice a
change of a function in another file.

The results are candidates, not proofs: `branching` recomputes each leaf's bound from its multipliers and
checks the point against the program. A tableau spoiled by rounding is noticed there, and costs time only.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.presolve.exclusive_pairs import FIRST_AT_ZERO, PAIR_TOLERANCE_MW, SECOND_AT_ZERO

Function = TypeVar("Function", bound=Callable[..., Any])

BIG_BOUND = 1e7  # stands for a missing bound of a nonbasic variable; a solution that reaches it is rejected
ZERO = 1e-9  # tolerance of reduced costs, pivot candidates and bound violations
DROP = 1e-13  # smaller entries of a pivot row are set to zero
MIN_PIVOT = 1e-7  # least entry to pivot a column of the starting basis in
OPTIMAL, CUT_OFF, INFEASIBLE, FAILED = 0, 1, 2, 3  # status of the dual simplex method


def compiled(function: Function) -> Function:
    """Compile to machine code, cached on disk for the next process where a cache folder is writable."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"reassoc", "contract"}}
    try:
        return njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # no writable cache folder
        return njit(**options)(function)  # type: ignore[no-any-return]


class Tableau(NamedTuple):
    """Simplex tableau of the equations entries @ (x, r) = 0 in the columns x and the row activities r.

    `entries`: (rows, columns + rows), the identity in the basic variables. `reduced`: reduced costs. `basis`:
    the basic variable of each row, (rows,). `is_basic`: whether a variable is basic, (columns + rows,).
    """

    entries: Array
    reduced: Array
    basis: Index
    is_basic: Mask


@compiled
def pivot(tableau: Tableau, row: int, column: int) -> None:
    """Make a variable basic in this row; the row's basic variable becomes nonbasic."""
    entries, reduced, basis, is_basic = tableau
    rows, columns = entries.shape
    pivot_row = entries[row]
    scale = 1.0 / pivot_row[column]
    for j in range(columns):
        entry = pivot_row[j] * scale
        pivot_row[j] = entry if abs(entry) > DROP else 0.0
    pivot_row[column] = 1.0
    for i in range(rows):
        factor = entries[i, column]
        if i != row and factor != 0.0:
            other_row = entries[i]
            for j in range(columns):
                other_row[j] -= factor * pivot_row[j]
            other_row[column] = 0.0
    factor = reduced[column]
    for j in range(columns):
        reduced[j] -= factor * pivot_row[j]
    reduced[column] = 0.0
    is_basic[basis[row]], is_basic[column] = False, True
    basis[row] = column


@compiled
def make_basic(tableau: Tableau, columns: Mask, rows: Mask) -> None:
    """Pivot from the basis of all row activities to the basis of the marked columns and rows, or near it."""
    entries, _, basis, _ = tableau
    count = len(columns)
    for j in range(count):
        if columns[j]:
            row, largest = -1, MIN_PIVOT
            for i in range(len(basis)):
                if basis[i] >= count and not rows[basis[i] - count] and abs(entries[i, j]) > largest:
                    row, largest = i, abs(entries[i, j])
            if row >= 0:
                pivot(tableau, row, j)


@compiled
def set_nonbasic(tableau: Tableau, lower: Array, upper: Array, x: Array) -> float:
    """Put nonbasic variables at their dual feasible bounds, compute the basic ones; return the cost."""
    entries, reduced, basis, is_basic = tableau
    cost = 0.0
    for j in range(len(x)):
        if is_basic[j]:
            x[j] = 0.0
        elif lower[j] == upper[j] or reduced[j] > ZERO:
            x[j] = max(lower[j], -BIG_BOUND)
        elif reduced[j] < -ZERO:
            x[j] = min(upper[j], BIG_BOUND)
        elif lower[j] > -BIG_BOUND:
            x[j] = lower[j]
        else:
            x[j] = upper[j] if upper[j] < BIG_BOUND else 0.0
        cost += reduced[j] * x[j]
    for i in range(len(basis)):
        total, row = 0.0, entries[i]
        for j in range(len(x)):  # the row's own basic variable is still zero; others have no entry in it
            total += row[j] * x[j]
        x[basis[i]] = -total
    return cost


@compiled
def leaving_row(tableau: Tableau, lower: Array, upper: Array, x: Array) -> tuple[int, bool]:
    """Return the row of the most violated basic variable and whether it is below its bound; -1: none is."""
    row, worst, is_below = -1, ZERO, False
    for i in range(len(tableau.basis)):
        j = tableau.basis[i]
        if lower[j] - x[j] > worst:
            row, worst, is_below = i, lower[j] - x[j], True
        elif x[j] - upper[j] > worst:
            row, worst, is_below = i, x[j] - upper[j], False
    return row, is_below


@compiled
def entering_column(tableau: Tableau, lower: Array, upper: Array, x: Array, row: int, sign: float) -> int:
    """Return the nonbasic variable with the least dual ratio, -1 if there is none (the row is infeasible).

    Of equal ratios the one with the largest pivot entry. `sign` is 1 where the leaving variable must rise.
    """
    entering, least_ratio, size = -1, np.inf, 0.0
    for j in range(len(x)):
        entry = sign * tableau.entries[row, j]
        if tableau.is_basic[j] or lower[j] == upper[j]:
            continue
        if entry < -ZERO and x[j] < upper[j] and tableau.reduced[j] >= -ZERO:
            ratio = max(tableau.reduced[j], 0.0) / -entry
        elif entry > ZERO and x[j] > lower[j] and tableau.reduced[j] <= ZERO:
            ratio = max(-tableau.reduced[j], 0.0) / entry
        else:
            continue
        if ratio < least_ratio or (ratio == least_ratio and abs(entry) > size):
            entering, least_ratio, size = j, ratio, abs(entry)
    return entering


@compiled
def dual_simplex(
    tableau: Tableau,
    lower: Array,
    upper: Array,
    x: Array,
    cutoff: float,
    max_pivots: int,
    ray: Array,
) -> tuple[int, float, int]:
    """Run the dual simplex method; return its status, the cost and the number of pivots.

    It stops as soon as the cost reaches `cutoff`. If the program is infeasible, `ray` becomes a dual ray,
    (rows,).
    """
    entries, reduced, basis, _ = tableau
    cost = set_nonbasic(tableau, lower, upper, x)
    for pivots in range(max_pivots):
        if cost >= cutoff:
            return CUT_OFF, cost, pivots
        row, is_below = leaving_row(tableau, lower, upper, x)
        if row < 0:
            return OPTIMAL, cost, pivots
        leaving, sign = basis[row], 1.0 if is_below else -1.0
        entering = entering_column(tableau, lower, upper, x, row, sign)
        if entering < 0:
            for i in range(len(basis)):
                ray[i] = sign * entries[row, len(x) - len(basis) + i]
            return INFEASIBLE, cost, pivots
        bound = lower[leaving] if is_below else upper[leaving]
        step = (x[leaving] - bound) / entries[row, entering]
        cost += abs(reduced[entering] * step)
        for i in range(len(basis)):
            x[basis[i]] -= entries[i, entering] * step
        x[entering] += step
        x[leaving] = bound
        pivot(tableau, row, entering)
    return FAILED, cost, max_pivots


@compiled
def fix_members(pairs: Index, decisions: NDArray[np.int8], lower: Array, upper: Array, fixed: Array) -> None:
    """Write a node's upper bounds to `fixed`: those in `upper`, the lower bounds for fixed members."""
    for k in range(len(pairs)):
        for member in pairs[k]:
            fixed[member] = upper[member]
    for k in range(len(pairs)):  # after all others: a column may be in several pairs
        if decisions[k] != 0:
            member = pairs[k, 0] if decisions[k] == FIRST_AT_ZERO else pairs[k, 1]
            fixed[member] = lower[member]


@compiled
def branching_pair(pairs: Index, decisions: NDArray[np.int8], x: Array, upper: Array) -> int:
    """Return the undecided pair that x violates most, by the product of its members' shares; -1 if none."""
    worst, largest = -1, 0.0
    for k in range(len(pairs)):
        a, b = pairs[k, 0], pairs[k, 1]
        product = x[a] / upper[a] * (x[b] / upper[b])
        if decisions[k] == 0 and min(x[a], x[b]) > PAIR_TOLERANCE_MW and product > largest:
            worst, largest = k, product
    return worst


@compiled
def branch_on_nodes(
    tableau: Tableau,
    lower: Array,
    upper: Array,
    node_upper: Array,
    x: Array,
    pairs: Index,
    stack: NDArray[np.int8],
    count: int,
    incumbent: float,
    tolerance: float,
    max_pivots: int,
    incumbent_x: Array,
    decisions: NDArray[np.int8],
    row_dual: Array,
    infeasible: Mask,
) -> tuple[bool, int, int]:
    """Depth-first branch and bound; return whether it completed, the number of leaves, and the best leaf.

    `stack` holds the first `count` nodes, the last one is processed first, and room for the nodes below them.
    `incumbent` is the cost of a known point. Written to: `incumbent_x`, and by leaf `decisions`, `row_dual`
    and `infeasible`. `node_upper` and `x` are work arrays.
    """
    rows = len(tableau.basis)
    columns = len(x) - rows
    leaves, best_leaf = 0, -1
    while count:
        if leaves == len(decisions):
            return False, leaves, best_leaf
        count -= 1
        node = decisions[leaves]
        for k in range(len(pairs)):
            node[k] = stack[count, k]
        fix_members(pairs, node, lower, upper, node_upper)
        status, cost, pivots = dual_simplex(
            tableau, lower, node_upper, x, incumbent - tolerance, max_pivots, row_dual[leaves]
        )
        max_pivots -= pivots
        branching = -1
        if status == OPTIMAL:
            branching = branching_pair(pairs, node, x, upper)
            for j in range(len(x)):
                if abs(x[j]) >= BIG_BOUND:
                    status = FAILED
        if status == FAILED:
            return False, leaves, best_leaf
        if branching >= 0:
            # the child that fixes the lesser member is processed first: its optimum is nearer
            lesser = FIRST_AT_ZERO if x[pairs[branching, 0]] <= x[pairs[branching, 1]] else SECOND_AT_ZERO
            for decision in (FIRST_AT_ZERO + SECOND_AT_ZERO - lesser, lesser):
                for k in range(len(pairs)):
                    stack[count, k] = node[k]
                stack[count, branching] = decision
                count += 1
            continue
        if status == OPTIMAL:
            incumbent, best_leaf = cost, leaves
            for j in range(columns):
                incumbent_x[j] = x[j]
        infeasible[leaves] = status == INFEASIBLE
        if status != INFEASIBLE:
            for i in range(rows):
                row_dual[leaves, i] = tableau.reduced[columns + i]
        leaves += 1
    return True, leaves, best_leaf
