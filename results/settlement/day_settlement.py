"""The settlement of a day: what it cost, what perfect foresight would have cost, and the causes between.

Money in yuan; positive is paid, or lost. Three lines of a day may be added over the days of a month:

- energy: bought less sold, and the wear of batteries;
- stored: less energy in the batteries at the end than at the start, at its replacement price;
- peak: what the day adds to the month's demand charge above the peak so far, or above the peak that the plan
  was made against where that is higher.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

LINES = ("energy", "stored", "peak")
CAUSES = ("load", "sources", "outage", "start", "following", "meters")
ADDED = 1e-6  # [yuan] to which the causes add up


@dataclass(frozen=True)
class DayMoney:
    """The three lines of a day, of a cause, or of a difference [yuan]."""

    energy: float = 0.0
    stored: float = 0.0
    peak: float = 0.0

    @property
    def total(self) -> float:
        """The sum of the lines."""
        return self.energy + self.stored + self.peak

    def __add__(self, other: "DayMoney") -> "DayMoney":
        return DayMoney(self.energy + other.energy, self.stored + other.stored, self.peak + other.peak)

    def __sub__(self, other: "DayMoney") -> "DayMoney":
        return self + other.times(-1.0)

    def times(self, factor: float) -> "DayMoney":
        """Each line multiplied."""
        return DayMoney(factor * self.energy, factor * self.stored, factor * self.peak)


@dataclass(frozen=True)
class DayVolumes:
    """Energies of a day [MWh] and its highest 15-minute import [MW]; NaN is not used."""

    load_mwh: float
    sources_mwh: float
    import_mwh: float
    export_mwh: float
    peak_mw: float


@dataclass(frozen=True)
class PeriodLosses:
    """What was lost over the settled days of a month or a year, by cause."""

    name: str  # "2026-07" or "2026"
    days: int
    losses: Mapping[str, DayMoney]

    @property
    def total(self) -> DayMoney:
        """Over all causes."""
        return sum(self.losses.values(), DayMoney())


@dataclass(frozen=True)
class MonthBill:
    """The bill of a month as far as it is metered, and at its end as expected [yuan]."""

    month: str
    so_far_yuan: float
    metered: int  # intervals
    missing: int  # intervals up to the day that are in no meter's file
    by_charge_yuan: Mapping[str, float]
    expected_yuan: float | None = None  # None: not computed
    expected_peak_mw: float | None = None


@dataclass(frozen=True)
class Settlement:
    """A day settled. `assumed` are keys of what was not metered or not known, with its numbers."""

    site: str
    title: str
    day: date
    planned: DayMoney  # as the plan expected
    actual: DayMoney
    foresight: DayMoney
    losses: Mapping[str, DayMoney]  # by cause of CAUSES that there was
    planned_volumes: DayVolumes
    actual_volumes: DayVolumes
    foresight_volumes: DayVolumes
    gap: float  # to which perfect foresight is proven
    solves: int
    assumed: Sequence[tuple[str, Mapping[str, Any]]] = ()
    month: PeriodLosses | None = None
    year: PeriodLosses | None = None
    bill: MonthBill | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def lost(self) -> DayMoney:
        """What the day cost more than with perfect foresight."""
        return self.actual - self.foresight

    @property
    def five_lines(self) -> dict[str, float]:
        """The causes without the month's peak, and the peak of all of them on its own [yuan]."""
        lines = {cause: money.energy + money.stored for cause, money in self.losses.items()}
        return {**lines, "peak": sum(money.peak for money in self.losses.values())}


def money_json(money: DayMoney) -> dict[str, float]:
    """The lines and their sum."""
    return {**asdict(money), "total": money.total}


def settlement_json(settled: Settlement) -> dict[str, Any]:
    """The content of `summary.json` of a settlement; money in yuan, energy in MWh, power in MW."""
    content: dict[str, Any] = {
        "site": settled.site,
        "day": f"{settled.day}",
        "planned_yuan": money_json(settled.planned),
        "actual_yuan": money_json(settled.actual),
        "foresight_yuan": money_json(settled.foresight),
        "lost_yuan": money_json(settled.lost),
        "lost_by_cause_yuan": {cause: money_json(money) for cause, money in settled.losses.items()},
        "planned": asdict(settled.planned_volumes),
        "actual": asdict(settled.actual_volumes),
        "foresight": asdict(settled.foresight_volumes),
        "foresight_gap": settled.gap,
        "assumed": [{"key": key, **values} for key, values in settled.assumed],
        "versions": dict(settled.versions),
    }
    for name, period in (("month", settled.month), ("year", settled.year)):
        if period is not None:
            content[f"{name}_to_date"] = {
                "name": period.name,
                "days": period.days,
                "lost_yuan": money_json(period.total),
                "lost_by_cause_yuan": {cause: money_json(money) for cause, money in period.losses.items()},
            }
    if settled.bill is not None:
        content["bill"] = asdict(settled.bill)
    return content


def losses_of_json(content: Mapping[str, Any]) -> dict[str, DayMoney]:
    """The losses by cause that `settlement_json` wrote."""
    return {
        cause: DayMoney(*(float(lines[line]) for line in LINES))
        for cause, lines in content["lost_by_cause_yuan"].items()
    }


def added(days: Sequence[Mapping[str, DayMoney]]) -> dict[str, DayMoney]:
    """The losses of several days by cause, in the order of CAUSES."""
    return {
        cause: sum((day[cause] for day in days if cause in day), DayMoney())
        for cause in CAUSES
        if any(cause in day for day in days)
    }


def unbalanced_yuan(settled: Settlement) -> float:
    """By how much the causes differ from the loss, in the worst of the lines."""
    parts = sum(settled.losses.values(), DayMoney())
    return float(max(abs(getattr(parts, line) - getattr(settled.lost, line)) for line in LINES))
