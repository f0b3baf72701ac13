"""Repair a relaxation whose optimum violates exclusive pairs, without a year-long branch and bound.

The violations lie in some days. A round does two things:

* Price. Each such window is cut out of the horizon and solved with binaries: every row it shares with its
  neighbours is replaced by that row's multiplier, and it gets a copy of its own of each shared decision,
  such as the month's peak, at the price its rows put on it. Windows are disjoint, so what the binaries add
  to the cost of each adds up to a valid lower bound (Lagrangian decomposition).
* Join. The windows say which member of each pair rests. With those at zero the whole horizon is solved
  again as a linear program, from the last basis: a feasible dispatch, and better multipliers.

Where the dispatch costs what the bound says, it is optimal. A window that stays dearer than its bound grows
by a day on each side.
"""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from models.device import Array
from optimizer.certificate import FEASIBILITY_TOLERANCE, certify, support
from optimizer.highs import InfeasibleProgram, Solver
from optimizer.horizon import Index
from optimizer.pairs import tempting, violated
from optimizer.program import Mask, Program
from optimizer.tile import Tiled

HALF = 0.5  # between the values of a binary
PRICE_DECIMALS = 9  # of yuan per MW or MWh: below that, two prices are one
GAP_TARGET = 1e-9  # relative; below this the two sides have met


@dataclass(frozen=True)
class Repaired:
    """A point that obeys every pair, a proven lower bound, and how it came about."""

    x: Array
    bound_yuan: float
    windows: int
    rounds: int
    binaries: int


@dataclass(frozen=True)
class _Window:
    """Intervals [first, last) that are solved with binaries."""

    first: int
    last: int


@dataclass(frozen=True)
class _Cut:
    """A window's part of the program: its columns, the rows inside, and the rows shared with outside."""

    columns: Index
    copies: Index  # shared decisions that other intervals have a part in
    inside: Index
    coupling: Index
    binaries: tuple[tuple[int, int], ...]  # positions of a and b among the columns


@dataclass(frozen=True)
class _Priced:
    """A window at some multipliers: its optimum with binaries, what these add, and who rests."""

    value: float  # [yuan] of the priced window
    gain: float  # [yuan] above its relaxation's dual
    resting: Index  # columns at zero


