"""A year of day-ahead plans compared with perfect foresight and with the base case without storage.

The main figure is the share of the saving under perfect foresight that day-ahead planning keeps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import SolverError
from parkdispatch.results.audit import MONEY_TOLERANCE, bills
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.io.files import write_csv
from parkdispatch.results.savings.daily_saving import DaySaving
from parkdispatch.results.solution import of_kind
from parkdispatch.results.summary import cost_by_month_yuan, peaks_mw

ROUNDING = 1e-8  # relative to the cost; a smaller saving is rounding, and no share of it is reported


@dataclass(frozen=True)
class PlannedDay:
    """The state that a day's plan hands to the next day, and the day's optimality gap."""

    day: date
    gap: float  # relative, of the day's own problem
    peak_mw: Mapping[str, float]  # highest demand of the month up to the end of the day, by connection
    energy_mwh: Mapping[str, float]  # stored at the end of the day, by battery


@dataclass(frozen=True)
class Threefold:
    """Cost and highest 15-minute import of a month or the year under the three dispatches.

    The figures without storage are None where the park is infeasible without it.
    """

    cost_yuan: float  # with day-ahead plans
    foresight_yuan: float
    without_yuan: float | None
    peak_mw: float
    foresight_peak_mw: float
    without_peak_mw: float | None

    @property
    def saved_yuan(self) -> float | None:
        """Saving of day-ahead plans against the base case [yuan]."""
        return None if self.without_yuan is None else self.without_yuan - self.cost_yuan

    @property
    def foresight_saved_yuan(self) -> float | None:
        """Saving under perfect foresight against the base case [yuan]."""
        return None if self.without_yuan is None else self.without_yuan - self.foresight_yuan

    @property
    def kept(self) -> float | None:
        """Share of the saving under perfect foresight that day-ahead plans keep [-]; None without saving."""
        saved, possible = self.saved_yuan, self.foresight_saved_yuan
        if saved is None or possible is None or possible <= ROUNDING * max(1.0, abs(self.foresight_yuan)):
            return None
        return saved / possible


@dataclass(frozen=True)
class Replayed:
    """A year of day-ahead plans compared with perfect foresight and with the base case."""

    months: Mapping[str, Threefold]  # "2026-03"
    total: Threefold
    days: Sequence[PlannedDay]
    foresight_gap: float  # of the year under perfect foresight, whose bound also bounds the replay
    failed: tuple[FailedTask, ...] = ()  # the day that has no plan, before which all of this ends
    asked_days: int = 0  # of which `days` are planned

    @property
    def asked(self) -> Mapping[str, int]:
        """How many days were to be planned, as part of a study."""
        return {"days": self.asked_days}

    @property
    def largest_gap(self) -> float:
        """The largest optimality gap of a day's plan."""
        return max(day.gap for day in self.days)


def compare_replay(
    solution: xr.Dataset,
    foresight: xr.Dataset,
    without: xr.Dataset | None,
    case: Case,
    days: Sequence[PlannedDay],
) -> Replayed:
    """Compare cost and peak of the three dispatches by month and over the year.

    Raises SolverError where the named costs of a month differ from its bill.
    """
    dispatches = (solution, foresight, without)
    costs, peaks = [], []
    for dispatch in dispatches:
        if dispatch is not None:
            _reconcile(dispatch, case)
        costs.append(None if dispatch is None else cost_by_month_yuan(dispatch))
        peaks.append(None if dispatch is None else peaks_mw(dispatch, case))

    def of_month(month: str) -> Threefold:
        month_yuan = [None if by_month is None else by_month[month] for by_month in costs]
        month_mw = [None if by_month is None else by_month[month] for by_month in peaks]
        return Threefold(*month_yuan, *month_mw)  # type: ignore[arg-type]  # only the third may be None

    months = {month: of_month(month) for month in costs[0] or {}}
    objectives = [
        None if dispatch is None else float(dispatch.attrs["objective_yuan"]) for dispatch in dispatches
    ]
    highest = [None if by_month is None else max(by_month.values()) for by_month in peaks]
    return Replayed(
        months=months,
        total=Threefold(*objectives, *highest),  # type: ignore[arg-type]
        days=days,
        foresight_gap=float(foresight.attrs["gap"]),
    )


def _reconcile(solution: xr.Dataset, case: Case) -> None:
    """Check each connection's named costs of every month against the part of its bill that they price."""
    for name, bill in bills(solution, case).items():
        named, billed = cost_by_month_yuan(solution, name), bill.seen_by_month_yuan
        turnover = max(1.0, sum(abs(yuan) for yuan in named.values()))
        for month, yuan in named.items():
            if not abs(yuan - billed[month]) <= MONEY_TOLERANCE * turnover:
                raise SolverError(
                    f"the audit of the answer fails: {name} costs {yuan:.6f} yuan in {month},"
                    f" billed {billed[month]:.6f}"
                )


def replay_json(replayed: Replayed) -> dict[str, Any]:
    """The comparison for `summary.json`; money in yuan, power in MW, shares as fractions."""
    return {
        "days": len(replayed.days),
        "days_asked": replayed.asked_days or len(replayed.days),
        "failed": [vars(task) for task in replayed.failed],
        "largest_gap_of_a_day": replayed.largest_gap,
        "gap_of_foresight": replayed.foresight_gap,
        **_threefold_json(replayed.total),
        "by_month": {month: _threefold_json(figures) for month, figures in replayed.months.items()},
    }


def _threefold_json(figures: Threefold) -> dict[str, float | None]:
    return {
        "cost_yuan": figures.cost_yuan,
        "cost_with_foresight_yuan": figures.foresight_yuan,
        "cost_without_storage_yuan": figures.without_yuan,
        "saving_yuan": figures.saved_yuan,
        "saving_with_foresight_yuan": figures.foresight_saved_yuan,
        "share_kept": figures.kept,
        "peak_mw": figures.peak_mw,
        "peak_with_foresight_mw": figures.foresight_peak_mw,
        "peak_without_storage_mw": figures.without_peak_mw,
    }


def write_replay_csv(
    path: Path, solution: xr.Dataset, days: Sequence[PlannedDay], savings: Sequence[DaySaving]
) -> None:
    """Write one row per day: cost without the demand charge, saving, month's peak so far, energy stored, gap.

    The saving is in lines that may be added over days; it is left out where `savings` is empty.
    """
    dates = solution["time"].to_numpy().astype("datetime64[D]")
    energy_cost_yuan = np.zeros(len(dates))
    for name in of_kind(solution, "cost"):
        if solution[name].dims == ("time",):
            energy_cost_yuan = energy_cost_yuan + solution[name].to_numpy()
    connections, batteries = list(days[0].peak_mw), list(days[0].energy_mwh)
    table = pd.DataFrame(
        {
            "energy_cost_yuan [yuan]": pd.Series(energy_cost_yuan).groupby(dates).sum().to_numpy(),
            **{
                f"saving.{line} [yuan]": [getattr(saving, line) for saving in savings]
                for line in ("energy_yuan", "stored_yuan", "demand_yuan")
                if savings
            },
            **{f"{name}.peak_mw [MW]": [day.peak_mw[name] for day in days] for name in connections},
            **{f"{name}.energy_mwh [MWh]": [day.energy_mwh[name] for day in days] for name in batteries},
            "gap [1]": [f"{day.gap:.1e}" for day in days],
        },
        index=pd.Index([f"{day.day}" for day in days], name="date"),
    )
    write_csv(path, table)
