"""A ledger that is open: its transactions, and how it is made and brought up to date.

Whatever is written together appears together or not at all, also after a power cut. Who writes holds the one
lock of the ledger, so that two people at once take turns and see what the other has written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from parkdispatch.inputs.user_files import is_user_file
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_database import (
    WRITES,
    foreign_tables,
    ledger_url,
    make_engine,
    revision_of,
    revision_problems,
    shown_url,
    told,
    upgrade_tables,
)
from parkdispatch.operations.ledger.ledger_tables import REVISIONS, ledger_row

SERVER_LOCK = 7_275_373_686  # number of the lock that writers of a server's ledger take in turn


@dataclass(frozen=True)
class Author:
    """Who writes, and when: an instant with its time zone."""

    name: str
    at: datetime

    @property
    def columns(self) -> dict[str, Any]:
        """The columns `recorded_at` and `recorded_by` of a row."""
        return {"recorded_at": self.at.astimezone(UTC).replace(tzinfo=None), "recorded_by": self.name}


class Ledger:
    """A ledger at an address: a path of a SQLite file, or a URL."""

    def __init__(self, address: str) -> None:
        self.url = ledger_url(address)
        self.shown = shown_url(self.url)
        self._engine = make_engine(self.url)

    @property
    def file(self) -> Path | None:
        """The file of a SQLite ledger."""
        is_file = self.url.get_backend_name() == "sqlite" and self.url.database not in (None, "", ":memory:")
        return Path(str(self.url.database)) if is_file else None

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one moment. Raises InputError for a ledger of another revision."""
        with told(self.shown):
            self._must_exist()
            with self._engine.begin() as connection:
                self._must_be_current(connection)
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes all or nothing, while nobody else writes."""
        with told(self.shown):
            self._must_exist()
            with self._locked() as connection:
                self._must_be_current(connection)
                yield connection

    def make(self, author: Author, program: str) -> bool:
        """Make the tables where there are none. Returns whether they were made.

        Raises InputError for a database that holds anything else, or a ledger of another revision.
        """
        if self.file is not None and not self.file.parent.is_dir():
            raise InputError(f"ledger {self.shown}: must be in an existing folder")
        with told(self.shown), self._locked() as connection:
            if revision_of(connection) is not None:
                self._must_be_current(connection)
                return False
            if foreign := foreign_tables(connection):
                raise InputError(f"ledger {self.shown}: holds {', '.join(foreign[:3])}, must be empty or new")
            upgrade_tables(connection)
            connection.execute(ledger_row.insert().values(id=1, program=program, **author.columns))
        return True

    def upgrade(self) -> tuple[str, str]:
        """Bring an older ledger to the newest revision. Returns the revisions before and after.

        Raises InputError for what is no ledger, or one that a newer program has made.
        """
        with told(self.shown):
            self._must_exist()
            with self._locked() as connection:
                before = revision_of(connection)
                if before not in REVISIONS:
                    raise InputError(revision_problems(before, self.shown))
                upgrade_tables(connection)
        return before, REVISIONS[-1]

    @contextmanager
    def _locked(self) -> Iterator[sa.Connection]:
        with (
            self._engine.connect().execution_options(**{WRITES: True}) as connection,
            connection.begin(),
        ):
            if self.file is None and self.url.get_backend_name() != "sqlite":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(SERVER_LOCK)))
            yield connection

    def _must_exist(self) -> None:
        """Raise InputError where a file is not there, which SQLite would make, empty."""
        if self.file is not None and not is_user_file(self.file):
            raise InputError(f"ledger {self.shown}: no such file, must be made first: `ledger init`")

    def _must_be_current(self, connection: sa.Connection) -> None:
        if problems := revision_problems(revision_of(connection), self.shown):
            raise InputError(problems)
