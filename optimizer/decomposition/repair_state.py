"""The iterate of a repair, its incumbent, and the solutions of windows that lead to the next iterate."""

from dataclasses import dataclass

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.partition.lagrangian_pricing import WindowProgram
from parkdispatch.optimizer.partition.windows import Window

BOUND_TOLERANCE = 1e-7  # relative; a bound that is above a feasible cost by more is no bound


@dataclass(frozen=True)
class RepairState:
    """The iterate of the repair at the beginning of a round.

    `x`: the present point, (columns,). `fixed_at_zero`: members fixed there, (columns,). `is_violated`:
    intervals with a violated pair, (intervals,). `candidates`: pairs that get a binary, (pairs, intervals).
    `coupled`: the inconsistent shared decisions, as columns. `tolerance_yuan`: by how much a window's cost
    may exceed its bound. `search_tolerance_yuan`: the tolerance of trees and Benders decompositions.
    """

    x: Array
    fixed_at_zero: Mask
    is_violated: Mask
    candidates: Mask
    coupled: frozenset[int]
    tolerance_yuan: float
    search_tolerance_yuan: float


@dataclass(frozen=True)
class WindowSolution:
    """The solution of one window or several coupled ones, in columns of the full problem.

    `copies`: by subproblem, its values of shared decisions it has copies of. `fixed_at_zero`: the columns of
    the pairs' members that are zero. `gain_yuan`: by how much the binaries raise the Lagrangian bound.
    """

    windows: tuple[Window, ...]
    subproblems: tuple[WindowProgram, ...]
    columns: Index
    x: Array
    copies: tuple[Array, ...]
    fixed_at_zero: Index
    gain_yuan: float


@dataclass
class Incumbent:
    """The best point that obeys every pair, its cost (infinity before there is one), and the best bound."""

    x: Array
    cost_yuan: float = np.inf
    bound_yuan: float = -np.inf

    @property
    def exists(self) -> bool:
        """Whether a point has been found."""
        return bool(np.isfinite(self.cost_yuan))

    def offer(self, x: Array, cost_yuan: float) -> None:
        """Take over a point that obeys every pair, if it is better."""
        if cost_yuan < self.cost_yuan:
            self.x, self.cost_yuan = x, cost_yuan

    def check(self) -> None:
        """Raise SolverError if the bound exceeds the cost by more than rounding."""
        if self.bound_yuan - self.cost_yuan > BOUND_TOLERANCE * max(1.0, abs(self.cost_yuan)):
            raise SolverError(
                f"a dispatch of {self.cost_yuan:.2f} yuan lies below its bound of {self.bound_yuan:.2f}"
            )
