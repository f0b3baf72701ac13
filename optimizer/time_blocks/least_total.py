"""How little of a total blocks can do with: a point that keeps it, or the proof that there is none.

Asked where the relaxation has found no point that keeps a total, such as a cap on CO2 close to what the park
emits at least, or below it.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import OutOfTime
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE
from parkdispatch.optimizer.tiled_optimum import SolveSettings, TotalOutOfReach
from parkdispatch.optimizer.time_blocks.cut_loop import CutLoop, LinkedPoint

CLOSE = 1e-4  # relative gap of the least that is told
GAPS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)  # relative, of the least that is found, one after the other


def point_of_least_total(
    tiled: Tiled,
    program: LinearProgram,
    firsts: Sequence[int],
    settings: SolveSettings,
    row: int,
    others: Index,
) -> LinkedPoint | None:
    """A point of the relaxation that keeps the total in a `row` of the program; None where time is short.

    `others` are rows of totals that it may break. Raises TotalOutOfReach where there is no such point, which
    says by how much the total is missed at least.
    """
    sign = 1.0 if np.isfinite(program.row_upper[row]) else -1.0
    limit = sign * (program.row_upper[row] if sign > 0 else program.row_lower[row])
    loop = CutLoop(tiled, _without(program, row, sign, others), firsts, settings.pool, settings.deadline)
    around: Array | None = None
    with suppress(OutOfTime):
        for gap in GAPS:
            around = loop.run(gap, around).values
            if loop.best is not None and loop.best.cost_yuan <= limit:
                return replace(loop.best, cost_yuan=program.objective(loop.best.x))
            if loop.bound_yuan > limit and gap <= CLOSE:
                break
    if loop.bound_yuan > limit + FEASIBILITY_TOLERANCE:
        raise TotalOutOfReach(row, sign * (limit - loop.bound_yuan))
    return None


def _without(program: LinearProgram, row: int, sign: float, others: Index) -> LinearProgram:
    """The program with a total as its cost, and without the limits of totals."""
    cost = np.zeros(len(program.cost))
    entries = program.matrix[[row]].tocoo()
    cost[entries.col] = sign * entries.data
    lower, upper = program.row_lower.copy(), program.row_upper.copy()
    lower[[row, *others]], upper[[row, *others]] = -np.inf, np.inf
    return replace(program, cost=cost, offset=0.0, row_lower=lower, row_upper=upper)
