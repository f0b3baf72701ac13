"""The optimum of a short horizon of any park: relaxed as a whole, and searched as a whole by HiGHS."""

import time
from dataclasses import replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, Solver
from parkdispatch.optimizer.mip.whole_program import (
    Bounds,
    WholeSearch,
    bounds_as_decided,
    dispatch_at_rest,
    lesser_members,
    search_whole_program,
)
from parkdispatch.optimizer.presolve.exclusive_pairs import open_pairs, violated_pairs
from parkdispatch.optimizer.proof.certificate import ProofMethod, certify, support
from parkdispatch.optimizer.proof.feasibility import obeys_all
from parkdispatch.optimizer.tiled_optimum import (
    IN_RELAXATION,
    NoFeasibleDispatch,
    SolveSettings,
    TiledOptimum,
)
from parkdispatch.optimizer.time_budget import ending_at

RELAXATION_SHARE = 0.5  # of the time
LEAST_RELAXATION_S = 1.0  # of a search that begins before the deadline
NARROW_NODES = 400  # of a search with binaries for some pairs only
SEARCH_THREADS = 2  # on every machine, so that each finds the same dispatch; nothing else is searched beside
NEAR_GAP = 0.01  # relative, of a dispatch that needs no heuristics to be improved


def find_as_whole(
    tiled: Tiled,
    program: LinearProgram,
    settings: SolveSettings,
    known: TiledOptimum | None = None,
    bound_yuan: float = -np.inf,
) -> TiledOptimum:
    """The optimum of a tightened relaxation of `tiled` that HiGHS relaxes and searches as a whole.

    `known` is a dispatch from which the search begins, and `bound_yuan` what any dispatch costs at least.
    Raises InfeasibleProgram, UnboundedProgram, and NoFeasibleDispatch where time ends without a dispatch.
    """
    began_s = time.monotonic()
    settings.progress("solving the relaxation")
    relaxed_x, row_dual, bound = np.empty(0), np.empty(0), -np.inf
    left_s = settings.deadline - began_s
    try:
        if left_s <= 0:  # what HiGHS takes to read the program is then of more use to a dispatch at rest
            raise OutOfTime
        with ending_at(began_s + max(LEAST_RELAXATION_S, RELAXATION_SHARE * left_s)):
            relaxed_x, row_dual = solve_within(program, (program.lower, program.upper))
    except OutOfTime:
        settings.progress("no time for the relaxation")
    certificate = certify(program, relaxed_x, row_dual) if relaxed_x.size else None
    if certificate is not None and certificate.holds:
        bound = certificate.dual_objective_yuan
    else:
        bound = _bound_by_bounds(program)
    bound = max(bound, bound_yuan)
    pairs_are_open = open_pairs(tiled, program)
    violated = violated_pairs(tiled, relaxed_x) if relaxed_x.size else pairs_are_open
    if relaxed_x.size and np.isfinite(bound) and obeys_all(tiled, program, relaxed_x):
        bound = min(bound, program.objective(relaxed_x))
        return dispatch_with_bound(tiled, program, relaxed_x, bound, IN_RELAXATION)
    settings.progress("searching the whole program")
    search = _searched(tiled, program, relaxed_x, bound, settings, known)
    binaries = int(search.pairs.sum() + tiled.is_binary.sum())
    method = ProofMethod("searched", {"binaries": binaries})
    bound = min(max(bound, search.bound_yuan), program.objective(search.x))
    return replace(
        dispatch_with_bound(tiled, program, search.x, bound, method),
        violated=int(violated.sum()),
        binaries=binaries,
        windows=1,
        dual_infeasibility=certificate.dual_infeasibility if certificate is not None else 0.0,
    )


def _bound_by_bounds(program: LinearProgram) -> float:
    """What a point costs at least by the bounds of the columns alone [yuan]; -inf where one is missing."""
    cost_yuan, missing = support(program.cost, program.lower, program.upper)
    return program.offset + cost_yuan if missing == 0 else -np.inf


