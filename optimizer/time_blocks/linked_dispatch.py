"""A dispatch of the whole horizon at given links: each block's decisions are rounded, or searched.

Where no decisions of a block lead from the states before it to those after it, such as a unit that must still
run, the block chooses the states it leaves behind, at the prices of the relaxation; the next block begins
there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.highs import InfeasibleProgram
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.time_blocks.block_decisions import BlockDecisions
from parkdispatch.optimizer.time_blocks.cut_loop import CutLoop
from parkdispatch.optimizer.time_budget import TimeBudget


@dataclass(frozen=True)
class LinkedDispatch:
    """Links, (links,), and a dispatch of each block there, (every,) each; None where none was found."""

    values: Array
    points: list[Array | None]


class DispatchFinder:
    """Finds dispatches at links; `guesses` are earlier points of blocks whose decisions are tried too."""

    def __init__(self, loop: CutLoop, decisions: Sequence[BlockDecisions], pool: ThreadPool) -> None:
        self._loop, self._decisions, self._pool = loop, decisions, pool

    def find(
        self,
        values: Array,
        relaxed: Sequence[Array],
        guesses: Sequence[Array | None],
        prices: Sequence[Array],
        gap_yuan: float,
        deadline: float,
    ) -> LinkedDispatch:
        """A dispatch at these links, which change where a block has none there.

        `relaxed` are the blocks' relaxed points, and `prices` those of their links; searches go to a gap of
        `gap_yuan`.
        """
        budget = TimeBudget(deadline, len(relaxed))

        def at_links(number: int) -> Array | None:
            budget.begin()
            known = [relaxed[number], guesses[number]]
            return self._at(number, values, [x for x in known if x is not None], gap_yuan, budget.limit_s())

        points = self._pool.map(at_links, range(len(relaxed)))
        values = values.copy()
        budget = TimeBudget(deadline, sum(point is None for point in points))
        for number, point in enumerate(points):
            if point is not None:
                continue
            budget.begin()
            left = self._with_free_end(
                number, values, relaxed[number], prices[number], gap_yuan, budget.limit_s()
            )
            if left is None:
                break
            points[number], values = left
            if number + 1 < len(points):
                points[number + 1] = self._at(
                    number + 1, values, [relaxed[number + 1]], gap_yuan, budget.limit_s()
                )
        return LinkedDispatch(values, points)

    def _at(
        self, number: int, values: Array, near: Sequence[Array], gap_yuan: float, limit_s: float
    ) -> Array | None:
        """The cheapest dispatch of a block with decisions as in points nearby; else a searched one."""
        block, decisions = self._loop.blocks[number], self._decisions[number]
        if decisions.obeys(near[0]) and block.meets(near[0], values[block.part.links]):
            return near[0]
        link_values = values[block.part.links]
        points = [decisions.rounded(link_values, x) for x in near]
        best = min((point for point in points if point is not None), key=block.cost_yuan, default=None)
        if best is None:
            try:
                search = decisions.search(block.program_at(link_values), near[0], gap_yuan, limit_s)
            except InfeasibleProgram:
                return None
            best = decisions.rounded(link_values, search.x) if search.x.size else None
        return best

    def _with_free_end(
        self, number: int, values: Array, near: Array, price: Array, gap_yuan: float, limit_s: float
    ) -> tuple[Array, Array] | None:
        """A block's dispatch from the states before it, and links with the states that it leaves behind."""
        block, decisions = self._loop.blocks[number], self._decisions[number]
        link_values, is_end = values[block.part.links], self._loop.is_end(block)
        program = block.program_priced(np.where(is_end, price, 0.0), fixed=~is_end, values=link_values)
        try:
            search = decisions.search(program, near, gap_yuan, limit_s)
        except InfeasibleProgram:
            return None
        if not search.x.size:
            return None
        values = values.copy()
        links = block.part.links[is_end]
        is_whole = self._loop.is_binary_link[links]
        left = (block.part.values @ search.x)[is_end]
        values[links] = np.where(is_whole, np.round(left), np.clip(left, *self._limits(links)))
        point = decisions.rounded(values[block.part.links], search.x)
        return None if point is None else (point, values)

    def _limits(self, links: Index) -> tuple[Array, Array]:
        return self._loop.links.lower[links], self._loop.links.upper[links]
