"""Dominated columns: where power is drawn from one column only after another one is at its upper bound.

Column p dominates column a if moving a unit from a to p violates no row. If p is not dearer either, there is
an optimum in which p is at its upper bound wherever a exceeds zero (dominated columns, a presolve reduction).
"""

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.template import TemplateRow
from parkdispatch.optimizer.formulation.tile import Tiled


def columns_exhausted_before(tiled: Tiled, program: LinearProgram, body: int, a: int) -> list[Index]:
    """Columns that are at their upper bounds wherever template column a exceeds zero.

    Only columns with the same coefficient as a in the functional `body` are looked at.
    """
    base, slopes = tiled.template.coefficients[0], tiled.template.coefficients[1:]
    exhausted = []
    for p in _dominating(tiled, a):
        if base[body, p] == base[body, a] and not slopes[:, body, p].any():
            columns_a, columns_p = tiled.column_of(a), tiled.column_of(p)
            exhausted.append(columns_p[program.cost[columns_p] <= program.cost[columns_a]])
    return exhausted


def _dominating(tiled: Tiled, a: int) -> list[int]:
    """Template columns that may replace column a without violating any row; costs are not compared here.

    Moving a unit from a to p changes a row by its coefficient of p less that of a. This must be zero in an
    equation, not positive under an upper bound, not negative over a lower bound.
    """
    template, counters = tiled.template, counter_rows(tiled)
    bodies = [
        (row.body, row.lower is not None, row.upper is not None and number not in counters)
        for number, row in enumerate(template.rows)
    ]
    bodies += [(total.body, total.lower is not None, total.upper is not None) for total in template.totals]
    bodies += [(end.body, True, False) for end in template.ends]
    states = {previous.column for previous in template.previous}
    members = {column for pair in template.pairs for column in (pair.a, pair.b)}
    if a in states or template.columns[a].is_binary:
        return []
    dominating = []
    for p in range(len(template.columns)):
        if p == a or p in states or p in members or template.columns[p].is_binary:
            continue
        for body, has_lower, has_upper in bodies:
            difference = template.coefficients[:, body, p] - template.coefficients[:, body, a]
            if difference[1:].any():
                break
            if (has_lower and difference[0] < 0) or (has_upper and difference[0] > 0):
                break
        else:
            dominating.append(p)
    return dominating


def counter_rows(tiled: Tiled) -> set[int]:
    """Numbers of the rows that define a counter which nothing in the program profits from increasing.

    An example is the energy bought since a quarter-hour began, s = c s_before + h a. As s >= c s_before + h a
    the row allows the same optima: a larger s never pays, and a sum of non-negative terms is not below zero.
    """
    template, width = tiled.template, len(tiled.template.columns)
    coefficients = template.coefficients
    elsewhere = [total.body for total in template.totals] + [end.body for end in template.ends]
    elsewhere += [*template.costs.values(), *(row.body for pair in template.pairs for row in pair.rows)]
    counters = set()
    for number, previous in enumerate(template.previous):
        state, before = previous.column, width + number
        column, rows = template.columns[state], dict(enumerate(template.rows))
        defining = [n for n, row in rows.items() if coefficients[:, row.body, before].any()]
        if (
            len(defining) == 1
            and _is_zero(tiled, column.lower)
            and column.upper is None
            and all(_is_zero(tiled, initial) for initial in previous.initial)
            and previous.steps == 1
            and not coefficients[:, elsewhere, state].any()
            and _defines_counter(tiled, state, before, rows.pop(defining[0]))
            and all(_never_relaxed_by(tiled, state, before, row) for row in rows.values())
        ):
            counters.add(defining[0])
    return counters


def _coefficients(tiled: Tiled, body: int, slots: int | list[int]) -> Array:
    """Coefficients of slots in a functional, in every interval."""
    return np.asarray(tiled.weights.T @ tiled.template.coefficients[:, body, slots])


def _is_zero(tiled: Tiled, functional: int | None) -> bool:
    return functional is not None and not tiled.template.coefficients[:, functional].any()


def _defines_counter(tiled: Tiled, state: int, before: int, row: TemplateRow) -> bool:
    """Whether a row is an equation that sets a state to a sum of non-negative terms."""
    template, width = tiled.template, len(tiled.template.columns)
    in_row = template.coefficients[:, row.body].any(axis=0)
    others = [slot for slot in np.flatnonzero(in_row).tolist() if slot != state]
    return (
        _is_zero(tiled, row.lower)
        and _is_zero(tiled, row.upper)
        and all(
            slot == before or (slot < width and _is_zero(tiled, template.columns[slot].lower))
            for slot in others
        )
        and bool(
            (_coefficients(tiled, row.body, state) > 0).all()
            and (_coefficients(tiled, row.body, others) <= 0).all()
        )
    )


def _never_relaxed_by(tiled: Tiled, state: int, before: int, row: TemplateRow) -> bool:
    """Whether a larger state never helps to meet a row."""
    coefficient = _coefficients(tiled, row.body, state)
    return not tiled.template.coefficients[:, row.body, before].any() and bool(
        (row.lower is None or (coefficient <= 0).all()) and (row.upper is None or (coefficient >= 0).all())
    )
