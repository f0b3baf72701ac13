"""Sites of a ledger, and the tariffs that were in force there."""

import hashlib
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_database import next_number
from parkdispatch.operations.ledger.ledger_store import Author, Ledger
from parkdispatch.operations.ledger.ledger_tables import channel, settlement, site, tariff


@dataclass(frozen=True)
class KnownSite:
    """A site as the ledger knows it."""

    number: int
    name: str
    timezone: str
    minutes: int


def add_site(ledger: Ledger, case: Case, author: Author) -> bool:
    """Add the park of a case and its tariff. Returns whether anything is new.

    Raises InputError where a site of that name has other intervals or another time zone.
    """
    with ledger.writing() as connection:
        row = connection.execute(sa.select(site).where(site.c.name == case.name)).first()
        if row is None:
            number = next_number(connection, site.c.id)
            connection.execute(
                site.insert().values(
                    id=number,
                    name=case.name,
                    timezone=case.site.timezone,
                    minutes=case.calendar.minutes,
                    **author.columns,
                )
            )
        else:
            number = site_of(connection, case).number
        _, is_new = tariff_number(connection, number, case, author)
        return row is None or is_new


def site_of(connection: sa.Connection, case: Case) -> KnownSite:
    """The site of a case. Raises InputError where there is none, or one with other intervals."""
    row = connection.execute(sa.select(site).where(site.c.name == case.name)).first()
    if row is None:
        known = connection.execute(sa.select(site.c.name).order_by(site.c.id)).scalars().all()
        there = f"has {', '.join(known)}" if known else "has none"
        raise InputError(
            f"the ledger has no site {case.name}, it {there}: must be added first, by `ledger init`"
        )
    known_site = KnownSite(row.id, row.name, row.timezone, row.minutes)
    problems = []
    if known_site.minutes != case.calendar.minutes:
        problems.append(
            f"`calendar.minutes` = {case.calendar.minutes}: must be {known_site.minutes}, as in the ledger"
            f" for {case.name}"
        )
    if known_site.timezone != case.site.timezone:
        problems.append(
            f"`site.timezone` = {case.site.timezone}: must be {known_site.timezone}, as in the ledger"
            f" for {case.name}"
        )
    if problems:
        raise InputError(problems)
    return known_site


def tariff_number(connection: sa.Connection, of_site: int, case: Case, author: Author) -> tuple[int, bool]:
    """The number of the case's tariff, and whether it was added because the ledger did not have it."""
    content = case.tariff.model_dump_json()
    digest = hashlib.sha256(content.encode()).hexdigest()
    same = (tariff.c.site_id == of_site, tariff.c.sha256 == digest)
    number = connection.execute(sa.select(tariff.c.id).where(*same)).scalar()
    if number is not None:
        return number, False
    number = next_number(connection, tariff.c.id)
    connection.execute(
        tariff.insert().values(
            id=number,
            site_id=of_site,
            sha256=digest,
            name=case.tariff.name,
            valid_from=case.tariff.valid_from,
            valid_to=case.tariff.valid_to,
            content=content,
            **author.columns,
        )
    )
    return number, True


def settled_days(ledger: Ledger, case: Case) -> list[date]:
    """The days of a site that have a settlement."""
    with ledger.reading() as connection:
        number = site_of(connection, case).number
        days = sa.select(settlement.c.day).where(settlement.c.site_id == number).distinct()
        return list(connection.execute(days.order_by(settlement.c.day)).scalars())


def channel_number(connection: sa.Connection, of_site: int, device: str, quantity: str) -> int | None:
    """The number of a device's quantity; None where nothing of it is in the ledger."""
    return connection.execute(
        sa.select(channel.c.id).where(
            channel.c.site_id == of_site, channel.c.device == device, channel.c.quantity == quantity
        )
    ).scalar()


def added_channel(connection: sa.Connection, of_site: int, device: str, quantity: str, author: Author) -> int:
    """The number of a device's quantity, which is added where the ledger does not have it."""
    number = channel_number(connection, of_site, device, quantity)
    if number is None:
        number = next_number(connection, channel.c.id)
        connection.execute(
            channel.insert().values(
                id=number, site_id=of_site, device=device, quantity=quantity, **author.columns
            )
        )
    return number
