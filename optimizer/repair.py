"""Repair a relaxation whose optimum violates exclusive pairs, without a year-long branch and bound.

The violations lie in some hours of some days. At the multipliers of the relaxation the horizon falls apart at its
edges (`windows.py`), and a round does two things:

* Price. Each stretch with a violated pair is cut out and solved with binaries at the multipliers of the rest
  (`pricing.py`). Windows are disjoint, so what the binaries add to the cost of each adds up to a valid lower
  bound (Lagrangian decomposition).
* Agree. The windows' solutions are laid into the whole. Where that breaks a row, or leaves a priced one slack,
  they wanted different things: stretches that differ about a state between them become one window, and a shared
  decision that is disputed is settled among all who have a stake in it (`auction.py`). What nobody disputes is never
  solved twice.

When all agree, the whole is feasible and costs what the bound says: it is optimal. One linear program over the
horizon, with the windows' choice of who rests, makes it exact to the last digit, and where something still
differs brings better multipliers for another round.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from models.device import Array
from models.errors import SolverError
from optimizer.auction import settle
from optimizer.blocks import Blocks
from optimizer.certificate import FEASIBILITY_TOLERANCE, certify, support
from optimizer.highs import InfeasibleProgram, Solver
from optimizer.horizon import Index
from optimizer.pairs import tempting, violated
from optimizer.pricing import Multipliers, Part, Pricer, with_binaries
from optimizer.program import Program
from optimizer.tile import Tiled
from optimizer.windows import Pieces, Window

ROUNDINGS = 3
HALF = 0.5  # between the values of a binary
FALSE_BOUND = 1e-7  # relative; a bound above a dispatch by more than rounding would be no proof
PRICE_DECIMALS = 9  # of yuan per MW or MWh: below that, two prices are one
GAP_TARGET = 1e-9  # relative; below this the two sides have met
PRESSING = 1e-9  # [yuan per unit] multipliers above this press


@dataclass(frozen=True)
class Repaired:
    """A point that obeys every pair, a proven lower bound, and how it came about."""

    x: Array
    bound_yuan: float
    windows: int
    rounds: int
    binaries: int


@dataclass(frozen=True)
class _Solution:
    """Values of some columns of the whole, and what the binaries there add to the bound [yuan]."""

    windows: tuple[Window, ...]
    parts: tuple[Part, ...]
    columns: Index
    x: Array
    copies: tuple[Array, ...]  # of each part, its own idea of the shared decisions it does not decide
    resting: Index  # columns at zero
    gain: float


class Repair:
    """Works on one relaxation, its optimum and multipliers, until `deadline` (of time.monotonic)."""

    def __init__(
        self,
        tiled: Tiled,
        program: Program,
        x: Array,
        row_dual: Array,
        deadline: float,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._tiled, self._program, self._x = tiled, program, x
        self._deadline, self._pool = deadline, pool
        self._pricer, self._at = Pricer(tiled, program), Multipliers(tiled, program)
        self._at.set(row_dual)
        self._by_column = program.matrix.tocsc()
        # pairs nobody is tempted to violate stay relaxed; one that is violated after all joins later
        self._doubtful = tempting(tiled, program) | violated(tiled, x)
        self._resting = np.zeros(len(x), dtype=bool)
        self._pieces = Pieces(tiled, program, x, self._at.reduced)
        self._stakes: dict[int, set[int]] = {}  # pieces with a stake in each disputed shared decision
        self._solved: dict[tuple[object, ...], tuple[float, Array]] = {}

    def run(self, blocks: Blocks) -> Repaired:
        """Repair in rounds. `blocks` hold the relaxation, warm. Raises InfeasibleProgram."""
        best_x, best, bound = self._x, np.inf, -np.inf
        seen: set[tuple[object, ...]] = set()  # what has been tried once is not tried again
        rounds = 0
        self._turn = -1
        while True:
            self._turn += 1
            self._pieces.activate(self._pieces.of_intervals(self._disturbed()))
            base = certify(self._program, self._x, self._at.dual)
            while True:
                rounds += 1
                solutions = self._price_all()
                if base.dual_infeasibility <= FEASIBILITY_TOLERANCE:
                    bound = max(bound, base.dual_objective_yuan + sum(one.gain for one in solutions))
                if self._late() or not self._reconcile(solutions):
                    break
            for one in solutions:
                for part in one.parts:
                    self._resting[part.cut.columns] = False
                self._resting[one.resting] = True
            state = (*self._pieces.windows(), self._resting.tobytes())
            relaxed, tried = self._x, self._at.dual
            if self._join_rest(blocks) and self._round_off(blocks):
                value = self._program.objective(self._x)
                if value < best:
                    best_x, best = self._x, value
            if bound - best > FALSE_BOUND * max(1.0, abs(best)):
                raise SolverError(f"a dispatch of {best:.2f} yuan lies below its bound of {bound:.2f}")
            met = np.isfinite(best) and best - bound <= GAP_TARGET * max(1.0, abs(best))
            if met or (self._late() and np.isfinite(best)):
                binaries = sum(len(self._binaries(window)) for window in self._pieces.windows())
                return Repaired(best_x, min(bound, best), len(self._pieces.windows()), rounds, binaries)
            if self._late():
                raise SolverError(
                    f"no dispatch that obeys every exclusive pair was found in time; it costs at least"
                    f" {bound:.2f} yuan"
                )
            if state in seen:
                self._widen(solutions)
            seen.add(state)

    def _late(self) -> bool:
        return time.monotonic() > self._deadline

    def _disturbed(self) -> Index:
        """The intervals in which a pair is violated or a member has been put to rest."""
        own = self._resting[: self._tiled.shared_starts[0]].reshape(len(self._tiled.horizon), -1)
        return np.flatnonzero(violated(self._tiled, self._x).any(axis=0) | own.any(axis=1))

    def _round_off(self, blocks: Blocks) -> bool:
        """Rest the lesser member of each pair that is violated still, until none is."""
        for _ in range(ROUNDINGS):
            where = violated(self._tiled, self._x)
            if not where.any():
                return True
            self._doubtful |= where
            for pair, here in zip(self._tiled.template.pairs, where, strict=True):
                a, b = (self._tiled.column_of(member)[here] for member in (pair.a, pair.b))
                lesser = self._x[a] / self._program.upper[a] < self._x[b] / self._program.upper[b]
                self._resting[np.where(lesser, a, b)] = True
            if not self._join_rest(blocks):
                return False
        return not violated(self._tiled, self._x).any()

    def _join_rest(self, blocks: Blocks) -> bool:
        """Solve the horizon with the resting members at zero; take over its optimum and multipliers."""
        lower, upper = self._program.lower, self._program.upper
        try:
            self._x, dual = blocks.solve(np.where(self._resting, np.maximum(0.0, lower), upper))
        except InfeasibleProgram:
            return False
        self._at.set(dual)
        return True

    def _price_all(self) -> list[_Solution]:
        """Solve every window, those that dispute a shared decision together."""
        self._claim([])
        windows = self._pieces.windows()
        window_of = {piece: window for window in windows for piece in self._pieces.within(window)}
        scale = max(1.0, abs(self._program.objective(self._x)))
        self._allowed = GAP_TARGET * scale / (1 + len(windows))
        tasks: list[Callable[[], _Solution]] = []
        together: set[Window] = set()
        for shared, pieces in self._disputes():
            staked = {window_of.get(piece) or self._pieces.window([piece]) for piece in pieces}
            bidders = tuple(sorted((w for w in staked if w in set(windows)), key=lambda w: w.stretches))
            others = tuple(sorted(staked - set(bidders), key=lambda w: w.stretches))
            together |= staked
            tasks.append(lambda s=shared, b=bidders, o=others: self._settle(s, b, o))
        tasks += [lambda w=window: self._price(w) for window in windows if window not in together]
        return list(self._pool.map(lambda task: task(), tasks))

    def _disputes(self) -> list[tuple[Index, set[int]]]:
        """Shared decisions that hang together, and the pieces with a stake in any of them."""
        window_of = {p: i for i, w in enumerate(self._pieces.windows()) for p in self._pieces.within(w)}
        found: list[tuple[set[int], set[int], set[int]]] = []
        for column, pieces in sorted(self._stakes.items()):
            roots = {window_of.get(piece, -1 - piece) for piece in pieces}
            columns, all_pieces = {column}, set(pieces)
            apart = []
            for one in found:
                if one[2] & roots:
                    columns, all_pieces, roots = columns | one[0], all_pieces | one[1], roots | one[2]
                else:
                    apart.append(one)
            found = [*apart, (columns, all_pieces, roots)]
        return [(np.array(sorted(columns)), pieces) for columns, pieces, _ in found]

    def _claim(self, ties: list[Index]) -> bool:
        """Note who has a stake in the shared decisions of these sets of columns. Whether that is news."""
        first, before = self._tiled.shared_starts[0], {c: len(p) for c, p in self._stakes.items()}
        for tie in ties:
            for column in tie[tie >= first].tolist():
                pieces = self._pieces.of_columns(tie[tie < first]).tolist()
                self._stakes.setdefault(column, set()).update(pieces)
        for column, pieces in self._stakes.items():
            touching = self._by_column[:, [column]].indices
            touching = touching[np.abs(self._at.dual[touching]) > PRESSING]
            pressing = self._program.matrix[touching].indices
            # windows that press without disputing keep their price
            pressing = np.unique(self._pieces.of_columns(pressing[pressing < first]))
            pieces.update(pressing[~self._pieces.active(pressing)].tolist())
        return before != {c: len(p) for c, p in self._stakes.items()}

    def _reconcile(self, solutions: list[_Solution]) -> bool:
        """Lay the solutions into the whole and tie what differs. Whether that leaves anything to solve again."""
        program, x = self._program, self._x.copy()
        coupling = np.zeros(len(program.row_lower), dtype=bool)
        for one in solutions:
            x[one.columns] = one.x
            for part in one.parts:
                coupling[part.cut.coupling] = True
        for one in solutions:
            for part in one.parts:
                coupling[part.cut.inside] = False
        activity, dual = program.matrix @ x, self._at.dual
        broken = np.maximum(program.row_lower - activity, activity - program.row_upper)
        bound = np.where(dual > 0, program.row_lower, program.row_upper)
        priced = coupling & (np.abs(dual) > PRESSING)
        slack = np.zeros(len(dual))
        slack[priced] = dual[priced] * (activity[priced] - bound[priced])
        rows = program.matrix[np.flatnonzero((broken > FEASIBILITY_TOLERANCE) | (slack > self._allowed))]
        ties = [rows.indices[a:b] for a, b in zip(rows.indptr, rows.indptr[1:], strict=False)]
        for one in solutions:
            for part, copies in zip(one.parts, one.copies, strict=True):
                apart = np.abs(part.pays[part.copies] * (copies - x[part.cut.copies])) > self._allowed
                ties += [np.array([part.cut.columns[0], copy]) for copy in part.cut.copies[apart]]
        first = self._tiled.shared_starts[0]
        tied = self._pieces.tie([tie for tie in ties if tie.max() < first])
        import os
        claimed = self._turn >= int(os.environ.get("TURN","0")) and self._claim([tie for tie in ties if tie.max() >= first])
        return tied or claimed

    def _widen(self, solutions: list[_Solution]) -> None:
        """Tie each window that is dearer than its solution to the stretches around it."""
        for one in solutions:
            for window, part in zip(one.windows, one.parts, strict=True):
                self._pieces.tie_pieces([self._pieces.around(window)])

    def _binaries(self, window: Window) -> Index:
        """Positions of a and b of each doubtful pair among the window's columns, (pairs, 2)."""
        own, intervals = len(self._tiled.template.columns), window.intervals
        found = [np.empty((0, 2), dtype=np.int64)]
        for pair, doubtful in zip(self._tiled.template.pairs, self._doubtful, strict=True):
            at = np.flatnonzero(doubtful[intervals]) * own
            found.append(np.column_stack([at + pair.a, at + pair.b]))
        return np.concatenate(found)

    def _seconds_left(self) -> float:
        return max(1.0, self._deadline - time.monotonic())

    def _price(self, window: Window) -> _Solution:
        """Solve one window with its binaries."""
        part, pairs = self._pricer.part(window, self._at), self._binaries(window)
        key = (window, len(pairs), np.round(part.program.cost, PRICE_DECIMALS).tobytes())
        if key not in self._solved:
            solver = Solver(time_limit_s=self._seconds_left())
            solver.load(with_binaries(part.program, pairs))
            try:
                answer = solver.solve()
                self._solved[key] = (answer.bound, answer.x)
            except SolverError:  # time ran out before a point was found: claim nothing, change nothing
                self._solved[key] = (-np.inf, np.empty(0))
        bound, x = self._solved[key]
        gain = max(0.0, bound - part.relaxed)
        here = self._x[part.columns]
        if not x.size or (
            part.program.objective(here) - bound <= self._allowed
            and not violated(self._tiled, self._x)[:, window.intervals].any()
        ):
            # at these prices nothing better exists: the present point is kept, whatever its ties
            return self._unchanged((window,), (part,), gain)
        return _Solution(
            (window,),
            (part,),
            part.cut.columns,
            x[: len(part.cut.columns)],
            (x[part.copies],),
            _resting(part, pairs, x),
            gain,
        )

    def _settle(self, shared: Index, bidders: tuple[Window, ...], others: tuple[Window, ...]) -> _Solution:
        """Solve the windows that dispute some shared decisions, with all who have a stake in them."""
        at, program = self._at, self._program
        windows = bidders + others
        parts = tuple(self._pricer.part(window, at) for window in windows)
        pairs = [self._binaries(window) for window in bidders]
        price = at.reduced[shared].copy()
        relaxed = support(price, program.lower[shared], program.upper[shared])[0]
        for part in parts:
            here = np.isin(part.cut.copies, shared)
            price[np.searchsorted(shared, part.cut.copies[here])] += part.pays[part.copies][here]
            part.program.cost[part.copies.start + np.flatnonzero(here)] = 0.0
        relaxed += sum(part.relaxed for part in parts)
        settled = settle(
            shared,
            price,
            program.lower[shared],
            program.upper[shared],
            self._x[shared],
            at.dual,
            [(part, pair) for part, pair in zip(parts, pairs, strict=False)],
            list(parts[len(bidders) :]),
            GAP_TARGET * max(1.0, abs(program.objective(self._x))) / 100,
            self._seconds_left(),
        )
        if len(settled.others) < len(others) or not settled.bidders:
            return self._unchanged(windows, parts, 0.0)
        xs = [
            self._kept(window, part, x)
            for window, part, x in zip(windows, parts, settled.bidders + settled.others, strict=True)
        ]
        return _Solution(
            windows,
            parts,
            np.concatenate([shared, *(part.cut.columns for part in parts)]),
            np.concatenate(
                [settled.shared, *(x[: len(part.cut.columns)] for part, x in zip(parts, xs, strict=True))]
            ),
            tuple(x[part.copies] for part, x in zip(parts, xs, strict=True)),
            np.concatenate([_resting(*one) for one in zip(parts, pairs, settled.bidders, strict=False)]),
            max(0.0, settled.bound - relaxed),
        )

    def _kept(self, window: Window, part: Part, x: Array) -> Array:
        """A part's solution, or the present point where that obeys its rules and is as good."""
        here = self._x[part.columns]
        shared = part.cut.copies
        fits = np.abs(x[part.copies] - here[part.copies]) <= FEASIBILITY_TOLERANCE
        disputed = np.isin(shared, list(self._stakes))
        cost = part.program.cost
        if (
            (fits | ~disputed).all()
            and cost @ (here - x[: len(here)]) <= self._allowed
            and not violated(self._tiled, self._x)[:, window.intervals].any()
        ):
            return here
        return x

    def _unchanged(self, windows: tuple[Window, ...], parts: tuple[Part, ...], gain: float) -> _Solution:
        """The present point."""
        columns = np.concatenate([part.cut.columns for part in parts])
        copies = tuple(self._x[part.cut.copies] for part in parts)
        resting = columns[self._resting[columns]]
        return _Solution(windows, parts, columns, self._x[columns], copies, resting, gain)


def _resting(part: Part, pairs: Index, x: Array) -> Index:
    """Which member of each pair rests, as columns of the whole."""
    on = x[len(part.columns) :] > HALF
    return part.columns[np.where(on, pairs[:, 1], pairs[:, 0])]
