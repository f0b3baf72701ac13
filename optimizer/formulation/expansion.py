"""Expansion of a template's functionals along a horizon: sparse entries and constants of every interval."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask, SparseIndex


@dataclass(frozen=True)
class Expansion:
    """Functionals in some intervals: nonzero entries, sorted by interval, then functional, then column.

    An interval has at most as many entries as the template has nonzero coefficients in these functionals:
    `functional_of_slot`, (possible entries,), is the functional each of them belongs to, and `present`,
    (intervals, possible entries), which of them an interval has. `column` and `value` are of the entries that
    are present.
    """

    intervals: Index
    functional_of_slot: Index
    present: Mask
    column: SparseIndex
    value: Array
    constant: Array  # (intervals, functionals)

    @property
    def interval(self) -> Index:
        """Interval of each entry."""
        return np.repeat(self.intervals, self.present.sum(axis=1))

    @property
    def functional(self) -> Index:
        """Functional of each entry."""
        return np.broadcast_to(self.functional_of_slot, self.present.shape)[self.present]

    def csr(self, columns: int) -> sp.csr_array:
        """CSR matrix with one row for each functional of each interval."""
        count, functionals = self.constant.shape
        row_sizes = np.zeros((count, functionals + 1), dtype=np.int32)
        for functional, present in zip(self.functional_of_slot, self.present.T, strict=True):
            row_sizes[:, functional + 1] += present
        starts = np.concatenate([[0], np.cumsum(row_sizes[:, 1:].ravel())]).astype(np.int32)
        matrix = sp.csr_array((self.value, self.column, starts), shape=(count * functionals, columns))
        matrix.sum_duplicates()  # an initial value may depend on a column that is in the row already
        return matrix


def weighted_sum(coefficients: Array, weights: Array) -> Array:
    """Sum of coefficients (series, items) weighted by the series' values (series, intervals).

    Shape (intervals, items). The product is sparse because nearly all coefficients are zero, and because a
    dense one would start the threads of the linear algebra library, which then wait for further work on
    processors that other solves need.
    """
    by_item = coefficients.T
    item, series = np.nonzero(by_item)
    # from its three arrays: made of a dense one, the matrix takes longer than the product over a day
    starts = np.concatenate([[0], np.cumsum(np.bincount(item, minlength=len(by_item)))]).astype(np.int32)
    arrays = (by_item[item, series], series.astype(np.int32), starts)
    return np.ascontiguousarray((sp.csr_array(arrays, shape=by_item.shape) @ weights).T)
