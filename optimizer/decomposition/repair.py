"""Repair of a relaxation whose optimum violates exclusive pairs, by Lagrangian decomposition of the horizon.

The violations lie in some hours of some days. At the multipliers of the relaxation the horizon is partitioned
at its break points (`windows`); each window with violations is a subproblem with binaries. The method:

    repeat
        repeat
            solve every window with binaries at the present multipliers          (`subproblems`)
            lower bound = dual objective of the relaxation + what the binaries add in each window
            merge windows that disagree about states                              (`consistency`)
            solve windows that disagree about shared decisions by Benders cuts    (`coupling`, `benders`)
        until the windows are consistent
        fix the zero members of the windows' pairs; solve the linear program of the horizon
        if its optimum obeys every pair, it is a candidate for the incumbent; if late, round it (`rounding`)
    until the incumbent meets the lower bound

Windows are disjoint, so what the binaries add to the cost of each adds up to a valid bound. If all windows
are consistent, their merged point is feasible and costs what the bound says: it is optimal. The linear
program of the horizon makes it exact to the last digit, and brings new multipliers where something is still
inconsistent.
"""

import time

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.branch_and_bound.compiled_search import compile_tree_search
from parkdispatch.optimizer.decomposition.consistency import merged_point
from parkdispatch.optimizer.decomposition.repair_result import (
    RepairedSolution,
    RepairHandedOver,
    RepairOptions,
)
from parkdispatch.optimizer.decomposition.repair_state import (
    Incumbent,
    RepairClock,
    RepairState,
    WindowSolution,
)
from parkdispatch.optimizer.decomposition.subproblems import WindowSolver
from parkdispatch.optimizer.decomposition.warm_start import RepairWarmStart
from parkdispatch.optimizer.decomposition.window_rounds import Task, WindowRounds
from parkdispatch.optimizer.heuristics.relaxed_problem import RelaxedProblem
from parkdispatch.optimizer.heuristics.resting_dispatch import resting_dispatch
from parkdispatch.optimizer.heuristics.rounding import Rounding
from parkdispatch.optimizer.highs import GAP_YUAN, InfeasibleProgram, OutOfTime
from parkdispatch.optimizer.partition.windows import Partition, intervals_of
from parkdispatch.optimizer.presolve.exclusive_pairs import candidate_violations, violated_pairs
from parkdispatch.optimizer.proof.certificate import (
    EXACT,
    FEASIBILITY_TOLERANCE,
    Certificate,
    certify,
)
from parkdispatch.optimizer.tiled_optimum import NoFeasibleDispatch

DENSE_SHARE = 0.25  # of the intervals: where so many violate a pair, windows fill the horizon
SEARCH_SHARE = 0.01  # of a window's tolerance, for its search, where the optimum is asked for


