"""Solve windows with their binaries at the multipliers of the whole, one alone or several about a dispute."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.branch_and_bound.branching import BranchingResult, BranchingTree, branch_on_window
from parkdispatch.optimizer.decomposition.benders import IntegerWindow, solve_shared_decisions
from parkdispatch.optimizer.decomposition.value_functions import ContinuousValueFunction
from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram, Mask
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import (
    LagrangianPricer,
    Multipliers,
    WindowProgram,
    positions,
    with_binaries,
)
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.presolve.exclusive_pairs import TOLERANCE
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, support
from parkdispatch.optimizer.relaxation.month_blocks import MonthBlocks
from parkdispatch.optimizer.time_budget import TimeBudget

HALF = 0.5  # between the values of a binary
PRICE_DECIMALS = 9  # of yuan per MW or MWh: below that, two prices are one
# pairs in the windows of one round from which on a search of our own is worth what it takes to load: a
# quarter of a second, on a new machine some four, and 100 MB; the Gao'an year has some 1,000
MANY = 1400

_Solved = tuple[
    float, Array, Index
]  # bound, values in a part's columns (or none), columns of the whole at rest


@dataclass(frozen=True)
class RepairState:
    """The repair's present point, who rests in it, which pairs are in doubt, what is disputed.

    `allowed` is how many yuan a window may be dearer than its bound, `near` how closely the leaves of a tree
    and the planes of an auction must fit.
    """

    x: Array
    resting: Mask  # (columns,)
    broken: Mask  # (intervals,) where a pair is violated
    doubtful: Mask  # (pairs, intervals)
    disputed: frozenset[int]  # shared columns
    allowed: float
    near: float


@dataclass(frozen=True)
class WindowSolution:
    """Values of some columns of the whole, and what the binaries there add to the bound [yuan]."""

    windows: tuple[Window, ...]
    parts: tuple[WindowProgram, ...]
    columns: Index
    x: Array
    copies: tuple[Array, ...]  # of each part, its own idea of the shared decisions it does not decide
    resting: Index  # columns at zero
    gain: float


class Subproblems:
    """Solves windows of one program, and remembers what it solved at which prices."""

    def __init__(
        self,
        tiled: Tiled,
        program: LinearProgram,
        pricer: LagrangianPricer,
        blocks: MonthBlocks,
        at: Multipliers,
        deadline: float,
        trees: Mapping[Window, BranchingTree],
        again: bool,
    ) -> None:
        self._tiled, self._program, self._pricer, self._at = tiled, program, pricer, at
        self._blocks = blocks
        self.shares = TimeBudget(deadline)
        self.trees = dict(trees)  # of like windows, and then of those solved here
        self._own = again  # whether windows are searched here; else by the solver
        self._too_large: set[Window] = set()  # windows whose trees grew large
        self._solved: dict[tuple[object, ...], _Solved] = {}
        self._asked: dict[
            tuple[Window, bytes], tuple[Array, ContinuousValueFunction]
        ] = {}  # at which multipliers

    def begin_round(self, pairs: int, tasks: int) -> None:
        """How many pairs will get a binary, and how many tasks there are.

        The pairs decide for all windows how: which is first must not matter.
        """
        self._own |= pairs >= MANY
        self.shares.waiting = tasks

    def binaries(self, doubtful: Mask, window: Window) -> Index:
        """Positions of a and b of each doubtful pair among the window's columns, (pairs, 2)."""
        return positions(self._tiled, doubtful, window)

    def price(self, now: RepairState, window: Window) -> WindowSolution:
        """Solve one window with its binaries."""
        self.shares.begin()
        part, pairs = self._pricer.part(window, self._at), self.binaries(now.doubtful, window)
        key = (window, len(pairs), np.round(part.program.cost, PRICE_DECIMALS).tobytes())
        solved = self._solved.get(key)
        if solved is None:
            if time.monotonic() > self.shares.deadline:
                return self._unchanged(now, (window,), (part,), 0.0)
            solved, cut_short = self._branched(now, window, part, pairs), False
            if solved is None:
                solved, cut_short = self._searched(now, part, pairs)
            if not cut_short and time.monotonic() <= self.shares.deadline:  # else it is worked on again
                self._solved[key] = solved
        bound, x, resting = solved
        gain = max(0.0, bound - part.relaxed)
        here = now.x[part.cut.every]
        if not x.size or (
            part.program.objective(here) - bound <= now.allowed and not now.broken[window.intervals].any()
        ):
            # at these prices nothing better exists: the present point is kept, whatever its ties
            return self._unchanged(now, (window,), (part,), gain)
        own = x[: len(part.cut.columns)]
        return WindowSolution((window,), (part,), part.cut.columns, own, (x[part.copies],), resting, gain)

    def _branched(
        self, now: RepairState, window: Window, part: WindowProgram, pairs: Index
    ) -> _Solved | None:
        """By a tree, from that of a like window where there is one; none where it grew large."""
        here = now.x[part.cut.every]
        known = np.inf if now.broken[window.intervals].any() else part.program.objective(here)
        found = self._least(window, part, pairs, now.near, part.program, known)
        if found is None:
            return None
        self.trees[window] = found.tree
        x = found.x if found.x.size else here
        return found.bound, x, self._rests(now, part, pairs, x)

    def _least(
        self,
        window: Window,
        part: WindowProgram,
        pairs: Index,
        tolerance: float,
        program: LinearProgram,
        known: float,
    ) -> BranchingResult | None:
        """The least cost of a window's part, or of a program that differs from it by costs and bounds."""
        if not self._own or window in self._too_large:
            return None
        start = self._blocks.basis_in(part.cut)
        found = branch_on_window(program, pairs, start, known, tolerance, self.trees.get(window))
        if found is None:
            self._too_large.add(window)
            self.trees.pop(window, None)
        return found

    def _searched(self, now: RepairState, part: WindowProgram, pairs: Index) -> tuple[_Solved, bool]:
        """By the solver's own search, and whether time cut it short."""
        nobody = np.empty(0, dtype=np.int64)
        solver = Solver(time_limit_s=self.shares.limit_s(), gap_yuan=now.near)
        solver.load(with_binaries(part.program, pairs))
        try:
            answer = solver.solve()
        except SolverError:  # time ran out before a point was found: claim nothing, change nothing
            return (-np.inf, np.empty(0), nobody), True
        solved = answer.bound, answer.x[: len(part.cut.every)], _resting(part, pairs, answer.x)
        return solved, answer.timed_out

    def _rests(self, now: RepairState, part: WindowProgram, pairs: Index, x: Array) -> Index:
        """Which member of each pair rests, as columns of the whole; where neither works, who rests now."""
        a, b = pairs[:, 0], pairs[:, 1]
        idle = np.maximum(x[a], x[b]) <= TOLERANCE
        second = np.where(idle, now.resting[part.cut.every[b]], x[a] > x[b])
        return part.cut.every[np.where(second, b, a)]

    def settle(
        self, now: RepairState, shared: Index, bidders: tuple[Window, ...], others: Window
    ) -> WindowSolution:
        """Solve the windows that dispute some shared decisions, with the others who have a stake in them."""
        self.shares.begin()
        at, program = self._at, self._program
        windows = (*bidders, others)
        parts = tuple(self._pricer.part(window, at) for window in windows)
        if time.monotonic() > self.shares.deadline:
            return self._unchanged(now, windows, parts, 0.0)
        pairs = [self.binaries(now.doubtful, window) for window in bidders]
        price = at.reduced[shared].copy()
        relaxed = support(price, program.lower[shared], program.upper[shared])[0]
        for part in parts:
            here = np.isin(part.cut.copies, shared)
            price[np.searchsorted(shared, part.cut.copies[here])] += part.pays[part.copies][here]
            part.program.cost[part.copies.start + np.flatnonzero(here)] = 0.0
        relaxed += sum(part.relaxed for part in parts)
        rest = self._others(now, others, parts[-1], shared)
        settled = solve_shared_decisions(
            shared,
            price,
            program.lower[shared],
            program.upper[shared],
            now.x[shared],
            at.dual,
            [
                IntegerWindow(part, of, partial(self._least, window, part, of, now.near / len(bidders)))
                for window, part, of in zip(bidders, parts[:-1], pairs, strict=True)
            ],
            rest,
            now.near,
            self.shares.deadline,
        )
        if settled.others is None:
            return self._unchanged(now, windows, parts, 0.0)
        xs, resting = [], []
        for number, (window, part) in enumerate(zip(windows, parts, strict=True)):
            x = [*settled.bidders, settled.others][number]
            if self._as_good(now, window, part, x):
                xs.append(now.x[part.cut.every])
                resting.append(part.cut.columns[now.resting[part.cut.columns]])
            else:
                xs.append(x)
                resting += [self._rests(now, part, pairs[number], x)] if number < len(bidders) else []
        return WindowSolution(
            windows,
            parts,
            np.concatenate([shared, *(part.cut.columns for part in parts)]),
            np.concatenate(
                [settled.shared, *(x[: len(part.cut.columns)] for part, x in zip(parts, xs, strict=True))]
            ),
            tuple(x[part.copies] for part, x in zip(parts, xs, strict=True)),
            np.concatenate([np.empty(0, dtype=np.int64), *resting]),
            max(0.0, settled.bound - relaxed),
        )

    def _others(
        self, now: RepairState, window: Window, part: WindowProgram, shared: Index
    ) -> ContinuousValueFunction:
        """The others of an auction, as they were left by the last one at these prices."""
        key = (window, shared.tobytes())
        prices, others = self._asked.get(key, (None, None))
        if others is None or prices is not self._at.dual:
            others = ContinuousValueFunction(part, shared, self._blocks.basis_in(part.cut))
            here, dual = now.x[part.cut.every], self._at.dual[part.cut.inside]
            others.stand(now.x[shared], here, dual, now.near)
            self._asked[key] = (self._at.dual, others)
        return others

    def forget(self) -> None:
        """Let go of what serves at the present prices only."""
        self._asked.clear()

    def _as_good(self, now: RepairState, window: Window, part: WindowProgram, x: Array) -> bool:
        """Whether the present point obeys the rules here, agrees about disputes and costs no more."""
        here, copies = now.x[part.cut.every], part.copies
        disputed = np.isin(part.cut.copies, list(now.disputed))
        return bool(
            (np.abs(x[copies] - here[copies])[disputed] <= FEASIBILITY_TOLERANCE).all()
            and (part.program.cost * (here - x[: len(here)])).sum() <= now.allowed
            and not now.broken[window.intervals].any()
        )

    def _unchanged(
        self, now: RepairState, windows: tuple[Window, ...], parts: tuple[WindowProgram, ...], gain: float
    ) -> WindowSolution:
        """The present point."""
        columns = np.concatenate([part.cut.columns for part in parts])
        copies = tuple(now.x[part.cut.copies] for part in parts)
        resting = columns[now.resting[columns]]
        return WindowSolution(windows, parts, columns, now.x[columns], copies, resting, gain)


def _resting(part: WindowProgram, pairs: Index, x: Array) -> Index:
    """Which member of each pair rests, as columns of the whole."""
    on = x[len(part.cut.every) :] > HALF
    return part.cut.every[np.where(on, pairs[:, 1], pairs[:, 0])]
