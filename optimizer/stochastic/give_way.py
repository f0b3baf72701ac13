"""Set points that paths follow but where giving way is worth more than its price.

An energy management system charges less, or discharges more, where the import would exceed a limit or the
peak that is paid for. Set points that must hold on every path to the letter are far more cautious than a
plant is. Here each path has its own dispatch, and leaves the set points at a price for each MWh, so that
paths leave them for a limit or a peak, and hardly for what they alone know.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.stochastic.path_program import PathProgram, Risk, path_program


def giving_way_program(
    paths: Sequence[Tiled], devices: frozenset[str], intervals: int, price_yuan_per_mwh: float, risk: Risk
) -> PathProgram:
    """The program of paths with set points of devices in the first intervals; after them each is free.

    A set point is the second member less the first of the device's exclusive pair: discharge less charge.
    Departures from it, up and down on each path, cost their price in the mean over paths.
    """
    tiled, count = paths[0], len(paths)
    free = path_program(paths, np.zeros(tiled.shared_starts[-1], dtype=bool), risk)
    pairs = [pair for pair in tiled.template.pairs if pair.key[0] in devices]
    first, steps = len(free.program.cost), len(pairs) * intervals
    injected = np.concatenate([tiled.column_of(pair.b)[:intervals] for pair in pairs])
    drawn = np.concatenate([tiled.column_of(pair.a)[:intervals] for pair in pairs])
    set_points = first + np.arange(steps)
    width = first + steps + 2 * count * steps
    blocks = []
    for path, columns in enumerate(free.columns):
        up = first + steps + 2 * path * steps + np.arange(steps)
        # injected - drawn = set point + up - down
        column = np.concatenate([columns[injected], columns[drawn], set_points, up, up + steps])
        value = np.repeat([1.0, -1.0, -1.0, -1.0, 1.0], steps)
        blocks.append(sp.csr_array((value, (np.tile(np.arange(steps), 5), column)), shape=(steps, width)))
    program = free.program
    widened = program.matrix.copy()
    widened.resize((widened.shape[0], width))
    departure_yuan = price_yuan_per_mwh * tiled.horizon.hours / tiled.money_unit_yuan / count
    departures, added = 2 * count * steps, count * steps
    linked = LinearProgram(
        cost=np.concatenate([program.cost, np.zeros(steps), np.full(departures, departure_yuan)]),
        offset=program.offset,
        matrix=sp.vstack([widened, *blocks], format="csr"),
        row_lower=np.concatenate([program.row_lower, np.zeros(added)]),
        row_upper=np.concatenate([program.row_upper, np.zeros(added)]),
        lower=np.concatenate([program.lower, -program.upper[free.columns[0][drawn]], np.zeros(departures)]),
        upper=np.concatenate(
            [program.upper, program.upper[free.columns[0][injected]], np.full(departures, np.inf)]
        ),
        binary=np.concatenate([program.binary, np.zeros(steps + departures, dtype=bool)]),
    )
    return replace(free, program=linked, set_points=set_points.reshape(len(pairs), intervals))


def set_point_columns(tiled: Tiled, devices: frozenset[str]) -> Index:
    """The template's columns of the members drawn and injected, (devices, 2), in the order of set points."""
    return np.array([(pair.a, pair.b) for pair in tiled.template.pairs if pair.key[0] in devices])
