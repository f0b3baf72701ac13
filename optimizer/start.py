"""A basis for the simplex method to begin with, from the structure every interval has.

From scratch, two thirds of the simplex steps of a month only bring one column of each equation into the
basis. Which one hardly matters, except that states that are basic interval after interval make one long
chain, in which every step concerns everything after it. So a state stays out every few hours, where the
widest other column of its equation takes its place, as if the store were at a bound there.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.cutting import Cut
from optimizer.highs import Basis
from optimizer.program import Mask, Program
from optimizer.tile import Tiled

CHAIN = 16  # intervals; 8 to 48 are equally good, a chain of 4 takes a quarter longer


@dataclass(frozen=True)
class Marks:
    """Which columns and rows of a program are basic, and which columns rest at their upper bound."""

    columns: Mask
    rows: Mask
    upper: Mask

    def copy(self) -> "Marks":
        """The same marks, to be changed."""
        return Marks(self.columns.copy(), self.rows.copy(), self.upper.copy())

    def within(self, cut: Cut) -> Basis:
        """The part that lies in a cut; copies and the states before it rest."""
        columns, upper = np.zeros((2, len(cut.every)), dtype=bool)
        columns[: len(cut.columns)] = self.columns[cut.columns]
        upper[: len(cut.columns)] = self.upper[cut.columns]
        return Basis.of(columns, self.rows[cut.inside], upper)

    def note(self, cut: Cut, basis: Basis) -> None:
        """Take over what a cut was left with."""
        self.columns[cut.columns] = basis.columns[: len(cut.columns)]
        self.upper[cut.columns] = basis.upper[: len(cut.columns)]
        self.rows[cut.inside] = basis.rows


def first_marks(tiled: Tiled, program: Program, carried: Mask) -> Marks:
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
    return Marks(columns, slack, np.zeros_like(columns))
