"""Extraction of the subprograms of windows: their columns, their rows, and the entries that couple them.

A year's solve extracts hundreds of windows. Therefore this works on the program's arrays and not through
sparse matrix objects, whose bookkeeping takes longer than the work itself.
"""

from copy import copy
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.partition.windows import Window, concatenate_ranges
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE

FEW_BOUNDARIES = 4  # up to so many are compared one by one
MANY_ROWS = 10_000  # from so many on, marking rows is faster than sorting them
MIN_DUAL = 1e-9  # [yuan per unit]; a row with a smaller multiplier counts as not binding


def sorted_distinct(values: Index) -> Index:
    """Return the different values in ascending order.

    By sorting, which is two to five times as fast here as the hash table of `np.unique`.
    """
    ordered = np.sort(values)
    is_new = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    return np.asarray(ordered[is_new])


def row_entries(starts: NDArray[np.int32], rows: Index) -> tuple[Index, Index]:
    """Return the entries of some rows of a CSR matrix (or columns of a CSC matrix) with these `starts`.

    Of each entry: the position of its row in `rows`, and its own position in the matrix's data.
    """
    first = starts[rows].astype(np.int64)
    lengths = starts[rows + 1] - first
    row = np.repeat(np.arange(len(rows)), lengths)
    entry = np.arange(len(row)) + np.repeat(first - np.cumsum(lengths) + lengths, lengths)
    return row, entry


def _boundaries_passed(boundaries: Index, values: Index) -> Index:
    """Count the boundaries, given in ascending order, at or below each value."""
    if len(boundaries) > FEW_BOUNDARIES:
        return np.searchsorted(boundaries, values, side="right")
    passed = np.zeros(len(values), dtype=np.int64)
    for boundary in boundaries.tolist():
        passed += values >= boundary
    return passed


@dataclass(frozen=True)
class Subprogram:
    """A window's part of a program, as positions in the full program and a matrix of its own.

    Columns: `columns` are those of its intervals, in order, and the shared decisions no other window uses;
    `copies` the other shared decisions in its rows; `before` the states of the intervals right before its
    stretches. `every` is these three in this order, and the columns of `matrix`. `ending` are the states its
    stretches hand over to the next interval, as positions in `columns`.

    Rows: `inside` are the rows of `matrix`, (inside, every), CSR: their columns are all in `every`.
    `coupling` rows also have columns of other windows. The entries of `columns` in coupling rows are
    `coupling_value`, at `coupling_column` (a position in `columns`) and `coupling_row` (a row of the full
    program).

    `entries` and `coupling_entries` are the positions of the values in the data of the full program's matrix.
    """

    columns: Index
    copies: Index
    before: Index
    every: Index
    ending: Index
    inside: Index
    coupling: Index
    matrix: sp.csr_array
    coupling_column: Index
    coupling_row: Index
    coupling_value: Array
    entries: Index
    coupling_entries: Index

    def with_values(self, values: Array) -> "Subprogram":
        """Return the subprogram of a program whose matrix has these values at the same entries."""
        matrix = copy(self.matrix)  # shares the entries' places; a new array would check them again
        matrix.data = values[self.entries]
        return replace(self, matrix=matrix, coupling_value=values[self.coupling_entries])

    def alone(
        self, program: LinearProgram, boundary_values: Array, *, shared_may_rise: bool = False
    ) -> LinearProgram:
        """Return the window's program with boundary states and shared decisions fixed.

        `boundary_values` are their values, (columns of the full program,). With `shared_may_rise`, a shared
        decision may be larger than its value, at its cost in the full program.
        """
        own_columns = len(self.columns)
        shared = slice(own_columns, own_columns + len(self.copies))
        lower, upper, cost = program.lower[self.every], program.upper[self.every], program.cost[self.every]
        shared_upper = upper[shared].copy()
        for fixed in (self.ending, slice(own_columns, None)):
            lower[fixed] = upper[fixed] = boundary_values[self.every[fixed]]
        if shared_may_rise:
            upper[shared] = shared_upper
        cost[shared.stop if shared_may_rise else own_columns :] = 0.0
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
        """Mark the columns at their upper bounds in the full program, (every,); never a fixed column."""
        lower, upper = program.lower[self.every], program.upper[self.every]
        return np.asarray((x >= upper - FEASIBILITY_TOLERANCE) & (upper > lower))


