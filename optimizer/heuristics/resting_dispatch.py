"""Primal heuristic for the last moment: a dispatch in which whatever can rest rests, and a bound with it.

All members of exclusive pairs are fixed at zero; where a row cannot be met so, such as a balance that needs
import, the member that helps it and is bound to the fewest other rows is released. What remains is a linear
program that presolve all but solves. Its multipliers bound the cost of the whole program from below, by weak
duality: not closely, but it is a bound.
"""

from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, Solver, UnboundedProgram
from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, certify

MAX_RELEASES = 10  # rounds of releasing members


@dataclass(frozen=True)
class RestingDispatch:
    """A point that obeys every pair, (columns,), and a lower bound on the cost of the whole program."""

    x: Array
    bound_yuan: float


def resting_dispatch(tiled: Tiled, program: LinearProgram) -> RestingDispatch | None:
    """Return a dispatch of a relaxation of `tiled` in which members of pairs rest; None if none is found."""
    fixed = _resting_members(tiled, program)
    if fixed is None:
        return None
    solver = Solver()
    solver.load(replace(program, upper=program.upper_fixed_at_zero(fixed)))
    try:
        answer = solver.solve()
    except (InfeasibleProgram, UnboundedProgram, OutOfTime):
        return None
    if violated_pairs(tiled, answer.x).any():
        return None
    certificate = certify(program, answer.x, answer.row_dual)
    is_bound = certificate.dual_infeasibility <= FEASIBILITY_TOLERANCE
    return RestingDispatch(answer.x, certificate.dual_objective_yuan if is_bound else -np.inf)


def _resting_members(tiled: Tiled, program: LinearProgram) -> Mask | None:
    """Mark the members that can rest, (columns,); None where some row cannot be met."""
    fixed = np.zeros(len(program.cost), dtype=bool)
    for pair in tiled.template.pairs:
        fixed[tiled.column_of(pair.a)] = fixed[tiled.column_of(pair.b)] = True
    fixed &= program.lower <= 0
    rows_of_column = np.bincount(program.matrix.indices, minlength=len(fixed))
    for _ in range(MAX_RELEASES):
        needed, is_missed = _members_needed(program, fixed, rows_of_column)
        if not needed.size:
            return None if is_missed else _without_earners(tiled, program, fixed)
        fixed[needed] = False
    return None


def _without_earners(tiled: Tiled, program: LinearProgram, fixed: Mask) -> Mask:
    """Release members that earn money by themselves, such as export, where all their partners rest."""
    partners: dict[int, list[int]] = {}
    for pair in tiled.template.pairs:
        partners.setdefault(pair.a, []).append(pair.b)
        partners.setdefault(pair.b, []).append(pair.a)
    resting = fixed.copy()
    for member, others in partners.items():
        columns = tiled.column_of(member)
        partners_rest = np.all([resting[tiled.column_of(other)] for other in others], axis=0)
        resting[columns[(program.cost[columns] < 0) & partners_rest]] = False
    return resting


def _members_needed(program: LinearProgram, fixed: Mask, rows_of_column: Index) -> tuple[Index, bool]:
    """Return one fixed member for each row that cannot be met, and whether any row cannot be met."""
    matrix = program.matrix
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    lower, upper = program.lower[matrix.indices], program.upper_fixed_at_zero(fixed)[matrix.indices]
    is_positive = matrix.data > 0
    with np.errstate(invalid="ignore"):
        most = np.bincount(row, matrix.data * np.where(is_positive, upper, lower), matrix.shape[0])
        least = np.bincount(row, matrix.data * np.where(is_positive, lower, upper), matrix.shape[0])
    is_short, is_beyond = (
        program.row_lower - most > FEASIBILITY_TOLERANCE,
        least - program.row_upper > FEASIBILITY_TOLERANCE,
    )
    helps = np.where(is_positive, is_short[row], is_beyond[row]) & fixed[matrix.indices]
    entry = np.flatnonzero(helps)
    entry = entry[np.lexsort((rows_of_column[matrix.indices[entry]], row[entry]))]
    first_of_row = np.unique(row[entry], return_index=True)[1]
    return np.unique(matrix.indices[entry[first_of_row]]), bool((is_short | is_beyond).any())
