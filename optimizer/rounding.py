"""A point that obeys every pair, where the proof has not brought one in time; made in two ways.

* Rest. The lesser member of each violated pair is put to rest, and the horizon solved again, until none is
  violated. Near the optimum this costs next to nothing; it may run in circles.
* Patch. Pieces with a violated pair are solved with binaries while all around them stays as it is, so they
  agree with one another. One linear program, in which everybody keeps the member in use, then moves the rest
  about.
"""

import time

import numpy as np

from models.device import Array
from models.errors import SolverError
from optimizer.blocks import Blocks
from optimizer.certificate import FEASIBILITY_TOLERANCE, primal_infeasibility
from optimizer.crew import Crew
from optimizer.highs import InfeasibleProgram, Solver
from optimizer.horizon import Index
from optimizer.pairs import TOLERANCE, violated
from optimizer.pricing import Pricer, positions, with_binaries
from optimizer.program import Mask, Program
from optimizer.tile import Tiled
from optimizer.windows import Pieces, Window

RESTINGS = 20  # rounds
WIDENINGS = 3  # of a window that obeys no rule while all around it stays
PATCH_S = 1.0  # for a window; what it has found by then will do

_Patch = tuple[Index, Array]  # columns and their values


class Rounding:
    """Rounds points of one program; after the deadline (time.monotonic) too, but then in one way only."""

    def __init__(
        self,
        tiled: Tiled,
        program: Program,
        pricer: Pricer,
        blocks: Blocks,
        pool: Crew,
        deadline: float,
    ) -> None:
        self._tiled, self._program, self._pricer = tiled, program, pricer
        self._blocks, self._pool, self._deadline = blocks, pool, deadline

    def round_off(self, start: Array, resting: Mask, pieces: Pieces) -> Array | None:
        """A point that obeys every pair, from one in which some rest already; none where none is found."""
        made = [self._patched_up(start, pieces)]
        made.append(self._rested(start, resting.copy(), needed=made[0] is None))
        return min((x for x in made if x is not None), key=self._program.objective, default=None)

    def _rested(self, x: Array, resting: Mask, *, needed: bool) -> Array | None:
        upper = self._program.upper
        members = [
            (self._tiled.column_of(p.a), self._tiled.column_of(p.b)) for p in self._tiled.template.pairs
        ]
        for _ in range(RESTINGS):
            where = violated(self._tiled, x)
            if not where.any():
                return x
            if not needed and time.monotonic() > self._deadline:
                return None
            for here, (a, b) in zip(where, members, strict=True):
                lesser = np.where(x[a] / np.maximum(upper[a], 1.0) < x[b] / np.maximum(upper[b], 1.0), a, b)
                resting[lesser[here]] = True
            try:
                x, _ = self._blocks.solve(self._program.upper_at_rest(resting))
            except InfeasibleProgram:
                return None
        return None

    def _patched_up(self, start: Array, pieces: Pieces) -> Array | None:
        x, where = start.copy(), violated(self._tiled, start)
        broken = np.unique(pieces.of_intervals(np.flatnonzero(where.any(axis=0))))
        windows = [pieces.window([piece]) for piece in broken.tolist()]
        patches = self._pool.map(lambda window: self._patched(start, window), windows)
        for window, patch in zip(windows, patches, strict=True):
            wider, found, tries = window, patch, WIDENINGS
            while found is None and tries:
                wider, tries = pieces.window(pieces.around(wider).tolist()), tries - 1
                found = self._patched(x, wider)
            if found is not None:
                columns, values = found
                shared = columns >= self._tiled.shared_starts[0]
                x[columns] = np.where(shared, np.maximum(values, x[columns]), values)
        if violated(self._tiled, x).any() or primal_infeasibility(self._program, x) > FEASIBILITY_TOLERANCE:
            return None
        return self._moved_about(x)

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
        return x if violated(self._tiled, better).any() else better

    def _patched(self, x: Array, window: Window) -> _Patch | None:
        """A window that obeys its pairs while all around it stays as in x; none where that is impossible.

        Shared decisions may rise, at their price, and are among the columns.
        """
        cut, program = self._pricer.cut(window), self._program
        every, own = cut.every, len(cut.columns)
        cost, lower, upper = program.cost[every], program.lower[every], program.upper[every]
        copies = slice(own, own + len(cut.copies))
        lower[copies] = x[cut.copies]
        for held in (cut.ending, slice(copies.stop, None)):
            cost[held], lower[held], upper[held] = 0.0, x[every[held]], x[every[held]]
        rows = program.row_lower[cut.inside], program.row_upper[cut.inside]
        none = np.zeros(len(every), dtype=bool)
        alone = Program(cost, 0.0, cut.matrix, *rows, lower, upper, none)
        all_pairs = np.ones((len(self._tiled.template.pairs), len(self._tiled.horizon)), dtype=bool)
        solver = Solver(time_limit_s=PATCH_S, rough=True)
        solver.load(with_binaries(alone, positions(self._tiled, all_pairs, window)))
        try:
            return every[: copies.stop], solver.solve().x[: copies.stop]
        except (InfeasibleProgram, SolverError):
            return None
