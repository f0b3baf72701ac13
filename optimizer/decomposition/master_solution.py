"""Solution of a Benders master problem: scaled, and its bound checked where there are no binaries.

The costs of subproblems are millions of yuan beside shared decisions of some hundred MW. HiGHS 1.16 ends such
programs without a status, or calls values optimal that are 7e-6 off. With these costs in a larger unit of
money the coefficients are of one size.
"""

from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Solver
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, certify

LARGEST_DECISION = 1e5  # MW: the largest power that a case file may name
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
    if program.binary.any():
        return MasterSolution(answer.bound * unit, answer.x * column_unit)
    for is_last in (False, True):
        x, dual = answer.x * column_unit, answer.row_dual * (unit / row_unit)
        dual = _feasible_multipliers(program, np.flatnonzero(is_value), dual)
        certificate = certify(_with_limits(program, is_value) if is_last else program, x, dual)
        if certificate.dual_infeasibility <= FEASIBILITY_TOLERANCE:
            # feasible multipliers bound the optimum from below, also where the objective is a little off
            return MasterSolution(min(program.objective(x), certificate.dual_objective_yuan), x)
        solver.tighten_dual_tolerance()
        answer = solver.solve()
    raise SolverError(f"a master problem's optimum is not confirmed by its certificate: {certificate}")


def _feasible_multipliers(program: LinearProgram, value_columns: Index, dual: Array) -> Array:
    """Return multipliers near these with the right signs and weights of cuts that add up to one, (rows,).

    A solver's multipliers are so only to its tolerance, which is absolute in a unit of money that may be ten
    thousand yuan.
    """
    dual = np.where(np.isinf(program.row_upper), np.maximum(dual, 0.0), dual)
    dual = np.where(np.isinf(program.row_lower), np.minimum(dual, 0.0), dual)
    of_values = program.matrix[:, value_columns].tocsr()
    weights, cost = of_values.T @ dual, program.cost[value_columns]
    factor = np.divide(cost, weights, out=np.ones(len(cost)), where=weights > 0.5 * cost)
    is_cut = np.diff(of_values.indptr) == 1
    scaled = dual.copy()
    scaled[is_cut] *= factor[of_values.indices[of_values.indptr[:-1][is_cut]]]
    return scaled


def _with_limits(program: LinearProgram, is_value: Mask) -> LinearProgram:
    """Return the program with finite bounds on shared decisions, which no park exceeds."""
    lower = np.where(is_value, program.lower, np.maximum(program.lower, -LARGEST_DECISION))
    upper = np.where(is_value, program.upper, np.minimum(program.upper, LARGEST_DECISION))
    return replace(program, lower=lower, upper=upper)


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
