"""Rows that balance an exclusive pair, a - b = q, such as import - export = load less generation."""

from dataclasses import dataclass

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.template import ExclusivePairRows
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.presolve.dominance import columns_exhausted_before


@dataclass(frozen=True)
class PairBalanceRows:
    """Rows a - b = q of a pair, one for each interval, and their other entries: q = net - coefficient'x.

    `body` is the functional of the rows. `interval`, `column` and `coefficient` are given for each entry;
    `net`, (intervals,), is q while all other columns are zero.
    """

    body: int
    interval: Index
    column: Index
    coefficient: Array
    net: Array


@dataclass(frozen=True)
class PairBalance:
    """The other entries of a balance row, and their values while they are idle.

    An idle column is at `idle_value`: the value nearest to zero, or its upper bound if it is `exhausted`
    before a member of the pair exceeds zero. `net`, (intervals,), is q while all other columns are idle.
    """

    interval: Index
    column: Index
    coefficient: Array
    idle_value: Array
    exhausted: Mask
    net: Array


def pair_balance_rows(tiled: Tiled, program: LinearProgram, pair: ExclusivePairRows) -> list[PairBalanceRows]:
    """Every template row that balances a pair by an equation with constant coefficients."""
    a, b, template, balances = pair.a, pair.b, tiled.template, list[PairBalanceRows]()
    base, slopes = template.coefficients[0], template.coefficients[1:]
    for number, row in enumerate(template.rows):
        alpha = base[row.body, a]
        if alpha == 0 or base[row.body, b] != -alpha or slopes[:, row.body, [a, b]].any():
            continue
        rows = np.arange(len(tiled.horizon)) * len(template.rows) + number
        if np.array_equal(program.row_lower[rows], program.row_upper[rows]):
            entries = program.matrix[rows].tocoo()
            slot = entries.col - entries.row * len(template.columns)  # of the interval's own columns
            keep = (slot != a) & (slot != b)
            interval, column, coefficient = entries.row[keep], entries.col[keep], entries.data[keep] / alpha
            net = program.row_lower[rows] / alpha
            balances.append(PairBalanceRows(row.body, interval, column, coefficient, net))
    return balances


def pair_balance(
    tiled: Tiled, program: LinearProgram, pair: ExclusivePairRows, rows: PairBalanceRows
) -> PairBalance:
    """The idle values of the other columns in rows that balance a pair."""
    idle_value = np.clip(0.0, program.lower, program.upper)
    exhausted = np.zeros(len(program.cost), dtype=bool)
    for member in (pair.a, pair.b):
        for columns in columns_exhausted_before(tiled, program, rows.body, member):
            idle_value[columns], exhausted[columns] = program.upper[columns], True
    of_entry = idle_value[rows.column]
    net = rows.net - np.bincount(rows.interval, rows.coefficient * of_entry, minlength=len(rows.net))
    return PairBalance(rows.interval, rows.column, rows.coefficient, of_entry, exhausted[rows.column], net)
