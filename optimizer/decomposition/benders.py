"""Benders decomposition for shared decisions, such as the month's peak, with windows that have binaries.

One price for a shared decision is not enough where binaries make a window want either much of it or little:
at every price some window over- or undershoots, and the Lagrangian bound stays below the optimum. Here u are
the shared decisions of some windows and of the continuous rest, and the problem is

    min price'u + V(u) + sum of V_w(u),  lower <= u <= upper,

where V is the rest's convex value function and V_w are those of the windows. A master problem of cuts
proposes u; the value functions are queried there and return cuts. V_w is convex where it matters in most
windows. Where it is not, so that no cut is tight, a single shared decision is branched on
(`range_branching`). Failing that, such windows enter the master problem whole, with their binaries (partial
decomposition).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.decomposition.benders_cuts import CutPool, SharedDecisions
from parkdispatch.optimizer.decomposition.master_solution import solve_master
from parkdispatch.optimizer.decomposition.range_branching import branch_on_range, values_beside
from parkdispatch.optimizer.decomposition.value_functions import (
    CONTINUOUS,
    BendersSolution,
    ContinuousValueFunction,
    IntegerValueFunction,
    SharedProblem,
    ValueAtPoint,
    WindowSearch,
)
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Solver, UnboundedProgram
from parkdispatch.optimizer.partition.lagrangian_pricing import WindowProgram, with_pair_binaries

MAX_ITERATIONS = 30
# points known from earlier decompositions; with so many, there are cuts on both sides of the present value
ENOUGH_POINTS = 3


@dataclass(frozen=True)
class IntegerWindow:
    """A window's subproblem, the columns of its exclusive pairs, (pairs, 2), and what minimises its cost."""

    subproblem: WindowProgram
    pairs: Index
    search: WindowSearch


def solve_shared_decisions(
    decisions: SharedDecisions,
    windows: Sequence[IntegerWindow],
    continuous: ContinuousValueFunction,
    dual: Array,
    tolerance: float,
    deadline: float,
) -> BendersSolution:
    """Minimise the cost of shared decisions, windows with binaries and the continuous rest together.

    `dual` are multipliers of the full program, (rows,), for the first cut of the rest. The bound of the
    result holds in any case; the points are missing unless they cost no more than the bound plus `tolerance`
    [yuan].
    """
    problem = SharedProblem(decisions, continuous, {}, CutPool(), tolerance, deadline)
    return _BendersDecomposition(problem, windows).run(dual)


@dataclass(frozen=True)
class _Proposal:
    """The master problem's bound and the shared decisions it proposes.

    `estimate` is the cost of all subproblems in the master problem there [yuan]. `windows` are the points of
    the windows that were in the master problem with their binaries, by number.
    """

    bound: float
    shared: Array
    estimate: float
    windows: dict[int, Array]


