"""What the ledger knows when a plan begins: state of charge, the month's peak so far, outages."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
import sqlalchemy as sa

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.revalidation import with_fields
from parkdispatch.inputs.value_sources import given_by
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.operations.known_outages import RecordedOutage, with_outages
from parkdispatch.operations.ledger.ledger_store import Ledger
from parkdispatch.operations.ledger.measurements import measured_values
from parkdispatch.operations.ledger.outages import outages_in_force
from parkdispatch.operations.ledger.plan_versions import sent_values
from parkdispatch.operations.ledger.quantities import Measured
from parkdispatch.operations.ledger.sites import KnownSite, site_of


@dataclass(frozen=True)
class DayState:
    """What is known at a time. A battery or connection of which nothing is known is not named."""

    begin: pd.Timestamp
    soc: Mapping[str, float]  # by battery
    is_measured: Mapping[str, bool]  # by battery: measured, or where the plan that was sent ends
    peak_so_far_mw: Mapping[str, float]  # by connection that pays for demand
    missing_intervals: Mapping[str, int]  # of the month so far without a metered import, by connection
    outages: tuple[RecordedOutage, ...]  # that end after it

    def case(self, case: Case) -> Case:
        """The case with the outages. Raises InputError where it does not have their devices."""
        return with_outages(case, self.outages)

    def with_peaks(self, case: Case) -> Case:
        """The case with the peaks so far of its connections."""
        devices = dict(case.devices)
        for name, peak_mw in self.peak_so_far_mw.items():
            devices[name] = with_fields(devices[name], f"device.{name}", {"peak_so_far_mw": peak_mw})
        paths = [("device", name, "peak_so_far_mw") for name in self.peak_so_far_mw]
        return given_by(replace(case, devices=devices), "argument", "ledger", paths)


def day_state(ledger: Ledger, case: Case, begin: date | pd.Timestamp) -> DayState:
    """What the ledger knows of a case at the beginning of a day, or at a time, which is the site's."""
    with ledger.reading() as connection:
        return state_in(connection, site_of(connection, case), case, begin)


def state_in(
    connection: sa.Connection, of_site: KnownSite, case: Case, begin: date | pd.Timestamp
) -> DayState:
    """The same within a transaction."""
    begin = pd.Timestamp(begin)
    soc, is_measured = _states_of_charge(connection, of_site, case, begin)
    peaks, missing = {}, {}
    for name, device in case.devices.items():
        if device.pays_for_demand:
            peak_mw, missing[name] = _peak_so_far(connection, of_site, name, begin)
            if peak_mw is not None:
                peaks[name] = peak_mw
    outages = outages_in_force(connection, of_site.number)
    later = tuple(item for item in outages if item.end > begin.to_pydatetime())
    return DayState(begin, soc, is_measured, peaks, missing, later)


def _states_of_charge(
    connection: sa.Connection, of_site: KnownSite, case: Case, begin: pd.Timestamp
) -> tuple[dict[str, float], dict[str, bool]]:
    """State of charge at a time, by battery, and whether it was measured, within the interval before."""
    step = pd.Timedelta(minutes=of_site.minutes)
    soc, is_measured, before = {}, {}, None
    for name, battery in case.batteries.items():
        held = measured_values(connection, of_site.number, Measured("soc", name), begin - step, begin)
        held = held[held.index > begin - step]
        if len(held):
            soc[name], is_measured[name] = float(held["value"].iloc[-1]), True
            continue
        if before is None:
            before = sent_values(connection, of_site.number, (begin - step).date(), of_site.timezone)
        planned = (name, "energy_mwh")
        if planned in before.columns and begin - step in before.index and battery.full_mwh > 0:
            level = float(before[planned].loc[begin - step]) / battery.full_mwh
            soc[name], is_measured[name] = min(max(level, 0.0), 1.0), False
    return soc, is_measured


def _peak_so_far(
    connection: sa.Connection, of_site: KnownSite, name: str, begin: pd.Timestamp
) -> tuple[float | None, int]:
    """The month's highest demand before a time [MW], metered or read; and the intervals without a meter."""
    step = pd.Timedelta(minutes=of_site.minutes)
    first = begin.normalize().replace(day=1)
    metered = measured_values(connection, of_site.number, Measured("import", name), first, begin - step)
    read = measured_values(connection, of_site.number, Measured("peak", name), first, begin)
    # a reading of the first instant is still that of the month before
    peaks = [float(value) for value in read["value"][read.index > first]]
    if len(metered):
        hours = of_site.minutes / 60
        demand_mw = metered_demand_mw(pd.DatetimeIndex(metered.index), hours, metered["value"].to_numpy())
        peaks.append(float(demand_mw.max()))
    missing = round((begin - first) / step) - len(metered)
    return (max(peaks) if peaks else None), missing
