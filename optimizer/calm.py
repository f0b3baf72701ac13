"""Among dispatches of the same cost, the calmest.

An optimum is rarely the only one: inside a price period the hour of charging does not matter, and a
simplex solver leaves set points that jump for no reason. People run the plant by this plan, so among all
dispatches that cost no more, the one whose set points move least is taken.
"""

from collections.abc import Collection, Mapping

import numpy as np
import scipy.sparse as sp

from models.device import Array, Device
from models.errors import SolverError
from optimizer.certificate import FEASIBILITY_TOLERANCE, primal_infeasibility
from optimizer.highs import InfeasibleProgram, Solver
from optimizer.pairs import violated
from optimizer.program import Program
from optimizer.tile import Tiled
from optimizer.twins import merge

ALLOWED = 1e-10  # of the cost: what rounding needs, a hundredth of a yuan in a day of millions


def calm(tiled: Tiled, x: Array, devices: Mapping[str, Device], names: Collection[str]) -> Array:
    """A dispatch that costs what x costs, with the least sum of |changes| of the named devices' set points.

    The set point of a device is the second less the first of its exclusive pair: discharge less charge.
    Equal devices share the work equally. Returns x itself where nothing calmer obeys every rule.
    """
    merged = merge(tiled, devices)
    if merged is None:
        found = _calmest(tiled, x, names)
    else:
        found = merged.point(_calmest(merged.paired, merged.merged_point(x), names))
    dearer = tiled.program.objective(found) - tiled.program.objective(x)
    sound = primal_infeasibility(tiled.program, found) <= FEASIBILITY_TOLERANCE
    cheap = dearer <= 2 * ALLOWED * max(1.0, abs(tiled.program.objective(x)))
    return found if sound and cheap and not violated(tiled, found).any() else x


def _calmest(tiled: Tiled, x: Array, devices: Collection[str]) -> Array:
    pairs = [pair for pair in tiled.template.pairs if pair.key[0] in devices]
    count = len(tiled.horizon)
    if not pairs or count < 2:
        return x
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
    # a member that rests goes on resting: the pair keeps its mode, and exclusivity needs no binaries
    upper = program.upper.copy()
    for pair in tiled.template.pairs:
        a, b = tiled.column_of(pair.a), tiled.column_of(pair.b)
        if pair.key[0] not in devices:
            upper[a] = np.where(x[b] > FEASIBILITY_TOLERANCE, program.lower[a], upper[a])
            upper[b] = np.where(x[a] > FEASIBILITY_TOLERANCE, program.lower[b], upper[b])
    wanted = Program(
        cost=np.concatenate([np.zeros(columns), np.ones(made)]),
        offset=0.0,
        matrix=sp.vstack([own, cost, *blocks], format="csr"),
        row_lower=np.concatenate([program.row_lower, [-np.inf], np.full(added, -np.inf)]),
        row_upper=np.concatenate(
            [program.row_upper, [spent + ALLOWED * max(1.0, abs(spent))], np.zeros(added)]
        ),
        lower=np.concatenate([program.lower, np.zeros(made)]),
        upper=np.concatenate([upper, np.full(made, np.inf)]),
        binary=np.zeros(width, dtype=bool),
    )
    solver = Solver()
    solver.load(wanted)
    try:
        return solver.solve().x[:columns]
    except (InfeasibleProgram, SolverError):
        return x
