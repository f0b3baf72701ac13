"""Solution of Lagrangian subproblems with binaries: single windows, or several with shared decisions."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.branch_and_bound.branching import BranchingResult, BranchingTree, branch_on_window
from parkdispatch.optimizer.branch_and_bound.compiled_search import compile_tree_search
from parkdispatch.optimizer.decomposition.benders import IntegerWindow, solve_shared_decisions
from parkdispatch.optimizer.decomposition.benders_cuts import SharedDecisions
from parkdispatch.optimizer.decomposition.repair_state import RepairState, WindowSolution
from parkdispatch.optimizer.decomposition.value_functions import BendersSolution, ContinuousValueFunction
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.heuristics.relaxed_problem import RelaxedProblem
from parkdispatch.optimizer.highs import Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import (
    Multipliers,
    WindowProgram,
    pair_positions,
    with_pair_binaries,
)
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.presolve.exclusive_pairs import PAIR_TOLERANCE_MW
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, support
from parkdispatch.optimizer.time_budget import TimeBudget

ROUNDING_THRESHOLD = 0.5  # between the values of a binary
PRICE_DECIMALS = 9  # of yuan per MW or MWh: prices that are equal so far are the same
# pairs in the windows of one round from which on the compiled tree search is worth loading; that takes 100 MB
# and a quarter of a second (some four on a new machine, to compile it). Gao'an's year has some 1,000 pairs
MANY_PAIRS = 1400


@dataclass(frozen=True)
class _Solved:
    """A window's lower bound, its point in the subproblem's columns (or empty), and columns fixed at zero."""

    bound: float
    x: Array
    fixed_at_zero: Index


class WindowSolver:
    """Solves the subproblems of one relaxed problem, and remembers solutions by their prices.

    `trees` are those of windows with the same structure, then those grown here. `is_repeated`: this is one of
    several solves, for which loading the compiled tree search always pays.
    """

    def __init__(
        self,
        problem: RelaxedProblem,
        multipliers: Multipliers,
        trees: Mapping[Window, BranchingTree],
        is_repeated: bool,
    ) -> None:
        self._tiled, self._program, self._pricer = problem.tiled, problem.program, problem.pricer
        self._blocks, self._multipliers = problem.blocks, multipliers
        self.budget = TimeBudget(problem.deadline)
        self.trees = dict(trees)
        self._uses_trees = is_repeated
        self._too_large: set[Window] = set()  # windows whose tree search was given up
        self._solved: dict[tuple[object, ...], _Solved] = {}
        # continuous value functions, with the multipliers they hold for
        self._continuous: dict[tuple[Window, bytes], tuple[Array, ContinuousValueFunction]] = {}

    def begin_round(self, pairs: int, tasks: int) -> None:
        """Announce the numbers of pairs with a binary and of tasks in the next round.

        The pairs decide between tree search and HiGHS for all windows at once, whatever their order.
        """
        self._uses_trees |= pairs >= MANY_PAIRS
        if self._uses_trees:
            compile_tree_search()
        self.budget.waiting = tasks

    def pair_positions(self, candidates: Mask, window: Window) -> Index:
        """Return the positions of the candidate pairs' members among the window's columns, (pairs, 2)."""
        return pair_positions(self._tiled, candidates, window)

    def solve_window(self, state: RepairState, window: Window) -> WindowSolution:
        """Solve one window with its binaries."""
        with self.budget.task():
            return self._solve_window(state, window)

    def _solve_window(self, state: RepairState, window: Window) -> WindowSolution:
        subproblem = self._pricer.window_program(window, self._multipliers)
        pairs = self.pair_positions(state.candidates, window)
        key = (window, len(pairs), np.round(subproblem.program.cost, PRICE_DECIMALS).tobytes())
        solved = self._solved.get(key)
        if solved is None:
            if time.monotonic() > self.budget.deadline:
                return self._present_solution(state, (window,), (subproblem,), 0.0)
            solved, timed_out = self._solve_by_tree(state, window, subproblem, pairs), False
            if solved is None:
                solved, timed_out = self._solve_by_highs(state, subproblem, pairs)
            if not timed_out and time.monotonic() <= self.budget.deadline:  # else it is solved again later
                self._solved[key] = solved
        gain_yuan = max(0.0, solved.bound - subproblem.dual_objective_yuan)
        present = state.x[subproblem.subprogram.every]
        if not solved.x.size or (
            subproblem.program.objective(present) - solved.bound <= state.tolerance_yuan
            and not state.is_violated[window.intervals].any()
        ):
            # nothing is better at these prices: keep the present point, although others may tie with it
            return self._present_solution(state, (window,), (subproblem,), gain_yuan)
        return WindowSolution(
            (window,),
            (subproblem,),
            subproblem.subprogram.columns,
            solved.x[: len(subproblem.subprogram.columns)],
            (solved.x[subproblem.copies],),
            solved.fixed_at_zero,
            gain_yuan,
        )

    def _solve_by_tree(
        self, state: RepairState, window: Window, subproblem: WindowProgram, pairs: Index
    ) -> _Solved | None:
        """Solve a window by tree search, from a known tree if there is one; None if it is given up."""
        present = state.x[subproblem.subprogram.every]
        is_violated = state.is_violated[window.intervals].any()
        incumbent_yuan = np.inf if is_violated else subproblem.program.objective(present)
        result = self._branch(
            window, subproblem, pairs, state.search_tolerance_yuan, subproblem.program, incumbent_yuan
        )
        if result is None:
            return None
        self.trees[window] = result.tree
        x = result.x if result.x.size else present
        return _Solved(result.bound, x, self._zero_members(state, subproblem, pairs, x))

    def _branch(
        self,
        window: Window,
        subproblem: WindowProgram,
        pairs: Index,
        tolerance: float,
        program: LinearProgram,
        incumbent_yuan: float,
    ) -> BranchingResult | None:
        """Minimise a window's program, which may differ from its subproblem's in costs and bounds."""
        if not self._uses_trees or window in self._too_large:
            return None
        start = partial(self._blocks.basis_in, subproblem.subprogram)
        result = branch_on_window(program, pairs, start, incumbent_yuan, tolerance, self.trees.get(window))
        if result is None:
            self._too_large.add(window)
            self.trees.pop(window, None)
        return result

    def _solve_by_highs(
        self, state: RepairState, subproblem: WindowProgram, pairs: Index
    ) -> tuple[_Solved, bool]:
        """Solve a window as a mixed-integer program by HiGHS; return also whether time ran out."""
        solver = Solver(time_limit_s=self.budget.limit_s(), gap_yuan=state.search_tolerance_yuan)
        solver.load(with_pair_binaries(subproblem.program, pairs))
        try:
            answer = solver.solve()
        except SolverError:  # time ran out before a point was found: no bound, no change
            return _Solved(-np.inf, np.empty(0), np.empty(0, dtype=np.int64)), True
        every = subproblem.subprogram.every
        is_first_used = answer.x[len(every) :] > ROUNDING_THRESHOLD
        fixed_at_zero = every[np.where(is_first_used, pairs[:, 1], pairs[:, 0])]
        return _Solved(answer.bound, answer.x[: len(every)], fixed_at_zero), answer.timed_out

    def _zero_members(self, state: RepairState, subproblem: WindowProgram, pairs: Index, x: Array) -> Index:
        """Return each pair's member that is zero in x; where both are, the one that is fixed at present."""
        every, a, b = subproblem.subprogram.every, pairs[:, 0], pairs[:, 1]
        both_zero = np.maximum(x[a], x[b]) <= PAIR_TOLERANCE_MW
        is_second = np.where(both_zero, state.fixed_at_zero[every[b]], x[a] > x[b])
        return every[np.where(is_second, b, a)]

    def solve_coupled(
        self, state: RepairState, shared: Index, windows: tuple[Window, ...], rest: Window
    ) -> WindowSolution:
        """Solve windows coupled by shared decisions, and the `rest` of the coupled segments, with Benders."""
        with self.budget.task():
            return self._solve_coupled(state, shared, windows, rest)

    def _solve_coupled(
        self, state: RepairState, shared: Index, windows: tuple[Window, ...], rest: Window
    ) -> WindowSolution:
        all_windows = (*windows, rest)
        subproblems = tuple(self._pricer.window_program(window, self._multipliers) for window in all_windows)
        if time.monotonic() > self.budget.deadline:
            return self._present_solution(state, all_windows, subproblems, 0.0)
        pairs = [self.pair_positions(state.candidates, window) for window in windows]
        relaxed_bound = self._relaxed_bound(shared, subproblems)
        decisions = self._shared_decisions(state, shared, subproblems)
        tolerance = state.search_tolerance_yuan
        solution = solve_shared_decisions(
            decisions,
            [
                IntegerWindow(
                    subproblem,
                    window_pairs,
                    partial(self._branch, window, subproblem, window_pairs, tolerance / len(windows)),
                )
                for window, subproblem, window_pairs in zip(windows, subproblems[:-1], pairs, strict=True)
            ],
            self._continuous_function(state, rest, subproblems[-1], shared),
            self._multipliers.dual,
            tolerance,
            self.budget.deadline,
        )
        if solution.continuous is None:
            return self._present_solution(state, all_windows, subproblems, 0.0)
        gain_yuan = max(0.0, solution.bound - relaxed_bound)
        return self._coupled_solution(state, decisions, all_windows, subproblems, pairs, solution, gain_yuan)

    def _relaxed_bound(self, shared: Index, subproblems: tuple[WindowProgram, ...]) -> float:
        """Return the dual objective of the present multipliers in these subproblems and shared decisions."""
        program, reduced = self._program, self._multipliers.reduced[shared]
        relaxed = support(reduced, program.lower[shared], program.upper[shared])[0]
        return relaxed + sum(subproblem.dual_objective_yuan for subproblem in subproblems)

    def _shared_decisions(
        self, state: RepairState, shared: Index, subproblems: tuple[WindowProgram, ...]
    ) -> SharedDecisions:
        """Move the prices of copies from the subproblems back to the shared decisions."""
        program, price = self._program, self._multipliers.reduced[shared].copy()
        for subproblem in subproblems:
            is_shared = np.isin(subproblem.subprogram.copies, shared)
            price[np.searchsorted(shared, subproblem.subprogram.copies[is_shared])] += (
                subproblem.imputed_price[subproblem.copies][is_shared]
            )
            subproblem.program.cost[subproblem.copies.start + np.flatnonzero(is_shared)] = 0.0
        return SharedDecisions(shared, price, program.lower[shared], program.upper[shared], state.x[shared])

    def _coupled_solution(
        self,
        state: RepairState,
        decisions: SharedDecisions,
        windows: tuple[Window, ...],
        subproblems: tuple[WindowProgram, ...],
        pairs: list[Index],
        solution: BendersSolution,
        gain_yuan: float,
    ) -> WindowSolution:
        """Merge the solutions of coupled subproblems; each keeps its present point if that is as good."""
        assert solution.continuous is not None
        points, fixed_at_zero = [], [np.empty(0, dtype=np.int64)]
        for number, (window, subproblem, x) in enumerate(
            zip(windows, subproblems, [*solution.windows, solution.continuous], strict=True)
        ):
            if self._is_present_as_good(state, window, subproblem, x):
                columns = subproblem.subprogram.columns
                points.append(state.x[subproblem.subprogram.every])
                fixed_at_zero.append(columns[state.fixed_at_zero[columns]])
            else:
                points.append(x)
                if number < len(pairs):
                    fixed_at_zero.append(self._zero_members(state, subproblem, pairs[number], x))
        own_points = (
            x[: len(subproblem.subprogram.columns)] for subproblem, x in zip(subproblems, points, strict=True)
        )
        return WindowSolution(
            windows,
            subproblems,
            np.concatenate(
                [decisions.columns, *(subproblem.subprogram.columns for subproblem in subproblems)]
            ),
            np.concatenate([solution.shared, *own_points]),
            tuple(x[subproblem.copies] for subproblem, x in zip(subproblems, points, strict=True)),
            np.concatenate(fixed_at_zero),
            gain_yuan,
        )

    def _continuous_function(
        self, state: RepairState, window: Window, subproblem: WindowProgram, shared: Index
    ) -> ContinuousValueFunction:
        """Return the value function of the rest, kept from earlier decompositions at these multipliers."""
        key = (window, shared.tobytes())
        dual, function = self._continuous.get(key, (None, None))
        if function is None or dual is not self._multipliers.dual:
            function = ContinuousValueFunction(
                subproblem, shared, self._blocks.basis_in(subproblem.subprogram)
            )
            function.add_known_point(
                state.x[shared],
                state.x[subproblem.subprogram.every],
                self._multipliers.dual[subproblem.subprogram.inside],
                state.search_tolerance_yuan,
            )
            self._continuous[key] = (self._multipliers.dual, function)
        return function

    def forget_multipliers(self) -> None:
        """Drop what holds for the present multipliers only."""
        self._continuous.clear()

    def _is_present_as_good(
        self, state: RepairState, window: Window, subproblem: WindowProgram, x: Array
    ) -> bool:
        """Return whether the present point obeys the pairs, costs no more, and agrees with `x`.

        It agrees if it has the same values of the inconsistent shared decisions.
        """
        present, copies = state.x[subproblem.subprogram.every], subproblem.copies
        is_coupled = np.isin(subproblem.subprogram.copies, list(state.coupled))
        return bool(
            (np.abs(x[copies] - present[copies])[is_coupled] <= FEASIBILITY_TOLERANCE).all()
            and (subproblem.program.cost * (present - x[: len(present)])).sum() <= state.tolerance_yuan
            and not state.is_violated[window.intervals].any()
        )

    def _present_solution(
        self,
        state: RepairState,
        windows: tuple[Window, ...],
        subproblems: tuple[WindowProgram, ...],
        gain_yuan: float,
    ) -> WindowSolution:
        """Return the present point as the solution."""
        columns = np.concatenate([subproblem.subprogram.columns for subproblem in subproblems])
        copies = tuple(state.x[subproblem.subprogram.copies] for subproblem in subproblems)
        fixed_at_zero = columns[state.fixed_at_zero[columns]]
        return WindowSolution(
            windows, subproblems, columns, state.x[columns], copies, fixed_at_zero, gain_yuan
        )
