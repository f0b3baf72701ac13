"""Sessions of browsers: each ends by itself, or when it is revoked; the database holds digests only."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from parkdispatch.operations.jobs.service_database import ServiceDatabase
from parkdispatch.operations.jobs.service_tables import browser_session


def utc(at: datetime) -> datetime:
    """A moment as the database keeps it: in UTC, without a time zone."""
    return at.astimezone(UTC).replace(tzinfo=None)


def open_session(database: ServiceDatabase, token_id: str, now: datetime, hours: float) -> str:
    """Begin a session of a token and return its identifier, which is kept nowhere else."""
    identifier = secrets.token_urlsafe(32)
    row = {
        "sha256": _digest(identifier),
        "token_id": token_id,
        "created_at": utc(now),
        "expires_at": utc(now + timedelta(hours=hours)),
    }
    with database.writing() as connection:
        connection.execute(browser_session.delete().where(browser_session.c.expires_at < utc(now)))
        connection.execute(browser_session.insert().values(**row))
    return identifier


def token_of_session(database: ServiceDatabase, identifier: str, now: datetime) -> str | None:
    """The token's id of a session in force; None where it has ended, was revoked, or never was."""
    same = browser_session.c.sha256 == _digest(identifier)
    with database.reading() as connection:
        row = connection.execute(sa.select(browser_session).where(same)).first()
    if row is None or row.revoked_at is not None or row.expires_at <= utc(now):
        return None
    return str(row.token_id)


def revoke_session(database: ServiceDatabase, identifier: str, now: datetime) -> None:
    """End a session, so that its cookie opens nothing any more, wherever a copy of it is."""
    with database.writing() as connection:
        connection.execute(
            browser_session.update()
            .where(browser_session.c.sha256 == _digest(identifier))
            .values(revoked_at=utc(now))
        )


def _digest(identifier: str) -> str:
    return hashlib.sha256(identifier.encode()).hexdigest()
