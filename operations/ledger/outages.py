"""Outages in the ledger: each has a number, and versions."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.operations.known_outages import RecordedOutage, with_outages
from parkdispatch.operations.ledger.ledger_database import next_number
from parkdispatch.operations.ledger.ledger_store import Author, Ledger
from parkdispatch.operations.ledger.ledger_tables import outage
from parkdispatch.operations.ledger.sites import site_of


def record_outage(
    ledger: Ledger, case: Case, item: RecordedOutage, author: Author, *, withdraw: bool = False
) -> tuple[int, bool]:
    """Record an outage, or another version of the one with its number. Returns the number, and if it is new.

    `withdraw` says of the one with that number that it is none. Raises InputError for what cannot be.
    """
    with_outages(case, [item])
    with ledger.writing() as connection:
        of_site = site_of(connection, case).number
        in_force = {row.number: row for row in _last_versions(connection, of_site)}
        number, version = item.number, 1
        if number:
            if number not in in_force:
                known = ", ".join(map(str, in_force)) or "none"
                raise InputError(f"argument `replaces` = {number}: must be the number of an outage: {known}")
            version = in_force[number].version + 1
        else:
            same = [
                n
                for n, row in in_force.items()
                if not row.withdrawn and _of_row(row) == replace(item, number=n)
            ]
            if same:
                return same[0], False
            number = next_number(connection, outage.c.number, outage.c.site_id == of_site)
        connection.execute(
            outage.insert().values(
                site_id=of_site,
                number=number,
                version=version,
                device=item.device,
                withdrawn=withdraw,
                **item.fields,
                **author.columns,
            )
        )
        return number, True


def outages_in_force(connection: sa.Connection, of_site: int) -> list[RecordedOutage]:
    """The outages of a site that are not withdrawn, each in its last version."""
    return [_of_row(row) for row in _last_versions(connection, of_site) if not row.withdrawn]


def _last_versions(connection: sa.Connection, of_site: int) -> list[Any]:
    rows = connection.execute(
        sa.select(outage).where(outage.c.site_id == of_site).order_by(outage.c.number, outage.c.version)
    )
    return list({row.number: row for row in rows}.values())


def _of_row(row: Any) -> RecordedOutage:
    return RecordedOutage(row.device, row.begin, row.end, row.power_share, row.number)
