"""Cut stretches of intervals out of a program: their columns, their rows, and what ties them to the rest.

Hundreds of windows are cut in a year's solve, so this works on the program's arrays and not through sparse
matrix objects, whose bookkeeping takes longer than the work.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from models.device import Array
from optimizer.horizon import Index
from optimizer.program import Program
from optimizer.tile import Tiled
from optimizer.windows import Window


@dataclass(frozen=True)
class Cut:
    """A window's part of a program.

    `columns` are those of its intervals, in order, and the shared decisions that are its own; `copies` the
    shared decisions it has a part in; `before` the states its stretches begin with; `every` is the three in
    this order. `ending` are the states its stretches end with, as positions in `columns`. Rows `inside` touch
    nothing else; `coupling` rows do. `matrix` is (inside, every), CSR. The entries of its columns in coupling
    rows are `leaving_value`, at `leaving_column` (a position in `columns`) and `leaving_row` (of the whole).
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


class Cutter:
    """Cuts windows out of one program."""

    def __init__(self, tiled: Tiled, program: Program) -> None:
        self._own, self._count = len(tiled.template.columns), len(tiled.horizon)
        self._rows = len(tiled.template.rows)
        self._matrix = program.matrix
        by_column = program.matrix.tocsc()
        self._starts, self._rows_by_column = by_column.indptr, by_column.indices
        self._uses = np.diff(self._starts)
        self._remembered = np.array([p.column for p in tiled.template.previous], dtype=np.int64)

    def cut(self, window: Window) -> Cut:
        """The window's columns and rows."""
        own, tied = self._own, self._count * self._rows
        of_intervals = np.concatenate([np.arange(a * own, b * own) for a, b in window.stretches])
        is_own = np.zeros(len(self._uses), dtype=bool)
        is_own[of_intervals] = True
        mine = self._touching(window)
        row, column, value = self._entries(mine)
        is_shared = column >= self._count * own
        shared, uses = np.unique(column[is_shared], return_counts=True)
        alone = shared[uses == self._uses[shared]]
        is_own[alone] = True

        # a row of an interval belongs where its interval is, any other where all its intervals are
        elsewhere = np.bincount(row, weights=~(is_own[column] | is_shared), minlength=len(mine))
        first_column = np.minimum(mine // self._rows, self._count - 1) * own
        is_inside = np.where(mine < tied, is_own[first_column], elsewhere == 0)
        inside = mine[is_inside]
        held = is_inside[row]
        column_in, value_in = column[held], value[held]
        shared_in = np.unique(column_in[is_shared[held]])
        copies = shared_in[~is_own[shared_in]]
        before = np.unique(column_in[~(is_own[column_in] | is_shared[held])])

        columns = np.concatenate([of_intervals, alone])
        every = np.concatenate([columns, copies, before])
        position = np.empty(len(is_own), dtype=np.int32)
        position[every] = np.arange(len(every))
        lengths = np.bincount(row, minlength=len(mine))[is_inside]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        matrix = sp.csr_array((value_in, position[column_in], starts), shape=(len(inside), len(every)))
        leaves = ~held & is_own[column]
        return Cut(
            columns,
            copies,
            before,
            every,
            self._ending(window),
            inside,
            mine[~is_inside],
            matrix,
            position[column[leaves]].astype(np.int64),
            mine[row[leaves]],
            value[leaves],
        )

    def _touching(self, window: Window) -> Index:
        """Rows that any column of the window's intervals has a part in, in order."""
        starts, own = self._starts, self._own
        parts = [self._rows_by_column[starts[a * own] : starts[b * own]] for a, b in window.stretches]
        return np.unique(np.concatenate(parts)).astype(np.int64)

    def rows_of(self, column: int) -> NDArray[np.int32]:
        """Rows a column has a part in."""
        return np.asarray(self._rows_by_column[self._starts[column] : self._starts[column + 1]])

    def _entries(self, rows: Index) -> tuple[Index, NDArray[np.int32], Array]:
        """Entries of these rows: position in `rows`, column, value."""
        starts = self._matrix.indptr
        first, lengths = starts[rows].astype(np.int64), np.diff(starts)[rows]
        row = np.repeat(np.arange(len(rows)), lengths)
        ends = np.cumsum(lengths)
        at = np.arange(len(row)) + np.repeat(first - ends + lengths, lengths)
        return row, self._matrix.indices[at], self._matrix.data[at]

    def _ending(self, window: Window) -> Index:
        lengths = np.cumsum([last - first for first, last in window.stretches])
        ends = [n - 1 for n, (_, last) in zip(lengths, window.stretches, strict=True) if last < self._count]
        at = np.array(ends, dtype=np.int64)[:, None] * self._own + self._remembered
        return np.asarray(at.ravel())