class Repair:
    """Works on one relaxation, its optimum and multipliers, until `deadline` (of time.monotonic)."""

    def __init__(
        self, tiled: Tiled, program: Program, x: Array, row_dual: Array, deadline: float, threads: int
    ) -> None:
        self._tiled, self._program, self._x, self._dual = tiled, program, x, row_dual
        self._deadline, self._threads = deadline, threads
        self._by_column = program.matrix.tocsc()
        self._by_row = program.matrix.tocsr()
        self._entries = np.diff(self._by_row.indptr)
        # pairs nobody is tempted to violate stay relaxed; one that is violated after all joins later
        self._doubtful = tempting(tiled, program) | violated(tiled, x)
        self._reduced = program.cost - program.matrix.T @ row_dual
        self._cuts: dict[_Window, _Cut] = {}
        # most prices stay from round to round
        self._solved: dict[tuple[_Window, int, bytes], tuple[float, Index]] = {}

    def run(self, solver: Solver) -> Repaired:
        """Repair in rounds. `solver` holds the relaxation, warm. Raises InfeasibleProgram."""
        windows = self._days(violated(self._tiled, self._x))
        best_x, best, bound = self._x, np.inf, -np.inf
        rounds, stalled = 0, 0
        with ThreadPoolExecutor(self._threads) as pool:
            while True:
                rounds += 1
                self._cuts = {window: self._cut(window) for window in windows}
                priced = dict(zip(windows, pool.map(self._price, windows), strict=True))
                certificate = certify(self._program, self._x, self._dual)
                gained = sum(found.gain for found in priced.values())
                if certificate.dual_infeasibility <= FEASIBILITY_TOLERANCE:
                    before, bound = bound, max(bound, certificate.dual_objective_yuan + gained)
                joined = self._join_rest(solver, priced.values())
                new = self._days(violated(self._tiled, self._x)) if joined else []
                self._doubtful |= violated(self._tiled, self._x)
                value = self._program.objective(self._x) if joined and not new else np.inf
                stalled = 0 if value < best or bound > before else stalled + 1
                if value < best:
                    best_x, best = self._x, value
                done = best - bound <= GAP_TARGET * max(1.0, abs(best))
                late = time.monotonic() > self._deadline or (stalled > 1 and self._is_whole(windows))
                if done or (late and np.isfinite(best)):
                    binaries = sum(len(cut.binaries) for cut in self._cuts.values())
                    return Repaired(best_x, bound, len(windows), rounds, binaries)
                if rounds % 2 == 0 or not joined:  # the new multipliers had their chance
                    allowed = GAP_TARGET * max(1.0, abs(bound)) / len(windows)
                    open_ = [w for w in windows if not joined or self._cost(w) - priced[w].value > allowed]
                    new += map(self._grown, open_)
                windows = self._join([*windows, *new])

    def _is_whole(self, windows: list[_Window]) -> bool:
        return windows == [_Window(0, len(self._tiled.horizon))]

    def _join_rest(self, solver: Solver, priced: Iterable[_Priced]) -> bool:
        """Solve the horizon with the resting members at zero; take over its optimum and multipliers."""
        upper = self._program.upper.copy()
        for found in priced:
            upper[found.resting] = np.maximum(0.0, self._program.lower[found.resting])
        solver.change_bounds(np.arange(len(upper)), self._program.lower, upper)
        try:
            answer = solver.solve()
        except InfeasibleProgram:
            return False
        self._x, self._dual = answer.x, answer.row_dual
        self._reduced = self._program.cost - self._program.matrix.T @ self._dual
        return True

    def _days(self, where: Mask) -> list[_Window]:
        """The days in which a pair is violated, neighbours joined."""
        day = self._tiled.horizon.period("day")
        marked = np.unique(day[where.any(axis=0)])
        return self._join(
            _Window(int(np.searchsorted(day, d)), int(np.searchsorted(day, d, side="right"))) for d in marked
        )

    @staticmethod
    def _join(windows: Iterable[_Window]) -> list[_Window]:
        joined: list[_Window] = []
        for window in sorted(windows, key=lambda w: w.first):
            if joined and window.first < joined[-1].last:
                joined[-1] = _Window(joined[-1].first, max(joined[-1].last, window.last))
            else:
                joined.append(window)
        return joined

    def _grown(self, window: _Window) -> _Window:
        """The window and a day on each side."""
        day, first = self._tiled.horizon.period("day"), self._tiled.horizon.first("day")
        ends = np.append(first, len(self._tiled.horizon))
        before = max(0, day[window.first] - 1)
        after = min(len(first), day[window.last - 1] + 2)
        return _Window(int(ends[before]), int(ends[after]))

    def _cut(self, window: _Window) -> _Cut:
        own = len(self._tiled.template.columns)
        columns = np.arange(window.first * own, window.last * own)
        shared = [
            start + period
            for declared, start in zip(self._tiled.template.shared, self._tiled.shared_starts, strict=False)
            for period in self._wholly_inside(declared.per, window)
        ]
        columns = np.concatenate([columns, np.array(shared, dtype=np.int64)])
        touched = np.unique(self._by_column[:, columns].indices)
        others = np.setdiff1d(self._by_row[touched].indices, columns)
        copies = others[others >= self._tiled.shared_starts[0]]
        within = np.isin(self._by_row[touched].indices, np.concatenate([columns, copies]))
        counts = np.add.reduceat(within, np.concatenate([[0], np.cumsum(self._entries[touched])[:-1]]))
        inside = counts == self._entries[touched]
        binaries: list[tuple[int, int]] = []
        for pair, doubtful in zip(self._tiled.template.pairs, self._doubtful, strict=True):
            at = np.flatnonzero(doubtful[window.first : window.last]) * own
            binaries += zip((at + pair.a).tolist(), (at + pair.b).tolist(), strict=True)
        return _Cut(columns, copies, touched[inside], touched[~inside], tuple(binaries))

    def _wholly_inside(self, per: Any, window: _Window) -> list[int]:
        period, count = self._tiled.horizon.period(per), len(self._tiled.horizon)
        inside = period[window.first : window.last]
        return [
            int(p)
            for p in np.unique(inside)
            if (window.first == 0 or period[window.first - 1] != p)
            and (window.last == count or period[window.last] != p)
        ]

    def _problem(self, cut: _Cut) -> tuple[Index, Array, sp.csr_array]:
        """Columns of a priced window, copies last, their prices, and its rows."""
        columns = np.concatenate([cut.columns, cut.copies])
        part = self._by_column[:, columns].tocsr()
        inside, own = part[cut.inside], len(cut.columns)
        price = self._program.cost[columns] - part[cut.coupling].T @ self._dual[cut.coupling]
        # at this price the linear program leaves a copy where the original is: its reduced cost is zero
        price[own:] = (inside.T @ self._dual[cut.inside])[own:]
        return columns, price, inside

    def _cost(self, window: _Window) -> float:
        """What the present dispatch costs in the priced window [yuan]."""
        columns, price, _ = self._problem(self._cuts[window])
        return float(price @ self._x[columns])

    def _price(self, window: _Window) -> _Priced:
        """Solve a priced window with its binaries."""
        cut, program = self._cuts[window], self._program
        columns, price, inside = self._problem(cut)
        lower, upper = program.row_lower[cut.inside], program.row_upper[cut.inside]
        relaxed = support(self._dual[cut.inside], lower, upper)[0]
        relaxed += support(
            self._reduced[cut.columns], program.lower[cut.columns], program.upper[cut.columns]
        )[0]
        key = (window, len(cut.binaries), np.round(price, PRICE_DECIMALS).tobytes())
        if key not in self._solved:
            solver = Solver(time_limit_s=max(1.0, self._deadline - time.monotonic()))
            solver.load(self._with_binaries(cut, columns, price, inside, lower, upper))
            answer = solver.solve()
            on = answer.x[len(columns) :] > HALF
            resting = [cut.columns[b if z else a] for (a, b), z in zip(cut.binaries, on, strict=True)]
            self._solved[key] = (answer.bound, np.array(resting, dtype=np.int64))
        value, rest = self._solved[key]
        return _Priced(value, max(0.0, value - relaxed), rest)

    def _with_binaries(
        self,
        cut: _Cut,
        columns: Index,
        cost: Array,
        matrix: sp.csr_array,
        row_lower: Array,
        row_upper: Array,
    ) -> Program:
        """a <= A z and b <= B (1 - z) for every open pair, with the bounds exclusivity implies."""
        program, n, k = self._program, len(columns), len(cut.binaries)
        a, b = (np.array([pair[i] for pair in cut.binaries], dtype=np.int64) for i in (0, 1))
        top_a, top_b = program.upper[columns][a], program.upper[columns][b]
        row = np.arange(k)
        pairs = sp.csr_array(
            (
                np.concatenate([np.ones(k), -top_a, np.ones(k), top_b]),
                (
                    np.concatenate([row, row, k + row, k + row]),
                    np.concatenate([a, n + row, b, n + row]),
                ),
            ),
            shape=(2 * k, n + k),
        )
        wide = sp.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], n + k))
        return Program(
            cost=np.concatenate([cost, np.zeros(k)]),
            offset=0.0,
            matrix=sp.vstack([wide, pairs], format="csr"),
            row_lower=np.concatenate([row_lower, np.full(2 * k, -np.inf)]),
            row_upper=np.concatenate([row_upper, np.zeros(k), top_b]),
            lower=np.concatenate([program.lower[columns], np.zeros(k)]),
            upper=np.concatenate([program.upper[columns], np.ones(k)]),
            binary=np.concatenate([np.zeros(n, dtype=bool), np.ones(k, dtype=bool)]),
        )
