"""Block-wise solution of the relaxation: months are solved in parallel with fixed boundary states.

Months are nearly independent: the demand charge applies within one, and only the stored energy passes from
one to the next. Each month is solved with the energy at its boundaries fixed at an estimate. Where the
multipliers on both sides show that the estimate is not optimal, the segment around the boundary is solved
again with the energy free (`block_boundaries`). Months that remain inconsistent are merged into one block.
The result is the optimum of the full program with its multipliers, whatever the estimates were; the
certificate is checked on the arrays of the full program.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import Basis, InfeasibleProgram, Solver, UnboundedProgram
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer
from parkdispatch.optimizer.partition.subprogram import Subprogram
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.presolve.valid_inequalities import ROWS_PER_PAIR
from parkdispatch.optimizer.proof.certificate import certify
from parkdispatch.optimizer.relaxation.block_boundaries import BlockBoundaries, BlockSolution
from parkdispatch.optimizer.relaxation.coarse_start import CoarseSolution, SegmentProblem, solve_segments
from parkdispatch.optimizer.relaxation.crash_basis import BasisStatus, StartingPoint, crash_basis
from parkdispatch.optimizer.thread_pool import ThreadPool


class MonthBlock:
    """One or more whole months: their subprogram and their last basis.

    No solver is kept between solves: one of a month takes 11 MB, and loading it 3 ms.
    """

    def __init__(
        self, subprogram: Subprogram, basis: Basis, start: StartingPoint | None = None, *, near: bool = True
    ) -> None:
        """`start` is a feasible point some steps from the optimum; `near`: the basis is near its optimum."""
        self.subprogram, self.basis = subprogram, basis
        self._start, self._near = start, near

    def solve(self, program: LinearProgram, boundary_values: Array) -> tuple[Array, Array]:
        """Optimum and multipliers of the block, with its boundary states fixed at `boundary_values`."""
        block = self.subprogram.alone(program, boundary_values)
        # presolve would discard the basis
        solver = Solver(presolve=False, near=self._near, primal=self._start is not None)
        if self._start is None:
            solver.load(block)
            solver.start_from(self.basis)
            answer = solver.solve()
        else:
            answer = self._start.solve(solver, block)
        self.basis = solver.basis(self.subprogram.full(program, answer.x))
        self._start, self._near = None, True
        return answer.x[: len(self.subprogram.columns)], answer.row_dual


@dataclass(frozen=True)
class BlocksWarmStart:
    """Final state of the blocks, from which a park with the same structure starts.

    States keep their distance from the nearer of their bounds, because another park has other bounds:
    `bound`, (columns,), is -1 for the lower, 1 for the upper bound and 0 for none; `distance`, (columns,), is
    how far the value lies above it. `firsts` are the first intervals of the blocks.
    """

    firsts: tuple[int, ...]
    basis: BasisStatus
    bound: NDArray[np.int8]
    distance: Array

    @staticmethod
    def of(
        firsts: Sequence[int], basis: BasisStatus, values: Array, program: LinearProgram
    ) -> "BlocksWarmStart":
        """The final state of blocks of this program, with the values of all columns."""
        above, below = values - program.lower, program.upper - values
        nearer = np.where(below < above, 1, -1).astype(np.int8)
        bound = np.where(np.isfinite(np.minimum(above, below)), nearer, np.int8(0))
        distance = np.select([bound < 0, bound > 0], [above, -below], values)
        return BlocksWarmStart(tuple(firsts), basis, bound, distance)

    def row_count_without(self, strengthened: Mask) -> int:
        """Number of rows without the valid inequalities of the marked pairs."""
        return len(self.basis.rows) - ROWS_PER_PAIR * int(strengthened.sum())

    def with_inequalities(self, before: Mask, strengthened: Mask) -> "BlocksWarmStart":
        """The same with valid inequalities of other pairs, (pairs, intervals); new rows have basic slacks."""
        count = self.row_count_without(before)
        is_basic = np.ones((ROWS_PER_PAIR, *strengthened.shape), dtype=bool)
        is_basic[:, before] = self.basis.rows[count:].reshape(ROWS_PER_PAIR, -1)
        rows = np.concatenate([self.basis.rows[:count], is_basic[:, strengthened].ravel()])
        return replace(self, basis=replace(self.basis, rows=rows))

    def values_in(self, program: LinearProgram) -> Array:
        """Estimate of every state in a program with the same structure, (columns,)."""
        bound = np.select([self.bound < 0, self.bound > 0], [program.lower, program.upper], 0.0)
        values = np.where(np.isfinite(bound), bound, 0.0) + self.distance
        return np.clip(values, program.lower, program.upper)


class MonthBlocks:
    """The relaxation of one tiled program, solved in blocks; further calls start from the last bases."""

    def __init__(
        self,
        tiled: Tiled,
        program: LinearProgram,
        pricer: LagrangianPricer,
        pool: ThreadPool,
        warm_start: BlocksWarmStart | None = None,
        coarse: CoarseSolution | None = None,
    ) -> None:
        """Start from `warm_start` if there is one, else from a coarse solution, else from a crash basis."""
        self._tiled, self._program, self._pool = tiled, program, pool
        self._pricer = pricer
        self._near = warm_start is not None  # bases are near their optima
        if warm_start is None:
            self._firsts = tiled.horizon.first("month").tolist()
            self._basis = crash_basis(tiled, program, pricer.extractor.carried)
            self._boundary_values = self._lowest_values()
        else:
            self._firsts = list(warm_start.firsts)
            self._basis = warm_start.basis.copy()
            self._boundary_values = warm_start.values_in(program)
        subprograms = self._subprograms()
        if any(part.copies.size or (part.coupling >= self._first_coupling_row).any() for part in subprograms):
            # a decision or a limit of the whole horizon couples the months
            self._firsts = self._firsts[:1]
            subprograms = self._subprograms()
        start = self._solve_segments(coarse) if warm_start is None and coarse is not None else None
        self._blocks = [
            MonthBlock(
                part, self.basis_in(part), start and self._starting_point(part, *start), near=self._near
            )
            for part in subprograms
        ]

    @property
    def warm_start(self) -> BlocksWarmStart:
        """What a park with the same structure may start from."""
        return BlocksWarmStart.of(self._firsts, self._basis, self._boundary_values, self._program)

    def basis_in(self, subprogram: Subprogram) -> Basis:
        """The part of the last bases that lies in a subprogram."""
        return self._basis.restricted_to(subprogram)

    def solve(self, upper: Array | None = None) -> tuple[Array, Array]:
        """Optimum and row multipliers. Raises InfeasibleProgram and UnboundedProgram.

        `upper` replaces the columns' upper bounds; a further call restarts from the last bases.
        """
        program = self._program if upper is None else replace(self._program, upper=upper)
        x, dual = np.zeros(len(program.cost)), np.zeros(len(program.row_lower))
        outdated: Sequence[MonthBlock] = self._blocks
        while True:
            try:
                self._solve_blocks(outdated, program, x, dual)
            except (InfeasibleProgram, UnboundedProgram):
                if len(self._blocks) == 1:
                    raise
                outdated = self._merge(self._firsts[1:])  # the fixed boundary states may be the cause
                continue
            inconsistent = self._reconcile(program, x, dual)
            if not inconsistent and (len(self._blocks) == 1 or certify(program, x, dual).holds):
                self._boundary_values = np.clip(x, program.lower, program.upper)
                return x, dual
            outdated = self._merge(inconsistent or self._firsts[1:], (x, dual))

    def _solve_blocks(
        self, blocks: Sequence[MonthBlock], program: LinearProgram, x: Array, dual: Array
    ) -> None:
        """Solve each of these blocks, and write the results into x and dual."""
        # the longest first, so that threads end at about the same time
        blocks = sorted(blocks, key=lambda block: -len(block.subprogram.columns))
        answers = self._pool.map(lambda block: block.solve(program, self._boundary_values), blocks)
        for block, (values, multipliers) in zip(blocks, answers, strict=True):
            x[block.subprogram.columns], dual[block.subprogram.inside] = values, multipliers
            self._basis.update(block.subprogram, block.basis)

    def _reconcile(self, program: LinearProgram, x: Array, dual: Array) -> list[int]:
        """Correct x and dual around block boundaries; return the boundaries that remain inconsistent."""
        solution = BlockSolution(x, dual, self._boundary_values, self._basis)
        boundaries = BlockBoundaries(self._tiled, program, self._pricer, solution)
        return boundaries.reconcile(np.array(self._firsts[1:], dtype=np.int64))

    def _merge(
        self, boundaries: Sequence[int], solution: tuple[Array, Array] | None = None
    ) -> list[MonthBlock]:
        """Merge the blocks on both sides of each boundary; return the new ones.

        They start from the point and the multipliers of `solution`, if there are any.
        """
        self._firsts = [first for first in self._firsts if first not in set(boundaries)]
        old = {block.subprogram.columns[0]: block for block in self._blocks}
        self._blocks, merged = [], []
        for part in self._subprograms():
            block = old[part.columns[0]]
            if len(block.subprogram.columns) != len(part.columns):
                # primal simplex is a good continuation of dual simplex from a near basis, not from a far one
                start = self._starting_point(part, *solution) if solution is not None and self._near else None
                block = MonthBlock(part, self.basis_in(part), start, near=self._near)
                merged.append(block)
            self._blocks.append(block)
        return merged

    # --- where blocks start

    @property
    def _first_coupling_row(self) -> int:
        """First row that belongs to no single interval."""
        return len(self._tiled.horizon) * len(self._tiled.template.rows)

    def _spans(self) -> list[tuple[int, int]]:
        """First and last interval (exclusive) of each block."""
        return list(zip(self._firsts, [*self._firsts[1:], len(self._tiled.horizon)], strict=True))

    def _subprograms(self) -> list[Subprogram]:
        return [self._pricer.subprogram(Window((span,))) for span in self._spans()]

    def _lowest_values(self) -> Array:
        """First estimate of every boundary state: its lower bound, (columns,)."""
        program = self._program
        return np.where(np.isfinite(program.lower), program.lower, np.clip(0.0, -np.inf, program.upper))

    def _solve_segments(self, coarse: CoarseSolution) -> tuple[Array, Array] | None:
        """Starting point of the blocks from their segments at the coarse solution; None where that fails."""
        program, basis = self._program, self._basis.copy()
        values = np.clip(coarse.values, program.lower, program.upper)
        segments = [segment for span in self._spans() for segment in coarse.segments(*span)]
        problem = SegmentProblem(program, self._pricer, segments, self._first_coupling_row, values, basis)
        try:
            start = solve_segments(problem, self._pool)
        except (InfeasibleProgram, UnboundedProgram):
            return None
        if start is None:
            return None
        self._boundary_values, self._basis, self._near = values, basis, True
        return start

    def _starting_point(self, subprogram: Subprogram, x: Array, dual: Array) -> StartingPoint:
        basis = self.basis_in(subprogram)
        return StartingPoint(x[subprogram.every], dual[subprogram.inside], basis)
