"""Totals over several blocks: what their units are worth, and how much of them each block is allotted.

A block knows nothing of the other blocks' amounts. At a price of a unit that is the same for all, blocks
choose amounts whose sum keeps a total or breaks it; between the two choices lie amounts that just keep it.
Those are the first allotments. In the relaxation a block may exceed its allotment at a price above the one at
which all blocks together keep the total: the optimum is the same, and cuts are never steeper than that price.
"""

from collections.abc import Sequence

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.time_blocks.linked_block import BlockAnswer, LinkedBlock
from parkdispatch.optimizer.time_blocks.links import MISSED, Links
from parkdispatch.optimizer.time_blocks.price_search import MAX_STEPS, PRICE_STEP

EXCESS = 1.5  # times the price at which blocks keep a total: what they pay for exceeding their allotments
LEAST_PRICE_YUAN = 1e-6


class Allotment:
    """The totals of a program in blocks, and which of them are allotted.

    `is_allotted`, (rows of links,), marks those that are, and `price_yuan`, (rows of links,), is what a unit
    costs a block beyond its allotment.
    """

    def __init__(self, links: Links, blocks: Sequence[LinkedBlock]) -> None:
        self._links, self._blocks = links, blocks
        self.price_yuan = np.zeros(len(links.row_lower))
        self._steps = np.zeros(len(links.row_lower), dtype=np.int64)  # by which a price was raised
        self.is_allotted = np.zeros(len(links.row_lower), dtype=bool)
        self._is_total = np.zeros(len(links.row_lower), dtype=bool)
        self._is_total[links.total[links.total >= 0]] = True

    def reached(self, values: Array, answers: Sequence[BlockAnswer]) -> Array:
        """The links, (links,), at these values, with the amounts that the blocks' points add to totals."""
        reached = values.copy()
        for block, answer in zip(self._blocks, answers, strict=True):
            part = block.part
            reached[part.links[part.is_amount]] = (part.values @ answer.x)[part.is_amount]
        return reached

    def broken(self, reached: Array) -> Mask:
        """Mark the totals, among the rows of links, that links, (links,), violate."""
        return np.asarray(self._is_total & (self._links.violations(reached) > MISSED))

    def not_allotted(self, reached: Array) -> Mask:
        """Mark the totals that links violate because their amounts are free."""
        return np.asarray(self.broken(reached) & ~self.is_allotted)

    def first_prices_yuan(self, reached: Array, answers: Sequence[BlockAnswer], rows: Mask) -> Array:
        """Prices of a unit of each marked total, (rows,), to be tried first: what the blocks cost a unit.

        Below zero where a total is too small.
        """
        links, activity = self._links, self._links.rows @ reached
        costs = [abs(block.cost_yuan(answer.x)) for block, answer in zip(self._blocks, answers, strict=True)]
        price_yuan = np.zeros(len(links.row_lower))
        for row in np.flatnonzero(rows):
            has_part = [bool((links.total[block.part.links] == row).any()) for block in self._blocks]
            is_over = activity[row] > links.row_upper[row]
            limit = links.row_upper[row] if is_over else links.row_lower[row]
            unit_yuan = np.array(costs)[has_part].sum() / max(abs(activity[row]), abs(limit))
            price_yuan[row] = max(unit_yuan, LEAST_PRICE_YUAN) * (1 if is_over else -1)
        return price_yuan

    def allot(self, rows: Mask, price_yuan: Array) -> None:
        """Allot the marked totals, at which blocks keep them at these prices, (rows,)."""
        self.is_allotted |= rows
        self.price_yuan[rows] = EXCESS * np.abs(price_yuan[rows])
        self._tell_blocks()

    def raise_prices(self, row_multipliers: Array) -> None:
        """Raise prices that are not more than totals are worth by their multipliers, (rows,)."""
        is_low = self.is_allotted & (np.abs(row_multipliers) >= (1 - MISSED) * self.price_yuan)
        is_low &= self._steps < MAX_STEPS
        self._steps += is_low
        self.price_yuan[is_low] *= PRICE_STEP
        if is_low.any():
            self._tell_blocks()

    def _tell_blocks(self) -> None:
        links = self._links
        has_least, has_most = np.isfinite(links.row_lower), np.isfinite(links.row_upper)
        for block in self._blocks:
            is_amount, total = block.part.is_amount, links.total[block.part.links]
            is_allotted = is_amount & self.is_allotted[total]
            block.allot(
                ~is_amount | (is_allotted & has_least[total]),
                ~is_amount | (is_allotted & has_most[total]),
                np.where(is_allotted, self.price_yuan[total], 0.0),
            )
