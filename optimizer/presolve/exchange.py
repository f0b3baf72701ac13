"""Exchanges: a source is used up before a member of a pair, such as sun before import, over lossy buses.

Less import and more sun, with the flows and losses between them changed accordingly, is a direction in the
space of an interval's columns. Where a step along it violates no row and does not cost more, there is an
optimum in which the import is zero, or the sun at its upper bound, or some flow between them at its limit. Of
all optima this holds for those with the least sum of all members, because each step makes that sum smaller;
so it holds for all exchanges together, and for the columns that `dominance` moves at one bus.

What more sun would break stands in the rows: a column in any further row of its interval, such as a reserve,
is no source; a total, such as a limit of emissions, must allow the step; members, states and binaries stay.

Losses obey rows such as loss >= share x flow, so that a dispatch may waste power. A loss at its upper bound
cannot rise; but where its rows ask for less than that, it need not, and there is a direction without it. An
exchange therefore has a direction for each set of losses that may be at their upper bounds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.template import Template, TemplateRow
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver
from parkdispatch.optimizer.presolve.bound_propagation import Bounds
from parkdispatch.optimizer.presolve.dominance import counter_rows

TINY = 1e-9  # MW for each MW less of the member; smaller changes are rounding
MAX_WASTEFUL = 5  # losses between a member and a source, of which every set has a direction


@dataclass(frozen=True)
class Exchange:
    """Directions, (template columns,) each, with one unit less of `member` and more of the source `instead`.

    `member` and `instead` are template columns. `wasteful` are the losses, also template columns, that rise
    in the first direction and may be larger than their rows ask for. `directions` has one for each set of
    them, which leaves the losses of that set as they are; the first one is that of the empty set.
    """

    member: int
    instead: int
    wasteful: Sequence[int]
    directions: Mapping[Sequence[int], Array]


class ExchangeFinder:
    """Finds exchanges among the columns of one interval, by a small linear program for each."""

    def __init__(self, tiled: Tiled) -> None:
        template = tiled.template
        width, counters = len(template.columns), counter_rows(tiled)
        limits = [
            (row.body, row.lower, None if number in counters else row.upper)
            for number, row in enumerate(template.rows)
            if not _is_range(template, row)
        ]
        interval_rows = len(limits)
        limits += [(total.body, total.lower, total.upper) for total in template.totals]
        limits += [(end.body, end.body, None) for end in template.ends]
        bodies = [body for body, _, _ in limits]
        self._matrix = template.coefficients[0][bodies, :width]
        # a row with a lower limit may only rise, one with both may not change
        self._row_lower = np.where([lower is not None for _, lower, _ in limits], 0.0, -np.inf)
        self._row_upper = np.where([upper is not None for _, _, upper in limits], 0.0, np.inf)
        self._is_of_interval = np.arange(len(limits)) < interval_rows
        self._may_change = ~_fixed_columns(template)
        in_rows = (template.coefficients[0][[row.body for row in template.rows], :width] != 0).sum(axis=0)
        # a source is in no row but the balance of its bus; flows and losses are in several
        self._is_source = self._may_change & (in_rows == 1)

    def exchanges(self, member: int) -> list[Exchange]:
        """Return an exchange for each source that may be used first instead of a member of a pair."""
        exchanges = [self._exchange(member, source) for source in np.flatnonzero(self._is_source).tolist()]
        return [exchange for exchange in exchanges if exchange is not None]

    def _exchange(self, member: int, source: int) -> Exchange | None:
        """Return the exchange of a member and a source; None where there is none."""
        first = self._direction(member, source, ())
        if first is None or first[source] <= TINY:
            return None
        rising = np.flatnonzero(first > TINY).tolist()
        wasteful = [column for column in rising if column != source and self._is_wasteful(column)]
        if len(wasteful) > MAX_WASTEFUL:
            return None
        directions = dict[Sequence[int], Array]({(): first})
        for count in range(1, len(wasteful) + 1):
            for unchanged in combinations(wasteful, count):
                direction = self._direction(member, source, unchanged)
                if direction is None:
                    return None
                directions[unchanged] = direction
        return Exchange(member, source, wasteful, directions)

    def _is_wasteful(self, column: int) -> bool:
        """Whether a column may be larger than its inequalities ask for: none limits it from above."""
        coefficient = self._matrix[:, column]
        is_inequality = self._row_lower < self._row_upper
        limits = is_inequality & (
            ((coefficient > 0) & np.isfinite(self._row_upper))
            | ((coefficient < 0) & np.isfinite(self._row_lower))
        )
        return bool((is_inequality & (coefficient != 0)).any() and not limits.any())

    def _direction(self, member: int, source: int, unchanged: Sequence[int]) -> Array | None:
        """Return the smallest change with one unit less of `member`, for which only `source` rises.

        Columns `unchanged` stay, and the inequalities of the interval that hold them are left out:
        `is_exhausted` finds what these may ask for. A total may ask for any value, and is obeyed.
        """
        width = len(self._may_change)
        most = np.where(self._may_change & ~self._is_source, np.inf, 0.0)
        most[list(unchanged)] = 0.0
        lower, upper = -most, most
        upper[source] = np.inf
        lower[member] = upper[member] = -1.0
        is_asked = self._is_of_interval & (self._row_lower < self._row_upper)
        is_asked &= (self._matrix[:, list(unchanged)] != 0).any(axis=1)
        identity = sp.eye_array(width, format="csr")
        rows = sp.csr_array(self._matrix[~is_asked])
        program = LinearProgram(
            np.concatenate([np.zeros(width), np.ones(width)]),
            0.0,
            sp.csr_array(  # the last two: size >= |direction|
                sp.block_array([[rows, None], [identity, identity], [-identity, identity]], format="csr")
            ),
            np.concatenate([self._row_lower[~is_asked], np.zeros(2 * width)]),
            np.concatenate([self._row_upper[~is_asked], np.full(2 * width, np.inf)]),
            np.concatenate([lower, np.zeros(width)]),
            np.concatenate([upper, np.full(width, np.inf)]),
            np.zeros(2 * width, dtype=bool),
        )
        solver = Solver()
        solver.load(program)
        try:
            return solver.solve().x[:width]
        except InfeasibleProgram:
            return None


def _fixed_columns(template: Template) -> Mask:
    """Mark the columns that no exchange may change, (template columns,).

    States, binary columns, members of pairs, and columns whose coefficients change with time.
    """
    bodies = [row.body for row in template.rows] + [total.body for total in template.totals]
    bodies += [end.body for end in template.ends]
    width = len(template.columns)
    fixed = (template.coefficients[1:][:, bodies, :width] != 0).any(axis=(0, 1))
    fixed |= np.array([column.is_binary for column in template.columns], dtype=bool)
    fixed[[previous.column for previous in template.previous]] = True
    for pair in template.pairs:
        fixed[[pair.a, pair.b]] = True
    return np.asarray(fixed)


def _is_range(template: Template, row: TemplateRow) -> bool:
    """Whether a row has two different limits and no columns but those of its interval."""
    if row.lower is None or row.upper is None:
        return False
    limits, width = template.coefficients[:, [row.lower, row.upper]], len(template.columns)
    is_equation = bool((limits[:, 0] == limits[:, 1]).all())
    return not is_equation and not template.coefficients[:, row.body, width:-1].any()


def is_exhausted(tiled: Tiled, program: LinearProgram, exchange: Exchange, bounds: Bounds) -> Mask:
    """Mark where the source is at its upper bound in some optimum if the member exceeds zero, (intervals,).

    There, whichever losses are at their upper bounds, a step along their direction breaks no limit but the
    source's and does not cost more. `bounds`: what all columns obey where the member exceeds zero.
    """
    exhausted = np.ones(len(tiled.horizon), dtype=bool)
    for unchanged, direction in exchange.directions.items():
        for column in unchanged:
            asked = _most_asked(tiled, column, direction, bounds)
            exhausted &= asked < program.upper[tiled.column_of(column)] - TINY
        cost = np.zeros(len(tiled.horizon))
        for number in np.flatnonzero(np.abs(direction) > TINY).tolist():
            columns = tiled.column_of(number)
            cost += program.cost[columns] * direction[number]
            if number in (exchange.member, exchange.instead):
                continue
            if direction[number] < 0:
                exhausted &= bounds[0][number] > program.lower[columns] + TINY
            elif number not in exchange.wasteful:  # at their upper bounds, these have other directions
                exhausted &= bounds[1][number] < program.upper[columns] - TINY
        exhausted &= cost <= 0
        for row in tiled.template.rows:
            if _is_range(tiled.template, row):
                exhausted &= _stays_within(tiled, row, direction, bounds)
    return exhausted


def _most_asked(tiled: Tiled, column: int, direction: Array, bounds: Bounds) -> Array:
    """Return the largest value that those inequalities may ask of a column which a direction strains."""
    template, asked = tiled.template, np.full(len(tiled.horizon), -np.inf)
    width = len(template.columns)
    for row in template.rows:
        coefficient = template.coefficients[0, row.body, column]
        if coefficient == 0 or (row.lower is not None and row.upper is not None):
            continue
        if template.coefficients[:, row.body, width:-1].any():
            return np.full(len(tiled.horizon), np.inf)
        limit = row.lower if coefficient > 0 else row.upper
        change = float(template.coefficients[0, row.body, :width] @ direction) * np.sign(coefficient)
        if limit is not None and change < -TINY:
            # the others help least to meet the limit where their part is smallest, seen from this column
            others = _extreme_activity(tiled, row.body, bounds, rises=coefficient < 0, without=column)
            asked = np.maximum(asked, (tiled.constant_term(limit) - others) / coefficient)
    return asked


def _stays_within(tiled: Tiled, row: TemplateRow, direction: Array, bounds: Bounds) -> Mask:
    """Mark where a row with two limits is at neither that the direction moves it towards, (intervals,)."""
    change = float(tiled.template.coefficients[0, row.body, : len(direction)] @ direction)
    if abs(change) <= TINY or row.lower is None or row.upper is None:
        return np.ones(len(tiled.horizon), dtype=bool)
    activity = _extreme_activity(tiled, row.body, bounds, rises=change > 0)
    if change > 0:
        return np.asarray(activity < tiled.constant_term(row.upper) - TINY)
    return np.asarray(activity > tiled.constant_term(row.lower) + TINY)


def _extreme_activity(
    tiled: Tiled, body: int, bounds: Bounds, *, rises: bool, without: int | None = None
) -> Array:
    """Return the largest (`rises`) or least value of a functional of an interval's columns, (intervals,)."""
    activity = tiled.constant_term(body)
    coefficients = tiled.template.coefficients[:, body, : len(tiled.template.columns)]
    for number in np.flatnonzero(coefficients.any(axis=0)).tolist():
        if number != without:
            value = coefficients[:, number] @ tiled.weights
            at_upper = (value > 0) == rises
            end = np.where(at_upper, bounds[1][number], bounds[0][number])
            activity = activity + value * np.where(value == 0, 0.0, end)  # no infinity times zero
    return np.asarray(activity)
