"""The relaxation with valid inequalities: rounds of cuts from scratch, or one solve from a warm start."""

from dataclasses import dataclass

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, UnboundedProgram
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer, SubprogramCache
from parkdispatch.optimizer.partition.windows import Partition
from parkdispatch.optimizer.presolve.exclusive_pairs import (
    TightenedProgram,
    candidate_violations,
    open_pairs,
    tighten,
    violated_pairs,
)
from parkdispatch.optimizer.presolve.valid_inequalities import moved_rows, with_valid_inequalities
from parkdispatch.optimizer.relaxation.coarse_start import CoarseSolution
from parkdispatch.optimizer.relaxation.month_blocks import BlocksWarmStart, MonthBlocks
from parkdispatch.optimizer.thread_pool import ThreadPool

CUT_ROUNDS = 3  # violated pairs that were no candidates get their valid inequalities afterwards


@dataclass(frozen=True)
class RelaxationWarmStart:
    """Final state of a relaxation, from which one with the same columns and rows starts."""

    blocks: BlocksWarmStart
    strengthened: Mask  # (pairs, intervals) with valid inequalities, whose rows follow all others
    subprograms: SubprogramCache

    def fits(self, tiled: Tiled) -> bool:
        """Whether that program has as many columns, rows, pairs and intervals."""
        rows, columns = tiled.program.matrix.shape
        shape = (columns, len(tiled.template.pairs), len(tiled.horizon))
        return (
            shape == (len(self.blocks.distance), *self.strengthened.shape)
            and self.blocks.row_count_without(self.strengthened) == rows
        )


@dataclass(frozen=True)
class SolvedRelaxation:
    """An optimum of the relaxation with its multipliers, and what it was solved with.

    `strengthened`, (pairs, intervals), marks the pairs with valid inequalities.
    """

    program: LinearProgram
    strengthened: Mask
    pricer: LagrangianPricer
    blocks: MonthBlocks
    x: Array
    dual: Array

    @property
    def warm_start(self) -> RelaxationWarmStart:
        """What the relaxation of a park with the same structure may start from."""
        return RelaxationWarmStart(self.blocks.warm_start, self.strengthened, self.pricer.subprograms)


def solve_relaxation(
    tiled: Tiled, tight: TightenedProgram, pool: ThreadPool, coarse: Tiled | None = None
) -> SolvedRelaxation:
    """Solve from scratch, with valid inequalities where using both members of a pair is profitable.

    `coarse` is the same park in longer intervals, for a coarse start. Raises InfeasibleProgram and
    UnboundedProgram.
    """
    coarse_solution = _coarse_solution(coarse, tiled, pool) if coarse is not None else None
    strengthened, warm_start = candidate_violations(tiled, tight.program), None
    for cut_round in range(CUT_ROUNDS):
        program = with_valid_inequalities(tiled, tight, strengthened)
        pricer = LagrangianPricer(tiled, program)
        blocks = MonthBlocks(tiled, program, pricer, pool, warm_start, coarse_solution)
        x, dual = blocks.solve()
        more = violated_pairs(tiled, x) & ~strengthened
        if not more.any() or cut_round == CUT_ROUNDS - 1:
            break
        warm_start = blocks.warm_start.with_inequalities(strengthened, strengthened | more)
        strengthened = strengthened | more
    return SolvedRelaxation(program, strengthened, pricer, blocks, x, dual)


def _coarse_solution(coarse: Tiled, tiled: Tiled, pool: ThreadPool) -> CoarseSolution | None:
    """The optimum of the relaxation in longer intervals; None where it has none."""
    try:
        relaxed = solve_relaxation(coarse, tighten(coarse), pool)
    except (InfeasibleProgram, UnboundedProgram):
        return None
    reduced = relaxed.pricer.multipliers(relaxed.dual).reduced
    partition = Partition(coarse, relaxed.program, relaxed.pricer.extractor.carried, relaxed.x, reduced)
    return CoarseSolution.of(coarse, relaxed.x, partition.break_points, tiled)


def solve_relaxation_from(
    tiled: Tiled, tight: TightenedProgram, pool: ThreadPool, warm_start: RelaxationWarmStart, fixed: Mask
) -> SolvedRelaxation | None:
    """Solve from a warm start, with the marked columns fixed at zero; None where that is infeasible."""
    candidates = candidate_violations(tiled, tight.program)
    strengthened = candidates | (warm_start.strengthened & open_pairs(tiled, tight.program))
    program = with_valid_inequalities(tiled, tight, strengthened)
    row_of = moved_rows(len(tiled.program.row_lower), warm_start.strengthened, strengthened)
    pricer = LagrangianPricer(tiled, program, warm_start.subprograms, row_of)
    blocks_start = warm_start.blocks.with_inequalities(warm_start.strengthened, strengthened)
    blocks = MonthBlocks(tiled, program, pricer, pool, blocks_start)
    try:
        x, dual = blocks.solve(program.upper_fixed_at_zero(fixed))
    except InfeasibleProgram:
        return None
    return SolvedRelaxation(program, strengthened, pricer, blocks, x, dual)
