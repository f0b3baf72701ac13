"""The same linear program some intervals later: its matrix stays, its bounds and costs come from slices.

Where no series multiplies a variable of a row, a horizon that moves along time within a month changes
numbers only. They are products of the template's constants with the series, without expanding anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.template import Template
from parkdispatch.optimizer.formulation.tile import Tiled


def why_not_rolling(template: Template) -> list[str]:
    """What of a template ties its intervals together so that its program does not only shift; empty: none."""
    width, coefficients = len(template.columns), template.coefficients
    bodies = [row.body for row in template.rows] + [end.body for end in template.ends]
    costs = list(template.costs.values())
    initial = [functional for previous in template.previous for functional in previous.initial]
    reasons = [f"`device.{total.key[0]}`: limits `{total.key[1]}` over a period" for total in template.totals]
    if coefficients[1:, bodies, :-1].any():
        reasons.append("a series multiplies a decision in a rule")
    if coefficients[:, costs, width:-1].any():
        reasons.append("a cost depends on an earlier interval")
    if any(previous.steps > 1 for previous in template.previous):
        reasons.append("a value of more than one interval before is used")
    if coefficients[:, initial, :-1].any():
        reasons.append("the value before the beginning is a decision")
    if any(column.is_binary for column in template.columns):
        reasons.append("a device is on or off")
    if any(shared.per != "month" for shared in template.shared):
        reasons.append("a decision belongs to another period than a month")
    return reasons


def with_initial(template: Template, initial: Array) -> Template:
    """The template with these values before the horizon, one of each of `template.previous`."""
    coefficients = template.coefficients.copy()
    for previous, value in zip(template.previous, initial, strict=True):
        coefficients[:, previous.initial[0], :] = 0.0
        coefficients[0, previous.initial[0], -1] = value
    return replace(template, coefficients=coefficients)


@dataclass(frozen=True)
class RollingProgram:
    """The program of a template on horizons of equal length, each within one month."""

    first: Tiled  # any of them

    @cached_property
    def _bodies(self) -> Index:
        return np.array([row.body for row in self.first.template.rows], dtype=np.int64)

    @cached_property
    def _before(self) -> Array:
        """Coefficients of the values before, (previous, rows)."""
        template = self.first.template
        width = len(template.columns)
        slots = np.arange(width, width + len(template.previous))
        return np.asarray(template.coefficients[0][np.ix_(self._bodies, slots)].T)

    @cached_property
    def _costs(self) -> tuple[Array, Array]:
        """Change of the cost of each column, (1 + series, columns), and of the constant cost with series."""
        template = self.first.template
        summed = template.coefficients[:, list(template.costs.values()), :].sum(axis=1)
        return summed[:, : len(template.columns)], summed[:, -1]

    def _constants(self, functionals: Sequence[int | None]) -> Array:
        """Constants of functionals, (1 + series, functionals); zero where there is none."""
        constants = self.first.template.coefficients[:, :, -1]
        return np.stack(
            [np.zeros(len(constants)) if number is None else constants[:, number] for number in functionals],
            axis=1,
        )

    @cached_property
    def _sides(self) -> dict[str, tuple[Array, Array, Array]]:
        """Constants of the bounds of columns, rows and shared decisions, by side."""
        template, sides = self.first.template, {}
        bodies = self._constants([row.body for row in template.rows])
        for side in ("lower", "upper"):
            of_columns = self._constants([getattr(column, side) for column in template.columns])
            of_rows = self._constants([getattr(row, side) for row in template.rows]) - bodies
            sides[side] = (
                of_columns,
                of_rows,
                self._constants([getattr(shared, side) for shared in template.shared])
                if template.shared
                else np.zeros((len(bodies), 0)),
            )
        return sides

    def at(self, weights: Array, initial: Array) -> LinearProgram:
        """The program with other series, (1 + series, intervals), and these values before its beginning."""
        template, program = self.first.template, self.first.program
        series, beginning = weights.T, weights[:, 0]
        shift = initial @ self._before  # what the values before add to the rows of the first interval
        bounds: dict[str, tuple[Array, Array]] = {}
        for side, missing in (("lower", -np.inf), ("upper", np.inf)):
            of_columns, of_rows, of_shared = self._sides[side]
            columns, rows, shared = series @ of_columns, series @ of_rows, beginning @ of_shared
            rows[0] -= shift
            for array, parts in ((columns, template.columns), (rows, template.rows)):
                array[:, [getattr(part, side) is None for part in parts]] = missing
            shared[[getattr(part, side) is None for part in template.shared]] = missing
            ends = np.full(len(template.ends), np.inf)
            if side == "lower":
                ends = -(weights[:, -1] @ self._constants([end.body for end in template.ends]))
            bounds[side] = (np.concatenate([columns.ravel(), shared]), np.concatenate([rows.ravel(), ends]))
        of_columns, constant = self._costs
        shared_cost = [
            sum(float(beginning @ template.coefficients[:, number, -1]) for number in shared.costs.values())
            for shared in template.shared
        ]
        return replace(
            program,
            cost=np.concatenate([(series @ of_columns).ravel(), shared_cost]),
            offset=float((constant @ weights).sum()),
            lower=bounds["lower"][0],
            upper=bounds["upper"][0],
            row_lower=bounds["lower"][1],
            row_upper=bounds["upper"][1],
        )


def is_within_a_month(horizon: Horizon) -> bool:
    """Whether a horizon lies within one month."""
    return len(horizon.first("month")) == 1
