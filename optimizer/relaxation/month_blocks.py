"""Solve the relaxation month by month, side by side, and make the months agree at their borders.

Months are nearly independent: the demand charge lives inside one, and only the stored energy crosses their
borders. Each is solved with that energy held at a guess. Around a border where the guess was not what the
multipliers on both sides want, the stretch between the nearest edges is solved once more with the energy
free, and laid in. Months that still disagree become one block. The result is the optimum of the whole
horizon with its multipliers, whatever the guesses were worth: `certificate.py` judges it from the arrays of
the whole.
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
from parkdispatch.optimizer.relaxation.block_boundaries import BlockBoundaries
from parkdispatch.optimizer.relaxation.coarse_start import CoarseSolution, solve_in_pieces
from parkdispatch.optimizer.relaxation.crash_basis import BasisMarks, StartingPoint, crash_marks
from parkdispatch.optimizer.thread_pool import ThreadPool


class MonthBlock:
    """Some whole months: their part of the program, and the basis they were left with.

    Between solves it keeps only that: a solver of a month is 11 MB, and loading one takes 3 ms.
    """

    def __init__(
        self, cut: Subprogram, basis: Basis, begun: StartingPoint | None = None, *, near: bool = True
    ) -> None:
        self.cut, self.basis, self._near = cut, basis, near
        self._begun = begun  # a point that obeys everything, some steps from the optimum

    def solve(self, program: LinearProgram, level: Array) -> tuple[Array, Array]:
        """Optimum and multipliers within the program's bounds, the states at its borders held at `level`."""
        cut = self.cut
        alone = cut.alone(program, level)
        # presolve would throw the basis away
        solver = Solver(presolve=False, near=self._near, primal=self._begun is not None)
        if self._begun is None:
            solver.load(alone)
            solver.start_from(self.basis)
            answer = solver.solve()
        else:
            answer = self._begun.finish(solver, alone)
        self.basis, self._begun, self._near = solver.basis(cut.full(program, answer.x)), None, True
        return answer.x[: len(cut.columns)], answer.row_dual


@dataclass(frozen=True)
class BlocksWarmStart:
    """What blocks were left with: where they begin, which columns and rows are basic, and every state.

    A state is as far from the nearer of its bounds in a like park too, where the bounds are others: `bound`
    is -1 or 1 for the lower or the upper one, 0 where it has none, and `beyond` how far above it, (columns,).
    """

    firsts: tuple[int, ...]
    marks: BasisMarks
    bound: NDArray[np.int8]
    beyond: Array

    @staticmethod
    def of(
        firsts: Sequence[int], marks: BasisMarks, level: Array, program: LinearProgram
    ) -> "BlocksWarmStart":
        """What was left of blocks of this program."""
        above, below = level - program.lower, program.upper - level
        nearer = np.where(below < above, 1, -1).astype(np.int8)
        bound = np.where(np.isfinite(np.minimum(above, below)), nearer, np.int8(0))
        beyond = np.select([bound < 0, bound > 0], [above, -below], level)
        return BlocksWarmStart(tuple(firsts), marks, bound, beyond)

    def rows_without(self, chorded: Mask) -> int:
        """How many rows there are but for those of chords."""
        return len(self.marks.rows) - ROWS_PER_PAIR * int(chorded.sum())

    def with_chords(self, before: Mask, chorded: Mask) -> "BlocksWarmStart":
        """The same where other pairs, (pairs, intervals), have chords than before; a new one is slack."""
        known = self.rows_without(before)
        of_chords = np.ones((ROWS_PER_PAIR, *chorded.shape), dtype=bool)
        of_chords[:, before] = self.marks.rows[known:].reshape(ROWS_PER_PAIR, -1)
        rows = np.concatenate([self.marks.rows[:known], of_chords[:, chorded].ravel()])
        return replace(self, marks=replace(self.marks, rows=rows))

    def level_in(self, program: LinearProgram) -> Array:
        """A first guess of every state in a like program."""
        near = np.select([self.bound < 0, self.bound > 0], [program.lower, program.upper], 0.0)
        return np.clip(np.where(np.isfinite(near), near, 0.0) + self.beyond, program.lower, program.upper)


