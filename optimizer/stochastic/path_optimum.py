"""The optimum of a program of several paths: its relaxation, then binaries for the pairs that it breaks."""

import time
from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, SolverError
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import with_pair_binaries
from parkdispatch.optimizer.presolve.exclusive_pairs import PAIR_TOLERANCE_MW
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, certify, primal_infeasibility
from parkdispatch.optimizer.stochastic.path_program import PathProgram
from parkdispatch.optimizer.stochastic.smooth_paths import smoothest

GAP = 1e-6  # relative, at which a search ends unless another is asked for
LEAST_S = 1.0  # for a search, after the deadline too


@dataclass(frozen=True)
class PathOptimum:
    """A solution, its objective and the proven lower bound of it [yuan]."""

    x: Array
    objective_yuan: float
    bound_yuan: float
    pairs_decided: int  # by a binary

    @property
    def gap(self) -> float:
        """Relative distance of the objective from its bound."""
        return max(0.0, self.objective_yuan - self.bound_yuan) / max(1.0, abs(self.objective_yuan))


def path_optimum(paths: PathProgram, time_limit_s: float, gap: float = GAP) -> PathOptimum:
    """The optimum, proven by the certificate of the relaxation or, where pairs need binaries, HiGHS's bound.

    It is within `gap` of the bound, or as near as the time allows. A pair has a binary only once a solution
    breaks it, so each bound is one of the whole problem. Of equal optima it is the one whose set points
    change least. Raises InfeasibleError where no set points suit all paths, SolverError where none is found
    in time.
    """
    deadline = time.monotonic() + time_limit_s
    program, pairs = paths.program, paths.pairs()
    x, row_dual = _solved(program)
    certificate = certify(program, x, row_dual)
    objective_yuan = certificate.primal_objective_yuan
    bound_yuan = min(objective_yuan, certificate.dual_objective_yuan)
    decided = np.zeros(len(pairs), dtype=bool)
    while (broken := _broken(x, pairs) & ~decided).any():
        decided |= broken
        rounded = _rounded(program, x, pairs)
        if rounded is not None and program.objective(rounded) - bound_yuan <= gap * abs(objective_yuan):
            x = rounded
        else:
            x, found_yuan = _searched(program, pairs[decided], rounded, gap, deadline)
            bound_yuan = max(bound_yuan, found_yuan)
        objective_yuan = program.objective(x)
    smooth = smoothest(paths, x, max(LEAST_S, deadline - time.monotonic()))
    if primal_infeasibility(program, smooth) <= FEASIBILITY_TOLERANCE:
        x, objective_yuan = smooth, program.objective(smooth)
    if not primal_infeasibility(program, x) <= FEASIBILITY_TOLERANCE or _broken(x, pairs).any():
        raise SolverError("the plan on paths breaks a rule")
    return PathOptimum(x, objective_yuan, min(bound_yuan, objective_yuan), int(decided.sum()))


def with_fixed(paths: PathProgram, x: Array, columns: Index) -> PathProgram:
    """The same program whose columns are fixed at a solution."""
    lower, upper = paths.program.lower.copy(), paths.program.upper.copy()
    lower[columns] = upper[columns] = np.clip(x[columns], lower[columns], upper[columns])
    return replace(paths, program=replace(paths.program, lower=lower, upper=upper))


def _broken(x: Array, pairs: Index) -> Mask:
    return np.asarray(np.minimum(x[pairs[:, 0]], x[pairs[:, 1]]) > PAIR_TOLERANCE_MW)


def _solved(program: LinearProgram) -> tuple[Array, Array]:
    solver = Solver()
    solver.load(program)
    try:
        answer = solver.solve()
    except InfeasibleProgram:
        raise InfeasibleError("no set points meet all limits on every path") from None
    return answer.x, answer.row_dual


def _rounded(program: LinearProgram, x: Array, pairs: Index) -> Array | None:
    """The optimum with the lesser member of each pair at zero; None where that is infeasible."""
    fixed = np.zeros(len(program.cost), dtype=bool)
    fixed[np.where(x[pairs[:, 0]] > x[pairs[:, 1]], pairs[:, 1], pairs[:, 0])] = True
    try:
        return _solved(replace(program, upper=program.upper_fixed_at_zero(fixed)))[0]
    except InfeasibleError:
        return None


def _searched(
    program: LinearProgram, pairs: Index, known: Array | None, gap: float, deadline: float
) -> tuple[Array, float]:
    """The best point found with these pairs exclusive, and HiGHS's lower bound; `known` is a first point."""
    gap_yuan = 0.0 if known is None else gap * abs(program.objective(known))
    solver = Solver(
        time_limit_s=max(LEAST_S, deadline - time.monotonic()), full_search=True, gap_yuan=gap_yuan
    )
    solver.load(with_pair_binaries(program, pairs))
    if known is not None:
        first_is_used = (known[pairs[:, 0]] > known[pairs[:, 1]]).astype(np.float64)
        solver.propose(np.concatenate([known, first_is_used]))
    try:
        answer = solver.solve()
    except InfeasibleProgram:
        raise InfeasibleError("no set points meet all limits on every path") from None
    except OutOfTime as ended:
        if known is None:
            raise
        return known, ended.bound
    of_search = _rounded(program, answer.x, pairs)
    points = [point for point in (of_search, known) if point is not None]
    if not points:
        raise SolverError("the plan on paths breaks a rule")
    return min(points, key=program.objective), answer.bound
