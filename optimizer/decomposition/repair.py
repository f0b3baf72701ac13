"""Repair a relaxation whose optimum violates exclusive pairs, without a year-long branch and bound.

The violations lie in some hours of some days. At the multipliers of the relaxation the horizon falls apart
at its edges (`windows.py`), and a round does two things:

* Price. Each stretch with a violated pair is cut out and solved with binaries at the multipliers of the
  rest (`pricing.py`). Windows are disjoint, so what the binaries add to the cost of each adds up to a valid
  lower bound (Lagrangian decomposition).
* Agree. The windows' solutions are laid into the whole. Where that breaks a row, or leaves a priced one
  slack, they wanted different things: stretches that differ about a state between them become one window,
  and a shared decision that is disputed is settled among all who have a stake in it (`auction.py`). What
  nobody disputes is never solved twice.

When all agree, the whole is feasible and costs what the bound says: it is optimal. One linear program over
the horizon, with the windows' choice of who rests, makes it exact to the last digit, and where something
still differs brings better multipliers for another round.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.decomposition.consistency import inconsistent_columns
from parkdispatch.optimizer.decomposition.coupling import Coupling
from parkdispatch.optimizer.decomposition.subproblems import RepairState, Subproblems, WindowSolution
from parkdispatch.optimizer.decomposition.warm_start import RepairWarmStart
from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram, Mask
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.heuristics.rounding import Rounding
from parkdispatch.optimizer.highs import GAP_YUAN, InfeasibleProgram
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer
from parkdispatch.optimizer.partition.windows import Partition, Window
from parkdispatch.optimizer.presolve.exclusive_pairs import candidate_violations, violated_pairs
from parkdispatch.optimizer.proof.certificate import (
    EXACT,
    FEASIBILITY_TOLERANCE,
    Certificate,
    certify,
    primal_infeasibility,
)
from parkdispatch.optimizer.relaxation.month_blocks import MonthBlocks
from parkdispatch.optimizer.thread_pool import ThreadPool

FALSE_BOUND = 1e-7  # relative; a bound above a dispatch by more than rounding would be no proof
FIRST_PART = 1 / 3  # of the time that is left
SPARE = 1.5  # times what a rounding took is left for the next one
FINER = 0.01  # of what a window may be off, where the optimum is asked for


# shared decisions in dispute, none for a window alone, and the windows solved together
_Task = tuple[tuple[int, ...], tuple[Window, ...]]


@dataclass(frozen=True)
class RepairedSolution:
    """A point that obeys every pair, a proven lower bound, and how it came about.

    `row_dual` are the multipliers of the last linear program, in which those rest who do; none where what
    was laid together needed no such program.
    """

    x: Array
    row_dual: Array | None
    bound_yuan: float
    windows: int
    rounds: int
    binaries: int
    agreed: RepairWarmStart


class NoFeasibleDispatch(SolverError):  # noqa: N818 - time ran out, which is no fault
    """No point that obeys every pair was found in time; what it costs at least is known."""

    def __init__(self, bound_yuan: float) -> None:
        super().__init__(
            f"no dispatch that obeys every exclusive pair was found in time; it costs at least"
            f" {bound_yuan:.2f} yuan"
        )
        self.bound_yuan = bound_yuan


class Repair:
    """Works on one relaxation, its certified optimum and multipliers, until `deadline` (time.monotonic).

    `blocks` hold the relaxation, warm; `agreed` is who rests in x already, and how windows were branched on;
    `again`: this is one of several solves, for which what takes time to load is worth it. `multipliers`: the
    multipliers of the optimum are asked for; without, a dispatch that meets its bound is enough. `gap`: one
    that is proven to be so near to the optimum is enough, relative.
    """

    def __init__(
        self,
        tiled: Tiled,
        program: LinearProgram,
        pricer: LagrangianPricer,
        blocks: MonthBlocks,
        x: Array,
        row_dual: Array,
        certificate: Certificate,
        deadline: float,
        pool: ThreadPool,
        agreed: RepairWarmStart,
        again: bool,
        multipliers: bool,
        gap: float,
    ) -> None:
        self._tiled, self._program, self._x = tiled, program, x
        self._multipliers, self._gap = multipliers, gap
        self._certificate: Certificate | None = certificate
        self._blocks, self._deadline, self._pool = blocks, deadline, pool
        self._at = pricer.multipliers(row_dual)
        self._pricer = pricer
        # pairs nobody is tempted to violate stay relaxed; one that is violated after all joins later
        self._doubtful = (
            candidate_violations(tiled, program) | violated_pairs(tiled, x) | agreed.in_doubt(tiled)
        )
        self._resting = agreed.resting.copy()
        self._at_rest = agreed.resting  # in x and its multipliers
        carried = pricer.cutter.carried
        self._pieces = Partition(tiled, program, carried, x, self._at.reduced, agreed.kept(tiled.horizon))
        self._stakes = Coupling(tiled, program, pricer, self._pieces, self._at)
        # multipliers that know nothing of binaries yet bring disputes that the next ones settle
        self._early = not agreed.resting.any()
        self._sub = Subproblems(tiled, program, pricer, blocks, self._at, deadline, agreed.trees, again)
        self._rounding = Rounding(tiled, program, pricer, blocks, pool, deadline)
        # a part of the time is for the proof alone; without a dispatch by then, one is made by rounding
        self._until(time.monotonic() + FIRST_PART * (deadline - time.monotonic()))

    def run(self) -> RepairedSolution:
        """Repair in rounds. Raises InfeasibleProgram and NoDispatch."""
        first, best_x, best, bound = self._x, self._x, np.inf, -np.inf
        seen: set[tuple[object, ...]] = set()  # what has been tried once is not tried again
        rounds, took = 0, 0.0  # took: the seconds of the last rounding
        while True:
            self._pieces.activate(self._pieces.of_intervals(self._disturbed()))
            base = self._certificate or certify(self._program, self._x, self._at.dual)
            self._certificate = None
            now, priced = self._standing(), dict[_Task, WindowSolution]()
            while True:
                rounds += 1
                solutions = self._price_all(now, priced)
                if base.dual_infeasibility <= FEASIBILITY_TOLERANCE:
                    bound = max(bound, base.dual_objective_yuan + sum(one.gain for one in solutions))
                if self._late() or self._suffices(solutions, bound) or not self._reconcile(now, solutions):
                    break
            self._sub.forget()
            self._resting = self._rested(solutions)
            if not self._multipliers and self._is_optimal(laid := self._laid(solutions), bound):
                return self._repaired(laid, None, min(bound, self._program.objective(laid)), rounds)
            state = (*self._pieces.windows(), self._resting.tobytes())
            joined, late = self._join_rest(), self._late()
            found = self._x if joined and self._note_violated() else None
            if found is None and self._is_due(late, best, took):
                began = time.monotonic()
                found = self._rounded(first)
                took = time.monotonic() - began
            if found is not None and self._program.objective(found) < best:
                best_x, best = found, self._program.objective(found)
            if bound - best > FALSE_BOUND * max(1.0, abs(best)):
                raise SolverError(f"a dispatch of {best:.2f} yuan lies below its bound of {bound:.2f}")
            # of a few yuan, the gap asked for may be less than windows can be solved to
            least_yuan = GAP_YUAN * len(self._pieces.windows())
            met = np.isfinite(best) and best - bound <= max(least_yuan, self._gap * max(1.0, abs(best)))
            over = time.monotonic() >= self._deadline
            if met or (over and np.isfinite(best)):
                return self._repaired(best_x, self._at.dual, min(bound, best), rounds)
            if over:
                raise NoFeasibleDispatch(bound)
            if late:  # what is left is for the proof, and for one more rounding where there is time for it
                self._until(self._deadline - SPARE * took)
                if self._late():
                    self._until(self._deadline)
                continue
            if state in seen:
                self._widen(now, solutions)
            seen.add(state)
            self._early = False

    def _is_due(self, late: bool, best: float, took: float) -> bool:
        """Whether a dispatch is made by rounding; `took` is how long the last one was in the making [s].

        Where near enough is enough, one is made at once: what it lacks says how much is left to prove.
        """
        if np.isfinite(best):
            return late and time.monotonic() + took <= self._deadline
        return late or self._gap > EXACT

    def _repaired(self, x: Array, row_dual: Array | None, bound: float, rounds: int) -> RepairedSolution:
        windows = self._pieces.windows()
        binaries = sum(len(self._sub.binaries(self._doubtful, one)) for one in windows)
        return RepairedSolution(x, row_dual, bound, len(windows), rounds, binaries, self._agreed())

    def _is_optimal(self, x: Array, bound: float) -> bool:
        """Whether a point obeys everything and costs what the bound says."""
        cost = self._program.objective(x)
        return (
            abs(cost - bound) <= self._gap * max(1.0, abs(cost))
            and primal_infeasibility(self._program, x) <= FEASIBILITY_TOLERANCE
            and not violated_pairs(self._tiled, x).any()
        )

    def _rested(self, solutions: list[WindowSolution]) -> Mask:
        """Who rests now if those in the windows do who rest in their solutions."""
        resting = self._resting.copy()
        for one in solutions:
            for part in one.parts:
                resting[part.cut.columns] = False
            resting[one.resting] = True
        return resting

    def _suffices(self, solutions: list[WindowSolution], bound: float) -> bool:
        """Whether the choices made in the windows are good enough already, agreed or not; they are kept then.

        Where the optimum is asked for they never are while somebody disagrees.
        """
        resting = self._rested(solutions)
        if self._gap <= EXACT or np.array_equal(resting, self._at_rest):
            return False
        try:
            x, dual = self._blocks.solve(self._program.upper_at_rest(resting))
        except InfeasibleProgram:
            return False
        cost = self._program.objective(x)
        if violated_pairs(self._tiled, x).any() or cost - bound > self._gap * max(1.0, abs(cost)):
            return False
        self._x, self._at_rest = x, resting
        self._at.set(dual)
        return True

    def _laid(self, solutions: list[WindowSolution]) -> Array:
        """The present point with the windows' solutions laid into it."""
        x = self._x.copy()
        for one in solutions:
            x[one.columns] = one.x
        return x

    def _agreed(self) -> RepairWarmStart:
        """What a like park may begin with."""
        windows = self._pieces.windows()
        trees = {window: self._sub.trees[window] for window in windows if window in self._sub.trees}
        return RepairWarmStart(self._resting, self._doubtful, tuple(windows), trees)

    def _rounded(self, first: Array) -> Array | None:
        """A point that obeys every pair, made from the present one, or from the first, where fewer rest."""
        nobody = np.zeros_like(self._resting)
        starts = ((self._x, self._resting), (first, nobody))
        made = (self._rounding.round_off(x, resting, self._pieces) for x, resting in starts)
        return next((x for x in made if x is not None), None)

    def _note_violated(self) -> bool:
        """Whether no pair is violated; those that are get a binary from now on."""
        where = violated_pairs(self._tiled, self._x)
        self._doubtful |= where
        return not where.any()

    def _late(self) -> bool:
        return time.monotonic() > self._pause

    def _until(self, pause: float) -> None:
        """Work until then before anything is rounded off."""
        self._pause = pause
        self._sub.shares.deadline = pause

    def _disturbed(self) -> Index:
        """The intervals in which a pair is violated or a member has been put to rest."""
        own = self._resting[: self._tiled.shared_starts[0]].reshape(len(self._tiled.horizon), -1)
        return np.flatnonzero(violated_pairs(self._tiled, self._x).any(axis=0) | own.any(axis=1))

    def _join_rest(self) -> bool:
        """Solve the horizon with the resting members at zero; take over its optimum and multipliers."""
        if np.array_equal(self._resting, self._at_rest):
            return True  # it is solved
        try:
            self._x, dual = self._blocks.solve(self._program.upper_at_rest(self._resting))
        except InfeasibleProgram:
            return False
        self._at_rest = self._resting.copy()
        self._at.set(dual)
        return True

    def _standing(self) -> RepairState:
        """Where the repair stands at the beginning of a round."""
        scale = max(1.0, abs(self._program.objective(self._x)))
        broken = np.asarray(violated_pairs(self._tiled, self._x).any(axis=0))
        allowed = self._gap * scale / (1 + len(self._pieces.windows()))
        near = (FINER if self._gap <= EXACT else 1.0) * allowed
        return RepairState(self._x, self._resting.copy(), broken, self._doubtful, frozenset(), allowed, near)

    def _price_all(self, now: RepairState, priced: dict[_Task, WindowSolution]) -> list[WindowSolution]:
        """Solve every window, those that dispute a shared decision together.

        `priced` is what was solved from this standing already; it is not solved again.
        """
        self._stakes.claim([])
        windows = self._pieces.windows()
        window_of = {piece: window for window in windows for piece in self._pieces.within(window)}
        now = replace(now, disputed=self._stakes.columns)
        tasks: dict[_Task, Callable[[], WindowSolution]] = {}
        together: set[Window] = set()
        for shared, pieces in self._stakes.disputes():
            bidding = {window_of[piece] for piece in pieces if piece in window_of}
            others = self._pieces.window(sorted(piece for piece in pieces if piece not in window_of))
            if len(bidding) == 1 and not others.stretches:
                continue  # nobody is left to dispute with
            together |= bidding
            bidders = tuple(sorted(bidding, key=lambda window: window.stretches))
            settle = partial(self._sub.settle, now, shared, bidders, others)
            tasks[(tuple(shared.tolist()), (*bidders, others))] = settle
        for window in windows:
            if window not in together:
                tasks[((), (window,))] = partial(self._sub.price, now, window)
        new = [task for task in tasks if task not in priced]
        pairs = sum(int(self._doubtful[:, window.intervals].sum()) for window in windows)
        self._sub.begin_round(pairs, len(new))
        priced.update(zip(new, self._pool.map(lambda task: tasks[task](), new), strict=True))
        return [priced[task] for task in tasks]

    def _reconcile(self, now: RepairState, solutions: list[WindowSolution]) -> bool:
        """Lay the solutions into the whole and tie what differs. Whether there is more to solve."""
        ties = inconsistent_columns(
            self._program, self._at.dual, solutions, self._laid(solutions), now.allowed
        )
        first = self._tiled.shared_starts[0]
        tied = self._pieces.merge_segments_of_columns([tie for tie in ties if tie.max() < first])
        claimed = not self._early and self._stakes.claim([tie for tie in ties if tie.max() >= first])
        return tied or claimed

    def _widen(self, now: RepairState, solutions: list[WindowSolution]) -> None:
        """Tie each window in which the present point is dearer than its own solution to what is around it."""
        laid = self._laid(solutions)
        windows = [
            window
            for one in solutions
            for window, part in zip(one.windows, one.parts, strict=True)
            if (part.program.cost * (self._x - laid)[part.cut.every]).sum() > now.allowed
        ]
        self._pieces.tie_pieces(
            [self._pieces.with_neighbours(window) for window in windows or self._pieces.windows()]
        )
