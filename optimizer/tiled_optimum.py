"""The optimum of one tiled program: tighten, relax, certify, repair; from scratch or where another ended."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.decomposition.repair import Repair, RepairOptions
from parkdispatch.optimizer.decomposition.warm_start import RepairWarmStart
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.template import ExclusivePairRows
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.heuristics.relaxed_problem import RelaxedProblem
from parkdispatch.optimizer.highs import InfeasibleProgram, UnboundedProgram
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer, SubprogramCache
from parkdispatch.optimizer.partition.windows import Partition
from parkdispatch.optimizer.presolve.exclusive_pairs import (
    PAIR_TOLERANCE_MW,
    TightenedProgram,
    candidate_violations,
    open_pairs,
    tighten,
    violated_pairs,
)
from parkdispatch.optimizer.presolve.valid_inequalities import with_valid_inequalities
from parkdispatch.optimizer.proof.certificate import EXACT, GAP_TOLERANCE, Certificate, ProofMethod, certify
from parkdispatch.optimizer.relaxation.coarse_start import CoarseSolution
from parkdispatch.optimizer.relaxation.month_blocks import BlocksWarmStart, MonthBlocks
from parkdispatch.optimizer.thread_pool import ThreadPool

DIRECTIONS = 10  # rounds of choosing who rests among ties
NEAR = 0.12  # relative; a size that differs by less is a neighbour
CHORD_ROUNDS = 3  # a violated pair that was not tempting by its own costs gets its chord afterwards
Progress = Callable[[str], None]


@dataclass(frozen=True)
class TiledWarmStart:
    """Where a solve ended, for one of a like program to begin at: same columns and rows, other numbers."""

    left: BlocksWarmStart
    chorded: Mask  # (pairs, intervals) that had chords, in this order after the program's other rows
    agreed: RepairWarmStart
    cuts: SubprogramCache
    given: Array  # series in rows and bounds, (series, intervals)
    sizes: Array  # largest upper bound of each column of an interval, (template columns,)
    pairs: tuple[tuple[int, int], ...]  # columns of an interval that exclude one another

    def fits(self, tiled: Tiled) -> bool:
        """Whether that program has the same columns, rows and pairs."""
        if self.pairs != _pairs(tiled):  # a tree of other pairs would prove what is not so
            return False
        sizes = (tiled.program.matrix.shape[1], len(tiled.template.pairs), len(tiled.horizon))
        rows = self.left.rows_without(self.chorded)
        return sizes == (len(self.left.beyond), *self.chorded.shape) and rows == tiled.program.matrix.shape[0]

    def agreed_for(self, tiled: Tiled) -> RepairWarmStart:
        """What to begin a repair with: with another load or sun, who rests and how windows were branched on.

        With a battery of quite another size other members rest, and to begin with these takes longer.
        """
        new = _sizes(tiled)
        near = np.abs(new - self.sizes) <= NEAR * np.maximum(np.abs(new), np.abs(self.sizes))
        if np.array_equal(self.given, tiled.constraint_series) and not near[np.isfinite(new)].all():
            return replace(RepairWarmStart.nothing(tiled), trees=self.agreed.trees)
        return self.agreed


def _pairs(tiled: Tiled) -> tuple[tuple[int, int], ...]:
    return tuple((pair.a, pair.b) for pair in tiled.template.pairs)


def _sizes(tiled: Tiled) -> Array:
    """Largest upper bound of each column of an interval over the horizon, (template columns,)."""
    own = tiled.program.upper[: tiled.shared_starts[0]]
    return np.asarray(own.reshape(len(tiled.horizon), -1).max(axis=0))


@dataclass(frozen=True)
class FinalRelaxation:
    """The last linear program of a solve, who may work in it, and its multipliers."""

    program: LinearProgram
    row_dual: Array
    fixed_at_zero: Mask  # (columns,) members at zero
    chorded: Mask  # (pairs, intervals) with a chord, in this order after the other rows


@dataclass(frozen=True)
class TiledOptimum:
    """The optimum of one tiled program."""

    x: Array
    cost_yuan: float
    priced: FinalRelaxation | None  # none where multipliers were not asked for, and not come by
    bound: float
    how: ProofMethod
    settled: int
    violated: int
    binaries: int
    windows: int
    dual_infeasibility: float
    built: float
    trail: TiledWarmStart


class IdenticalUnitsDiffer(Exception):  # noqa: N818 - a finding, not a fault
    """The optimum of the merged park breaks the pairs its twins have, at a price."""


@dataclass(frozen=True)
class _Relaxed:
    """The linear program's optimum with some members at rest, and what it was solved with."""

    program: LinearProgram
    chorded: Mask
    pricer: LagrangianPricer
    blocks: MonthBlocks
    x: Array
    dual: Array