def dispatch_with_bound(
    tiled: Tiled, program: LinearProgram, x: Array, bound: float, method: ProofMethod
) -> TiledOptimum:
    """A dispatch and its bound, with nothing searched."""
    return TiledOptimum(
        x=x,
        cost_yuan=program.objective(x),
        final_relaxation=None,
        bound=bound,
        method=method,
        settled=int((~open_pairs(tiled, program)).sum()),
        violated=0,
        binaries=0,
        windows=0,
        dual_infeasibility=0.0,
        built=0.0,
        warm_start=None,
    )


def solve_within(program: LinearProgram, bounds: Bounds) -> tuple[Array, Array]:
    """The optimum of a linear program within other bounds, and its multipliers."""
    solver = Solver()
    solver.load(replace(program, lower=bounds[0], upper=bounds[1]))
    answer = solver.solve()
    return answer.x, answer.row_dual


def _searched(
    tiled: Tiled,
    program: LinearProgram,
    relaxed_x: Array,
    bound: float,
    settings: SolveSettings,
    known: TiledOptimum | None,
) -> WholeSearch:
    """The best dispatch of a search that begins with a known one, or with one near the relaxation."""
    incumbent = _rounded_dispatch(tiled, program, relaxed_x) if known is None else known.x
    gap_yuan = settings.gap * max(1.0, abs(bound)) if np.isfinite(bound) else 0.0
    chosen = violated_pairs(tiled, relaxed_x) if relaxed_x.size else None
    best_bound = bound
    while True:
        is_narrow = chosen is not None
        search = search_whole_program(
            tiled,
            program,
            lambda bounds: solve_within(program, bounds),
            incumbent,
            gap_yuan,
            settings.deadline,
            chosen,
            heuristics=not (is_narrow and _is_near(program, incumbent, bound)),
            max_nodes=NARROW_NODES if is_narrow else None,
            threads=SEARCH_THREADS,
        )
        best_bound = max(best_bound, search.bound_yuan)
        incumbent = search.x if search.x.size else incumbent
        if chosen is None or time.monotonic() >= settings.deadline:
            break
        others = violated_pairs(tiled, search.searched_x) & ~chosen if search.searched_x.size else None
        if others is not None and search.is_complete and not others.any():
            break
        # HiGHS as it comes, with all pairs, where it is not over soon with some of them
        chosen = _beside(chosen | others) if others is not None and search.is_complete else None
    if incumbent is None:
        raise NoFeasibleDispatch(best_bound)
    return replace(search, x=incumbent, bound_yuan=best_bound)


def _is_near(program: LinearProgram, dispatch: Array | None, bound: float) -> bool:
    """Whether a dispatch is so good that a search should rather raise the bound than find a better one."""
    if dispatch is None:
        return False
    cost_yuan = program.objective(dispatch)
    return bool(cost_yuan - bound <= NEAR_GAP * max(1.0, abs(cost_yuan)))


def _beside(chosen: Mask) -> Mask:
    """Mark the neighbours in time of the marked pairs too: what is forbidden here is tried there."""
    wider = chosen.copy()
    wider[:, 1:] |= chosen[:, :-1]
    wider[:, :-1] |= chosen[:, 1:]
    return wider


def _rounded_dispatch(tiled: Tiled, program: LinearProgram, relaxed_x: Array) -> Array | None:
    """A dispatch with decisions rounded as in the relaxation; at rest where nothing is relaxed; or None."""
    if not relaxed_x.size:
        return dispatch_at_rest(tiled, program)
    unused = lesser_members(tiled, relaxed_x)
    try:
        rounded, _ = solve_within(program, bounds_as_decided(tiled, program, relaxed_x, unused))
    except (InfeasibleProgram, OutOfTime):
        return None
    return rounded if obeys_all(tiled, program, rounded) else None
