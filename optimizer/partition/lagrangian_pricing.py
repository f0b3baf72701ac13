"""Lagrangian subproblems: a window as a program of its own, at the row multipliers of the full program.

min cost'x over all rows is relaxed to one problem per window: each row a window has in common with others is
moved into the objective at its multiplier y, so that a column costs cost - (matrix'y of coupling rows). What
a window has in common with others besides, a shared decision or the state it starts with, becomes a copy of
its own at the price matrix'y that its rows inside pay for it. For any y, the sum of the subproblems' optima
is a lower bound on the full problem (Lagrangian decomposition with variable splitting).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.partition.moved_rows import MovedRows
from parkdispatch.optimizer.partition.subprogram import Subprogram, SubprogramExtractor
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.proof.certificate import support

REDUCED_COST_SHARE = 0.5  # of a state's reduced cost, added to its price at a break point


@dataclass(frozen=True)
class WindowProgram:
    """The Lagrangian subproblem of a window without its exclusive pairs, in columns `subprogram.every`."""

    subprogram: Subprogram
    program: LinearProgram
    imputed_price: Array  # [yuan per unit] matrix'y of the rows inside, (every,)
    dual_objective_yuan: float  # dual objective of the multipliers in this window

    @property
    def copies(self) -> slice:
        """The positions of the copies of shared decisions among the columns."""
        return slice(len(self.subprogram.columns), len(self.subprogram.columns) + len(self.subprogram.copies))


class Multipliers:
    """Row multipliers of a program, the reduced costs, and the prices of states at break points.

    `dual`: (rows,). `reduced`: cost - matrix' dual, (columns,). `margin`: what is added to the price that the
    rows of the next interval pay for a state, (columns,); zero for all other columns.
    """

    def __init__(self, program: LinearProgram, extractor: SubprogramExtractor, dual: Array) -> None:
        self._program, self._next_rows, self._states = program, extractor.next_rows, extractor.states.ravel()
        self._state_price = np.full(len(self._states), np.nan)
        self.margin = np.zeros(len(program.cost))
        self.set(dual)

    def set(self, dual: Array) -> None:
        """Replace the multipliers.

        For a state at its bound with reduced cost d, every price in [p, p + d] is dual feasible, where p is
        what the rows of the next interval pay for it. The previous price is kept if it lies inside, so that
        windows need not be solved again; otherwise the price is in the middle.
        """
        self.dual = dual
        self.reduced = self._program.cost - self._program.matrix.T @ dual
        imputed_price, reduced = self._next_rows @ dual, self.reduced[self._states]
        previous_margin = self._state_price - imputed_price
        is_feasible = (previous_margin >= np.minimum(reduced, 0.0)) & (
            previous_margin <= np.maximum(reduced, 0.0)
        )
        margin = np.where(is_feasible, previous_margin, REDUCED_COST_SHARE * reduced)
        self._state_price = imputed_price + margin
        self.margin[self._states] = margin


@dataclass(frozen=True)
class SubprogramCache:
    """Subprograms by window, of a program whose matrix has these row starts and column indices."""

    starts: NDArray[np.int32]
    columns: NDArray[np.int32]
    of: dict[Window, Subprogram]

    def fits(self, program: LinearProgram) -> bool:
        """Return whether a program's matrix has its entries at the same places."""
        matrix = program.matrix
        return np.array_equal(matrix.indptr, self.starts) and np.array_equal(matrix.indices, self.columns)


