"""Among dispatches of the same cost, the calmest.

An optimum is rarely the only one: inside a price period the hour of charging does not matter, and a
simplex solver leaves set points that jump for no reason. People run the plant by this plan, so among all
dispatches that cost no more, the one whose set points move least is taken.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.formulation.linear_program import LinearProgram, Mask
from parkdispatch.optimizer.formulation.template import ExclusivePairRows
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver
from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.presolve.identical_units import merge_identical_units
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, primal_infeasibility

ALLOWED = 1e-10  # of the cost: what rounding needs, a hundredth of a yuan in a day of millions
TIE = 1e-5  # of a MW of change; well above the solver's 1e-7, too little for anything to move


def smooth_set_points(tiled: Tiled, x: Array, devices: Mapping[str, Device], names: Collection[str]) -> Array:
    """A dispatch that costs what x costs, with the least sum of |changes| of the named devices' set points.

    The set point of a device is the second less the first of the exclusive pair it injects: discharge less
    charge. Equal devices share the work equally where they can. Returns x itself where nothing calmer obeys
    every rule.
    """
    merged = merge_identical_units(tiled, devices)
    allowed = 2 * ALLOWED * max(1.0, abs(tiled.program.objective(x)))

    def is_sound(found: Array) -> bool:
        return (
            primal_infeasibility(tiled.program, found) <= FEASIBILITY_TOLERANCE
            and tiled.program.objective(found) - tiled.program.objective(x) <= allowed
            and not violated_pairs(tiled, found).any()
        )

    if merged is not None:
        together = merged.point(_calmest(merged.paired, merged.merged_point(x), names))
        if is_sound(together):
            return together
    found = _calmest(tiled, x, names)
    return found if is_sound(found) else x


def _set_points(tiled: Tiled, devices: Collection[str]) -> tuple[list[ExclusivePairRows], set[int]]:
    """The pairs of these devices whose members are both injected, and the members that are not injected.

    A pair with such a member is a rule of the device, such as a least power, and no set point.
    """
    template = tiled.template
    injections = [f for (device, _), f in template.injections.items() if device in devices]
    injected = (template.coefficients[:, injections] != 0).any(axis=(0, 1))
    own = [pair for pair in template.pairs if pair.key[0] in devices]
    rules = {member for pair in own for member in (pair.a, pair.b) if not injected[member]}
    return [pair for pair in own if pair.a not in rules and pair.b not in rules], rules


def _calmest(tiled: Tiled, x: Array, devices: Collection[str]) -> Array:
    """The calmest point; x where there is none. Where it would break a pair, the pair stays as it is in x."""
    (moving, rules), pairs = _set_points(tiled, devices), tiled.template.pairs
    if not moving or len(tiled.horizon) < 2:
        return x
    # pairs of other devices keep their mode: their binaries are not this program's to choose
    held = np.repeat([[pair.key[0] not in devices] for pair in pairs], len(tiled.horizon), axis=1)
    solver = Solver()
    solver.load(_wanted(tiled, x, moving, rules))
    columns = np.arange(len(x))
    while True:
        solver.change_bounds(columns, tiled.program.lower, _holding(tiled, x, held))
        try:
            found = solver.solve().x[: len(x)]
        except (InfeasibleProgram, SolverError):
            return x
        broken = violated_pairs(tiled, found) & ~held
        if not broken.any():
            return found
        held |= broken


def _holding(tiled: Tiled, x: Array, held: Mask) -> Array:
    """Upper bounds with which a member that rests in x goes on resting where its pair is held."""
    lower, upper = tiled.program.lower, tiled.program.upper.copy()
    for pair, here in zip(tiled.template.pairs, held, strict=True):
        a, b = tiled.column_of(pair.a)[here], tiled.column_of(pair.b)[here]
        upper[a] = np.where(x[b] > FEASIBILITY_TOLERANCE, lower[a], upper[a])
        upper[b] = np.where(x[a] > FEASIBILITY_TOLERANCE, lower[b], upper[b])
    return upper


def _wanted(
    tiled: Tiled, x: Array, pairs: Sequence[ExclusivePairRows], rules: Collection[int]
) -> LinearProgram:
    """Least sum of |changes| of these pairs' set points, at the cost of x.

    Among the calmest, the members that are not injected are least: left above zero they break a pair for
    nothing.
    """
    count = len(tiled.horizon)
    program, columns = tiled.program, len(x)
    moves, made = [], 0
    for pair in pairs:
        a, b = tiled.column_of(pair.a), tiled.column_of(pair.b)
        t = np.arange(count - 1)
        move = columns + made + t
        # |change| >= change and >= -change of (b - a)
        for sign in (1.0, -1.0):
            row = np.tile(t, 5)
            column = np.concatenate([b[1:], a[1:], b[:-1], a[:-1], move])
            one = np.full(count - 1, sign)
            value = np.concatenate([one, -one, -one, one, -np.ones(count - 1)])
            moves.append((row, column, value))
        made += count - 1
    width = columns + made
    blocks = [sp.csr_array((v, (r, c)), shape=(count - 1, width)) for r, c, v in moves]
    matrix = program.matrix
    own = sp.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], width))
    cost = sp.csr_array(np.concatenate([program.cost, np.zeros(made)])[None, :])
    spent = float(program.cost @ x)
    added = (count - 1) * len(moves)
    wanted = np.concatenate([np.zeros(columns), np.ones(made)])
    for member in rules:
        wanted[tiled.column_of(member)] = TIE
    return LinearProgram(
        cost=wanted,
        offset=0.0,
        matrix=sp.vstack([own, cost, *blocks], format="csr"),
        row_lower=np.concatenate([program.row_lower, [-np.inf], np.full(added, -np.inf)]),
        row_upper=np.concatenate(
            [program.row_upper, [spent + ALLOWED * max(1.0, abs(spent))], np.zeros(added)]
        ),
        lower=np.concatenate([program.lower, np.zeros(made)]),
        upper=np.concatenate([program.upper, np.full(made, np.inf)]),
        binary=np.zeros(width, dtype=bool),
    )
