"""Branch and bound on the exclusive pairs of a window, with a search tree that is its own, reusable proof.

Valid inequalities keep most pairs apart in the relaxation, so a tree branches on few. Its leaves cover every
assignment of the pairs, and the multipliers of a leaf bound its cost from below by weak duality, whatever the
costs and bounds are. So in a window with the same structure, such as the same days beside a battery of
another size, each leaf is bounded by a product of arrays, and only those leaves are branched on that may hold
the optimum. The bounds are computed here, from the multipliers; how these were found (`tree_search`) proves
nothing.

Where the tree would grow large, `Solver` with its cutting planes is faster.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Basis
from parkdispatch.optimizer.presolve.exclusive_pairs import PAIR_TOLERANCE_MW
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, primal_infeasibility

MAX_OPEN_SHARE = 1 / 3  # of a known tree's leaves; where more are open, a new tree is grown
MAX_ENTRIES = 1e6  # of a dense tableau
RAY_TOLERANCE = 1e-7  # relative to a ray's largest entry; a smaller dual objective may be rounding
BOUND_TOLERANCE = 1e-9  # relative; what rounding may take from a bound


@dataclass(frozen=True)
class BranchingTree:
    """Leaves of a search tree: what each decides about the pairs, and multipliers that bound its cost.

    `pairs` are columns a and b, (pairs, 2); a column may be in several pairs. `decisions` is the member fixed
    at its lower bound at each leaf, (leaves, pairs): 1 or 2, 0 if undecided. `row_dual` are row
    multipliers, (leaves, rows); at an `infeasible` leaf, (leaves,), a dual ray.
    """

    pairs: Index
    decisions: NDArray[np.int8]
    row_dual: Array
    infeasible: Mask

    @staticmethod
    def root(program: LinearProgram, pairs: Index) -> "BranchingTree":
        """Return the tree of one undecided leaf, whose multipliers (NaN) bound nothing."""
        decisions, row_dual = (
            np.zeros((1, len(pairs)), dtype=np.int8),
            np.full((1, program.matrix.shape[0]), np.nan),
        )
        return BranchingTree(pairs, decisions, row_dual, np.zeros(1, dtype=bool))

    def __len__(self) -> int:
        return len(self.infeasible)

    def subset(self, which: Mask) -> "BranchingTree":
        """Return the marked leaves, (leaves,)."""
        return BranchingTree(self.pairs, self.decisions[which], self.row_dual[which], self.infeasible[which])

    def with_leaves(self, other: "BranchingTree") -> "BranchingTree":
        """Return the leaves of both trees, which are of the same pairs."""
        return BranchingTree(
            self.pairs,
            np.concatenate([self.decisions, other.decisions]),
            np.concatenate([self.row_dual, other.row_dual]),
            np.concatenate([self.infeasible, other.infeasible]),
        )

    def for_pairs(self, pairs: Index) -> "BranchingTree | None":
        """Return the tree in other pairs, (pairs, 2); None if it decides a pair that is not among them."""
        if np.array_equal(pairs, self.pairs):
            return self
        number_of = {pair: number for number, pair in enumerate(map(tuple, pairs.tolist()))}
        decisions = np.zeros((len(self), len(pairs)), dtype=np.int8)
        for pair, decided in zip(map(tuple, self.pairs.tolist()), self.decisions.T, strict=True):
            if pair in number_of:
                decisions[:, number_of[pair]] = decided
            elif decided.any():
                return None
        return replace(self, pairs=pairs, decisions=decisions)

    @property
    def is_exhaustive(self) -> bool:
        """Whether the leaves cover every assignment of the pairs."""
        from parkdispatch.optimizer.branch_and_bound.leaf_bounds import are_exhaustive

        return bool(are_exhaustive(np.ascontiguousarray(self.decisions)))

    def lower_bounds_yuan(self, program: LinearProgram) -> Array:
        """Return a lower bound on the cost of a program at each leaf, (leaves,).

        The program has these pairs; its costs, bounds and entries may differ from those the tree was grown
        with. Minus infinity is no bound, infinity is infeasible.
        """
        from parkdispatch.optimizer.branch_and_bound.leaf_bounds import (
            leaf_bounds,  # compiled when it is imported, which takes seconds: only where it is used
        )

        matrix = program.matrix
        dual_objective, size = leaf_bounds(
            # always the same types: for other ones the function would be compiled once more
            (matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data),
            (program.row_lower, program.row_upper),
            (program.lower, program.upper),
            program.cost,
            np.ascontiguousarray(self.row_dual),
            np.ascontiguousarray(self.pairs),
            np.ascontiguousarray(self.decisions),
            self.infeasible,
            FEASIBILITY_TOLERANCE,
        )
        by_ray = np.where(dual_objective > RAY_TOLERANCE * size, np.inf, -np.inf)
        return np.asarray(np.where(self.infeasible, by_ray, program.offset + dual_objective))


@dataclass(frozen=True)
class BranchingResult:
    """A lower bound on every assignment's cost, the best point, and the tree that proves the bound.

    `x` is empty where nothing is better than the known cost. `row_dual` are the multipliers of the best leaf.
    """

    bound: float
    x: Array
    row_dual: Array
    tree: BranchingTree


def branch_on_window(
    program: LinearProgram,
    pairs: Index,
    start: Basis | Callable[[], Basis],
    incumbent_yuan: float,
    tolerance: float,
    tree: BranchingTree | None = None,
) -> BranchingResult | None:
    """Minimise a window's cost over its exclusive pairs; None where the search is given up as too large.

    `pairs` are columns a and b, (pairs, 2). `start` is the basis to begin with, or what makes it where there
    is anything to search. `incumbent_yuan` is the cost of a known feasible point, infinity without one;
    points better by less than `tolerance` are not searched for. `tree` is that of a window with the same
    structure.
    """
    if _is_large(program):
        return None
    from parkdispatch.optimizer.branch_and_bound.tree_search import search_tree

    tree = _usable_tree(tree, program, pairs)
    bounds = tree.lower_bounds_yuan(program)
    is_open = bounds < incumbent_yuan - tolerance
    if is_open.sum() > max(1.0, MAX_OPEN_SHARE * len(tree)):
        tree, bounds, is_open = BranchingTree.root(program, pairs), np.array([-np.inf]), np.array([True])
    if not is_open.any():
        return BranchingResult(min(incumbent_yuan, float(bounds.min())), np.empty(0), np.empty(0), tree)
    # the last node is processed first: the one with the least bound
    nodes = np.flatnonzero(is_open)[np.argsort(-bounds[is_open], kind="stable")]
    start = start() if callable(start) else start
    search = search_tree(
        program, pairs, start.columns, start.rows, tree.decisions[nodes], incumbent_yuan, tolerance
    )
    if not search.completed:
        return None
    best_yuan = program.objective(search.x) if search.best_leaf >= 0 else incumbent_yuan
    new_leaves = BranchingTree(pairs, search.decisions, search.row_dual, search.infeasible)
    closed_leaves = tree.subset(~is_open)
    bound = min(
        best_yuan,
        float(bounds[~is_open].min(initial=np.inf)),
        float(new_leaves.lower_bounds_yuan(program).min()),
    )
    grown = closed_leaves.with_leaves(new_leaves)
    rounding_yuan = BOUND_TOLERANCE * max(1.0, abs(best_yuan))
    if not grown.is_exhaustive or bound < best_yuan - tolerance - rounding_yuan:
        return None
    if search.best_leaf < 0:  # an infinite bound says infeasible: that is left to the solver to confirm
        return BranchingResult(bound, np.empty(0), np.empty(0), grown) if np.isfinite(bound) else None
    if not _is_feasible(program, pairs, search.x):
        return None
    return BranchingResult(bound, search.x, search.row_dual[search.best_leaf], grown)


def _usable_tree(tree: BranchingTree | None, program: LinearProgram, pairs: Index) -> BranchingTree:
    """Return a known tree in these pairs, or the root where there is none that covers every assignment."""
    known = (
        None if tree is None or tree.row_dual.shape[1] != len(program.row_lower) else tree.for_pairs(pairs)
    )
    return known if known is not None and known.is_exhaustive else BranchingTree.root(program, pairs)


def quick_feasible_point(
    program: LinearProgram, pairs: Index, start: Basis, tolerance: float
) -> Array | None:
    """Return the best point a limited search finds; empty if there is none, None if that is not known.

    The point obeys the pairs. Points better by less than `tolerance` are not searched for.
    """
    if _is_large(program):
        return None
    from parkdispatch.optimizer.branch_and_bound.tree_search import search_tree

    root = BranchingTree.root(program, pairs).decisions
    search = search_tree(program, pairs, start.columns, start.rows, root, np.inf, tolerance)
    if search.best_leaf < 0:
        return np.empty(0) if search.completed else None
    return search.x if _is_feasible(program, pairs, search.x) else None


def _is_large(program: LinearProgram) -> bool:
    """Return whether the program's dense tableau would be too large."""
    rows, columns = program.matrix.shape
    return bool(rows * (rows + columns) > MAX_ENTRIES)


def _is_feasible(program: LinearProgram, pairs: Index, x: Array) -> bool:
    """Return whether a point meets all rows and bounds, and uses at most one member of each pair."""
    uses_both = np.minimum(x[pairs[:, 0]], x[pairs[:, 1]]) > PAIR_TOLERANCE_MW
    return not uses_both.any() and bool(primal_infeasibility(program, x) <= FEASIBILITY_TOLERANCE)
