"""The template: one interval of a park as data, from which any horizon is expanded.

Every coefficient, bound and right-hand side of an interval is an affine function of the series. The template
therefore holds, for each functional (a row's body, a bound, a cost ...), its coefficients with all series at
zero and their change per unit of each series.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from parkdispatch.models.device import Array
from parkdispatch.models.vocabulary import CalendarPeriod, Period

Key = tuple[str, str]  # device (or "balance") and name


@dataclass(frozen=True)
class TemplateColumn:
    """A variable of the interval. `lower` and `upper` are the numbers of the functionals of its bounds."""

    key: Key
    lower: int | None
    upper: int | None
    is_binary: bool = False


@dataclass(frozen=True)
class PreviousSlot:
    """A slot for the value of `column` some intervals earlier, as many as there are in `initial`.

    `initial` are the functionals of the values before the horizon, the oldest first.
    """

    column: int
    initial: tuple[int, ...]

    @property
    def steps(self) -> int:
        """How many intervals earlier."""
        return len(self.initial)


@dataclass(frozen=True)
class SharedDecision:
    """A decision of each period, with the functionals of its bounds and of its unit costs by label."""

    key: Key
    per: CalendarPeriod
    lower: int
    upper: int | None
    costs: Mapping[str, int]


@dataclass(frozen=True)
class TemplateRow:
    """lower <= body <= upper, all three numbers of functionals; None is no bound."""

    key: Key
    body: int
    lower: int | None
    upper: int | None


@dataclass(frozen=True)
class PeriodTotal:
    """lower <= sum of `body` over each period <= upper, limits as in its first interval; None is none.

    `before` is what the period that the horizon begins within has had already.
    """

    key: Key
    per: Period
    body: int
    lower: int | None
    upper: int | None
    before: int | None


@dataclass(frozen=True)
class EndCondition:
    """`body` in the last interval is at least zero."""

    key: Key
    body: int


@dataclass(frozen=True)
class ExclusivePairRows:
    """An exclusive pair: its template columns and the two big-M rows that enforce it with a binary."""

    key: Key
    a: int
    b: int
    rows: tuple[TemplateRow, TemplateRow]


@dataclass(frozen=True)
class Template:
    """One interval as numbers.

    `coefficients` has shape (1 + series, functionals, slots + 1): first with all series at zero, then the
    change per unit of each series. Slots are the columns, the previous values, the shared decisions and the
    binaries of the pairs, in this order; the last entry of a functional is its constant.
    """

    hours: float
    series: list[Key]
    columns: list[TemplateColumn]
    previous: list[PreviousSlot]
    shared: list[SharedDecision]
    pairs: list[ExclusivePairRows]
    rows: list[TemplateRow]
    totals: list[PeriodTotal]
    ends: list[EndCondition]
    costs: Mapping[Key, int]
    injections: Mapping[Key, int]
    quantities: Mapping[Key, int]
    coefficients: Array

    @property
    def is_exclusive_only(self) -> bool:
        """Whether exclusive pairs are the only binary decisions, and no state is older than an interval."""
        return not any(column.is_binary for column in self.columns) and all(
            previous.steps == 1 for previous in self.previous
        )

    @property
    def decomposes_into_windows(self) -> bool:
        """Whether the decomposition into windows is made for this park.

        It is for one bus, with exclusive pairs as the only binary decisions, and nothing in common to several
        months.
        """
        buses = [row for row in self.rows if row.key[0] == "balance"]
        spans = [shared.per for shared in self.shared] + [total.per for total in self.totals]
        is_of_a_month = not any(span in ("year", "horizon") for span in spans)
        return len(buses) == 1 and self.is_exclusive_only and is_of_a_month