def find_optimum(
    tiled: Tiled,
    paired: Tiled,
    deadline: float,
    pool: ThreadPool,
    progress: Progress,
    trail: TiledWarmStart | None = None,
    tight: TightenedProgram | None = None,
    multipliers: bool = True,
    coarse: Tiled | None = None,
    gap: float = EXACT,
) -> TiledOptimum:
    """Tighten, relax, certify, repair. `paired` is `tiled` with the pairs of merged twins.

    `tight` is the tightened program, where it has been made already, perhaps less tightly than could be.
    With a `trail` that fits, the members that rested where it ended rest at once, and the rest is shown to
    be no better without a linear program in which none does. `multipliers`: those of the optimum are asked
    for, which takes a linear program more. `coarse` is the same park in longer intervals, to be looked at
    first. A dispatch proven to be within `gap` of the optimum, relative, is enough. Raises TwinsApart,
    InfeasibleProgram and UnboundedProgram.
    """
    tight = tighten(tiled) if tight is None else tight
    settled = int((~open_pairs(tiled, tight.program)).sum())
    built = time.perf_counter()
    progress("solving the relaxation")
    relaxed, agreed, again = None, RepairWarmStart.nothing(tiled), trail is not None
    if trail is not None and trail.fits(tiled):
        agreed = trail.agreed_for(tiled)
        relaxed = _resume(tiled, tight, pool, trail, agreed)
    if relaxed is None:
        relaxed, agreed = _relax(tiled, tight, pool, coarse), RepairWarmStart.nothing(tiled)
    program, blocks, x, dual = relaxed.program, relaxed.blocks, relaxed.x, relaxed.dual
    found = violated_pairs(tiled, x)
    certificate = certify(program, x, dual)
    if not agreed.fixed_at_zero.any():
        _insist(certificate)
    # where twins must be apart, that is known before anything is repaired, but for what that may settle
    alone = {pair.key for pair in tiled.template.pairs}
    twins = [pair for pair in paired.template.pairs if pair.key not in alone]
    _obeying(paired, twins, program, blocks, x, np.asarray(~found.any(axis=0)))
    bound, windows, binaries = certificate.dual_objective_yuan, 0, 0
    at: Array | None = dual
    how = ProofMethod("relaxation", {})
    doubted = int((found | agreed.pairs_with_fixed_member(tiled)).sum())
    if found.any() or not certificate.holds:
        progress(f"repairing {doubted} exclusive pairs")
        repair = Repair(
            RelaxedProblem(tiled, program, relaxed.pricer, blocks, pool, deadline),
            x,
            dual,
            certificate,
            agreed,
            RepairOptions(is_repeated=again, needs_dual=multipliers or not again, gap=gap),
        )
        repaired = repair.run()
        x, at = repaired.x, repaired.row_dual
        bound, agreed = repaired.bound_yuan, repaired.warm_start
        windows, binaries = repaired.windows, repaired.binaries
        how = ProofMethod("repaired", {"windows": windows, "binaries": binaries, "rounds": repaired.rounds})
    everywhere = np.ones(len(tiled.horizon), dtype=bool)
    x = _obeying(paired, paired.template.pairs, program, blocks, x, everywhere) if twins else x
    return TiledOptimum(
        x=x,
        cost_yuan=program.objective(x),
        priced=None if at is None else FinalRelaxation(program, at, agreed.fixed_at_zero, relaxed.chorded),
        bound=bound,
        how=how,
        settled=settled,
        violated=doubted,
        binaries=binaries,
        windows=windows,
        dual_infeasibility=certificate.dual_infeasibility,
        built=built,
        trail=TiledWarmStart(
            blocks.left,
            relaxed.chorded,
            agreed,
            relaxed.pricer.cuts,
            tiled.constraint_series,
            _sizes(tiled),
            _pairs(tiled),
        ),
    )


