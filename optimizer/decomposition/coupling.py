"""Coupling of segments by inconsistent shared decisions: which subproblems must be solved together."""

from collections.abc import Sequence

import numpy as np

from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.heuristics.relaxed_problem import RelaxedProblem
from parkdispatch.optimizer.partition.lagrangian_pricing import Multipliers
from parkdispatch.optimizer.partition.windows import Partition


class Coupling:
    """The inconsistent shared decisions, and the segments coupled by each; there are none at first."""

    def __init__(self, problem: RelaxedProblem, partition: Partition, multipliers: Multipliers) -> None:
        tiled = problem.tiled
        self._program, self._extractor = problem.program, problem.pricer.extractor
        self._partition, self._multipliers = partition, multipliers
        self._first_shared = tiled.shared_starts[0]
        periods = [tiled.horizon.period(shared.per) for shared in tiled.template.shared]
        self._crosses_period_end = partition.crosses_period_end(periods)
        self._segments: dict[int, set[int]] = {}

    @property
    def columns(self) -> frozenset[int]:
        """The inconsistent shared decisions, as columns."""
        return frozenset(self._segments)

    def update(self, column_sets: Sequence[Index]) -> bool:
        """Couple the segments of these inconsistent sets of columns; return whether anything changed.

        Each set has shared decisions and columns of intervals. Segments without a window that bind a shared
        decision at the present multipliers are coupled by it too.
        """
        sizes_before = {column: len(segments) for column, segments in self._segments.items()}
        for columns in column_sets:
            for shared in columns[columns >= self._first_shared].tolist():
                segments = self._partition.segments_of_columns(columns[columns < self._first_shared]).tolist()
                self._segments.setdefault(shared, set()).update(segments)
        for shared, segments in self._segments.items():
            rows = self._extractor.binding_rows(shared, self._multipliers.dual)
            columns = self._program.matrix[rows].indices
            binding = np.unique(self._partition.segments_of_columns(columns[columns < self._first_shared]))
            # windows that bind it and are consistent keep their price; a segment across the end of a period
            # would couple the decisions of both periods
            is_excluded = self._partition.is_active(binding) | self._crosses_period_end[binding]
            segments.update(binding[~is_excluded].tolist())
        return sizes_before != {column: len(segments) for column, segments in self._segments.items()}

    def groups(self) -> list[tuple[Index, set[int]]]:
        """Return groups of shared decisions to be solved together, and the segments coupled by each group.

        Two shared decisions are in one group if they couple the same window or segment.
        """
        window_of = {
            segment: number
            for number, segments in enumerate(self._partition.segments_of_windows().values())
            for segment in segments
        }
        groups: list[tuple[set[int], set[int], set[int]]] = []
        for column, coupled in sorted(self._segments.items()):
            columns, segments = {column}, set(coupled)
            # windows by their numbers, segments without a window by negative numbers
            members = {window_of.get(segment, -1 - segment) for segment in coupled}
            separate = []
            for group in groups:
                if group[2] & members:
                    columns, segments, members = columns | group[0], segments | group[1], members | group[2]
                else:
                    separate.append(group)
            groups = [*separate, (columns, segments, members)]
        return [(np.array(sorted(columns)), segments) for columns, segments, _ in groups]
