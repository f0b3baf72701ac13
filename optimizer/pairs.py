"""Exclusive pairs without binaries: what can be said about them before anything is solved.

A pair that is balanced in a row, a - b = q with q in [q_lower, q_upper], obeys a <= max(0, q_upper) and
b <= max(0, -q_lower), because one of the two is zero. Most pairs are settled by that: a park that cannot
have a surplus at night cannot export at night. Where both remain possible, the chord a/A + b/B <= 1 is
the tightest row that no exclusive point violates.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from models.device import Array
from optimizer.horizon import Index
from optimizer.program import Mask, Program
from optimizer.template import Template
from optimizer.tile import Tiled

TOLERANCE = 1e-6  # MW below which a member of a pair counts as zero
FIRST, SECOND = 1, 2  # who of a pair rests, where that is a number; 0 is nobody


def tighten(tiled: Tiled) -> Program:
    """The relaxation with the upper bounds that exclusivity implies."""
    program = tiled.program
    upper = program.upper.copy()
    for pair in tiled.template.pairs:
        a, b = tiled.column_of(pair.a), tiled.column_of(pair.b)
        balances = _balances(tiled, program, pair.a, pair.b)
        for first, second in ((pair.a, pair.b), (pair.b, pair.a)):
            limit = _implied_upper(tiled, program, balances, first, second)
            column = a if first == pair.a else b
            # never below the lower bound: a contradiction is for the solver to find
            upper[column] = np.maximum(program.lower[column], np.minimum(upper[column], limit))
    return replace(program, upper=upper)


def _balances(tiled: Tiled, program: Program, a: int, b: int) -> list[tuple[int, Index, sp.coo_array]]:
    """Rows that balance columns a and b: number in an interval, where in the program, and entries there."""
    template, found = tiled.template, []
    base, slopes = template.coefficients[0], template.coefficients[1:]
    for number, row in enumerate(template.rows):
        alpha = base[row.body, a]
        if alpha == 0 or base[row.body, b] != -alpha or slopes[:, row.body, [a, b]].any():
            continue
        at = np.arange(len(tiled.horizon)) * len(template.rows) + number
        if np.array_equal(program.row_lower[at], program.row_upper[at]):
            found.append((number, at, program.matrix[at].tocoo()))
    return found


def _implied_upper(
    tiled: Tiled, program: Program, balances: list[tuple[int, Index, sp.coo_array]], a: int, b: int
) -> Array:
    """Upper bound of column a where b is zero, (intervals,), from every row that balances the two."""
    template, count = tiled.template, len(tiled.horizon)
    limit = np.full(count, np.inf)
    base, slopes = template.coefficients[0], template.coefficients[1:]
    dominating = _dominating(template, a)
    for number, at, entries in balances:
        body = template.rows[number].body
        alpha = base[body, a]
        lower, upper = program.lower.copy(), program.upper
        for p in dominating:
            # a > 0 only where p is used up: moving power from a to p is never worse
            if base[body, p] == alpha and not slopes[:, body, p].any():
                mine, other = tiled.column_of(a), tiled.column_of(p)
                better = program.cost[other] <= program.cost[mine]
                lower[other[better]] = upper[other[better]]
        keep = (entries.col != tiled.column_of(a)[entries.row]) & (
            entries.col != tiled.column_of(b)[entries.row]
        )
        # q = (right-hand side - others) / alpha is largest where the others' share is least
        share, column = entries.data[keep] / alpha, entries.col[keep]
        least = np.where(share > 0, share * lower[column], share * upper[column])
        others = np.bincount(entries.row[keep], weights=least, minlength=count)
        limit = np.minimum(limit, program.row_lower[at] / alpha - others)
    return np.asarray(np.maximum(0.0, limit))


def _dominating(template: Template, a: int) -> list[int]:
    """Columns that may take over from column a without hurting any row; costs are left to the caller.

    Moving a unit from a to p changes a row by its coefficient of p less that of a: nothing for an
    equality, not up for a row with an upper bound, not down for one with a lower bound.
    """
    bodies = [(row.body, row.lower is not None, row.upper is not None) for row in template.rows]
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


def violated(tiled: Tiled, x: Array) -> Mask:
    """Where both members of a pair exceed zero, (pairs, intervals)."""
    found = np.zeros((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
    for number, pair in enumerate(tiled.template.pairs):
        found[number] = np.minimum(x[tiled.column_of(pair.a)], x[tiled.column_of(pair.b)]) > TOLERANCE
    return found


def open_pairs(tiled: Tiled, program: Program) -> Mask:
    """Where both members of a pair may exceed zero, (pairs, intervals)."""
    found = np.zeros((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
    for number, pair in enumerate(tiled.template.pairs):
        a, b = tiled.column_of(pair.a), tiled.column_of(pair.b)
        found[number] = (program.upper[a] > 0) & (program.upper[b] > 0)
    return found


def tempting(tiled: Tiled, program: Program) -> Mask:
    """Where both members are possible and using both at once pays, (pairs, intervals)."""
    found = open_pairs(tiled, program)
    for number, pair in enumerate(tiled.template.pairs):
        found[number] &= program.cost[tiled.column_of(pair.a)] + program.cost[tiled.column_of(pair.b)] < 0
    return found


@dataclass(frozen=True)
class Chords:
    """Rows a/A + b/B <= 1, scaled to MW by the smaller limit so that they are of the size of others."""

    matrix: sp.csr_array
    upper: Array


def chords(tiled: Tiled, program: Program, where: Mask) -> Chords:
    """The chord of each marked pair, (pairs, intervals)."""
    parts, limits, made = [], [], 0
    for number, pair in enumerate(tiled.template.pairs):
        at = np.flatnonzero(where[number])
        a, b = tiled.column_of(pair.a)[at], tiled.column_of(pair.b)[at]
        top_a, top_b = program.upper[a], program.upper[b]
        scale = np.minimum(top_a, top_b)
        row = made + np.arange(len(at))
        parts.append((row, a, scale / top_a))
        parts.append((row, b, scale / top_b))
        limits.append(scale)
        made += len(at)
    rows, columns, values = (np.concatenate([part[i] for part in parts]) for i in range(3))
    matrix = sp.csr_array((values, (rows, columns)), shape=(made, len(program.cost)))
    return Chords(matrix, np.concatenate(limits))


def with_chords(program: Program, added: Chords) -> Program:
    """The program with chords appended."""
    return replace(
        program,
        matrix=sp.vstack([program.matrix, added.matrix], format="csr"),
        row_lower=np.concatenate([program.row_lower, np.full(len(added.upper), -np.inf)]),
        row_upper=np.concatenate([program.row_upper, added.upper]),
    )
