"""Proof of a linear program's optimum from the arrays alone, whatever the solver said of itself.

Weak duality: for any row multipliers y, with reduced costs z = cost - matrix' y, every feasible point
costs at least  offset + sum(y+ row_lower + y- row_upper) + sum(z+ lower + z- upper).  A feasible
point that costs no more than this, to rounding, is optimal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.linear_program import LinearProgram

FEASIBILITY_TOLERANCE = 1e-6  # in the unit of the row or column; the solver works to 1e-7
GAP_TOLERANCE = 1e-8  # relative
EXACT = 1e-9  # relative gap; below this a dispatch and its bound have met


class ProofMethod(NamedTuple):
    """How a bound was proven: the name of a sentence, and the numbers and names to put into it."""

    key: str
    numbers: Mapping[str, float | int | str]


@dataclass(frozen=True)
class Certificate:
    """The largest violation of each kind, and the two objectives that must meet.

    `dual_infeasibility` is the largest multiplier pressing against a bound that does not exist.
    """

    primal_infeasibility: float
    dual_infeasibility: float
    primal_objective_yuan: float
    dual_objective_yuan: float

    @property
    def gap(self) -> float:
        """Distance between the objectives relative to the larger of 1 yuan and the primal one."""
        distance = abs(self.primal_objective_yuan - self.dual_objective_yuan)
        return distance / max(1.0, abs(self.primal_objective_yuan))

    @property
    def holds(self) -> bool:
        """Whether this is a proof. Comparisons with NaN are false, so damage never passes."""
        return (
            self.primal_infeasibility <= FEASIBILITY_TOLERANCE
            and self.dual_infeasibility <= FEASIBILITY_TOLERANCE
            and self.gap <= GAP_TOLERANCE
        )


def primal_infeasibility(program: LinearProgram, x: Array) -> float:
    """Largest violation of any row, bound or binary at x."""
    activity = program.matrix @ x
    fraction = np.abs(x - np.round(x))[program.binary]
    parts = (
        program.row_lower - activity,
        activity - program.row_upper,
        program.lower - x,
        x - program.upper,
        fraction,
    )
    # numpy's maximum keeps a NaN, Python's would lose it
    return float(np.max([part.max(initial=0.0) for part in parts]))


def certify(program: LinearProgram, x: Array, row_dual: Array) -> Certificate:
    """Examine a primal point and row multipliers of a program without binaries."""
    reduced = program.cost - program.matrix.T @ row_dual
    rows, loose_rows = support(row_dual, program.row_lower, program.row_upper)
    columns, loose_columns = support(reduced, program.lower, program.upper)
    return Certificate(
        primal_infeasibility=primal_infeasibility(program, x),
        dual_infeasibility=max(loose_rows, loose_columns),
        primal_objective_yuan=program.objective(x),
        dual_objective_yuan=program.offset + rows + columns,
    )


def support(multiplier: Array, lower: Array, upper: Array) -> tuple[float, float]:
    """Least of multiplier x value over [lower, upper], and the largest multiplier without a bound."""
    bound = np.where(multiplier > 0, lower, upper)
    free = ~np.isfinite(bound)
    loose = float(np.abs(multiplier[free]).max(initial=0.0))
    if not np.isfinite(multiplier).all():
        loose = float("inf")
    # pairwise sums: exacter than a dot product, and without the library's own threads
    return float((multiplier[~free] * bound[~free]).sum()), loose
