"""Make the solutions of neighbouring blocks consistent at their boundaries without merging the blocks.

Where the reduced costs on both sides of a boundary show that its fixed states are not optimal, the segment
around it (between the nearest break points) is solved once more with the states free. If its solution changes
the dual value of a shared decision, such as a month's peak, it is solved together with the one segment that
determines this decision. All other segments in which the decision is binding have a multiplier of their own
that does not depend on it.
"""

from dataclasses import dataclass
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
from parkdispatch.optimizer.relaxation.crash_basis import BasisStatus, StartingPoint

MAX_EXTENSIONS = 5  # of a window by segments that its solution would change
NO_INTERVALS = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class BlockSolution:
    """Solutions of all blocks in the arrays of the full program; these are changed in place.

    `boundary_values`, (columns,), are the values at which the states at block boundaries are fixed.
    """

    x: Array
    dual: Array
    boundary_values: Array
    basis: BasisStatus


class BlockBoundaries:
    """The boundaries of the blocks of one solved program."""

    def __init__(
        self, tiled: Tiled, program: LinearProgram, pricer: LagrangianPricer, solution: BlockSolution
    ) -> None:
        self._tiled, self._program, self._pricer = tiled, program, pricer
        self._solution = solution
        self._x, self._dual, self._basis = solution.x, solution.dual, solution.basis

    def reconcile(self, boundaries: Index) -> list[int]:
        """Solve the surroundings of inconsistent boundaries and insert the results into the solution.

        `boundaries` are the first intervals of blocks. Returns those that remain inconsistent.
        """
        multipliers = self._pricer.multipliers(self._dual.copy())
        consistent = self._consistent(boundaries, multipliers)
        if consistent.all():
            return []
        partition = self._partition(multipliers)
        partition.activate(partition.segments_of_intervals(boundaries[~consistent]))
        unsettled = self._solve_windows(partition, multipliers)
        if unsettled:
            multipliers = self._pricer.multipliers(self._dual.copy())
            partition = self._partition(multipliers)
            unsettled = [
                window
                for window in unsettled
                if not self._solve_with_price_setters(partition, multipliers, window)
            ]
        inside = [
            (boundaries > first) & (boundaries < last)
            for window in unsettled
            for first, last in window.stretches
        ]
        return [int(boundary) for mask in inside for boundary in boundaries[mask]]

    def _consistent(self, boundaries: Index, multipliers: Multipliers) -> Mask:
        """Whether the states at each boundary are optimal at the multipliers on both sides."""
        program, width = self._program, len(self._tiled.template.columns)
        states = [previous.column for previous in self._tiled.template.previous]
        columns = (boundaries[:, None] - 1) * width + np.array(states, dtype=np.int64)
        x, reduced = self._x[columns], multipliers.reduced[columns]
        may_fall = x > program.lower[columns] + FEASIBILITY_TOLERANCE
        may_rise = x < program.upper[columns] - FEASIBILITY_TOLERANCE
        not_optimal = (may_fall & (reduced > FEASIBILITY_TOLERANCE)) | (
            may_rise & (reduced < -FEASIBILITY_TOLERANCE)
        )
        return np.asarray(~(not_optimal & self._pricer.extractor.carried[boundaries - 1]).any(axis=1))

    def _partition(self, multipliers: Multipliers) -> Partition:
        carried = self._pricer.extractor.carried
        return Partition(self._tiled, self._program, carried, self._x, multipliers.reduced)

    def _solve_windows(self, partition: Partition, multipliers: Multipliers) -> list[Window]:
        """Solve each active window, extended where its solution changes others; return those unsettled."""
        settled: dict[Window, bool] = {}
        for _ in range(MAX_EXTENSIONS):
            extensions = []
            for window in [window for window in partition.windows() if window not in settled]:
                settled[window], changed = self._solve_window(multipliers, window)
                if changed.size:
                    segments = partition.segments_of_intervals(changed)
                    extensions.append(np.concatenate([partition.within(window), segments]))
            if not partition.merge_segments(extensions):
                break
        return [window for window in partition.windows() if not settled.get(window)]

    def _solve_window(self, multipliers: Multipliers, window: Window) -> tuple[bool, Index]:
        """Solve a window without raising shared decisions, and insert the solution where that is right.

        Returns whether the window is settled, and the intervals elsewhere that its solution would change.
        """
        part = self._pricer.window_program(window, multipliers, self._program.upper)
        fixed = self._x[part.subprogram.copies]
        part.program.upper[part.copies] = fixed
        solver = Solver(presolve=False, near=True)
        solver.load(part.program)
        solver.start_from(self._basis.restricted_to(part.subprogram))
        copies = np.arange(part.copies.start, part.copies.stop)
        try:
            answer = solver.solve()
            changed = self._changed_elsewhere(part, answer)
            if changed.size:
                return False, changed
            # other windows keep the shared decisions at these values, so the basis must be of the same
            solver.change_bounds(copies, fixed, fixed)
            with_fixed_copies = solver.solve()
        except (InfeasibleProgram, UnboundedProgram):
            return False, NO_INTERVALS
        settled = self._is_settled(part, answer)
        basis = solver.basis(part.subprogram.full(self._program, with_fixed_copies.x))
        # where the block of a shared decision has it basic for want of another column, a full basis of this
        # window would leave one basic column too many there
        is_complete = len(part.subprogram.inside) == self._basis.basic_count(part.subprogram)
        if settled or is_complete:
            # a settled window costs the same in both solves, so the multipliers of either are right
            row_dual = (answer if settled else with_fixed_copies).row_dual
            self._insert(part, with_fixed_copies.x, row_dual, basis if is_complete else None)
        return settled, NO_INTERVALS

    def _changed_elsewhere(self, part: WindowProgram, answer: SolverAnswer) -> Index:
        """Intervals next to a window whose boundary states differ from the present solution."""
        subprogram = part.subprogram
        is_ending = np.zeros(len(subprogram.every), dtype=bool)
        is_ending[subprogram.ending] = True
        at_boundary = is_ending.copy()
        at_boundary[part.copies.stop :] = True
        changed = at_boundary & (np.abs(answer.x - self._x[subprogram.every]) > FEASIBILITY_TOLERANCE)
        width = len(self._tiled.template.columns)
        return np.asarray(subprogram.every[changed] // width + is_ending[changed])

    def _is_settled(self, part: WindowProgram, answer: SolverAnswer) -> bool:
        """Whether the present values of the shared decisions are optimal for the window too."""
        copies = part.copies
        change = np.abs(answer.x[copies] - self._x[part.subprogram.copies])
        reduced = (part.program.cost - part.program.matrix.T @ answer.row_dual)[copies]
        deviation = np.maximum(np.abs(reduced), np.abs(part.program.cost[copies]) * change)
        return bool((deviation <= FEASIBILITY_TOLERANCE).all())

    def _insert(self, part: WindowProgram, x: Array, row_dual: Array, basis: Basis | None) -> None:
        """Insert a window's point, multipliers and basis into the full solution."""
        subprogram, width = part.subprogram, len(part.subprogram.columns)
        lower, upper = self._program.lower[subprogram.columns], self._program.upper[subprogram.columns]
        self._solution.boundary_values[subprogram.columns] = np.clip(x[:width], lower, upper)
        self._x[subprogram.columns], self._dual[subprogram.inside] = x[:width], row_dual
        if basis is not None:
            self._basis.update(subprogram, basis)

    def _solve_with_price_setters(
        self, partition: Partition, multipliers: Multipliers, window: Window
    ) -> bool:
        """Solve a window with the segments that determine its shared decisions; return whether it settles."""
        setters = self._price_setting_segments(partition, self._pricer.subprogram(window).copies)
        segments = sorted_distinct(np.concatenate([partition.within(window), *setters]))
        for _ in range(MAX_EXTENSIONS):
            settled, changed = self._solve_together(multipliers, partition.window(segments.tolist()))
            if settled or not changed.size:
                return settled
            segments = np.union1d(segments, partition.segments_of_intervals(changed))
        return False

    @cached_property
    def _interval_of_row(self) -> Index:
        """The interval of each row; of one of several, that of its first column; 0 of an empty one."""
        matrix, template, count = self._program.matrix, self._tiled.template, len(self._tiled.horizon)
        interval_rows = np.arange(count * len(template.rows)) // len(template.rows)
        starts = matrix.indptr[len(interval_rows) :]
        first_column = matrix.indices[np.minimum(starts[:-1], matrix.nnz - 1)]
        others = np.where(np.diff(starts) > 0, first_column // len(template.columns), 0)
        return np.concatenate([interval_rows, np.minimum(others, count - 1)])

    def _price_setting_segments(self, partition: Partition, shared: Index) -> list[Index]:
        """Segments where a basic shared decision is binding and which lack a basic column of their own.

        The shared decision is that column: these segments determine its value.
        """
        count, width = len(self._tiled.horizon), len(self._tiled.template.columns)
        basic = self._basis.columns[: count * width].reshape(count, width).sum(axis=1)
        missing = np.bincount(self._interval_of_row[~self._basis.rows], minlength=count) - basic
        lacks_column = np.add.reduceat(missing, partition.break_points[:-1]) > 0
        setters = []
        for column in shared[self._basis.columns[shared]].tolist():
            rows = self._pricer.extractor.binding_rows(column, self._dual)
            binding = sorted_distinct(partition.segments_of_intervals(self._interval_of_row[rows]))
            setters.append(binding[lacks_column[binding]])
        return setters

    def _solve_together(self, multipliers: Multipliers, window: Window) -> tuple[bool, Index]:
        """Solve a window that holds the price setters, and insert the solution if boundary states stay.

        Returns whether the window is settled, and the intervals elsewhere that its solution would change.
        """
        part = self._pricer.window_program(window, multipliers, self._program.upper)
        subprogram, program = part.subprogram, part.program
        # the part of their cost not yet paid
        program.cost[part.copies] += multipliers.reduced[subprogram.copies]
        solver = Solver(presolve=False, near=True, primal=True)
        start = StartingPoint(
            self._x[subprogram.every], self._dual[subprogram.inside], self._basis.restricted_to(subprogram)
        )
        try:
            answer = start.solve(solver, program)
        except (InfeasibleProgram, UnboundedProgram):
            return False, NO_INTERVALS
        changed = self._changed_elsewhere(part, answer)
        settled = not changed.size and self._is_settled(part, answer)
        if settled:
            multipliers.dual[subprogram.inside] = answer.row_dual
            multipliers.reduced[subprogram.copies] = 0.0
            self._insert(
                part, answer.x, answer.row_dual, solver.basis(subprogram.full(self._program, answer.x))
            )
        return settled, changed
