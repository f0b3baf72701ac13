"""The database behind a ledger: its address, its state of migration, and how it is made and upgraded.

SQLite needs no service: a path is an address. A server is named by a URL such as postgresql://host/park.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import alembic.command
import alembic.config
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from parkdispatch.inputs.messages.quoted import CONTROL
from parkdispatch.inputs.user_files import user_path
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_extra import require_ledger_extra
from parkdispatch.operations.ledger.ledger_tables import REVISIONS, metadata

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_WAIT_S = 30.0  # that a write waits for another one
WRITES = "parkdispatch_writes"  # execution option of a connection that is going to write
FIRST_LINE = 300  # characters of what a database says


def ledger_url(text: str) -> "URL":
    """The address of a ledger: a URL of SQLite or PostgreSQL, or the path of a SQLite file.

    Raises InputError for anything else.
    """
    if character := CONTROL.search(text):
        raise InputError(f"argument `ledger`: has the control character {character[0]!r}, must have none")
    if "://" not in text:
        return sa.URL.create("sqlite", database=str(user_path(text)))
    scheme, _, rest = text.partition("://")
    kind = scheme.partition("+")[0]
    if kind in ("postgres", "postgresql"):
        text = f"postgresql+psycopg://{rest}"
    elif kind != "sqlite":
        raise InputError(
            f"argument `ledger` = {scheme}://...: must be a path, sqlite:///... or postgresql://..."
        )
    try:
        return sa.make_url(text)
    except (ArgumentError, ValueError) as error:
        raise InputError(
            f"argument `ledger` = {scheme}://...: must be a URL such as postgresql://user@host:5432/park"
        ) from error


def shown_url(url: "URL") -> str:
    """An address as people read it: a path, or a URL without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


def make_engine(url: "URL") -> "Engine":
    """A connection maker. Every transaction of SQLite begins at once, so that reads are of one moment."""
    if url.get_backend_name() != "sqlite":
        require_ledger_extra("psycopg")
        return sa.create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": int(LOCK_WAIT_S)})
    engine = sa.create_engine(url, poolclass=NullPool, connect_args={"timeout": LOCK_WAIT_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # else the driver begins transactions later than asked
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")  # what is committed outlives a power cut

    @event.listens_for(engine, "begin")
    def _begin(connection: "Connection") -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def told(shown: str) -> Iterator[None]:
    """Raise InputError for what a database refuses, such as a wrong password or a full disk."""
    try:
        yield
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())[:FIRST_LINE]
        raise InputError(f"ledger {shown}: {said}") from error


def revision_of(connection: "Connection") -> str | None:
    """The revision that a database is at; None where it holds no ledger."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    table = sa.table("alembic_version", sa.column("version_num"))
    return connection.execute(sa.select(table.c.version_num)).scalar()


def revision_problems(revision: str | None, shown: str) -> list[str]:
    """Why a database at this revision cannot be used as it is."""
    if revision is None:
        return [f"ledger {shown}: holds no ledger, must be made first: `ledger init`"]
    if revision not in REVISIONS:
        return [
            f"ledger {shown}: is at revision {revision}, which a newer parkdispatch has made; this one knows"
            f" {', '.join(REVISIONS)}: must be used with the newer one"
        ]
    if revision != REVISIONS[-1]:
        return [
            f"ledger {shown}: is at revision {revision}, must be at {REVISIONS[-1]}: `ledger upgrade` brings"
            " it there, after a copy has been made"
        ]
    return []


def foreign_tables(connection: "Connection") -> list[str]:
    """Tables of a database that are not of a ledger."""
    known = {*metadata.tables, "alembic_version"}
    return sorted(set(sa.inspect(connection).get_table_names()) - known)


def upgrade_tables(connection: "Connection", target: str = "head", revisions: Path | None = None) -> None:
    """Bring the tables to a revision, the newest unless named, within the connection's transaction.

    `revisions` is the folder of the revisions of another database than a ledger.
    """
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    if revisions is not None:
        config.set_main_option("version_locations", str(revisions).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, target)


def next_number(
    connection: "Connection", column: "sa.Column[int]", *conditions: "sa.ColumnElement[bool]"
) -> int:
    """One more than the highest number there, under the lock of the ledger; 1 where there is none."""
    highest = connection.execute(sa.select(sa.func.max(column)).where(*conditions)).scalar()
    return 1 if highest is None else highest + 1
