"""The binary decisions of one block: tried as rounded, and searched by HiGHS.

Exclusive pairs get binaries only where a point violated them, and beside it in time, and binary columns are
searched only where one was fractional; a search whose point leaves something else undecided is repeated with
that too. Its bound is valid with any choice.
"""

from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import OutOfTime, Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import with_pair_binaries
from parkdispatch.optimizer.presolve.exclusive_pairs import PAIR_TOLERANCE_MW
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE
from parkdispatch.optimizer.time_blocks.linked_block import LinkedBlock

MAX_REPEATS = 4  # of a search with more pairs


@dataclass(frozen=True)
class BlockSearch:
    """HiGHS's bound on a program's cost, and its point, (every,), which is empty where it found none."""

    bound_yuan: float
    x: Array
    binaries: int


class BlockDecisions:
    """The pairs and binary columns of a block, and which pairs have a binary so far."""

    def __init__(self, tiled: Tiled, block: LinkedBlock) -> None:
        self.block, subprogram = block, block.part.subprogram
        width, pairs = len(tiled.template.columns), tiled.template.pairs
        block_columns = subprogram.columns[subprogram.columns < tiled.shared_starts[0]]
        starts = np.arange(0, len(block_columns), width)
        # members of pairs, (pairs, intervals) each, as positions among the block's columns
        self._a = np.array([starts + pair.a for pair in pairs], dtype=np.int64).reshape(-1, len(starts))
        self._b = np.array([starts + pair.b for pair in pairs], dtype=np.int64).reshape(-1, len(starts))
        self._is_binary = np.zeros(len(subprogram.every), dtype=bool)
        self._is_binary[: len(block_columns)] = tiled.is_binary[block_columns]
        numbers = [number for number, column in enumerate(tiled.template.columns) if column.is_binary]
        binaries = np.array([starts + number for number in numbers], dtype=np.int64)
        self._binaries = binaries.reshape(-1, len(starts))  # (binary template columns, intervals)
        self._chosen = np.zeros(self._a.shape, dtype=bool)  # pairs with a binary
        self._is_searched = np.zeros(len(numbers), dtype=bool)  # of these, once fractional anywhere

    def obeys(self, x: Array) -> bool:
        """Whether a point, (every,), obeys all pairs and binaries."""
        binaries = x[self._is_binary]
        is_whole = np.abs(binaries - np.round(binaries)).max(initial=0.0) <= FEASIBILITY_TOLERANCE
        return bool(is_whole and not self._violated(x).any())

    def violated_count(self, x: Array) -> int:
        """The number of pairs of which a point, (every,), uses both members."""
        return int(self._violated(x).sum())

    def rounded(self, values: Array, x: Array) -> Array | None:
        """The best dispatch at these links with the decisions nearest to x; None where there is none."""
        program = self.block.program_at(values)
        lower, upper = program.lower[: len(x)].copy(), program.upper[: len(x)].copy()
        upper[np.where(x[self._a] > x[self._b], self._b, self._a)] = 0.0
        upper = np.maximum(upper, lower)
        lower[self._is_binary] = upper[self._is_binary] = np.round(x[self._is_binary])
        dispatch = self.block.within(values, lower, upper)
        return dispatch if dispatch is not None and self.obeys(dispatch) else None

    def search(
        self, program: LinearProgram, near: Array, gap_yuan: float, limit_s: float, known: Array | None = None
    ) -> BlockSearch:
        """Search a block's program, with binaries for what is undecided in `near`, (every,).

        `known` is a dispatch, (every,), that the search may begin with. Raises InfeasibleProgram where no
        decisions lead to a dispatch.
        """
        self._choose_by(near)
        bound_yuan, x = -np.inf, np.empty(0)
        for _ in range(MAX_REPEATS):
            with_binaries, pairs = self._with_binaries(program)
            # of a dozen binaries HiGHS's heuristics find nothing that its search does not find sooner
            solver = Solver(time_limit_s=limit_s, gap_yuan=gap_yuan, full_search=True, heuristics=False)
            solver.load(with_binaries)
            if known is not None:
                solver.propose(self._proposal(program, known, pairs))
            try:
                answer = solver.solve()
            except OutOfTime as ended:
                return BlockSearch(max(bound_yuan, ended.bound), x, int(with_binaries.binary.sum()))
            bound_yuan, x = max(bound_yuan, answer.bound), answer.x[: len(near)]
            if answer.timed_out or not self._choose_by(x):
                break
        return BlockSearch(bound_yuan, x, int(with_binaries.binary.sum()))

    def _violated(self, x: Array) -> Mask:
        """Mark the pairs of which both members exceed zero, (pairs, intervals)."""
        return np.asarray(np.minimum(x[self._a], x[self._b]) > PAIR_TOLERANCE_MW)

    def _choose_by(self, x: Array) -> bool:
        """Choose what a point, (every,), leaves undecided; return whether that was not chosen before.

        Of pairs these are the violated ones and those beside them in time. Of a device's binary columns it is
        the whole block: an hour on has to do with all other hours on.
        """
        violated, columns = self._violated(x), x[self._binaries]
        is_fractional = np.abs(columns - np.round(columns)).max(axis=1, initial=0.0) > FEASIBILITY_TOLERANCE
        is_new = bool((violated & ~self._chosen).any() or (is_fractional & ~self._is_searched).any())
        self._is_searched |= is_fractional
        self._chosen |= violated
        self._chosen[:, 1:] |= violated[:, :-1]
        self._chosen[:, :-1] |= violated[:, 1:]
        return is_new

    def _with_binaries(self, program: LinearProgram) -> tuple[LinearProgram, Index]:
        """The program with the chosen binary columns and pairs, and the members of these, (chosen, 2)."""
        binary = np.zeros(len(program.cost), dtype=bool)
        binary[self._binaries[self._is_searched]] = True
        pairs = np.column_stack([self._a[self._chosen], self._b[self._chosen]])
        is_open = (program.upper[pairs] > 0).all(axis=1)
        return with_pair_binaries(replace(program, binary=binary), pairs[is_open]), pairs[is_open]

    def _proposal(self, program: LinearProgram, known: Array, pairs: Index) -> Array:
        """A dispatch, (every,), as a point of the program with binaries."""
        slack = np.zeros(len(program.cost) - len(known))
        return np.concatenate([known, slack, (known[pairs[:, 0]] > known[pairs[:, 1]]).astype(np.float64)])
