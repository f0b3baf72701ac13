"""A program with a binary for each open exclusive pair, searched as a whole by HiGHS.

The decomposition into windows is fast where violations lie in some hours of some days. Where nearly every
interval is in one window, or windows disagree round after round, it solves the same integer program again and
again; HiGHS then proves in one search what no number of rounds does.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.heuristics.resting_dispatch import resting_dispatch
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, Solver, SolverAnswer
from parkdispatch.optimizer.partition.lagrangian_pricing import pair_positions, with_pair_binaries
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.presolve.exclusive_pairs import open_pairs, violated_pairs
from parkdispatch.optimizer.proof.feasibility import is_exact, obeys_all

MAX_PAIRS = 20_000  # exclusive pairs of a program that is searched as a whole: three batteries' week
FIRST_POINT_SHARE = 0.5  # of the remaining time, for the first point of a search with some pairs only
SOON_S = 1.0  # for a search that needs no first point
LEAST_S = 1.0  # for a search, after the deadline too

Bounds = tuple[Array, Array]  # lower and upper, (columns,) each


def is_small(tiled: Tiled) -> bool:
    """Return whether a program is small enough to be searched as a whole."""
    return len(tiled.template.pairs) * len(tiled.horizon) <= MAX_PAIRS


@dataclass(frozen=True)
class WholeSearch:
    """What the search found.

    `bound_yuan` is HiGHS's own lower bound. `searched_x`, (columns,), is its point, which may violate pairs
    that had no binary; `x` is a dispatch. Both are empty where there is none. `row_dual`, (rows,), are the
    multipliers of the linear program with the columns `fixed_at_zero`, and binary columns as they are.
    `pairs`, (pairs, intervals), are those with a binary. `is_complete`: it ended before its limits.
    """

    bound_yuan: float
    searched_x: Array
    x: Array
    row_dual: Array
    fixed_at_zero: Mask
    pairs: Mask
    is_complete: bool


def search_whole_program(
    tiled: Tiled,
    program: LinearProgram,
    solve_within: Callable[[Bounds], tuple[Array, Array]],
    incumbent: Array | None,
    gap_yuan: float,
    deadline: float,
    chosen: Mask | None = None,
    *,
    heuristics: bool = True,
    max_nodes: int | None = None,
    stop: Event | None = None,
    threads: int = 1,
) -> WholeSearch:
    """Search a tightened relaxation of `tiled` with its binary columns and its open pairs.

    `solve_within` returns the optimum of the relaxation and its multipliers within other bounds. `incumbent`
    is a dispatch; without one, what can rest rests if the search finds nothing better, and where that is no
    dispatch one is searched for, until the deadline of the thread. Of the open pairs only those `chosen`,
    (pairs, intervals), get a binary; the bound is valid all the same, and that dispatch is looked for first,
    unless the search is over in a moment and needs none.
    Where a good one is known, HiGHS's `heuristics` may be left out. After `max_nodes` nodes the search ends,
    and when `stop` is set. `threads` are HiGHS's. Raises InfeasibleProgram where there is no dispatch.
    """
    is_open = open_pairs(tiled, program)
    if chosen is not None:
        is_open &= chosen
    with_binaries, pairs = with_binaries_of(tiled, program, is_open)
    solver = Solver(
        gap_yuan=gap_yuan,
        full_search=True,
        heuristics=heuristics,
        max_nodes=max_nodes,
        stop=stop,
        threads=threads,
    )
    solver.load(with_binaries)
    known, soon = incumbent, None
    if known is None and chosen is not None:
        soon = _soon_complete(solver, tiled, program, deadline)
    if known is None and soon is None:
        known = dispatch_at_rest(tiled, program)
        if known is None and chosen is not None:  # the search's own point may violate the other pairs
            known = _least_active_dispatch(tiled, program, FIRST_POINT_SHARE * _remaining_s(deadline))
    if chosen is not None:
        incumbent = known
    solver.time_limit_s = _remaining_s(deadline)
    x, bound_yuan, is_complete = np.empty(0), -np.inf, False
    if incumbent is not None:
        x = _with_binaries_in(incumbent[: len(program.cost)], pairs)
        solver.propose(x)
    try:
        answer = soon or solver.solve()
        x, bound_yuan, is_complete = answer.x, answer.bound, not answer.timed_out
    except OutOfTime as ended:
        bound_yuan = ended.bound
        known = _least_active_dispatch(tiled, program) if known is None else known
        x = x if known is None else _with_binaries_in(known[: len(program.cost)], pairs)
    fixed_at_zero = np.zeros(len(program.cost), dtype=bool)
    if not x.size:
        return WholeSearch(bound_yuan, x, x, np.empty(0), fixed_at_zero, is_open, is_complete)
    fixed_at_zero[unused_members(x, pairs)] = True
    # HiGHS has found the decisions; the point itself is exact only where they are fixed
    searched_x = x = x[: len(program.cost)]
    if chosen is not None:
        fixed_at_zero |= lesser_members(tiled, x)
    known = np.empty(0) if known is None else known[: len(program.cost)]
    try:
        x, row_dual = solve_within(bounds_as_decided(tiled, program, x, fixed_at_zero))
        dispatch = x if obeys_all(tiled, program, x) else np.empty(0)
    except (InfeasibleProgram, OutOfTime):  # infeasible by the tolerances alone
        row_dual = np.empty(0)
        is_dispatch = obeys_all(tiled, program, x) and (not known.size or is_exact(program, x))
        dispatch = x if is_dispatch else np.empty(0)
    if known.size and not (dispatch.size and program.objective(dispatch) <= program.objective(known)):
        # the point violates a pair that had no binary, or is worse than what was known
        dispatch, row_dual = known, np.empty(0)
    return WholeSearch(bound_yuan, searched_x, dispatch, row_dual, fixed_at_zero, is_open, is_complete)


def _soon_complete(
    solver: Solver, tiled: Tiled, program: LinearProgram, deadline: float
) -> SolverAnswer | None:
    """Return the answer of a search that is over in a moment and whose point obeys all pairs, else None."""
    solver.time_limit_s = min(SOON_S, FIRST_POINT_SHARE * _remaining_s(deadline))
    try:
        answer = solver.solve()
    except OutOfTime:
        return None
    if answer.timed_out or violated_pairs(tiled, answer.x[: len(program.cost)]).any():
        return None
    return answer


def bounds_as_decided(tiled: Tiled, program: LinearProgram, x: Array, fixed_at_zero: Mask) -> Bounds:
    """Return bounds that fix the binary columns as they are in x, and the marked columns at zero."""
    lower, upper = program.lower.copy(), program.upper_fixed_at_zero(fixed_at_zero)
    lower[tiled.is_binary] = upper[tiled.is_binary] = np.round(x[tiled.is_binary])
    return lower, upper


def lesser_members(tiled: Tiled, x: Array) -> Mask:
    """Mark the member of each pair that is the smaller one in x, (columns,)."""
    lesser = np.zeros(len(x), dtype=bool)
    for pair in tiled.template.pairs:
        a, b = tiled.column_of(pair.a), tiled.column_of(pair.b)
        lesser[np.where(x[a] > x[b], b, a)] = True
    return lesser


def with_binaries_of(tiled: Tiled, program: LinearProgram, chosen: Mask) -> tuple[LinearProgram, Index]:
    """Return the program with all binary columns and those of chosen pairs, and these pairs' columns."""
    pairs = pair_positions(tiled, chosen, Window(((0, len(tiled.horizon)),)))
    # without the relaxation's valid inequalities, beside which HiGHS finds fewer cuts of its own: a small
    # battery's day is not proven in a minute with them, and in a second without
    relaxation = replace(tiled.program, upper=program.upper, binary=tiled.is_binary)
    return with_pair_binaries(relaxation, pairs), pairs


