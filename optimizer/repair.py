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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from models.device import Array
from models.errors import SolverError
from optimizer.certificate import FEASIBILITY_TOLERANCE, certify, support
from optimizer.highs import InfeasibleProgram, Solver
from optimizer.horizon import Index
from optimizer.pairs import tempting, violated
from optimizer.program import Program
from optimizer.tile import Tiled
from optimizer.windows import Cut, Cutter, Window, days, grown, merged

ROUNDINGS = 3
PATIENCE = 1  # rounds a window may stay open before it grows
HALF = 0.5  # between the values of a binary
FALSE_BOUND = 1e-7  # relative; a bound above a dispatch by more than rounding would be no proof
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
        self._cutter = Cutter(tiled, program)
        # pairs nobody is tempted to violate stay relaxed; one that is violated after all joins later
        self._doubtful = tempting(tiled, program) | violated(tiled, x)
        self._reduced = program.cost - program.matrix.T @ row_dual
        self._resting = np.zeros(len(x), dtype=bool)
        self._cuts: dict[Window, Cut] = {}
        # most prices stay from round to round
        self._solved: dict[tuple[Window, int, bytes], tuple[float, Index]] = {}

    def run(self, solver: Solver) -> Repaired:
        """Repair in rounds. `solver` holds the relaxation, warm. Raises InfeasibleProgram."""
        windows = days(self._tiled, violated(self._tiled, self._x))
        patience: dict[Window, int] = {}
        visited: set[tuple[object, ...]] = set()  # what has been tried once is not tried again
        best_x, best, bound = self._x, np.inf, -np.inf
        rounds, joined = 0, self._round_off(solver)
        with ThreadPoolExecutor(self._threads) as pool:
            while True:
                rounds += 1
                windows = merged([*windows, *self._touched()])
                self._cuts = {window: self._cutter.cut(window) for window in windows}
                state = (tuple(windows), int(self._doubtful.sum()), self._resting.tobytes())
                priced = dict(zip(windows, pool.map(self._price, windows), strict=True))
                certificate = certify(self._program, self._x, self._dual)
                if certificate.dual_infeasibility <= FEASIBILITY_TOLERANCE:
                    gained = sum(one.gain for one in priced.values())
                    bound = max(bound, certificate.dual_objective_yuan + gained)
                still, value = violated(self._tiled, self._x), self._program.objective(self._x)
                self._doubtful |= still
                if joined and not still.any() and value < best:
                    best_x, best = self._x, value
                done = np.isfinite(best) and best - bound <= GAP_TARGET * max(1.0, abs(best))
                if bound - best > FALSE_BOUND * max(1.0, abs(best)):
                    raise SolverError(f"a dispatch of {best:.2f} yuan lies below its bound of {bound:.2f}")
                late = time.monotonic() > self._deadline or state in visited
                visited.add(state)
                if done or (late and np.isfinite(best)):
                    binaries = sum(len(self._binaries(window)) for window in windows)
                    return Repaired(best_x, min(bound, best), len(windows), rounds, binaries)
                if late:
                    raise SolverError(
                        f"no dispatch that obeys every exclusive pair was found in time; it costs at least"
                        f" {bound:.2f} yuan"
                    )

                allowed = GAP_TARGET * max(1.0, abs(bound)) / len(windows)
                wider = []
                for window in windows:
                    here = still[:, window.first : window.last].any()
                    if joined and not here and self._cost(window) - priced[window].value <= allowed:
                        continue  # at these prices nothing better exists: keep it, whatever its ties
                    columns = self._cuts[window].columns
                    self._resting[columns] = False
                    self._resting[priced[window].resting] = True
                    patience[window] = patience.get(window, 0) + 1
                    if patience[window] > PATIENCE or not joined:
                        wider.append(grown(self._tiled, window))
                windows = merged([*windows, *wider])
                joined = self._join_rest(solver)

    def _touched(self) -> list[Window]:
        """The days in which a pair is violated or a member has been put to rest."""
        count = len(self._tiled.horizon)
        own = self._resting[: self._tiled.shared_starts[0]].reshape(count, -1)
        return days(self._tiled, np.vstack([violated(self._tiled, self._x), own.any(axis=1)]))

    def _round_off(self, solver: Solver) -> bool:
        """Rest the lesser member of each violated pair: multipliers nearer the truth to begin with."""
        for _ in range(ROUNDINGS):
            where = violated(self._tiled, self._x)
            if not where.any():
                return True
            self._doubtful |= where
            for pair, here in zip(self._tiled.template.pairs, where, strict=True):
                a, b = (self._tiled.column_of(member)[here] for member in (pair.a, pair.b))
                lesser = self._x[a] / self._program.upper[a] < self._x[b] / self._program.upper[b]
                self._resting[np.where(lesser, a, b)] = True
            if not self._join_rest(solver):
                return False
        return True

    def _join_rest(self, solver: Solver) -> bool:
        """Solve the horizon with the resting members at zero; take over its optimum and multipliers."""
        lower, upper = self._program.lower, self._program.upper
        upper = np.where(self._resting, np.maximum(0.0, lower), upper)
        solver.change_bounds(np.arange(len(upper)), lower, upper)
        try:
            answer = solver.solve()
        except InfeasibleProgram:
            return False
        self._x, self._dual = answer.x, answer.row_dual
        self._reduced = self._program.cost - self._program.matrix.T @ self._dual
        return True

    def _binaries(self, window: Window) -> list[tuple[int, int]]:
        """Positions of a and b of each doubtful pair among the window's columns."""
        own = len(self._tiled.template.columns)
        found: list[tuple[int, int]] = []
        for pair, doubtful in zip(self._tiled.template.pairs, self._doubtful, strict=True):
            at = np.flatnonzero(doubtful[window.first : window.last]) * own
            found += zip((at + pair.a).tolist(), (at + pair.b).tolist(), strict=True)
        return found

    def _problem(self, cut: Cut) -> tuple[Index, Array, sp.csr_array]:
        """Columns of a priced window, copies last, their prices, and its rows."""
        columns = np.concatenate([cut.columns, cut.copies])
        part = self._cutter.by_column[:, columns].tocsr()
        inside, own = part[cut.inside], len(cut.columns)
        price = self._program.cost[columns] - part[cut.coupling].T @ self._dual[cut.coupling]
        # at this price the linear program leaves a copy where the original is: its reduced cost is zero
        price[own:] = (inside.T @ self._dual[cut.inside])[own:]
        return columns, price, inside

    def _cost(self, window: Window) -> float:
        """What the present dispatch costs in the priced window [yuan]."""
        columns, price, _ = self._problem(self._cuts[window])
        return float(price @ self._x[columns])

    def _price(self, window: Window) -> _Priced:
        """Solve a priced window with its binaries."""
        cut, program = self._cuts[window], self._program
        columns, price, inside = self._problem(cut)
        lower, upper = program.row_lower[cut.inside], program.row_upper[cut.inside]
        relaxed = support(self._dual[cut.inside], lower, upper)[0]
        relaxed += support(
            self._reduced[cut.columns], program.lower[cut.columns], program.upper[cut.columns]
        )[0]
        pairs = self._binaries(window)
        key = (window, len(pairs), np.round(price, PRICE_DECIMALS).tobytes())
        if key not in self._solved:
            solver = Solver(time_limit_s=max(1.0, self._deadline - time.monotonic()))
            solver.load(self._with_binaries(pairs, columns, price, inside, lower, upper))
            try:
                answer = solver.solve()
            except SolverError:  # time ran out before a point was found: claim nothing, change nothing
                return _Priced(relaxed, 0.0, np.empty(0, dtype=np.int64))
            on = answer.x[len(columns) :] > HALF
            resting = [cut.columns[b if z else a] for (a, b), z in zip(pairs, on, strict=True)]
            self._solved[key] = (answer.bound, np.array(resting, dtype=np.int64))
        value, rest = self._solved[key]
        return _Priced(value, max(0.0, value - relaxed), rest)

    def _with_binaries(
        self,
        doubtful: list[tuple[int, int]],
        columns: Index,
        cost: Array,
        matrix: sp.csr_array,
        row_lower: Array,
        row_upper: Array,
    ) -> Program:
        """a <= A z and b <= B (1 - z) for every open pair, with the bounds exclusivity implies."""
        program, n, k = self._program, len(columns), len(doubtful)
        a, b = (np.array([pair[i] for pair in doubtful], dtype=np.int64) for i in (0, 1))
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
