"""The settled days of a site by their last versions, as the ledger keeps them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.ledger.ledger_tables import sending, settlement
from parkdispatch.operations.ledger.sites import site_of
from parkdispatch.results.settlement.day_settlement import DayMoney, added, losses_of_json


@dataclass(frozen=True)
class SettledDay:
    """The last version of a day's settlement; `at` is in UTC."""

    day: date
    version: int
    by: str
    at: datetime
    losses: Mapping[str, DayMoney]
    content: Mapping[str, Any]  # as `settlement_json` wrote it

    @property
    def lost_yuan(self) -> float:
        """What the day cost more than with perfect foresight."""
        return float(self.content["lost_yuan"]["total"])

    @property
    def month(self) -> str:
        """Year and month."""
        return f"{self.day:%Y-%m}"

    @property
    def expected_yuan(self) -> float | None:
        """The bill of the month at its end, as expected after this day."""
        bill = self.content.get("bill") or {}
        return bill.get("expected_yuan")


@dataclass(frozen=True)
class SettlementList:
    """The settled days, the oldest first, and the days before today with a plan sent that are not settled."""

    days: tuple[SettledDay, ...]
    by_month: Mapping[str, Mapping[str, DayMoney]]  # losses by cause
    unsettled: tuple[date, ...]


def settlement_list(desk: DeskSite) -> SettlementList:
    """The settlements of a site. Raises InputError where the ledger does not know it."""
    with desk.ledger.reading() as connection:
        number = site_of(connection, desk.case).number
        days = settled_days_of(connection, number)
        sent = sa.select(sending.c.day).where(sending.c.site_id == number, sending.c.day < desk.today)
        planned = connection.execute(sent.distinct().order_by(sending.c.day)).scalars().all()
    months = sorted({day.month for day in days})
    by_month = {month: added([dict(day.losses) for day in days if day.month == month]) for month in months}
    settled = {day.day for day in days}
    return SettlementList(tuple(days), by_month, tuple(day for day in planned if day not in settled))


def settled_days_of(connection: sa.Connection, of_site: int) -> list[SettledDay]:
    """The last version of each settled day, the oldest day first."""
    rows = connection.execute(
        sa.select(settlement)
        .where(settlement.c.site_id == of_site)
        .order_by(settlement.c.day, settlement.c.version)
    )
    last = {row.day: row for row in rows}
    return [
        SettledDay(
            row.day,
            row.version,
            row.recorded_by,
            row.recorded_at,
            losses_of_json(content := json.loads(row.content)),
            content,
        )
        for row in last.values()
    ]