class MonthBlocks:
    """The relaxation of one tiled program; it stays warm between solves.

    It begins where blocks of a like program were `left`, if that is given.
    """

    def __init__(
        self,
        tiled: Tiled,
        program: LinearProgram,
        pricer: LagrangianPricer,
        pool: ThreadPool,
        left: BlocksWarmStart | None = None,
        preview: CoarseSolution | None = None,
    ) -> None:
        self._tiled, self._program, self._pool = tiled, program, pool
        self._pricer, self._cutter = pricer, pricer.extractor
        self._near = left is not None  # whether blocks begin near to where they end
        if left is None:
            self._firsts = tiled.horizon.first("month").tolist()
            self._marks, self._level = crash_marks(tiled, program, self._cutter.carried), self._emptied()
        else:
            self._firsts = list(left.firsts)
            self._marks, self._level = left.marks.copy(), left.level_in(program)
        cuts = self._cut()
        if any(cut.copies.size or (cut.coupling >= self._tied).any() for cut in cuts):
            # a decision or a limit of the whole horizon ties the months together
            self._firsts = self._firsts[:1]
            cuts = self._cut()
        begun = self._rehearsed(preview) if left is None and preview is not None else None
        self._blocks = [
            MonthBlock(cut, self._marks.within(cut), begun and self._begun(cut, *begun), near=self._near)
            for cut in cuts
        ]

    @property
    def _tied(self) -> int:
        """First row that is of no interval."""
        return len(self._tiled.horizon) * len(self._tiled.template.rows)

    def _rehearsed(self, preview: CoarseSolution) -> tuple[Array, Array] | None:
        """Where the blocks begin, from pieces of them at what the preview says; none where that fails."""
        ends = [*self._firsts[1:], len(self._tiled.horizon)]
        pieces = [one for span in zip(self._firsts, ends, strict=True) for one in preview.pieces(*span)]
        level, marks = np.clip(preview.level, self._program.lower, self._program.upper), self._marks.copy()
        try:
            begun = solve_in_pieces(self._program, self._pricer, pieces, self._tied, level, marks, self._pool)
        except (InfeasibleProgram, UnboundedProgram):
            return None
        if begun is None:
            return None
        self._level, self._marks, self._near = level, marks, True
        return begun

    def _begun(self, cut: Subprogram, x: Array, dual: Array) -> StartingPoint:
        return StartingPoint(x[cut.every], dual[cut.inside], self._marks.within(cut))

    @property
    def left(self) -> BlocksWarmStart:
        """What a like program may begin with."""
        return BlocksWarmStart.of(self._firsts, self._marks, self._level, self._program)

    def basis_in(self, cut: Subprogram) -> Basis:
        """The part of the last bases that lies in a cut, whose copies of shared decisions rest."""
        return self._marks.within(cut)

    def _emptied(self) -> Array:
        """A first guess of every state at every border: as low as may be, (columns,)."""
        program = self._program
        return np.where(np.isfinite(program.lower), program.lower, np.clip(0.0, -np.inf, program.upper))

    def _cut(self) -> list[Subprogram]:
        ends = [*self._firsts[1:], len(self._tiled.horizon)]
        return [self._pricer.cut(Window(((a, b),))) for a, b in zip(self._firsts, ends, strict=True)]

    def _merge(self, borders: Sequence[int], at: tuple[Array, Array] | None = None) -> list[MonthBlock]:
        """Make one block of those on both sides of each border, from their points and multipliers, if any."""
        self._firsts = [first for first in self._firsts if first not in set(borders)]
        old = {block.cut.columns[0]: block for block in self._blocks}
        self._blocks, made = [], []
        for cut in self._cut():
            block = old[cut.columns[0]]
            if len(block.cut.columns) != len(cut.columns):
                # where the dual method ends, other prices begin well; from another's end it is the longer way
                begun = self._begun(cut, *at) if at is not None and self._near else None
                block = MonthBlock(cut, self._marks.within(cut), begun, near=self._near)
                made.append(block)
            self._blocks.append(block)
        return made

    def solve(self, upper: Array | None = None) -> tuple[Array, Array]:
        """Optimum and row multipliers. Raises InfeasibleProgram and UnboundedProgram.

        `upper` replaces the columns' upper bounds; a further call restarts from the last bases.
        """
        program = self._program if upper is None else replace(self._program, upper=upper)
        x, dual = np.zeros(len(program.cost)), np.zeros(len(program.row_lower))
        stale: Sequence[MonthBlock] = self._blocks
        while True:
            try:
                self._solve_apart(stale, program, x, dual)
            except (InfeasibleProgram, UnboundedProgram):
                if len(self._blocks) == 1:
                    raise
                stale = self._merge(self._firsts[1:])  # the guess may be what is impossible
                continue
            apart = self._reconcile(program, x, dual)
            if not apart and (len(self._blocks) == 1 or certify(program, x, dual).holds):
                self._level = np.clip(x, program.lower, program.upper)
                return x, dual
            stale = self._merge(apart or self._firsts[1:], (x, dual))

    def _solve_apart(
        self, blocks: Sequence[MonthBlock], program: LinearProgram, x: Array, dual: Array
    ) -> None:
        """Each of these blocks alone, its borders at the guess, into x and dual."""
        blocks = sorted(blocks, key=lambda block: -len(block.cut.columns))  # that none is left at the end
        found = self._pool.map(lambda block: block.solve(program, self._level), blocks)
        for block, (values, multipliers) in zip(blocks, found, strict=True):
            x[block.cut.columns], dual[block.cut.inside] = values, multipliers
            self._marks.note(block.cut, block.basis)

    def _reconcile(self, program: LinearProgram, x: Array, dual: Array) -> list[int]:
        """Lay solutions of what is around the borders into x and dual; borders where none fits."""
        borders = BlockBoundaries(self._tiled, program, self._pricer, x, dual, self._level, self._marks)
        return borders.reconcile(np.array(self._firsts[1:], dtype=np.int64))
