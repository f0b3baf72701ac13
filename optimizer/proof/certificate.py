"""Certificate of optimality of a linear program, checked on its arrays independently of the solver.

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
EXACT = 1e-9  # relative gap; below this, a dispatch counts as optimal


class ProofMethod(NamedTuple):
    """How a bound was proven: the key of a sentence, and the numbers and names it contains."""

    key: str
    numbers: Mapping[str, float | int | str]


@dataclass(frozen=True)
class Certificate:
    """Largest violations of primal and dual feasibility, and the two objectives, which must be equal.

    `dual_infeasibility` is the largest multiplier or reduced cost whose bound is infinite.
    """

    primal_infeasibility: float
    dual_infeasibility: float
    primal_objective_yuan: float
    dual_objective_yuan: float

    @property
    def gap(self) -> float:
        """Distance between the objectives, relative to the primal one or to 1 yuan, if that is larger."""
        distance = abs(self.primal_objective_yuan - self.dual_objective_yuan)
        return distance / max(1.0, abs(self.primal_objective_yuan))

    @property
    def holds(self) -> bool:
        """Whether this proves optimality. Comparisons with NaN are false, so invalid numbers never pass."""
        return (
            self.primal_infeasibility <= FEASIBILITY_TOLERANCE
            and self.dual_infeasibility <= FEASIBILITY_TOLERANCE
            and self.gap <= GAP_TOLERANCE
        )


def primal_infeasibility(program: LinearProgram, x: Array) -> float:
    """Largest violation of any row, bound or binary at x."""
    activity = program.matrix @ x
    integers = x[program.binary]
    integrality = np.abs(integers - np.round(integers))
    violations = (
        program.row_lower - activity,
        activity - program.row_upper,
        program.lower - x,
        x - program.upper,
        integrality,
    )
    # numpy's maximum keeps NaN, Python's does not
    return float(np.max([part.max(initial=0.0) for part in violations]))


def certify(program: LinearProgram, x: Array, row_dual: Array) -> Certificate:
    """The certificate of a primal point and row multipliers of a program without binaries."""
    reduced = program.cost - program.matrix.T @ row_dual
    rows, infeasible_rows = support(row_dual, program.row_lower, program.row_upper)
    columns, infeasible_columns = support(reduced, program.lower, program.upper)
    return Certificate(
        primal_infeasibility=primal_infeasibility(program, x),
        dual_infeasibility=max(infeasible_rows, infeasible_columns),
        primal_objective_yuan=program.objective(x),
        dual_objective_yuan=program.offset + rows + columns,
    )


def support(multiplier: Array, lower: Array, upper: Array) -> tuple[float, float]:
    """Minimum of multiplier x value over [lower, upper], and the largest multiplier whose bound is infinite.

    The minimum is the sum over all finite bounds (support function of the box, with the sign reversed).
    """
    bound = np.where(multiplier > 0, lower, upper)
    unbounded = ~np.isfinite(bound)
    infeasibility = float(np.abs(multiplier[unbounded]).max(initial=0.0))
    if not np.isfinite(multiplier).all():
        infeasibility = float("inf")
    # pairwise summation: more exact than a dot product, and without the threads of the algebra library
    return float((multiplier[~unbounded] * bound[~unbounded]).sum()), infeasibility
