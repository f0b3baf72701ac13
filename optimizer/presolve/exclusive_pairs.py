"""Exclusive pairs without binaries: what can be said about them before anything is solved.

A pair that is balanced in a row, a - b = q with q in [q_lower, q_upper], obeys a <= max(0, q_upper) and
b <= max(0, -q_lower), because one of the two is zero. Most pairs are settled by that: a park that cannot
have a surplus at night cannot export at night. `chords.py` adds rows where both remain possible.
"""

from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.template import ExclusivePairRows, TemplateRow
from parkdispatch.optimizer.formulation.tile import Tiled

TOLERANCE = 1e-6  # MW below which a member of a pair counts as zero
FIRST, SECOND = 1, 2  # who of a pair rests, where that is a number; 0 is nobody


@dataclass(frozen=True)
class TightenedProgram:
    """A relaxation with the upper bounds that exclusivity implies.

    `top`, (columns,): those upper bounds, or what they are at most in a range of parks. `low` and `high`,
    (pairs, intervals): the least and the most that a - b is while nothing else works, in one park (then they
    are equal) or in a range of them; NaN where no row balances the pair.
    """

    program: LinearProgram
    top: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class PairBalanceRows:
    """Rows a - b = q of a pair, one for each interval, and what is in them besides, entry by entry.

    `body` is their functional. `share` is by how much q falls for a unit of `column`; `net` is q while
    all others are zero, (intervals,).
    """

    body: int
    interval: Index
    column: Index
    share: Array
    net: Array


@dataclass(frozen=True)
class PairBalance:
    """The same, and where the others are while they do not work.

    `column` is at `rest` then, or `used` up before a or b is; `net` is q while all rest, (intervals,).
    """

    interval: Index
    column: Index
    share: Array
    rest: Array
    used: Mask
    net: Array


def tighten(tiled: Tiled) -> TightenedProgram:
    """The relaxation with the upper bounds that exclusivity implies."""
    program, template = tiled.program, tiled.template
    upper = program.upper.copy()
    at_rest = np.full((len(template.pairs), len(tiled.horizon)), np.nan)
    for number, pair in enumerate(template.pairs):
        a, b = tiled.column_of(pair.a), tiled.column_of(pair.b)
        balances = pair_balance_rows(tiled, program, pair)
        for column, member, sign in ((a, pair.a, 1), (b, pair.b, -1)):
            limit = _implied_upper(tiled, program, balances, member, sign)
            # never below the lower bound: a contradiction is for the solver to find
            upper[column] = np.maximum(program.lower[column], np.minimum(upper[column], limit))
        if balances:
            at_rest[number] = pair_balance(tiled, program, pair, balances[0]).net
    return TightenedProgram(replace(program, upper=upper), upper, at_rest, at_rest)


def pair_balance(
    tiled: Tiled, program: LinearProgram, pair: ExclusivePairRows, rows: PairBalanceRows
) -> PairBalance:
    """What is in rows that balance a pair besides the pair."""
    rest, used = np.clip(0.0, program.lower, program.upper), np.zeros(len(program.cost), dtype=bool)
    for one in (pair.a, pair.b):
        for other in _used_up(tiled, program, rows.body, one):
            rest[other], used[other] = program.upper[other], True
    at_rest = rest[rows.column]
    net = rows.net - np.bincount(rows.interval, rows.share * at_rest, minlength=len(rows.net))
    return PairBalance(rows.interval, rows.column, rows.share, at_rest, used[rows.column], net)


def pair_balance_rows(tiled: Tiled, program: LinearProgram, pair: ExclusivePairRows) -> list[PairBalanceRows]:
    """Every kind of row that balances a pair."""
    a, b, template, found = pair.a, pair.b, tiled.template, list[PairBalanceRows]()
    base, slopes = template.coefficients[0], template.coefficients[1:]
    for number, row in enumerate(template.rows):
        alpha = base[row.body, a]
        if alpha == 0 or base[row.body, b] != -alpha or slopes[:, row.body, [a, b]].any():
            continue
        at = np.arange(len(tiled.horizon)) * len(template.rows) + number
        if np.array_equal(program.row_lower[at], program.row_upper[at]):
            entries = program.matrix[at].tocoo()
            slot = entries.col - entries.row * len(template.columns)  # of the interval's own columns
            keep = (slot != a) & (slot != b)
            interval, column, share = entries.row[keep], entries.col[keep], entries.data[keep] / alpha
            found.append(PairBalanceRows(row.body, interval, column, share, program.row_lower[at] / alpha))
    return found


def _implied_upper(
    tiled: Tiled, program: LinearProgram, balances: list[PairBalanceRows], a: int, sign: int
) -> Array:
    """Upper bound of column a where the other is zero, (intervals,), from every row a - b = sign x q."""
    limit = np.full(len(tiled.horizon), np.inf)
    for rows in balances:
        lower, upper = program.lower.copy(), program.upper
        for other in _used_up(tiled, program, rows.body, a):
            lower[other] = upper[other]
        # it is largest where the others' share is least
        share = sign * rows.share
        least = np.where(share > 0, share * lower[rows.column], share * upper[rows.column])
        limit = np.minimum(limit, sign * rows.net - np.bincount(rows.interval, least, minlength=len(limit)))
    return np.asarray(np.maximum(0.0, limit))


