"""What forecasts that err cost over a span, by cause, beside perfect foresight and no storage.

Causes: the forecasts of load, PV, wind and other sources; the month's peak, expected as the month before
needed; and not knowing the days after, which perfect foresight of the whole span alone does. Money in yuan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from parkdispatch.models.errors import SolverError
from parkdispatch.results.broken_limits import BrokenLimit
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.settlement.day_settlement import DayMoney, money_json

CAUSES = ("load", "pv", "wind", "sources", "peak", "days_after")
ADDED = 1e-9  # relative to the cost, to which causes add up to the regret


@dataclass(frozen=True)
class RegretMonth:
    """A month as operated, with perfect foresight and without storage; cost [yuan], highest import [MW]."""

    name: str  # "2026-07"
    operated: DayMoney
    foresight: DayMoney
    without: DayMoney | None
    peak_mw: float
    foresight_peak_mw: float
    without_peak_mw: float | None

    @property
    def kept(self) -> float | None:
        """Share of the month's saving with perfect foresight that is kept; None where there is none."""
        return kept_of(self.operated, self.foresight, self.without)


@dataclass(frozen=True)
class ForecastRegret:
    """A span on forecasts as they would have been issued, settled against what came."""

    name: str
    title: str
    first: date
    last: date
    forecast: str  # kind
    hours: Sequence[float]  # of the day at which plans are made
    plans: int
    proven: int  # of them
    largest_gap: float  # of a plan
    gave_way: int  # intervals
    missing_mwh: float  # at the end, in the stores
    foresight_gap: float
    losses: Mapping[str, DayMoney]  # by cause, in the order of CAUSES
    months: Sequence[RegretMonth]
    facts: Mapping[str, Any] = field(default_factory=dict)  # of the run, for `regret.json`
    versions: Mapping[str, str] = field(default_factory=dict)
    broken: tuple[BrokenLimit, ...] = ()  # limits over more than a day that were not kept
    failed: tuple[FailedTask, ...] = ()  # the day that could not be run, before which the span ends
    asked_days: int = 0

    def __post_init__(self) -> None:
        """Raise SolverError where the causes do not add up to what was lost."""
        parts = sum(self.losses.values(), DayMoney())
        allowed = ADDED * max(1.0, abs(self.operated.total))
        for line in ("energy", "peak"):
            if not abs(getattr(parts, line) - getattr(self.lost, line)) <= allowed:
                raise SolverError(
                    f"the causes differ from the loss by {getattr(parts, line) - getattr(self.lost, line):g}"
                    " yuan"
                )

    @property
    def operated(self) -> DayMoney:
        """The cost of what was executed."""
        return sum((month.operated for month in self.months), DayMoney())

    @property
    def foresight(self) -> DayMoney:
        """The cost with perfect foresight of the span."""
        return sum((month.foresight for month in self.months), DayMoney())

    @property
    def without(self) -> DayMoney | None:
        """The cost without storage; None where the park cannot run without."""
        costs = [month.without for month in self.months if month.without is not None]
        return sum(costs, DayMoney()) if len(costs) == len(self.months) else None

    @property
    def lost(self) -> DayMoney:
        """The regret: what was paid more than with perfect foresight."""
        return self.operated - self.foresight

    @property
    def kept(self) -> float | None:
        """Share of the saving with perfect foresight that is kept; None where there is none."""
        return kept_of(self.operated, self.foresight, self.without)


def kept_of(operated: DayMoney, foresight: DayMoney, without: DayMoney | None) -> float | None:
    """Share of the saving with perfect foresight that is kept [-]; None where there is no saving."""
    if without is None or without.total - foresight.total <= ADDED * abs(foresight.total):
        return None
    return (without.total - operated.total) / (without.total - foresight.total)


def regret_json(regret: ForecastRegret) -> dict[str, Any]:
    """The content of `regret.json`; `kept` is what `study` reads."""
    return {
        "case": regret.name,
        "first": f"{regret.first}",
        "last": f"{regret.last}",
        "forecast": regret.forecast,
        "plan_hours_of_day": list(regret.hours),
        "kept": regret.kept,
        "cost_yuan": money_json(regret.operated),
        "foresight_yuan": money_json(regret.foresight),
        "without_storage_yuan": None if regret.without is None else money_json(regret.without),
        "lost_yuan": money_json(regret.lost),
        "lost_by_cause_yuan": {cause: money_json(money) for cause, money in regret.losses.items()},
        "plans": {
            "count": regret.plans,
            "proven": regret.proven,
            "largest_gap": regret.largest_gap,
            "gave_way": regret.gave_way,
        },
        "missing_mwh": regret.missing_mwh,
        "broken_limits": [broken.json for broken in regret.broken],
        "foresight_gap": regret.foresight_gap,
        "days_asked": regret.asked_days,
        "failed": [vars(task) for task in regret.failed],
        **regret.facts,
        "months": {
            month.name: {
                "cost_yuan": money_json(month.operated),
                "foresight_yuan": money_json(month.foresight),
                "without_storage_yuan": None if month.without is None else money_json(month.without),
                "kept": month.kept,
                "peak_mw": month.peak_mw,
                "foresight_peak_mw": month.foresight_peak_mw,
                "without_storage_peak_mw": month.without_peak_mw,
            }
            for month in regret.months
        },
        "versions": dict(regret.versions),
    }
