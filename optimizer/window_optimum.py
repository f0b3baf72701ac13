"""The optimum by windows: tighten, relax, certify, repair; from scratch or from a warm start."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.decomposition.repair import Repair
from parkdispatch.optimizer.decomposition.repair_result import RepairHandedOver, RepairOptions
from parkdispatch.optimizer.decomposition.repair_state import Incumbent
from parkdispatch.optimizer.decomposition.warm_start import RepairWarmStart
from parkdispatch.optimizer.formulation.template import ExclusivePairRows
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.heuristics.relaxed_problem import RelaxedProblem
from parkdispatch.optimizer.heuristics.resting_dispatch import resting_dispatch
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime
from parkdispatch.optimizer.mip.plain_search import PlainSearch
from parkdispatch.optimizer.mip.small_search import search_small_program
from parkdispatch.optimizer.mip.whole_program import is_small
from parkdispatch.optimizer.presolve.exclusive_pairs import (
    PAIR_TOLERANCE_MW,
    TightenedProgram,
    open_pairs,
    tighten,
    violated_pairs,
)
from parkdispatch.optimizer.proof.certificate import GAP_TOLERANCE, Certificate, ProofMethod, certify
from parkdispatch.optimizer.relaxation.strengthened_relaxation import (
    SolvedRelaxation,
    solve_relaxation,
    solve_relaxation_from,
)
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.tiled_optimum import (
    IN_RELAXATION,
    FinalRelaxation,
    NoFeasibleDispatch,
    SolveSettings,
    TiledOptimum,
)
from parkdispatch.optimizer.tiled_warm_start import TiledWarmStart
from parkdispatch.optimizer.time_budget import ending_at

RELAXATION_SHARE = 0.7  # of the time, before whatever can rest rests
LEAST_RELAXATION_S = 1.0  # after the deadline too
TIE_ROUNDS = 10  # of fixing one member of each pair at zero among optima of equal cost


class IdenticalUnitsDiffer(Exception):  # noqa: N818 - a finding, not a fault
    """No optimum of the merged park obeys the exclusive pairs of its identical units."""


@dataclass(frozen=True)
class _Outcome:
    """A point, its multipliers if they are known, and its lower bound with the proof of it."""

    x: Array
    row_dual: Array | None
    bound: float
    repair: RepairWarmStart
    method: ProofMethod
    windows: int = 0
    binaries: int = 0


def find_optimum(
    tiled: Tiled,
    paired: Tiled,
    settings: SolveSettings,
    warm_start: TiledWarmStart | None = None,
    tight: TightenedProgram | None = None,
    coarse: Tiled | None = None,
) -> TiledOptimum:
    """The certified optimum of a tiled program.

    `paired` is `tiled` with the exclusive pairs of merged identical units. A `warm_start` that fits fixes the
    same members of pairs at zero at once; that the others are no better is proven without solving the
    relaxation itself. `tight` is the tightened program, where it exists already; it may be looser than it
    could be. `coarse` is the same park in longer intervals, for a coarse start. Raises IdenticalUnitsDiffer,
    InfeasibleProgram and UnboundedProgram.
    """
    tight = tighten(tiled) if tight is None else tight
    settled = int((~open_pairs(tiled, tight.program)).sum())
    built, built_s = time.perf_counter(), time.monotonic()
    relaxation_s = max(LEAST_RELAXATION_S, RELAXATION_SHARE * (settings.deadline - built_s))
    is_searched = is_small(tiled) and settings.pool.workers > 1
    with PlainSearch(tiled, settings.gap, settings.deadline, is_searched) as plain:
        settings.progress("solving the relaxation")
        try:
            with ending_at(built_s + relaxation_s):
                relaxed, start = _first_relaxation(tiled, tight, settings.pool, warm_start, coarse)
        except OutOfTime:
            settings.progress("no time for the relaxation: letting rest what can")
            return _resting_optimum(tiled, paired, tight, settled, built)
        certificate = certify(relaxed.program, relaxed.x, relaxed.dual)
        if not start.fixed_at_zero.any():
            _require_proof(certificate)
        violated = violated_pairs(tiled, relaxed.x)
        unit_pairs = _pairs_of_merged_units(tiled, paired)
        # whether units must be solved separately is known before the repair, except where pairs are violated
        _obey_pairs(paired, unit_pairs, relaxed, relaxed.x, np.asarray(~violated.any(axis=0)))
        repaired_pairs = int((violated | start.pairs_with_fixed_member(tiled)).sum())
        outcome = _Outcome(relaxed.x, relaxed.dual, certificate.dual_objective_yuan, start, IN_RELAXATION)
        if violated.any() or not certificate.holds:
            settings.progress(f"repairing {repaired_pairs} exclusive pairs")
            is_repeated = warm_start is not None
            outcome = _repair(tiled, relaxed, certificate, start, plain, settings, is_repeated=is_repeated)
    x = outcome.x
    if unit_pairs:
        everywhere = np.ones(len(tiled.horizon), dtype=bool)
        x = _obey_pairs(paired, paired.template.pairs, relaxed, x, everywhere)
    return TiledOptimum(
        x=x,
        cost_yuan=relaxed.program.objective(x),
        final_relaxation=_final_relaxation(relaxed, outcome),
        bound=outcome.bound,
        method=outcome.method,
        settled=settled,
        violated=repaired_pairs,
        binaries=outcome.binaries,
        windows=outcome.windows,
        dual_infeasibility=certificate.dual_infeasibility,
        built=built,
        warm_start=TiledWarmStart.of(tiled, relaxed.warm_start, outcome.repair),
    )


def _resting_optimum(
    tiled: Tiled, paired: Tiled, tight: TightenedProgram, settled: int, built: float
) -> TiledOptimum:
    """The dispatch in which what can rest rests, and its bound. Raises NoFeasibleDispatch without one."""
    resting = resting_dispatch(paired, tight.program)
    if resting is None:
        raise NoFeasibleDispatch(-np.inf)
    return TiledOptimum(
        x=resting.x,
        cost_yuan=tight.program.objective(resting.x),
        final_relaxation=None,
        bound=resting.bound_yuan,
        method=ProofMethod("resting", {}),
        settled=settled,
        violated=0,
        binaries=0,
        windows=0,
        dual_infeasibility=0.0,
        built=built,
        warm_start=None,
    )


def _repair(
    tiled: Tiled,
    relaxed: SolvedRelaxation,
    certificate: Certificate,
    start: RepairWarmStart,
    plain: PlainSearch,
    settings: SolveSettings,
    *,
    is_repeated: bool,
) -> _Outcome:
    """Repair the violated pairs of a relaxation, beside a search of a small program as it stands.

    `is_repeated`: more solves of such programs may follow.
    """
    problem = RelaxedProblem(
        tiled, relaxed.program, relaxed.pricer, relaxed.blocks, settings.pool, settings.deadline
    )
    options = RepairOptions(
        is_repeated=is_repeated,
        needs_dual=settings.multipliers or not is_repeated,
        gap=settings.gap,
        hands_over=is_small(tiled),
    )
    try:
        repaired = Repair(problem, relaxed.x, relaxed.dual, certificate, start, options).run()
    except RepairHandedOver as handed_over:
        settings.progress("searching the whole program")
        return _searched(problem, handed_over.incumbent, plain, settings)
    return _Outcome(
        x=repaired.x,
        row_dual=repaired.row_dual,
        bound=repaired.bound_yuan,
        repair=repaired.warm_start,
        method=ProofMethod(
            "repaired",
            {"windows": repaired.windows, "binaries": repaired.binaries, "rounds": repaired.rounds},
        ),
        windows=repaired.windows,
        binaries=repaired.binaries,
    )


def _searched(
    problem: RelaxedProblem, incumbent: Incumbent, plain: PlainSearch, settings: SolveSettings
) -> _Outcome:
    """The best point and bound of the rounds of repair and of searches of the whole program."""
    search = search_small_program(problem, incumbent, plain, settings.gap, settings.deadline)
    binaries = int(search.pairs.sum())
    return _Outcome(
        x=search.x,
        row_dual=search.row_dual if search.row_dual.size else None,
        bound=search.bound_yuan,
        repair=RepairWarmStart(search.fixed_at_zero, search.pairs, (), {}),
        method=ProofMethod("searched", {"binaries": binaries}),
        windows=1,
        binaries=binaries,
    )


def _final_relaxation(relaxed: SolvedRelaxation, outcome: _Outcome) -> FinalRelaxation | None:
    """The last linear program with its multipliers; None where these are not known."""
    if outcome.row_dual is None:
        return None
    return FinalRelaxation(
        relaxed.program, outcome.row_dual, outcome.repair.fixed_at_zero, relaxed.strengthened
    )


def _require_proof(certificate: Certificate) -> None:
    """Raise SolverError if the optimum of a relaxation is not proven."""
    if not certificate.holds:
        raise SolverError(f"the solver's optimum is not confirmed by its certificate: {certificate}")


def _first_relaxation(
    tiled: Tiled,
    tight: TightenedProgram,
    pool: ThreadPool,
    warm_start: TiledWarmStart | None,
    coarse: Tiled | None,
) -> tuple[SolvedRelaxation, RepairWarmStart]:
    """The relaxation from a warm start that fits, else from scratch, and what the repair starts from."""
    if warm_start is not None and warm_start.fits(tiled):
        start = warm_start.repair_start(tiled)
        relaxed = solve_relaxation_from(tiled, tight, pool, warm_start.relaxation, start.fixed_at_zero)
        if relaxed is not None:
            return relaxed, start
    return solve_relaxation(tiled, tight, pool, coarse), RepairWarmStart.nothing(tiled)


# --- the exclusive pairs of merged identical units


def _pairs_of_merged_units(tiled: Tiled, paired: Tiled) -> list[ExclusivePairRows]:
    """Pairs that `paired` has in addition."""
    keys = {pair.key for pair in tiled.template.pairs}
    return [pair for pair in paired.template.pairs if pair.key not in keys]


def _obey_pairs(
    paired: Tiled, pairs: Sequence[ExclusivePairRows], relaxed: SolvedRelaxation, x: Array, where: Mask
) -> Array:
    """A point of the same cost as x that also obeys these pairs in the marked intervals.

    Without losses or costs, an optimum of the relaxation may charge and discharge at once. Raises
    IdenticalUnitsDiffer if no such point is found.
    """
    program = relaxed.program
    fixed = np.zeros(len(x), dtype=bool)
    allowed = program.objective(x) + GAP_TOLERANCE * max(1.0, abs(program.objective(x)))
    for _ in range(TIE_ROUNDS):
        members = [(paired.column_of(pair.a)[where], paired.column_of(pair.b)[where]) for pair in pairs]
        if all((np.minimum(x[a], x[b]) <= PAIR_TOLERANCE_MW).all() for a, b in members):
            return x
        for a, b in members:
            fixed[np.where(x[a] <= x[b], a, b)[np.maximum(x[a], x[b]) > PAIR_TOLERANCE_MW]] = True
        try:
            x, _ = relaxed.blocks.solve(program.upper_fixed_at_zero(fixed))
        except InfeasibleProgram:
            break
        if program.objective(x) > allowed:
            break
    raise IdenticalUnitsDiffer
