"""A point that obeys every pair, where the proof has not brought one in time; made in two ways.

* Patch. Pieces with a violated pair are solved with binaries while all around them stays as it is, so they
  agree with one another; where that is dear, such as an hour that could charge at the month's peak only, with
  the pieces around them. One linear program, in which everybody keeps the member in use, then moves the rest
  about.
* Rest, where pieces cannot obey alone. The lesser member of each violated pair is put to rest, and the
  horizon solved again, until none is violated; it may run in circles.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.branch_and_bound.branching import quick_feasible_point
from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram, Mask
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer, positions, with_binaries
from parkdispatch.optimizer.partition.windows import Partition, Window
from parkdispatch.optimizer.presolve.exclusive_pairs import TOLERANCE, violated_pairs
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, primal_infeasibility
from parkdispatch.optimizer.relaxation.month_blocks import MonthBlocks
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.time_budget import TimeBudget

RESTINGS = 20  # rounds
WIDENINGS = 3  # of a window that obeys no rule, or a dear one, while all around it stays
DEAR = 1e-6  # of the whole cost, more than while the pairs were violated
CLOSE = 1e-8  # of the whole cost: as far from its best may each of hundreds of windows be
LEAST_S = 5.0  # for all windows, after the deadline too
PATCH_S = 1.0  # for one; what it has found by then will do


@dataclass(frozen=True)
class _Patch:
    """Values of some columns, and what these cost more than the values there now [yuan]."""

    columns: Index
    values: Array
    yuan: float


_Patches = list[_Patch]  # that together make a window obey its pairs; none where none are known


class Rounding:
    """Rounds points of one program, before the deadline (time.monotonic) if that is possible, else after."""

    def __init__(
        self,
        tiled: Tiled,
        program: LinearProgram,
        pricer: LagrangianPricer,
        blocks: MonthBlocks,
        pool: ThreadPool,
        deadline: float,
    ) -> None:
        self._tiled, self._program, self._pricer = tiled, program, pricer
        self._blocks, self._pool, self._deadline = blocks, pool, deadline
        self._all_pairs = np.ones((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)

    def round_off(self, start: Array, resting: Mask, pieces: Partition) -> Array | None:
        """A point that obeys every pair, from one in which some rest already; none where none is found."""
        patched = self._patched_up(start, pieces)
        return self._rested(start, resting.copy()) if patched is None else patched

    def _rested(self, x: Array, resting: Mask) -> Array | None:
        upper = self._program.upper
        members = [
            (self._tiled.column_of(p.a), self._tiled.column_of(p.b)) for p in self._tiled.template.pairs
        ]
        for _ in range(RESTINGS):
            where = violated_pairs(self._tiled, x)
            if not where.any():
                return x
            for here, (a, b) in zip(where, members, strict=True):
                lesser = np.where(x[a] / np.maximum(upper[a], 1.0) < x[b] / np.maximum(upper[b], 1.0), a, b)
                resting[lesser[here]] = True
            try:
                x, _ = self._blocks.solve(self._program.upper_at_rest(resting))
            except InfeasibleProgram:
                return None
        return None

    def _patched_up(self, start: Array, pieces: Partition) -> Array | None:
        x, where = start.copy(), violated_pairs(self._tiled, start)
        broken = np.unique(pieces.of_intervals(np.flatnonzero(where.any(axis=0)))).tolist()
        known: Mapping[Window, _Patches] = {pieces.window([piece]): [] for piece in broken}
        shares = TimeBudget(max(self._deadline, time.monotonic() + LEAST_S))
        scale_yuan = max(1.0, abs(self._program.objective(start)))
        widenings = WIDENINGS  # that are left
        while known:
            shares.waiting, dear = len(known), dict[Window, _Patches]()
            in_time = time.monotonic() < shares.deadline
            patched = partial(
                self._patched, x, shares=shares, close_yuan=CLOSE * scale_yuan, paying=widenings < WIDENINGS
            )
            found = self._pool.map(patched, known)
            for (window, narrower), wider in zip(known.items(), found, strict=True):
                best = min(narrower, wider, key=_yuan)
                if widenings and (not best or (in_time and _yuan(best) > DEAR * scale_yuan)):
                    dear[window] = best
                else:
                    self._lay(best, x)
            known, widenings = _widened(dear, pieces), widenings - 1
        if (
            violated_pairs(self._tiled, x).any()
            or primal_infeasibility(self._program, x) > FEASIBILITY_TOLERANCE
        ):
            return None
        return self._moved_about(x)

    def _lay(self, patches: _Patches, x: Array) -> None:
        """Lay patches into a point; a shared decision is as high as any of them needs it."""
        for one in patches:
            shared = one.columns >= self._tiled.shared_starts[0]
            x[one.columns] = np.where(shared, np.maximum(one.values, x[one.columns]), one.values)

    def _moved_about(self, x: Array) -> Array:
        """The best point in which every pair keeps the member in use."""
        resting = np.zeros(len(x), dtype=bool)
        for pair in self._tiled.template.pairs:
            a, b = self._tiled.column_of(pair.a), self._tiled.column_of(pair.b)
            resting[a] |= (x[a] <= TOLERANCE) & (x[b] > TOLERANCE)
            resting[b] |= (x[b] <= TOLERANCE) & (x[a] > TOLERANCE)
        try:
            better, _ = self._blocks.solve(self._program.upper_at_rest(resting))
        except InfeasibleProgram:  # by rounding alone: x is such a point
            return x
        return x if violated_pairs(self._tiled, better).any() else better

    def _patched(
        self, x: Array, window: Window, shares: TimeBudget, close_yuan: float, paying: bool
    ) -> _Patches:
        """A window that obeys its pairs while all around it stays as in x, if that is possible.

        Shared decisions stay too; where it is `paying` they may rise, at their price.
        """
        shares.begin()
        cut, program = self._pricer.cut(window), self._program
        alone = cut.alone(program, x, paying=paying)
        pairs = positions(self._tiled, self._all_pairs, window)
        values = None
        if not paying:
            values = quick_feasible_point(alone, pairs, self._blocks.basis_in(cut), close_yuan)
        if values is None:
            # to presolve takes longer than it saves
            solver = Solver(time_limit_s=min(PATCH_S, shares.limit_s()), rough=True, presolve=False)
            solver.load(with_binaries(alone, pairs))
            try:
                values = solver.solve().x[: len(cut.every)]
            except (InfeasibleProgram, SolverError):
                return []
        if not values.size:
            return []
        columns = cut.every[: len(cut.columns) + len(cut.copies)]
        values = values[: len(columns)]
        return [_Patch(columns, values, float(program.cost[columns] @ (values - x[columns])))]


def _yuan(patches: _Patches) -> float:
    """What patches cost; those that are not known cost more than any."""
    return sum(one.yuan for one in patches) if patches else np.inf


def _widened(known: Mapping[Window, _Patches], pieces: Partition) -> dict[Window, _Patches]:
    """Each window with the pieces around it; those that meet become one."""
    wider: list[tuple[set[int], list[_Patches]]] = []
    for window, patches in sorted(known.items(), key=lambda item: item[0].stretches):
        around = set(pieces.with_neighbours(window).tolist())
        if wider and wider[-1][0] & around:
            wider[-1][0].update(around)
            wider[-1][1].append(patches)
        else:
            wider.append((around, [patches]))
    return {
        pieces.window(sorted(around)): list(chain.from_iterable(each)) if all(each) else []
        for around, each in wider
    }
