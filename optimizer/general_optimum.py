"""The optimum of a park with binary decisions or long memories.

The decomposition into windows is made for one bus with exclusive pairs, and states that one interval hands to
the next. A long horizon of any other park is searched block by block (`time_blocks`), and again with blocks
twice as long while there is time and a gap; a short one is searched by HiGHS as a whole.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.heuristics.least_shared import with_least_shared
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, UnboundedProgram
from parkdispatch.optimizer.mip.whole_optimum import dispatch_with_bound, find_as_whole, solve_within
from parkdispatch.optimizer.mip.whole_program import (
    bounds_as_decided,
    lesser_members,
)
from parkdispatch.optimizer.presolve.exclusive_pairs import tighten
from parkdispatch.optimizer.presolve.network_tightening import tighten_over_network
from parkdispatch.optimizer.proof.certificate import ProofMethod
from parkdispatch.optimizer.proof.feasibility import obeys_all
from parkdispatch.optimizer.tiled_optimum import (
    FinalRelaxation,
    NoFeasibleDispatch,
    SolveSettings,
    TiledOptimum,
    TotalOutOfReach,
)
from parkdispatch.optimizer.time_blocks.links import block_starts

MIN_DAYS = 10  # of a horizon that is not searched as a whole: a week is
MAX_WHOLE = 400_000  # columns of a program that is searched as a whole too after its blocks were
LEAST_WHOLE_S = 120.0  # for a larger one: HiGHS reads and presolves it without looking at the clock


def find_general_optimum(tiled: Tiled, settings: SolveSettings) -> TiledOptimum:
    """The optimum of any tiled program, with its proof or its true gap.

    Raises InfeasibleProgram, UnboundedProgram, and NoFeasibleDispatch where time ends without a dispatch.
    """
    program = tighten_over_network(tiled)
    built = time.perf_counter()
    known, bound_yuan, firsts = None, -np.inf, block_starts(tiled)
    is_long = len(tiled.horizon.first("day")) >= MIN_DAYS
    while is_long and len(firsts) > 1 and not _is_done(known, settings):
        known, bound_yuan = _find_in_blocks(tiled, program, firsts, settings, known)
        if known is None:
            break
        firsts = firsts[::2]  # twice as long blocks see twice as far
    is_small = len(program.cost) <= MAX_WHOLE
    is_soon_over = settings.deadline - time.monotonic() < LEAST_WHOLE_S
    if known is None and is_long and not is_small and is_soon_over:
        raise NoFeasibleDispatch(bound_yuan)
    if known is None or (is_small and not _is_done(known, settings)):
        known = _better(known, find_as_whole(tiled, program, settings, known, bound_yuan))
    x = with_least_shared(tiled, known.x)
    cost_yuan = tiled.program.objective(x)
    known = replace(known, x=x, cost_yuan=cost_yuan, bound=min(known.bound, cost_yuan))
    return replace(known, built=built, final_relaxation=_final_relaxation(tiled, known.x, settings))


def _is_done(known: TiledOptimum | None, settings: SolveSettings) -> bool:
    """Whether the gap is met or time is up."""
    if known is None:
        return False
    gap_yuan = settings.gap * max(1.0, abs(known.cost_yuan))
    return known.cost_yuan - known.bound <= gap_yuan or time.monotonic() >= settings.deadline


def _better(known: TiledOptimum | None, newer: TiledOptimum) -> TiledOptimum:
    """The cheaper of two dispatches with the higher of both bounds, and how that was proven."""
    if known is None:
        return newer
    cheaper, proven = min(known, newer, key=_cost_yuan), max(known, newer, key=_bound_yuan)
    bound = min(proven.bound, cheaper.cost_yuan)
    return replace(proven, x=cheaper.x, cost_yuan=cheaper.cost_yuan, bound=bound)


def _cost_yuan(optimum: TiledOptimum) -> float:
    return optimum.cost_yuan


def _bound_yuan(optimum: TiledOptimum) -> float:
    return optimum.bound


def _find_in_blocks(
    tiled: Tiled,
    program: LinearProgram,
    firsts: Sequence[int],
    settings: SolveSettings,
    known: TiledOptimum | None,
) -> tuple[TiledOptimum | None, float]:
    """The optimum of a long horizon, and a bound on it, which is there without a dispatch too [yuan].

    The optimum is `known`, perhaps none, where no dispatch is found.
    """
    # not loaded for a short horizon
    from parkdispatch.optimizer.time_blocks.block_optimum import BlockwiseSearch

    search = BlockwiseSearch(tiled, program, firsts, settings, known)
    try:
        blockwise = search.run()
    except (InfeasibleProgram, UnboundedProgram) as ended:
        is_explained = isinstance(ended, TotalOutOfReach) and len(program.cost) > MAX_WHOLE
        if known is None and (
            is_explained or (isinstance(ended, InfeasibleProgram) and ended.rows is not None)
        ):
            raise
        # a block's program leaves out what only the whole program has: that says what is the matter
        return known, -np.inf if known is None else known.bound
    if not blockwise.x.size or not obeys_all(tiled, program, blockwise.x):
        return known, blockwise.bound_yuan
    method = ProofMethod("blocks", {"blocks": len(firsts), "searched": blockwise.searched})
    optimum = replace(
        dispatch_with_bound(tiled, program, blockwise.x, blockwise.bound_yuan, method),
        violated=blockwise.violated,
        binaries=blockwise.binaries,
        windows=blockwise.searched,
    )
    best = _better(known, optimum)
    return best, best.bound


def _final_relaxation(tiled: Tiled, x: Array, settings: SolveSettings) -> FinalRelaxation | None:
    """The linear program with all decisions as in a dispatch, and its multipliers, if they are asked for."""
    if not settings.multipliers:
        return None
    program, firsts = tighten(tiled).program, block_starts(tiled)
    settings.progress("finding the multipliers")
    try:
        if len(tiled.horizon.first("day")) >= MIN_DAYS:
            from parkdispatch.optimizer.time_blocks.block_optimum import blockwise_multipliers

            row_dual = blockwise_multipliers(tiled, program, firsts, settings, x)
        else:
            bounds = bounds_as_decided(tiled, program, x, lesser_members(tiled, x))
            _, row_dual = solve_within(program, bounds)
    except (InfeasibleProgram, OutOfTime):  # infeasible by the tolerances alone
        return None
    no_inequalities = np.zeros((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
    return FinalRelaxation(program, row_dual, lesser_members(tiled, x), no_inequalities)
