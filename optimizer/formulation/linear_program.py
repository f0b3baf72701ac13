"""A linear program as arrays, the only form in which a problem reaches a solver."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Mask

SCALED_COST = 1024.0  # about the largest cost in a program whose unit of money is made for a solver


def scaled_unit_yuan(largest_cost: float) -> float:
    """The unit of money, a power of two, in which the largest cost is about `SCALED_COST`.

    A solver's tolerances are absolute, such as 1e-7 for a reduced cost.
    """
    return float(2.0 ** np.round(np.log2(largest_cost / SCALED_COST))) if largest_cost else 1.0


def activity_range(matrix: Any, lower: Array, upper: Array) -> tuple[Array, Array]:
    """Least and most of matrix x, (rows,) each, within the bounds of x; `matrix` is a scipy CSR array.

    A coefficient of zero leaves nothing of an infinite bound.
    """
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    with np.errstate(invalid="ignore"):
        ends = [
            np.where(matrix.data == 0, 0.0, matrix.data * bound[matrix.indices]) for bound in (lower, upper)
        ]
    least, most = (np.bincount(row, term, matrix.shape[0]) for term in (np.minimum(*ends), np.maximum(*ends)))
    return least.astype(np.float64), most.astype(np.float64)


@dataclass(frozen=True)
class LinearProgram:
    """min offset + cost'x with row_lower <= matrix x <= row_upper and lower <= x <= upper.

    `matrix` is a scipy CSR array, (rows, columns). `binary` marks the columns that must be 0 or 1.
    """

    cost: Array
    offset: float
    matrix: Any
    row_lower: Array
    row_upper: Array
    lower: Array
    upper: Array
    binary: Mask

    @property
    def is_linear(self) -> bool:
        """Whether no column is binary."""
        return not self.binary.any()

    def upper_fixed_at_zero(self, fixed: Mask) -> Array:
        """Upper bounds that fix the marked columns at zero, or at their lower bound where it is positive."""
        return np.where(fixed, np.maximum(0.0, self.lower), self.upper)

    def in_unit_of(self, money_unit: float) -> "LinearProgram":
        """The same with its money in units of `money_unit` of today's."""
        return replace(self, cost=self.cost / money_unit, offset=self.offset / money_unit)

    def objective(self, x: Array) -> float:
        """Objective at x [yuan]."""
        return float(self.offset + (self.cost * x).sum())
