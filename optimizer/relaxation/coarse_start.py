"""Months of short intervals, seen in longer intervals first, and solved in pieces at what these say.

A month of minutes takes more simplex steps than one of quarter-hours, and each of them is dearer, so its time
would grow with the square of its intervals. Nearly all of it is spent on what ties the month together: the
peak, and the stored energy. Of both, the same park in quarter-hours knows nearly everything. With the peak
held there, a month falls apart at the edges (`windows.py`) into pieces of some thousand intervals, whose
bases, laid end to end, are where the month begins, some steps from its optimum.

Nothing of this is believed: it is where a linear program begins, and that says where it ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from parkdispatch.models.device import Array, Device
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.highs import Basis, Solver, SolverAnswer
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer
from parkdispatch.optimizer.partition.subprogram import Subprogram
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE
from parkdispatch.optimizer.relaxation.crash_basis import BasisMarks
from parkdispatch.optimizer.thread_pool import ThreadPool

LONG = 6000  # intervals; a longer month is looked at in longer intervals first
SHORT = 3000  # intervals of a month that is short enough
PIECE = 1500  # intervals; a piece ends at the first edge after so many
MOST_TURNS = 3  # of raising a shared decision to what some piece needs


def coarse_park(tiled: Tiled, devices: Mapping[str, Device]) -> Tiled | None:
    """The park in longer intervals; none where months are short, or days do not divide."""
    horizon = tiled.horizon
    longest = int(np.bincount(horizon.period("month")).max())
    if longest <= LONG:
        return None
    starts = np.concatenate([horizon.first("day"), [len(horizon)]])
    fits = (k for k in range(-(-longest // SHORT), longest) if not (starts % k).any())
    together = next(fits, None)
    if together is None:
        return None
    template = compile_template(devices, horizon.hours * together)
    given = dict(zip(tiled.template.series, tiled.weights[1:], strict=True))
    if not set(template.series) <= set(given):
        return None
    series = {key: _longer(given[key], together) for key in template.series}
    return tile(template, Horizon(horizon.times[::together], horizon.hours * together), series)


def _longer(values: Array, together: int) -> Array:
    """A series by longer intervals: the mean, or of a yes or no the first."""
    grouped = values.reshape(-1, together)
    return grouped[:, 0] if np.isin(values, (0.0, 1.0)).all() else grouped.mean(axis=1)


@dataclass(frozen=True)
class CoarseSolution:
    """A fine program's shared decisions and states, (columns,), and the first intervals of its pieces."""

    level: Array
    break_points: Index

    @staticmethod
    def of(coarse: Tiled, x: Array, break_points: Index, tiled: Tiled) -> "CoarseSolution | None":
        """What a coarse program's optimum and its edges say; zero elsewhere. None where they are unlike."""
        together, left_over = divmod(len(tiled.horizon), len(coarse.horizon))
        shared = x[coarse.shared_starts[0] :]
        level, count = np.zeros(tiled.shared_starts[-1]), len(tiled.horizon)
        if left_over or len(level) - tiled.shared_starts[0] != len(shared):
            return None
        level[tiled.shared_starts[0] :] = shared
        of_key = {column.key: number for number, column in enumerate(coarse.template.columns)}
        for previous in tiled.template.previous:
            number = of_key.get(tiled.template.columns[previous.column].key)
            if number is not None:
                ends = tiled.column_of(previous.column)[together - 1 : count : together]
                level[ends] = x[coarse.column_of(number)]
        return CoarseSolution(level, break_points * together)

    def pieces(self, first: int, last: int) -> list[Window]:
        """A stretch of intervals in pieces that begin and end at edges."""
        begins = [first]
        for edge in self.break_points[(self.break_points > first) & (self.break_points < last)].tolist():
            if edge - begins[-1] >= PIECE:
                begins.append(edge)
        return [Window(((a, b),)) for a, b in zip(begins, [*begins[1:], last], strict=True)]


def solve_in_pieces(
    program: LinearProgram,
    pricer: LagrangianPricer,
    pieces: Sequence[Window],
    tied: int,
    level: Array,
    marks: BasisMarks,
    pool: ThreadPool,
) -> tuple[Array, Array] | None:
    """A point and row multipliers laid together of pieces, each solved with its borders held at `level`.

    So are shared decisions, but a piece that needs more of one pays for it, and all are solved at what the
    neediest needs; `level` and `marks` are changed to where that ends. Rows from `tied` on are of no
    interval; where one ties pieces together, such as a limit on a month's cycles, there is nothing to lay.
    Raises InfeasibleProgram and UnboundedProgram.
    """
    cuts = [pricer.extractor.cut(piece) for piece in pieces]
    if any((cut.coupling >= tied).any() for cut in cuts):
        return None
    x, dual, stale = np.zeros(len(program.cost)), np.zeros(len(program.row_lower)), cuts
    for _ in range(MOST_TURNS):
        at = level.copy()
        found = pool.map(partial(_solve, program, at, marks), stale)
        for cut, (answer, basis) in zip(stale, found, strict=True):
            own = len(cut.columns)
            x[cut.columns], dual[cut.inside] = answer.x[:own], answer.row_dual
            marks.note(cut, basis)
            level[cut.copies] = np.maximum(level[cut.copies], answer.x[own : own + len(cut.copies)])
        raised = np.flatnonzero(level > at + FEASIBILITY_TOLERANCE)
        if not raised.size:
            break
        stale = [cut for cut in cuts if np.isin(cut.copies, raised).any()]
    shared = np.unique(np.concatenate([cut.copies for cut in cuts]))
    x[shared] = level[shared]
    return x, dual


def _solve(
    program: LinearProgram, level: Array, marks: BasisMarks, cut: Subprogram
) -> tuple[SolverAnswer, Basis]:
    alone = cut.alone(program, level, paying=True)
    solver = Solver(presolve=False)
    solver.load(alone)
    solver.start_from(marks.within(cut))
    answer = solver.solve()
    return answer, solver.basis(cut.full(program, answer.x))
