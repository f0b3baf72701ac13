"""The cut loop: blocks and their links in turn, until the cuts' bound meets the cost of a point.

Each round fixes the links where the cuts so far are best, solves every block there, and adds its cut. The
first round fixes only the states, and lets shared decisions take what each block would choose at their full
price: the largest choice of all blocks is a good first value of a peak.

Amounts are free until the blocks' sum breaks a total. Then each block is allotted its part (`allotment`).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import OutOfTime
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.time_blocks.allotment import Allotment
from parkdispatch.optimizer.time_blocks.linked_block import BlockAnswer, LinkedBlock
from parkdispatch.optimizer.time_blocks.links import MISSED, find_links
from parkdispatch.optimizer.time_blocks.master import Master, MasterAnswer
from parkdispatch.optimizer.time_blocks.price_search import search_prices, way_between

PENALTY = 10.0  # of a missed link, in the largest cost of a unit of any column
MAX_ROUNDS = 200
FROM_SCRATCH = 8  # of so many blocks of the sample one is solved from scratch, the others begin like it
SAMPLE = 4  # of so many blocks one is asked for its choice of shared decisions


@dataclass(frozen=True)
class LinkedPoint:
    """A point of the whole program, (columns,), that meets all links, with its cost."""

    x: Array
    cost_yuan: float
    links: Array


class Evaluation(NamedTuple):
    """All blocks solved at the same links, (links,), with amounts as allotted.

    `is_broken`: whether totals are, by blocks that exceed their allotments.
    """

    values: Array
    answers: list[BlockAnswer]
    is_broken: bool


class CutLoop:
    """The relaxation of one program in blocks that begin at `firsts`."""

    def __init__(
        self,
        tiled: Tiled,
        program: LinearProgram,
        firsts: Sequence[int],
        pool: ThreadPool,
        deadline: float = np.inf,
    ) -> None:
        """After the `deadline` (time.monotonic) no block is solved any more; it may be changed."""
        self._program, self._pool, self.deadline = program, pool, deadline
        self.links, parts = find_links(tiled, program, firsts)
        penalty = PENALTY * float(np.abs(program.cost).max(initial=1.0))
        self.blocks = [LinkedBlock(program, part, penalty) for part in parts]
        self.is_binary_link = np.zeros(self.links.count, dtype=bool)
        self.is_binary_link[: len(self.links.columns)] = tiled.is_binary[self.links.columns]
        self.master = Master(self.links, [part.links for part in parts], program.offset)
        self.best: LinkedPoint | None = None
        self.bound_yuan = -np.inf
        self._allotment = Allotment(self.links, self.blocks)

    @property
    def allotted_rows(self) -> Index:
        """The rows of the program with totals that were found to be short."""
        return self.links.program_rows[self._allotment.is_allotted]

    def run(self, gap: float, around: Array | None = None, until: float = np.inf) -> MasterAnswer:
        """Cut until the relative gap is met or a time (time.monotonic) has passed.

        Begin with the links `around`, (links,), if there are any. Raises InfeasibleProgram, UnboundedProgram
        and OutOfTime from the blocks.
        """
        values = self._first_values() if around is None else around
        for _ in range(MAX_ROUNDS):
            self.evaluate(values)
            answer = self.master.solve(values)
            bound_yuan, self.bound_yuan = self.bound_yuan, max(self.bound_yuan, answer.bound_yuan)
            if self.is_within(gap) or time.monotonic() >= min(until, self.deadline):
                break
            if np.isfinite(bound_yuan) and answer.bound_yuan - bound_yuan <= gap * abs(bound_yuan):
                self._allotment.raise_prices(answer.row_multipliers)
            values = answer.values
        return answer

    def values_at(self, x: Array) -> Array:
        """The links' values at a point of the whole program, (columns,)."""
        values = np.zeros(self.links.count)
        for block in self.blocks:
            subprogram, own_links = block.part.subprogram, block.part.links
            # states before the block and shared decisions are not its own, and are the same for all
            values[own_links] = block.part.values @ x[subprogram.every]
        return values

    def is_end(self, block: LinkedBlock) -> Mask:
        """Mark the states among a block's links that it leaves behind, (own links,)."""
        links, own_links = self.links, block.part.links
        columns = np.append(links.columns, np.full(links.count - len(links.columns), -1))[own_links]
        return np.asarray(links.is_state[own_links] & np.isin(columns, block.part.subprogram.columns))

    def is_within(self, gap: float) -> bool:
        """Whether the best point is proven to be within a relative gap."""
        if self.best is None:
            return False
        return self.best.cost_yuan - self.bound_yuan <= gap * max(1.0, abs(self.best.cost_yuan))

    def evaluate(self, values: Array) -> Evaluation:
        """Solve all blocks at these links, add their cuts, and keep the point if it is the best one.

        Where free amounts break a total, they are allotted, and the blocks are solved again.
        Links that are no answer of the master program may violate their rows, which no block knows of.
        """
        allotment = self._allotment
        answers = self._cut(lambda block: block.at(values[block.part.links]))
        reached = allotment.reached(values, answers)
        rows = allotment.not_allotted(reached)
        if rows.any() and _missed(answers) <= MISSED:
            values = self._allotted(rows, values, reached, answers)
            answers = self._cut(lambda block: block.at(values[block.part.links]))
            reached = allotment.reached(values, answers)
        self._consider(reached, answers)
        return Evaluation(values, answers, bool(allotment.broken(reached).any()))

    def _consider(self, reached: Array, answers: Sequence[BlockAnswer]) -> None:
        """Keep the blocks' points at the links that they reached, (links,), if they are the best ones.

        Points that break totals are mixed with the best ones so far until they keep them.
        """
        is_broken, violations = self._allotment.broken(reached), self.links.violations(reached)
        if max(_missed(answers), violations[~is_broken].max(initial=0.0)) > MISSED:
            return
        x, links = self.assembled(reached, [answer.x for answer in answers]), reached
        if is_broken.any():
            if self.best is None:
                return
            way = way_between(self.links, reached, self.best.links)
            x, links = x + way * (self.best.x - x), links + way * (self.best.links - links)
        cost_yuan = self._program.objective(x)
        if self.best is None or cost_yuan < self.best.cost_yuan:
            self.best = LinkedPoint(x, cost_yuan, links)

    def assembled(self, values: Array, points: Sequence[Array]) -> Array:
        """The point of the whole program, (columns,), of these links and points of blocks."""
        x = np.zeros(len(self._program.cost))
        for block, point in zip(self.blocks, points, strict=True):
            x[block.part.subprogram.columns] = point[: block.own_count]
        x[self.links.columns] = values[: len(self.links.columns)]
        return x

    def row_multipliers(self, answer: MasterAnswer) -> Array:
        """Multipliers of all rows of the program, (rows,), at the links' prices in a master's answer."""
        multipliers = np.zeros(len(self._program.row_lower))
        by_block = self._pool.map(
            lambda pair: pair[0].multipliers_at(pair[1]), zip(self.blocks, answer.prices, strict=True)
        )
        for block, of_block in zip(self.blocks, by_block, strict=True):
            multipliers[block.part.subprogram.inside] = of_block
        # a row of states is a block's own row too
        multipliers[self.links.program_rows] += answer.row_multipliers
        return multipliers

    def _cut(
        self, solve: Callable[[LinkedBlock], BlockAnswer], some: Sequence[int] | None = None
    ) -> list[BlockAnswer]:
        """Solve all blocks, or some, side by side, and add their cuts.

        Raises OutOfTime where the deadline has passed before the last one.
        """
        numbers = range(len(self.blocks)) if some is None else some

        def in_time(block: LinkedBlock) -> BlockAnswer:
            if time.monotonic() >= self.deadline:
                raise OutOfTime
            return solve(block)

        answers = self._pool.map(in_time, [self.blocks[number] for number in numbers])
        for number, answer in zip(numbers, answers, strict=True):
            self.master.add(number, answer.cut)
        return answers

    def _allotted(self, rows: Mask, values: Array, reached: Array, answers: Sequence[BlockAnswer]) -> Array:
        """Allot the marked totals, which are broken; return links with amounts that keep them.

        Cuts at the same price for all blocks leave the master nothing to gain by moving amounts from one
        block to another without end.
        """
        links, allotment = self.links, self._allotment

        def ask(price_yuan: Array) -> Array:
            price = links.of_totals(price_yuan)
            asked = self._cut(partial(_priced, values=values, price=price, is_fixed=price == 0))
            reached = allotment.reached(values, asked)
            self._consider(reached, asked)
            return reached

        first_yuan = allotment.first_prices_yuan(reached, answers, rows)
        priced = search_prices(links, rows, reached, first_yuan, ask)
        allotment.allot(rows, priced.price_yuan)
        return np.where(links.of_totals(first_yuan) == 0, values, priced.values)

    def _first_values(self) -> Array:
        """Solve blocks with states at their lower bounds; return the links that they would choose.

        Where shared decisions are all there is to choose, some of the blocks are enough for a first guess.
        """
        links = self.links
        values = np.clip(0.0, links.lower, links.upper)
        values = np.where(np.isfinite(links.lower), links.lower, values)

        solve = partial(_priced, values=values, price=links.price, is_fixed=links.is_state)
        sample = range(0, len(self.blocks), SAMPLE)
        from_scratch = sample[::FROM_SCRATCH]
        for some in (from_scratch, sorted(set(sample) - set(from_scratch))):
            self._begin_like_neighbours()
            answers = self._cut(solve, some)
            for block, answer in zip([self.blocks[number] for number in some], answers, strict=True):
                own_links, chosen = block.part.links, block.part.values @ answer.x
                is_free = ~links.is_state[own_links] & ~block.part.is_amount
                values[own_links[is_free]] = np.maximum(values[own_links[is_free]], chosen[is_free])
        self._begin_like_neighbours()
        return values

    def _begin_like_neighbours(self) -> None:
        """Let each block that was not solved yet begin at the basis of the last one before it that was."""
        solved: LinkedBlock | None = None
        for block in self.blocks:
            if block.is_solved:
                solved = block
            elif solved is not None:
                block.begin_like(solved)


def _missed(answers: Sequence[BlockAnswer]) -> float:
    """By how much a block misses its links at most."""
    return max(answer.missed for answer in answers)


def _priced(block: LinkedBlock, values: Array, price: Array, is_fixed: Mask) -> BlockAnswer:
    """A block with links fixed where marked, and free at a price elsewhere, (links,) each."""
    own_links = block.part.links
    return block.priced(values[own_links], price[own_links], is_fixed[own_links])
