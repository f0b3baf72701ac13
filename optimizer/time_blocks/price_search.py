"""The price of a unit at which blocks together keep a total: one for all of them, raised until they do."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.time_blocks.links import MISSED, Links

PRICE_STEP = 4.0  # from a price that is too low to the next
MAX_STEPS = 8  # by which a price is raised
FALL = 0.99  # of what breaks a total, below which a higher price must bring it to be worth anything


class PricedTotals(NamedTuple):
    """Prices that keep the totals, (rows of links,), and links, (links,), that just keep them."""

    price_yuan: Array
    values: Array


def search_prices(
    links: Links, rows: Mask, breaking: Array, first_yuan: Array, ask: Callable[[Array], Array]
) -> PricedTotals:
    """Search prices of the marked totals, (rows,), which are broken by the links that they are free at.

    `first_yuan`, (rows,), is tried first, below zero where a total is too small. `ask` gives the links,
    (links,), that the blocks reach at prices. With the states as they are, no price may keep a total: then it
    is to be broken by as little as can be.
    """
    price_yuan, least = first_yuan.copy(), np.full(len(rows), np.inf)
    for _ in range(MAX_STEPS):
        keeping = ask(price_yuan)
        violations = links.violations(keeping)
        is_short = rows & (violations > MISSED)
        is_stuck = is_short & (violations >= FALL * least)
        price_yuan[is_stuck] /= PRICE_STEP
        rows, least = is_short & ~is_stuck, np.minimum(least, violations)
        if not rows.any():
            break
        price_yuan[rows] *= PRICE_STEP
    way = way_between(links, breaking, keeping)
    return PricedTotals(price_yuan, np.asarray(breaking + way * (keeping - breaking)))


def way_between(links: Links, breaking: Array, keeping: Array) -> float:
    """How far to go from links that break rows towards those that keep them, from 0 to 1."""
    violations = links.violations(breaking)
    is_broken = violations > MISSED
    before, after = violations[is_broken], links.violations(keeping)[is_broken]
    return float((before / np.maximum(before - after, before)).max(initial=0.0))
