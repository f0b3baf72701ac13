"""Bounds and valid inequalities of exclusive pairs from all rows of an interval, over buses and their losses.

`exclusive_pairs` looks at the one row that balances a pair; where a transformer lies between the meter and
the loads, that row says nothing. Here bounds are propagated over all rows, once for each member while its
partner is zero, with the sources at their limits that are used first (`exchange`). With the bounds A and B so
found, every dispatch within them obeys the chord a/A + b/B <= 1, the convex hull of the pair alone.

Some optimum is within these bounds, but not every dispatch: one that imports beside unused sun may not be.
"""

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.template import ExclusivePairRows
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.presolve.bound_propagation import BoundPropagation, Bounds
from parkdispatch.optimizer.presolve.exchange import ExchangeFinder, is_exhausted
from parkdispatch.optimizer.presolve.exclusive_pairs import PAIR_TOLERANCE_MW, tighten


def tighten_over_network(tiled: Tiled) -> LinearProgram:
    """Return the relaxation with tighter upper bounds of pair members, and the chords below its own rows."""
    program = tighten(tiled).program
    paying = [pair for pair in tiled.template.pairs if _pays(tiled, program, pair)]
    if not paying:
        return program
    propagation, finder = BoundPropagation(tiled), ExchangeFinder(tiled)
    shape, interval_part = (len(tiled.horizon), len(tiled.template.columns)), slice(0, tiled.shared_starts[0])
    bounds = propagation.tightened(
        (program.lower[interval_part].reshape(shape).T, program.upper[interval_part].reshape(shape).T)
    )
    # of all other columns the devices' own bounds stay: what presolve can derive, it derives itself
    tight_upper, chords = program.upper.copy(), list[tuple[Index, Index]]()
    for pair in paying:
        for member, partner in ((pair.a, pair.b), (pair.b, pair.a)):
            columns = tiled.column_of(member)
            most = _most(tiled, program, (propagation, finder), bounds, (member, partner))
            # never below the lower bound: a contradiction is left to the solver
            tight_upper[columns] = np.maximum(program.lower[columns], np.minimum(tight_upper[columns], most))
        a, b = tiled.column_of(pair.a), tiled.column_of(pair.b)
        is_open = np.minimum(tight_upper[a], tight_upper[b]) > PAIR_TOLERANCE_MW
        is_open &= np.isfinite(tight_upper[a]) & np.isfinite(tight_upper[b])
        chords.append((a[is_open], b[is_open]))
    return _with_chords(replace(program, upper=tight_upper), chords)


def _pays(tiled: Tiled, program: LinearProgram, pair: ExclusivePairRows) -> bool:
    """Whether using both members of a pair at once may be profitable somewhere, by their own costs."""
    return bool((program.cost[tiled.column_of(pair.a)] + program.cost[tiled.column_of(pair.b)] < 0).any())


def _most(
    tiled: Tiled,
    program: LinearProgram,
    tools: tuple[BoundPropagation, ExchangeFinder],
    bounds: Bounds,
    pair: tuple[int, int],
) -> Array:
    """Return the largest value of a pair's first member in some optimum, (intervals,).

    The same optimum for all pairs: that with the least sum of all members (`exchange`).
    """
    (propagation, finder), (member, partner) = tools, pair
    upper = bounds[1].copy()
    upper[partner] = np.maximum(0.0, bounds[0][partner])
    lower, upper = propagation.tightened((bounds[0], upper))
    exchanges = finder.exchanges(member)
    used_first = lower.copy()
    for exchange in exchanges:
        columns = tiled.column_of(exchange.instead)
        exhausted = is_exhausted(tiled, program, exchange, (lower, upper))
        # where the rows do not let the source be used up, the member is zero
        at_limit = np.minimum(program.upper[columns], upper[exchange.instead])
        used_first[exchange.instead] = np.where(exhausted, at_limit, lower[exchange.instead])
    if exchanges:
        upper = propagation.tightened((used_first, upper))[1]
    return np.asarray(np.maximum(0.0, upper[member]))


def _with_chords(program: LinearProgram, chords: list[tuple[Index, Index]]) -> LinearProgram:
    """Return the program with a/A + b/B <= 1 for these pairs, in MW of the member with the smaller bound."""
    if not chords:
        return program
    a, b = (np.concatenate(columns) for columns in zip(*chords, strict=True))
    top_a, top_b = program.upper[a], program.upper[b]
    scale, row = np.minimum(top_a, top_b), np.arange(len(a))
    entries = np.concatenate([scale / top_a, scale / top_b])
    # 32 bits like the program's own indices: stacking would widen these otherwise
    places = np.concatenate([row, row]).astype(np.int32), np.concatenate([a, b]).astype(np.int32)
    added = sp.csr_array((entries, places), shape=(len(a), len(program.cost)))
    return replace(
        program,
        matrix=sp.vstack([program.matrix, added], format="csr"),
        row_lower=np.concatenate([program.row_lower, np.full(len(a), -np.inf)]),
        row_upper=np.concatenate([program.row_upper, scale]),
    )
