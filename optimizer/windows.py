"""Cut a stretch of intervals out of a tiled program: its columns, its rows, and what ties it to the rest."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizer.horizon import Index
from optimizer.program import Mask, Program
from optimizer.tile import Tiled


@dataclass(frozen=True)
class Window:
    """Intervals [first, last)."""

    first: int
    last: int


@dataclass(frozen=True)
class Cut:
    """A window's part of a program.

    `columns` are those of its intervals and the shared decisions nobody outside has a part in; `copies`
    the shared decisions others have a part in too. Rows `inside` touch nothing else; `coupling` rows do.
    """

    window: Window
    columns: Index
    copies: Index
    inside: Index
    coupling: Index


class Cutter:
    """Cuts windows out of one program."""

    def __init__(self, tiled: Tiled, program: Program) -> None:
        self._tiled = tiled
        self.by_column = program.matrix.tocsc()
        self._by_row = program.matrix.tocsr()
        self._entries = np.diff(self._by_row.indptr)

    def cut(self, window: Window) -> Cut:
        """The window's columns and rows."""
        own = len(self._tiled.template.columns)
        shared = [
            start + period
            for declared, start in zip(self._tiled.template.shared, self._tiled.shared_starts, strict=False)
            for period in self._wholly_inside(declared.per, window)
        ]
        columns = np.arange(window.first * own, window.last * own)
        columns = np.concatenate([columns, np.array(shared, dtype=np.int64)])
        touched = np.unique(self.by_column[:, columns].indices)
        if not touched.size:
            return Cut(window, columns, touched, touched, touched)
        rows = self._by_row[touched]
        others = np.setdiff1d(rows.indices, columns)
        copies = others[others >= self._tiled.shared_starts[0]]
        within = np.isin(rows.indices, np.concatenate([columns, copies]))
        starts = np.concatenate([[0], np.cumsum(self._entries[touched])[:-1]])
        inside = np.add.reduceat(within, starts) == self._entries[touched]
        return Cut(window, columns, copies, touched[inside], touched[~inside])

    def _wholly_inside(self, per: Any, window: Window) -> list[int]:
        period, count = self._tiled.horizon.period(per), len(self._tiled.horizon)
        return [
            int(p)
            for p in np.unique(period[window.first : window.last])
            if (window.first == 0 or period[window.first - 1] != p)
            and (window.last == count or period[window.last] != p)
        ]


def days(tiled: Tiled, where: Mask) -> list[Window]:
    """The days in which anything is marked, (pairs, intervals)."""
    day = tiled.horizon.period("day")
    marked = np.unique(day[where.any(axis=0)])
    return [Window(int(np.searchsorted(day, d)), int(np.searchsorted(day, d, side="right"))) for d in marked]


def grown(tiled: Tiled, window: Window) -> Window:
    """The window and a day on each side."""
    day, first = tiled.horizon.period("day"), tiled.horizon.first("day")
    ends = np.append(first, len(tiled.horizon))
    before = max(0, day[window.first] - 1)
    after = min(len(first), day[window.last - 1] + 2)
    return Window(int(ends[before]), int(ends[after]))


def merged(windows: Iterable[Window]) -> list[Window]:
    """Windows in order, those that overlap made one."""
    found: list[Window] = []
    for window in sorted(windows, key=lambda w: w.first):
        if found and window.first < found[-1].last:
            found[-1] = Window(found[-1].first, max(found[-1].last, window.last))
        else:
            found.append(window)
    return found
