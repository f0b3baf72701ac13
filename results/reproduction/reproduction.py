"""The result of a reproduction: compared figures, the sets of assumptions that fit, the current park."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.published.published_figures import Published
from parkdispatch.inputs.value_sources import SourcedValue
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.finance.tornado import Tornado
from parkdispatch.results.reproduction.comparison import ComparisonRow
from parkdispatch.results.reproduction.current_park import CurrentPark
from parkdispatch.results.reproduction.fitting import Fit, Width


@dataclass(frozen=True)
class CurrentParkRuns:
    """The current park with each size of its storage, in the order given, and the tornado of the first.

    Empty where every size failed.
    """

    sizes: tuple[CurrentPark, ...]  # without those that failed
    tornado: Tornado | None  # None: the case has no sensitivities, or nothing is left of it

    @property
    def first(self) -> tuple[Lifetime, CashFlow]:
        """The lifetime and the cash flow of the first size."""
        return self.sizes[0].lifetime, self.sizes[0].cash


@dataclass(frozen=True)
class Reproduction:
    """Every compared figure, the sets of assumptions that fit, and how they were computed."""

    case: Case
    plan: Published
    rows: tuple[ComparisonRow, ...]
    widths: tuple[Width, ...]
    fits: tuple[Fit, ...]
    largest_gap: float  # of a dispatched year
    current_park: CurrentParkRuns
    # [-] of the interpolated operation that the sets use, from the dispatched one; None: there are no sets
    corners_deviation: float | None
    sources: tuple[SourcedValue, ...]
    timings_s: Mapping[str, float]
    asked: Mapping[str, int] = field(default_factory=dict)  # number of tasks by part
    failed_parts: tuple[FailedTask, ...] = ()  # parts without an answer, which no row counts

    @property
    def failed(self) -> tuple[FailedTask, ...]:
        """The parts, and the ends of sensitivities, without an answer."""
        tornado = self.current_park.tornado
        return (*self.failed_parts, *(tornado.failed if tornado else ()))