class LagrangianPricer:
    """Builds the Lagrangian subproblems of one program's windows, and keeps their `subprograms`."""

    def __init__(
        self,
        tiled: Tiled,
        program: LinearProgram,
        subprograms: SubprogramCache | None = None,
        row_of: Index | None = None,
    ) -> None:
        """Prepare; `subprograms` of an earlier program are reused where its matrix has the same entries.

        `row_of`, (earlier rows,), is where each row of that program is in this one, -1 where it is not; by
        default, both have the same rows.
        """
        self._program, matrix = program, program.matrix
        self.extractor = SubprogramExtractor(tiled, program)
        self._earlier: Mapping[Window, Subprogram] = {}
        self._moved_rows: MovedRows | None = None
        if subprograms is not None and subprograms.fits(program):
            self._earlier = subprograms.of
        elif subprograms is not None and row_of is not None:
            self._moved_rows = MovedRows.between(
                subprograms.starts, subprograms.columns, tiled, program, row_of
            )
            self._earlier = subprograms.of if self._moved_rows is not None else {}
        self.subprograms = SubprogramCache(matrix.indptr, matrix.indices, {})

    def multipliers(self, dual: Array) -> Multipliers:
        """Return the prices of windows at these row multipliers, (rows,)."""
        return Multipliers(self._program, self.extractor, dual)

    def window_program(
        self, window: Window, multipliers: Multipliers, upper: Array | None = None
    ) -> WindowProgram:
        """Return the window's subproblem at these multipliers.

        `upper` replaces the full program's upper bounds, (columns,).
        """
        program, subprogram = self._program, self.subprogram(window)
        every, own_count = subprogram.every, len(subprogram.columns)
        dual = multipliers.dual[subprogram.inside]
        imputed_price = transposed_product(subprogram.matrix, dual)
        price = program.cost[every]
        price[:own_count] -= np.bincount(
            subprogram.coupling_column,
            subprogram.coupling_value * multipliers.dual[subprogram.coupling_row],
            minlength=own_count,
        )
        # at this price the reduced cost of a copy is zero: the relaxation leaves it where the original is
        price[own_count:] = imputed_price[own_count:]
        price[own_count + len(subprogram.copies) :] += multipliers.margin[subprogram.before]
        price[subprogram.ending] -= multipliers.margin[subprogram.columns[subprogram.ending]]
        lower, upper = program.lower[every], (program.upper if upper is None else upper)[every]
        row_lower, row_upper = program.row_lower[subprogram.inside], program.row_upper[subprogram.inside]
        dual_objective_yuan = (
            support(dual, row_lower, row_upper)[0] + support(price - imputed_price, lower, upper)[0]
        )
        no_binary = np.zeros(len(every), dtype=bool)
        subproblem = LinearProgram(
            price, 0.0, subprogram.matrix, row_lower, row_upper, lower, upper, no_binary
        )
        return WindowProgram(subprogram, subproblem, imputed_price, dual_objective_yuan)

    def subprogram(self, window: Window) -> Subprogram:
        """Return the window's subprogram, extracted once."""
        if window not in self.subprograms.of:
            earlier = self._earlier.get(window)
            if earlier is not None and self._moved_rows is not None:
                earlier = self._moved_rows.moved(window, earlier)
            values = self._program.matrix.data
            self.subprograms.of[window] = (
                self.extractor.extract(window) if earlier is None else earlier.with_values(values)
            )
        return self.subprograms.of[window]


def transposed_product(matrix: sp.csr_array, dual: Array) -> Array:
    """Return matrix' dual, (columns,), without building the transposed matrix."""
    dual_of_entries = np.repeat(dual, np.diff(matrix.indptr))
    product = np.bincount(matrix.indices, matrix.data * dual_of_entries, minlength=matrix.shape[1])
    return product.astype(np.float64)


def pair_positions(tiled: Tiled, where: Mask, window: Window) -> Index:
    """Return the positions of the marked exclusive pairs' members a, b among a window's columns, (found, 2).

    `where` marks them, (pairs, intervals).
    """
    width, intervals = len(tiled.template.columns), window.intervals
    by_pair = [np.empty((0, 2), dtype=np.int64)]
    for pair, marked in zip(tiled.template.pairs, where, strict=True):
        first_column = np.flatnonzero(marked[intervals]) * width
        by_pair.append(np.column_stack([first_column + pair.a, first_column + pair.b]))
    return np.concatenate(by_pair)


def with_pair_binaries(program: LinearProgram, pairs: Index) -> LinearProgram:
    """Return the program with a binary z for each exclusive pair (a, b) of columns: a <= A z, b <= B (1 - z).

    A and B are the members' upper bounds. `pairs` has the shape (pairs, 2); the binaries are the last
    columns.
    """
    n, k = len(program.cost), len(pairs)
    a, b = pairs[:, 0], pairs[:, 1]
    top_a, top_b, row = program.upper[a], program.upper[b], np.arange(k)
    matrix = program.matrix
    # two entries in each added row
    columns = np.concatenate([np.column_stack([a, n + row]), np.column_stack([b, n + row])]).ravel()
    values = np.column_stack([np.ones(2 * k), np.concatenate([-top_a, top_b])]).ravel()
    matrix = sp.csr_array(
        (
            np.concatenate([matrix.data, values]),
            np.concatenate([matrix.indices, columns]),
            np.concatenate([matrix.indptr, matrix.indptr[-1] + 2 * np.arange(1, 2 * k + 1)]),
        ),
        shape=(matrix.shape[0] + 2 * k, n + k),
    )
    return replace(
        program,
        cost=np.concatenate([program.cost, np.zeros(k)]),
        matrix=matrix,
        row_lower=np.concatenate([program.row_lower, np.full(2 * k, -np.inf)]),
        row_upper=np.concatenate([program.row_upper, np.zeros(k), top_b]),
        lower=np.concatenate([program.lower, np.zeros(k)]),
        upper=np.concatenate([program.upper, np.ones(k)]),
        binary=np.concatenate([program.binary, np.ones(k, dtype=bool)]),
    )
