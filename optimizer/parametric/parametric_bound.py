"""A lower bound on the year's cost for a whole range of two or more numbers, such as a battery's sizes.

At the multipliers of one optimum the horizon falls apart into windows with binaries and the rest. What the
rest costs at least is straight in the numbers, because they stand only in bounds and right-hand sides. In
each window the numbers become decisions of its own, priced at what the multipliers say a unit of them is
worth there; what the window then costs more than its relaxation is certain for the whole range (Lagrangian
decomposition with copies of the numbers). The sum is a plane below the cost everywhere in the range.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.branch_and_bound.branching import branch_on_window
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import Basis, Solver
from parkdispatch.optimizer.parametric.derivatives import ParameterDirection
from parkdispatch.optimizer.partition.lagrangian_pricing import (
    LagrangianPricer,
    Multipliers,
    WindowProgram,
    pair_positions,
    with_pair_binaries,
)
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.proof.certificate import support
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.tiled_optimum import TiledOptimum


@dataclass(frozen=True)
class ParametricCut:
    """value + slopes @ (numbers - at) lies below the cost in the range it was made for."""

    at: Array
    value: float
    slopes: Array

    def __call__(self, numbers: Array) -> float:
        """What it says at these numbers."""
        return float(self.value + self.slopes @ (numbers - self.at))


def parametric_cut(
    tiled: Tiled,
    found: TiledOptimum,
    at: Array,
    directions: Sequence[ParameterDirection],
    lower: Array,
    upper: Array,
    pool: ThreadPool,
) -> ParametricCut:
    """The plane below the cost for all numbers in [lower, upper], from the optimum at `at` within it.

    The program of `found` must hold in the whole range (`parametric.loosest`).
    """
    assert found.priced is not None  # they were asked for
    program, dual = found.priced.program, found.priced.row_dual
    pricer = LagrangianPricer(tiled, program, found.trail.cuts)
    prices = pricer.multipliers(dual)
    moved = _Moved(program, list(directions), lower - at, upper - at)
    rows = support(dual, program.row_lower, program.row_upper)
    columns = support(prices.reduced, program.lower, program.upper)
    value = program.offset + rows[0] + columns[0]
    slopes = np.array([moved.slope(dual, prices.reduced, number) for number in range(len(at))])
    agreed = found.trail.agreed
    gains = pool.map(
        lambda window: _gain(pricer, prices, moved, tiled, agreed.doubtful, window), agreed.windows
    )
    return ParametricCut(at, value + sum(gains), slopes)


class _Moved:
    """How a program's bounds and right-hand sides move with the numbers, and how far they may go."""

    def __init__(
        self, program: LinearProgram, directions: list[ParameterDirection], lower: Array, upper: Array
    ) -> None:
        self.row_lower = np.array([one.row_lower for one in directions])
        self.row_upper = np.array([one.row_upper for one in directions])
        both = np.isfinite(program.row_lower) & np.isfinite(program.row_upper)
        if (self.row_lower != self.row_upper)[:, both].any():
            raise SolverError("a row's two sides move apart with a number, which no plane is made for")
        self.lower = np.array([one.lower for one in directions])
        self.upper = np.array([one.upper for one in directions])
        self.offset = np.array([one.offset for one in directions])
        self.least, self.most = lower, upper

    def slope(self, dual: Array, reduced: Array, number: int) -> float:
        """What the dual objective of these multipliers changes by for a unit more of a number."""
        rows = dual @ np.where(dual > 0, self.row_lower[number], self.row_upper[number])
        columns = reduced @ np.where(reduced > 0, self.lower[number], self.upper[number])
        return float(self.offset[number] + rows + columns)

    def reach(self, rates: Array, *, most: bool) -> Array:
        """How far up (or down) something can move that moves at these rates, (numbers, things)."""
        ends = np.stack([rates * self.least[:, None], rates * self.most[:, None]])
        return np.asarray((ends.max(axis=0) if most else ends.min(axis=0)).sum(axis=0))


def _gain(
    pricer: LagrangianPricer, prices: Multipliers, moved: _Moved, tiled: Tiled, doubtful: Mask, window: Window
) -> float:
    """What the binaries of a window add to the plane [yuan]; nothing where the solver finds no bound."""
    part = pricer.part(window, prices)
    free, pairs = _with_numbers(part, prices.dual, moved), pair_positions(tiled, doubtful, window)
    rows, columns = free.matrix.shape
    start = Basis.of(np.zeros(columns, dtype=bool), np.ones(rows, dtype=bool))
    found = branch_on_window(free, pairs, start, np.inf, 0.0)
    if found is not None:
        return max(0.0, found.bound - part.relaxed)
    solver = Solver()
    solver.load(with_pair_binaries(free, pairs))
    try:
        bound = solver.solve().bound
    except SolverError:
        return 0.0
    return max(0.0, bound - part.relaxed)


def _with_numbers(part: WindowProgram, dual: Array, moved: _Moved) -> LinearProgram:
    """A window's relaxation in which the numbers, less where they are now, are the last columns."""
    cut, program = part.cut, part.program
    every, inside = cut.every, cut.inside
    lower, upper = moved.lower[:, every], moved.upper[:, every]
    row_lower, row_upper = moved.row_lower[:, inside], moved.row_upper[:, inside]
    reduced, own = program.cost - part.pays, dual[inside]
    worth = np.where(own > 0, row_lower, row_upper) @ own
    worth = worth + np.where(reduced > 0, lower, upper) @ reduced
    count, numbers = len(every), len(moved.offset)
    # a row's side moves with the numbers: to the left with it; both sides of an equality move alike
    sides = np.where(np.isfinite(program.row_lower), row_lower, row_upper)
    blocks: list[list[sp.sparray]] = [[program.matrix, sp.csr_array(-sides.T)]]
    row_lowers, row_uppers = [program.row_lower], [program.row_upper]
    for rates, bound, is_upper in ((lower, program.lower, False), (upper, program.upper, True)):
        at = np.flatnonzero(rates.any(axis=0))
        identity = sp.csr_array((np.ones(len(at)), (np.arange(len(at)), at)), shape=(len(at), count))
        blocks.append([identity, sp.csr_array(-rates[:, at].T)])
        none = np.full(len(at), np.inf)
        row_lowers.append(-none if is_upper else bound[at])
        row_uppers.append(bound[at] if is_upper else none)
    return LinearProgram(
        cost=np.concatenate([program.cost, -worth]),
        offset=0.0,
        matrix=sp.block_array(blocks, format="csr"),
        row_lower=np.concatenate(row_lowers),
        row_upper=np.concatenate(row_uppers),
        lower=np.concatenate([program.lower + moved.reach(lower, most=False), moved.least]),
        upper=np.concatenate([program.upper + moved.reach(upper, most=True), moved.most]),
        binary=np.zeros(count + numbers, dtype=bool),
    )