def _used_up(tiled: Tiled, program: LinearProgram, body: int, a: int) -> list[Index]:
    """Columns that are at their upper bounds where a > 0: moving power from a to them is never worse."""
    base, slopes = tiled.template.coefficients[0], tiled.template.coefficients[1:]
    found = []
    for p in _dominating(tiled, a):
        if base[body, p] == base[body, a] and not slopes[:, body, p].any():
            mine, other = tiled.column_of(a), tiled.column_of(p)
            found.append(other[program.cost[other] <= program.cost[mine]])
    return found


def _dominating(tiled: Tiled, a: int) -> list[int]:
    """Columns that may take over from column a without hurting any row; costs are left to the caller.

    Moving a unit from a to p changes a row by its coefficient of p less that of a: nothing for an
    equality, not up for a row with an upper bound, not down for one with a lower bound.
    """
    template, tallies = tiled.template, _tallies(tiled)
    bodies = [
        (row.body, row.lower is not None, row.upper is not None and number not in tallies)
        for number, row in enumerate(template.rows)
    ]
    bodies += [(total.body, False, True) for total in template.totals]
    bodies += [(end.body, True, False) for end in template.ends]
    remembered = {previous.column for previous in template.previous}
    paired = {column for pair in template.pairs for column in (pair.a, pair.b)}
    if a in remembered:
        return []
    found = []
    for p in range(len(template.columns)):
        if p == a or p in remembered or p in paired:
            continue
        for body, has_lower, has_upper in bodies:
            difference = template.coefficients[:, body, p] - template.coefficients[:, body, a]
            if difference[1:].any():
                break
            if (has_lower and difference[0] < 0) or (has_upper and difference[0] > 0):
                break
        else:
            found.append(p)
    return found


def _tallies(tiled: Tiled) -> set[int]:
    """Rows that only count something of which nothing wants to be more, by number.

    Such as the energy bought since a quarter-hour began, s = c s_before + h a. Written as s >= c s_before +
    h a they allow the same optimum: nobody gains by a larger s, and what adds up terms that are not negative
    cannot be below zero either.
    """
    template, own = tiled.template, len(tiled.template.columns)
    coefficients = template.coefficients

    def values(body: int, slots: int | list[int]) -> Array:
        return np.asarray(tiled.weights.T @ coefficients[:, body, slots])

    def is_zero(functional: int | None) -> bool:
        return functional is not None and not coefficients[:, functional].any()

    def is_tally(s: int, before: int, row: TemplateRow) -> bool:
        here = coefficients[:, row.body].any(axis=0)
        others = [slot for slot in np.flatnonzero(here).tolist() if slot != s]
        return (
            is_zero(row.lower)
            and is_zero(row.upper)
            and all(
                slot == before or (slot < own and is_zero(template.columns[slot].lower)) for slot in others
            )
            and bool((values(row.body, s) > 0).all() and (values(row.body, others) <= 0).all())
        )

    def is_no_help(s: int, before: int, row: TemplateRow) -> bool:
        there = values(row.body, s)
        return not coefficients[:, row.body, before].any() and bool(
            (row.lower is None or (there <= 0).all()) and (row.upper is None or (there >= 0).all())
        )

    found = set()
    for number, previous in enumerate(template.previous):
        s, before = previous.column, own + number
        column, rows = template.columns[s], dict(enumerate(template.rows))
        counting = [n for n, row in rows.items() if coefficients[:, row.body, before].any()]
        elsewhere = [total.body for total in template.totals] + [end.body for end in template.ends]
        elsewhere += [*template.costs.values(), *(row.body for pair in template.pairs for row in pair.rows)]
        if (
            len(counting) == 1
            and is_zero(column.lower)
            and column.upper is None
            and is_zero(previous.initial)
            and not coefficients[:, elsewhere, s].any()
            and is_tally(s, before, rows.pop(counting[0]))
            and all(is_no_help(s, before, row) for row in rows.values())
        ):
            found.add(counting[0])
    return found


def violated_pairs(tiled: Tiled, x: Array) -> Mask:
    """Where both members of a pair exceed zero, (pairs, intervals)."""
    found = np.zeros((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
    for number, pair in enumerate(tiled.template.pairs):
        found[number] = np.minimum(x[tiled.column_of(pair.a)], x[tiled.column_of(pair.b)]) > TOLERANCE
    return found


def open_pairs(tiled: Tiled, program: LinearProgram) -> Mask:
    """Where both members of a pair may exceed zero, (pairs, intervals)."""
    found = np.zeros((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
    for number, pair in enumerate(tiled.template.pairs):
        a, b = tiled.column_of(pair.a), tiled.column_of(pair.b)
        found[number] = (program.upper[a] > 0) & (program.upper[b] > 0)
    return found


def candidate_violations(tiled: Tiled, program: LinearProgram) -> Mask:
    """Where both members are possible and using both at once pays, (pairs, intervals)."""
    found = open_pairs(tiled, program)
    for number, pair in enumerate(tiled.template.pairs):
        found[number] &= program.cost[tiled.column_of(pair.a)] + program.cost[tiled.column_of(pair.b)] < 0
    return found
