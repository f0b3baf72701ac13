"""What came of a run in figures: energy, money with and without the storage, peaks, cycles."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.models.network.grid import Grid
from parkdispatch.results.audit import Audit, bills
from parkdispatch.results.billing.bill import Bill
from parkdispatch.results.billing.demand_election import Elections, elections
from parkdispatch.results.solution import cost_yuan, of_kind, seen, times_of, values


@dataclass(frozen=True)
class StorageComparison:
    """The same park without its storage, and what the storage saved; money in yuan, plus is paid."""

    cost_yuan: float
    saving_yuan: float
    saving_by_cost_yuan: Mapping[str, float]  # which named cost the saving comes from
    peak_mw: Mapping[str, float]  # highest 15-minute average import by month
    # what the storage saves, or minus costs, in the part of the bill that the optimizer does not see
    unseen_saving_yuan: Mapping[str, float] = field(default_factory=dict)  # by connection and charge
    bills: Mapping[str, Bill] = field(default_factory=dict)  # without the storage, by connection


@dataclass(frozen=True)
class Summary:
    """A dispatch beside the same park without its storage; money in yuan, plus is paid."""

    cost_yuan: float
    without_storage: StorageComparison | None  # none: the park cannot run without it
    energy_mwh: Mapping[str, float]  # by quantity
    indicators: Mapping[str, float]  # "battery_1.full_cycles"
    peak_mw: Mapping[str, float]  # highest 15-minute average import by month
    bills: Mapping[str, Bill]
    elections: Mapping[str, Elections]  # of the connections that may choose how to pay for demand
    audit: Audit

    @property
    def unseen_yuan(self) -> dict[str, float]:
        """What is billed and not seen by the optimizer, "grid.full_use_discount"."""
        return unseen_yuan(self.bills)


def full_cycles(summary: Summary) -> dict[str, float]:
    """Equivalent full cycles of each battery over the horizon [-], by device."""
    return {
        name.removesuffix(".full_cycles"): value
        for name, value in summary.indicators.items()
        if name.endswith(".full_cycles")
    }


def summarize(solution: xr.Dataset, without: xr.Dataset | None, case: Case, audit: Audit) -> Summary:
    """Compare a solution with that of the same case without storage, where there is one."""
    billed = bills(solution, case)
    return Summary(
        cost_yuan=float(solution.attrs["objective_yuan"]),
        without_storage=None if without is None else compare(solution, without, case, unseen_yuan(billed)),
        energy_mwh=energy_mwh(solution),
        indicators={
            f"{name}.{key}": value
            for name, device in case.devices.items()
            for key, value in device.indicators(seen(solution, name)).items()
        },
        peak_mw=peaks_mw(solution, case),
        bills=billed,
        elections=all_elections(billed, case),
        audit=audit,
    )


def compare(
    solution: xr.Dataset, without: xr.Dataset, case: Case, unseen: Mapping[str, float]
) -> StorageComparison:
    """What the storage saved, in all, by named cost, and in what of the bill the optimizer does not see."""
    costs, other = cost_yuan(solution), cost_yuan(without)
    billed = bills(without, case.without_storage())
    unseen_without = unseen_yuan(billed)
    cost = float(without.attrs["objective_yuan"])
    return StorageComparison(
        cost_yuan=cost,
        saving_yuan=cost - float(solution.attrs["objective_yuan"]),
        saving_by_cost_yuan={
            name: other.get(name, 0.0) - costs.get(name, 0.0) for name in dict.fromkeys([*other, *costs])
        },
        peak_mw=peaks_mw(without, case),
        unseen_saving_yuan={
            name: unseen_without.get(name, 0.0) - unseen.get(name, 0.0)
            for name in dict.fromkeys([*unseen_without, *unseen])
        },
        bills=billed,
    )


def all_elections(made: Mapping[str, Bill], case: Case) -> dict[str, Elections]:
    """The ways of paying for demand, for each connection billed that has a choice."""
    found = {}
    for name, one in made.items():
        grid = case.devices[name]
        if isinstance(grid, Grid) and (table := elections(one.months, case.tariff, grid)) is not None:
            found[name] = table
    return found


def unseen_yuan(made: Mapping[str, Bill]) -> dict[str, float]:
    """What bills say beyond what the optimizer prices, by connection and charge."""
    return {
        f"{name}.{charge}": float(yuan)
        for name, one in made.items()
        for charge, yuan in one.unseen_yuan.sum().items()
    }


def cost_by_month_yuan(solution: xr.Dataset, device: str | None = None) -> dict[str, float]:
    """Named costs by month, "2026-03", of one device or of all; costs of the whole horizon are in none."""
    months = solution["time"].to_numpy().astype("datetime64[M]").astype(str)
    found = dict.fromkeys(map(str, np.unique(months)), 0.0)
    for name in of_kind(solution, "cost", device):
        cost, dim = solution[name].to_numpy(), str(solution[name].dims[0])
        if dim == "horizon":
            continue
        labels = months if dim == "time" else np.array([str(x)[:7] for x in solution[dim].to_numpy()])
        for month, yuan in pd.Series(cost).groupby(labels).sum().items():
            found[str(month)] += float(yuan)
    return found


def energy_mwh(solution: xr.Dataset) -> dict[str, float]:
    """Energy over the horizon of every power a device decides, and of what the others put in [MWh]."""
    hours = float(solution.attrs["hours"])
    names = [
        name
        for kind in ("variable", "derived")
        for name in of_kind(solution, kind)
        # what idles lacks of a least power and flows nowhere
        if solution[name].attrs["units"] == "MW" and not name.split(".")[1].startswith("idle_")
    ]
    decided = {name.split(".")[0] for name in names}
    names += [name for name in of_kind(solution, "injection") if name.split(".")[0] not in decided]
    return {name.removesuffix("_mw") + "_mwh": float(solution[name].sum()) * hours for name in names}


def peaks_mw(solution: xr.Dataset, case: Case) -> dict[str, float]:
    """Highest 15-minute average import of each month, of all grid connections together [MW]."""
    times, hours = times_of(solution), float(solution.attrs["hours"])
    total: Array = np.zeros(len(times))
    for name, device in case.devices.items():
        if isinstance(device, Grid):
            total = total + values(solution, f"{name}.import_mw")
    quarter = times.floor("15min")
    # means of an interval as they are, or averaged up to the quarter-hour where intervals are shorter
    frame = xr.DataArray(total, coords={"time": times}, dims="time").to_series()
    average = frame.groupby(quarter).sum() * hours / 0.25 if hours < 0.25 else frame
    by_month = average.groupby(pd.DatetimeIndex(average.index).strftime("%Y-%m")).max()
    return {str(month): float(peak) for month, peak in by_month.items()}
