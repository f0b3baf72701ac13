"""The optimum of a long horizon of any park, block by block.

1. The cut loop relaxes the blocks until its bound is close to the relaxation's optimum.
2. At the links where the cuts are best, each block's decisions are rounded: that is a dispatch.
3. Blocks that lose most by it are searched by HiGHS at the prices of their links. The search's bound is a cut
   of the block with its decisions, and raises the bound of the whole; its decisions are tried at the links.

Steps 2 and 3 are repeated to ever smaller gaps, until the demanded one is met, no block improves, or time is
up.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import OutOfTime
from parkdispatch.optimizer.mip.whole_program import bounds_as_decided, lesser_members
from parkdispatch.optimizer.proof.feasibility import obeys_all
from parkdispatch.optimizer.tiled_optimum import SolveSettings, TiledOptimum
from parkdispatch.optimizer.time_blocks.block_decisions import BlockDecisions
from parkdispatch.optimizer.time_blocks.cut_loop import CutLoop
from parkdispatch.optimizer.time_blocks.least_total import point_of_least_total
from parkdispatch.optimizer.time_blocks.linked_block import Cut
from parkdispatch.optimizer.time_blocks.linked_dispatch import DispatchFinder, LinkedDispatch
from parkdispatch.optimizer.time_blocks.links import MISSED
from parkdispatch.optimizer.time_blocks.master import MasterAnswer
from parkdispatch.optimizer.time_blocks.resting_blocks import resting_in_blocks
from parkdispatch.optimizer.time_budget import TimeBudget

RELAXATION_GAP = 1e-4  # relative; a first relaxation, which later rounds improve beside the decisions
RELAXATION_STEP, LEAST_RELAXATION_GAP = 0.1, 1e-8  # of a relaxation at whose links no dispatch was found
RELAXATION_SHARE = 0.4  # of the time, after which no further round of the relaxation begins
LONGEST_SHARE = 0.7  # of the time, after which a round is broken off, and whatever can rest rests
GAPS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)  # relative, aimed at one after the other
FAR = 5e-3  # of a first dispatch: its links, such as a peak, suit the relaxation and not its decisions
LOSS_SHARE = 0.5  # of an even share of the gap, that a block may lose
LEAST_NARROWING = 0.9  # of the gap, in a round after which there is another one
PRICE_TOLERANCE = 1e-6  # relative; of prices and links, below which a search is not repeated


@dataclass(frozen=True)
class BlockwiseOptimum:
    """A dispatch, (columns,), empty where none was found, the bound, and what was searched by HiGHS."""

    x: Array
    bound_yuan: float
    binaries: int
    searched: int
    violated: int  # pairs that got a binary first, of which the relaxation used both members


@dataclass
class _BlockState:
    """What is known of one block's decisions.

    `guess`: the point of its last search, (every,). `priced` and `fixed`: the prices and the links, (own
    links,), of its last searches, and to what gap these went.
    """

    decisions: BlockDecisions
    guess: Array | None = None
    priced: "_Searched | None" = None
    fixed: "_Searched | None" = None
    binaries: int = 0


class _Searched(NamedTuple):
    """The numbers that a search was made for, and the gap it was allowed [yuan]."""

    numbers: Array
    gap_yuan: float

    def covers(self, numbers: Array, gap_yuan: float) -> bool:
        """Whether another search for these numbers would bring nothing new."""
        is_same = np.allclose(self.numbers, numbers, rtol=PRICE_TOLERANCE, atol=PRICE_TOLERANCE)
        return self.gap_yuan <= gap_yuan and bool(is_same)


class BlockwiseSearch:
    """One search of a long horizon in blocks that begin at `firsts`."""

    def __init__(
        self,
        tiled: Tiled,
        program: LinearProgram,
        firsts: Sequence[int],
        settings: SolveSettings,
        known: TiledOptimum | None = None,
    ) -> None:
        """`known` is what a search with other blocks has found."""
        self._settings, self._tiled, self._program, self._firsts = settings, tiled, program, firsts
        self._loop = CutLoop(tiled, program, firsts, settings.pool, settings.deadline)
        self._states = [_BlockState(BlockDecisions(tiled, block)) for block in self._loop.blocks]
        decisions = [state.decisions for state in self._states]
        self._finder = DispatchFinder(self._loop, decisions, settings.pool)
        self._x, self._cost_yuan = np.empty(0), np.inf
        if known is not None:
            self._x, self._cost_yuan = known.x, known.cost_yuan
            self._loop.bound_yuan = known.bound
        self._violated = 0

    def run(self) -> BlockwiseOptimum:
        """Search to ever smaller gaps until the deadline.

        Raises InfeasibleProgram and UnboundedProgram where a block is.
        """
        try:
            self._run()
        except OutOfTime:
            self._settings.progress("no time for more rounds")
        if not self._x.size:
            decisions = [state.decisions for state in self._states]
            x = resting_in_blocks(self._tiled, self._program, self._loop, decisions)
            if x is not None:
                self._x, self._cost_yuan = x, self._program.objective(x)
        return BlockwiseOptimum(
            self._x,
            min(self._loop.bound_yuan, self._cost_yuan),
            sum(state.binaries for state in self._states),
            sum(state.binaries > 0 for state in self._states),
            self._violated,
        )

    def _run(self) -> None:
        settings, loop = self._settings, self._loop
        settings.progress(f"relaxing {len(self._states)} blocks")
        around = None
        if self._x.size:
            self._improve()
            around = loop.values_at(self._x)
        now = time.monotonic()
        until, loop.deadline = (
            now + share * (settings.deadline - now) for share in (RELAXATION_SHARE, LONGEST_SHARE)
        )
        relaxation_gap = max(settings.gap, RELAXATION_GAP)
        answer = loop.run(relaxation_gap, around, until)
        loop.deadline = settings.deadline
        if loop.best is None and loop.allotted_rows.size:
            answer = self._relaxed_from_least_totals(answer, relaxation_gap)
        for gap in (*(gap for gap in GAPS if gap > settings.gap), settings.gap):
            has_improved = True
            while has_improved and not self._is_within(gap) and not self._is_over:
                answer, has_improved = self._round(answer, gap)
                settings.progress(f"searching the blocks, gap {self._gap:.1e}")
                if not has_improved:
                    has_improved = self._polish(gap)
                    settings.progress(f"polishing, gap {self._gap:.1e}")
                if not self._x.size and relaxation_gap > LEAST_RELAXATION_GAP and not self._is_over:
                    # nearer to the relaxation's optimum blocks need not exceed their allotments
                    relaxation_gap *= RELAXATION_STEP
                    answer, has_improved = loop.run(relaxation_gap, answer.values), True

    def _relaxed_from_least_totals(self, answer: MasterAnswer, gap: float) -> MasterAnswer:
        """Relax again from a point that uses the least of a total, where none was found that keeps it.

        Raises TotalOutOfReach where there is no such point.
        """
        loop, settings = self._loop, self._settings
        settings.progress("searching the least of a total")
        until = time.monotonic() + LONGEST_SHARE * (settings.deadline - time.monotonic())
        rows, within = loop.allotted_rows, replace(settings, deadline=until)
        for row in rows.tolist():
            point = point_of_least_total(self._tiled, self._program, self._firsts, within, row, rows)
            if point is not None and loop.links.violation(point.links) <= MISSED:
                loop.best = point
        return answer if loop.best is None else loop.run(gap, answer.values, until)

    @property
    def _is_over(self) -> bool:
        return time.monotonic() >= self._settings.deadline

    @property
    def _gap(self) -> float:
        if not self._x.size:
            return np.inf
        return (self._cost_yuan - self._loop.bound_yuan) / max(1.0, abs(self._cost_yuan))

    def _has_narrowed(self, before: float) -> bool:
        """Whether the gap has become smaller by enough for another round."""
        return self._gap < LEAST_NARROWING * before

    def _is_within(self, gap: float) -> bool:
        return self._gap <= gap

    def _round(self, answer: MasterAnswer, gap: float) -> tuple[MasterAnswer, bool]:
        """Try the decisions at the best links, and search blocks that lose much; return whether it helped."""
        loop, before = self._loop, self._gap
        even_yuan = gap * max(1.0, abs(loop.bound_yuan)) / len(self._states)
        evaluation = loop.evaluate(self._whole(answer.values))
        if evaluation.is_broken and loop.best is not None:  # no dispatch has these amounts
            evaluation = loop.evaluate(self._whole(loop.best.links))
        values, relaxed = evaluation.values, [of_block.x for of_block in evaluation.answers]
        self._violated = max(
            self._violated,
            sum(state.decisions.violated_count(x) for state, x in zip(self._states, relaxed, strict=True)),
        )
        guesses = [state.guess for state in self._states]
        dispatch = self._finder.find(
            values, relaxed, guesses, answer.prices, LOSS_SHARE * even_yuan, self._settings.deadline
        )
        self._keep(dispatch)
        if self._gap > FAR:
            self._polish(gap)
        answer = self._master(values)
        if self._is_within(gap) or self._is_over:
            return answer, True
        lost = self._losses(dispatch)
        worst = np.flatnonzero(lost > LOSS_SHARE * even_yuan)
        worst = worst[np.argsort(-lost[worst])]
        self._search(worst, dispatch, relaxed, answer, LOSS_SHARE * even_yuan)
        answer = self._master(values)
        return answer, worst.size > 0 and self._has_narrowed(before)

    def _whole(self, values: Array) -> Array:
        """The links, (links,), with those that are binary rounded."""
        return np.where(self._loop.is_binary_link, np.round(values), values)

    def _master(self, values: Array) -> MasterAnswer:
        answer = self._loop.master.solve(values)
        self._loop.bound_yuan = max(self._loop.bound_yuan, answer.bound_yuan)
        return answer

    def _keep(self, dispatch: LinkedDispatch) -> None:
        """Keep a dispatch as the best one, if it is complete and cheaper."""
        complete = [point for point in dispatch.points if point is not None]
        if len(complete) == len(dispatch.points):
            x = self._loop.assembled(dispatch.values, complete)
            cost_yuan = self._program.objective(x)
            # tolerances of blocks add up in totals: what breaks one must not displace a dispatch
            if cost_yuan < self._cost_yuan and obeys_all(self._tiled, self._program, x):
                self._x, self._cost_yuan = x, cost_yuan

    def _improve(self) -> None:
        """Search each block with its links as in the best dispatch: other blocks see other decisions."""
        values, x = self._loop.values_at(self._x), self._x
        budget = TimeBudget(self._settings.deadline, len(self._states))
        gap_yuan = LOSS_SHARE * self._settings.gap * max(1.0, abs(self._cost_yuan)) / len(self._states)

        def improved(number: int) -> Array | None:
            budget.begin()
            state, block = self._states[number], self._loop.blocks[number]
            link_values, known = values[block.part.links], x[block.part.subprogram.every]
            program = block.program_at(link_values)
            search = state.decisions.search(program, known, gap_yuan, budget.limit_s(), known)
            point = state.decisions.rounded(link_values, search.x) if search.x.size else None
            return known if point is None or block.cost_yuan(point) > block.cost_yuan(known) else point

        self._keep(LinkedDispatch(values, self._settings.pool.map(improved, range(len(self._states)))))

    def _polish(self, gap: float) -> bool:
        """Find the best links for the decisions of the best dispatch; return whether they are better."""
        if not self._x.size or self._is_over:
            return False
        before = self._gap
        loop = _decided_loop(self._tiled, self._program, self._firsts, self._settings, self._x)
        around = loop.values_at(self._x)
        loop.run(LOSS_SHARE * gap, around)
        if loop.best is not None and loop.best.cost_yuan < self._cost_yuan:
            self._x, self._cost_yuan = loop.best.x, loop.best.cost_yuan
        return self._has_narrowed(before)

    def _losses(self, dispatch: LinkedDispatch) -> Array:
        """How much more each block's dispatch costs than its cuts say, (blocks,); infinity without any."""
        lost = np.full(len(dispatch.points), np.inf)
        for number, (block, point) in enumerate(zip(self._loop.blocks, dispatch.points, strict=True)):
            if point is not None:
                bound_yuan = self._loop.master.block_bound(number, dispatch.values[block.part.links])
                lost[number] = block.cost_yuan(point) - bound_yuan
        return lost

    def _search(
        self,
        numbers: Index,
        dispatch: LinkedDispatch,
        relaxed: Sequence[Array],
        answer: MasterAnswer,
        gap_yuan: float,
    ) -> None:
        """Search blocks at the prices of their links; where that was done before, at the links themselves."""
        budget = TimeBudget(self._settings.deadline, len(numbers))

        def search(number: int) -> tuple[int, Cut | None, Array | None]:
            budget.begin()
            if self._is_over:
                return number, None, None
            state, block = self._states[number], self._loop.blocks[number]
            link_values, price = dispatch.values[block.part.links], answer.prices[number]
            known = dispatch.points[number]
            near = relaxed[number] if known is None else known
            if state.priced is None or not state.priced.covers(price, gap_yuan):
                program = block.program_priced(price)
                block_search = state.decisions.search(program, near, gap_yuan, budget.limit_s(), known)
                state.priced = _Searched(price, gap_yuan)
                state.binaries = max(state.binaries, block_search.binaries)
                state.guess = block_search.x if block_search.x.size else state.guess
                return number, Cut(block_search.bound_yuan, price), None
            if known is not None and not (state.fixed and state.fixed.covers(link_values, gap_yuan)):
                program = block.program_at(link_values)
                x = state.decisions.search(program, near, gap_yuan, budget.limit_s(), known).x
                state.fixed = _Searched(link_values, gap_yuan)
                return number, None, state.decisions.rounded(link_values, x) if x.size else None
            return number, None, None

        points = list(dispatch.points)
        for number, cut, point in self._settings.pool.map(search, numbers.tolist()):
            if cut is not None:
                self._loop.master.add(number, cut)
            known, block = points[number], self._loop.blocks[number]
            if point is not None and (known is None or block.cost_yuan(point) < block.cost_yuan(known)):
                points[number] = self._states[number].guess = point
        self._keep(LinkedDispatch(dispatch.values, points))


def blockwise_multipliers(
    tiled: Tiled, program: LinearProgram, firsts: Sequence[int], settings: SolveSettings, x: Array
) -> Array:
    """Multipliers of all rows, (rows,), of a program with all decisions as in a dispatch, (columns,).

    They prove the linear program to the gap of the settings, as its dispatch does.
    Raises OutOfTime, and InfeasibleProgram where a block has no point with these decisions.
    """
    loop = _decided_loop(tiled, program, firsts, settings, x)
    answer = loop.run(settings.gap, loop.values_at(x))
    return loop.row_multipliers(answer)


def _decided_loop(
    tiled: Tiled, program: LinearProgram, firsts: Sequence[int], settings: SolveSettings, x: Array
) -> CutLoop:
    """The cut loop of a program with all decisions as in a dispatch, (columns,)."""
    lower, upper = bounds_as_decided(tiled, program, x, lesser_members(tiled, x))
    decided = replace(program, lower=lower, upper=np.maximum(lower, upper))
    return CutLoop(tiled, decided, firsts, settings.pool, settings.deadline)
