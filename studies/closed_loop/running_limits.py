"""What limits over more than a day leave to each plan: what is used so far, and what later days need.

No day knows what the others need, so a plan of the whole says it: the cheapest relaxed dispatch, which keeps
every limit. A plan that ends before its period does has

    most left  = most  - used so far - what the plan of the whole uses after it
    least left = least - used so far - what the plan of the whole uses after it

so that what a day leaves is there for the next ones, and what it takes too much they make up for.
"""

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.allowances import allowable_totals, allowance_series
from parkdispatch.optimizer.formulation.template import Key, PeriodTotal
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.proof.infeasibility import explain_infeasibility
from parkdispatch.results.broken_limits import BrokenLimit

EXCESS_FACTOR = 10.0  # of an excess, in the largest cost of a decision by the units it is counted with
KEPT = 1e-5  # to which limits are kept, as all others are, relative to the largest of a limit and 1


class RunningLimit:
    """One total that ties days together, over a horizon of some days to years."""

    def __init__(self, whole: Tiled, total: PeriodTotal, planned_x: Array) -> None:
        """`planned_x` is the plan of the whole, in its columns."""
        self.total, horizon = total, whole.horizon
        self.period: Index = horizon.period(total.per)  # -1 outside of windows
        self.labels, first = horizon.labels(total.per), horizon.first(total.per)
        self.planned = np.where(self.period >= 0, whole.evaluate(total.body, planned_x), 0.0)
        self.least, self.most = (
            np.full(len(first), missing) if side is None else whole.constant_term(side, first)
            for side, missing in ((total.lower, -np.inf), (total.upper, np.inf))
        )
        unit = float(np.abs(whole.template.coefficients[:, total.body, :-1]).max(initial=0.0))
        self.excess_yuan = EXCESS_FACTOR * max(1.0, whole.largest_cost()) / (unit or 1.0)
        self.used = np.zeros(len(whole.horizon))  # by interval, of what is executed

    def begin_at(self, first: int) -> None:
        """Take as used before an interval what the plan of the whole has used."""
        self.used[:first] = self.planned[:first]

    def series(self, first: int, after: int) -> dict[Key, Array]:
        """What the intervals of a plan have left, as series of them."""
        names, inside = allowance_series(self.total.key), self.period[first:after]
        series = {names["excess_yuan"]: np.full(after - first, self.excess_yuan)}
        gone = self._sum(self.used, 0, first) + self._sum(self.planned, after, len(self.period))
        for name, limit, has in (
            ("least_left", self.least, self.total.lower),
            ("most_left", self.most, self.total.upper),
        ):
            if has is not None:
                series[names[name]] = np.where(inside >= 0, (limit - gone)[inside], 0.0)
        return series

    def _sum(self, values: Array, first: int, after: int) -> Array:
        """By period, of some intervals."""
        period, part = self.period[first:after], values[first:after]
        is_inside = period >= 0
        return np.bincount(period[is_inside], part[is_inside], len(self.labels)).astype(np.float64)

    def use(self, first: int, plan: Tiled, x: Array) -> None:
        """Count what was done from an interval on, in the columns of a plan, over all of its intervals."""
        within = slice(first, first + len(plan.horizon))
        self.used[within] = np.where(self.period[within] >= 0, plan.evaluate(self.total.body, x), 0.0)

    def broken(self, after: int) -> list[BrokenLimit]:
        """The periods that have ended before an interval and whose limits are not kept."""
        used, broken = self._sum(self.used, 0, after), list[BrokenLimit]()
        for number, label in enumerate(self.labels):
            is_over = after >= len(self.period) or bool((self.period[after:] != number).all())
            figures = [float(values[number]) for values in (used, self.least, self.most)]
            limit = BrokenLimit(*self.total.key, label, *figures)
            finite = [abs(side) for side in (limit.least, limit.most) if np.isfinite(side)]
            if is_over and limit.over > KEPT * max([1.0, *finite]):
                broken.append(limit)
        return broken


class RunningLimits:
    """All limits of a park over more than a day that no device hands on."""

    def __init__(self, whole: Tiled, planned_x: Array | None) -> None:
        """`planned_x` is the plan of the whole; it may be left out where there are no such limits.

        Raises InfeasibleError with the reason where there is no plan, but limits that need one.
        """
        totals = allowable_totals(whole.template)
        if planned_x is None and totals:
            raise InfeasibleError(explain_infeasibility(whole, whole.program))
        self.limits = [] if planned_x is None else [RunningLimit(whole, total, planned_x) for total in totals]

    @property
    def keys(self) -> frozenset[Key]:
        """The totals."""
        return frozenset(limit.total.key for limit in self.limits)

    def series(self, first: int, after: int) -> dict[Key, Array]:
        """The allowances of a plan of some intervals, as series of them."""
        return {key: array for limit in self.limits for key, array in limit.series(first, after).items()}

    def begin_at(self, first: int) -> None:
        """Take as used before an interval what the plan of the whole has used."""
        for limit in self.limits:
            limit.begin_at(first)

    def use(self, first: int, plan: Tiled, x: Array) -> None:
        """Count what was done from an interval on, in the columns of a plan, over all of its intervals."""
        for limit in self.limits:
            limit.use(first, plan, x)

    def broken(self, after: int) -> list[BrokenLimit]:
        """The limits of periods that have ended before an interval and are not kept."""
        return [broken for limit in self.limits for broken in limit.broken(after)]

    def keep(self, after: int) -> None:
        """Raise InfeasibleError with the limits of ended periods that are broken, as `broken` finds them."""
        if broken := self.broken(after):
            raise InfeasibleError("\n".join(limit.told for limit in broken))
