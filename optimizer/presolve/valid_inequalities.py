"""Rows that hold the members of a pair apart as far as a linear program can.

Where a pair a - b = q may use both its members and is paid for it, three rows are added that no exclusive
point violates. The chord a/A + b/B <= 1. And, if while nothing else works a would be at n, one that says
what b needs: something else must first make up for n. So at most the share B / (B + n) of what works
towards b, such as a discharge, becomes b. Likewise for a, where b would be at n. Together they leave the
linear program no gain from both members while all else rests, which is nearly all that it gains from a
chord alone.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.presolve.exclusive_pairs import (
    PairBalance,
    TightenedProgram,
    pair_balance,
    pair_balance_rows,
)

TINY = 1e-12  # MW
KINDS = 3  # rows for each pair: chord, limit of b, limit of a


@dataclass(frozen=True)
class _Rows:
    """Rows whose entries add up to at most `most`."""

    row: Index
    column: Index
    value: Array
    most: Array


def with_valid_inequalities(tiled: Tiled, tight: TightenedProgram, where: Mask) -> LinearProgram:
    """The tightened program with the rows of the marked pairs, (pairs, intervals), kind after kind."""
    program, marked = tight.program, [np.flatnonzero(one) for one in where]
    if not where.any():
        return program
    balances: list[PairBalance | None] = []
    for pair, at in zip(tiled.template.pairs, marked, strict=True):
        rows = pair_balance_rows(tiled, program, pair) if at.size else []
        balances.append(pair_balance(tiled, program, pair, rows[0]) if rows else None)
    kinds = [[_chords(tiled, tight, number, at) for number, at in enumerate(marked)]]
    for second in (True, False):
        kinds.append(
            [
                _limits(tiled, tight, number, at, found, of_second=second)
                for number, (at, found) in enumerate(zip(marked, balances, strict=True))
            ]
        )
    made = [one for kind in kinds for one in kind]
    first = np.cumsum([0, *(len(one.most) for one in made)])
    row = np.concatenate([one.row + start for one, start in zip(made, first[:-1], strict=True)])
    column, value, most = (
        np.concatenate([getattr(one, name) for one in made]) for name in ("column", "value", "most")
    )
    # of the same kind as the program's own: else all of its indices would grow to twice their size
    row, column = row.astype(np.int32), column.astype(np.int32)
    added = sp.csr_array((value, (row, column)), shape=(len(most), len(program.cost)))
    return replace(
        program,
        matrix=sp.vstack([program.matrix, added], format="csr"),
        row_lower=np.concatenate([program.row_lower, np.full(len(most), -np.inf)]),
        row_upper=np.concatenate([program.row_upper, most]),
    )


def _chords(tiled: Tiled, tight: TightenedProgram, number: int, at: Index) -> _Rows:
    """a/A + b/B <= 1, scaled to MW by the smaller limit so that they are of the size of others."""
    pair = tiled.template.pairs[number]
    a, b = tiled.column_of(pair.a)[at], tiled.column_of(pair.b)[at]
    top_a, top_b = tight.top[a], tight.top[b]
    scale, row = np.minimum(top_a, top_b), np.arange(len(at))
    return _Rows(
        np.concatenate([row, row]),
        np.concatenate([a, b]),
        np.concatenate([scale / top_a, scale / top_b]),
        scale,
    )


def _limits(
    tiled: Tiled,
    tight: TightenedProgram,
    number: int,
    at: Index,
    found: PairBalance | None,
    *,
    of_second: bool,
) -> _Rows:
    """What one member needs before it works; where that cannot be told, no more than its bound."""
    program, pair, row = tight.program, tiled.template.pairs[number], np.arange(len(at))
    member = tiled.column_of(pair.b if of_second else pair.a)[at]
    top = tight.top[member]
    if found is None:
        return _Rows(row, member, np.ones(len(at)), top)
    net, low, high = (
        one if of_second else -one for one in (found.net, tight.low[number], tight.high[number])
    )
    least, most = np.minimum(low, high)[at], np.maximum(low, high)[at]
    share = np.where(np.isfinite(top), top / np.maximum(top + np.maximum(least, 0.0), TINY), 1.0)
    # entries of these intervals that may work towards the member
    lower, upper = program.lower[found.column], tight.top[found.column]
    towards = found.share if of_second else -found.share
    free = (upper > lower) & ~found.used
    works = free & np.where(towards > 0, found.rest <= lower, found.rest >= upper)
    unclear = free & (found.rest > lower) & (found.rest < upper)
    told = np.bincount(found.interval, weights=unclear, minlength=len(found.net))[at] == 0
    told &= (least >= 0) | (most <= 0)
    place = np.full(len(found.net), -1)
    place[at] = np.where(told, row, -1)
    entry = np.flatnonzero(works & (place[found.interval] >= 0) & (towards != 0))
    of = place[found.interval[entry]]
    value = -share[of] * towards[entry]
    begins = np.bincount(of, weights=value * found.rest[entry], minlength=len(at))
    limit = np.where(told, np.maximum(-net[at], 0.0) + begins, top)
    return _Rows(
        np.concatenate([row, of]),
        np.concatenate([member, found.column[entry]]),
        np.concatenate([np.ones(len(at)), value]),
        limit,
    )
