"""Shapley values: the one way to share an effect among causes that is additive and knows no order.

A cause gets the mean of what it adds to those before it, over all orders of the causes (Shapley, 1953). With
k causes this takes the effect of each of the 2^k subsets.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import factorial

from parkdispatch.results.settlement.day_settlement import DayMoney


def shapley_values(
    causes: Sequence[str], effect: Callable[[frozenset[str]], DayMoney]
) -> Mapping[str, DayMoney]:
    """The share of each cause in `effect(all)` less `effect(none)`; each subset is asked for once."""
    effects = {
        frozenset(subset): effect(frozenset(subset))
        for size in range(len(causes) + 1)
        for subset in combinations(causes, size)
    }
    shares = {}
    for cause in causes:
        share = DayMoney()
        for subset, money in effects.items():
            if cause not in subset:
                before = len(subset)
                orders = factorial(before) * factorial(len(causes) - before - 1)
                weight = orders / factorial(len(causes))
                share = share + (effects[subset | {cause}] - money).times(weight)
        shares[cause] = share
    return shares
