"""Settlements in the ledger: by version, made again when what they rest on has changed, added over days."""

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_store import Author, Ledger
from parkdispatch.operations.ledger.ledger_tables import sending, settlement
from parkdispatch.operations.ledger.sites import site_of
from parkdispatch.operations.settlement.month_bill import metered_months, month_bill
from parkdispatch.operations.settlement.record_sources import record_digest, record_from_ledger
from parkdispatch.operations.settlement.settle_day import settle_day
from parkdispatch.results.settlement.day_settlement import (
    DayMoney,
    PeriodLosses,
    Settlement,
    added,
    losses_of_json,
    settlement_json,
)

if TYPE_CHECKING:
    from parkdispatch.studies.solve_options import SolveContext


def settle_from_ledger(
    ledger: Ledger, case: Case, day: date, context: "SolveContext", author: Author, *, with_bill: bool = True
) -> tuple[Settlement, int, bool]:
    """Settle a day by what the ledger has, and record it. Returns it, its version, and whether that is new.

    Where nothing that it rests on has changed since the last version, none is added. Raises InputError with
    what is missing in the ledger.
    """
    with ledger.reading() as connection:
        of_site = site_of(connection, case)
        record = record_from_ledger(connection, of_site, case, day)
        metered = metered_months(connection, of_site, case, day)
    digest, settled = record_digest(record), settle_day(record, context)
    if with_bill:
        settled = replace(settled, bill=month_bill(case, day, metered, record.final_soc, context))
    return record_settlement(ledger, case, settled, digest, author)


def record_settlement(
    ledger: Ledger, case: Case, settled: Settlement, inputs_sha256: str, author: Author
) -> tuple[Settlement, int, bool]:
    """Record a settlement as the next version of its day, unless the last one rests on the same.

    Returns it with the sums of its month and year, its version, and whether that is new.
    """
    day = settled.day
    with ledger.writing() as connection:
        number = site_of(connection, case).number
        others = _latest(connection, number)
        last = others.pop(day, None)
        settled = replace(
            settled,
            month=_period(others, day, f"{day:%Y-%m}", settled.losses),
            year=_period(others, day, f"{day:%Y}", settled.losses),
        )
        if last is not None and last.inputs_sha256 == inputs_sha256:
            return settled, last.version, False
        version = 1 if last is None else last.version + 1
        connection.execute(
            settlement.insert().values(
                site_id=number,
                day=day,
                version=version,
                inputs_sha256=inputs_sha256,
                lost_yuan=settled.lost.total,
                content=json.dumps(settlement_json(settled), ensure_ascii=False),
                **author.columns,
            )
        )
    return settled, version, True


def due_days(ledger: Ledger, case: Case, since: date = date.min) -> tuple[list[date], list[str]]:
    """The days with a plan that was sent that are not settled by what the ledger has; why others cannot be.

    Days before `since` are not looked at. A day is due anew when a late or corrected meter file, an outage or
    another sending has changed it.
    """
    due, waiting = [], []
    with ledger.reading() as connection:
        of_site = site_of(connection, case)
        settled = _latest(connection, of_site.number)
        sent = (
            sa.select(sending.c.day)
            .where(sending.c.site_id == of_site.number, sending.c.day >= since)
            .distinct()
        )
        for day in connection.execute(sent.order_by(sending.c.day)).scalars().all():
            try:
                digest = record_digest(record_from_ledger(connection, of_site, case, day))
            except InputError as error:
                waiting.append(f"{day}: {error.problems[0]}")
                continue
            if day not in settled or settled[day].inputs_sha256 != digest:
                due.append(day)
    return due, waiting


def _latest(connection: sa.Connection, of_site: int) -> dict[date, Any]:
    """The last version of each settled day."""
    rows = connection.execute(
        sa.select(settlement)
        .where(settlement.c.site_id == of_site)
        .order_by(settlement.c.day, settlement.c.version)
    )
    return {row.day: row for row in rows}


def _period(others: dict[date, Any], day: date, name: str, this_day: Any) -> PeriodLosses:
    """The losses of the settled days of a month or a year, up to a day and with it."""
    earlier = [
        losses_of_json(json.loads(row.content))
        for other, row in others.items()
        if other < day and f"{other}".startswith(name)
    ]
    days: list[dict[str, DayMoney]] = [*earlier, dict(this_day)]
    return PeriodLosses(name, len(days), added(days))


def last_settlement(ledger: Ledger, case: Case, day: date) -> str | None:
    """The last settlement of a day, as JSON; None where it has none."""
    with ledger.reading() as connection:
        row = _latest(connection, site_of(connection, case).number).get(day)
    return None if row is None else str(row.content)
