"""What a closed loop found: the executed dispatch, its proofs, and what it cost beside two others."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.results.broken_limits import BrokenLimit
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.studies.closed_loop.span_costs import SpanCosts

PROVEN = 1e-8  # relative gap


@dataclass
class LoopProofs:
    """How the plans were proven."""

    count: int = 0  # of plans
    proven: int = 0
    repaired: int = 0  # whose relaxation broke an exclusive pair, and that were solved in full
    largest_gap: float = 0.0
    gave_way: int = 0  # intervals in which a limit or the peak changed the set points of the plan
    endless: int = 0  # made without the end of the case, which could not be reached
    unhedged: int = 0  # made on the medians, because no set points suited all paths

    def add(self, gap: float) -> None:
        """Count a plan that is proven to within a relative gap."""
        self.count += 1
        self.largest_gap = max(self.largest_gap, gap)
        self.proven += gap <= PROVEN


@dataclass(frozen=True)
class LoopReference:
    """The same span with perfect foresight from its beginning, and without storage where that is possible."""

    foresight: SpanCosts
    foresight_gap: float
    without: SpanCosts | None
    expected_mw: Mapping[int, Mapping[str, float]] = field(
        default_factory=dict
    )  # by a year's month, connection


@dataclass(frozen=True)
class LoopResult:
    """What a closed loop cost, beside perfect foresight of the whole span and the park without storage."""

    times: pd.DatetimeIndex
    columns: tuple[Key, ...]
    executed: Array  # (intervals, columns)
    costs: SpanCosts
    reference: LoopReference
    missing_mwh: float  # by which the stores end below what the case asks for
    proofs: LoopProofs
    cpu_ms: float  # of planning and executing, mean by step
    plan_costs_yuan: Array = field(repr=False)  # of the plan last made, (intervals,)
    broken: tuple[BrokenLimit, ...] = ()  # limits of periods that ended within the span, and were not kept
    failed: FailedTask | None = None  # the day that could not be run, before which all of this ends
    asked_days: int = 0

    @property
    def cost_yuan(self) -> float:
        """What was executed."""
        return self.costs.total

    @property
    def foresight_yuan(self) -> float:
        """With perfect foresight of the span."""
        return self.reference.foresight.total

    @property
    def without_yuan(self) -> float | None:
        """Without storage; None where that is not possible."""
        return None if self.reference.without is None else self.reference.without.total

    @property
    def kept(self) -> float | None:
        """Share of the saving under perfect foresight that is kept [-]; None where there is none."""
        return kept_share(self.cost_yuan, self.foresight_yuan, self.without_yuan)


def kept_share(cost_yuan: float, foresight_yuan: float, without_yuan: float | None) -> float | None:
    """Share of the saving under perfect foresight that a cost keeps [-]; None where there is no saving."""
    if without_yuan is None or without_yuan - foresight_yuan <= PROVEN * abs(foresight_yuan):
        return None
    return (without_yuan - cost_yuan) / (without_yuan - foresight_yuan)
