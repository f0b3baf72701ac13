"""A window as a problem of its own, at the multipliers of the whole.

Every row it shares with the rest is replaced by that row's multiplier. What it has in common with others, a
shared decision or the state it begins with, becomes a copy of its own at its multipliers' price.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram, Mask
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.partition.subprogram import Subprogram, SubprogramExtractor
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.proof.certificate import support

HALF = 0.5  # share of an edge's margin that each side of it gets


@dataclass(frozen=True)
class WindowProgram:
    """A window's relaxation, in the columns `cut.every`."""

    cut: Subprogram
    program: LinearProgram
    pays: Array  # [yuan per unit] what its rows, at their multipliers, charge each column
    relaxed: float  # [yuan] dual objective of the multipliers here

    @property
    def copies(self) -> slice:
        """Where the copies of shared decisions are among the columns."""
        return slice(len(self.cut.columns), len(self.cut.columns) + len(self.cut.copies))


class Multipliers:
    """Row multipliers of a program, what they leave of each cost, and how edges share their margins."""

    def __init__(self, program: LinearProgram, cutter: SubprogramExtractor, dual: Array) -> None:
        self._program, self._ahead, self._states = program, cutter.ahead, cutter.states.ravel()
        self._edge_price = np.full(len(self._states), np.nan)
        self.margin = np.zeros(len(program.cost))  # of states only
        self.set(dual)

    def set(self, dual: Array) -> None:
        """Take over new multipliers.

        A state pressed against its bound by d has any price between what the later row pays for it and d
        more: the one it had, if that is still so, that windows need not be solved again; else the middle.
        """
        self.dual = dual
        self.reduced = self._program.cost - self._program.matrix.T @ dual
        pays, reduced = self._ahead @ dual, self.reduced[self._states]
        kept = self._edge_price - pays
        keep = (kept >= np.minimum(reduced, 0.0)) & (kept <= np.maximum(reduced, 0.0))
        margin = np.where(keep, kept, HALF * reduced)
        self._edge_price = pays + margin
        self.margin[self._states] = margin


@dataclass(frozen=True)
class SubprogramCache:
    """Cuts of windows of a program with these entries."""

    starts: NDArray[np.int32]
    columns: NDArray[np.int32]
    of: dict[Window, Subprogram]

    def fits(self, program: LinearProgram) -> bool:
        """Whether a program has the same entries."""
        matrix = program.matrix
        return np.array_equal(matrix.indptr, self.starts) and np.array_equal(matrix.indices, self.columns)


class LagrangianPricer:
    """Makes the parts of one program; `cuts` may be of one with the same entries and other values."""

    def __init__(self, tiled: Tiled, program: LinearProgram, cuts: SubprogramCache | None = None) -> None:
        self._program, matrix = program, program.matrix
        self.cutter = SubprogramExtractor(tiled, program)
        self._known = cuts.of if cuts is not None and cuts.fits(program) else {}
        self.cuts = SubprogramCache(matrix.indptr, matrix.indices, {})

    def multipliers(self, dual: Array) -> Multipliers:
        """Row multipliers to price windows at."""
        return Multipliers(self._program, self.cutter, dual)

    def part(self, window: Window, at: Multipliers, upper: Array | None = None) -> WindowProgram:
        """The window's relaxation at these multipliers; `upper` replaces the program's upper bounds."""
        program, cut = self._program, self.cut(window)
        every, own, dual = cut.every, len(cut.columns), at.dual[cut.inside]
        pays = transposed_product(cut.matrix, dual)
        price = program.cost[every]
        price[:own] -= np.bincount(
            cut.leaving_column, cut.leaving_value * at.dual[cut.leaving_row], minlength=own
        )
        # at this price the linear program leaves a copy where the original is: its reduced cost is zero
        price[own:] = pays[own:]
        price[own + len(cut.copies) :] += at.margin[cut.before]
        price[cut.ending] -= at.margin[cut.columns[cut.ending]]
        lower, upper = program.lower[every], (program.upper if upper is None else upper)[every]
        row_lower, row_upper = program.row_lower[cut.inside], program.row_upper[cut.inside]
        relaxed = support(dual, row_lower, row_upper)[0] + support(price - pays, lower, upper)[0]
        none = np.zeros(len(every), dtype=bool)
        alone = LinearProgram(price, 0.0, cut.matrix, row_lower, row_upper, lower, upper, none)
        return WindowProgram(cut, alone, pays, relaxed)

    def cut(self, window: Window) -> Subprogram:
        """The window's columns and rows, cut once."""
        if window not in self.cuts.of:
            known = self._known.get(window)
            values = self._program.matrix.data
            self.cuts.of[window] = self.cutter.cut(window) if known is None else known.of_values(values)
        return self.cuts.of[window]


def transposed_product(matrix: sp.csr_array, dual: Array) -> Array:
    """matrix' x dual, without the transposed matrix."""
    each = np.repeat(dual, np.diff(matrix.indptr))
    return np.bincount(matrix.indices, matrix.data * each, minlength=matrix.shape[1]).astype(np.float64)


def positions(tiled: Tiled, where: Mask, window: Window) -> Index:
    """Positions of a and b of each marked pair, (pairs, intervals), among a window's columns, (pairs, 2)."""
    own, intervals = len(tiled.template.columns), window.intervals
    found = [np.empty((0, 2), dtype=np.int64)]
    for pair, marked in zip(tiled.template.pairs, where, strict=True):
        at = np.flatnonzero(marked[intervals]) * own
        found.append(np.column_stack([at + pair.a, at + pair.b]))
    return np.concatenate(found)


def with_binaries(program: LinearProgram, pairs: Index) -> LinearProgram:
    """The program with a <= A z and b <= B (1 - z) for each pair (a, b) of columns, shape (pairs, 2)."""
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
