"""A basis for the simplex method to begin with, from the structure every interval has.

From scratch, two thirds of the simplex steps of a month only bring one column of each equation into the
basis. Which one hardly matters, except that states that are basic interval after interval make one long
chain, in which every step concerns everything after it. So a state stays out every few hours, where the
widest other column of its equation takes its place, as if the store were at a bound there.
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

MOST_TURNS = 3  # a column that rests between its bounds may turn round
CHAIN = 16  # intervals; 8 to 48 are equally good, a chain of 4 takes a quarter longer


@dataclass(frozen=True)
class BasisMarks:
    """Which columns and rows of a program are basic, and which columns rest at their upper bound."""

    columns: Mask
    rows: Mask
    upper: Mask

    def copy(self) -> "BasisMarks":
        """The same marks, to be changed."""
        return BasisMarks(self.columns.copy(), self.rows.copy(), self.upper.copy())

    def within(self, cut: Subprogram) -> Basis:
        """The part that lies in a cut.

        What is shared is basic in a cut that lacks a column without, as one that sets a peak does. So is a
        state at a border: it is basic on the side that it completes, at a cut's end or else before one.
        """
        own, rows = len(cut.columns), self.rows[cut.inside]
        columns = np.zeros(len(cut.every), dtype=bool)
        columns[:own] = self.columns[cut.columns]
        more = int(columns.sum() + rows.sum()) - len(rows)
        columns[cut.ending[columns[cut.ending]][: max(0, more)]] = False
        columns[own + np.flatnonzero(self.columns[cut.every[own:]])[: max(0, -more)]] = True
        return Basis.of(columns, rows, self.upper[cut.every])

    def size(self, cut: Subprogram) -> int:
        """How many of a cut's own columns and rows are basic."""
        return int(self.columns[cut.columns].sum() + self.rows[cut.inside].sum())

    def note(self, cut: Subprogram, basis: Basis) -> None:
        """Take over what a cut was left with."""
        self.columns[cut.columns] = basis.columns[: len(cut.columns)]
        self.upper[cut.columns] = basis.upper[: len(cut.columns)]
        self.rows[cut.inside] = basis.rows


@dataclass(frozen=True)
class StartingPoint:
    """A point to begin a program at, its rows' multipliers, and which columns and rows are basic.

    Some columns may rest between their bounds, such as a peak that was held. The simplex method knows none
    of these: such a column gets a bound where it is, on the side to which it would not go.
    """

    x: Array
    row_dual: Array
    basis: Basis

    def finish(self, solver: Solver, program: LinearProgram) -> SolverAnswer:
        """Solve the program from here. Raises InfeasibleProgram and UnboundedProgram."""
        begun = self
        for _ in range(MOST_TURNS):
            x, basis, between = begun.x, begun.basis, begun._between(program)
            rises = (program.cost - program.matrix.T @ begun.row_dual)[between] < 0
            lower, upper = program.lower.copy(), program.upper.copy()
            lower[between[rises]], upper[between[~rises]] = x[between[rises]], x[between[~rises]]
            full = (upper > lower) & (x >= upper - FEASIBILITY_TOLERANCE)
            full[between[rises]] = False
            solver.load(replace(program, lower=lower, upper=upper))
            solver.start_from(Basis.of(basis.columns, basis.rows, full))
            try:
                answer = solver.solve()
            except InfeasibleProgram:  # a point that breaks a rule has bounds that may be what is impossible
                break
            begun = StartingPoint(answer.x, answer.row_dual, solver.basis(full))
            reduced = (program.cost - program.matrix.T @ begun.row_dual)[begun._between(program)]
            if (np.abs(reduced) <= FEASIBILITY_TOLERANCE).all():
                return answer
        solver.load(program)
        return solver.solve()

    def _between(self, program: LinearProgram) -> Index:
        """Columns that rest between their bounds."""
        above = self.x > program.lower + FEASIBILITY_TOLERANCE
        below = self.x < program.upper - FEASIBILITY_TOLERANCE
        return np.flatnonzero(~self.basis.columns & above & below)


def crash_marks(tiled: Tiled, program: LinearProgram, carried: Mask) -> BasisMarks:
    """One column for each equation of an interval, or else its slack.

    `carried` is which states the next interval knows, (intervals, states).
    """
    template, count = tiled.template, len(tiled.horizon)
    own, states = len(template.columns), {p.column: n for n, p in enumerate(template.previous)}
    steps = np.arange(count)
    lower, upper, cost = (
        side[: count * own].reshape(count, own) for side in (program.lower, program.upper, program.cost)
    )
    with np.errstate(invalid="ignore"):
        room = np.nan_to_num(upper - lower, posinf=0.0)
    # the column that is worth most at its widest: where there is a choice, bought or sold power
    weight = np.where(room > 0, room * (1e-6 + np.abs(cost)), 0.0)
    basic: Mask = np.zeros((count, own), dtype=bool)
    slack: Mask = np.ones(len(program.row_lower), dtype=bool)
    for number, row in enumerate(template.rows):
        at = steps * len(template.rows) + number
        equation = program.row_lower[at] == program.row_upper[at]
        there = np.asarray(template.coefficients[:, row.body, :-1].any(axis=0))
        remembered = [c for c, n in states.items() if there[c] and there[own + n]]
        others = [c for c in np.flatnonzero(there[:own]).tolist() if c not in states]
        if remembered:
            begins = np.concatenate([[True], ~carried[:-1, states[remembered[0]]]])
            link = steps - np.maximum.accumulate(np.where(begins, steps, 0))
            chained = equation & ((link % CHAIN != CHAIN - 1) | (not others))
            basic[chained, remembered[0]] = True
            slack[at[chained]] = False
            equation &= ~chained
        if others:
            free = np.where(basic[:, others], 0.0, weight[:, others])
            widest = free.argmax(axis=1)
            equation &= free[steps, widest] > 0
            basic[steps[equation], np.array(others)[widest[equation]]] = True
            slack[at[equation]] = False
    columns = np.concatenate([basic.ravel(), np.zeros(len(program.cost) - count * own, dtype=bool)])
    return BasisMarks(columns, slack, np.zeros_like(columns))
