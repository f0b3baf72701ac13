"""An affine lower bound on the optimal value for a range of parameters, such as a battery's power and energy.

At the multipliers of one optimum the horizon decomposes into windows with binaries and the rest. The dual
objective of the rest is affine in the parameters, because these appear only in bounds and right-hand sides.
In each window the parameters become variables of its own, priced at their dual value there. What such a
window costs more than its relaxation holds for the whole range (Lagrangian decomposition with copies of the
parameters). The sum is an affine function below the optimal value everywhere in the range.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.branch_and_bound.branching import branch_on_window
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import Basis, Solver
from parkdispatch.optimizer.parametric.derivatives import ParameterDirection
from parkdispatch.optimizer.partition.lagrangian_pricing import (
    LagrangianPricer,
    WindowProgram,
    pair_positions,
    with_pair_binaries,
)
from parkdispatch.optimizer.proof.certificate import support
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.tiled_optimum import TiledOptimum


@dataclass(frozen=True)
class ParametricCut:
    """value + slopes @ (parameters - point): a lower bound on the optimal value in a range of parameters."""

    point: Array
    value: float
    slopes: Array

    def __call__(self, parameters: Array) -> float:
        """The bound at these parameters [yuan]."""
        return float(self.value + self.slopes @ (parameters - self.point))


@dataclass(frozen=True)
class ParameterPoint:
    """Parameters at a point, the range around it, and how the program changes with each of them."""

    point: Array
    lower: Array
    upper: Array
    directions: Sequence[ParameterDirection]


def parametric_cut(
    tiled: Tiled, optimum: TiledOptimum, parameters: ParameterPoint, pool: ThreadPool
) -> ParametricCut:
    """The cut from the optimum at a point, valid for all parameters in its range.

    The program of the optimum must hold in the whole range (`derivatives.loosest_bounds`).
    """
    # its multipliers were asked for
    assert optimum.final_relaxation is not None
    assert optimum.warm_start is not None
    program, dual = optimum.final_relaxation.program, optimum.final_relaxation.row_dual
    pricer = LagrangianPricer(tiled, program, optimum.warm_start.relaxation.subprograms)
    multipliers = pricer.multipliers(dual)
    shifts = _ProgramShifts(program, parameters)
    rows = support(dual, program.row_lower, program.row_upper)
    columns = support(multipliers.reduced, program.lower, program.upper)
    value = program.offset + rows[0] + columns[0]
    count = len(parameters.point)
    slopes = np.array([shifts.dual_slope(dual, multipliers.reduced, number) for number in range(count)])
    repair = optimum.warm_start.repair
    gains = pool.map(
        lambda window: _gain_of_binaries(
            pricer.window_program(window, multipliers),
            pair_positions(tiled, repair.doubtful, window),
            dual,
            shifts,
        ),
        repair.windows,
    )
    return ParametricCut(parameters.point, value + sum(gains), slopes)


class _ProgramShifts:
    """Changes of a program's bounds and right-hand sides with the parameters, and the range of these.

    Arrays of rates have the shape (parameters, rows) or (parameters, columns). `least` and `most` are the
    ends of the range, relative to the point.
    """

    def __init__(self, program: LinearProgram, parameters: ParameterPoint) -> None:
        directions = parameters.directions
        self.row_lower = np.array([direction.row_lower for direction in directions])
        self.row_upper = np.array([direction.row_upper for direction in directions])
        two_sided = np.isfinite(program.row_lower) & np.isfinite(program.row_upper)
        if (self.row_lower != self.row_upper)[:, two_sided].any():
            raise SolverError("a parameter changes the two sides of a row differently: no bound is known")
        self.lower = np.array([direction.lower for direction in directions])
        self.upper = np.array([direction.upper for direction in directions])
        self.offset = np.array([direction.offset for direction in directions])
        self.least = parameters.lower - parameters.point
        self.most = parameters.upper - parameters.point

    def dual_slope(self, dual: Array, reduced: Array, number: int) -> float:
        """Derivative of the dual objective at these multipliers with respect to a parameter."""
        rows = dual @ np.where(dual > 0, self.row_lower[number], self.row_upper[number])
        columns = reduced @ np.where(reduced > 0, self.lower[number], self.upper[number])
        return float(self.offset[number] + rows + columns)

    def extreme_change(self, rates: Array, *, largest: bool) -> Array:
        """Largest (or smallest) change over the range, of quantities with rates (parameters, quantities)."""
        ends = np.stack([rates * self.least[:, None], rates * self.most[:, None]])
        return np.asarray((ends.max(axis=0) if largest else ends.min(axis=0)).sum(axis=0))


def _gain_of_binaries(part: WindowProgram, pairs: Index, dual: Array, shifts: _ProgramShifts) -> float:
    """What the binaries of a window add to the bound [yuan]; zero where the solver finds no bound."""
    program = _with_parameters(part, dual, shifts)
    rows, columns = program.matrix.shape
    slack_basis = Basis.of(np.zeros(columns, dtype=bool), np.ones(rows, dtype=bool))
    branched = branch_on_window(program, pairs, slack_basis, np.inf, 0.0)
    if branched is not None:
        return max(0.0, branched.bound - part.dual_objective_yuan)
    solver = Solver()
    solver.load(with_pair_binaries(program, pairs))
    try:
        bound = solver.solve().bound
    except SolverError:
        return 0.0
    return max(0.0, bound - part.dual_objective_yuan)


def _with_parameters(part: WindowProgram, dual: Array, shifts: _ProgramShifts) -> LinearProgram:
    """A window's relaxation whose last columns are the parameters, relative to the point."""
    subprogram, program = part.subprogram, part.program
    every, inside = subprogram.every, subprogram.inside
    lower, upper = shifts.lower[:, every], shifts.upper[:, every]
    row_lower, row_upper = shifts.row_lower[:, inside], shifts.row_upper[:, inside]
    reduced, row_dual = program.cost - part.imputed_price, dual[inside]
    dual_value = np.where(row_dual > 0, row_lower, row_upper) @ row_dual
    dual_value = dual_value + np.where(reduced > 0, lower, upper) @ reduced
    count, parameters = len(every), len(shifts.offset)
    # right-hand sides depend on the parameters: moved to the left; equations have equal rates on both sides
    row_rates = np.where(np.isfinite(program.row_lower), row_lower, row_upper)
    blocks: list[list[sp.sparray]] = [[program.matrix, sp.csr_array(-row_rates.T)]]
    row_lowers, row_uppers = [program.row_lower], [program.row_upper]
    # bounds that depend on the parameters become rows
    for rates, bound, is_upper in ((lower, program.lower, False), (upper, program.upper, True)):
        columns = np.flatnonzero(rates.any(axis=0))
        row = np.arange(len(columns))
        identity = sp.csr_array((np.ones(len(columns)), (row, columns)), shape=(len(columns), count))
        blocks.append([identity, sp.csr_array(-rates[:, columns].T)])
        infinite = np.full(len(columns), np.inf)
        row_lowers.append(-infinite if is_upper else bound[columns])
        row_uppers.append(bound[columns] if is_upper else infinite)
    lowest = program.lower + shifts.extreme_change(lower, largest=False)
    highest = program.upper + shifts.extreme_change(upper, largest=True)
    return LinearProgram(
        cost=np.concatenate([program.cost, -dual_value]),
        offset=0.0,
        matrix=sp.block_array(blocks, format="csr"),
        row_lower=np.concatenate(row_lowers),
        row_upper=np.concatenate(row_uppers),
        lower=np.concatenate([lowest, shifts.least]),
        upper=np.concatenate([highest, shifts.most]),
        binary=np.zeros(count + parameters, dtype=bool),
    )
