"""Primal heuristic for the last moment: a dispatch in which whatever can rest rests, and a bound with it.

All members of exclusive pairs and all binary decisions are fixed at zero; where a row cannot be met so, such
as a balance that needs import, the member that helps it and is bound to the fewest other rows is released.
What remains is a linear program that presolve all but solves. Its multipliers bound the cost of the whole
program from below, by weak duality: not closely, but it is a bound.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram, activity_range
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, Solver, UnboundedProgram
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, certify
from parkdispatch.optimizer.proof.feasibility import obeys_all

MAX_RELEASES = 10  # rounds of releasing members


@dataclass(frozen=True)
class RestingDispatch:
    """A point that obeys every pair, (columns,), and a lower bound on the cost of the whole program."""

    x: Array
    bound_yuan: float


def resting_dispatch(tiled: Tiled, program: LinearProgram) -> RestingDispatch | None:
    """Return a dispatch of a relaxation of `tiled` in which members of pairs rest; None if none is found.

    Where power comes over other buses, single rows do not show that it is needed: then whatever costs money,
    such as import, does not rest.
    """
    dispatches = (_at_rest(tiled, program, fixed) for fixed in resting_choices(tiled, program))
    return next((dispatch for dispatch in dispatches if dispatch is not None), None)


def resting_choices(tiled: Tiled, program: LinearProgram) -> Iterator[Mask]:
    """Yield sets of columns, (columns,) each, to be tried at rest one after the other."""
    members = _all_members(tiled, program)
    tried = (members, members & ~_paid_members(tiled, program))
    choices = (_resting_members(tiled, program, fixed) for fixed in tried)
    return (choice for choice in choices if choice is not None)


def _all_members(tiled: Tiled, program: LinearProgram) -> Mask:
    """Mark the members of pairs and the binary columns that may be zero by their bounds, (columns,)."""
    members = tiled.is_binary.copy()
    for pair in tiled.template.pairs:
        members[tiled.column_of(pair.a)] = members[tiled.column_of(pair.b)] = True
    return np.asarray(members & (program.lower <= 0))


def _paid_members(tiled: Tiled, program: LinearProgram) -> Mask:
    """Mark the members of pairs that cost money on the mean, (columns,)."""
    paid = np.zeros(len(program.cost), dtype=bool)
    for member in {member for pair in tiled.template.pairs for member in (pair.a, pair.b)}:
        columns = tiled.column_of(member)
        paid[columns] = program.cost[columns].mean() > 0
    return paid


def _at_rest(tiled: Tiled, program: LinearProgram, fixed: Mask) -> RestingDispatch | None:
    """Return the cheapest dispatch with the marked columns at zero, and its bound; None without any."""
    try:
        x, row_dual = _solved_with_fixed(program, program.upper_fixed_at_zero(fixed))
    except (InfeasibleProgram, UnboundedProgram, OutOfTime):
        return None
    if not obeys_all(tiled, program, x):
        return None
    certificate = certify(program, x, row_dual)
    is_bound = certificate.dual_infeasibility <= FEASIBILITY_TOLERANCE
    return RestingDispatch(x, certificate.dual_objective_yuan if is_bound else -np.inf)


def _solved_with_fixed(program: LinearProgram, upper: Array) -> tuple[Array, Array]:
    """Return the optimum below these upper bounds, (columns,), and its multipliers, (rows,).

    Columns that are fixed, which are most of them, are left out here: a solver takes ten times as long to
    read and to remove them. A row without any other column has the multiplier zero.
    """
    is_free = program.lower < upper
    x = np.where(is_free, 0.0, program.lower)
    row_dual = np.zeros(len(program.row_lower))
    if not is_free.any():
        return x, row_dual
    matrix = program.matrix[:, np.flatnonzero(is_free)]
    kept_rows = np.flatnonzero(np.diff(matrix.indptr))
    constant = program.matrix @ x
    solver = Solver()
    solver.load(
        LinearProgram(
            cost=program.cost[is_free],
            offset=program.offset + float(program.cost @ x),
            matrix=matrix[kept_rows],
            row_lower=(program.row_lower - constant)[kept_rows],
            row_upper=(program.row_upper - constant)[kept_rows],
            lower=program.lower[is_free],
            upper=upper[is_free],
            binary=np.zeros(int(is_free.sum()), dtype=bool),
        )
    )
    answer = solver.solve()
    x[is_free] = answer.x
    row_dual[kept_rows] = answer.row_dual
    return x, row_dual


def _resting_members(tiled: Tiled, program: LinearProgram, members: Mask) -> Mask | None:
    """Mark those of the members that can rest, (columns,); None where some row cannot be met."""
    fixed = members.copy()
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
    upper = _implied_upper(program, program.upper_fixed_at_zero(fixed), row)
    least, most = activity_range(matrix, program.lower, upper)
    is_short, is_beyond = (
        program.row_lower - most > FEASIBILITY_TOLERANCE,
        least - program.row_upper > FEASIBILITY_TOLERANCE,
    )
    helps = np.where(matrix.data > 0, is_short[row], is_beyond[row]) & fixed[matrix.indices]
    entry = np.flatnonzero(helps)
    entry = entry[np.lexsort((rows_of_column[matrix.indices[entry]], row[entry]))]
    first_of_row = np.unique(row[entry], return_index=True)[1]
    return np.unique(matrix.indices[entry[first_of_row]]), bool((is_short | is_beyond).any())


def _implied_upper(program: LinearProgram, upper: Array, row: Index) -> Array:
    """Return upper bounds that single rows imply, such as no power of a unit that is off.

    For an entry a > 0 of a row with an upper limit, a x <= limit - least of the others; for a < 0 and a lower
    limit likewise.
    """
    matrix = program.matrix
    least, most = activity_range(matrix, program.lower, upper)
    least_of_entry = matrix.data * program.lower[matrix.indices]
    with np.errstate(invalid="ignore"):
        room = np.where(
            matrix.data > 0, program.row_upper[row] - least[row], program.row_lower[row] - most[row]
        )
        limit = np.where(np.isfinite(room), (room + least_of_entry) / matrix.data, np.inf)
    implied = upper.copy()
    np.minimum.at(implied, matrix.indices, limit)
    return np.maximum(implied, program.lower)