class SubprogramExtractor:
    """Extracts the subprograms of windows from one program.

    `states` are the columns that an interval may hand over to the next, (intervals, states). `next_rows` are
    their entries in rows of the next interval, (intervals x states, rows). `carried` marks those that have
    any; a state that starts anew, such as the energy bought since a quarter-hour began, has none there.
    """

    def __init__(self, tiled: Tiled, program: LinearProgram) -> None:
        self._width, self._count = len(tiled.template.columns), len(tiled.horizon)
        self._height = len(tiled.template.rows)
        self._matrix = program.matrix
        by_column = program.matrix.tocsc()
        self._starts, self._rows_by_column = by_column.indptr, by_column.indices
        state_columns = np.array([p.column for p in tiled.template.previous], dtype=np.int64)
        self.states = np.arange(self._count)[:, None] * self._width + state_columns
        self.next_rows = self._next_rows(by_column.data)
        self.carried: Mask = (np.diff(self.next_rows.indptr) > 0).reshape(self.states.shape)

    def _next_rows(self, values: Array) -> sp.csr_array:
        """Return the entries of states in rows of later intervals; `values` are the matrix's by column."""
        states = self.states.ravel()
        state, entry = row_entries(self._starts, states)
        row = self._rows_by_column[entry]
        is_later = (row < self._count * self._height) & (row // self._height > states[state] // self._width)
        starts = np.concatenate([[0], np.cumsum(np.bincount(state[is_later], minlength=len(states)))])
        shape = (len(states), self._matrix.shape[0])
        return sp.csr_array((values[entry[is_later]], row[is_later], starts), shape=shape)

    def extract(self, window: Window) -> Subprogram:
        """Return the window's subprogram."""
        width, count = self._width, self._count
        boundaries = np.array(window.stretches, dtype=np.int64).ravel()
        rows = self._touched_rows(window)
        row, entry = row_entries(self._matrix.indptr, rows)
        column, value = self._matrix.indices[entry].astype(np.int64), self._matrix.data[entry]
        # an odd number of passed boundaries: in a stretch; shared decisions come after the last interval
        passed = _boundaries_passed(boundaries * width, column)
        is_own, is_shared = passed % 2 == 1, column >= count * width
        shared, uses = np.unique(column[is_shared], return_counts=True)
        own_shared = shared[uses == self._starts[shared + 1] - self._starts[shared]]

        # a row of an interval is inside if its interval is, any other row if all of its intervals are
        foreign_columns = np.bincount(row, weights=~(is_own | is_shared), minlength=len(rows))
        in_interval = _boundaries_passed(boundaries * self._height, rows) % 2 == 1
        is_inside = np.where(rows < count * self._height, in_interval, foreign_columns == 0)
        inside, in_matrix = rows[is_inside], is_inside[row]
        copies = np.setdiff1d(sorted_distinct(column[in_matrix & is_shared]), own_shared)
        before = sorted_distinct(column[in_matrix & ~(is_own | is_shared)])

        lengths = boundaries[1::2] - boundaries[::2]
        # by how many intervals each stretch moves when the stretches are concatenated
        moved = boundaries[::2] - np.cumsum(lengths) + lengths
        interval_columns = concatenate_ranges((a * width, b * width) for a, b in window.stretches)
        position = column - width * moved[np.maximum(passed - 1, 0) // 2]
        _set_positions(
            position, column, np.flatnonzero(~is_own), len(interval_columns), (own_shared, copies, before)
        )
        columns = np.concatenate([interval_columns, own_shared])
        every = np.concatenate([columns, copies, before])
        starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(rows))[is_inside])])
        matrix = sp.csr_array(
            (value[in_matrix], position[in_matrix].astype(np.int32), starts.astype(np.int32)),
            shape=(len(inside), len(every)),
        )
        is_coupling = ~in_matrix & (is_own | np.isin(column, own_shared))
        last = boundaries[1::2] - 1
        last_states = self.states[last] - width * moved[:, None]
        ending = last_states[self.carried[last] & (last < count - 1)[:, None]]
        return Subprogram(
            columns,
            copies,
            before,
            every,
            ending,
            inside,
            rows[~is_inside],
            matrix,
            position[is_coupling],
            rows[row[is_coupling]],
            value[is_coupling],
            entry[in_matrix],
            entry[is_coupling],
        )

    def _touched_rows(self, window: Window) -> Index:
        """Return the rows in which any column of the window's intervals has an entry, ascending."""
        starts, width = self._starts, self._width
        entries = concatenate_ranges((starts[a * width], starts[b * width]) for a, b in window.stretches)
        rows = self._rows_by_column[entries]
        if len(rows) < MANY_ROWS:
            return sorted_distinct(rows).astype(np.int64)
        is_touched = np.zeros(self._matrix.shape[0], dtype=bool)
        is_touched[rows] = True
        return np.flatnonzero(is_touched)

    def binding_rows(self, column: int, dual: Array) -> NDArray[np.int32]:
        """Return the rows of a column that are binding, by their multipliers `dual`, (rows,)."""
        rows = self._rows_by_column[self._starts[column] : self._starts[column + 1]]
        return np.asarray(rows[np.abs(dual[rows]) > MIN_DUAL])


def _set_positions(
    position: Index, column: Index, entries: Index, first: int, column_groups: tuple[Index, ...]
) -> None:
    """Set the positions of those entries whose columns are in some groups.

    Each group is ascending; the groups follow one another from position `first` on.
    """
    for group in column_groups:
        if len(group):
            nearest = np.minimum(np.searchsorted(group, column[entries]), len(group) - 1)
            matches = group[nearest] == column[entries]
            position[entries[matches]] = first + nearest[matches]
            first += len(group)
