"""Crash basis: a basis for the simplex method to begin with, built from the structure of the intervals.

From a slack basis, two thirds of the simplex steps of a month only bring one column of each equation into the
basis. Which one hardly matters, except that states that are basic in interval after interval form a long
chain, in which every step changes everything after it. So every few hours a state stays nonbasic, as if the
store were at a bound, and the column with the widest range of its equation is basic instead.
"""

from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import Basis, InfeasibleProgram, Solver, SolverAnswer
from parkdispatch.optimizer.partition.subprogram import Subprogram
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE

MAX_SOLVES = 3  # with temporary bounds; a nonbasic column between its bounds may turn to the other side
CHAIN = 16  # intervals; 8 to 48 are equally good, a chain of 4 takes a quarter longer


@dataclass(frozen=True)
class BasisStatus:
    """Basis status of a full program: basic columns and rows, and nonbasic columns at their upper bound."""

    columns: Mask
    rows: Mask
    upper: Mask

    def copy(self) -> "BasisStatus":
        """A copy that may be changed."""
        return BasisStatus(self.columns.copy(), self.rows.copy(), self.upper.copy())

    def restricted_to(self, subprogram: Subprogram) -> Basis:
        """The basis of a subprogram.

        A copy of a shared decision is basic only where the subprogram lacks a basic column without it, as
        one does that determines a peak. A state at a boundary is basic on the side whose basis it completes:
        at the end of one subprogram or before the next.
        """
        width, rows = len(subprogram.columns), self.rows[subprogram.inside]
        columns = np.zeros(len(subprogram.every), dtype=bool)
        columns[:width] = self.columns[subprogram.columns]
        surplus = int(columns.sum() + rows.sum()) - len(rows)
        columns[subprogram.ending[columns[subprogram.ending]][: max(0, surplus)]] = False
        columns[width + np.flatnonzero(self.columns[subprogram.every[width:]])[: max(0, -surplus)]] = True
        return Basis.of(columns, rows, self.upper[subprogram.every])

    def basic_count(self, subprogram: Subprogram) -> int:
        """Number of a subprogram's own columns and rows that are basic."""
        return int(self.columns[subprogram.columns].sum() + self.rows[subprogram.inside].sum())

    def update(self, subprogram: Subprogram, basis: Basis) -> None:
        """Take over the final basis of a subprogram."""
        self.columns[subprogram.columns] = basis.columns[: len(subprogram.columns)]
        self.upper[subprogram.columns] = basis.upper[: len(subprogram.columns)]
        self.rows[subprogram.inside] = basis.rows


@dataclass(frozen=True)
class StartingPoint:
    """A point, row multipliers and a basis from which a program is solved.

    Nonbasic columns may lie between their bounds, such as a peak that was fixed. The simplex method has no
    such columns: each gets a temporary bound at its value, on the side its reduced cost keeps it from.
    """

    x: Array
    row_dual: Array
    basis: Basis

    def solve(self, solver: Solver, program: LinearProgram) -> SolverAnswer:
        """Solve the program from here. Raises InfeasibleProgram and UnboundedProgram."""
        start = self
        for _ in range(MAX_SOLVES):
            between = start._nonbasic_between_bounds(program)
            bounded, at_upper = start._with_temporary_bounds(program, between)
            solver.load(bounded)
            solver.start_from(Basis.of(start.basis.columns, start.basis.rows, at_upper))
            try:
                answer = solver.solve()
            except InfeasibleProgram:  # temporary bounds at an infeasible point may be contradictory
                break
            start = StartingPoint(answer.x, answer.row_dual, solver.basis(at_upper))
            reduced = start._reduced_cost(program)[start._nonbasic_between_bounds(program)]
            if (np.abs(reduced) <= FEASIBILITY_TOLERANCE).all():
                return answer
        solver.load(program)
        return solver.solve()

    def _reduced_cost(self, program: LinearProgram) -> Array:
        return np.asarray(program.cost - program.matrix.T @ self.row_dual)

    def _nonbasic_between_bounds(self, program: LinearProgram) -> Index:
        """Nonbasic columns strictly between their bounds."""
        above = self.x > program.lower + FEASIBILITY_TOLERANCE
        below = self.x < program.upper - FEASIBILITY_TOLERANCE
        return np.flatnonzero(~self.basis.columns & above & below)

    def _with_temporary_bounds(self, program: LinearProgram, between: Index) -> tuple[LinearProgram, Mask]:
        """The program with bounds at the values of some columns; which columns are at their upper bound."""
        x, rises = self.x, self._reduced_cost(program)[between] < 0
        lower, upper = program.lower.copy(), program.upper.copy()
        lower[between[rises]], upper[between[~rises]] = x[between[rises]], x[between[~rises]]
        at_upper = (upper > lower) & (x >= upper - FEASIBILITY_TOLERANCE)
        at_upper[between[rises]] = False
        return replace(program, lower=lower, upper=upper), at_upper


def crash_basis(tiled: Tiled, program: LinearProgram, carried: Mask) -> BasisStatus:
    """A basis with one column for each equation of an interval, or else its slack.

    `carried`, (intervals, states), marks the states that the next interval depends on.
    """
    template, count = tiled.template, len(tiled.horizon)
    width, state_number = len(template.columns), {p.column: n for n, p in enumerate(template.previous)}
    steps = np.arange(count)
    weight = _column_weights(program, count, width)
    basic: Mask = np.zeros((count, width), dtype=bool)
    slack: Mask = np.ones(len(program.row_lower), dtype=bool)
    for number, row in enumerate(template.rows):
        rows = steps * len(template.rows) + number
        equation = program.row_lower[rows] == program.row_upper[rows]
        in_row = np.asarray(template.coefficients[:, row.body, :-1].any(axis=0))
        states = [column for column, n in state_number.items() if in_row[column] and in_row[width + n]]
        others = [column for column in np.flatnonzero(in_row[:width]).tolist() if column not in state_number]
        if states:
            chain_starts = np.concatenate([[True], ~carried[:-1, state_number[states[0]]]])
            link = steps - np.maximum.accumulate(np.where(chain_starts, steps, 0))
            chained = equation & ((link % CHAIN != CHAIN - 1) | (not others))
            basic[chained, states[0]] = True
            slack[rows[chained]] = False
            equation &= ~chained
        if others:
            free = np.where(basic[:, others], 0.0, weight[:, others])
            widest = free.argmax(axis=1)
            equation &= free[steps, widest] > 0
            basic[steps[equation], np.array(others)[widest[equation]]] = True
            slack[rows[equation]] = False
    columns = np.concatenate([basic.ravel(), np.zeros(len(program.cost) - count * width, dtype=bool)])
    return BasisStatus(columns, slack, np.zeros_like(columns))


def _column_weights(program: LinearProgram, count: int, width: int) -> Array:
    """Range of each column of an interval times its cost, (intervals, template columns).

    Where there is a choice, this prefers purchased or sold power.
    """
    lower, upper, cost = (
        values[: count * width].reshape(count, width)
        for values in (program.lower, program.upper, program.cost)
    )
    with np.errstate(invalid="ignore"):
        span = np.nan_to_num(upper - lower, posinf=0.0)
    return np.where(span > 0, span * (1e-6 + np.abs(cost)), 0.0)
