"""What is asked of a repair, and how it ends: with a solution, or handed over."""

from dataclasses import dataclass

from parkdispatch.models.device import Array
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


class RepairHandedOver(Exception):  # noqa: N818 - a finding, not a fault
    """The rounds did not close the gap; `incumbent` has the best bound, and a point if there is one."""

    def __init__(self, incumbent: Incumbent) -> None:
        super().__init__()
        self.incumbent = incumbent