def dispatch_at_rest(tiled: Tiled, program: LinearProgram) -> Array | None:
    """Return a dispatch in which whatever can rest rests; None where none is found."""
    resting = resting_dispatch(tiled, program)
    return None if resting is None else resting.x


def _least_active_dispatch(tiled: Tiled, program: LinearProgram, limit_s: float = np.inf) -> Array | None:
    """Return a dispatch with as little power as a search finds at first; None where none is found in time."""
    # a dispatch obeys all pairs, also those that a narrow search leaves out
    with_binaries, _ = with_binaries_of(tiled, program, open_pairs(tiled, program))
    cost = np.zeros(len(with_binaries.cost))
    cost[: len(program.cost)] = _activity(tiled)
    solver = Solver(time_limit_s=limit_s, full_search=True, any_point=True)
    solver.load(replace(with_binaries, cost=cost, offset=0.0))
    try:
        x = solver.solve().x[: len(program.cost)]
    except OutOfTime:
        return None
    return x if obeys_all(tiled, program, x) else None


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


def _with_binaries_in(x: Array, pairs: Index) -> Array:
    """Return a dispatch followed by the binaries of these pairs: 1 where the first member is used."""
    return np.concatenate([x, (x[pairs[:, 0]] > x[pairs[:, 1]]).astype(np.float64)])


def unused_members(x: Array, pairs: Index) -> Index:
    """Return the column of each pair's member that its binary keeps at zero."""
    first_is_used = x[len(x) - len(pairs) :] > 0.5
    return np.where(first_is_used, pairs[:, 1], pairs[:, 0])
