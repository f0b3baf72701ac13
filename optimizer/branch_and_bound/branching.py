"""The least cost of a window in which one member of each pair rests, with a proof that can be used again.

Branch and bound on the pairs that a window's linear program uses both ways: few are, because chords hold most
of them apart. What is left is a tree. The members that rest at its leaves leave no choice out, and at each
leaf the multipliers of its linear program say, whatever the prices, what that choice costs at least. So a
like window, such as the same days beside a battery of another size, judges each leaf by a product of arrays
and works only on those that could be best. The bound is computed from multipliers, here; how they were found
(`tableau.py`) proves nothing.

Where the tree would grow large, `Solver` with its cutting planes is better at it.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram, Mask
from parkdispatch.optimizer.highs import Basis
from parkdispatch.optimizer.presolve.exclusive_pairs import TOLERANCE
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, primal_infeasibility

MOST_OPEN = 1 / 3  # of a like window's leaves; where more could be best, they are no help
MOST_ENTRIES = 1e6  # of a dense tableau
SURE = 1e-7  # relative to the largest entry of a ray; what costs less than that may be rounding
DRIFT = 1e-9  # relative; what rounding may take from a bound


@dataclass(frozen=True)
class BranchingTree:
    """What each leaf decides about some pairs, and multipliers that bound what it costs.

    `pairs` are columns a and b, (pairs, 2), which may be in several pairs; `who` rests at each leaf, (leaves,
    pairs); `row_dual` are row multipliers, (leaves, rows). Where a leaf is `impossible` they are a ray: they
    still cost something where nothing else does.
    """

    pairs: Index
    who: NDArray[np.int8]
    row_dual: Array
    impossible: Mask

    @staticmethod
    def root(program: LinearProgram, pairs: Index) -> "BranchingTree":
        """Before anything is known: one leaf at which nobody rests, and multipliers that say nothing."""
        who, row_dual = (
            np.zeros((1, len(pairs)), dtype=np.int8),
            np.full((1, program.matrix.shape[0]), np.nan),
        )
        return BranchingTree(pairs, who, row_dual, np.zeros(1, dtype=bool))

    def __len__(self) -> int:
        return len(self.impossible)

    def of(self, which: Mask) -> "BranchingTree":
        """Some of the leaves."""
        return BranchingTree(self.pairs, self.who[which], self.row_dual[which], self.impossible[which])

    def with_leaves(self, other: "BranchingTree") -> "BranchingTree":
        """Both's leaves, of the same pairs."""
        return BranchingTree(
            self.pairs,
            np.concatenate([self.who, other.who]),
            np.concatenate([self.row_dual, other.row_dual]),
            np.concatenate([self.impossible, other.impossible]),
        )

    def of_pairs(self, pairs: Index) -> "BranchingTree | None":
        """The same tree of other pairs; none where it decides about a pair that is not among them."""
        if np.array_equal(pairs, self.pairs):
            return self
        place = {pair: number for number, pair in enumerate(map(tuple, pairs.tolist()))}
        who = np.zeros((len(self), len(pairs)), dtype=np.int8)
        for pair, decided in zip(map(tuple, self.pairs.tolist()), self.who.T, strict=True):
            if pair in place:
                who[:, place[pair]] = decided
            elif decided.any():
                return None
        return replace(self, pairs=pairs, who=who)

    @property
    def leaves_nothing_out(self) -> bool:
        """Whether every choice of who rests is that of a leaf."""
        from parkdispatch.optimizer.branch_and_bound.leaf_bounds import leave_nothing_out

        return bool(leave_nothing_out(np.ascontiguousarray(self.who)))

    def least_yuan(self, program: LinearProgram) -> Array:
        """What a program with these pairs costs at least at each leaf, (leaves,).

        Minus infinity is no bound, infinity is impossible.
        """
        from parkdispatch.optimizer.branch_and_bound.leaf_bounds import (
            leaf_bounds,  # machine code: only for those who have use for it
        )

        matrix = program.matrix
        least, size = leaf_bounds(
            # of one kind of array each, for another kind is compiled anew
            (matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data),
            (program.row_lower, program.row_upper),
            (program.lower, program.upper),
            program.cost,
            np.ascontiguousarray(self.row_dual),
            np.ascontiguousarray(self.pairs),
            np.ascontiguousarray(self.who),
            self.impossible,
            FEASIBILITY_TOLERANCE,
        )
        shown = np.where(least > SURE * size, np.inf, -np.inf)
        return np.asarray(np.where(self.impossible, shown, program.offset + least))


