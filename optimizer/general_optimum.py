"""The optimum of a park with binary decisions or long memories: relax, and search what is fractional.

The decomposition into windows is made for exclusive pairs and for states that one interval hands to the next.
Any other park is relaxed as a whole, and where its relaxation is no dispatch, HiGHS searches the integer
program; the bound is then HiGHS's own.
"""

import time
from dataclasses import replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.decomposition.repair_result import NoFeasibleDispatch
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.heuristics.resting_dispatch import resting_dispatch
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, Solver
from parkdispatch.optimizer.mip.whole_program import (
    Bounds,
    WholeSearch,
    bounds_as_decided,
    lesser_members,
    search_whole_program,
)
from parkdispatch.optimizer.presolve.exclusive_pairs import open_pairs, tighten, violated_pairs
from parkdispatch.optimizer.proof.certificate import ProofMethod, certify
from parkdispatch.optimizer.proof.feasibility import obeys_all
from parkdispatch.optimizer.tiled_optimum import IN_RELAXATION, FinalRelaxation, SolveSettings, TiledOptimum
from parkdispatch.optimizer.time_budget import ending_at

RELAXATION_SHARE = 0.5  # of the time
LEAST_RELAXATION_S = 1.0  # after the deadline too
NEAR_GAP = 0.01  # relative, of a dispatch that needs no heuristics to be improved


def find_general_optimum(tiled: Tiled, settings: SolveSettings) -> TiledOptimum:
    """The optimum of any tiled program, with its proof or its true gap.

    Raises InfeasibleProgram, UnboundedProgram, and NoFeasibleDispatch where time ends without a dispatch.
    """
    program = tighten(tiled).program
    built, began_s = time.perf_counter(), time.monotonic()
    pairs_are_open = open_pairs(tiled, program)
    settings.progress("solving the relaxation")
    relaxed_x, row_dual, bound = np.empty(0), np.empty(0), -np.inf
    try:
        with ending_at(began_s + max(LEAST_RELAXATION_S, RELAXATION_SHARE * (settings.deadline - began_s))):
            relaxed_x, row_dual = _solve_within(program, (program.lower, program.upper))
    except OutOfTime:
        settings.progress("no time for the relaxation")
    certificate = certify(program, relaxed_x, row_dual) if relaxed_x.size else None
    if certificate is not None and certificate.holds:
        bound = certificate.dual_objective_yuan
    x, method = relaxed_x, IN_RELAXATION
    violated = violated_pairs(tiled, x) if x.size else pairs_are_open
    fixed = np.zeros(len(program.cost), dtype=bool)
    binaries = 0
    if not (x.size and np.isfinite(bound) and obeys_all(tiled, program, x)):
        settings.progress("searching the whole program")
        search = _searched(tiled, program, relaxed_x, bound, settings)
        x, row_dual, fixed = search.x, search.row_dual, search.fixed_at_zero
        bound = min(max(bound, search.bound_yuan), program.objective(x))
        binaries = int(search.pairs.sum() + tiled.is_binary.sum())
        method = ProofMethod("searched", {"binaries": binaries})
    return TiledOptimum(
        x=x,
        cost_yuan=program.objective(x),
        final_relaxation=_final_relaxation(tiled, program, row_dual, fixed),
        bound=bound,
        method=method,
        settled=int((~pairs_are_open).sum()),
        violated=int(violated.sum()),
        binaries=binaries,
        windows=1 if binaries else 0,
        dual_infeasibility=certificate.dual_infeasibility if certificate is not None else 0.0,
        built=built,
        warm_start=None,
    )


def _solve_within(program: LinearProgram, bounds: Bounds) -> tuple[Array, Array]:
    """The optimum of a linear program within other bounds, and its multipliers."""
    solver = Solver()
    solver.load(replace(program, lower=bounds[0], upper=bounds[1]))
    answer = solver.solve()
    return answer.x, answer.row_dual


def _searched(
    tiled: Tiled, program: LinearProgram, relaxed_x: Array, bound: float, settings: SolveSettings
) -> WholeSearch:
    """The best dispatch of a search that begins with one near the relaxation, if there is one."""
    incumbent = _first_dispatch(tiled, program, relaxed_x)
    gap_yuan = settings.gap * max(1.0, abs(bound)) if np.isfinite(bound) else 0.0
    chosen = violated_pairs(tiled, relaxed_x) if relaxed_x.size else None
    best, best_bound = None, bound
    while True:
        search = search_whole_program(
            tiled,
            program,
            lambda bounds: _solve_within(program, bounds),
            incumbent,
            gap_yuan,
            settings.deadline,
            chosen,
            heuristics=not _is_near(program, incumbent, bound),
        )
        best_bound = max(best_bound, search.bound_yuan)
        if search.x.size and (best is None or program.objective(search.x) < program.objective(best.x)):
            best, incumbent = search, search.x
        violated = violated_pairs(tiled, search.found) if search.found.size else None
        is_over = time.monotonic() >= settings.deadline
        if chosen is None or violated is None or not (violated & ~chosen).any() or is_over:
            break
        chosen = _beside(chosen | violated)
    if best is not None:
        return replace(best, bound_yuan=best_bound)
    if incumbent is None:
        raise NoFeasibleDispatch(best_bound)
    # the multipliers of the search are not those of this dispatch
    return replace(search, x=incumbent, row_dual=np.empty(0), bound_yuan=best_bound)


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


def _first_dispatch(tiled: Tiled, program: LinearProgram, relaxed_x: Array) -> Array | None:
    """A dispatch with decisions rounded as in the relaxation, else one with all at rest; None without any."""
    if relaxed_x.size:
        unused = lesser_members(tiled, relaxed_x)
        try:
            rounded, _ = _solve_within(program, bounds_as_decided(tiled, program, relaxed_x, unused))
        except (InfeasibleProgram, OutOfTime):
            rounded = np.empty(0)
        if rounded.size and obeys_all(tiled, program, rounded):
            return rounded
    resting = resting_dispatch(tiled, program)
    return None if resting is None else resting.x


def _final_relaxation(
    tiled: Tiled, program: LinearProgram, row_dual: Array, fixed: Mask
) -> FinalRelaxation | None:
    """The last linear program with its multipliers; None where these are not known."""
    if not row_dual.size:
        return None
    no_inequalities = np.zeros((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
    return FinalRelaxation(program, row_dual, fixed, no_inequalities)
