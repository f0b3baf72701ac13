"""Cut stretches of intervals out of a program: their columns, their rows, and what ties them to the rest.

Hundreds of windows are cut in a year's solve, so this works on the program's arrays and not through sparse
matrix objects, whose bookkeeping takes longer than the work.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram, Mask
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.partition.windows import Window, laid_end_to_end
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE

FEW = 4  # borders
MANY = 10_000  # rows; from there on to mark them is faster than to sort them
PRESSING = 1e-9  # [yuan per unit] multipliers above this press


def distinct(values: Index) -> Index:
    """The different values, in order; by sorting, two to five times as fast as NumPy's hash table."""
    ordered = np.sort(values)
    new = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return np.asarray(ordered[new])


def entries_of(starts: NDArray[np.int32], some: Index) -> tuple[Index, Index]:
    """Entries of some rows of a matrix (or columns, by column): position among them, and in the matrix."""
    first = starts[some].astype(np.int64)
    lengths = starts[some + 1] - first
    which = np.repeat(np.arange(len(some)), lengths)
    at = np.arange(len(which)) + np.repeat(first - np.cumsum(lengths) + lengths, lengths)
    return which, at


def _place(borders: Index, values: Index) -> Index:
    """How many of the borders, in order, are at or below each value; of few, one by one is faster."""
    if len(borders) > FEW:
        return np.searchsorted(borders, values, side="right")
    place = np.zeros(len(values), dtype=np.int64)
    for border in borders.tolist():
        place += values >= border
    return place


@dataclass(frozen=True)
class Subprogram:
    """A window's part of a program.

    `columns` are those of its intervals, in order, and the shared decisions that are its own; `copies` the
    shared decisions it has a part in; `before` the states its stretches begin with; `every` is the three in
    this order. `ending` are the states its stretches end with, as positions in `columns`. Rows `inside` touch
    nothing else; `coupling` rows do. `matrix` is (inside, every), CSR. The entries of its columns in coupling
    rows are `leaving_value`, at `leaving_column` (a position in `columns`) and `leaving_row` (of the whole).
    `entries` and `leaving_entries` are where in the program's matrix the values are.
    """

    columns: Index
    copies: Index
    before: Index
    every: Index
    ending: Index
    inside: Index
    coupling: Index
    matrix: sp.csr_array
    leaving_column: Index
    leaving_row: Index
    leaving_value: Array
    entries: Index
    leaving_entries: Index

    def of_values(self, values: Array) -> "Subprogram":
        """The same cut of a program whose matrix has the same entries, with these values."""
        matrix, shape = self.matrix, self.matrix.shape
        return replace(
            self,
            matrix=sp.csr_array((values[self.entries], matrix.indices, matrix.indptr), shape=shape),
            leaving_value=values[self.leaving_entries],
        )

    def alone(self, program: LinearProgram, level: Array, *, paying: bool = False) -> LinearProgram:
        """The window's program with the states at its borders, and what it shares, held at `level`.

        Where it is `paying`, it may have more of what it shares at that one's cost.
        """
        own, shared = len(self.columns), slice(len(self.columns), len(self.columns) + len(self.copies))
        lower, upper, cost = program.lower[self.every], program.upper[self.every], program.cost[self.every]
        most = upper[shared].copy()
        for held in (self.ending, slice(own, None)):
            lower[held] = upper[held] = level[self.every[held]]
        if paying:
            upper[shared] = most
        cost[shared.stop if paying else own :] = 0.0
        return LinearProgram(
            cost,
            0.0,
            self.matrix,
            program.row_lower[self.inside],
            program.row_upper[self.inside],
            lower,
            upper,
            np.zeros(len(cost), dtype=bool),
        )

    def full(self, program: LinearProgram, x: Array) -> Mask:
        """Which columns of a point are at their upper bound in the whole program, if that is one."""
        lower, upper = program.lower[self.every], program.upper[self.every]
        return np.asarray((x >= upper - FEASIBILITY_TOLERANCE) & (upper > lower))


