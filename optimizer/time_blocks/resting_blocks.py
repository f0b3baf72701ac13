"""A dispatch of a long horizon for the last moment: whatever can rest rests, block after block.

Each block begins with the states that the one before it has left, and takes of shared decisions what it
needs. The largest need of all blocks is taken for all.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.heuristics.resting_dispatch import resting_choices
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, Solver, UnboundedProgram
from parkdispatch.optimizer.proof.feasibility import obeys_all
from parkdispatch.optimizer.time_blocks.block_decisions import BlockDecisions
from parkdispatch.optimizer.time_blocks.cut_loop import CutLoop


def resting_in_blocks(
    tiled: Tiled, program: LinearProgram, loop: CutLoop, decisions: Sequence[BlockDecisions]
) -> Array | None:
    """Return a dispatch, (columns,), in which pairs and binary decisions rest; None without any."""
    for at_rest in resting_choices(tiled, program):
        x = _one_after_the_other(loop, decisions, at_rest)
        if x is not None and obeys_all(tiled, program, x):
            return x
    return None


def _one_after_the_other(loop: CutLoop, decisions: Sequence[BlockDecisions], at_rest: Mask) -> Array | None:
    """Return the blocks' cheapest points with the marked columns at zero, (columns,); None without any."""
    links = loop.links
    values, points = np.full(links.count, -np.inf), list[Array]()
    for block, of_block in zip(loop.blocks, decisions, strict=True):
        own_links = block.part.links
        ends = loop.is_end(block)
        is_begin = links.is_state[own_links] & ~ends
        price = np.where(is_begin, 0.0, -links.price[own_links])
        resting = block.program_priced(price, fixed=is_begin, values=values[own_links])
        every = block.part.subprogram.every
        upper = resting.upper.copy()
        upper[: len(every)] = np.where(
            at_rest[every], np.maximum(0.0, resting.lower[: len(every)]), upper[: len(every)]
        )
        solver = Solver()
        solver.load(replace(resting, upper=upper))
        try:
            x = solver.solve().x[: len(every)]
        except (InfeasibleProgram, UnboundedProgram, OutOfTime):
            return None
        reached = block.part.values @ x
        if not of_block.obeys(x):
            dispatch = of_block.rounded(reached, x)
            if dispatch is None:
                return None
            x = dispatch
        values[own_links] = np.where(
            links.is_state[own_links], reached, np.maximum(values[own_links], reached)
        )
        points.append(x)
    return loop.assembled(values, points)
