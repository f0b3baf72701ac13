"""Where a horizon falls apart, and the windows it is repaired in.

A horizon falls apart where every state is pressed against a bound: where the battery is empty before a
valley, or full before a peak. On both sides of such an edge the stored energy is where it wants to be by a
margin, so the two sides can be solved apart, each with half of that margin as the price of moving it. The
stretches between edges are the pieces windows are made of, together with the shared decisions they compete
for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram, Mask
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE

MARGIN_YUAN = 1.0  # per unit of state: what pressing a state against its bound must be worth at an edge


def laid_end_to_end(stretches: Iterable[tuple[int, int]]) -> Index:
    """Every number of some ranges [first, last), in order."""
    none = np.empty(0, dtype=np.int64)
    return np.concatenate([none, *(np.arange(first, last) for first, last in stretches)])


@dataclass(frozen=True)
class Window:
    """Stretches of intervals [first, last), in order and apart."""

    stretches: tuple[tuple[int, int], ...]

    @property
    def intervals(self) -> Index:
        """Every interval of the window."""
        return laid_end_to_end(self.stretches)


def _uncut(edges: Index, whole: Sequence[tuple[int, int]]) -> Index:
    """The edges without those inside some stretches whose ends are edges."""
    first, last = np.array(whole, dtype=np.int64).reshape(-1, 2).T
    both = np.isin(first, edges) & np.isin(last, edges)
    begun = np.searchsorted(np.sort(first[both]), edges, side="left")
    ended = np.searchsorted(np.sort(last[both]), edges, side="right")
    return edges[begun <= ended]


class Partition:
    """What windows are made of: the stretches between edges, tied where they could not agree.

    `whole` are stretches that are not cut inside where both of their ends are edges.
    """

    def __init__(
        self,
        tiled: Tiled,
        program: LinearProgram,
        carried: Mask,
        x: Array,
        reduced: Array,
        whole: Sequence[tuple[int, int]] = (),
    ) -> None:
        count, own = len(tiled.horizon), len(tiled.template.columns)
        remembered = np.array([p.column for p in tiled.template.previous], dtype=np.int64)
        states = np.arange(count)[:, None] * own + remembered
        low = (x <= program.lower + FEASIBILITY_TOLERANCE) & (reduced > MARGIN_YUAN)
        high = (x >= program.upper - FEASIBILITY_TOLERANCE) & (reduced < -MARGIN_YUAN)
        pressed = ((low | high)[states] | ~carried).all(axis=1)
        natural = np.unique(np.concatenate([[0], np.flatnonzero(pressed) + 1, [count]]))
        # where no state is pressed for long, midnight has to do
        days = tiled.horizon.first("day")
        piece = np.searchsorted(natural, days, side="right") - 1
        long = natural[piece + 1] - natural[piece] > 2 * np.median(np.diff(days, append=count))
        self.edges = _uncut(np.union1d(natural, days[long]), whole)
        self._own, self._count = own, count
        self._parent = np.arange(len(self.edges) - 1)
        self._active = np.zeros(len(self._parent), dtype=bool)

    def of_intervals(self, intervals: Index) -> Index:
        """The piece each interval lies in."""
        return np.searchsorted(self.edges, intervals, side="right") - 1

    def crossing(self, periods: Sequence[Index]) -> Mask:
        """Which pieces begin in one and end in another of some periods of the intervals, (pieces,)."""
        first, last = self.edges[:-1], self.edges[1:] - 1
        apart = [period[first] != period[last] for period in periods]
        return np.asarray(np.any([np.zeros(len(first), dtype=bool), *apart], axis=0))

    def of_columns(self, columns: Index) -> Index:
        """The piece each column of an interval lies in."""
        return self.of_intervals(columns // self._own)

    def within(self, window: Window) -> list[int]:
        """The pieces of a window."""
        spans = [self.of_intervals(np.array([first, last - 1])) for first, last in window.stretches]
        return [piece for first, last in spans for piece in range(int(first), int(last) + 1)]

    def active(self, pieces: Index) -> Mask:
        """Which of these pieces are part of some window."""
        return np.asarray(self._active[pieces])

    def activate(self, pieces: Index) -> None:
        """Make pieces part of some window."""
        self._active[pieces] = True

    def tie(self, columns: Iterable[Index]) -> bool:
        """Put the pieces of each set of columns into one window. Whether that changes any window."""
        return self.tie_pieces([self.of_columns(one) for one in columns])

    def tie_pieces(self, sets: Iterable[Index]) -> bool:
        """Put each set of pieces into one window. Whether that changes any window."""
        changed = False
        for pieces in {tuple(np.unique(one).tolist()) for one in sets}:
            changed |= not self._active[list(pieces)].all()
            self._active[list(pieces)] = True
            roots = {self._root(piece) for piece in pieces}
            changed |= len(roots) > 1
            least = min(roots)
            for root in roots:
                self._parent[root] = least
        return changed

    def _root(self, piece: int) -> int:
        while self._parent[piece] != piece:
            piece = int(self._parent[piece])
        return piece

    def around(self, window: Window) -> Index:
        """The window's pieces and those before and after each of its stretches."""
        borders = np.array(window.stretches)
        before = self.of_intervals(np.maximum(borders[:, 0] - 1, 0))
        after = self.of_intervals(np.minimum(borders[:, 1], self._count - 1))
        return np.unique(np.concatenate([before, after, self.within(window)]))

    def windows(self) -> list[Window]:
        """The active pieces, tied ones together."""
        groups: dict[int, list[int]] = {}
        for piece in np.flatnonzero(self._active).tolist():
            groups.setdefault(self._root(piece), []).append(piece)
        return [self.window(pieces) for pieces in groups.values()]

    def window(self, pieces: Sequence[int]) -> Window:
        """The window of these pieces, in order; neighbours become one stretch."""
        stretches: list[tuple[int, int]] = []
        for piece in pieces:
            first, last = int(self.edges[piece]), int(self.edges[piece + 1])
            if stretches and stretches[-1][1] == first:
                first = stretches.pop()[0]
            stretches.append((first, last))
        return Window(tuple(stretches))
