"""The relaxed problem that is repaired or rounded: its program, its structure and what solves it."""

from dataclasses import dataclass

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer
from parkdispatch.optimizer.proof.feasibility import obeys_all
from parkdispatch.optimizer.relaxation.month_blocks import MonthBlocks
from parkdispatch.optimizer.thread_pool import ThreadPool


@dataclass(frozen=True)
class RelaxedProblem:
    """A tiled program without its exclusive pairs, and the means to solve it or parts of it until a deadline.

    `program` is the tightened relaxation with its valid inequalities; `tiled` has the pairs and the horizon.
    `pricer` makes subproblems of windows. `blocks` solve the whole relaxation from their last bases.
    `deadline` is a value of time.monotonic().
    """

    tiled: Tiled
    program: LinearProgram
    pricer: LagrangianPricer
    blocks: MonthBlocks
    pool: ThreadPool
    deadline: float

    def obeys_all(self, x: Array) -> bool:
        """Return whether a point, (columns,), meets every row, bound and exclusive pair; NaN never does."""
        return obeys_all(self.tiled, self.program, x)
