"""Valid inequalities (strengthening cuts) for exclusive pairs, added before the relaxation is solved.

For a pair that is balanced by a - b = q and could profitably use both members, three rows are added that no
exclusive point violates:

* The chord a/A + b/B <= 1, with the upper bounds A and B: the convex hull of the pair alone.
* A limit of b, if the pair's net n = a - b is positive while all other columns are idle. The other columns
  must first compensate n, so b is at most the fraction B / (B + n) of what they supply towards b.
* Likewise a limit of a, if n is negative.

Together they leave the relaxation no gain from using both members while all other columns are idle. That is
nearly all of what it gains with the chord alone.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.presolve.exclusive_pairs import TightenedProgram
from parkdispatch.optimizer.presolve.pair_balance import PairBalance, pair_balance, pair_balance_rows

TINY = 1e-12  # MW
ROWS_PER_PAIR = 3  # chord, limit of b, limit of a


@dataclass(frozen=True)
class _Rows:
    """Rows of the form sum of value x column <= `upper`, entry by entry."""

    row: Index
    column: Index
    value: Array
    upper: Array


def with_valid_inequalities(tiled: Tiled, tight: TightenedProgram, where: Mask) -> LinearProgram:
    """The tightened program plus the rows of the marked pairs, (pairs, intervals).

    The rows follow the program's own: all chords, all limits of b, all limits of a, each pair by pair.
    """
    if not where.any():
        return tight.program
    marked = [np.flatnonzero(of_pair) for of_pair in where]
    balances = [
        _balance(tiled, tight.program, number) if intervals.size else None
        for number, intervals in enumerate(marked)
    ]
    parts = [_chords(tiled, tight, number, intervals) for number, intervals in enumerate(marked)]
    for of_second in (True, False):
        parts += [
            _limits(tiled, tight, number, intervals, balance, of_second=of_second)
            for number, (intervals, balance) in enumerate(zip(marked, balances, strict=True))
        ]
    return _with_rows(tight.program, parts)


def moved_rows(own_rows: int, before: Mask, after: Mask) -> Index:
    """Where the rows with the inequalities of some pairs are among those with other pairs' inequalities.

    `before` and `after` mark the pairs, (pairs, intervals); both follow `own_rows` rows of the program
    itself. Shape (rows before,); -1 for a row that is not there.
    """
    place = np.full((ROWS_PER_PAIR, *after.shape), -1)
    place[:, after] = own_rows + np.arange(ROWS_PER_PAIR * int(after.sum())).reshape(ROWS_PER_PAIR, -1)
    return np.concatenate([np.arange(own_rows), place[:, before].ravel()])


def _balance(tiled: Tiled, program: LinearProgram, number: int) -> PairBalance | None:
    """The first row that balances a pair; None where there is none."""
    pair = tiled.template.pairs[number]
    rows = pair_balance_rows(tiled, program, pair)
    return pair_balance(tiled, program, pair, rows[0]) if rows else None


def _with_rows(program: LinearProgram, parts: list[_Rows]) -> LinearProgram:
    """The program with more rows below its own."""
    starts = np.cumsum([0, *(len(rows.upper) for rows in parts)])
    row = np.concatenate([rows.row + start for rows, start in zip(parts, starts[:-1], strict=True)])
    column = np.concatenate([rows.column for rows in parts])
    value = np.concatenate([rows.value for rows in parts])
    upper = np.concatenate([rows.upper for rows in parts])
    # 32 bits like the program's own indices: stacking would widen these otherwise
    row, column = row.astype(np.int32), column.astype(np.int32)
    added = sp.csr_array((value, (row, column)), shape=(len(upper), len(program.cost)))
    return replace(
        program,
        matrix=sp.vstack([program.matrix, added], format="csr"),
        row_lower=np.concatenate([program.row_lower, np.full(len(upper), -np.inf)]),
        row_upper=np.concatenate([program.row_upper, upper]),
    )


def _chords(tiled: Tiled, tight: TightenedProgram, number: int, intervals: Index) -> _Rows:
    """a/A + b/B <= 1, scaled to MW by the smaller bound so that coefficients are like those of other rows."""
    pair = tiled.template.pairs[number]
    a, b = tiled.column_of(pair.a)[intervals], tiled.column_of(pair.b)[intervals]
    upper_a, upper_b = tight.implied_upper[a], tight.implied_upper[b]
    scale, row = np.minimum(upper_a, upper_b), np.arange(len(intervals))
    return _Rows(
        np.concatenate([row, row]),
        np.concatenate([a, b]),
        np.concatenate([scale / upper_a, scale / upper_b]),
        scale,
    )


def _limits(
    tiled: Tiled,
    tight: TightenedProgram,
    number: int,
    intervals: Index,
    balance: PairBalance | None,
    *,
    of_second: bool,
) -> _Rows:
    """Limit of one member by what the other columns supply; its own bound where that is not determined."""
    program, pair, row = tight.program, tiled.template.pairs[number], np.arange(len(intervals))
    member = tiled.column_of(pair.b if of_second else pair.a)[intervals]
    bound = tight.implied_upper[member]
    if balance is None:
        return _Rows(row, member, np.ones(len(intervals)), bound)
    # seen from the second member; for the first one all signs turn
    sign = 1.0 if of_second else -1.0
    net, net_min, net_max = (
        sign * values for values in (balance.net, tight.idle_net_min[number], tight.idle_net_max[number])
    )
    least, most = np.minimum(net_min, net_max)[intervals], np.maximum(net_min, net_max)[intervals]
    fraction = np.where(np.isfinite(bound), bound / np.maximum(bound + np.maximum(least, 0.0), TINY), 1.0)
    # columns of the balance that may supply the member; where one may help either member, nothing is known
    lower, upper = program.lower[balance.column], tight.implied_upper[balance.column]
    supply = sign * balance.coefficient
    free = (upper > lower) & ~balance.exhausted
    supplies = free & np.where(supply > 0, balance.idle_value <= lower, balance.idle_value >= upper)
    two_way = free & (balance.idle_value > lower) & (balance.idle_value < upper)
    determined = np.bincount(balance.interval, weights=two_way, minlength=len(balance.net))[intervals] == 0
    determined &= (least >= 0) | (most <= 0)
    row_of_interval = np.full(len(balance.net), -1)
    row_of_interval[intervals] = np.where(determined, row, -1)
    entry = np.flatnonzero(supplies & (row_of_interval[balance.interval] >= 0) & (supply != 0))
    entry_row = row_of_interval[balance.interval[entry]]
    value = -fraction[entry_row] * supply[entry]
    idle = np.bincount(entry_row, weights=value * balance.idle_value[entry], minlength=len(intervals))
    limit = np.where(determined, np.maximum(-net[intervals], 0.0) + idle, bound)
    return _Rows(
        np.concatenate([row, entry_row]),
        np.concatenate([member, balance.column[entry]]),
        np.concatenate([np.ones(len(intervals)), value]),
        limit,
    )
