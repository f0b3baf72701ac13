"""Primal heuristic: make a point obey every exclusive pair, where the proof has found no such point in time.

1. Window by window. Each window with a violated pair is solved with binaries while everything outside of it
is fixed, so that the solutions fit together. Windows that cannot be solved, or only at a high cost, such as
an hour that could charge at the month's peak only, are widened by their neighbouring segments and solved
again. A final linear program with all on/off decisions fixed re-optimises the continuous variables. 2.
Iterated rounding, if the first fails: fix the lesser member of each violated pair at zero and solve the
horizon again, until no pair is violated. This may fail to end, so its rounds are limited.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.branch_and_bound.branching import quick_feasible_point
from parkdispatch.optimizer.heuristics.relaxed_problem import RelaxedProblem
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import pair_positions, with_pair_binaries
from parkdispatch.optimizer.partition.windows import Partition, Window
from parkdispatch.optimizer.presolve.exclusive_pairs import PAIR_TOLERANCE_MW, violated_pairs
from parkdispatch.optimizer.proof.feasibility import is_exact
from parkdispatch.optimizer.time_budget import TimeBudget, current_deadline

MAX_ROUNDS = 20  # of iterated rounding
MAX_WIDENINGS = 3  # of a window that is infeasible or too costly with everything outside of it fixed
HIGH_COST = 1e-6  # of the total cost: a window that costs so much more than before is widened
SEARCH_TOLERANCE = 1e-8  # of the total cost, for each of hundreds of windows
LEAST_S = 5.0  # for all windows, even if the deadline is over
WINDOW_LIMIT_S = 1.0  # for one window's mixed-integer program; its incumbent then is used


@dataclass(frozen=True)
class _Patch:
    """New values of some columns, and by how much their cost exceeds that of the present values [yuan]."""

    columns: Index
    values: Array
    yuan: float


_Patches = list[_Patch]  # that together make a window obey its pairs; empty where there are none


class Rounding:
    """Rounds points of one relaxed problem, before its deadline if possible, else soon after."""

    def __init__(self, problem: RelaxedProblem) -> None:
        self._problem = problem
        self._tiled, self._program, self._pricer = problem.tiled, problem.program, problem.pricer
        self._blocks, self._pool, self._deadline = problem.blocks, problem.pool, problem.deadline
        self._all_pairs = np.ones((len(self._tiled.template.pairs), len(self._tiled.horizon)), dtype=bool)

    def deadline_from_now(self) -> float:
        """Return the deadline of a rounding that begins now (time.monotonic)."""
        return max(self._deadline, time.monotonic() + LEAST_S)

    def round_off(
        self, start: Array, fixed_at_zero: Mask, partition: Partition, deadline: float | None = None
    ) -> Array | None:
        """Return a feasible point that obeys every pair, made from `start`; None if none is found.

        `fixed_at_zero`, (columns,), are the members that are fixed in `start`. `deadline` is that of several
        roundings, where there is more than one.
        """
        deadline = self.deadline_from_now() if deadline is None else deadline
        patched = self._round_windows(start, partition, deadline)
        if patched is not None:
            return patched
        return self._round_iteratively(start, fixed_at_zero.copy())

    def improved_by_days(self, x: Array) -> Array:
        """Return a point that costs no more than `x`, which obeys every pair: each day solved anew by itself.

        What passes from day to day, and shared decisions, stay as they are in `x`.
        """
        firsts = self._tiled.horizon.first("day").tolist()
        ends = [*firsts[1:], len(self._tiled.horizon)]
        days = [Window(((first, end),)) for first, end in zip(firsts, ends, strict=True)]
        budget = TimeBudget(self.deadline_from_now(), len(days))
        solve = partial(
            self._solve_window,
            x,
            budget=budget,
            tolerance_yuan=SEARCH_TOLERANCE * max(1.0, abs(self._program.objective(x))),
            shared_may_rise=False,
        )
        improved = x.copy()
        for patches in self._pool.map(solve, days):
            if _yuan(patches) < 0:
                self._apply(patches, improved)
        better = self._reoptimised(improved) if self._problem.obeys_all(improved) else None
        return x if better is None else better

    def _round_iteratively(self, x: Array, fixed_at_zero: Mask) -> Array | None:
        """Fix the lesser member of each violated pair and solve the horizon, until no pair is violated."""
        upper = self._program.upper
        members = [
            (self._tiled.column_of(pair.a), self._tiled.column_of(pair.b))
            for pair in self._tiled.template.pairs
        ]
        for _ in range(MAX_ROUNDS):
            violations = violated_pairs(self._tiled, x)
            if not violations.any():
                return x
            if _is_over():
                return None
            for violated, (a, b) in zip(violations, members, strict=True):
                lesser = np.where(x[a] / np.maximum(upper[a], 1.0) < x[b] / np.maximum(upper[b], 1.0), a, b)
                fixed_at_zero[lesser[violated]] = True
            try:
                x, _ = self._blocks.solve(self._program.upper_fixed_at_zero(fixed_at_zero))
            except (InfeasibleProgram, OutOfTime):
                return None
        return None

    def _round_windows(self, start: Array, partition: Partition, deadline: float) -> Array | None:
        """Solve each window with a violated pair, all else fixed, and widen it if necessary."""
        x, violations = start.copy(), violated_pairs(self._tiled, start)
        segments = np.unique(partition.segments_of_intervals(np.flatnonzero(violations.any(axis=0)))).tolist()
        # windows to be solved, with the patches of the narrower windows they have grown from
        waiting: Mapping[Window, _Patches] = {partition.window([segment]): [] for segment in segments}
        budget = TimeBudget(deadline)
        scale_yuan = max(1.0, abs(self._program.objective(start)))
        widenings_left = MAX_WIDENINGS
        while waiting:
            budget.waiting, to_widen = len(waiting), dict[Window, _Patches]()
            is_in_time = time.monotonic() < budget.deadline
            solve = partial(
                self._solve_window,
                x,
                budget=budget,
                tolerance_yuan=SEARCH_TOLERANCE * scale_yuan,
                shared_may_rise=widenings_left < MAX_WIDENINGS,
            )
            solved = self._pool.map(solve, waiting)
            for (window, narrower), patches in zip(waiting.items(), solved, strict=True):
                best = min(narrower, patches, key=_yuan)
                if widenings_left and (not best or (is_in_time and _yuan(best) > HIGH_COST * scale_yuan)):
                    to_widen[window] = best
                else:
                    self._apply(best, x)
            waiting, widenings_left = _widened(to_widen, partition), widenings_left - 1
        if not self._problem.obeys_all(x):
            return None
        return self._reoptimised(x)

    def _apply(self, patches: _Patches, x: Array) -> None:
        """Write patches into a point; a shared decision takes the largest value any patch needs."""
        for patch in patches:
            is_shared = patch.columns >= self._tiled.shared_starts[0]
            x[patch.columns] = np.where(is_shared, np.maximum(patch.values, x[patch.columns]), patch.values)

    def _reoptimised(self, x: Array) -> Array | None:
        """Solve the horizon with every pair's unused member fixed at zero; x where that brings nothing.

        None where x is feasible by tolerances alone that are worth money.
        """
        if _is_over():
            return x if is_exact(self._program, x) else None
        fixed_at_zero = np.zeros(len(x), dtype=bool)
        for pair in self._tiled.template.pairs:
            a, b = self._tiled.column_of(pair.a), self._tiled.column_of(pair.b)
            fixed_at_zero[a] |= (x[a] <= PAIR_TOLERANCE_MW) & (x[b] > PAIR_TOLERANCE_MW)
            fixed_at_zero[b] |= (x[b] <= PAIR_TOLERANCE_MW) & (x[a] > PAIR_TOLERANCE_MW)
        try:
            better, _ = self._blocks.solve(self._program.upper_fixed_at_zero(fixed_at_zero))
        except (InfeasibleProgram, OutOfTime):  # infeasible by rounding alone: x is feasible
            return x if is_exact(self._program, x) else None
        return x if violated_pairs(self._tiled, better).any() else better

    def _solve_window(
        self, x: Array, window: Window, budget: TimeBudget, tolerance_yuan: float, shared_may_rise: bool
    ) -> _Patches:
        """Return a patch that makes a window obey its pairs, with everything outside fixed at x; or nothing.

        Shared decisions are fixed too; with `shared_may_rise` they may rise, at their cost.
        """
        budget.begin()
        if _is_over():  # building each of a year's windows takes half a minute
            return []
        subprogram, program = self._pricer.subprogram(window), self._program
        alone = subprogram.alone(program, x, shared_may_rise=shared_may_rise)
        pairs = pair_positions(self._tiled, self._all_pairs, window)
        values = None
        if not shared_may_rise:
            values = quick_feasible_point(alone, pairs, self._blocks.basis_in(subprogram), tolerance_yuan)
        if values is None:
            # presolve would take longer than it saves
            solver = Solver(time_limit_s=min(WINDOW_LIMIT_S, budget.limit_s()), rough=True, presolve=False)
            solver.load(with_pair_binaries(alone, pairs))
            try:
                values = solver.solve().x[: len(subprogram.every)]
            except (InfeasibleProgram, SolverError):
                return []
        if not values.size:
            return []
        columns = subprogram.every[: len(subprogram.columns) + len(subprogram.copies)]
        values = values[: len(columns)]
        return [_Patch(columns, values, float(program.cost[columns] @ (values - x[columns])))]


def _is_over() -> bool:
    """Return whether no more is to be begun: a solve without time takes a second for each month of a year."""
    return time.monotonic() >= current_deadline()


def _yuan(patches: _Patches) -> float:
    """Return the cost of patches; infinity if there are none."""
    return sum(patch.yuan for patch in patches) if patches else np.inf


def _widened(patches_of: Mapping[Window, _Patches], partition: Partition) -> dict[Window, _Patches]:
    """Add to each window its neighbouring segments; windows that overlap then become one.

    The patches of such windows are put together; if one of them has none, neither has the new window.
    """
    wider: list[tuple[set[int], list[_Patches]]] = []
    for window, patches in sorted(patches_of.items(), key=lambda item: item[0].stretches):
        segments = set(partition.with_neighbours(window).tolist())
        if wider and wider[-1][0] & segments:
            wider[-1][0].update(segments)
            wider[-1][1].append(patches)
        else:
            wider.append((segments, [patches]))
    return {
        partition.window(sorted(segments)): list(chain.from_iterable(narrower)) if all(narrower) else []
        for segments, narrower in wider
    }
