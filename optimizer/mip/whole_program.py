"""A program with a binary for each open exclusive pair, searched as a whole by HiGHS.

The decomposition into windows is fast where violations lie in some hours of some days. Where nearly every
interval is in one window, or windows disagree round after round, it solves the same integer program again and
again; HiGHS then proves in one search what no number of rounds does.
"""

import time
from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.heuristics.relaxed_problem import RelaxedProblem
from parkdispatch.optimizer.heuristics.resting_dispatch import resting_dispatch
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import pair_positions, with_pair_binaries
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.presolve.exclusive_pairs import open_pairs

MAX_PAIRS = 20_000  # exclusive pairs of a program that is searched as a whole: three batteries' week
FIRST_POINT_SHARE = 0.5  # of the remaining time, for a first point
LEAST_S = 1.0  # for a search, after the deadline too


def is_small(tiled: Tiled) -> bool:
    """Return whether a program is small enough to be searched as a whole."""
    return len(tiled.template.pairs) * len(tiled.horizon) <= MAX_PAIRS


@dataclass(frozen=True)
class WholeSearch:
    """What the search found.

    `bound_yuan` is HiGHS's own lower bound. `x`, (columns,), obeys every pair; it is empty where no point was
    found. `row_dual`, (rows,), are the multipliers of the linear program with the columns `fixed_at_zero`.
    `pairs`, (pairs, intervals), are those with a binary.
    """

    bound_yuan: float
    x: Array
    row_dual: Array
    fixed_at_zero: Mask
    pairs: Mask


def search_whole_program(
    problem: RelaxedProblem, incumbent: Array | None, gap_yuan: float, deadline: float
) -> WholeSearch:
    """Search a relaxed problem with all of its open pairs; `incumbent` is a point that obeys them.

    Without one, a first point is searched for in the direction of the least activity. Raises
    InfeasibleProgram where no point obeys the pairs.
    """
    tiled, program = problem.tiled, problem.program
    is_open = open_pairs(tiled, program)
    pairs = pair_positions(tiled, is_open, Window(((0, len(tiled.horizon)),)))
    # without the relaxation's valid inequalities, beside which HiGHS finds fewer cuts of its own: a small
    # battery's day is not proven in a minute with them, and in a second without
    with_binaries = with_pair_binaries(replace(tiled.program, upper=program.upper), pairs)
    if incumbent is None:
        incumbent = _first_point(problem, with_binaries, deadline)
    solver = Solver(time_limit_s=_remaining_s(deadline), gap_yuan=gap_yuan, full_search=True)
    solver.load(with_binaries)
    x, bound_yuan = np.empty(0), -np.inf
    if incumbent is not None:
        first_is_used = (incumbent[pairs[:, 0]] > incumbent[pairs[:, 1]]).astype(np.float64)
        x = np.concatenate([incumbent[: len(program.cost)], first_is_used])
        solver.propose(x)
    try:
        answer = solver.solve()
        x, bound_yuan = answer.x, answer.bound
    except OutOfTime as ended:
        bound_yuan = ended.bound
    return _with_binaries_fixed(problem, is_open, pairs, x, bound_yuan)


def _first_point(problem: RelaxedProblem, with_binaries: LinearProgram, deadline: float) -> Array | None:
    """Return some point that obeys the pairs; None where none was found in a share of the time."""
    resting = resting_dispatch(problem.tiled, problem.program)
    if resting is not None:
        return resting.x
    cost = np.zeros(len(with_binaries.cost))
    cost[: len(problem.program.cost)] = _activity(problem.tiled)
    limit_s = FIRST_POINT_SHARE * _remaining_s(deadline)
    solver = Solver(time_limit_s=limit_s, full_search=True, any_point=True)
    solver.load(replace(with_binaries, cost=cost, offset=0.0))
    try:
        return solver.solve().x
    except OutOfTime:
        return None


def _activity(tiled: Tiled) -> Array:
    """Return 1 for members of pairs that are injected into a bus, 0 for all other columns, (columns,).

    In the direction of the least power a first point is found in a fraction of the time that it takes in the
    direction of the least cost.
    """
    template, activity = tiled.template, np.zeros(tiled.shared_starts[-1])
    injections = list(template.injections.values())
    is_injected = (template.coefficients[:, injections] != 0).any(axis=(0, 1))
    for member in {member for pair in template.pairs for member in (pair.a, pair.b)}:
        if is_injected[member]:
            activity[tiled.column_of(member)] = 1.0
    return activity


def _remaining_s(deadline: float) -> float:
    """Return the seconds until the deadline (time.monotonic), or a little after it."""
    return max(LEAST_S, deadline - time.monotonic())


def _with_binaries_fixed(
    problem: RelaxedProblem, is_open: Mask, pairs: Index, x: Array, bound_yuan: float
) -> WholeSearch:
    """Return the optimum with the pairs as in `x`, which HiGHS has found to its tolerances."""
    program, fixed_at_zero = problem.program, np.zeros(len(problem.program.cost), dtype=bool)
    if not x.size:
        return WholeSearch(bound_yuan, x, np.empty(0), fixed_at_zero, is_open)
    fixed_at_zero[_unused_members(x, pairs)] = True
    try:
        exact, row_dual = problem.blocks.solve(program.upper_fixed_at_zero(fixed_at_zero))
    except (InfeasibleProgram, OutOfTime):  # infeasible by the tolerances alone
        exact, row_dual = x[: len(program.cost)], np.empty(0)
    exact = exact if problem.obeys_all(exact) else np.empty(0)
    return WholeSearch(bound_yuan, exact, row_dual, fixed_at_zero, is_open)


def _unused_members(x: Array, pairs: Index) -> Index:
    """Return the column of each pair's member that its binary keeps at zero."""
    first_is_used = x[len(x) - len(pairs) :] > 0.5
    return np.where(first_is_used, pairs[:, 1], pairs[:, 0])
