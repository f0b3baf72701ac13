"""The worth of the parts of a park: figures of the year with everything and without one part each."""

from dataclasses import dataclass

from parkdispatch.inputs.case import Case
from parkdispatch.results.failed_tasks import FailedTask


@dataclass(frozen=True)
class PartlessYear:
    """The year without one part, or with everything where `part` is empty."""

    part: str
    cost_yuan: float = float("nan")
    gap: float = float("nan")
    bought_mwh: float = float("nan")
    sold_mwh: float = float("nan")
    peak_mw: float = float("nan")
    curtailed_mwh: float = float("nan")
    infeasible: str = ""  # why there is no dispatch

    @property
    def uncertainty_yuan(self) -> float:
        """How far the cost may lie above the least one."""
        return self.gap * max(1.0, abs(self.cost_yuan))


@dataclass(frozen=True)
class PartWorth:
    """What each part of a park is worth in a year."""

    case: Case
    whole: PartlessYear
    without: tuple[PartlessYear, ...]
    asked: int  # parts, those that failed among them
    failed: tuple[FailedTask, ...] = ()  # parts whose year could not be solved

    def worth_yuan(self, year: PartlessYear) -> float:
        """What the year costs more without the part; NaN where there is no dispatch without it."""
        return year.cost_yuan - self.whole.cost_yuan

    def uncertainty_yuan(self, year: PartlessYear) -> float:
        """By how much that may be wrong, either way, because the years are proven to their gaps only."""
        return self.whole.uncertainty_yuan + year.uncertainty_yuan
