"""Partition of the horizon into segments, and the windows (sets of segments) that are solved as one.

A break point lies after an interval t in which every state handed over to t + 1 is at a bound with a reduced
cost d of more than `MIN_REDUCED_COST_YUAN`: the battery is empty before a valley, or full before a peak.
There the dual price of the state may lie anywhere in an interval of width |d|, so both sides can be solved
apart with the state as a copy on the right side, priced inside of that interval. The stretches between break
points are the segments. Besides states, windows have only shared decisions in common, such as the month's
peak.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE

MIN_REDUCED_COST_YUAN = 1.0  # per unit of state; with less, a state at its bound makes no break point


def concatenate_ranges(ranges: Iterable[tuple[int, int]]) -> Index:
    """Return the numbers of some ranges [first, last) as one array, in the order of the ranges."""
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *(np.arange(first, last) for first, last in ranges)])


@dataclass(frozen=True)
class Window:
    """Stretches of intervals [first, last), in order, no two of them adjacent."""

    stretches: tuple[tuple[int, int], ...]

    @cached_property
    def intervals(self) -> Index:
        """Every interval of the window, ascending."""
        return concatenate_ranges(self.stretches)


def intervals_of(windows: Iterable[Window]) -> Index:
    """Return every interval of some disjoint windows, window by window."""
    return concatenate_ranges(stretch for window in windows for stretch in window.stretches)


def _without_inner(break_points: Index, keep_whole: Sequence[tuple[int, int]]) -> Index:
    """Drop the break points strictly inside of those stretches whose two ends are break points."""
    first, last = np.array(keep_whole, dtype=np.int64).reshape(-1, 2).T
    both_ends = np.isin(first, break_points) & np.isin(last, break_points)
    begun = np.searchsorted(np.sort(first[both_ends]), break_points, side="left")
    ended = np.searchsorted(np.sort(last[both_ends]), break_points, side="right")
    return break_points[begun <= ended]


class Partition:
    """Segments between break points; a union-find of merged segments; which of them belong to a window.

    The break points, (segments + 1,), are the first intervals of the segments, and the horizon's length. A
    segment is active once it belongs to a window; merged segments form one window.
    """

    def __init__(
        self,
        tiled: Tiled,
        program: LinearProgram,
        carried: Mask,
        x: Array,
        reduced: Array,
        keep_whole: Sequence[tuple[int, int]] = (),
    ) -> None:
        """Find the break points of an optimum `x` with reduced costs `reduced`, both (columns,).

        `carried` are the states handed over to the next interval, (intervals, states). `keep_whole` are
        stretches without inner break points, where both of their ends are break points.
        """
        count, width = len(tiled.horizon), len(tiled.template.columns)
        state_columns = np.array([p.column for p in tiled.template.previous], dtype=np.int64)
        states = np.arange(count)[:, None] * width + state_columns
        at_lower = (x <= program.lower + FEASIBILITY_TOLERANCE) & (reduced > MIN_REDUCED_COST_YUAN)
        at_upper = (x >= program.upper - FEASIBILITY_TOLERANCE) & (reduced < -MIN_REDUCED_COST_YUAN)
        separates = ((at_lower | at_upper)[states] | ~carried).all(axis=1)
        natural = np.unique(np.concatenate([[0], np.flatnonzero(separates) + 1, [count]]))
        # a segment of more than two days is also cut at midnights, although no state is at a bound there
        days = tiled.horizon.first("day")
        segment = np.searchsorted(natural, days, side="right") - 1
        is_long = natural[segment + 1] - natural[segment] > 2 * np.median(np.diff(days, append=count))
        self.break_points = _without_inner(np.union1d(natural, days[is_long]), keep_whole)
        self._width, self._count = width, count
        self._parent = np.arange(len(self.break_points) - 1)
        self._active = np.zeros(len(self._parent), dtype=bool)
        self._known: dict[Window, list[int]] | None = None  # the windows, until they change

    def segments_of_intervals(self, intervals: Index) -> Index:
        """Return the segment of each interval."""
        return np.searchsorted(self.break_points, intervals, side="right") - 1

    def segments_of_columns(self, columns: Index) -> Index:
        """Return the segment of each column; shared decisions are not allowed among them."""
        return self.segments_of_intervals(columns // self._width)

    def within(self, window: Window) -> list[int]:
        """Return the segments of a window, ascending."""
        spans = [self.segments_of_intervals(np.array([first, last - 1])) for first, last in window.stretches]
        return [segment for first, last in spans for segment in range(int(first), int(last) + 1)]

    def crosses_period_end(self, periods: Sequence[Index]) -> Mask:
        """Mark the segments that begin in one period and end in another, (segments,).

        `periods` holds one numbering of the intervals for each kind of period, such as months, (intervals,).
        """
        first, last = self.break_points[:-1], self.break_points[1:] - 1
        crosses = [period[first] != period[last] for period in periods]
        return np.asarray(np.any([np.zeros(len(first), dtype=bool), *crosses], axis=0))

    def is_active(self, segments: Index) -> Mask:
        """Mark which of these segments belong to a window."""
        return np.asarray(self._active[segments])

    def activate(self, segments: Index) -> None:
        """Make each of these segments part of a window."""
        self._active[segments], self._known = True, None

    def merge_segments_of_columns(self, column_sets: Iterable[Index]) -> bool:
        """Merge the segments of each set of columns into one window; return whether any window changed."""
        return self.merge_segments([self.segments_of_columns(columns) for columns in column_sets])

    def merge_segments(self, segment_sets: Iterable[Index]) -> bool:
        """Merge each set of segments into one window; return whether any window changed."""
        changed = False
        for segments in {tuple(np.unique(segment_set).tolist()) for segment_set in segment_sets}:
            changed |= not self._active[list(segments)].all()
            self._active[list(segments)] = True
            roots = {self._root(segment) for segment in segments}
            changed |= len(roots) > 1
            least = min(roots)
            for root in roots:
                self._parent[root] = least
        if changed:
            self._known = None
        return changed

    def _root(self, segment: int) -> int:
        """Return the representative of a segment's group in the union-find forest."""
        while self._parent[segment] != segment:
            segment = int(self._parent[segment])
        return segment

    def with_neighbours(self, window: Window) -> Index:
        """Return the window's segments and those right before and after each of its stretches."""
        ends = np.array(window.stretches)
        before = self.segments_of_intervals(np.maximum(ends[:, 0] - 1, 0))
        after = self.segments_of_intervals(np.minimum(ends[:, 1], self._count - 1))
        return np.unique(np.concatenate([before, after, self.within(window)]))

    def windows(self) -> list[Window]:
        """Return the windows of the active segments, merged ones as one window."""
        return list(self.segments_of_windows())

    def segments_of_windows(self) -> Mapping[Window, Sequence[int]]:
        """Return the segments of each window, ascending; computed again when windows have changed."""
        if self._known is None:
            groups: dict[int, list[int]] = {}
            for segment in np.flatnonzero(self._active).tolist():
                groups.setdefault(self._root(segment), []).append(segment)
            self._known = {self.window(segments): segments for segments in groups.values()}
        return self._known

    def window(self, segments: Sequence[int]) -> Window:
        """Return the window of these segments, given in ascending order; adjacent ones become one stretch."""
        stretches: list[tuple[int, int]] = []
        for segment in segments:
            first, last = int(self.break_points[segment]), int(self.break_points[segment + 1])
            if stretches and stretches[-1][1] == first:
                first = stretches.pop()[0]
            stretches.append((first, last))
        return Window(tuple(stretches))
