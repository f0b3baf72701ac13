"""Make blocks agree where they meet, without joining them.

Around a border where the guess of the stored energy was not what the multipliers on both sides want, the
stretch between the nearest edges is solved once more with the energy free. If what it does there changes what
a peak is worth to it, it is solved together with the one stretch that sets this peak: all others that press
on it do so at a price of their own, whatever the peak's is.
"""

from functools import cached_property

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import Basis, InfeasibleProgram, Solver, SolverAnswer, UnboundedProgram
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer, Multipliers, WindowProgram
from parkdispatch.optimizer.partition.subprogram import sorted_distinct
from parkdispatch.optimizer.partition.windows import Partition, Window
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE
from parkdispatch.optimizer.relaxation.crash_basis import BasisMarks, StartingPoint

MOST_TURNS = 5  # of asking those in too whom it would concern
NOWHERE = np.empty(0, dtype=np.int64)


class BlockBoundaries:
    """The borders of a program's blocks, with x, dual, level and marks, which change where blocks agree."""

    def __init__(
        self,
        tiled: Tiled,
        program: LinearProgram,
        pricer: LagrangianPricer,
        x: Array,
        dual: Array,
        level: Array,
        marks: BasisMarks,
    ) -> None:
        self._tiled, self._program, self._pricer = tiled, program, pricer
        self._x, self._dual, self._level, self._marks = x, dual, level, marks

    def reconcile(self, borders: Index) -> list[int]:
        """Lay solutions of what is around the borders into x and dual; borders where none fits."""
        at = self._pricer.multipliers(self._dual.copy())
        agreed = self._agreed(borders, at)
        if agreed.all():
            return []
        pieces = self._pieces(at)
        pieces.activate(pieces.segments_of_intervals(borders[~agreed]))
        apart = self._each(pieces, at)
        if apart:
            at = self._pricer.multipliers(self._dual.copy())
            pieces = self._pieces(at)
            apart = [window for window in apart if not self._with_setters(pieces, at, window)]
        within = [(borders > first) & (borders < last) for one in apart for first, last in one.stretches]
        return [int(border) for one in within for border in borders[one]]

    def _agreed(self, borders: Index, at: Multipliers) -> Mask:
        """Where the multipliers on both sides of a border want its states to be where they are."""
        program, own = self._program, len(self._tiled.template.columns)
        states = [previous.column for previous in self._tiled.template.previous]
        columns = (borders[:, None] - 1) * own + np.array(states, dtype=np.int64)
        x, reduced = self._x[columns], at.reduced[columns]
        may_fall = x > program.lower[columns] + FEASIBILITY_TOLERANCE
        may_rise = x < program.upper[columns] - FEASIBILITY_TOLERANCE
        wants = (may_fall & (reduced > FEASIBILITY_TOLERANCE)) | (
            may_rise & (reduced < -FEASIBILITY_TOLERANCE)
        )
        return np.asarray(~(wants & self._pricer.extractor.carried[borders - 1]).any(axis=1))

    def _pieces(self, at: Multipliers) -> Partition:
        return Partition(self._tiled, self._program, self._pricer.extractor.carried, self._x, at.reduced)

    def _each(self, pieces: Partition, at: Multipliers) -> list[Window]:
        """Solve each stretch, with more around it where that is concerned too; those that do not settle."""
        tried: dict[Window, bool] = {}
        for _ in range(MOST_TURNS):
            more = []
            for window in [window for window in pieces.windows() if window not in tried]:
                tried[window], concerned = self._stretch(at, window)
                if concerned.size:
                    more.append(
                        np.concatenate([pieces.within(window), pieces.segments_of_intervals(concerned)])
                    )
            if not pieces.merge_segments(more):
                break
        return [window for window in pieces.windows() if not tried.get(window)]

    def _stretch(self, at: Multipliers, window: Window) -> tuple[bool, Index]:
        """Solve a stretch, whose shared decisions stay where they are if that is enough here.

        Whether it is, and intervals elsewhere that it would concern too.
        """
        part = self._pricer.part(window, at, self._program.upper)
        part.program.upper[part.copies] = self._x[part.cut.copies]
        solver = Solver(presolve=False, near=True)
        solver.load(part.program)
        solver.start_from(self._marks.within(part.cut))
        copies = np.arange(part.copies.start, part.copies.stop)
        try:
            answer = solver.solve()
            moved = self._moved(part, answer)
            if moved.size:
                return False, moved
            # others keep what is shared where it is, and the basis is of that
            solver.change_bounds(copies, *(2 * [self._x[part.cut.copies]]))
            held = solver.solve()
        except (InfeasibleProgram, UnboundedProgram):
            return False, NOWHERE
        settled = self._settled(part, answer)
        basis = solver.basis(part.cut.full(self._program, held.x))
        # where a shared decision's block counts on it for its basis, this would be one too many there
        same = len(part.cut.inside) == self._marks.size(part.cut)
        if settled or same:
            # where it is settled, one costs what the other does, so the multipliers are right for both
            self._lay(part, held.x, (answer if settled else held).row_dual, basis if same else None)
        return settled, NOWHERE

    def _moved(self, part: WindowProgram, answer: SolverAnswer) -> Index:
        """Intervals beyond a window's ends whose states are not where they were."""
        cut = part.cut
        after = np.zeros(len(cut.every), dtype=bool)
        after[cut.ending] = True
        ends = after.copy()
        ends[part.copies.stop :] = True
        moved = ends & (np.abs(answer.x - self._x[cut.every]) > FEASIBILITY_TOLERANCE)
        return np.asarray(cut.every[moved] // len(self._tiled.template.columns) + after[moved])

    def _settled(self, part: WindowProgram, answer: SolverAnswer) -> bool:
        """Whether nobody here wants more or less of what is shared, or has less at a price."""
        copies = part.copies
        moved = np.abs(answer.x[copies] - self._x[part.cut.copies])
        priced = (part.program.cost - part.program.matrix.T @ answer.row_dual)[copies]
        at_all = np.maximum(np.abs(priced), np.abs(part.program.cost[copies]) * moved)
        return bool((at_all <= FEASIBILITY_TOLERANCE).all())

    def _lay(self, part: WindowProgram, x: Array, row_dual: Array, basis: Basis | None) -> None:
        """A window's solution, multipliers and basis into the whole."""
        cut, own = part.cut, len(part.cut.columns)
        lower, upper = self._program.lower[cut.columns], self._program.upper[cut.columns]
        self._level[cut.columns] = np.clip(x[:own], lower, upper)
        self._x[cut.columns], self._dual[cut.inside] = x[:own], row_dual
        if basis is not None:
            self._marks.note(cut, basis)

    def _with_setters(self, pieces: Partition, at: Multipliers, window: Window) -> bool:
        """Solve a window with those who set what it shares, and more around it where that is concerned."""
        setters = self._setters(pieces, self._pricer.cut(window).copies)
        chosen = sorted_distinct(np.concatenate([pieces.within(window), *setters]))
        for _ in range(MOST_TURNS):
            settled, moved = self._together(at, pieces.window(chosen.tolist()))
            if settled or not moved.size:
                return settled
            chosen = np.union1d(chosen, pieces.segments_of_intervals(moved))
        return False

    @cached_property
    def _interval_of_row(self) -> Index:
        """The interval each row is of; of one that is of none in particular, the first of its columns'."""
        matrix, template, count = self._program.matrix, self._tiled.template, len(self._tiled.horizon)
        tied = np.arange(count * len(template.rows)) // len(template.rows)
        others = matrix.indices[matrix.indptr[len(tied) : -1]] // len(template.columns)
        return np.concatenate([tied, np.minimum(others, count - 1)])

    def _setters(self, pieces: Partition, shared: Index) -> list[Index]:
        """Pieces that press on each of some shared decisions and lack a basic column: it is that decision."""
        count, own = len(self._tiled.horizon), len(self._tiled.template.columns)
        basic = self._marks.columns[: count * own].reshape(count, own).sum(axis=1)
        lacking = np.bincount(self._interval_of_row[~self._marks.rows], minlength=count) - basic
        lacks = np.add.reduceat(lacking, pieces.break_points[:-1]) > 0
        found = []
        for column in shared[self._marks.columns[shared]].tolist():
            rows = self._pricer.extractor.binding_rows(column, self._dual)
            binding_rows = sorted_distinct(pieces.segments_of_intervals(self._interval_of_row[rows]))
            found.append(binding_rows[lacks[binding_rows]])
        return found

    def _together(self, at: Multipliers, window: Window) -> tuple[bool, Index]:
        """Solve a window with those who set what it shares, and lay it in if that stays where it is.

        Whether it does, and intervals elsewhere that it would concern too.
        """
        part = self._pricer.part(window, at, self._program.upper)
        cut, program = part.cut, part.program
        program.cost[part.copies] += at.reduced[cut.copies]  # what others leave of its cost
        solver = Solver(presolve=False, near=True, primal=True)
        begun = StartingPoint(self._x[cut.every], self._dual[cut.inside], self._marks.within(cut))
        try:
            answer = begun.finish(solver, program)
        except (InfeasibleProgram, UnboundedProgram):
            return False, NOWHERE
        moved = self._moved(part, answer)
        settled = not moved.size and self._settled(part, answer)
        if settled:
            at.dual[cut.inside] = answer.row_dual
            at.reduced[cut.copies] = 0.0
            self._lay(part, answer.x, answer.row_dual, solver.basis(cut.full(self._program, answer.x)))
        return settled, moved
