"""Who has a stake in which shared decisions, such as a month's peak, and who has to agree about them."""

from collections.abc import Sequence

import numpy as np

from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer, Multipliers
from parkdispatch.optimizer.partition.windows import Partition


class Coupling:
    """Pieces with a stake in each shared column in dispute; none is at first."""

    def __init__(
        self,
        tiled: Tiled,
        program: LinearProgram,
        pricer: LagrangianPricer,
        pieces: Partition,
        at: Multipliers,
    ) -> None:
        self._program, self._pricer, self._pieces, self._at = program, pricer, pieces, at
        self._first = tiled.shared_starts[0]
        periods = [tiled.horizon.period(shared.per) for shared in tiled.template.shared]
        self._crossing = pieces.crosses_period_end(periods)
        self._of: dict[int, set[int]] = {}

    @property
    def columns(self) -> frozenset[int]:
        """Shared columns in dispute."""
        return frozenset(self._of)

    def claim(self, ties: Sequence[Index]) -> bool:
        """Note who has a stake in the shared decisions of these sets of columns. Whether that is news."""
        before = {column: len(pieces) for column, pieces in self._of.items()}
        for tie in ties:
            for column in tie[tie >= self._first].tolist():
                pieces = self._pieces.segments_of_columns(tie[tie < self._first]).tolist()
                self._of.setdefault(column, set()).update(pieces)
        for column, pieces in self._of.items():
            rows = self._pricer.cutter.pressing(column, self._at.dual)
            pressing = self._program.matrix[rows].indices
            # windows that press without disputing keep their price
            pressing = np.unique(self._pieces.segments_of_columns(pressing[pressing < self._first]))
            # those who press on two months would tie their disputes together
            apart = ~(self._pieces.is_active(pressing) | self._crossing[pressing])
            pieces.update(pressing[apart].tolist())
        return before != {column: len(pieces) for column, pieces in self._of.items()}

    def disputes(self) -> list[tuple[Index, set[int]]]:
        """Shared decisions that hang together, and the pieces with a stake in any of them."""
        window_of = {p: i for i, w in enumerate(self._pieces.windows()) for p in self._pieces.within(w)}
        found: list[tuple[set[int], set[int], set[int]]] = []
        for column, pieces in sorted(self._of.items()):
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
