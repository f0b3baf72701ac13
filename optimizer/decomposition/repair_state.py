"""A repair's iterate, incumbent and clock, and the solutions of windows that lead to the next iterate."""

import time
from dataclasses import dataclass

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.partition.lagrangian_pricing import WindowProgram
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.proof.feasibility import tolerated_yuan
from parkdispatch.optimizer.time_budget import TimeBudget

PROOF_SHARE = 1 / 3  # of the remaining time, before a dispatch is made by rounding
HANDOVER_SHARE = 0.15  # of the remaining time, before a small program is handed over
BUSY = 4.0  # times as long as its share of the processor a proof may take on a busy machine
LEAST_HANDOVER_S = 0.5  # a day is closed in less, or sooner by a search of the whole
HANDOVER_S_PER_PAIR = 1e-3
HANDOVER_ROUNDS = 30  # that hundreds of random parks that were closed in rounds needed, at most half of it
ROUNDING_RESERVE = 1.5  # times what the last rounding took is kept for the next one
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

    def check(self, program: LinearProgram) -> None:
        """Raise SolverError if the bound exceeds the cost by more than rounding and tolerances are worth."""
        excess_yuan = self.bound_yuan - self.cost_yuan
        if excess_yuan <= BOUND_TOLERANCE * max(1.0, abs(self.cost_yuan)):
            return
        if not excess_yuan <= tolerated_yuan(program, self.x):
            raise SolverError(
                f"a dispatch of {self.cost_yuan:.2f} yuan lies below its bound of {self.bound_yuan:.2f}"
            )


class RepairClock:
    """Time and rounds of a repair: for the proof alone at first, then for rounding too, until the deadline.

    Deadlines are values of time.monotonic(). A repair that hands a small program over has less time for the
    proof, and rounds nothing. That time is the processor's, so that the same park goes the same way on a
    machine that is busy with something else, as long as that takes it no more than a few times as long.
    `budget` is that of the proof.
    """

    def __init__(self, deadline: float, pairs: int, *, hands_over: bool) -> None:
        """`pairs`: exclusive pairs times intervals."""
        now, share = time.monotonic(), HANDOVER_SHARE if hands_over else PROOF_SHARE
        most_s = proof_s = max(0.0, share * (deadline - now))
        if hands_over:
            most_s = min(proof_s, max(LEAST_HANDOVER_S, HANDOVER_S_PER_PAIR * pairs))
            proof_s = min(proof_s, BUSY * most_s)
        self.deadline = deadline
        self.budget = TimeBudget(now + proof_s, most_s=most_s if hands_over else np.inf)
        self.rounds, self.rounding_s = 0, 0.0  # so far, and what the last rounding took
        self._max_rounds = HANDOVER_ROUNDS if hands_over else np.inf

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self.deadline

    @property
    def is_late(self) -> bool:
        """Whether the time for the proof alone is over, or too many rounds."""
        is_spent = self.budget.spent_s > self.budget.most_s
        return self.rounds >= self._max_rounds or is_spent or time.monotonic() > self.budget.deadline

    @property
    def leaves_a_rounding(self) -> bool:
        """Whether another rounding would end before the deadline if it took what the last one took."""
        return time.monotonic() + self.rounding_s <= self.deadline

    def extend_proof(self) -> None:
        """Leave the remaining time to the proof, but for one more rounding if there is time for it."""
        self.budget.deadline = self.deadline - ROUNDING_RESERVE * self.rounding_s
        if self.is_late:
            self.budget.deadline = self.deadline
