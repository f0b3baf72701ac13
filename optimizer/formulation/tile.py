"""Tile one compiled interval along the horizon: arrays in, arrays out, no loop over intervals.

Column of interval t and template column j: t x columns + j, then the shared decisions in order of
declaration, period after period. Rows likewise: t x rows + i, then totals, then end conditions. The
exclusive pairs are left out, so the program is the relaxation; `with_binaries` adds those asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.horizon import Horizon, Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram, Mask
from parkdispatch.optimizer.formulation.template import Key, Template, TemplateRow


@dataclass(frozen=True)
class _Expanded:
    """Functionals along the horizon: entries, by interval, then functional, then column, and constants.

    `steps` are the intervals; `which` the functional and `there` the presence of each entry that there may be
    in one, (possible,) and (intervals, possible).
    """

    steps: Index
    which: Index
    there: Mask
    column: NDArray[np.int32]
    value: Array
    constant: Array  # (intervals, functionals)

    @property
    def interval(self) -> Index:
        """Of each entry."""
        return np.repeat(self.steps, self.there.sum(axis=1))

    @property
    def functional(self) -> Index:
        """Of each entry."""
        return np.broadcast_to(self.which, self.there.shape)[self.there]

    def csr(self, columns: int) -> sp.csr_array:
        """Functionals of each interval as rows."""
        count, functionals = self.constant.shape
        sizes = np.zeros((count, functionals + 1), dtype=np.int32)
        for number, here in zip(self.which, self.there.T, strict=True):
            sizes[:, number + 1] += here
        starts = np.concatenate([[0], np.cumsum(sizes[:, 1:].ravel())]).astype(np.int32)
        made = sp.csr_array((self.value, self.column, starts), shape=(count * functionals, columns))
        made.sum_duplicates()  # an initial value may be of a column that is in the row already
        return made


@dataclass(frozen=True)
class Tiled:
    """A template on a horizon with its series, shape (1 + series, intervals); row 0 is ones."""

    template: Template
    horizon: Horizon
    weights: Array

    @cached_property
    def shared_starts(self) -> list[int]:
        """First column of each shared decision; the last entry is the number of columns."""
        sizes = [len(self.horizon.labels(shared.per)) for shared in self.template.shared]
        first = len(self.horizon) * len(self.template.columns)
        return [first + int(n) for n in np.cumsum([0, *sizes])]

    @cached_property
    def _slot_columns(self) -> NDArray[np.int32]:
        """Column each slot stands for, (intervals, slots); -1 before the first interval, or a binary."""
        own, steps = len(self.template.columns), np.arange(len(self.horizon))[:, None]
        found = np.full((len(steps), self._slot_count), -1, dtype=np.int32)
        found[:, :own] = steps * own + np.arange(own)
        for number, previous in enumerate(self.template.previous):
            found[1:, own + number] = found[:-1, previous.column]
        first = own + len(self.template.previous)
        for number, (shared, start) in enumerate(zip(self.template.shared, self.shared_starts, strict=False)):
            found[:, first + number] = start + self.horizon.period(shared.per)
        return found

    def at(self, functional: int, intervals: Index | slice = slice(None)) -> Array:
        """Constant part of a functional, such as a bound, in the given intervals."""
        constants = self.template.coefficients[:, functional, -1]
        return np.asarray(constants @ self.weights[:, intervals])

    def _bounds(
        self, rows: Sequence[TemplateRow], constant: Array, side: str, intervals: Index | slice = slice(None)
    ) -> Array:
        """Bounds of rows, (intervals, rows), with the constant of the body moved to this side."""
        bounds = np.full(constant.shape, -np.inf if side == "lower" else np.inf)
        for i, row in enumerate(rows):
            functional = getattr(row, side)
            if functional is not None:
                bounds[:, i] = self.at(functional, intervals) - constant[:, i]
        return bounds

    def _expand(self, functionals: Sequence[int], intervals: Index | None = None) -> _Expanded:
        """Entries and constants, with values before the first interval replaced by the initial ones."""
        steps = np.arange(len(self.horizon)) if intervals is None else intervals
        weights = self.weights if intervals is None else self.weights[:, intervals]
        used = self.template.coefficients[:, list(functionals), :]
        which, slot = np.nonzero((used[:, :, :-1] != 0).any(axis=0))
        order = np.lexsort((self._slot_columns[-1, slot], which))
        which, slot = which[order], slot[order]
        value = _weighted(used[:, which, slot], weights)
        column = np.take(self._slot_columns, slot, axis=1)
        if intervals is not None:
            column = column[intervals]
        constant = _weighted(used[:, :, -1], weights)
        there = (value != 0) & (column >= 0)
        for at_start in np.flatnonzero(steps == 0).tolist():
            more = self._initial(which, slot, value[at_start], constant[at_start])
            if more:  # entries that only the first interval has
                functional, *others = (np.array(one) for one in zip(*more, strict=True))
                which = np.append(which, functional)
                order = np.argsort(which, kind="stable")
                which, grown = which[order], []
                for one, new in zip((column, value, there), (*others, True), strict=True):
                    wider = np.pad(one, [(0, 0), (0, len(more))])
                    wider[at_start, one.shape[1] :] = new
                    grown.append(wider[:, order])
                column, value, there = grown
        return _Expanded(steps, which, there, column[there], value[there], constant)

    def _initial(
        self, which: Index, slot: Index, value: Array, constant: Array
    ) -> list[tuple[int, int, float]]:
        """Entries (functional, column, value) that the first interval's initial values bring.

        Their constants are added to those of the functionals there.
        """
        own = len(self.template.columns)
        found: list[tuple[int, int, float]] = []
        for functional, s, a in zip(which, slot, value, strict=True):
            if own <= s < own + len(self.template.previous):
                initial = self.template.previous[s - own].initial
                reading = self.weights[:, 0] @ self.template.coefficients[:, initial, :]
                constant[functional] += a * reading[-1]
                for k in np.flatnonzero(reading[:-1]):
                    found.append((int(functional), int(self._slot_columns[0, k]), a * reading[k]))
        return found

    @cached_property
    def program(self) -> LinearProgram:
        """The relaxation: everything but the exclusive pairs."""
        matrix, row_lower, row_upper = self._interval_rows()
        extra = [*self._total_rows(), *self._end_rows()]
        if extra:
            matrix = sp.vstack([matrix, *(row[0] for row in extra)], format="csr")
            row_lower = np.concatenate([row_lower, *(row[1] for row in extra)])
            row_upper = np.concatenate([row_upper, *(row[2] for row in extra)])
        lower, upper = self._column_bounds()
        cost, offset = self._objective()
        return LinearProgram(
            cost, offset, matrix, row_lower, row_upper, lower, upper, np.zeros(len(cost), dtype=bool)
        )

    def _interval_rows(self) -> tuple[sp.csr_array, Array, Array]:
        rows = self.template.rows
        expanded = self._expand([row.body for row in rows])
        matrix = expanded.csr(self.shared_starts[-1])
        lower, upper = (self._bounds(rows, expanded.constant, side).ravel() for side in ("lower", "upper"))
        return matrix, lower, upper

    def _total_rows(self) -> list[tuple[sp.csr_array, Array, Array]]:
        made = []
        for total in self.template.totals:
            period, first = self.horizon.period(total.per), self.horizon.first(total.per)
            body, limit = self._expand([total.body]), self._expand([total.upper], first)
            # sum of the body - limit <= 0, constants to the right
            matrix = sp.csr_array(
                (
                    np.concatenate([body.value, -limit.value]),
                    (
                        np.concatenate([period[body.interval], period[limit.interval]]),
                        np.concatenate([body.column, limit.column]),
                    ),
                ),
                shape=(len(first), self.shared_starts[-1]),
            )
            upper = limit.constant[:, 0] - np.bincount(period, weights=body.constant[:, 0])
            made.append((matrix, np.full(len(first), -np.inf), upper))
        return made

    def _end_rows(self) -> list[tuple[sp.csr_array, Array, Array]]:
        made = []
        last = np.array([len(self.horizon) - 1])
        for end in self.template.ends:
            body = self._expand([end.body], last)
            matrix = sp.csr_array(
                (body.value, (np.zeros_like(body.column), body.column)), shape=(1, self.shared_starts[-1])
            )
            made.append((matrix, -body.constant[:, 0], np.array([np.inf])))
        return made

    def _column_bounds(self) -> tuple[Array, Array]:
        count = len(self.horizon)
        found = []
        for side, missing in (("lower", -np.inf), ("upper", np.inf)):
            own = np.full((count, len(self.template.columns)), missing)
            for j, column in enumerate(self.template.columns):
                functional = getattr(column, side)
                if functional is not None:
                    own[:, j] = self.at(functional)
            parts = [own.ravel()]
            for shared in self.template.shared:
                first = self.horizon.first(shared.per)
                functional = getattr(shared, side)
                parts.append(
                    np.full(len(first), missing) if functional is None else self.at(functional, first)
                )
            found.append(np.concatenate(parts))
        return found[0], found[1]

    def _objective(self) -> tuple[Array, float]:
        expanded = self._expand(list(self.template.costs.values()))
        summed = np.bincount(expanded.column, expanded.value, minlength=self.shared_starts[-1])
        cost = summed.astype(np.float64)  # of nothing it is a count
        for shared, start in zip(self.template.shared, self.shared_starts, strict=False):
            first = self.horizon.first(shared.per)
            for functional in shared.costs.values():
                cost[start : start + len(first)] += self.at(functional, first)
        return cost, float(expanded.constant.sum())

    def with_binaries(self, chosen: Mask, program: LinearProgram | None = None) -> LinearProgram:
        """The relaxation plus the exclusive pairs in `chosen`, (pairs, intervals)."""
        base = self.program if program is None else program
        columns = len(base.cost)
        matrices: list[tuple[Array, Index, Index, int]] = []
        lowers: list[Array] = []
        uppers: list[Array] = []
        made = 0
        for number, pair in enumerate(self.template.pairs):
            intervals = np.flatnonzero(chosen[number])
            slot = self._slot_count - len(self.template.pairs) + number
            expanded = self._expand([row.body for row in pair.rows], intervals)
            local = np.searchsorted(intervals, expanded.interval)
            of_binary = self.template.coefficients[:, [row.body for row in pair.rows], slot]
            value = _weighted(of_binary, self.weights[:, intervals])  # (chosen intervals, 2 rows)
            where = np.arange(len(intervals))
            rows = np.concatenate([2 * local + expanded.functional, 2 * where, 2 * where + 1])
            cols = np.concatenate([expanded.column, *(2 * [columns + made + where])])
            data = np.concatenate([expanded.value, value[:, 0], value[:, 1]])
            matrices.append((data, rows, cols, 2 * len(intervals)))
            for side, into in (("lower", lowers), ("upper", uppers)):
                bounds = self._bounds(pair.rows, expanded.constant, side, intervals)
                into.append(bounds.ravel())
            made += len(intervals)
        width = columns + made
        grown = sp.csr_array(
            (base.matrix.data, base.matrix.indices, base.matrix.indptr), shape=(base.matrix.shape[0], width)
        )
        added = [sp.csr_array((d, (r, c)), shape=(n, width)) for d, r, c, n in matrices if n]
        return replace(
            base,
            cost=np.concatenate([base.cost, np.zeros(made)]),
            matrix=sp.vstack([grown, *added], format="csr") if added else grown,
            row_lower=np.concatenate([base.row_lower, *lowers]),
            row_upper=np.concatenate([base.row_upper, *uppers]),
            lower=np.concatenate([base.lower, np.zeros(made)]),
            upper=np.concatenate([base.upper, np.ones(made)]),
            binary=np.concatenate([base.binary, np.ones(made, dtype=bool)]),
        )

    @property
    def _slot_count(self) -> int:
        return int(self.template.coefficients.shape[2]) - 1

    def evaluate(self, functional: int, x: Array) -> Array:
        """Value of a functional in every interval at a solution x, shape (intervals,)."""
        expanded = self._expand([functional])
        return expanded.constant[:, 0] + np.bincount(
            expanded.interval, weights=expanded.value * x[expanded.column], minlength=len(self.horizon)
        )

    @property
    def given(self) -> Array:
        """The series that stand in rows and bounds, such as a load but not a price, (series, intervals)."""
        template = self.template
        rows = [*template.rows, *template.totals, *template.ends]
        found = [getattr(one, side, None) for one in rows for side in ("body", "lower", "upper")]
        found += [getattr(column, side) for column in template.columns for side in ("lower", "upper")]
        used = template.coefficients[1:, [one for one in found if one is not None], :].any(axis=(1, 2))
        return self.weights[1:][used]

    def column_of(self, number: int) -> Index:
        """Columns of template column `number`, one per interval."""
        own = len(self.template.columns)
        return np.arange(len(self.horizon)) * own + number


def tile(template: Template, horizon: Horizon, series: Mapping[Key, Array]) -> Tiled:
    """Put a template on a horizon. `series` maps (device, name) to an array of shape (intervals,)."""
    rows = [np.ones(len(horizon)), *(np.asarray(series[key], dtype=float) for key in template.series)]
    return Tiled(template, horizon, np.vstack(rows))


def _weighted(coefficients: Array, weights: Array) -> Array:
    """Sum of coefficients (series, things) by the series' values (series, intervals): (intervals, things).

    Nearly all coefficients are zero; and a product of dense matrices would start the library's own threads,
    which wait for more to do on the core that another year is solved on.
    """
    return np.ascontiguousarray((sp.csr_array(coefficients.T) @ weights).T)
