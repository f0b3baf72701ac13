"""What a year of day-ahead plans keeps of the saving that perfect foresight would bring.

Three dispatches of one park: planned day by day, in one model with everything known, and without storage.
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
from parkdispatch.results.io.files import write_csv
from parkdispatch.results.solution import of_kind
from parkdispatch.results.summary import cost_by_month_yuan, peaks_mw

ROUNDING = 1e-8  # of the cost: a saving below it is none, and no share of it is told


@dataclass(frozen=True)
class PlannedDay:
    """What a day's plan leaves to the next, and how far it may be from the day's optimum."""

    day: date
    gap: float  # relative, of the day alone
    peak_mw: Mapping[str, float]  # the month's highest demand until the end of the day, by connection
    energy_mwh: Mapping[str, float]  # stored at the end of the day, by battery


@dataclass(frozen=True)
class Threefold:
    """Cost and highest 15-minute import of a month or the year; none where the park needs its storage."""

    cost_yuan: float  # with daily plans
    foresight_yuan: float
    without_yuan: float | None
    peak_mw: float
    foresight_peak_mw: float
    without_peak_mw: float | None

    @property
    def saved_yuan(self) -> float | None:
        """What daily plans save against no storage."""
        return None if self.without_yuan is None else self.without_yuan - self.cost_yuan

    @property
    def foresight_saved_yuan(self) -> float | None:
        """What perfect foresight saves against no storage."""
        return None if self.without_yuan is None else self.without_yuan - self.foresight_yuan

    @property
    def kept(self) -> float | None:
        """Share of the saving with perfect foresight that daily plans keep; none where there is no saving."""
        saved, possible = self.saved_yuan, self.foresight_saved_yuan
        if saved is None or possible is None or possible <= ROUNDING * max(1.0, abs(self.foresight_yuan)):
            return None
        return saved / possible


@dataclass(frozen=True)
class Replayed:
    """A year of day-ahead plans beside perfect foresight and beside no storage."""

    months: Mapping[str, Threefold]  # "2026-03"
    total: Threefold
    days: Sequence[PlannedDay]
    foresight_gap: float  # of the year with perfect foresight; its bound is the bound of the replay

    @property
    def largest_gap(self) -> float:
        """The largest gap of a day's plan."""
        return max(day.gap for day in self.days)


def compare_replay(
    solution: xr.Dataset,
    foresight: xr.Dataset,
    without: xr.Dataset | None,
    case: Case,
    days: Sequence[PlannedDay],
) -> Replayed:
    """Cost and peak of the three by month.

    Raises SolverError where a month's named costs differ from the month's bill.
    """
    costs, peaks = [], []
    for one in (solution, foresight, without):
        if one is not None:
            _reconcile(one, case)
        costs.append(None if one is None else cost_by_month_yuan(one))
        peaks.append(None if one is None else peaks_mw(one, case))

    def three(month: str) -> Threefold:
        yuan = [None if cost is None else cost[month] for cost in costs]
        peak = [None if found is None else found[month] for found in peaks]
        return Threefold(*yuan, *peak)  # type: ignore[arg-type]  # only the third may be none

    months = {month: three(month) for month in costs[0] or {}}
    objectives = [
        None if one is None else float(one.attrs["objective_yuan"]) for one in (solution, foresight, without)
    ]
    highest = [None if found is None else max(found.values()) for found in peaks]
    return Replayed(
        months=months,
        total=Threefold(*objectives, *highest),  # type: ignore[arg-type]
        days=days,
        foresight_gap=float(foresight.attrs["gap"]),
    )


def _reconcile(solution: xr.Dataset, case: Case) -> None:
    """Hold every month's named costs of a connection against the part of its bill they should be."""
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
    """The comparison as `summary.json` tells it; money in yuan, power in MW, shares as fractions."""

    def told(one: Threefold) -> dict[str, float | None]:
        return {
            "cost_yuan": one.cost_yuan,
            "cost_with_foresight_yuan": one.foresight_yuan,
            "cost_without_storage_yuan": one.without_yuan,
            "saving_yuan": one.saved_yuan,
            "saving_with_foresight_yuan": one.foresight_saved_yuan,
            "share_kept": one.kept,
            "peak_mw": one.peak_mw,
            "peak_with_foresight_mw": one.foresight_peak_mw,
            "peak_without_storage_mw": one.without_peak_mw,
        }

    return {
        "days": len(replayed.days),
        "largest_gap_of_a_day": replayed.largest_gap,
        "gap_of_foresight": replayed.foresight_gap,
        **told(replayed.total),
        "by_month": {month: told(one) for month, one in replayed.months.items()},
    }


def write_replay_csv(path: Path, solution: xr.Dataset, days: Sequence[PlannedDay]) -> None:
    """One row a day: its costs but the demand charge, and the month's peak and what is stored after it."""
    at = solution["time"].to_numpy().astype("datetime64[D]")
    spent = np.zeros(len(at))
    for name in of_kind(solution, "cost"):
        if solution[name].dims == ("time",):
            spent = spent + solution[name].to_numpy()
    table = pd.DataFrame(
        {
            "energy_cost_yuan [yuan]": pd.Series(spent).groupby(at).sum().to_numpy(),
            **{f"{name}.peak_mw [MW]": [day.peak_mw[name] for day in days] for name in days[0].peak_mw},
            **{
                f"{name}.energy_mwh [MWh]": [day.energy_mwh[name] for day in days]
                for name in days[0].energy_mwh
            },
            "gap [1]": [f"{day.gap:.1e}" for day in days],
        },
        index=pd.Index([f"{day.day}" for day in days], name="date"),
    )
    write_csv(path, table)
