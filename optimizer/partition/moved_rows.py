"""Subprograms of windows in a program in which some rows were added or dropped, without extracting them anew.

From year to year a few pairs get valid inequalities, or lose them, and all rows after these move. Where none
of the rows that came or went has an entry in a window's columns, its subprogram has the same columns, rows
and entries at other places.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.partition.subprogram import Subprogram
from parkdispatch.optimizer.partition.windows import Window


class MovedRows:
    """Where the rows and entries of an earlier program are in another one with the same columns."""

    def __init__(self, row_of: Index, entry_of: Index, is_changed: Mask) -> None:
        """`row_of`, (earlier rows,), and `entry_of`, (earlier entries,), are the places there, -1 for none.

        `is_changed`, (intervals,), marks those in which a row that came or went has an entry.
        """
        self._row_of, self._entry_of, self._is_changed = row_of, entry_of, is_changed

    @staticmethod
    def between(
        starts: NDArray[np.int32],
        columns: NDArray[np.int32],
        tiled: Tiled,
        program: LinearProgram,
        row_of: Index,
    ) -> "MovedRows | None":
        """Return how the rows of a matrix with these `starts` and `columns` moved to those of a program.

        `row_of`, (earlier rows,), ascending but for -1, says where each of them may be. One whose entries
        are in other columns there has come and gone. None where a shared decision has an entry in a row that
        came or went.
        """
        matrix, lengths = program.matrix, np.diff(starts)
        if len(row_of) != len(lengths):
            return None
        row_of = np.where(np.diff(matrix.indptr)[row_of] == lengths, row_of, -1)
        moved = matrix.indptr[row_of].astype(np.int64) - starts[:-1]
        entry_of = np.arange(len(columns)) + np.repeat(moved, lengths)
        row, is_kept = np.repeat(np.arange(len(lengths)), lengths), np.repeat(row_of >= 0, lengths)
        is_kept[is_kept] = matrix.indices[entry_of[is_kept]] == columns[is_kept]
        row_of[row[~is_kept]] = -1
        is_kept = row_of[row] >= 0
        is_new = np.ones(matrix.nnz, dtype=bool)
        is_new[entry_of[is_kept]] = False
        changed = np.concatenate([matrix.indices[is_new], columns[~is_kept]])
        if (changed >= tiled.shared_starts[0]).any():
            return None
        entry_of[~is_kept] = -1
        is_changed = np.zeros(len(tiled.horizon), dtype=bool)
        is_changed[changed // len(tiled.template.columns)] = True
        return MovedRows(row_of, entry_of, is_changed)

    def moved(self, window: Window, subprogram: Subprogram) -> Subprogram | None:
        """Return a window's subprogram with its rows where they are now; None where it has others."""
        if any(self._is_changed[first:last].any() for first, last in window.stretches):
            return None
        return replace(
            subprogram,
            inside=self._row_of[subprogram.inside],
            coupling=self._row_of[subprogram.coupling],
            coupling_row=self._row_of[subprogram.coupling_row],
            entries=self._entry_of[subprogram.entries],
            coupling_entries=self._entry_of[subprogram.coupling_entries],
        )
