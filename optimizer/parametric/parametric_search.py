"""Global search for the cheapest parameters, such as a battery's power and energy, with a proven bound.

Each trial solves the year at fixed parameters exactly and adds a cut, an affine lower bound on the optimal
value that is valid in a range of the parameters (`parametric_bound`). The next trial is where the cuts are
lowest (Kelley's cutting-plane method). Where binaries keep the cuts below the optimal value, the range is
divided and each half gets cuts of its own (branch and bound). One program with the parameters as variables
would couple all days of the year; it took a hundred times as long and left a gap.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, Solver
from parkdispatch.optimizer.parametric.derivatives import (
    loosest_bounds,
    parameter_direction,
    with_bounds_of_range,
)
from parkdispatch.optimizer.parametric.parametric_bound import ParameterPoint, ParametricCut, parametric_cut
from parkdispatch.optimizer.presolve.valid_inequalities import with_valid_inequalities
from parkdispatch.optimizer.proof.certificate import EXACT
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.tiled_optimum import SolveSettings, TiledOptimum
from parkdispatch.optimizer.tiled_warm_start import TiledWarmStart
from parkdispatch.optimizer.window_optimum import find_optimum

STEP = 1e-3  # of the parameter's range, to the park that shows how bounds change
LEAST_RISE = 0.3  # of the gap: a trial whose cut raises the bound by less divides the range


@dataclass(frozen=True)
class ParameterLimits:
    """Feasible parameters: lower <= parameters <= upper and matrix @ parameters <= most."""

    lower: Array
    upper: Array
    matrix: Array
    most: Array


@dataclass(frozen=True)
class EvaluatedPoint:
    """Cost and bound of the year at fixed parameters; `numbers` are the parameters."""

    numbers: Array
    cost_yuan: float  # with the cost of the parameters
    dispatch_yuan: float
    bound_yuan: float  # at these parameters


@dataclass(frozen=True)
class ParametricOptimum:
    """The cheapest parameters, a bound for all parameters, and the course of the search.

    `ranges` counts the nodes of the branch and bound, the undivided range among them.
    """

    best: EvaluatedPoint
    bound_yuan: float
    trials: tuple[EvaluatedPoint, ...]
    ranges: int


@dataclass(eq=False)
class _Node:
    """A range of the parameters, the cuts that are valid in it, their minimum and where it is."""

    lower: Array
    upper: Array
    cuts: list[ParametricCut] = field(default_factory=list)
    bound: float = -np.inf
    lowest: Array = field(default_factory=lambda: np.empty(0))


class ParametricSearch:
    """Finds the cheapest parameters.

    `tiled_at` gives the park with some parameters, always on the same horizon; parameters may appear in
    bounds and right-hand sides only, and bounds must be affine in them. `price` is the cost per unit of each
    parameter [yuan]. Each trial ends once it is proven to the relative gap `trial_gap`.
    """

    def __init__(
        self,
        tiled_at: Callable[[Array], Tiled],
        limits: ParameterLimits,
        price: Array,
        pool: ThreadPool,
        progress: Callable[[str], None],
        trial_gap: float = EXACT,
    ) -> None:
        self._tiled_at, self._limits, self._price = tiled_at, limits, price
        self._pool, self._progress, self._trial_gap = pool, progress, trial_gap
        self._width = np.maximum(limits.upper - limits.lower, 1e-9)
        self._warm_start: TiledWarmStart | None = None
        self._trials: list[EvaluatedPoint] = []

    def run(self, start: Array, gap: float, time_limit_s: float) -> ParametricOptimum:
        """Search from `start` until the gap, relative to the cost, or the time limit is reached."""
        deadline = time.monotonic() + time_limit_s
        nodes, count = [_Node(self._limits.lower, self._limits.upper, lowest=start)], 1
        while True:
            node = min(nodes, key=lambda candidate: candidate.bound)
            incumbent = self._incumbent_yuan()
            is_met = np.isfinite(incumbent) and incumbent - node.bound <= gap * max(1.0, abs(incumbent))
            if is_met or (self._trials and time.monotonic() > deadline):
                break
            before = node.bound
            self._try(node, deadline)
            incumbent = self._incumbent_yuan()
            rise = node.bound - before if np.isfinite(before) else np.inf
            is_open = incumbent - node.bound > gap * max(1.0, abs(incumbent))
            if rise < LEAST_RISE * (incumbent - before) and is_open:
                nodes.remove(node)
                nodes += self._halves(node)
                count += 2
        cheapest = min(self._trials, key=lambda trial: trial.cost_yuan)
        bound = min(*(node.bound for node in nodes), cheapest.cost_yuan)
        return ParametricOptimum(cheapest, bound, tuple(self._trials), count)

    def _incumbent_yuan(self) -> float:
        """Cost of the cheapest trial."""
        return min((trial.cost_yuan for trial in self._trials), default=np.inf)

    def _try(self, node: _Node, deadline: float) -> None:
        """Solve the year where the cuts of a node are lowest, and add the new cut."""
        point = node.lowest
        self._progress(self._status(node))
        optimum, cut = self._solved(node, point, deadline)
        parameters_yuan = float(self._price @ point)
        cost_yuan, bound_yuan = optimum.cost_yuan + parameters_yuan, optimum.bound + parameters_yuan
        self._trials.append(EvaluatedPoint(point, cost_yuan, optimum.cost_yuan, bound_yuan))
        node.cuts.append(cut)
        self._update_bound(node)

    def _solved(self, node: _Node, point: Array, deadline: float) -> tuple[TiledOptimum, ParametricCut]:
        """The optimum at a point, and its cut for the node."""
        tiled, ends = self._tiled_at(point), zip(node.lower, node.upper, strict=True)
        steps = np.where(point + STEP * self._width <= self._limits.upper, STEP, -STEP) * self._width
        units = np.eye(len(point))
        shifted = [self._tiled_at(point + step * unit) for step, unit in zip(steps, units, strict=True)]
        moving = np.any([_differing_bounds(tiled.program, other.program) for other in shifted], axis=0)
        loosest = loosest_bounds([self._tiled_at(np.array(corner)) for corner in product(*ends)])
        tight = with_bounds_of_range(tiled, loosest, moving)
        settings = SolveSettings(self._pool, deadline, self._trial_gap)
        optimum = find_optimum(tiled, tiled, settings, self._warm_start, tight)
        self._warm_start, final = optimum.warm_start, optimum.final_relaxation
        if self._warm_start is None or final is None:  # its multipliers were asked for, but time ran out
            raise OutOfTime
        programs = [
            with_valid_inequalities(other, with_bounds_of_range(other, loosest, moving), final.strengthened)
            for other in shifted
        ]
        directions = [
            parameter_direction(final.program, program, step)
            for program, step in zip(programs, steps, strict=True)
        ]
        parameters = ParameterPoint(point, node.lower, node.upper, directions)
        return optimum, parametric_cut(tiled, optimum, parameters, self._pool)

    def _update_bound(self, node: _Node) -> None:
        """Minimise the maximum of a node's cuts over its feasible parameters."""
        count, limits = len(self._price), self._limits
        # columns: the parameters, then the cost
        slopes = np.array([cut.slopes + self._price for cut in node.cuts])
        values = np.array([cut.value - cut.slopes @ cut.point for cut in node.cuts])
        shift = values.max()
        above_cuts = np.column_stack([-slopes, np.ones(len(values))])
        feasible = np.column_stack([limits.matrix, np.zeros(len(limits.most))])
        program = LinearProgram(
            cost=np.append(np.zeros(count), 1.0),
            offset=0.0,
            matrix=sp.csr_array(np.vstack([above_cuts, feasible])),
            row_lower=np.concatenate([values - shift, np.full(len(limits.most), -np.inf)]),
            row_upper=np.concatenate([np.full(len(values), np.inf), limits.most]),
            lower=np.append(node.lower, -np.inf),
            upper=np.append(node.upper, np.inf),
            binary=np.zeros(count + 1, dtype=bool),
        )
        solver = Solver()
        solver.load(program)
        try:
            answer = solver.solve()
        except InfeasibleProgram:  # no feasible parameters in this range
            node.bound = np.inf
            return
        node.bound, node.lowest = answer.x[-1] + shift, np.clip(answer.x[:count], node.lower, node.upper)

    def _halves(self, node: _Node) -> list[_Node]:
        """Two nodes that divide the range where it is widest; the cuts hold in both."""
        widest = int(np.argmax((node.upper - node.lower) / self._width))
        middle = 0.5 * (node.lower[widest] + node.upper[widest])
        halves = []
        for low, high in ((node.lower[widest], middle), (middle, node.upper[widest])):
            lower, upper = node.lower.copy(), node.upper.copy()
            lower[widest], upper[widest] = low, high
            half = _Node(lower, upper, list(node.cuts))
            self._update_bound(half)
            halves.append(half)
        return halves

    def _status(self, node: _Node) -> str:
        """Progress text of the next trial."""
        if not np.isfinite(node.bound) or not self._trials:
            return "first trial"
        incumbent = self._incumbent_yuan()
        gap = (incumbent - node.bound) / max(1.0, abs(incumbent))
        return f"trial {len(self._trials) + 1}, gap {gap:.1e}"


def _differing_bounds(program: LinearProgram, other: LinearProgram) -> Mask:
    """Columns whose bounds differ."""
    return np.asarray((program.lower != other.lower) | (program.upper != other.upper))