class SubprogramExtractor:
    """Cuts windows out of one program.

    `states` are the columns that an interval hands on, (intervals, states); `ahead` is what each pays in the
    rows of the next interval, (intervals x states, rows), and `carried` which of them that one knows.
    """

    def __init__(self, tiled: Tiled, program: LinearProgram) -> None:
        self._own, self._count = len(tiled.template.columns), len(tiled.horizon)
        self._rows = len(tiled.template.rows)
        self._matrix = program.matrix
        by_column = program.matrix.tocsc()
        self._starts, self._rows_by_column = by_column.indptr, by_column.indices
        remembered = np.array([p.column for p in tiled.template.previous], dtype=np.int64)
        self.states = np.arange(self._count)[:, None] * self._own + remembered
        self.ahead = self._ahead(by_column.data)
        # a state may begin anew, such as the energy bought since a quarter-hour began
        self.carried: Mask = (np.diff(self.ahead.indptr) > 0).reshape(self.states.shape)

    def _ahead(self, values: Array) -> sp.csr_array:
        """Entries of states in the rows of the interval after their own, from the matrix's by column."""
        states = self.states.ravel()
        state, entry = entries_of(self._starts, states)
        row = self._rows_by_column[entry]
        later = (row < self._count * self._rows) & (row // self._rows > states[state] // self._own)
        starts = np.concatenate([[0], np.cumsum(np.bincount(state[later], minlength=len(states)))])
        shape = (len(states), self._matrix.shape[0])
        return sp.csr_array((values[entry[later]], row[later], starts), shape=shape)

    def cut(self, window: Window) -> Subprogram:
        """The window's columns and rows."""
        own, count = self._own, self._count
        borders = np.array(window.stretches, dtype=np.int64).ravel()
        mine = self._touching(window)
        row, entry = entries_of(self._matrix.indptr, mine)
        column, value = self._matrix.indices[entry].astype(np.int64), self._matrix.data[entry]
        # odd: in a stretch of the window; shared decisions come after the last
        place = _place(borders * own, column)
        is_mine, is_shared = place % 2 == 1, column >= count * own
        shared, uses = np.unique(column[is_shared], return_counts=True)
        alone = shared[uses == self._starts[shared + 1] - self._starts[shared]]

        # a row of an interval belongs where its interval is, any other where all its intervals are
        elsewhere = np.bincount(row, weights=~(is_mine | is_shared), minlength=len(mine))
        belongs = _place(borders * self._rows, mine) % 2 == 1
        is_inside = np.where(mine < count * self._rows, belongs, elsewhere == 0)
        inside, held = mine[is_inside], is_inside[row]
        copies = np.setdiff1d(distinct(column[held & is_shared]), alone)
        before = distinct(column[held & ~(is_mine | is_shared)])

        lengths = borders[1::2] - borders[::2]
        of_intervals = laid_end_to_end((a * own, b * own) for a, b in window.stretches)
        columns = np.concatenate([of_intervals, alone])
        # where each entry's column is among `every`: first those of the stretches, laid end to end
        moved = borders[::2] - np.cumsum(lengths) + lengths
        position = column - own * moved[np.maximum(place - 1, 0) // 2]
        first, not_mine = len(of_intervals), np.flatnonzero(~is_mine)
        for others in (alone, copies, before):
            if len(others):
                at = np.minimum(np.searchsorted(others, column[not_mine]), len(others) - 1)
                found = others[at] == column[not_mine]
                position[not_mine[found]] = first + at[found]
                first += len(others)
        every = np.concatenate([columns, copies, before])
        starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(mine))[is_inside])])
        matrix = sp.csr_array(
            (value[held], position[held].astype(np.int32), starts.astype(np.int32)),
            shape=(len(inside), len(every)),
        )
        leaves = ~held & (is_mine | np.isin(column, alone))
        last = borders[1::2] - 1
        states = self.states[last] - own * moved[:, None]
        ending = states[self.carried[last] & (last < count - 1)[:, None]]
        return Subprogram(
            columns,
            copies,
            before,
            every,
            ending,
            inside,
            mine[~is_inside],
            matrix,
            position[leaves],
            mine[row[leaves]],
            value[leaves],
            entry[held],
            entry[leaves],
        )

    def _touching(self, window: Window) -> Index:
        """Rows that any column of the window's intervals has a part in, in order."""
        starts, own = self._starts, self._own
        entries = laid_end_to_end((starts[a * own], starts[b * own]) for a, b in window.stretches)
        rows = self._rows_by_column[entries]
        if len(rows) < MANY:
            return distinct(rows).astype(np.int64)
        touched = np.zeros(self._matrix.shape[0], dtype=bool)
        touched[rows] = True
        return np.flatnonzero(touched)

    def pressing(self, column: int, dual: Array) -> NDArray[np.int32]:
        """Rows a column has a part in that press on it, by their multipliers."""
        rows = self._rows_by_column[self._starts[column] : self._starts[column + 1]]
        return np.asarray(rows[np.abs(dual[rows]) > PRESSING])
