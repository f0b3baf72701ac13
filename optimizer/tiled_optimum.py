"""How a tiled program is solved, and what comes out: its optimum with the bound, or none in time."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import InfeasibleProgram
from parkdispatch.optimizer.proof.certificate import EXACT, ProofMethod
from parkdispatch.optimizer.thread_pool import ThreadPool

if TYPE_CHECKING:  # the windows' machinery, which other parks do without
    from parkdispatch.optimizer.tiled_warm_start import TiledWarmStart

IN_RELAXATION = ProofMethod("relaxation", {})
Progress = Callable[[str], None]


def _no_progress(_: str) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class SolveSettings:
    """How programs are solved.

    Work ends at `deadline` (time.monotonic). A dispatch proven to be within the relative `gap` of the optimum
    is accepted. `multipliers`: those of the optimum are needed, which may take one more linear program.
    """

    pool: ThreadPool
    deadline: float = np.inf
    gap: float = EXACT
    multipliers: bool = True
    progress: Progress = field(default=_no_progress)


@dataclass(frozen=True)
class FinalRelaxation:
    """The last linear program of a solve, the columns fixed at zero in it, and its multipliers."""

    program: LinearProgram
    row_dual: Array
    fixed_at_zero: Mask  # (columns,) members of pairs
    strengthened: Mask  # (pairs, intervals) with valid inequalities, whose rows follow all others


@dataclass(frozen=True)
class TiledOptimum:
    """The optimum of one tiled program."""

    x: Array
    cost_yuan: float
    final_relaxation: FinalRelaxation | None  # None where multipliers were neither asked for nor at hand
    bound: float
    method: ProofMethod
    settled: int  # pairs decided by bound tightening, one per interval
    violated: int  # pairs violated by the relaxation, or with a member fixed at zero from the start
    binaries: int
    windows: int
    dual_infeasibility: float
    built: float  # time.perf_counter() when the program was ready to be solved
    warm_start: "TiledWarmStart | None"  # None where there was no time for the relaxation

    def in_yuan(self, money_unit_yuan: float) -> "TiledOptimum":
        """The same with its money in yuan, where the program's costs are in units of `money_unit_yuan`."""
        if money_unit_yuan == 1:
            return self
        relaxation = self.final_relaxation
        if relaxation is not None:
            program = relaxation.program.in_unit_of(1.0 / money_unit_yuan)
            relaxation = replace(relaxation, program=program, row_dual=relaxation.row_dual * money_unit_yuan)
        return replace(
            self,
            cost_yuan=self.cost_yuan * money_unit_yuan,
            bound=self.bound * money_unit_yuan,
            final_relaxation=relaxation,
            dual_infeasibility=self.dual_infeasibility * money_unit_yuan,
        )


class TotalOutOfReach(InfeasibleProgram):
    """No dispatch keeps a total; `missing` is by how much it falls short at least, below zero beyond it."""

    def __init__(self, row: int, missing: float) -> None:
        super().__init__()
        self.row, self.missing = row, missing


class NoFeasibleDispatch(SolverError):  # noqa: N818 - time ran out, which is no fault
    """No point that obeys every pair was found in time; `bound_yuan` is a lower bound on its cost."""

    def __init__(self, bound_yuan: float) -> None:
        bound = f"; if there is one, it costs at least {bound_yuan:.2f} yuan" if bound_yuan > -np.inf else ""
        super().__init__(
            "the time limit is too short: no dispatch was found, nor a proof that there is none" + bound
        )
        self.bound_yuan = bound_yuan
