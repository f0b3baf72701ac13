"""Rounds of Lagrangian decomposition: solve every window, then merge or couple what is inconsistent."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from parkdispatch.models.device import Array
from parkdispatch.optimizer.decomposition.consistency import inconsistent_columns, merged_point
from parkdispatch.optimizer.decomposition.coupling import Coupling
from parkdispatch.optimizer.decomposition.repair_state import RepairState, WindowSolution
from parkdispatch.optimizer.decomposition.subproblems import WindowSolver
from parkdispatch.optimizer.heuristics.relaxed_problem import RelaxedProblem
from parkdispatch.optimizer.partition.lagrangian_pricing import Multipliers
from parkdispatch.optimizer.partition.windows import Partition, Window, intervals_of

# what is solved as one: coupled shared decisions, none for a window alone, and the windows
Task = tuple[tuple[int, ...], tuple[Window, ...]]


class WindowRounds:
    """The windows of a partition, solved side by side and made consistent round by round."""

    def __init__(
        self,
        problem: RelaxedProblem,
        multipliers: Multipliers,
        partition: Partition,
        solver: WindowSolver,
    ) -> None:
        self._program, self._pool = problem.program, problem.pool
        self._first_shared = problem.tiled.shared_starts[0]
        self._multipliers, self._partition, self._solver = multipliers, partition, solver
        self._coupling = Coupling(problem, partition, multipliers)

    def solve_all(self, state: RepairState, solved: dict[Task, WindowSolution]) -> list[WindowSolution]:
        """Solve every window at the present multipliers, those coupled by shared decisions together.

        `solved` holds the tasks already solved from this state, which are not solved again; it is added to.
        """
        self._coupling.update([])
        tasks = self._tasks(replace(state, coupled=self._coupling.columns))
        new = [task for task in tasks if task not in solved]
        pairs = int(state.candidates[:, intervals_of(self._partition.windows())].sum())
        self._solver.begin_round(pairs, len(new))
        solved.update(zip(new, self._pool.map(lambda task: tasks[task](), new), strict=True))
        return [solved[task] for task in tasks]

    def _tasks(self, state: RepairState) -> dict[Task, Callable[[], WindowSolution]]:
        """Return what solves each group of coupled windows, and each window that is not coupled."""
        partition, solver = self._partition, self._solver
        windows = partition.segments_of_windows()
        window_of = {segment: window for window, segments in windows.items() for segment in segments}
        tasks: dict[Task, Callable[[], WindowSolution]] = {}
        coupled: set[Window] = set()
        for shared, segments in self._coupling.groups():
            integer = {window_of[segment] for segment in segments if segment in window_of}
            rest = partition.window(sorted(segment for segment in segments if segment not in window_of))
            if len(integer) == 1 and not rest.stretches:
                continue  # a single window decides alone
            coupled |= integer
            ordered = tuple(sorted(integer, key=lambda window: window.stretches))
            tasks[(tuple(shared.tolist()), (*ordered, rest))] = partial(
                solver.solve_coupled, state, shared, ordered, rest
            )
        for window in windows:
            if window not in coupled:
                tasks[((), (window,))] = partial(solver.solve_window, state, window)
        return tasks

    def reconcile(self, state: RepairState, solutions: list[WindowSolution], *, couple: bool) -> bool:
        """Merge windows that disagree about states, couple those that disagree about shared decisions.

        Shared decisions count only with `couple`. Return whether there is more to solve.
        """
        column_sets = inconsistent_columns(
            self._program,
            self._multipliers.dual,
            solutions,
            merged_point(state.x, solutions),
            state.tolerance_yuan,
        )
        first = self._first_shared
        is_merged = self._partition.merge_segments_of_columns(
            [columns for columns in column_sets if columns.max() < first]
        )
        is_coupled = couple and self._coupling.update(
            [columns for columns in column_sets if columns.max() >= first]
        )
        return is_merged or is_coupled

    def widen(self, x: Array, state: RepairState, solutions: list[WindowSolution]) -> None:
        """Merge windows in which `x`, (columns,), costs more than the solution with their neighbours.

        If there is none, merge every window with its neighbours.
        """
        merged = merged_point(x, solutions)
        windows = [
            window
            for solution in solutions
            for window, subproblem in zip(solution.windows, solution.subproblems, strict=True)
            if (subproblem.program.cost * (x - merged)[subproblem.subprogram.every]).sum()
            > state.tolerance_yuan
        ]
        self._partition.merge_segments(
            [self._partition.with_neighbours(window) for window in windows or self._partition.windows()]
        )