class Repair:
    """The repair of one relaxed problem from its certified optimum `x` and multipliers `row_dual`.

    The warm start's members are fixed at zero in that optimum.
    """

    def __init__(
        self,
        problem: RelaxedProblem,
        x: Array,
        row_dual: Array,
        certificate: Certificate,
        warm_start: RepairWarmStart,
        options: RepairOptions,
    ) -> None:
        tiled, program, pricer = problem.tiled, problem.program, problem.pricer
        self._problem = problem
        self._tiled, self._program, self._blocks = tiled, program, problem.blocks
        self._options = options
        self._x, self._relaxed_x = x, x
        self._certificate: Certificate | None = certificate
        self._multipliers = pricer.multipliers(row_dual)
        # other pairs stay relaxed until they are violated
        self._candidates = (
            candidate_violations(tiled, program)
            | violated_pairs(tiled, x)
            | warm_start.pairs_with_fixed_member(tiled)
        )
        # members fixed at zero by the windows' solutions, and those fixed in the present point and duals
        self._fixed, self._fixed_in_x = warm_start.fixed_at_zero.copy(), warm_start.fixed_at_zero
        self._partition = Partition(
            tiled,
            program,
            pricer.extractor.carried,
            x,
            self._multipliers.reduced,
            warm_start.short_windows(tiled.horizon),
        )
        self._solver = WindowSolver(problem, self._multipliers, warm_start.trees, options.is_repeated)
        self._window_rounds = WindowRounds(problem, self._multipliers, self._partition, self._solver)
        # without any member fixed, the multipliers ignore the binaries: most shared decisions that are
        # inconsistent now are consistent at the next multipliers
        self._couples = bool(warm_start.fixed_at_zero.any())
        self._incumbent = Incumbent(x)
        pairs = len(tiled.template.pairs) * len(tiled.horizon)
        if options.is_repeated:
            compile_tree_search()
        self._clock = RepairClock(problem.deadline, pairs, hands_over=options.hands_over)
        self._solver.budget = self._clock.budget
        self._rounding = Rounding(problem)

    def run(self) -> RepairedSolution:
        """Repair in rounds. Raises InfeasibleProgram, NoFeasibleDispatch and RepairHandedOver."""
        incumbent = self._incumbent
        visited: set[tuple[object, ...]] = set()  # windows and fixed members of earlier iterations
        if self._options.hands_over and self._is_dense():
            self._raise_bound(self._relaxation(), 0.0)
            raise RepairHandedOver(incumbent)
        while True:
            state, solutions = self._solve_until_consistent()
            self._fixed = self._fixed_by(solutions)
            if not self._options.needs_dual:
                merged = merged_point(self._x, solutions)
                if self._is_optimal(merged):
                    bound_yuan = min(incumbent.bound_yuan, self._program.objective(merged))
                    return self._repaired(merged, None, bound_yuan)
            position = (*self._partition.windows(), self._fixed.tobytes())
            is_late = self._improve_incumbent()
            incumbent.check(self._program)
            is_over = self._clock.is_over
            if self._is_gap_closed() or (is_over and incumbent.exists):
                bound_yuan = min(incumbent.bound_yuan, incumbent.cost_yuan)
                return self._repaired(incumbent.x, self._multipliers.dual, bound_yuan)
            if is_late and self._options.hands_over:
                raise RepairHandedOver(incumbent)
            if is_over:
                raise NoFeasibleDispatch(incumbent.bound_yuan)
            if is_late:
                self._clock.extend_proof()
                continue
            if position in visited:
                self._window_rounds.widen(self._x, state, solutions)
            visited.add(position)
            self._couples = True

    def _solve_until_consistent(self) -> tuple[RepairState, list[WindowSolution]]:
        """Solve windows at the present multipliers until they are consistent, good enough or late.

        Raises the bound. Return the state they started from, and the last solutions.
        """
        self._partition.activate(self._partition.segments_of_intervals(self._intervals_to_repair()))
        relaxation, self._certificate = self._relaxation(), None
        state, solved = self._state(), dict[Task, WindowSolution]()
        while True:
            self._clock.rounds += 1
            solutions = self._window_rounds.solve_all(state, solved)
            self._raise_bound(relaxation, sum(solution.gain_yuan for solution in solutions))
            if (
                self._clock.is_late
                or self._is_good_enough(solutions)
                or not self._window_rounds.reconcile(state, solutions, couple=self._couples)
            ):
                self._solver.forget_multipliers()
                return state, solutions

    def _is_dense(self) -> bool:
        """Return whether the relaxation violates pairs in so many intervals that windows fill the horizon."""
        return bool(violated_pairs(self._tiled, self._relaxed_x).any(axis=0).mean() > DENSE_SHARE)

    def _relaxation(self) -> Certificate:
        """Return the certificate of the present point and multipliers."""
        return self._certificate or certify(self._program, self._x, self._multipliers.dual)

    def _raise_bound(self, relaxation: Certificate, gain_yuan: float) -> None:
        """Raise the bound to that of a relaxation and what binaries add to it, where that is one."""
        if relaxation.dual_infeasibility <= FEASIBILITY_TOLERANCE:
            bound_yuan = relaxation.dual_objective_yuan + gain_yuan
            self._incumbent.bound_yuan = max(self._incumbent.bound_yuan, bound_yuan)

    def _state(self) -> RepairState:
        """Return the iterate at the beginning of a round."""
        scale_yuan = max(1.0, abs(self._program.objective(self._x)))
        is_violated = np.asarray(violated_pairs(self._tiled, self._x).any(axis=0))
        gap = self._options.gap
        tolerance = gap * scale_yuan / (1 + len(self._partition.windows()))
        search_tolerance = (SEARCH_SHARE if gap <= EXACT else 1.0) * tolerance
        return RepairState(
            self._x,
            self._fixed.copy(),
            is_violated,
            self._candidates,
            frozenset(),
            tolerance,
            search_tolerance,
        )

    def _intervals_to_repair(self) -> Index:
        """Return the intervals in which a pair is violated or a member is fixed at zero."""
        fixed = self._fixed[: self._tiled.shared_starts[0]].reshape(len(self._tiled.horizon), -1)
        return np.flatnonzero(violated_pairs(self._tiled, self._x).any(axis=0) | fixed.any(axis=1))

    def _fixed_by(self, solutions: list[WindowSolution]) -> Mask:
        """Return the fixed members, (columns,), with those in the windows as in the windows' solutions."""
        fixed = self._fixed.copy()
        for solution in solutions:
            for subproblem in solution.subproblems:
                fixed[subproblem.subprogram.columns] = False
            fixed[solution.fixed_at_zero] = True
        return fixed

    def _is_optimal(self, x: Array) -> bool:
        """Return whether a point is feasible, obeys every pair and costs what the bound says."""
        cost_yuan = self._program.objective(x)
        return abs(cost_yuan - self._incumbent.bound_yuan) <= self._options.gap * max(
            1.0, abs(cost_yuan)
        ) and self._problem.obeys_all(x)

    def _is_good_enough(self, solutions: list[WindowSolution]) -> bool:
        """Return whether the windows' fixed members give a dispatch within the gap, consistent or not.

        That dispatch becomes the present point. Where the optimum is asked for, windows must be consistent.
        """
        gap, fixed = self._options.gap, self._fixed_by(solutions)
        if gap <= EXACT or np.array_equal(fixed, self._fixed_in_x):
            return False
        try:
            x, dual = self._blocks.solve(self._program.upper_fixed_at_zero(fixed))
        except (InfeasibleProgram, OutOfTime):
            return False
        cost_yuan = self._program.objective(x)
        if violated_pairs(self._tiled, x).any() or cost_yuan - self._incumbent.bound_yuan > gap * max(
            1.0, abs(cost_yuan)
        ):
            return False
        self._x, self._fixed_in_x = x, fixed
        self._multipliers.set(dual)
        return True

    def _solve_with_fixed(self) -> bool:
        """Solve the horizon with the fixed members at zero; return whether that is feasible.

        Its optimum and multipliers become the present ones.
        """
        if np.array_equal(self._fixed, self._fixed_in_x):
            return True  # already solved
        try:
            self._x, dual = self._blocks.solve(self._program.upper_fixed_at_zero(self._fixed))
        except (InfeasibleProgram, OutOfTime):
            return False
        self._fixed_in_x = self._fixed.copy()
        self._multipliers.set(dual)
        return True

    def _improve_incumbent(self) -> bool:
        """Offer the optimum with the fixed members to the incumbent, or a rounded point where one is due.

        Return whether the time for the proof alone was over.
        """
        is_feasible, is_late = self._solve_with_fixed(), self._clock.is_late
        point = self._x if is_feasible and self._obeys_pairs() else None
        if point is None and self._is_rounding_due(is_late):
            began = time.monotonic()
            resting = None if self._incumbent.exists else resting_dispatch(self._tiled, self._program)
            if resting is not None:  # first, for rounding may take all the time and find nothing
                self._incumbent.offer(resting.x, self._program.objective(resting.x))
            point = self._rounded_point()
            if point is None and resting is not None:
                point = self._rounding.improved_by_days(resting.x)
            self._clock.rounding_s = time.monotonic() - began
        if point is not None:
            self._incumbent.offer(point, self._program.objective(point))
        return is_late

    def _obeys_pairs(self) -> bool:
        """Return whether the present point violates no pair; make candidates of those it violates."""
        violations = violated_pairs(self._tiled, self._x)
        self._candidates |= violations
        return not violations.any()

    def _is_rounding_due(self, is_late: bool) -> bool:
        """Return whether a dispatch is to be made by rounding.

        Where a gap is allowed, one is made at once: how far it is from the bound says what is left to prove.
        What is handed over is not rounded, for the search finds a dispatch sooner and a better one.
        """
        if self._options.hands_over:
            return False
        if self._incumbent.exists:
            return is_late and self._clock.leaves_a_rounding
        return is_late or self._options.gap > EXACT

    def _rounded_point(self) -> Array | None:
        """Round the present point, or else the relaxation's optimum with no member fixed."""
        nothing = np.zeros_like(self._fixed)
        starts = [(self._x, self._fixed), (self._relaxed_x, nothing)]
        deadline = self._rounding.deadline_from_now()
        rounded = (self._rounding.round_off(x, fixed, self._partition, deadline) for x, fixed in starts)
        return next((x for x in rounded if x is not None), None)

    def _is_gap_closed(self) -> bool:
        """Return whether the incumbent is within the gap, or the accuracy of the windows' solver."""
        cost_yuan, bound_yuan = self._incumbent.cost_yuan, self._incumbent.bound_yuan
        solver_gap_yuan = GAP_YUAN * len(self._partition.windows())
        return self._incumbent.exists and cost_yuan - bound_yuan <= max(
            solver_gap_yuan, self._options.gap * max(1.0, abs(cost_yuan))
        )

    def _repaired(self, x: Array, row_dual: Array | None, bound_yuan: float) -> RepairedSolution:
        """Return the solution, with a warm start from the final state."""
        windows, solver, rounds = self._partition.windows(), self._solver, self._clock.rounds
        binaries = int(self._candidates[:, intervals_of(windows)].sum())
        trees = {window: solver.trees[window] for window in windows if window in solver.trees}
        warm_start = RepairWarmStart(self._fixed, self._candidates, tuple(windows), trees)
        return RepairedSolution(x, row_dual, bound_yuan, len(windows), rounds, binaries, warm_start)
