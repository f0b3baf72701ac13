"""Bound propagation: the bounds of columns that the rows of their interval imply.

A row sum a_j x_j <= limit implies a_j x_j <= limit - (sum of the least a_k x_k of all others), and likewise
with a lower limit (feasibility-based bound tightening; Savelsbergh 1994, ORSA Journal on Computing 6, 445).
Row after row, this carries what is known of one bus over transformers and links to the next.
"""

from dataclasses import dataclass

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.template import TemplateRow
from parkdispatch.optimizer.formulation.tile import Tiled

MAX_SWEEPS = 6  # over all rows, forwards and backwards
LEAST_PROGRESS = 1e-3  # in the unit of a column; a sweep that tightens no bound by more is the last
MARGIN = 1e-9  # relative, by which implied bounds are relaxed, for the rounding of sums

Bounds = tuple[Array, Array]  # lower and upper, (template columns, intervals) each


@dataclass(frozen=True)
class _IntervalRow:
    """lower <= sum of value x column <= upper in every interval; each of them a number or (intervals,)."""

    columns: list[int]
    values: list[Array]
    lower: Array
    upper: Array


class BoundPropagation:
    """The rows that bind columns of one interval, through which bounds are propagated again and again."""

    def __init__(self, tiled: Tiled) -> None:
        self._rows = [
            interval_row
            for row in tiled.template.rows
            if (interval_row := _interval_row(tiled, row)) is not None
        ]

    def tightened(self, bounds: Bounds) -> Bounds:
        """Return bounds within the given ones that every feasible point obeys.

        Where the rows contradict each other, bounds meet rather than cross.
        """
        lower, upper = bounds[0].copy(), bounds[1].copy()
        for _ in range(MAX_SWEEPS):
            progress = 0.0
            for row in (*self._rows, *reversed(self._rows)):
                progress = max(progress, _tighten_by_row(row, lower, upper))
            if progress <= LEAST_PROGRESS:
                break
        return lower, upper


def _interval_row(tiled: Tiled, row: TemplateRow) -> _IntervalRow | None:
    """Return a row as arrays; None where it has states of earlier intervals or shared decisions."""
    template, width = tiled.template, len(tiled.template.columns)
    coefficients = template.coefficients[:, row.body]
    if coefficients[:, width:-1].any():
        return None
    columns = np.flatnonzero(coefficients[:, :width].any(axis=0)).tolist()
    values = [_by_interval(tiled, coefficients[:, column]) for column in columns]
    constant = tiled.constant_term(row.body)
    lower, upper = (
        np.full(len(tiled.horizon), infinite) if limit is None else tiled.constant_term(limit) - constant
        for limit, infinite in ((row.lower, -np.inf), (row.upper, np.inf))
    )
    return _IntervalRow(columns, values, lower, upper)


def _by_interval(tiled: Tiled, coefficient: Array) -> Array:
    """Return an affine coefficient, (1 + series,), in every interval; one number where it never changes."""
    return coefficient @ tiled.weights if coefficient[1:].any() else coefficient[:1]


def _tighten_by_row(row: _IntervalRow, lower: Array, upper: Array) -> float:
    """Tighten the bounds of a row's columns in place; return the largest finite change."""
    ranges = [
        _range_of(value, lower[column], upper[column])
        for column, value in zip(row.columns, row.values, strict=True)
    ]
    progress = 0.0
    for place, (column, value) in enumerate(zip(row.columns, row.values, strict=True)):
        others = ranges[:place] + ranges[place + 1 :]
        with np.errstate(invalid="ignore", divide="ignore"):
            below = row.upper - sum(least for least, _ in others)
            above = row.lower - sum(most for _, most in others)
            at_most, at_least = below / value, above / value
        is_positive = value > 0
        most, least = np.where(is_positive, at_most, at_least), np.where(is_positive, at_least, at_most)
        most, least = _widened(most, 1.0), _widened(least, -1.0)
        new_lower = np.fmax(lower[column], np.fmin(least, upper[column]))
        new_upper = np.fmax(new_lower, np.fmin(upper[column], most))
        with np.errstate(invalid="ignore"):
            change = np.fmax(new_lower - lower[column], upper[column] - new_upper)
        progress = max(progress, float(np.max(change, initial=0.0, where=np.isfinite(change))))
        lower[column], upper[column] = new_lower, new_upper
        ranges[place] = _range_of(value, new_lower, new_upper)
    return progress


def _range_of(value: Array, lower: Array, upper: Array) -> tuple[Array, Array]:
    """Return the least and the largest value x column; a coefficient of zero leaves nothing of the bounds."""
    with np.errstate(invalid="ignore"):
        ends = np.where(value == 0, 0.0, value * lower), np.where(value == 0, 0.0, value * upper)
    return np.minimum(*ends), np.maximum(*ends)


def _widened(bound: Array, sign: float) -> Array:
    """Return an implied bound with its margin; infinity and NaN, of unknown sums, are no bounds and stay."""
    margin = MARGIN * np.maximum(1.0, np.abs(bound))
    return bound + sign * np.where(np.isfinite(margin), margin, 0.0)