def _insist(certificate: Certificate) -> None:
    """Raise SolverError if a relaxation's optimum is not proven."""
    if not certificate.holds:
        raise SolverError(f"the solver's optimum does not stand up to its certificate: {certificate}")


def _relax(tiled: Tiled, tight: TightenedProgram, pool: ThreadPool, coarse: Tiled | None = None) -> _Relaxed:
    """The relaxation from scratch, with a chord where both members of a pair would pay."""
    preview = _foresee(coarse, tiled, pool) if coarse is not None else None
    chorded, left = candidate_violations(tiled, tight.program), None
    for turn in range(CHORD_ROUNDS):
        program = with_valid_inequalities(tiled, tight, chorded)
        pricer = LagrangianPricer(tiled, program)
        blocks = MonthBlocks(tiled, program, pricer, pool, left, preview)
        x, dual = blocks.solve()
        more = violated_pairs(tiled, x) & ~chorded
        if not more.any() or turn == CHORD_ROUNDS - 1:
            break
        left, chorded = blocks.left.with_chords(chorded, chorded | more), chorded | more
    return _Relaxed(program, chorded, pricer, blocks, x, dual)


def _foresee(coarse: Tiled, tiled: Tiled, pool: ThreadPool) -> CoarseSolution | None:
    """What the relaxation in longer intervals says; none where it has no optimum."""
    try:
        relaxed = _relax(coarse, tighten(coarse), pool)
    except (InfeasibleProgram, UnboundedProgram):
        return None
    at = relaxed.pricer.multipliers(relaxed.dual)
    pieces = Partition(coarse, relaxed.program, relaxed.pricer.extractor.carried, relaxed.x, at.reduced)
    return CoarseSolution.of(coarse, relaxed.x, pieces.break_points, tiled)


def _resume(
    tiled: Tiled, tight: TightenedProgram, pool: ThreadPool, trail: TiledWarmStart, agreed: RepairWarmStart
) -> _Relaxed | None:
    """The linear program with those at rest who rested before; none where that is impossible."""
    chorded = candidate_violations(tiled, tight.program) | (trail.chorded & open_pairs(tiled, tight.program))
    program = with_valid_inequalities(tiled, tight, chorded)
    pricer = LagrangianPricer(tiled, program, trail.cuts)
    blocks = MonthBlocks(tiled, program, pricer, pool, trail.left.with_chords(trail.chorded, chorded))
    try:
        x, dual = blocks.solve(program.upper_fixed_at_zero(agreed.fixed_at_zero))
    except InfeasibleProgram:
        return None
    return _Relaxed(program, chorded, pricer, blocks, x, dual)


def _obeying(
    paired: Tiled,
    pairs: Sequence[ExclusivePairRows],
    program: LinearProgram,
    blocks: MonthBlocks,
    x: Array,
    where: Mask,
) -> Array:
    """A point as good as x that obeys these pairs too in some intervals; raises TwinsApart without one.

    Without losses or prices against it, a linear program charges and discharges at once for nothing.
    """
    fixed_at_zero = np.zeros(len(x), dtype=bool)
    allowed = program.objective(x) + GAP_TOLERANCE * max(1.0, abs(program.objective(x)))
    for _ in range(DIRECTIONS):
        used = [(paired.column_of(pair.a)[where], paired.column_of(pair.b)[where]) for pair in pairs]
        if all((np.minimum(x[a], x[b]) <= PAIR_TOLERANCE_MW).all() for a, b in used):
            return x
        for a, b in used:
            fixed_at_zero[np.where(x[a] <= x[b], a, b)[np.maximum(x[a], x[b]) > PAIR_TOLERANCE_MW]] = True
        try:
            x, _ = blocks.solve(program.upper_fixed_at_zero(fixed_at_zero))
        except InfeasibleProgram:
            break
        if program.objective(x) > allowed:
            break
    raise IdenticalUnitsDiffer
