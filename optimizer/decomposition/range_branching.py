"""Spatial branch and bound over one shared decision, where Benders cuts leave a gap.

Where the value function of a window with binaries is not convex, no cut valid everywhere is tight at the best
value. In a range that ends at this value, however, a line through the function's value there that is steep
enough lies below the function. So the range is divided at the best value, and each half gets lines of its
own. Mostly the first division is the last.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.decomposition.benders_cuts import BendersCuts
from parkdispatch.optimizer.decomposition.master_solution import solve_master
from parkdispatch.optimizer.decomposition.value_functions import BendersSolution, SharedProblem, ValueAtPoint
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver, UnboundedProgram
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE

MAX_RANGES = 24
PROBE_DISTANCE = 1e-3  # relative; from a value to the values beside it at which cuts are queried


def values_beside(shared: Array) -> tuple[Array, Array]:
    """Return shared decisions a little below and a little above some."""
    distance = PROBE_DISTANCE * np.maximum(1.0, np.abs(shared))
    return shared - distance, shared + distance


@dataclass(frozen=True)
class _Incumbent:
    """A value of the shared decision, its total cost, and the subproblems' points."""

    value: float
    yuan: float
    windows: Mapping[int, ValueAtPoint]
    continuous: Array


@dataclass(frozen=True)
class _Range:
    """A range of the shared decision, and cuts by window that are valid in it.

    `probe` is a value beside the end at which the range was divided; None once the continuous subproblem has
    been queried there.
    """

    lower: float
    upper: float
    cuts: tuple[tuple[int, BendersCuts], ...] = ()
    probe: float | None = None


def branch_on_range(shared: Array, problem: SharedProblem) -> BendersSolution | None:
    """Minimise over one shared decision by branch and bound, dividing its range first at `shared`, (1,).

    None where too many ranges are needed, or a bound or value cannot be determined.
    """
    pool, tolerance = problem.pool, problem.tolerance
    incumbent = _evaluate(float(shared[0]), problem)
    if incumbent is None:
        return None
    whole_range = _Range(float(problem.decisions.lower[0]), float(problem.decisions.upper[0]))
    halves = _divide(whole_range, incumbent, problem)
    if halves is None:
        return None
    open_ranges, bound = halves, incumbent.yuan
    for _ in range(MAX_RANGES):
        if not open_ranges or time.monotonic() > problem.deadline:
            break
        current = open_ranges.pop()
        minimum = _lower_bound(current, problem)
        if minimum is None:
            return None
        range_bound, value = minimum
        if range_bound >= incumbent.yuan - tolerance:
            bound = min(bound, range_bound)
            continue
        if current.probe is not None:
            # the continuous cost's slope beside the end: often the cuts that are known bound it well
            problem.continuous.query(np.array([current.probe]), pool)
            open_ranges.append(replace(current, probe=None))
            continue
        if min(value - current.lower, current.upper - value) < FEASIBILITY_TOLERANCE:
            return None  # a line is not tight at an end, where it should be
        feasibility_cuts = len(pool.feasibility_cuts)
        trial = _evaluate(value, problem)
        if trial is None:
            if len(pool.feasibility_cuts) == feasibility_cuts:
                return None
            open_ranges.append(current)
            continue
        incumbent = trial if trial.yuan < incumbent.yuan else incumbent
        halves = _divide(current, trial, problem)
        if halves is None:
            return None
        open_ranges += halves
    if open_ranges:
        return None
    windows = [incumbent.windows[number].x for number in sorted(incumbent.windows)]
    return BendersSolution(
        min(bound, incumbent.yuan), np.array([incumbent.value]), windows, incumbent.continuous
    )


def _lower_bound(current: _Range, problem: SharedProblem) -> tuple[float, float] | None:
    """Return the master problem's minimum in a range and where it is; None if it is unbounded."""
    pool = problem.pool.copy()
    for number, cuts in current.cuts:
        pool.add(number, cuts)
    decisions = replace(problem.decisions, lower=np.array([current.lower]), upper=np.array([current.upper]))
    try:
        answer = solve_master(pool.master_program(decisions), slice(1, 1 + pool.component_count), Solver())
    except InfeasibleProgram:
        return np.inf, current.lower
    except UnboundedProgram:
        return None
    return answer.bound, float(answer.x[0])


def _evaluate(value: float, problem: SharedProblem) -> _Incumbent | None:
    """Return the total cost at a value of the shared decision; None if infeasible or not determined."""
    shared = np.array([value])
    continuous = problem.continuous.query(shared, problem.pool)
    values = {number: function.value(shared) for number, function in problem.integer.items()}
    windows = {number: result for number, result in values.items() if result is not None}
    if continuous is None or len(windows) < len(values):
        return None
    total = (
        float(problem.decisions.price @ shared)
        + continuous.yuan
        + sum(result.yuan for result in windows.values())
    )
    return _Incumbent(value, total, windows, continuous.x)


def _divide(current: _Range, trial: _Incumbent, problem: SharedProblem) -> list[_Range] | None:
    """Divide a range at a value, with lines tight at that value; None if a line cannot be found."""
    halves, (below, above) = [], values_beside(np.array([trial.value]))
    for lower, upper, probe in (
        (current.lower, trial.value, float(below[0])),
        (trial.value, current.upper, float(above[0])),
    ):
        cuts = list(current.cuts)
        for number, function in problem.integer.items():
            line = function.supporting_line(trial.value, trial.windows[number], lower, upper)
            if line is None:
                return None
            cuts.append((number, line))
        halves.append(_Range(lower, upper, tuple(cuts), probe if lower < probe < upper else None))
    return halves
