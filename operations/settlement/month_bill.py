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


def metered_month(connection: sa.Connection, of_site: KnownSite, case: Case, day: date) -> MeteredMonth:
    """What the meter of the connection says from the first of the month to the end of a day."""
    times = month_times(case, day)
    times = times[times < pd.Timestamp(day) + pd.Timedelta(days=1)]
    grid = case.of_role("grid")[0]
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
    case: Case, day: date, metered: MeteredMonth, final_soc: Mapping[str, float], context: SolveContext
) -> MonthBill | None:
    """The month's bill so far, and with the cheapest rest of the month by the case's own load and sources.

    None where nothing is metered or prices are not the tariff's. Nothing is expected where intervals are
    missing, or the rest has no dispatch.
    """
    grid = case.of_role("grid")[0]
    billed = bill_so_far(case, metered)
    if billed is None:
        return None
    result = MonthBill(
        f"{day:%Y-%m}",
        billed.total_yuan,
        len(metered.times),
        metered.missing,
        {str(charge): float(yuan) for charge, yuan in billed.by_charge_yuan.sum().items()},
    )
    rest = month_times(case, day)
    rest = rest[rest >= pd.Timestamp(day) + pd.Timedelta(days=1)]
    if metered.missing or not len(rest):
        return result if metered.missing else _expected(result, billed)
    context.progress("the rest of the month")
    try:
        imports, exports = _rest_of_month(
            case, grid, rest, billed.months[0].peak_kw / 1e3, final_soc, context
        )
    except (InputError, InfeasibleError, SolverError):
        return result
    whole = _bill(
        case,
        grid,
        pd.DatetimeIndex(metered.times.append(rest)),
        np.concatenate([metered.import_mw, imports]),
        np.concatenate([metered.export_mw, exports]),
    )
    return _expected(result, whole)


def bill_so_far(case: Case, metered: MeteredMonth) -> Bill | None:
    """The bill of what is metered of a month; None where nothing is, or prices are not the tariff's."""
    grid = case.of_role("grid")[0]
    own_prices = any(name == grid for name, _ in case.series)
    if own_prices or not len(metered.times) or not isinstance(case.devices[grid], Connection):
        return None
    return _bill(case, grid, metered.times, metered.import_mw, metered.export_mw)


def _expected(result: MonthBill, whole: Bill) -> MonthBill:
    return replace(result, expected_yuan=whole.total_yuan, expected_peak_mw=whole.months[0].peak_kw / 1e3)


def _bill(case: Case, grid: str, times: pd.DatetimeIndex, import_mw: Array, export_mw: Array) -> Bill:
    device = case.devices[grid]
    if "peak_so_far_mw" in type(device).model_fields:  # the meter says it
        device = with_fields(device, f"device.{grid}", {"peak_so_far_mw": 0.0})
    assert isinstance(device, Connection)
    return bill(times, import_mw, export_mw, case.calendar.hours, case.tariff, device)


def _rest_of_month(
    case: Case,
    grid: str,
    times: pd.DatetimeIndex,
    peak_mw: float,
    final_soc: Mapping[str, float],
    context: SolveContext,
) -> tuple[Array, Array]:
    """Import and export [MW] of the cheapest dispatch of the rest of a month."""
    known = with_overrides(case, dict(final_soc) or None)
    if known.devices[grid].pays_for_demand:
        device = with_fields(known.devices[grid], f"device.{grid}", {"peak_so_far_mw": peak_mw})
        known = replace(known, devices={**known.devices, grid: device})
    options = replace(context.options, gap=EXPECTED_GAP, smooth=False)
    optimum: Optimum = solve_prepared(prepare(known, times), replace(context, options=options))
    keys = [column.key for column in optimum.tiled.template.columns]
    imports, exports = (
        optimum.x[optimum.tiled.column_of(keys.index((grid, name)))] for name in ("import_mw", "export_mw")
    )
    return np.asarray(imports), np.asarray(exports)
