"""The service's own database: one SQLite file in its data folder, its upgrades and its transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from parkdispatch.models.errors import InputError
from parkdispatch.operations.jobs.service_tables import REVISIONS
from parkdispatch.operations.ledger.ledger_database import (
    WRITES,
    make_engine,
    revision_of,
    told,
    upgrade_tables,
)

REVISION_FILES = Path(__file__).parent / "revisions"


class ServiceDatabase:
    """The database of jobs and sessions. What is written together appears together or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = make_engine(sa.URL.create("sqlite", database=str(path)))

    def prepare(self) -> None:
        """Make the tables, or bring those of an older program up to date.

        Raises InputError for a database that a newer program has made, or one that cannot be written.
        """
        with self.writing() as connection:
            revision = revision_of(connection)
            if revision is not None and revision not in REVISIONS:
                raise InputError(
                    f"{self.path}: is at revision {revision}, which a newer parkdispatch has made; this one"
                    f" knows {', '.join(REVISIONS)}: must be used with the newer one"
                )
            if revision != REVISIONS[-1]:
                upgrade_tables(connection, revisions=REVISION_FILES)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one moment."""
        with told(str(self.path)), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes all or nothing, while nobody else writes."""
        with (
            told(str(self.path)),
            self._engine.connect().execution_options(**{WRITES: True}) as connection,
            connection.begin(),
        ):
            yield connection
