"""Smoothing of set points: among dispatches of the same cost, the one with the least total variation.

An optimum is rarely unique: inside a price period the hour of charging does not matter, and a simplex solver
returns set points that jump for no reason. People run the plant by this plan. So a second linear program
keeps the cost and minimises the sum over t of |p(t + 1) - p(t)| of the devices' set points p.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.template import ExclusivePairRows
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver
from parkdispatch.optimizer.mip.whole_program import bounds_as_decided
from parkdispatch.optimizer.partition.lagrangian_pricing import pair_positions, with_pair_binaries
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.presolve.exclusive_pairs import open_pairs, tighten, violated_pairs
from parkdispatch.optimizer.presolve.identical_units import merge_identical_units
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE
from parkdispatch.optimizer.proof.feasibility import obeys_all

COST_TOLERANCE = 1e-12  # of the cost: rounding in a sum of a million terms
MAX_SEARCHED_PAIRS = 1_000  # with a binary each: ten devices' day
MAX_NODES = 100  # of that search: a count, so that the same park has the same plan on any machine
LEAST_GAP_MW = 1e-4  # of total variation that is not worth a search
SMOOTHNESS_WEIGHT = 1e-4  # of a MW of change beside a MW of deviation from a plan that is followed
AUXILIARY_WEIGHT = 1e-5  # of a MW of change; well above the solver's 1e-7, too little to move a set point


def smooth_set_points(tiled: Tiled, x: Array, devices: Mapping[str, Device], names: Collection[str]) -> Array:
    """Return a dispatch at the cost of x with the least sum of |changes| of the named devices' set points.

    The set point of a device is the second member less the first of the exclusive pair it injects: discharge
    less charge. Identical units share the work equally where they can. Returns x itself where no smoother
    dispatch is found at that cost, or before the deadline of the thread.
    """
    merged = merge_identical_units(tiled, devices)
    most_yuan = _cost_limit_yuan(tiled, x)

    def is_sound(smoothed: Array) -> bool:
        return tiled.program.objective(smoothed) <= most_yuan and obeys_all(tiled, tiled.program, smoothed)

    if merged is not None:
        shared_equally = merged.point(_smoothest(merged.paired, merged.merged_point(x), names))
        if is_sound(shared_equally):
            return shared_equally
    smoothed = _smoothest(tiled, x, names)
    return smoothed if is_sound(smoothed) else x


def follow_set_points(
    tiled: Tiled, x: Array, names: Collection[str], targets_mw: Mapping[str, Array]
) -> Array:
    """Return a dispatch at the cost of x with the least sum of |set point - target| of the named devices.

    `targets_mw` are set points by device, (intervals,), NaN where there is none to follow. Where that leaves
    a choice, the smoother one is taken. Returns x itself where no nearer dispatch is found at that cost.
    """
    most_yuan = _cost_limit_yuan(tiled, x)
    nearest = _smoothest(tiled, x, names, targets_mw)
    is_sound = tiled.program.objective(nearest) <= most_yuan and obeys_all(tiled, tiled.program, nearest)
    if not is_sound or deviation_mw(tiled, nearest, names, targets_mw) > deviation_mw(
        tiled, x, names, targets_mw
    ):
        return x
    return nearest


def deviation_mw(tiled: Tiled, x: Array, names: Collection[str], targets_mw: Mapping[str, Array]) -> float:
    """Return the sum of |set point - target| over devices and intervals that have a target [MW]."""
    total = 0.0
    for pair in _set_points(tiled, names)[0]:
        if (target_mw := targets_mw.get(pair.key[0])) is not None:
            set_point_mw = x[tiled.column_of(pair.b)] - x[tiled.column_of(pair.a)]
            total += float(np.nansum(np.abs(set_point_mw - target_mw)))
    return total


def _following_program(
    tiled: Tiled,
    smoothing: LinearProgram,
    columns: int,
    set_points: Sequence[ExclusivePairRows],
    targets_mw: Mapping[str, Array],
) -> LinearProgram:
    """Return the program that minimises the sum of deviations, and by a small weight that of changes.

    Its columns are those of `smoothing`, of which the first `columns` are the dispatch, then a deviation for
    each set point and interval with a target.
    """
    width, blocks, lower_rows, upper_rows = smoothing.matrix.shape[1], [], [], []
    followed = [
        (pair, np.flatnonzero(np.isfinite(targets_mw[pair.key[0]])))
        for pair in set_points
        if pair.key[0] in targets_mw
    ]
    added = sum(len(where) for _, where in followed)
    first = width
    for pair, where in followed:
        a, b = tiled.column_of(pair.a)[where], tiled.column_of(pair.b)[where]
        row, ones = np.arange(len(where)), np.ones(len(where))
        deviation, target_mw = first + row, targets_mw[pair.key[0]][where]
        # deviation >= +(b - a - target) and >= -(b - a - target)
        for sign in (1.0, -1.0):
            value = np.concatenate([sign * ones, -sign * ones, -ones])
            place = (np.tile(row, 3), np.concatenate([b, a, deviation]))
            blocks.append(sp.csr_array((value, place), shape=(len(where), width + added)))
            lower_rows.append(np.full(len(where), -np.inf))
            upper_rows.append(sign * target_mw)
        first += len(where)
    matrix = smoothing.matrix
    widened = sp.csr_array((matrix.data, matrix.indices, matrix.indptr), (matrix.shape[0], width + added))
    cost = smoothing.cost.copy()
    cost[columns:] *= SMOOTHNESS_WEIGHT
    return LinearProgram(
        cost=np.concatenate([cost, np.ones(added)]),
        offset=0.0,
        matrix=sp.vstack([widened, *blocks], format="csr"),
        row_lower=np.concatenate([smoothing.row_lower, *lower_rows]),
        row_upper=np.concatenate([smoothing.row_upper, *upper_rows]),
        lower=np.concatenate([smoothing.lower, np.zeros(added)]),
        upper=np.concatenate([smoothing.upper, np.full(added, np.inf)]),
        binary=np.zeros(width + added, dtype=bool),
    )


def _cost_limit_yuan(tiled: Tiled, x: Array) -> float:
    """Return the cost of x, plus what the rounding of its sum may come to."""
    cost_yuan = tiled.program.objective(x)
    return cost_yuan + COST_TOLERANCE * max(1.0, abs(cost_yuan))


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


def _smoothest(
    tiled: Tiled, x: Array, devices: Collection[str], targets_mw: Mapping[str, Array] | None = None
) -> Array:
    """Return the smoothest point found, or the one nearest to the targets, or x if there is none."""
    (set_points, auxiliary), pairs = _set_points(tiled, devices), tiled.template.pairs
    if not set_points or len(tiled.horizon) < 2:
        return x
    # pairs of other devices keep their mode: their binaries are not this program's to choose
    is_of_others = np.repeat([[pair.key[0] not in devices] for pair in pairs], len(tiled.horizon), axis=1)
    program, keeps_mode = _smoothing_program(tiled, x, set_points, auxiliary), is_of_others
    if targets_mw is not None:
        program = _following_program(tiled, program, len(x), set_points, targets_mw)
    solver = Solver()
    solver.load(program)
    columns = np.arange(len(x))
    try:
        while True:
            upper = np.minimum(program.upper[columns], _upper_in_mode(tiled, x, keeps_mode))
            solver.change_bounds(columns, program.lower[columns], upper)
            smoothed = solver.solve().x
            violations = violated_pairs(tiled, smoothed) & ~keeps_mode
            if not violations.any():
                break
            keeps_mode = keeps_mode | violations
        if keeps_mode is not is_of_others:
            smoothed = _searched_modes(tiled, program, smoothed, _upper_in_mode(tiled, x, is_of_others))
    except (InfeasibleProgram, SolverError):
        return x
    return smoothed[: len(x)]


def _searched_modes(tiled: Tiled, program: LinearProgram, smoothed: Array, upper: Array) -> Array:
    """Return the smoothest point of all modes that these upper bounds allow, if they are few.

    `smoothed` is a point of the smoothing program, in its columns, from which the search begins.
    """
    upper = np.minimum(np.minimum(upper, program.upper[: len(upper)]), tighten(tiled).program.upper)
    is_open = open_pairs(tiled, replace(tiled.program, upper=upper))
    if is_open.sum() > MAX_SEARCHED_PAIRS:
        return smoothed
    pairs = pair_positions(tiled, is_open, Window(((0, len(tiled.horizon)),)))
    changes = program.upper[len(upper) :]
    with_binaries = with_pair_binaries(replace(program, upper=np.concatenate([upper, changes])), pairs)
    solver = Solver(full_search=True, gap_yuan=LEAST_GAP_MW, max_nodes=MAX_NODES)
    solver.load(with_binaries)
    solver.propose(np.concatenate([smoothed, smoothed[pairs[:, 0]] > smoothed[pairs[:, 1]]]))
    return solver.solve().x[: len(smoothed)]


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
    added = steps * len(entries)
    weights = np.concatenate([np.zeros(columns), np.ones(changes)])
    for member in auxiliary:
        weights[tiled.column_of(member)] = AUXILIARY_WEIGHT
    lower, upper = bounds_as_decided(tiled, program, x, np.zeros(columns, dtype=bool))
    return LinearProgram(
        cost=weights,
        offset=0.0,
        matrix=sp.vstack([own_rows, cost_row, *change_rows], format="csr"),
        row_lower=np.concatenate([program.row_lower, [-np.inf], np.full(added, -np.inf)]),
        row_upper=np.concatenate([program.row_upper, [program.cost @ x], np.zeros(added)]),
        lower=np.concatenate([lower, np.zeros(changes)]),
        upper=np.concatenate([upper, np.full(changes, np.inf)]),
        binary=np.zeros(width, dtype=bool),
    )
