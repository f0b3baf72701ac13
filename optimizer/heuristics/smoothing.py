"""Smoothing of set points: among dispatches of the same cost, the one with the least total variation.

An optimum is rarely unique: inside a price period the hour of charging does not matter, and a simplex solver
returns set points that jump for no reason. People run the plant by this plan. So a second linear program
keeps the cost and minimises the sum over t of |p(t + 1) - p(t)| of the devices' set points p.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.template import ExclusivePairRows
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver
from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.presolve.identical_units import merge_identical_units
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, primal_infeasibility

COST_TOLERANCE = 1e-10  # of the cost: what rounding needs, a hundredth of a yuan in a day of millions
AUXILIARY_WEIGHT = 1e-5  # of a MW of change; well above the solver's 1e-7, too little to move a set point


def smooth_set_points(tiled: Tiled, x: Array, devices: Mapping[str, Device], names: Collection[str]) -> Array:
    """Return a dispatch at the cost of x with the least sum of |changes| of the named devices' set points.

    The set point of a device is the second member less the first of the exclusive pair it injects: discharge
    less charge. Identical units share the work equally where they can. Returns x itself where no smoother
    dispatch is feasible at that cost.
    """
    merged = merge_identical_units(tiled, devices)
    tolerance_yuan = 2 * COST_TOLERANCE * max(1.0, abs(tiled.program.objective(x)))

    def is_sound(smoothed: Array) -> bool:
        return (
            primal_infeasibility(tiled.program, smoothed) <= FEASIBILITY_TOLERANCE
            and tiled.program.objective(smoothed) - tiled.program.objective(x) <= tolerance_yuan
            and not violated_pairs(tiled, smoothed).any()
        )

    if merged is not None:
        shared_equally = merged.point(_smoothest(merged.paired, merged.merged_point(x), names))
        if is_sound(shared_equally):
            return shared_equally
    smoothed = _smoothest(tiled, x, names)
    return smoothed if is_sound(smoothed) else x


def _set_points(tiled: Tiled, devices: Collection[str]) -> tuple[list[ExclusivePairRows], set[int]]:
    """Return the pairs of these devices that are set points, and the members that are not injected.

    Both members of a set point's pair are injected. A pair with a member that is not is a rule of the device,
    such as a least power.
    """
    template = tiled.template
    injections = [functional for (device, _), functional in template.injections.items() if device in devices]
    is_injected = (template.coefficients[:, injections] != 0).any(axis=(0, 1))
    device_pairs = [pair for pair in template.pairs if pair.key[0] in devices]
    auxiliary = {member for pair in device_pairs for member in (pair.a, pair.b) if not is_injected[member]}
    return [pair for pair in device_pairs if pair.a not in auxiliary and pair.b not in auxiliary], auxiliary


def _smoothest(tiled: Tiled, x: Array, devices: Collection[str]) -> Array:
    """Return the smoothest point, or x if there is none; pairs it would violate stay in their mode in x."""
    (set_points, auxiliary), pairs = _set_points(tiled, devices), tiled.template.pairs
    if not set_points or len(tiled.horizon) < 2:
        return x
    # pairs of other devices keep their mode: their binaries are not this program's to choose
    keeps_mode = np.repeat([[pair.key[0] not in devices] for pair in pairs], len(tiled.horizon), axis=1)
    solver = Solver()
    solver.load(_smoothing_program(tiled, x, set_points, auxiliary))
    columns = np.arange(len(x))
    while True:
        solver.change_bounds(columns, tiled.program.lower, _upper_in_mode(tiled, x, keeps_mode))
        try:
            smoothed = solver.solve().x[: len(x)]
        except (InfeasibleProgram, SolverError):
            return x
        violations = violated_pairs(tiled, smoothed) & ~keeps_mode
        if not violations.any():
            return smoothed
        keeps_mode |= violations


def _upper_in_mode(tiled: Tiled, x: Array, keeps_mode: Mask) -> Array:
    """Return upper bounds, (columns,), that keep unused members at zero in the marked pairs, as in x."""
    lower, upper = tiled.program.lower, tiled.program.upper.copy()
    for pair, marked in zip(tiled.template.pairs, keeps_mode, strict=True):
        a, b = tiled.column_of(pair.a)[marked], tiled.column_of(pair.b)[marked]
        upper[a] = np.where(x[b] > FEASIBILITY_TOLERANCE, lower[a], upper[a])
        upper[b] = np.where(x[a] > FEASIBILITY_TOLERANCE, lower[b], upper[b])
    return upper


def _smoothing_program(
    tiled: Tiled, x: Array, set_points: Sequence[ExclusivePairRows], auxiliary: Collection[int]
) -> LinearProgram:
    """Return the program that minimises the sum of |changes| of these set points at the cost of x.

    Its columns are those of `tiled`, then one change per set point and pair of intervals. Auxiliary members
    get a small weight: left above zero without need, they would violate a pair.
    """
    program, columns, steps = tiled.program, len(x), len(tiled.horizon) - 1
    step, changes = np.arange(steps), 0
    entries = []
    for pair in set_points:
        a, b = tiled.column_of(pair.a), tiled.column_of(pair.b)
        change = columns + changes + step
        # change >= +d and change >= -d, with d the difference of (b - a)
        for sign in (1.0, -1.0):
            row = np.tile(step, 5)
            column = np.concatenate([b[1:], a[1:], b[:-1], a[:-1], change])
            signs = np.full(steps, sign)
            value = np.concatenate([signs, -signs, -signs, signs, -np.ones(steps)])
            entries.append((row, column, value))
        changes += steps
    width = columns + changes
    change_rows = [
        sp.csr_array((value, (row, column)), shape=(steps, width)) for row, column, value in entries
    ]
    matrix = program.matrix
    own_rows = sp.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], width))
    cost_row = sp.csr_array(np.concatenate([program.cost, np.zeros(changes)])[None, :])
    cost_yuan = float(program.cost @ x)
    added = steps * len(entries)
    weights = np.concatenate([np.zeros(columns), np.ones(changes)])
    for member in auxiliary:
        weights[tiled.column_of(member)] = AUXILIARY_WEIGHT
    cost_limit_yuan = cost_yuan + COST_TOLERANCE * max(1.0, abs(cost_yuan))
    return LinearProgram(
        cost=weights,
        offset=0.0,
        matrix=sp.vstack([own_rows, cost_row, *change_rows], format="csr"),
        row_lower=np.concatenate([program.row_lower, [-np.inf], np.full(added, -np.inf)]),
        row_upper=np.concatenate([program.row_upper, [cost_limit_yuan], np.zeros(added)]),
        lower=np.concatenate([program.lower, np.zeros(changes)]),
        upper=np.concatenate([program.upper, np.full(changes, np.inf)]),
        binary=np.zeros(width, dtype=bool),
    )
