"""The words a device writes its interval with, and the terms it returns.

Each word says how far it looks: `either_or`, `binary` and `piecewise` within the interval, `previous`,
`recent_sum` and `committed` some intervals back, `at_end`, `shared` and `total` over a period or the horizon.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Literal, Protocol

Expr = Any  # a Pyomo expression, variable, parameter or a plain number; Pyomo ships no types
Exchange = Literal["import", "export"]  # direction of power over a connection to the public grid


@dataclass(frozen=True)
class DailyWindow:
    """The same hours of every day; across midnight where `end` is not after `begin`.

    Raises ValueError for a window of no length. Equal times are a whole day from that time on.

    Example:
        >>> DailyWindow(time(22), time(6))
        DailyWindow(begin=datetime.time(22, 0), end=datetime.time(6, 0))

    """

    begin: time
    end: time


@dataclass(frozen=True)
class TimeSpan:
    """One span of local time, `end` excluded."""

    begin: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end <= self.begin:
            raise ValueError(f"a span must end after it begins at {self.begin}, and ends at {self.end}")


# what a park-wide rule may add up over all devices
Amount = Literal[
    "co2_t", "renewable_available_mwh", "renewable_output_mwh", "consumption_mwh", "import_mwh", "export_mwh"
]
CalendarPeriod = Literal["day", "week", "month", "year", "horizon"]  # a week begins on Monday
Period = CalendarPeriod | DailyWindow | TimeSpan


@dataclass(frozen=True)
class Commitment:
    """The binary decisions of a unit in one interval: whether it runs, has just started, has just stopped."""

    on: Expr
    start: Expr
    stop: Expr


class Interval(Protocol):
    """The whole vocabulary a device may use while it writes its interval."""

    @property
    def hours(self) -> float:
        """Length of the interval [h]."""

    def series(self, name: str) -> Expr:
        """This device's time-varying datum of that name, as a mutable Pyomo parameter."""

    def previous(self, var: Expr, initial: Expr | Sequence[Expr], steps: int = 1) -> Expr:
        """Value of `var` `steps` intervals before; `initial` before the first.

        `initial` is a number or an expression in shared decisions, or several of them, the latest last: the
        values before the horizon began, of which the oldest stands for all before it.
        """

    def recent_sum(self, var: Expr, hours: float, initial: Expr | Sequence[Expr] = 0.0) -> Expr:
        """Sum of `var` over the intervals of the last `hours`, this one included.

        `initial` as in `previous`. A part of an interval counts as a whole one.
        """

    def at_end(self, var: Expr, lower: Expr | None = None, upper: Expr | None = None, name: str = "") -> None:
        """Bound `var` in the last interval of the horizon; `name` is what the user calls it, if one-sided."""

    def shared(
        self,
        name: str,
        per: CalendarPeriod,
        lower: Expr = 0.0,
        upper: Expr | None = None,
        costs: Mapping[str, Expr] | None = None,
    ) -> Expr:
        """One decision shared by all intervals of a period, such as a month or the whole horizon.

        `costs` maps a cost label to yuan per unit of the decision. Bounds and costs are read in the
        first interval of each period.
        """

    def total(
        self,
        name: str,
        expr: Expr,
        per: Period,
        *,
        lower: Expr | None = None,
        upper: Expr | None = None,
        before: float | None = None,
    ) -> None:
        """Limit the sum of `expr` over each period, or over the intervals that lie wholly in each window.

        The limits are read in the first of these intervals. Of a period that the horizon cuts off, what lies
        inside is summed: its limits have to allow for that. Where the horizon begins within a period,
        `before` is the sum so far, which a device that is planned day by day hands over.
        """

    def either_or(self, a: Expr, b: Expr) -> None:
        """At most one of two non-negative variables, each with a finite upper bound, exceeds zero."""

    def never_with(self, var: Expr, exchange: Exchange) -> None:
        """Keep `var` at zero where a connection that its bus can reach exchanges power in that direction.

        The same as `either_or` with each variable that another device names so in `Terms.exchange`. Buses
        reach each other where a device has terms on both.
        """

    def park_amount(self, amount: Amount) -> Expr:
        """Return what all devices together have of an amount in this interval, by their `Terms.amounts`."""

    def binary(self, name: str) -> Expr:
        """Return a decision of that name that is 0 or 1."""

    def committed(
        self,
        name: str,
        power: Expr,
        least: Expr,
        most: Expr,
        *,
        min_up_h: float = 0.0,
        min_down_h: float = 0.0,
        history: Sequence[float] = (0.0,),
    ) -> Commitment:
        """Let `power` be zero or lie in [least, most], with least times of running and of standing still.

        Adds the binaries `<name>_on`, `<name>_start` and `<name>_stop`. `history` is whether the unit ran in
        each interval before the horizon, the latest last; of what is older than it, the oldest is repeated.
        """

    def piecewise(
        self,
        name: str,
        x: Expr,
        points: Sequence[tuple[float, float]],
        side: Literal["equal", "at_least", "at_most"] = "equal",
    ) -> Expr:
        """Return a variable of that name that is the piecewise linear function of `x` through `points`.

        `points` are (x, value) in ascending order of x, which must lie between the first and the last of
        them. With "at_least" the variable is no less than the function, which must be convex: what has a
        price or a use of its own comes down to it, and no binaries are needed; "at_most" of a concave one
        likewise. Raises ValueError for points out of order, and for a function of the wrong curvature.
        """


@dataclass(frozen=True)
class Terms:
    """A device's part in the generic balance and objective.

    `injection` maps a bus to power into it [MW]; plus is into the bus. `costs` maps a label to yuan
    in this interval; plus is a cost, revenue is a negative cost. `exchange` names the non-negative variables
    that are import from and export to the public grid. `amounts` are what park-wide rules add up.
    """

    injection: Mapping[str, Expr] = field(default_factory=dict)
    costs: Mapping[str, Expr] = field(default_factory=dict)
    exchange: Mapping[Exchange, Expr] = field(default_factory=dict)
    amounts: Mapping[Amount, Expr] = field(default_factory=dict)
