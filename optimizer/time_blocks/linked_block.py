"""One block of a horizon as a program of its own, for given values of its links.

The block's program has a row for each link: value of its columns + more - less = value of the link. Its cost
is a convex function of the links, of which every solution's multipliers give a cut: a linear function that is
nowhere above it. `more` and `less` are zero, unless there is no point at these links: then they are allowed
at a penalty, and the cut says how far the links must move.

The amount that a block adds to a total is free at first. Once the total is found to matter, the block is
allotted a part of it: the amount may then be at most its link's value, at least, or both.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Basis, InfeasibleProgram, OutOfTime, Solver, SolverAnswer
from parkdispatch.optimizer.partition.lagrangian_pricing import transposed_product
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, support
from parkdispatch.optimizer.time_blocks.links import BlockLinks


@dataclass(frozen=True)
class Cut:
    """A lower bound on a block's cost at any values of its links: value + slopes'links, (own links,)."""

    value: float
    slopes: Array


@dataclass(frozen=True)
class BlockAnswer:
    """A block's optimum at given links: its point, (every,), its cut, and how far links are missed.

    An amount that exceeds its allotment at a price is not missed.
    """

    x: Array
    cut: Cut
    missed: float


class LinkedBlock:
    """One block's program, solved again and again for other values of its links from its last basis."""

    def __init__(self, program: LinearProgram, part: BlockLinks, penalty: float) -> None:
        """`penalty`: cost of a unit by which a link is missed, more than any link is worth."""
        self.part, subprogram = part, part.subprogram
        every, count = subprogram.every, len(part.links)
        self.own_count = len(subprogram.columns)
        cost = program.cost[every]
        cost[self.own_count :] = 0.0
        identity = sp.eye_array(count, format="csr")
        matrix = sp.csr_array(
            sp.block_array(
                [[subprogram.matrix, None, None], [part.values, identity, -identity]], format="csr"
            )
        )
        inside = subprogram.inside
        self._program = LinearProgram(
            np.concatenate([cost, np.full(2 * count, penalty)]),
            0.0,
            matrix,
            np.concatenate([program.row_lower[inside], np.zeros(count)]),
            np.concatenate([program.row_upper[inside], np.zeros(count)]),
            np.concatenate([program.lower[every], np.zeros(2 * count)]),
            np.concatenate([program.upper[every], np.zeros(2 * count)]),
            np.zeros(len(cost) + 2 * count, dtype=bool),
        )
        self._link_rows = len(inside) + np.arange(count)
        self._width = len(every)
        self._slack = self._width + np.arange(2 * count)
        self._basis: Basis | None = None
        is_amount = part.is_amount
        self._is_at_least, self._is_at_most = ~is_amount, ~is_amount  # its link's value, (own links,) each
        self._is_soft = np.zeros(2 * count, dtype=bool)

    def allot(self, is_at_least: Mask, is_at_most: Mask, price_yuan: Array) -> None:
        """Say which links, (own links,) each, are at least their values and which at most.

        Where there is a price of a unit, a block's relaxation may miss its link at that price.
        """
        self._is_at_least, self._is_at_most = is_at_least, is_at_most
        self._is_soft = np.tile(price_yuan > 0, 2)
        cost = self._program.cost.copy()
        cost[self._slack[self._is_soft]] = np.tile(price_yuan, 2)[self._is_soft]
        self._program = replace(self._program, cost=cost)

    @property
    def is_solved(self) -> bool:
        """Whether there is a basis to begin at."""
        return self._basis is not None

    def begin_like(self, other: "LinkedBlock") -> None:
        """Begin at the basis of a solved block, of another day as a rule, if columns and links are the same.

        Valid inequalities follow a block's other rows, and are not as many on each day.
        """
        basis, links = other._basis, len(self._link_rows)
        if basis is None or (self._width, links) != (other._width, len(other._link_rows)):
            return
        rows = np.ones(self._program.matrix.shape[0], dtype=bool)
        shared = min(len(rows), len(basis.rows)) - links
        rows[:shared], rows[len(rows) - links :] = basis.rows[:shared], basis.rows[len(basis.rows) - links :]
        self._basis = Basis.of(basis.columns, rows, basis.upper)

    def priced(self, values: Array, price: Array, is_fixed: Mask) -> BlockAnswer:
        """Optimum with links fixed at `values` where marked, and free at `price` elsewhere, (own links,).

        Raises InfeasibleProgram with the block's rows where it has no point at any links, as `at` does.
        """
        program = self.program_priced(np.where(is_fixed, 0.0, -price), is_fixed, values)
        program, solver, answer = self._solved_or_missed(program)
        slopes = np.where(is_fixed, answer.row_dual[self._link_rows], -price)
        return self._told(program, solver, answer, slopes)

    def at(self, values: Array) -> BlockAnswer:
        """Optimum with all links at these values, (own links,), as in `program_at`, from the last basis."""
        program = self.program_at(values)
        upper = program.upper.copy()
        upper[self._slack[self._is_soft]] = np.inf
        program, solver, answer = self._solved_or_missed(replace(program, upper=upper))
        return self._told(program, solver, answer, answer.row_dual[self._link_rows])

    def _solved_or_missed(self, program: LinearProgram) -> tuple[LinearProgram, Solver, SolverAnswer]:
        """Solve a program of the block from the last basis; links may be missed where it has no point."""
        # presolve takes half the time of a first solve, and would discard a basis
        solver = Solver(presolve=self._basis is None, near=self._basis is not None)
        solver.load(program)
        if self._basis is not None:
            solver.start_from(self._basis)
        try:
            answer = solver.solve()
        except InfeasibleProgram:
            program = self._elastic(program)
            solver.change_bounds(self._slack, program.lower[self._slack], program.upper[self._slack])
            with self._infeasible_by_itself():
                answer = solver.solve()
        return program, solver, answer

    def _told(
        self, program: LinearProgram, solver: Solver, answer: SolverAnswer, slopes: Array
    ) -> BlockAnswer:
        """What a solved program says of the block; its basis is kept for the next one."""
        self._basis = solver.basis(self._at_upper(answer.x))
        cut = Cut(self._cut(program, answer.row_dual), slopes)
        slack = answer.x[self._slack]
        return BlockAnswer(answer.x[: self._width], cut, float(slack[~self._is_soft].sum()))

    def cost_yuan(self, x: Array) -> float:
        """What a point, (every,), costs this block."""
        return float((self._program.cost[: self._width] * x).sum())

    def within(self, values: Array, lower: Array, upper: Array) -> Array | None:
        """The best point, (every,), with all links at these values and within other bounds, (every,) each.

        None where there is none.
        """
        program, width = self.program_at(values), self._width
        solver = Solver(presolve=self._basis is None, near=self._basis is not None)
        solver.load(
            replace(
                program,
                lower=np.concatenate([lower, program.lower[width:]]),
                upper=np.concatenate([upper, program.upper[width:]]),
            )
        )
        if self._basis is not None:
            solver.start_from(self._basis)  # of the relaxation, a few steps away
        try:
            return solver.solve().x[:width]
        except (InfeasibleProgram, OutOfTime):
            return None

    def multipliers_at(self, price: Array) -> Array:
        """Multipliers of the block's own rows, (inside,), at these prices of its links, (own links,)."""
        _, answer = _solved(self.program_priced(price))
        return answer.row_dual[: self._link_rows[0] if len(price) else None]

    def program_at(self, values: Array) -> LinearProgram:
        """The block's program with all links at these values, and amounts as allotted, (own links,)."""
        program = self._program
        row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
        row_lower[self._link_rows], row_upper[self._link_rows] = self._ranges(values)
        return replace(program, row_lower=row_lower, row_upper=row_upper)

    def program_priced(
        self, price: Array, fixed: Mask | None = None, values: Array | None = None
    ) -> LinearProgram:
        """The block's program with links each of which costs `price` a unit less, (own links,).

        They are free, but for those marked `fixed`, which stay at their `values`.
        """
        program, cost = self._program, self._program.cost.copy()
        cost[: self._width] -= transposed_product(self.part.values, price)
        row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
        row_lower[self._link_rows], row_upper[self._link_rows] = -np.inf, np.inf
        if fixed is not None and values is not None:
            lower, upper = self._ranges(values)
            row_lower[self._link_rows[fixed]], row_upper[self._link_rows[fixed]] = lower[fixed], upper[fixed]
        return replace(program, cost=cost, row_lower=row_lower, row_upper=row_upper)

    def meets(self, x: Array, values: Array) -> bool:
        """Whether a point, (every,), has its links at these values, and amounts as allotted, (own links,)."""
        reached, (lower, upper) = self.part.values @ x, self._ranges(values)
        return bool(np.maximum(lower - reached, reached - upper).max(initial=0.0) <= FEASIBILITY_TOLERANCE)

    def _ranges(self, values: Array) -> tuple[Array, Array]:
        """Least and most that links may be at these values, (own links,) each."""
        return np.where(self._is_at_least, values, -np.inf), np.where(self._is_at_most, values, np.inf)

    @contextmanager
    def _infeasible_by_itself(self) -> Iterator[None]:
        """What is infeasible though all links may be missed is so in the whole program too."""
        try:
            yield
        except InfeasibleProgram:
            raise InfeasibleProgram(self.part.subprogram.inside) from None

    def _elastic(self, program: LinearProgram) -> LinearProgram:
        """The program with links that may be missed, at their penalty."""
        upper = program.upper.copy()
        upper[self._slack] = np.inf
        return replace(program, upper=upper)

    def _cut(self, program: LinearProgram, row_dual: Array) -> float:
        """Return the cut's value at links of zero, by weak duality from any multipliers."""
        dual = row_dual.copy()
        reduced = program.cost - transposed_product(program.matrix, dual)
        dual[self._link_rows] = 0.0
        rows, wrong_rows = support(dual, program.row_lower, program.row_upper)
        columns, wrong_columns = support(reduced, program.lower, program.upper)
        if max(wrong_rows, wrong_columns) > FEASIBILITY_TOLERANCE:
            return -np.inf
        return rows + columns

    def _at_upper(self, x: Array) -> Mask:
        program = self._program
        return np.asarray((x >= program.upper - FEASIBILITY_TOLERANCE) & (program.upper > program.lower))


def _solved(program: LinearProgram) -> tuple[Solver, SolverAnswer]:
    """Solve a program from scratch; return the solver for its basis."""
    solver = Solver()
    solver.load(program)
    return solver, solver.solve()