@dataclass(frozen=True)
class BranchingResult:
    """No choice costs less than the bound. `x` is empty where nothing beats what was known before.

    `row_dual` are multipliers that show what the choice costs that x makes.
    """

    bound: float
    x: Array
    row_dual: Array
    tree: BranchingTree


def branch_on_window(
    program: LinearProgram,
    pairs: Index,
    start: Basis,
    known_yuan: float,
    tolerance: float,
    tree: BranchingTree | None = None,
) -> BranchingResult | None:
    """The best choice of who rests; none where more work is needed than it is worth here.

    `pairs` are columns a and b, (pairs, 2). `known_yuan` is what a point that obeys them costs, infinity
    where none is known; something better by less than `tolerance` is not looked for. `tree` is of a like
    window.
    """
    if _is_large(program):
        return None
    from parkdispatch.optimizer.branch_and_bound.dense_tableau import search_tree

    known = None if tree is None or tree.row_dual.shape[1] != len(program.row_lower) else tree.of_pairs(pairs)
    tree = known if known is not None and known.leaves_nothing_out else BranchingTree.root(program, pairs)
    least = tree.least_yuan(program)
    is_open = least < known_yuan - tolerance
    if is_open.sum() > max(1.0, MOST_OPEN * len(tree)):
        tree, least, is_open = BranchingTree.root(program, pairs), np.array([-np.inf]), np.array([True])
    if not is_open.any():
        return BranchingResult(min(known_yuan, float(least.min())), np.empty(0), np.empty(0), tree)
    nodes = np.flatnonzero(is_open)[np.argsort(-least[is_open], kind="stable")]  # the last is looked at first
    found = search_tree(program, pairs, start.columns, start.rows, tree.who[nodes], known_yuan, tolerance)
    if not found.ended:
        return None
    best = program.objective(found.x) if found.at >= 0 else known_yuan
    below = BranchingTree(pairs, found.who, found.row_dual, found.impossible)
    closed = tree.of(~is_open)
    bound = min(best, float(least[~is_open].min(initial=np.inf)), float(below.least_yuan(program).min()))
    grown = closed.with_leaves(below)
    if not grown.leaves_nothing_out or bound < best - tolerance - DRIFT * max(1.0, abs(best)):
        return None
    if found.at < 0:  # where no choice is possible at all, that is for the solver to confirm
        return BranchingResult(bound, np.empty(0), np.empty(0), grown) if np.isfinite(bound) else None
    if not _obeys(program, pairs, found.x):
        return None
    return BranchingResult(bound, found.x, found.row_dual[found.at], grown)


def quick_feasible_point(
    program: LinearProgram, pairs: Index, start: Basis, tolerance: float
) -> Array | None:
    """A point that obeys the pairs, as good as is found soon; empty where there seems to be none.

    None where that is not known. What is better by less than `tolerance` is not looked for.
    """
    if _is_large(program):
        return None
    from parkdispatch.optimizer.branch_and_bound.dense_tableau import search_tree

    root = BranchingTree.root(program, pairs).who
    found = search_tree(program, pairs, start.columns, start.rows, root, np.inf, tolerance)
    if found.at < 0:
        return np.empty(0) if found.ended else None
    return found.x if _obeys(program, pairs, found.x) else None


def _is_large(program: LinearProgram) -> bool:
    """Whether its dense tableau would be too large."""
    rows, columns = program.matrix.shape
    return bool(rows * (rows + columns) > MOST_ENTRIES)


def _obeys(program: LinearProgram, pairs: Index, x: Array) -> bool:
    """Whether a point is possible and in no pair both members are used."""
    both = np.minimum(x[pairs[:, 0]], x[pairs[:, 1]]) > TOLERANCE
    return not both.any() and bool(primal_infeasibility(program, x) <= FEASIBILITY_TOLERANCE)
