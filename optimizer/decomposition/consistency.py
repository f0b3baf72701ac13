"""Consistency of windows solved apart: merge their points, and find the columns they disagree about."""

from collections.abc import Sequence

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.decomposition.repair_state import WindowSolution
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.partition.subprogram import MIN_DUAL
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE


def merged_point(x: Array, solutions: Sequence[WindowSolution]) -> Array:
    """Return a point of the full problem, (columns,), with the windows' solutions written into it."""
    merged = x.copy()
    for solution in solutions:
        merged[solution.columns] = solution.x
    return merged


def inconsistent_columns(
    program: LinearProgram, dual: Array, solutions: Sequence[WindowSolution], x: Array, tolerance_yuan: float
) -> list[Index]:
    """Return sets of columns about which their windows disagree.

    `x` is the merged point, (columns,), `dual` the multipliers of the coupling rows, (rows,). A set is
    inconsistent where the merged point violates a coupling row or violates its complementary slackness, or
    where a window's copy of a column differs from the column; differences that cost no more than the
    tolerance do not count.
    """
    subproblems = [subproblem for solution in solutions for subproblem in solution.subproblems]
    is_coupling = np.zeros(len(program.row_lower), dtype=bool)
    for subproblem in subproblems:
        is_coupling[subproblem.subprogram.coupling] = True
    for subproblem in subproblems:
        is_coupling[subproblem.subprogram.inside] = False
    activity = program.matrix @ x
    violation = np.maximum(program.row_lower - activity, activity - program.row_upper)
    bound = np.where(dual > 0, program.row_lower, program.row_upper)
    is_priced = is_coupling & (np.abs(dual) > MIN_DUAL)
    slack_yuan = np.zeros(len(dual))
    slack_yuan[is_priced] = dual[is_priced] * (activity[is_priced] - bound[is_priced])
    rows = program.matrix[np.flatnonzero((violation > FEASIBILITY_TOLERANCE) | (slack_yuan > tolerance_yuan))]
    column_sets = [rows.indices[a:b] for a, b in zip(rows.indptr, rows.indptr[1:], strict=False)]
    for solution in solutions:
        for subproblem, copies in zip(solution.subproblems, solution.copies, strict=True):
            cut = subproblem.subprogram
            difference_yuan = np.abs(subproblem.imputed_price[subproblem.copies] * (copies - x[cut.copies]))
            differing = cut.copies[difference_yuan > tolerance_yuan]
            column_sets += [np.array([cut.columns[0], copy]) for copy in differing]
    return column_sets
