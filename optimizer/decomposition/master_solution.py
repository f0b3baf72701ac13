"""Solution of a Benders master problem: scaled, and its bound checked where there are no binaries.

The costs of subproblems are millions of yuan beside shared decisions of some hundred MW. HiGHS 1.16 ends such
programs without a status, or calls values optimal that are 7e-6 off. With these costs in a larger unit of
money the coefficients are of one size.
"""

from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Solver
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, certify

SCALED_YUAN = 1024.0  # the largest value of a cut in its unit of money, at most


@dataclass(frozen=True)
class MasterSolution:
    """The lower bound of a master problem [yuan] and its point, (columns,)."""

    bound: float
    x: Array


def solve_master(program: LinearProgram, value_columns: slice, solver: Solver) -> MasterSolution:
    """Solve a master problem whose `value_columns` are costs of subproblems [yuan].

    Raises InfeasibleProgram, UnboundedProgram and SolverError, the last also where the bound of a program
    without binaries is not confirmed by its multipliers.
    """
    is_value = np.zeros(len(program.cost), dtype=bool)
    is_value[value_columns] = True
    is_cut = np.asarray(abs(program.matrix[:, np.flatnonzero(is_value)]).sum(axis=1)).ravel() > 0
    largest = np.abs(program.row_lower[is_cut & np.isfinite(program.row_lower)]).max(initial=0.0)
    unit = float(2.0 ** max(0.0, np.ceil(np.log2(max(largest, 1.0) / SCALED_YUAN))))
    solver.gap_yuan /= unit
    column_unit, row_unit = np.where(is_value, unit, 1.0), np.where(is_cut, unit, 1.0)
    solver.load(_scaled(program, unit, column_unit, row_unit))
    answer = solver.solve()
    x = answer.x * column_unit
    if program.binary.any():
        return MasterSolution(answer.bound * unit, x)
    certificate = certify(program, x, answer.row_dual * (unit / row_unit))
    if not certificate.dual_infeasibility <= FEASIBILITY_TOLERANCE:
        raise SolverError(f"a master problem's optimum is not confirmed by its certificate: {certificate}")
    # feasible multipliers bound the optimum from below, also where the solver's objective is a little off
    return MasterSolution(min(program.objective(x), certificate.dual_objective_yuan), x)


def _scaled(program: LinearProgram, unit: float, column_unit: Array, row_unit: Array) -> LinearProgram:
    """Return the program with money, columns and rows in these units."""
    matrix = program.matrix.copy()
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    matrix.data = matrix.data * column_unit[matrix.indices] / row_unit[row]
    return replace(
        program,
        cost=program.cost * column_unit / unit,
        offset=program.offset / unit,
        matrix=matrix,
        row_lower=program.row_lower / row_unit,
        row_upper=program.row_upper / row_unit,
        lower=program.lower / column_unit,
        upper=program.upper / column_unit,
    )
