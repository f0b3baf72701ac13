"""Smoothing of set points that hold on several paths: of equal optima the one with the least change.

Inside a price period the hour of charging does not matter, and a simplex solver returns set points that jump
from one interval to the next. People send these to a plant: a second linear program keeps the cost and
minimises the sum of |p(t + 1) - p(t)| of the set points p.
"""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver
from parkdispatch.optimizer.presolve.exclusive_pairs import PAIR_TOLERANCE_MW
from parkdispatch.optimizer.stochastic.path_program import PathProgram

MOST_ROUNDS = 5  # of fixing members of pairs that a smoother solution uses both
COST_TOLERANCE = 1e-9  # relative, of the solver; beyond it the smoother solution is not taken


def smoothest(paths: PathProgram, x: Array, time_limit_s: float) -> Array:
    """A solution at the cost of x whose set points change least; x itself where none is found in time."""
    program, set_points = paths.program, _set_points(paths)
    columns = [column for parts in set_points for _, column in parts]
    if not any((program.lower[column] < program.upper[column]).any() for column in columns):
        return x  # set points that are only followed leave nothing to choose
    pairs, count = paths.pairs(), len(x)
    smoothing = _smoothing_program(program, x, set_points)
    upper = smoothing.upper.copy()
    solver = Solver(time_limit_s=time_limit_s)
    solver.load(smoothing)
    for _ in range(MOST_ROUNDS):
        try:
            smooth = solver.solve().x[:count]
        except (InfeasibleProgram, SolverError):
            return x
        broken = pairs[np.minimum(smooth[pairs[:, 0]], smooth[pairs[:, 1]]) > PAIR_TOLERANCE_MW]
        if not len(broken):
            most_yuan = program.objective(x) + COST_TOLERANCE * abs(program.objective(x))
            return smooth if program.objective(smooth) <= most_yuan else x
        # where x uses neither, the smoother solution tells which it would rather use
        is_idle = x[broken].max(axis=1) <= PAIR_TOLERANCE_MW
        lesser = np.where(is_idle[:, np.newaxis], smooth[broken], x[broken]).argmin(axis=1)
        unused = broken[np.arange(len(broken)), lesser]
        upper[unused] = np.maximum(0.0, smoothing.lower[unused])
        solver.change_bounds(np.arange(count), smoothing.lower[:count], upper[:count])
    return x


def _set_points(paths: PathProgram) -> list[list[tuple[float, Index]]]:
    """What each set point is the sum of: signs and columns, (intervals,)."""
    if len(paths.set_points):
        return [[(1.0, columns)] for columns in paths.set_points]
    tiled, places = paths.paths[0], paths.columns[0]
    members = [(tiled.column_of(pair.a), tiled.column_of(pair.b)) for pair in tiled.template.pairs]
    return [
        [(-1.0, places[a]), (1.0, places[b])]
        for a, b in members
        if paths.shared[a].all() and paths.shared[b].all()
    ]


def _smoothing_program(
    program: LinearProgram, x: Array, set_points: Sequence[Sequence[tuple[float, Index]]]
) -> LinearProgram:
    """The program that minimises the changes of set points at the cost of x.

    Its columns are those of `program`, then one change for each set point and pair of intervals.
    """
    count = len(x)
    width = count + sum(len(parts[0][1]) - 1 for parts in set_points)
    blocks, change = [], count
    for parts in set_points:
        steps = len(parts[0][1]) - 1
        row = np.tile(np.arange(steps), 2 * len(parts) + 1)
        later, earlier = ([columns[part] for _, columns in parts] for part in (slice(1, None), slice(-1)))
        column = np.concatenate([*later, *earlier, change + np.arange(steps)])
        signs = np.array([sign for sign, _ in parts])
        for side in (1.0, -1.0):  # change >= +(difference) and >= -(difference)
            value = np.repeat([*(side * signs), *(-side * signs), -1.0], steps)
            blocks.append(sp.csr_array((value, (row, column)), shape=(steps, width)))
        change += steps
    widened = [sp.csr_array(block) for block in (program.matrix, program.cost[np.newaxis])]
    for block in widened:
        block.resize((block.shape[0], width))
    added = width - count
    return LinearProgram(
        cost=np.concatenate([np.zeros(count), np.ones(added)]),
        offset=0.0,
        matrix=sp.vstack([*widened, *blocks], format="csr"),
        row_lower=np.concatenate([program.row_lower, np.full(1 + 2 * added, -np.inf)]),
        row_upper=np.concatenate([program.row_upper, [program.cost @ x], np.zeros(2 * added)]),
        lower=np.concatenate([program.lower, np.zeros(added)]),
        upper=np.concatenate([program.upper, np.full(added, np.inf)]),
        binary=np.zeros(width, dtype=bool),
    )
