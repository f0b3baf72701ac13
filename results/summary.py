"""Key figures of a dispatch: energy, cost with and without the storage, peaks, cycles, bills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.calendar.labels import labels
from parkdispatch.models.device import Array
from parkdispatch.models.markets.services import HELD_POWERS
from parkdispatch.results.audit import Audit, bills
from parkdispatch.results.billing.bill import Bill
from parkdispatch.results.billing.bill_lines import Connection
from parkdispatch.results.billing.demand_election import Elections, elections
from parkdispatch.results.billing.meter_calendar import QUARTER_HOURS
from parkdispatch.results.chosen_sizes import ChosenSize, chosen_sizes
from parkdispatch.results.grid_exchange import export_by_origin_mw
from parkdispatch.results.park_indicators import ParkIndicators
from parkdispatch.results.savings.daily_saving import (
    DayCost,
    DaySaving,
    PeakSoFar,
    cost_by_day,
    saving_by_day,
)
from parkdispatch.results.solution import (
    IDLE,
    QuantityName,
    cost_yuan,
    device_of,
    device_quantities,
    key_of,
    of_kind,
    shown_power_mw,
    times_of,
)


@dataclass(frozen=True)
class StorageComparison:
    """The base case without storage, and the saving of the storage; money in yuan, positive is paid."""

    cost_yuan: float
    saving_yuan: float
    saving_by_cost_yuan: Mapping[QuantityName, float]  # by named cost
    peak_mw: Mapping[str, float]  # highest 15-minute average import by month
    # saving in the charges that the optimizer does not price, by connection and charge
    unseen_saving_yuan: Mapping[QuantityName, float] = field(default_factory=dict)
    bills: Mapping[str, Bill] = field(default_factory=dict)  # of the base case, by connection

    @property
    def billed_saving_yuan(self) -> float:
        """The saving with the charges that the optimizer does not price [yuan]."""
        return self.saving_yuan + sum(self.unseen_saving_yuan.values())


@dataclass(frozen=True)
class Summary:
    """Key figures of a dispatch, and its comparison with the base case; money in yuan, positive is paid."""

    cost_yuan: float
    without_storage: StorageComparison | None  # None: the park is infeasible without its storage
    energy_mwh: Mapping[QuantityName, float]  # by quantity, such as "pv.output_mwh"
    indicators: Mapping[QuantityName, float]  # by device and indicator, such as "battery_1.full_cycles"
    peak_mw: Mapping[str, float]  # highest 15-minute average import by month
    bills: Mapping[str, Bill]  # by connection
    elections: Mapping[str, Elections]  # of the connections that may elect their basic charge
    audit: Audit
    park: ParkIndicators  # own use, green power, curtailment and CO2 of the horizon
    # saving of each day, in lines that may be added over days; empty without a comparison
    days: Sequence[DaySaving] = ()
    day_costs: Sequence[DayCost] = ()  # of each day, in the same lines
    sizes: Sequence[ChosenSize] = ()  # that were left to the optimizer

    @property
    def unseen_yuan(self) -> dict[QuantityName, float]:
        """Billed charges that the optimizer does not price, such as "grid.full_use_discount" [yuan]."""
        return unseen_yuan(self.bills)


def full_cycles(summary: Summary) -> dict[str, float]:
    """Equivalent full cycles over the horizon [-], by battery."""
    return {name.device: value for name, value in summary.indicators.items() if name.key == "full_cycles"}


def summarize(
    solution: xr.Dataset,
    without: xr.Dataset | None,
    case: Case,
    audit: Audit,
    before: Mapping[str, PeakSoFar] | None = None,
) -> Summary:
    """Summarize a solution. `without` is that of the base case, None where the base case is infeasible.

    `before` are the peaks of the month up to the beginning of the horizon, as `saving_by_day` takes them.
    """
    connection_bills = bills(solution, case)
    unseen = unseen_yuan(connection_bills)
    return Summary(
        cost_yuan=float(solution.attrs["objective_yuan"]),
        without_storage=None if without is None else compare(solution, without, case, unseen),
        energy_mwh={**energy_mwh(solution), **exported_mwh(solution, case)},
        indicators={
            QuantityName(f"{name}.{key}", name, key, "indicator"): value
            for name, device in case.devices.items()
            for key, value in device.indicators(device_quantities(solution, name)).items()
        },
        peak_mw=peaks_mw(solution, case),
        bills=connection_bills,
        elections=all_elections(connection_bills, case),
        audit=audit,
        park=ParkIndicators.of(solution, case),
        sizes=chosen_sizes(solution, case),
        days=saving_by_day(solution, without, case, before) if without is not None and case.storage else (),
        day_costs=cost_by_day(
            solution, case, {name: peak.with_storage_mw for name, peak in (before or {}).items()}
        ),
    )


def compare(
    solution: xr.Dataset, without: xr.Dataset, case: Case, unseen: Mapping[QuantityName, float]
) -> StorageComparison:
    """The saving of the storage: in total, by named cost, and in charges that the optimizer does not price.

    `unseen` are those charges with the storage, by connection and charge.
    """
    costs, base_costs = cost_yuan(solution), cost_yuan(without)
    base_bills = bills(without, case.without_storage())
    base_unseen = unseen_yuan(base_bills)
    base_yuan = float(without.attrs["objective_yuan"])
    return StorageComparison(
        cost_yuan=base_yuan,
        saving_yuan=base_yuan - float(solution.attrs["objective_yuan"]),
        saving_by_cost_yuan=_less(base_costs, costs),
        peak_mw=peaks_mw(without, case),
        unseen_saving_yuan=_less(base_unseen, unseen),
        bills=base_bills,
    )


def _less(
    base: Mapping[QuantityName, float], other: Mapping[QuantityName, float]
) -> dict[QuantityName, float]:
    """`base` less `other` by name; a missing name counts as zero."""
    return {name: base.get(name, 0.0) - other.get(name, 0.0) for name in dict.fromkeys([*base, *other])}


def all_elections(connection_bills: Mapping[str, Bill], case: Case) -> dict[str, Elections]:
    """The comparison of elections of the basic charge, for each billed connection that may elect."""
    tables = {}
    for name, bill in connection_bills.items():
        grid = case.devices[name]
        if isinstance(grid, Connection) and (table := elections(bill.months, case.tariff, grid)) is not None:
            tables[name] = table
    return tables


def unseen_yuan(connection_bills: Mapping[str, Bill]) -> dict[QuantityName, float]:
    """Billed charges that the optimizer does not price, by connection and charge [yuan]."""
    return {
        QuantityName(f"{name}.{charge}", name, str(charge), "charge"): float(yuan)
        for name, bill in connection_bills.items()
        for charge, yuan in bill.unseen_yuan.sum().items()
    }


def cost_by_month_yuan(solution: xr.Dataset, device: str | None = None) -> dict[str, float]:
    """Sum of the named costs by month ("2026-03"), of one device or of all [yuan].

    Costs of the whole horizon belong to no month and are left out.
    """
    months = solution["time"].to_numpy().astype("datetime64[M]").astype(str)
    by_month = dict.fromkeys(map(str, np.unique(months)), 0.0)
    for name in of_kind(solution, "cost", device):
        cost, dim = solution[name].to_numpy(), str(solution[name].dims[0])
        if dim == "horizon":
            continue
        labels = months if dim == "time" else np.array([str(label)[:7] for label in solution[dim].to_numpy()])
        for month, yuan in pd.Series(cost).groupby(labels).sum().items():
            by_month[str(month)] += float(yuan)
    return by_month


def energy_mwh(solution: xr.Dataset) -> dict[QuantityName, float]:
    """Energy of each power variable over the horizon; of the injection for devices without one [MWh]."""
    hours = float(solution.attrs["hours"])
    names = [
        name
        for kind in ("variable", "derived")
        for name in of_kind(solution, kind)
        if solution[name].attrs["units"] == "MW" and not key_of(solution, name).startswith(IDLE)
        if key_of(solution, name) not in HELD_POWERS
    ]
    decided = {device_of(solution, name) for name in names}
    names += [name for name in of_kind(solution, "injection") if device_of(solution, name) not in decided]
    energies = {}
    for name in names:
        key, kind = key_of(solution, name).removesuffix("_mw"), solution[name].attrs["kind"]
        text = name.removesuffix("_mw") + "_mwh"
        quantity = QuantityName(text, device_of(solution, name), key, kind)
        energies[quantity] = float(solution[name].sum(skipna=False)) * hours
    return energies


def exported_mwh(solution: xr.Dataset, case: Case) -> dict[QuantityName, float]:
    """Energy exported over the horizon by the device it comes from [MWh], such as "pv.exported_mwh"."""
    hours = float(solution.attrs["hours"])
    origin_mw = export_by_origin_mw(solution, case)
    return {
        QuantityName(f"{name}.exported_mwh", name, "exported", "energy"): float(power_mw.sum()) * hours
        for name, power_mw in origin_mw.items()
    }


def peaks_mw(solution: xr.Dataset, case: Case) -> dict[str, float]:
    """Highest 15-minute average of the total import of all grid connections, by month [MW]."""
    times, hours = times_of(solution), float(solution.attrs["hours"])
    total_mw: Array = np.zeros(len(times))
    for name in case.of_role("grid"):
        total_mw = total_mw + shown_power_mw(solution, case, name, "import")
    import_mw = xr.DataArray(total_mw, coords={"time": times}, dims="time").to_series()
    # intervals shorter than a quarter-hour are averaged; in longer ones power counts as constant
    if hours < QUARTER_HOURS:
        import_mw = import_mw.groupby(times.floor("15min")).sum() * hours / QUARTER_HOURS
    by_month = import_mw.groupby(labels(pd.DatetimeIndex(import_mw.index), "%Y-%m")).max()
    return {str(month): float(peak_mw) for month, peak_mw in by_month.items()}
