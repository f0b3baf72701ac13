"""Where windows that were solved apart want different things, once they are laid together."""

from collections.abc import Sequence

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.decomposition.subproblems import WindowSolution
from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.partition.subprogram import MIN_DUAL
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE


def inconsistent_columns(
    program: LinearProgram, dual: Array, solutions: Sequence[WindowSolution], x: Array, allowed_yuan: float
) -> list[Index]:
    """Sets of columns, each of which its owners have to agree about.

    `x` has the solutions laid in, (columns,); the rows between them are at the prices `dual`, (rows,). What
    differs by no more than is allowed at its price is none.
    """
    parts = [part for one in solutions for part in one.parts]
    between = np.zeros(len(program.row_lower), dtype=bool)
    for part in parts:
        between[part.cut.coupling] = True
    for part in parts:
        between[part.cut.inside] = False
    activity = program.matrix @ x
    broken = np.maximum(program.row_lower - activity, activity - program.row_upper)
    bound = np.where(dual > 0, program.row_lower, program.row_upper)
    priced = between & (np.abs(dual) > MIN_DUAL)
    slack = np.zeros(len(dual))
    slack[priced] = dual[priced] * (activity[priced] - bound[priced])
    rows = program.matrix[np.flatnonzero((broken > FEASIBILITY_TOLERANCE) | (slack > allowed_yuan))]
    ties = [rows.indices[a:b] for a, b in zip(rows.indptr, rows.indptr[1:], strict=False)]
    for one in solutions:
        for part, copies in zip(one.parts, one.copies, strict=True):
            apart = np.abs(part.pays[part.copies] * (copies - x[part.cut.copies])) > allowed_yuan
            ties += [np.array([part.cut.columns[0], copy]) for copy in part.cut.copies[apart]]
    return ties
