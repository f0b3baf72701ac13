"""Coarse start: a month of short intervals starts from the optimum of the same park in longer intervals.

A month of minutes takes more simplex steps than one of quarter-hours, and each step costs more, so that time
would grow with the square of the number of intervals. Most of it is spent on what couples the month: its peak
and the stored energy. The optimum in quarter-hours gives good values of both. With the peak and the energy
fixed there, the month decomposes at the break points into segments of some thousand intervals. Their bases
together are a starting basis that is a few steps from the month's optimum.

The result does not depend on the quality of these values: they only determine where the simplex method
starts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from parkdispatch.models.device import Array, Device
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.kept_templates import kept_template
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.highs import Basis, Solver, SolverAnswer
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer
from parkdispatch.optimizer.partition.subprogram import Subprogram
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.presolve.identical_units import merge_identical_units
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE
from parkdispatch.optimizer.relaxation.crash_basis import BasisStatus
from parkdispatch.optimizer.thread_pool import ThreadPool

LONG = 6000  # intervals; a longer month gets a coarse start
SHORT = 3000  # intervals a month has at most in the coarse program
SEGMENT = 1500  # intervals; a segment ends at the first break point after so many
MAX_RAISES = 3  # of a shared decision to the largest value that a segment needs


def coarse_park(tiled: Tiled, devices: Mapping[str, Device]) -> Tiled | None:
    """The park in longer intervals; None where months are short or no longer interval divides the days."""
    horizon = tiled.horizon
    longest = int(np.bincount(horizon.period("month")).max())
    if longest <= LONG:
        return None
    day_starts = np.concatenate([horizon.first("day"), [len(horizon)]])
    factors = (k for k in range(-(-longest // SHORT), longest) if not (day_starts % k).any())
    factor = next(factors, None)
    if factor is None:
        return None
    template = kept_template(devices, horizon.hours * factor)
    fine_series = dict(zip(tiled.template.series, tiled.weights[1:], strict=True))
    if not set(template.series) <= set(fine_series):
        return None
    series = {key: _coarse_series(fine_series[key], factor) for key in template.series}
    coarse = tile(template, Horizon(horizon.times[::factor], horizon.hours * factor), series)
    return replace(coarse, money_unit_yuan=tiled.money_unit_yuan)


def merged_coarse_park(tiled: Tiled, devices: Mapping[str, Device]) -> Tiled | None:
    """The park in longer intervals with its identical units merged; None as `coarse_park`, or without any."""
    coarse = coarse_park(tiled, devices)
    merged = merge_identical_units(coarse, devices) if coarse is not None else None
    return merged.tiled if merged is not None else None


def _coarse_series(values: Array, factor: int) -> Array:
    """A series in intervals `factor` times as long: the mean, or the first value of a series of 0 and 1."""
    grouped = values.reshape(-1, factor)
    return grouped[:, 0] if np.isin(values, (0.0, 1.0)).all() else grouped.mean(axis=1)


@dataclass(frozen=True)
class CoarseSolution:
    """What the coarse optimum says about the fine program.

    `values`, (columns,): shared decisions, and states at the ends of coarse intervals; zero elsewhere.
    `edges`: break points, the first intervals of segments.
    """

    values: Array
    break_points: Index

    @staticmethod
    def of(coarse: Tiled, x: Array, break_points: Index, tiled: Tiled) -> "CoarseSolution | None":
        """Transfer a coarse optimum and its break points; None where the programs do not correspond."""
        factor, remainder = divmod(len(tiled.horizon), len(coarse.horizon))
        shared = x[coarse.shared_starts[0] :]
        values, count = np.zeros(tiled.shared_starts[-1]), len(tiled.horizon)
        if remainder or len(values) - tiled.shared_starts[0] != len(shared):
            return None
        values[tiled.shared_starts[0] :] = shared
        coarse_number = {column.key: number for number, column in enumerate(coarse.template.columns)}
        for previous in tiled.template.previous:
            number = coarse_number.get(tiled.template.columns[previous.column].key)
            if number is not None:
                ends = tiled.column_of(previous.column)[factor - 1 : count : factor]
                values[ends] = x[coarse.column_of(number)]
        return CoarseSolution(values, break_points * factor)

    def segments(self, first: int, last: int) -> list[Window]:
        """Divide the intervals [first, last) into segments at break points."""
        starts = [first]
        for edge in self.break_points[(self.break_points > first) & (self.break_points < last)].tolist():
            if edge - starts[-1] >= SEGMENT:
                starts.append(edge)
        return [Window(((a, b),)) for a, b in zip(starts, [*starts[1:], last], strict=True)]


@dataclass(frozen=True)
class SegmentProblem:
    """A full program, its segments, and the values at which states and shared decisions are fixed.

    Rows from `first_coupling_row` on belong to no single interval. `values`, (columns,), and `basis` are
    changed in place by `solve_segments`.
    """

    program: LinearProgram
    pricer: LagrangianPricer
    segments: Sequence[Window]
    first_coupling_row: int
    values: Array
    basis: BasisStatus


def solve_segments(problem: SegmentProblem, pool: ThreadPool) -> tuple[Array, Array] | None:
    """A point and row multipliers of the full program, composed of segments solved separately.

    Boundary states are fixed. A shared decision may be raised by a segment at its cost; all segments are then
    solved at the largest value any of them needs. None where a row couples segments, such as a limit on a
    month's cycles. Raises InfeasibleProgram and UnboundedProgram.
    """
    program, values, basis = problem.program, problem.values, problem.basis
    subprograms = [problem.pricer.extractor.extract(segment) for segment in problem.segments]
    if any((subprogram.coupling >= problem.first_coupling_row).any() for subprogram in subprograms):
        return None
    x, dual, outdated = np.zeros(len(program.cost)), np.zeros(len(program.row_lower)), subprograms
    for _ in range(MAX_RAISES):
        fixed = values.copy()
        answers = pool.map(partial(_solve, program, fixed, basis), outdated)
        for subprogram, (answer, final_basis) in zip(outdated, answers, strict=True):
            width, copies = len(subprogram.columns), subprogram.copies
            x[subprogram.columns], dual[subprogram.inside] = answer.x[:width], answer.row_dual
            basis.update(subprogram, final_basis)
            values[copies] = np.maximum(values[copies], answer.x[width : width + len(copies)])
        raised = np.flatnonzero(values > fixed + FEASIBILITY_TOLERANCE)
        if not raised.size:
            break
        outdated = [subprogram for subprogram in subprograms if np.isin(subprogram.copies, raised).any()]
    shared = np.unique(np.concatenate([subprogram.copies for subprogram in subprograms]))
    x[shared] = values[shared]
    return x, dual


def _solve(
    program: LinearProgram, values: Array, basis: BasisStatus, subprogram: Subprogram
) -> tuple[SolverAnswer, Basis]:
    """Solve one segment; return its solution and its final basis."""
    solver = Solver(presolve=False)
    solver.load(subprogram.alone(program, values, shared_may_rise=True))
    solver.start_from(basis.restricted_to(subprogram))
    answer = solver.solve()
    return answer, solver.basis(subprogram.full(program, answer.x))
