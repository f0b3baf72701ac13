"""A two-stage program: the same horizon on several paths, of which some columns are the same on all.

Minimised is (1 - w) x expected cost + w x CVaR, the expected cost of the worst share (1 - level) of the
paths, as a linear program (Rockafellar and Uryasev 2000, Journal of Risk 2): with a threshold t and excesses
e_s >= cost_s - t, e_s >= 0, CVaR = min t + sum p_s e_s / (1 - level).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled


@dataclass(frozen=True)
class Risk:
    """Weight of CVaR in the objective [-], and the level from which on a path is among the worst [-]."""

    weight: float
    level: float


@dataclass(frozen=True)
class PathProgram:
    """The program, and where each path's columns are in it.

    `columns` has shape (paths, columns of a path). After them come the threshold, the excesses, and
    `set_points`, (devices, intervals), where paths may give way to them.
    """

    paths: Sequence[Tiled]
    shared: Mask  # of the columns of a path, those that are the same on all
    risk: Risk
    columns: Index
    program: LinearProgram
    set_points: Index

    def path_costs_yuan(self, x: Array) -> Array:
        """The cost of each path at a solution, (paths,)."""
        programs = [tiled.program for tiled in self.paths]
        return np.array([p.objective(x[c]) for p, c in zip(programs, self.columns, strict=True)])

    def pairs(self) -> Index:
        """The exclusive pairs of all paths by their columns, each once, (pairs, 2)."""
        tiled = self.paths[0]
        of_path = [
            np.column_stack([tiled.column_of(pair.a), tiled.column_of(pair.b)])
            for pair in tiled.template.pairs
        ]
        if not of_path:
            return np.zeros((0, 2), dtype=np.int64)
        positions = np.concatenate(of_path)
        return np.unique(np.concatenate([columns[positions] for columns in self.columns]), axis=0)


def shared_columns(tiled: Tiled, devices: frozenset[str]) -> Mask:
    """Mark the columns of a path that belong to these devices, (columns,)."""
    of_interval = [column.key[0] in devices for column in tiled.template.columns]
    count = tiled.shared_starts[-1] - tiled.shared_starts[0]
    return np.concatenate([np.tile(of_interval, len(tiled.horizon)), np.zeros(count, dtype=bool)])


def path_program(paths: Sequence[Tiled], shared: Mask, risk: Risk) -> PathProgram:
    """The program of equally probable paths, whose templates and horizons are the same."""
    programs = [_strengthened(tiled) for tiled in paths]
    count, width = len(programs), len(shared)
    unshared, common = np.flatnonzero(~shared), np.flatnonzero(shared)
    columns = np.empty((count, width), dtype=np.int64)
    columns[:, common] = np.arange(len(common))
    for path in range(count):
        columns[path, unshared] = len(common) + path * len(unshared) + np.arange(len(unshared))
    threshold = len(common) + count * len(unshared)
    total = threshold + 1 + count
    lower, upper = np.full(total, -np.inf), np.full(total, np.inf)
    lower[threshold + 1 :] = 0.0
    cost, binary = np.zeros(total), np.zeros(total, dtype=bool)
    blocks, row_lower, row_upper = [], [], []
    for path, program in enumerate(programs):
        places = columns[path]
        lower[places] = np.maximum(lower[places], program.lower)
        upper[places] = np.minimum(upper[places], program.upper)
        cost[places] += (1.0 - risk.weight) / count * program.cost
        binary[places] |= program.binary
        kept = _kept_rows(program, shared, is_first=path == 0)
        placed = sp.csr_array((np.ones(width), (np.arange(width), places)), shape=(width, total))
        blocks.append(program.matrix[kept] @ placed)
        row_lower.append(program.row_lower[kept])
        row_upper.append(program.row_upper[kept])
        excess = sp.csr_array(
            (
                np.concatenate([program.cost, [-1.0, -1.0]]),
                (np.zeros(width + 2, dtype=np.int64), [*places, threshold, threshold + 1 + path]),
            ),
            shape=(1, total),
        )
        blocks.append(excess)
        row_lower.append(np.array([-np.inf]))
        row_upper.append(np.array([-program.offset]))
    cost[threshold] = risk.weight
    cost[threshold + 1 :] = risk.weight / (1.0 - risk.level) / count
    offset = (1.0 - risk.weight) * float(np.mean([program.offset for program in programs]))
    matrix = sp.vstack(blocks, format="csr")
    matrix.eliminate_zeros()
    program = LinearProgram(
        cost, offset, matrix, np.concatenate(row_lower), np.concatenate(row_upper), lower, upper, binary
    )
    return PathProgram(paths, shared, risk, columns, program, np.zeros((0, 0), dtype=np.int64))


def _strengthened(tiled: Tiled) -> LinearProgram:
    """The relaxation of a path with bounds of its exclusive pairs, and the chord a/A + b/B <= 1 of each.

    A member is at most what its balance leaves where the other one is zero. That holds whatever set points
    are, unlike bounds that follow from what is cheapest on this path alone.
    """
    program, template = tiled.program, tiled.template
    upper, chords = program.upper.copy(), []
    balances = [number for number, row in enumerate(template.rows) if row.key[0] == "balance"]
    rows = np.arange(len(tiled.horizon)) * len(template.rows)
    for balance in balances:
        matrix = program.matrix[rows + balance]
        most, least = _activity(matrix, program)
        right = program.row_lower[rows + balance]
        for pair in template.pairs:
            a, b = tiled.column_of(pair.a), tiled.column_of(pair.b)
            of_a, of_b = (np.asarray(matrix[np.arange(len(rows)), columns]) for columns in (a, b))
            if not ((of_a > 0) & (of_b < 0) & (program.lower[a] == 0) & (program.lower[b] == 0)).all():
                continue
            # of_a x a + of_b x b + others = right
            of_others = least + np.maximum(-of_b, 0.0) * program.upper[b]
            upper[a] = np.minimum(upper[a], np.maximum(0.0, (right - of_others) / of_a))
            of_others = most - of_a * program.upper[a]
            upper[b] = np.minimum(upper[b], np.maximum(0.0, (of_others - right) / -of_b))
            both = (upper[a] > 0) & (upper[b] > 0) & np.isfinite(upper[a]) & np.isfinite(upper[b])
            chords.append(np.column_stack([a, b])[both])
    pairs = np.concatenate(chords) if chords else np.zeros((0, 2), dtype=np.int64)
    if not len(pairs):
        return replace(program, upper=upper)
    shares = sp.csr_array(
        ((1.0 / upper[pairs]).ravel(), (np.repeat(np.arange(len(pairs)), 2), pairs.ravel())),
        shape=(len(pairs), len(upper)),
    )
    return replace(
        program,
        upper=upper,
        matrix=sp.vstack([program.matrix, shares], format="csr"),
        row_lower=np.concatenate([program.row_lower, np.full(len(pairs), -np.inf)]),
        row_upper=np.concatenate([program.row_upper, np.ones(len(pairs))]),
    )


def _activity(matrix: Any, program: LinearProgram) -> tuple[Array, Array]:
    """The most and the least that rows can sum up to within the bounds, (rows,) each."""
    dense = matrix.toarray()
    above, below = np.maximum(dense, 0.0), np.minimum(dense, 0.0)
    lower, upper = np.nan_to_num(program.lower), np.nan_to_num(program.upper)
    used = (dense != 0).any(axis=0)
    lower, upper = np.where(used, lower, 0.0), np.where(used, upper, 0.0)
    return above @ upper + below @ lower, above @ lower + below @ upper


def _kept_rows(program: LinearProgram, shared: Mask, *, is_first: bool) -> Index:
    """The rows of a path: of those between shared columns alone, which are the same on all, the first's."""
    if is_first:
        return np.arange(len(program.row_lower))
    of_own = sp.csr_array(abs(program.matrix) @ np.where(shared, 0.0, 1.0)[:, np.newaxis]).toarray().ravel()
    return np.flatnonzero(of_own > 0)
