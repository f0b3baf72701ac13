"""Expand a template along a horizon: arrays in, arrays out, no loop over intervals.

The column of template column j in interval t is t x columns + j; the shared decisions follow in order of
declaration, period after period. Rows are numbered likewise: t x rows + i, then period totals, then end
conditions. The exclusive pairs are left out, so the program is the linear relaxation; `with_binaries` adds
chosen pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask, SparseIndex
from parkdispatch.optimizer.formulation.expansion import Expansion, weighted_sum
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.template import ExclusivePairRows, Key, Template, TemplateRow


@dataclass(frozen=True)
class _Rows:
    """Some rows of a program: matrix and bounds."""

    matrix: sp.csr_array
    lower: Array
    upper: Array


@dataclass(frozen=True)
class Tiled:
    """A template on a horizon; `weights` are its series, (1 + series, intervals), whose row 0 is ones.

    Costs of `program` are in units of `money_unit_yuan`, which is 1 but where a solver needs other numbers.
    """

    template: Template
    horizon: Horizon
    weights: Array
    money_unit_yuan: float = 1.0

    @cached_property
    def shared_starts(self) -> list[int]:
        """First column of each shared decision; the last entry is the number of columns."""
        sizes = [len(self.horizon.first(shared.per)) for shared in self.template.shared]
        first = len(self.horizon) * len(self.template.columns)
        return [first + int(n) for n in np.cumsum([0, *sizes])]

    @property
    def _slot_count(self) -> int:
        return int(self.template.coefficients.shape[2]) - 1

    @cached_property
    def _slot_columns(self) -> SparseIndex:
        """Column each slot stands for, (intervals, slots); -1 before the first interval and for binaries."""
        width, intervals = len(self.template.columns), np.arange(len(self.horizon))[:, None]
        columns = np.full((len(intervals), self._slot_count), -1, dtype=np.int32)
        columns[:, :width] = intervals * width + np.arange(width)
        for number, previous in enumerate(self.template.previous):
            columns[previous.steps :, width + number] = columns[: -previous.steps, previous.column]
        first_shared = width + len(self.template.previous)
        for number, (shared, start) in enumerate(zip(self.template.shared, self.shared_starts, strict=False)):
            columns[:, first_shared + number] = start + self.horizon.period(shared.per)
        return columns

    @cached_property
    def is_binary(self) -> Mask:
        """Columns that must be 0 or 1, (columns,); the relaxation lets them lie between."""
        marked = np.array([column.is_binary for column in self.template.columns], dtype=bool)
        shared = np.zeros(self.shared_starts[-1] - self.shared_starts[0], dtype=bool)
        return np.concatenate([np.tile(marked, len(self.horizon)), shared])

    def column_of(self, number: int) -> Index:
        """Columns of template column `number`, one per interval."""
        return np.arange(len(self.horizon)) * len(self.template.columns) + number

    def constant_term(self, functional: int, intervals: Index | slice = slice(None)) -> Array:
        """Constant part of a functional, such as a bound, in the given intervals."""
        constants = self.template.coefficients[:, functional, -1]
        return np.asarray(constants @ self.weights[:, intervals])

    def evaluate(self, functional: int, x: Array) -> Array:
        """Value of a functional in every interval at a solution x, shape (intervals,)."""
        expansion = self._expand([functional])
        return expansion.constant[:, 0] + np.bincount(
            expansion.interval, weights=expansion.value * x[expansion.column], minlength=len(self.horizon)
        )

    @property
    def constraint_series(self) -> Array:
        """Series that enter rows or bounds, such as a load but not a price, (series, intervals)."""
        template = self.template
        rows = [*template.rows, *template.totals, *template.ends]
        functionals = [getattr(row, part, None) for row in rows for part in ("body", "lower", "upper")]
        functionals += [getattr(column, side) for column in template.columns for side in ("lower", "upper")]
        used = [functional for functional in functionals if functional is not None]
        return self.weights[1:][template.coefficients[1:, used, :].any(axis=(1, 2))]

    # --- expansion of functionals

    def _expand(self, functionals: Sequence[int], intervals: Index | None = None) -> Expansion:
        """Entries and constants, with values before the first interval replaced by the initial ones."""
        weights = self.weights if intervals is None else self.weights[:, intervals]
        coefficients = self.template.coefficients[:, list(functionals), :]
        functional, slot = np.nonzero((coefficients[:, :, :-1] != 0).any(axis=0))
        order = np.lexsort((self._slot_columns[-1, slot], functional))
        functional, slot = functional[order], slot[order]
        value = weighted_sum(coefficients[:, functional, slot], weights)
        column = np.take(self._slot_columns, slot, axis=1)
        if intervals is not None:
            column = column[intervals]
        constant = weighted_sum(coefficients[:, :, -1], weights)
        present = (value != 0) & (column >= 0)
        steps = np.arange(len(self.horizon)) if intervals is None else intervals
        memory = max((previous.steps for previous in self.template.previous), default=0)
        for position in np.flatnonzero(steps < memory).tolist():
            interval = int(steps[position])
            initial = self._initial_entries(interval, functional, slot, value[position], constant[position])
            if initial:  # entries that only this interval has
                initial_functional, *entries = (np.array(part) for part in zip(*initial, strict=True))
                functional = np.append(functional, initial_functional)
                slot = np.append(slot, np.full(len(initial), -1))  # of no slot that has a value before
                order = np.argsort(functional, kind="stable")
                functional, slot, widened = functional[order], slot[order], []
                for array, new in zip((column, value, present), (*entries, True), strict=True):
                    wide = np.pad(array, [(0, 0), (0, len(initial))])
                    wide[position, array.shape[1] :] = new
                    widened.append(wide[:, order])
                column, value, present = widened
        return Expansion(steps, functional, present, column[present], value[present], constant)

    def _initial_entries(
        self, interval: int, functionals: Index, slots: Index, values: Array, constant: Array
    ) -> list[tuple[int, int, float]]:
        """Entries (functional, column, value) that values before the horizon bring into one of its intervals.

        Their constants are added to `constant`, (functionals,), in place.
        """
        width = len(self.template.columns)
        entries: list[tuple[int, int, float]] = []
        for functional, slot, value in zip(functionals, slots, values, strict=True):
            if not width <= slot < width + len(self.template.previous):
                continue
            previous = self.template.previous[slot - width]
            if interval < previous.steps:
                initial = previous.initial[interval]
                coefficients = self.weights[:, interval] @ self.template.coefficients[:, initial, :]
                constant[functional] += value * coefficients[-1]
                for k in np.flatnonzero(coefficients[:-1]):
                    column = int(self._slot_columns[interval, k])
                    entries.append((int(functional), column, value * coefficients[k]))
        return entries

    def _row_bounds(
        self, rows: Sequence[TemplateRow], constant: Array, side: str, intervals: Index | slice = slice(None)
    ) -> Array:
        """Bounds of rows, (intervals, rows), less the constant of the body."""
        bounds = np.full(constant.shape, -np.inf if side == "lower" else np.inf)
        for number, row in enumerate(rows):
            functional = getattr(row, side)
            if functional is not None:
                bounds[:, number] = self.constant_term(functional, intervals) - constant[:, number]
        return bounds

    # --- the linear relaxation

    @cached_property
    def program(self) -> LinearProgram:
        """The linear relaxation: everything but the exclusive pairs."""
        parts = [self._interval_rows(), *self._total_rows(), *self._end_rows()]
        matrix, row_lower, row_upper = parts[0].matrix, parts[0].lower, parts[0].upper
        if len(parts) > 1:
            matrix = sp.vstack([rows.matrix for rows in parts], format="csr")
            row_lower = np.concatenate([rows.lower for rows in parts])
            row_upper = np.concatenate([rows.upper for rows in parts])
        lower, upper = self._column_bounds("lower", -np.inf), self._column_bounds("upper", np.inf)
        cost, offset = self._objective
        none = np.zeros(len(cost), dtype=bool)
        return LinearProgram(cost, offset, matrix, row_lower, row_upper, lower, upper, none)

    def _interval_rows(self) -> _Rows:
        rows = self.template.rows
        expansion = self._expand([row.body for row in rows])
        lower, upper = (self._row_bounds(rows, expansion.constant, side) for side in ("lower", "upper"))
        return _Rows(expansion.csr(self.shared_starts[-1]), lower.ravel(), upper.ravel())

    def _total_rows(self) -> list[_Rows]:
        """Rows of period totals: sum of the body - limit, with the constants on the right."""
        parts = []
        for total in self.template.totals:
            period, first = self.horizon.period(total.per), self.horizon.first(total.per)
            inside = np.flatnonzero(period >= 0)
            body = self._expand([total.body], inside)
            constant = np.bincount(period[inside], body.constant[:, 0], minlength=len(first))
            if total.before is not None and self.horizon.begins_within(total.per):
                constant[0] += self.constant_term(total.before, first[:1])[0]
            for functional, is_lower in ((total.lower, True), (total.upper, False)):
                if functional is None:
                    continue
                limit = self._expand([functional], first)
                row = np.concatenate([period[body.interval], period[limit.interval]])
                column = np.concatenate([body.column, limit.column])
                matrix = sp.csr_array(
                    (np.concatenate([body.value, -limit.value]), (row, column)),
                    shape=(len(first), self.shared_starts[-1]),
                )
                bound, none = limit.constant[:, 0] - constant, np.full(len(first), np.inf)
                parts.append(_Rows(matrix, bound, none) if is_lower else _Rows(matrix, -none, bound))
        return parts

    def _end_rows(self) -> list[_Rows]:
        ends = self.template.ends
        if not ends:
            return []
        bodies = self._expand([end.body for end in ends], np.array([len(self.horizon) - 1]))
        matrix = sp.csr_array(
            (bodies.value, (bodies.functional, bodies.column)), shape=(len(ends), self.shared_starts[-1])
        )
        return [_Rows(matrix, -bodies.constant[0], np.full(len(ends), np.inf))]

    def _column_bounds(self, side: str, missing: float) -> Array:
        """Bounds of all columns on one side; `missing` where the template has none."""
        interval_bounds = np.full((len(self.horizon), len(self.template.columns)), missing)
        for number, column in enumerate(self.template.columns):
            functional = getattr(column, side)
            if functional is not None:
                interval_bounds[:, number] = self.constant_term(functional)
        parts = [interval_bounds.ravel()]
        for shared in self.template.shared:
            first = self.horizon.first(shared.per)
            functional = getattr(shared, side)
            parts.append(
                np.full(len(first), missing) if functional is None else self.constant_term(functional, first)
            )
        return np.concatenate(parts)

    def largest_cost(self) -> float:
        """The largest cost of any column, without the arrays of the program."""
        return float(np.abs(self._objective[0]).max(initial=0.0))

    @cached_property
    def _objective(self) -> tuple[Array, float]:
        """Cost of each column and the constant cost."""
        expansion = self._expand(list(self.template.costs.values()))
        summed = np.bincount(expansion.column, expansion.value, minlength=self.shared_starts[-1])
        cost = summed.astype(np.float64)  # without entries, bincount counts in integers
        for shared, start in zip(self.template.shared, self.shared_starts, strict=False):
            first = self.horizon.first(shared.per)
            for functional in shared.costs.values():
                cost[start : start + len(first)] += self.constant_term(functional, first)
        return cost / self.money_unit_yuan, float(expansion.constant.sum()) / self.money_unit_yuan

    # --- exclusive pairs

    def with_binaries(self, chosen: Mask, program: LinearProgram | None = None) -> LinearProgram:
        """The relaxation plus big-M rows and binaries of the pairs in `chosen`, (pairs, intervals).

        Binary columns of the devices must be 0 or 1 again.
        """
        base = self.program if program is None else program
        binaries = int(chosen.sum())
        width = len(base.cost) + binaries
        matrix = base.matrix
        widened = sp.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], width))
        parts, first_binary = list[_Rows](), len(base.cost)
        for number, pair in enumerate(self.template.pairs):
            intervals = np.flatnonzero(chosen[number])
            if intervals.size:
                parts.append(self._pair_rows(number, pair, intervals, first_binary, width))
            first_binary += len(intervals)
        added = [rows.matrix for rows in parts]
        return replace(
            base,
            cost=np.concatenate([base.cost, np.zeros(binaries)]),
            matrix=sp.vstack([widened, *added], format="csr") if added else widened,
            row_lower=np.concatenate([base.row_lower, *(rows.lower for rows in parts)]),
            row_upper=np.concatenate([base.row_upper, *(rows.upper for rows in parts)]),
            lower=np.concatenate([base.lower, np.zeros(binaries)]),
            upper=np.concatenate([base.upper, np.ones(binaries)]),
            binary=np.concatenate([self.is_binary, np.ones(binaries, dtype=bool)]),
        )

    def _pair_rows(
        self, number: int, pair: ExclusivePairRows, intervals: Index, first_binary: int, width: int
    ) -> _Rows:
        """Both big-M rows of a pair in some intervals; their binaries are columns from `first_binary` on."""
        bodies = [row.body for row in pair.rows]
        expansion = self._expand(bodies, intervals)
        slot = self._slot_count - len(self.template.pairs) + number
        # coefficient of the binary, (intervals, 2 rows)
        of_binary = weighted_sum(self.template.coefficients[:, bodies, slot], self.weights[:, intervals])
        position = np.arange(len(intervals))
        entry_row = 2 * np.searchsorted(intervals, expansion.interval) + expansion.functional
        row = np.concatenate([entry_row, 2 * position, 2 * position + 1])
        column = np.concatenate([expansion.column, *(2 * [first_binary + position])])
        value = np.concatenate([expansion.value, of_binary[:, 0], of_binary[:, 1]])
        matrix = sp.csr_array((value, (row, column)), shape=(2 * len(intervals), width))
        lower, upper = (
            self._row_bounds(pair.rows, expansion.constant, side, intervals).ravel()
            for side in ("lower", "upper")
        )
        return _Rows(matrix, lower, upper)


def tile(template: Template, horizon: Horizon, series: Mapping[Key, Array]) -> Tiled:
    """Put a template on a horizon. `series` maps (device, name) to an array of shape (intervals,)."""
    rows = [np.ones(len(horizon)), *(np.asarray(series[key], dtype=float) for key in template.series)]
    return Tiled(template, horizon, np.vstack(rows))
