"""What a ledger holds: its status, and all of its tables for export."""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from parkdispatch.operations.ledger.ledger_database import revision_of
from parkdispatch.operations.ledger.ledger_store import Ledger
from parkdispatch.operations.ledger.ledger_tables import (
    channel,
    measurement,
    metadata,
    plan,
    site,
    tariff,
)
from parkdispatch.operations.ledger.outages import outages_in_force
from parkdispatch.operations.ledger.plan_versions import sendings
from parkdispatch.operations.ledger.quantities import QUALITIES, QUANTITIES
from parkdispatch.results.ledger_status import (
    ChannelStatus,
    LedgerStatus,
    OutageStatus,
    PlannedDayStatus,
    SiteStatus,
)

SHOWN_DAYS = 7  # of plans
INSTANTS = tuple(quantity.key for quantity in QUANTITIES.values() if quantity.is_instant)


def ledger_status(ledger: Ledger) -> LedgerStatus:
    """What a ledger holds, read at one moment."""
    with ledger.reading() as connection:
        rows = connection.execute(sa.select(site).order_by(site.c.id)).all()
        sites = tuple(_site_status(connection, row) for row in rows)
        return LedgerStatus(ledger.shown, revision_of(connection) or "", sites)


def ledger_tables(ledger: Ledger) -> dict[str, pd.DataFrame]:
    """Every table of a ledger as it is, its rows by their keys; numbers to the last bit."""
    with ledger.reading() as connection:
        frames = {}
        for name, table in metadata.tables.items():
            rows = connection.execute(sa.select(table).order_by(*table.primary_key.columns)).all()
            frames[name] = pd.DataFrame(rows, columns=[column.name for column in table.columns])
        return frames


def _site_status(connection: sa.Connection, row: Any) -> SiteStatus:
    tariffs = sa.select(tariff.c.name).where(tariff.c.site_id == row.id).order_by(tariff.c.id)
    return SiteStatus(
        row.name,
        row.timezone,
        row.minutes,
        tuple(connection.execute(tariffs).scalars()),
        tuple(_channel_statuses(connection, row.id, row.minutes)),
        tuple(_planned_days(connection, row.id)),
        tuple(
            OutageStatus(item.number, item.device, item.begin, item.end, item.power_share)
            for item in outages_in_force(connection, row.id)
        ),
    )


def _channel_statuses(connection: sa.Connection, of_site: int, minutes: int) -> list[ChannelStatus]:
    newest = (
        sa.select(
            measurement.c.channel_id, measurement.c.begin, sa.func.max(measurement.c.version).label("version")
        )
        .group_by(measurement.c.channel_id, measurement.c.begin)
        .subquery()
    )
    same = sa.and_(
        measurement.c.channel_id == newest.c.channel_id,
        measurement.c.begin == newest.c.begin,
        measurement.c.version == newest.c.version,
    )
    rows = connection.execute(
        sa.select(
            channel.c.device,
            channel.c.quantity,
            sa.func.min(measurement.c.begin).label("first"),
            sa.func.max(measurement.c.begin).label("last"),
            sa.func.count().label("intervals"),
            sa.func.sum(sa.case((measurement.c.version > 1, 1), else_=0)).label("corrected"),
            sa.func.sum(sa.case((measurement.c.quality != QUALITIES[0], 1), else_=0)).label("not_measured"),
        )
        .join_from(measurement, newest, same)
        .join(channel, channel.c.id == measurement.c.channel_id)
        .where(channel.c.site_id == of_site)
        .group_by(channel.c.id, channel.c.device, channel.c.quantity)
        .order_by(channel.c.id)
    )
    step = pd.Timedelta(minutes=minutes)
    return [
        ChannelStatus(
            row.device,
            row.quantity,
            row.first,
            row.last,
            row.intervals,
            0 if row.quantity in INSTANTS else round((row.last - row.first) / step) + 1 - row.intervals,
            row.corrected,
            row.not_measured,
        )
        for row in rows
    ]


def _planned_days(connection: sa.Connection, of_site: int) -> list[PlannedDayStatus]:
    """The last days that were planned, the oldest first."""
    rows = connection.execute(
        sa.select(plan.c.day, sa.func.max(plan.c.version).label("versions"))
        .where(plan.c.site_id == of_site)
        .group_by(plan.c.day)
        .order_by(plan.c.day.desc())
        .limit(SHOWN_DAYS)
    ).all()
    days = []
    for row in reversed(rows):
        sent = sendings(connection, of_site, row.day)
        last = (sent[-1].version, sent[-1].by) if sent else (0, "")
        days.append(PlannedDayStatus(row.day, row.versions, *last))
    return days
