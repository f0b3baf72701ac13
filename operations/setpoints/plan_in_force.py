"""The set points of the plan in force: of what was sent last, at any time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
import sqlalchemy as sa

from parkdispatch.inputs.case import Case
from parkdispatch.operations.ledger.ledger_store import Ledger
from parkdispatch.operations.ledger.plan_versions import sendings, sent_values
from parkdispatch.operations.ledger.sites import site_of

CHARGE, DISCHARGE, ENERGY = "charge_mw", "discharge_mw", "energy_mwh"


@dataclass(frozen=True)
class DeviceSetPoint:
    """What a battery is to do in an interval [MW], plus is discharge, and what it then holds [MWh]."""

    power_mw: float
    energy_mwh: float | None


@dataclass(frozen=True)
class IntervalSetPoints:
    """The set points of an interval in local time, and the version of the day's plan that was sent last."""

    begin: datetime
    end: datetime
    version: int
    devices: Mapping[str, DeviceSetPoint]


def set_points_of_day(ledger: Ledger, case: Case, day: date) -> list[IntervalSetPoints]:
    """The set points of a day by what was sent, by interval; empty where nothing was."""
    with ledger.reading() as connection:
        of_site = site_of(connection, case)
        values = sent_values(connection, of_site.number, day, of_site.timezone)
        version = _last_version(connection, of_site.number, day)
    step = pd.Timedelta(minutes=case.calendar.minutes)
    names = [name for name in case.batteries if {(name, CHARGE), (name, DISCHARGE)} <= set(values.columns)]
    return [
        IntervalSetPoints(
            pd.Timestamp(begin).to_pydatetime(),
            (pd.Timestamp(begin) + step).to_pydatetime(),
            version,
            {name: _set_point(values.loc[begin], name) for name in names},
        )
        for begin in values.index
        if names
    ]


def set_points_at(ledger: Ledger, case: Case, at: datetime) -> IntervalSetPoints | None:
    """The set points of the interval that a local moment lies in; None where no plan is in force then."""
    intervals = set_points_of_day(ledger, case, at.date())
    return next((item for item in intervals if item.begin <= at < item.end), None)


def _set_point(row: "pd.Series[float]", name: str) -> DeviceSetPoint:
    energy = row.get((name, ENERGY))
    return DeviceSetPoint(
        float(row[name, DISCHARGE] - row[name, CHARGE]), None if energy is None else float(energy)
    )


def _last_version(connection: sa.Connection, of_site: int, day: date) -> int:
    """The version that was sent last for a day; 0 where the plan of the day before goes on."""
    sent = sendings(connection, of_site, day)
    return sent[-1].version if sent else 0