class _BendersDecomposition:
    """The iterations on one shared problem."""

    def __init__(self, problem: SharedProblem, windows: Sequence[IntegerWindow]) -> None:
        self._problem, self._windows = problem, windows
        self._decisions, self._pool = problem.decisions, problem.pool
        self._continuous, self._functions = problem.continuous, problem.integer
        self._window_tolerance = problem.tolerance / max(1, len(windows))
        self._is_bounded = False  # whether cuts bound the value functions everywhere

    def run(self, dual: Array) -> BendersSolution:
        """Iterate until the queried cost meets the master's bound, or time or iterations run out."""
        start = self._decisions.present
        self._add_first_cuts(dual)
        may_branch = len(self._functions) == len(self._windows) and len(self._decisions.columns) == 1
        if may_branch and self._loose_windows(start):
            if (branched := branch_on_range(start, self._problem)) is not None:
                return branched
            may_branch = False
        self._add_cuts_beside(start)
        best = BendersSolution(-np.inf, start, [], None)
        for _ in range(MAX_ITERATIONS):
            remaining_s = self._problem.deadline - time.monotonic()
            if remaining_s <= 0:
                break
            master = self._solve_master(remaining_s)
            if master is None:
                if self._is_bounded:
                    break
                self._add_minimum_cuts()
                continue
            if master.bound > best.bound:
                best = BendersSolution(master.bound, master.shared, [], None)
            feasibility_cuts = len(self._pool.feasibility_cuts)
            continuous = self._continuous.query(master.shared, self._pool)
            if continuous is None:
                if len(self._pool.feasibility_cuts) == feasibility_cuts:
                    break
                continue
            cost, points = self._query_windows(master, continuous)
            loose = self._loose_windows(master.shared)
            if loose and may_branch:
                if (branched := branch_on_range(master.shared, self._problem)) is not None:
                    return branched
                may_branch = False
            for number in loose:
                self._leave_to_master(number)
            is_complete = len(points) == len(self._windows)
            if is_complete and -np.inf < cost - master.estimate <= self._problem.tolerance:
                return replace(
                    best,
                    shared=master.shared,
                    windows=[points[number] for number in range(len(self._windows))],
                    continuous=continuous.x,
                )
        return best

    def _add_first_cuts(self, dual: Array) -> None:
        """Add cuts at the present values, and those of earlier decompositions at the same multipliers."""
        self._pool.add(CONTINUOUS, self._continuous.optimality_cuts(dual[self._continuous.inside]))
        for number, window in enumerate(self._windows):
            function = IntegerValueFunction(window.subproblem, self._decisions.columns, window.search)
            result = function.value(self._decisions.present)
            if result is not None:
                self._functions[number] = function
                self._pool.add(number, result.cuts)
        for shared, known in self._continuous.evaluated:
            self._pool.add(CONTINUOUS, known.cuts, shared)

    def _add_cuts_beside(self, start: Array) -> None:
        """Query the continuous rest on both sides of the present values, unless it is known there."""
        points = values_beside(start) if len(self._continuous.evaluated) < ENOUGH_POINTS else ()
        for shared in reversed(points):
            self._continuous.query(shared, self._pool)

    def _add_minimum_cuts(self) -> None:
        """Bound every value function from below everywhere, which makes the master problem bounded."""
        self._is_bounded = True
        self._pool.add(CONTINUOUS, self._continuous.minimum_cuts())
        for number, function in list(self._functions.items()):
            cuts = function.minimum_cuts()
            if cuts is None:
                self._leave_to_master(number)
            else:
                self._pool.add(number, cuts)

    def _leave_to_master(self, number: int) -> None:
        """Put a window into the master problem from now on, with its binaries."""
        del self._functions[number]
        self._pool.remove(number)

    def _loose_windows(self, shared: Array) -> list[int]:
        """Return the windows whose cuts are not tight there, or whose value is not determined."""
        values = {number: function.value(shared) for number, function in self._functions.items()}
        return [
            number
            for number, result in values.items()
            if result is None
            or result.yuan - self._pool.lower_bounds(number, shared)[0] > self._window_tolerance
        ]

    def _solve_master(self, time_limit_s: float) -> _Proposal | None:
        """Solve the master problem; None if time ran out before a point was found, or if it is unbounded.

        HiGHS does not always tell unbounded from infeasible. It is not infeasible; it is unbounded where more
        of a shared decision seems worth more than it costs.
        """
        decisions, pool = self._decisions, self._pool
        in_master = [number for number in range(len(self._windows)) if number not in self._functions]
        program, columns = _with_windows(
            pool.master_program(decisions), decisions.columns, [self._windows[n] for n in in_master]
        )
        solver = Solver(time_limit_s=time_limit_s, gap_yuan=self._problem.tolerance)
        count = len(decisions.columns)
        try:
            answer = solve_master(program, slice(count, count + pool.component_count), solver)
        except (SolverError, UnboundedProgram):
            return None
        shared, estimate = answer.x[:count], answer.x[count : count + pool.component_count].sum()
        start = decisions.present
        if not in_master:
            present_bound = decisions.price @ start + pool.total_lower_bound(start)
            if present_bound <= answer.bound + self._problem.tolerance:
                # as good as any other values, and known
                shared, estimate = start, pool.total_lower_bound(start)
        windows = {number: answer.x[place] for number, place in zip(in_master, columns, strict=True)}
        return _Proposal(answer.bound, shared, estimate, windows)

    def _query_windows(self, master: _Proposal, continuous: ValueAtPoint) -> tuple[float, dict[int, Array]]:
        """Query all windows at the proposed values and add their cuts.

        Return the queried subproblems' cost and the points by window number, as far as they are known.
        """
        cost, points = continuous.yuan, dict(master.windows)
        for number, function in self._functions.items():
            result = function.value(master.shared)
            if result is not None:
                cost += result.yuan
                points[number] = result.x
                self._pool.add(number, result.cuts, master.shared)
        return cost, points


def _with_windows(
    master: LinearProgram, shared: Index, windows: Sequence[IntegerWindow]
) -> tuple[LinearProgram, list[Index]]:
    """Add windows with their binaries to the master problem; return also each window's columns in it.

    Their copies of the shared decisions are the master's own columns.
    """
    program, window_columns = master, []
    for window in windows:
        added = with_pair_binaries(window.subproblem.program, window.pairs)
        every = window.subproblem.subprogram.every
        is_shared = np.zeros(len(added.cost), dtype=bool)
        is_shared[: len(every)] = np.isin(every, shared)
        columns = np.empty(len(added.cost), dtype=np.int64)
        columns[is_shared] = np.searchsorted(shared, every[is_shared[: len(every)]])
        columns[~is_shared] = len(program.cost) + np.arange((~is_shared).sum())
        width = len(program.cost) + int((~is_shared).sum())
        upper_part, entries = program.matrix, added.matrix.tocoo()
        row_blocks = [
            sp.csr_array(
                (upper_part.data, upper_part.indices, upper_part.indptr), shape=(upper_part.shape[0], width)
            ),
            sp.csr_array(
                (entries.data, (entries.row, columns[entries.col])), shape=(added.matrix.shape[0], width)
            ),
        ]
        program = LinearProgram(
            np.concatenate([program.cost, added.cost[~is_shared]]),
            0.0,
            sp.vstack(row_blocks, format="csr"),
            np.concatenate([program.row_lower, added.row_lower]),
            np.concatenate([program.row_upper, added.row_upper]),
            np.concatenate([program.lower, added.lower[~is_shared]]),
            np.concatenate([program.upper, added.upper[~is_shared]]),
            np.concatenate([program.binary, added.binary[~is_shared]]),
        )
        window_columns.append(columns)
    return program, window_columns
