"""A window as a problem of its own, at the multipliers of the whole.

Every row it shares with the rest is replaced by that row's multiplier. What it has in common with others, a
shared decision or the state it begins with, becomes a copy of its own at its multipliers' price.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from models.device import Array
from optimizer.certificate import support
from optimizer.horizon import Index
from optimizer.program import Program
from optimizer.tile import Tiled
from optimizer.windows import Cut, Cutter, Window

HALF = 0.5  # share of an edge's margin that each side of it gets


@dataclass(frozen=True)
class Part:
    """A window's relaxation: `columns` are its cut's columns, copies and states before, in this order."""

    cut: Cut
    columns: Index
    program: Program
    pays: Array  # [yuan per unit] what its rows, at their multipliers, charge each column
    relaxed: float  # [yuan] dual objective of the multipliers here

    @property
    def copies(self) -> slice:
        """Where the copies of shared decisions are among the columns."""
        return slice(len(self.cut.columns), len(self.cut.columns) + len(self.cut.copies))


class Multipliers:
    """Row multipliers of a program, what they leave of each cost, and how edges share their margins."""

    def __init__(self, program: Program, ahead: sp.csr_array, dual: Array) -> None:
        self._program, self._ahead = program, ahead
        self._edge_price = np.full(len(program.cost), np.nan)
        self.set(dual)

    def set(self, dual: Array) -> None:
        """Take over new multipliers.

        A state pressed against its bound by d has any price between what the later row pays for it and d
        more: the one it had, if that is still so, that windows need not be solved again; else the middle.
        """
        self.dual = dual
        self.reduced = self._program.cost - self._program.matrix.T @ dual
        pays = self._ahead @ dual
        kept = self._edge_price - pays
        keep = (kept >= np.minimum(self.reduced, 0.0)) & (kept <= np.maximum(self.reduced, 0.0))
        self.margin = np.where(keep, kept, HALF * self.reduced)
        self._edge_price = pays + self.margin


class Pricer:
    """Makes the parts of one program."""

    def __init__(self, tiled: Tiled, program: Program) -> None:
        self._program = program
        self.cutter = Cutter(tiled, program)
        self._cuts: dict[Window, tuple[Cut, Index, sp.csr_array, sp.csr_array]] = {}
        # what each state pays in the rows of the interval after its own, (columns, rows)
        count, own = len(tiled.horizon), len(tiled.template.columns)
        rows = np.repeat(np.arange(program.matrix.shape[0], dtype=np.int32), np.diff(program.matrix.indptr))
        columns = program.matrix.indices
        ahead = (rows < count * len(tiled.template.rows)) & (columns < count * own)
        ahead[ahead] = columns[ahead] // own < rows[ahead] // len(tiled.template.rows)
        self._ahead = sp.csr_array(
            (program.matrix.data[ahead], (columns[ahead], rows[ahead])), shape=program.matrix.shape[::-1]
        )

    def multipliers(self, dual: Array) -> Multipliers:
        """Row multipliers to price windows at."""
        return Multipliers(self._program, self._ahead, dual)

    def part(self, window: Window, at: Multipliers, upper: Array | None = None) -> Part:
        """The window's relaxation at these multipliers; `upper` replaces the program's upper bounds."""
        program = self._program
        if window not in self._cuts:
            cut = self.cutter.cut(window)
            columns = np.concatenate([cut.columns, cut.copies, cut.before])
            rows = self.cutter.by_column[:, columns].tocsr()
            self._cuts[window] = cut, columns, rows[cut.inside], rows[cut.coupling].T.tocsr()
        cut, columns, inside, coupling = self._cuts[window]
        own, dual = len(cut.columns), at.dual[cut.inside]
        pays = inside.T @ dual
        price = program.cost[columns] - coupling @ at.dual[cut.coupling]
        # at this price the linear program leaves a copy where the original is: its reduced cost is zero
        price[own:] = pays[own:]
        price[own + len(cut.copies) :] += at.margin[cut.before]
        price[cut.ending] -= at.margin[cut.columns[cut.ending]]
        lower, upper = program.lower[columns], (program.upper if upper is None else upper)[columns]
        row_lower, row_upper = program.row_lower[cut.inside], program.row_upper[cut.inside]
        relaxed = support(dual, row_lower, row_upper)[0] + support(price - pays, lower, upper)[0]
        none = np.zeros(len(columns), dtype=bool)
        alone = Program(price, 0.0, inside, row_lower, row_upper, lower, upper, none)
        return Part(cut, columns, alone, pays, relaxed)


def with_binaries(program: Program, pairs: Index) -> Program:
    """The program with a <= A z and b <= B (1 - z) for each pair (a, b) of columns, shape (pairs, 2)."""
    n, k = len(program.cost), len(pairs)
    a, b = pairs[:, 0], pairs[:, 1]
    top_a, top_b, row = program.upper[a], program.upper[b], np.arange(k)
    added = sp.csr_array(
        (
            np.concatenate([np.ones(k), -top_a, np.ones(k), top_b]),
            (np.concatenate([row, row, k + row, k + row]), np.concatenate([a, n + row, b, n + row])),
        ),
        shape=(2 * k, n + k),
    )
    matrix = program.matrix
    wide = sp.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], n + k))
    return replace(
        program,
        cost=np.concatenate([program.cost, np.zeros(k)]),
        matrix=sp.vstack([wide, added], format="csr"),
        row_lower=np.concatenate([program.row_lower, np.full(2 * k, -np.inf)]),
        row_upper=np.concatenate([program.row_upper, np.zeros(k), top_b]),
        lower=np.concatenate([program.lower, np.zeros(k)]),
        upper=np.concatenate([program.upper, np.ones(k)]),
        binary=np.concatenate([program.binary, np.ones(k, dtype=bool)]),
    )
