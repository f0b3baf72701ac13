"""The cheapest of some numbers, such as a battery's power and energy, and the proof that none is cheaper.

Each trial solves the year at fixed numbers, exactly, and leaves a plane below the cost for the whole range it
was made for (`box.py`). The next trial lies where the planes are lowest (Kelley's cutting planes). Where
binaries keep the planes below the cost, the range is divided, and each half gets planes of its own (branch
and bound). To solve the year with the numbers as decisions ties all of its days together, which took a
hundred times as long and left a gap.
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
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver
from parkdispatch.optimizer.parametric.derivatives import direction, in_range, loosest
from parkdispatch.optimizer.parametric.parametric_bound import ParametricCut, parametric_cut
from parkdispatch.optimizer.presolve.valid_inequalities import with_valid_inequalities
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.tiled_optimum import TiledOptimum, TiledWarmStart, find_optimum

STEP = 1e-3  # of the range's width: how far apart two parks are that show how bounds move
LEAST_RISE = (
    0.3  # of the distance to the best: a trial whose plane raises the bound by less divides the range
)


@dataclass(frozen=True)
class ParameterLimits:
    """The numbers that may be chosen: lower <= numbers <= upper and matrix @ numbers <= most."""

    lower: Array
    upper: Array
    matrix: Array
    most: Array


@dataclass(frozen=True)
class EvaluatedPoint:
    """The year at fixed numbers."""

    numbers: Array
    cost_yuan: float  # with what the numbers cost
    dispatch_yuan: float
    bound_yuan: float  # at these numbers


@dataclass(frozen=True)
class ParametricOptimum:
    """The cheapest numbers, what nothing is cheaper than, and how it was found.

    `ranges` counts the parts that the numbers were divided into, the whole among them.
    """

    best: EvaluatedPoint
    bound_yuan: float
    trials: tuple[EvaluatedPoint, ...]
    ranges: int


@dataclass(eq=False)
class _Range:
    """A part of the numbers, and the planes that hold in it."""

    lower: Array
    upper: Array
    planes: list[ParametricCut] = field(default_factory=list)
    bound: float = -np.inf
    lowest: Array = field(default_factory=lambda: np.empty(0))


class ParametricSearch:
    """Looks for the cheapest numbers.

    `tiled_at` makes the park with some numbers, on the same horizon; they may stand in bounds and right-hand
    sides only, and bounds must be straight in them. `price` is what a unit of each costs [yuan].
    """

    def __init__(
        self,
        tiled_at: Callable[[Array], Tiled],
        limits: ParameterLimits,
        price: Array,
        pool: ThreadPool,
        progress: Callable[[str], None],
    ) -> None:
        self._tiled_at, self._limits, self._price = tiled_at, limits, price
        self._pool, self._progress = pool, progress
        self._width = np.maximum(limits.upper - limits.lower, 1e-9)
        self._trail: TiledWarmStart | None = None
        self._trials: list[EvaluatedPoint] = []

    def run(self, start: Array, gap: float, time_limit_s: float) -> ParametricOptimum:
        """Search until the gap, relative to the cost, or the time is reached."""
        deadline = time.monotonic() + time_limit_s
        first = _Range(self._limits.lower, self._limits.upper, lowest=start)
        ranges, made = [first], 1
        while True:
            here = min(ranges, key=lambda one: one.bound)
            best = min((trial.cost_yuan for trial in self._trials), default=np.inf)
            met = np.isfinite(best) and best - here.bound <= gap * max(1.0, abs(best))
            if met or (self._trials and time.monotonic() > deadline):
                break
            before = here.bound
            self._try(here, deadline)
            best = min(trial.cost_yuan for trial in self._trials)
            risen = here.bound - before if np.isfinite(before) else np.inf
            if risen < LEAST_RISE * (best - before) and best - here.bound > gap * max(1.0, abs(best)):
                ranges.remove(here)
                ranges += self._halves(here)
                made += 2
        cheapest = min(self._trials, key=lambda trial: trial.cost_yuan)
        bound = min(*(one.bound for one in ranges), cheapest.cost_yuan)
        return ParametricOptimum(cheapest, bound, tuple(self._trials), made)

    def _try(self, here: _Range, deadline: float) -> None:
        """Solve the year at the lowest point of a range's planes, and add the plane found."""
        at = here.lowest
        self._progress(self._said(here))
        found, plane = self._solved(here, at, deadline)
        value = found.cost_yuan
        own = float(self._price @ at)
        self._trials.append(EvaluatedPoint(at, value + own, value, found.bound + own))
        here.planes.append(plane)
        self._bound(here)

    def _solved(self, here: _Range, at: Array, deadline: float) -> tuple[TiledOptimum, ParametricCut]:
        """The optimum at these numbers, and the plane it leaves for the range."""
        tiled, ends = self._tiled_at(at), zip(here.lower, here.upper, strict=True)
        steps = np.where(at + STEP * self._width <= self._limits.upper, STEP, -STEP) * self._width
        near = [self._tiled_at(at + step * unit) for step, unit in zip(steps, np.eye(len(at)), strict=True)]
        moving = np.any([_moved(tiled.program, one.program) for one in near], axis=0)
        loose = loosest([self._tiled_at(np.array(corner)) for corner in product(*ends)])
        tight = in_range(tiled, loose, moving)
        found = find_optimum(tiled, tiled, deadline, self._pool, lambda _: None, self._trail, tight)
        self._trail, priced = found.trail, found.priced
        assert priced is not None  # its multipliers were asked for
        there = [with_valid_inequalities(one, in_range(one, loose, moving), priced.chorded) for one in near]
        directions = [
            direction(priced.program, program, step) for program, step in zip(there, steps, strict=True)
        ]
        return found, parametric_cut(tiled, found, at, directions, here.lower, here.upper, self._pool)

    def _bound(self, here: _Range) -> None:
        """The least that the planes say in a range, and where."""
        count, limits = len(self._price), self._limits
        # columns: the numbers, then the cost
        slopes = np.array([plane.slopes + self._price for plane in here.planes])
        values = np.array([plane.value - plane.slopes @ plane.at for plane in here.planes])
        shift = values.max()
        above = np.column_stack([-slopes, np.ones(len(values))])
        allowed = np.column_stack([limits.matrix, np.zeros(len(limits.most))])
        program = LinearProgram(
            cost=np.append(np.zeros(count), 1.0),
            offset=0.0,
            matrix=sp.csr_array(np.vstack([above, allowed])),
            row_lower=np.concatenate([values - shift, np.full(len(limits.most), -np.inf)]),
            row_upper=np.concatenate([np.full(len(values), np.inf), limits.most]),
            lower=np.append(here.lower, -np.inf),
            upper=np.append(here.upper, np.inf),
            binary=np.zeros(count + 1, dtype=bool),
        )
        solver = Solver()
        solver.load(program)
        try:
            answer = solver.solve()
        except InfeasibleProgram:  # none of the range may be chosen
            here.bound = np.inf
            return
        here.bound, here.lowest = answer.x[-1] + shift, np.clip(answer.x[:count], here.lower, here.upper)

    def _halves(self, here: _Range) -> list[_Range]:
        """The range divided where it is widest, each half with its planes."""
        widest = int(np.argmax((here.upper - here.lower) / self._width))
        middle = 0.5 * (here.lower[widest] + here.upper[widest])
        made = []
        for low, high in ((here.lower[widest], middle), (middle, here.upper[widest])):
            lower, upper = here.lower.copy(), here.upper.copy()
            lower[widest], upper[widest] = low, high
            one = _Range(lower, upper, list(here.planes))
            self._bound(one)
            made.append(one)
        return made

    def _said(self, here: _Range) -> str:
        if not np.isfinite(here.bound) or not self._trials:
            return "trying a first one"
        best = min(trial.cost_yuan for trial in self._trials)
        return f"trying number {len(self._trials) + 1}, gap {(best - here.bound) / max(1.0, abs(best)):.1e}"


def _moved(here: LinearProgram, there: LinearProgram) -> Mask:
    """Columns whose bounds differ."""
    return np.asarray((here.lower != there.lower) | (here.upper != there.upper))
