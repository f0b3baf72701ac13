"""The bill of a month as far as it is metered, and at its end as expected."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import sqlalchemy as sa

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.revalidation import with_fields
from parkdispatch.inputs.prepare import month_times, prepare
from parkdispatch.inputs.variations.overrides import with_overrides
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.operations.ledger.measurements import measured_values
from parkdispatch.operations.ledger.quantities import Measured
from parkdispatch.operations.ledger.sites import KnownSite
from parkdispatch.results.billing.bill import Bill, bill
from parkdispatch.results.billing.bill_lines import Connection
from parkdispatch.results.settlement.day_settlement import MonthBill
from parkdispatch.studies.solve_case import solve_prepared
from parkdispatch.studies.solve_options import SolveContext

if TYPE_CHECKING:
    from parkdispatch.optimizer.solve import Optimum

EXPECTED_GAP = 1e-4  # relative; of the rest of the month, whose load nobody knows


@dataclass(frozen=True)
class MeteredMonth:
    """Import and export [MW] of the intervals of a month that are metered, and how many are not so far."""

    times: pd.DatetimeIndex
    import_mw: Array
    export_mw: Array
    missing: int


def metered_months(
    connection: sa.Connection, of_site: KnownSite, case: Case, day: date
) -> dict[str, MeteredMonth]:
    """What the meter of each connection says from the first of the month to the end of a day."""
    return {
        grid: _metered_month(connection, of_site, grid, month_times(case, day), day)
        for grid in case.of_role("grid")
    }


def _metered_month(
    connection: sa.Connection, of_site: KnownSite, grid: str, times: pd.DatetimeIndex, day: date
) -> MeteredMonth:
    times = times[times < pd.Timestamp(day) + pd.Timedelta(days=1)]
    held = {
        name: measured_values(connection, of_site.number, Measured(name, grid), times[0], times[-1])["value"]
        for name in ("import", "export")
    }
    bought = held["import"].reindex(times).dropna()
    sold = held["export"].reindex(bought.index).fillna(0.0)
    index = pd.DatetimeIndex(bought.index)
    return MeteredMonth(
        index, bought.to_numpy(np.float64), sold.to_numpy(np.float64), len(times) - len(index)
    )


def month_bill(
    case: Case,
    day: date,
    metered: Mapping[str, MeteredMonth],
    final_soc: Mapping[str, float],
    context: SolveContext,
) -> MonthBill | None:
    """The month's bill so far, and with the cheapest rest of the month by the case's own load and sources.

    Of several connections the bills are added up, intervals and peaks too. None where one is not metered, or
    has other prices than the tariff's. Nothing is expected where intervals are missing, or the rest has no
    dispatch.
    """
    bills = bills_so_far(case, metered)
    if bills is None:
        return None
    charges = pd.concat([billed.by_charge_yuan.sum() for billed in bills.values()])
    missing = sum(month.missing for month in metered.values())
    result = MonthBill(
        f"{day:%Y-%m}",
        sum(billed.total_yuan for billed in bills.values()),
        sum(len(month.times) for month in metered.values()),
        missing,
        {str(charge): float(yuan) for charge, yuan in charges.groupby(level=0, sort=False).sum().items()},
    )
    rest = month_times(case, day)
    rest = rest[rest >= pd.Timestamp(day) + pd.Timedelta(days=1)]
    if missing or not len(rest):
        return result if missing else _expected(result, bills)
    context.progress("the rest of the month")
    peaks_mw = {grid: billed.months[0].peak_kw / 1e3 for grid, billed in bills.items()}
    try:
        exchanges = _rest_of_month(case, rest, peaks_mw, final_soc, context)
    except (InputError, InfeasibleError, SolverError):
        return result
    whole = {
        grid: _bill(
            case,
            grid,
            pd.DatetimeIndex(month.times.append(rest)),
            np.concatenate([month.import_mw, exchanges[grid][0]]),
            np.concatenate([month.export_mw, exchanges[grid][1]]),
        )
        for grid, month in metered.items()
    }
    return _expected(result, whole)


def bills_so_far(case: Case, metered: Mapping[str, MeteredMonth]) -> dict[str, Bill] | None:
    """The bill of each connection of what is metered of a month.

    None where nothing is metered of one, or its prices are not the tariff's.
    """
    bills = {}
    for grid, month in metered.items():
        own_prices = any(name == grid for name, _ in case.series)
        if own_prices or not len(month.times) or not isinstance(case.devices[grid], Connection):
            return None
        bills[grid] = _bill(case, grid, month.times, month.import_mw, month.export_mw)
    return bills or None


def _expected(result: MonthBill, whole: Mapping[str, Bill]) -> MonthBill:
    return replace(
        result,
        expected_yuan=sum(billed.total_yuan for billed in whole.values()),
        expected_peak_mw=sum(billed.months[0].peak_kw for billed in whole.values()) / 1e3,
    )


def _bill(case: Case, grid: str, times: pd.DatetimeIndex, import_mw: Array, export_mw: Array) -> Bill:
    device = case.devices[grid]
    if "peak_so_far_mw" in type(device).model_fields:  # the meter says it
        device = with_fields(device, f"device.{grid}", {"peak_so_far_mw": 0.0})
    assert isinstance(device, Connection)
    return bill(times, import_mw, export_mw, case.calendar.hours, case.tariff, device)


def _rest_of_month(
    case: Case,
    times: pd.DatetimeIndex,
    peaks_mw: Mapping[str, float],
    final_soc: Mapping[str, float],
    context: SolveContext,
) -> dict[str, tuple[Array, Array]]:
    """Import and export [MW] of each connection in the cheapest dispatch of the rest of a month."""
    known = with_overrides(case, dict(final_soc) or None)
    devices = dict(known.devices)
    for grid, peak_mw in peaks_mw.items():
        if devices[grid].pays_for_demand:
            devices[grid] = with_fields(devices[grid], f"device.{grid}", {"peak_so_far_mw": peak_mw})
    options = replace(context.options, gap=EXPECTED_GAP, smooth=False)
    prepared = prepare(replace(known, devices=devices), times)
    optimum: Optimum = solve_prepared(prepared, replace(context, options=options))
    keys = [column.key for column in optimum.tiled.template.columns]

    def power_mw(grid: str, name: str) -> Array:
        return np.asarray(optimum.x[optimum.tiled.column_of(keys.index((grid, name)))])

    return {grid: (power_mw(grid, "import_mw"), power_mw(grid, "export_mw")) for grid in peaks_mw}
