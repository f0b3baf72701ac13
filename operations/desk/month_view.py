"""The month so far: energy by day, the bill as metered and as expected at the end, the peak."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import sqlalchemy as sa

from parkdispatch.models.errors import InputError
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.desk.settlement_list import SettledDay, settled_days_of
from parkdispatch.operations.ledger.measurements import measured_values
from parkdispatch.operations.ledger.quantities import Measured, devices_with
from parkdispatch.operations.ledger.sites import KnownSite, site_of
from parkdispatch.operations.settlement.month_bill import bills_so_far, metered_months
from parkdispatch.results.billing.bill import Bill

ENERGY_KINDS = ("load", "pv", "wind", "import", "export")


@dataclass(frozen=True)
class PeakOfMonth:
    """The highest demand of a connection so far [MW], and when."""

    device: str
    peak_mw: float
    at: pd.Timestamp


@dataclass(frozen=True)
class MonthView:
    """A month up to now. `energy_mwh` is by kind, a value a day, NaN where nothing of the day is metered."""

    month: str
    days: tuple[date, ...]
    energy_mwh: Mapping[str, tuple[float, ...]]
    metered: int  # intervals of the bill
    missing: int
    bill: Bill | None
    no_bill: str  # why there is none, as an error says it; empty where there is one
    expected: SettledDay | None  # the last settlement of the month that expects a bill at the end
    peaks: tuple[PeakOfMonth, ...]


def month_view(desk: DeskSite) -> MonthView:
    """The month that it is at the site. Raises InputError where the ledger does not know the site."""
    case, month = desk.case, f"{desk.today:%Y-%m}"
    first = pd.Timestamp(desk.today.replace(day=1))
    days = tuple(pd.date_range(first, pd.Timestamp(desk.today), freq="D").date)
    with desk.ledger.reading() as connection:
        of_site = site_of(connection, case)
        energy = {}
        for kind in ENERGY_KINDS:
            by_day = _energy_by_day(connection, of_site, desk, kind, first)
            if by_day is not None:
                energy[kind] = tuple(float(by_day.get(day, np.nan)) for day in days)
        peaks = tuple(_peaks(connection, of_site, desk, first))
        settled = [day for day in settled_days_of(connection, of_site.number) if day.month == month]
        billed, metered, missing, reason = _billed(connection, of_site, desk)
    expected = next((day for day in reversed(settled) if day.expected_yuan is not None), None)
    return MonthView(month, days, energy, metered, missing, billed, reason, expected, peaks)


def _energy_by_day(
    connection: sa.Connection, of_site: KnownSite, desk: DeskSite, kind: str, first: pd.Timestamp
) -> pd.Series | None:
    """Energy of a kind's devices by day [MWh]; None where nothing is metered."""
    total: pd.Series | None = None
    hours = desk.step / pd.Timedelta(hours=1)
    for device in devices_with(desk.case, kind):
        held = measured_values(connection, of_site.number, Measured(kind, device), first, desk.now)["value"]
        if len(held):
            by_day = held.groupby(pd.DatetimeIndex(held.index).date).sum() * hours
            total = by_day if total is None else total.add(by_day, fill_value=0.0)
    return total


def _peaks(
    connection: sa.Connection, of_site: KnownSite, desk: DeskSite, first: pd.Timestamp
) -> list[PeakOfMonth]:
    peaks = []
    for device in devices_with(desk.case, "import"):
        of = Measured("import", device)
        held = measured_values(connection, of_site.number, of, first, desk.now)["value"]
        if len(held):
            times = pd.DatetimeIndex(held.index)
            demand_mw = metered_demand_mw(times, of_site.minutes / 60, held.to_numpy(dtype=np.float64))
            highest = int(np.argmax(held.to_numpy()))
            peaks.append(PeakOfMonth(device, float(demand_mw.max()), times[highest]))
    return peaks


def _billed(
    connection: sa.Connection, of_site: KnownSite, desk: DeskSite
) -> tuple[Bill | None, int, int, str]:
    """The bill so far, the intervals in it and those missing up to now, and why there is none."""
    case = desk.case
    grids = case.of_role("grid")
    if len(grids) != 1:
        return None, 0, 0, f"case {case.name} has {len(grids)} connections"
    try:
        months = metered_months(connection, of_site, case, desk.today)
        bills = bills_so_far(case, months) or {}
    except InputError as error:
        return None, 0, 0, error.problems[0]
    begin = pd.Timestamp(desk.today.replace(day=1))
    count = len(months[grids[0]].times)
    missing = max(round((desk.interval - begin) / desk.step) - count, 0)
    return bills.get(grids[0]), count, missing, ""
