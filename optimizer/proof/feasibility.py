"""Whether a point is a dispatch: every row and bound, every exclusive pair, every binary decision."""

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, primal_infeasibility

WORTHLESS = 1e-6  # relative; the same optimum


def fractionality(tiled: Tiled, x: Array) -> float:
    """Return the largest distance of a binary column from 0 and 1; NaN if any of them is NaN."""
    binaries = x[tiled.is_binary]
    return float(np.max(np.abs(binaries - np.round(binaries)), initial=0.0))


def obeys_all(tiled: Tiled, program: LinearProgram, x: Array) -> bool:
    """Return whether a point, (columns,), is a dispatch of `tiled`; NaN never is.

    `program` is the relaxation of `tiled`, perhaps tightened or with valid inequalities.
    """
    return (
        primal_infeasibility(program, x) <= FEASIBILITY_TOLERANCE
        and fractionality(tiled, x) <= FEASIBILITY_TOLERANCE
        and not bool(violated_pairs(tiled, x).any())
    )


def tolerated_yuan(program: LinearProgram, x: Array) -> float:
    """Return what the violations of all rows and bounds at x may be worth, at the largest cost of a column.

    Each is within the tolerance. Where a store of 20 kW loses 2 W, those of a day are worth as much as it is.
    """
    activity = program.matrix @ x
    outside = (
        program.row_lower - activity,
        activity - program.row_upper,
        program.lower - x,
        x - program.upper,
    )
    violation = sum(float(np.maximum(part, 0.0).sum()) for part in outside)
    return violation * float(np.abs(program.cost).max(initial=0.0))


def is_exact(program: LinearProgram, x: Array) -> bool:
    """Return whether what a point violates within the tolerance is worth next to nothing; False for NaN."""
    return tolerated_yuan(program, x) <= WORTHLESS * max(1.0, abs(program.objective(x)))


def has_broken_empty_row(program: LinearProgram) -> bool:
    """Return whether a row without columns asks for more or less than nothing, which solvers do not see."""
    is_empty = np.diff(program.matrix.indptr) == 0
    lower, upper = program.row_lower[is_empty], program.row_upper[is_empty]
    return bool((lower > FEASIBILITY_TOLERANCE).any() or (upper < -FEASIBILITY_TOLERANCE).any())
