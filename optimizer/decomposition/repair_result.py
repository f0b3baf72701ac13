"""What is asked of a repair, and how it ends: with a solution, without one in time, or handed over."""

from dataclasses import dataclass

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.decomposition.repair_state import Incumbent
from parkdispatch.optimizer.decomposition.warm_start import RepairWarmStart


@dataclass(frozen=True)
class RepairOptions:
    """What is asked of a repair.

    `is_repeated`: this is one of several solves, so that loading compiled code pays. `needs_dual`: the
    multipliers of the optimum are asked for; otherwise a merged point that meets the bound ends the repair.
    `gap`: a dispatch proven to be so near to the optimum is enough, relative. `hands_over`: what some
    rounds or a share of the time do not close is left to another method, with the best point if there is
    one, and at once where nearly every interval violates a pair.
    """

    is_repeated: bool
    needs_dual: bool
    gap: float
    hands_over: bool = False


@dataclass(frozen=True)
class RepairedSolution:
    """A point that obeys every pair, (columns,), a proven lower bound, and how they were found.

    `row_dual` are the multipliers, (rows,), of the last linear program, in which the warm start's members are
    fixed at zero; None where the merged point needed no linear program.
    """

    x: Array
    row_dual: Array | None
    bound_yuan: float
    windows: int
    rounds: int
    binaries: int
    warm_start: RepairWarmStart


class NoFeasibleDispatch(SolverError):  # noqa: N818 - time ran out, which is no fault
    """No point that obeys every pair was found in time; `bound_yuan` is a lower bound on its cost."""

    def __init__(self, bound_yuan: float) -> None:
        bound = f"; if there is one, it costs at least {bound_yuan:.2f} yuan" if bound_yuan > -np.inf else ""
        super().__init__(
            "the time limit is too short: no dispatch was found, nor a proof that there is none" + bound
        )
        self.bound_yuan = bound_yuan


class RepairHandedOver(Exception):  # noqa: N818 - a finding, not a fault
    """The rounds did not close the gap; `incumbent` has the best bound, and a point if there is one."""

    def __init__(self, incumbent: Incumbent) -> None:
        super().__init__()
        self.incumbent = incumbent
