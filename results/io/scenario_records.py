"""Finished scenarios in one SQLite file: many of them, appended by many processes, whole or absent.

A hundred thousand scenarios are read in a second; as a file each they took minutes. SQLite orders the writers
and undoes what a killed one left half-written. Numbers are kept as their bytes, exactly. Each scenario has a
checksum of its own, because SQLite does not notice a changed bit of a number; where the structure of the file
is damaged, what can still be read is saved into a new file.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.results.io.files import replacing

TABLE = """
create table if not exists scenario (
    number integer primary key, store blob not null, numbers blob not null, figures blob not null,
    sha256 blob not null
)
"""
SIDE_FILE = "-journal"  # what SQLite appends to the name of a file for the one by which it undoes a write
DAMAGES = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,
)  # the last: of a damaged schema
PATIENCE_S = 60.0  # for other writers
PROBED = 100_000  # scenarios that are looked for one by one in a damaged file
BYTES = np.dtype("<f8")


class Record(NamedTuple):
    """A finished scenario: its number, the key of its store, its row of the table, and its figures, flat."""

    number: int
    store: str
    row: Array
    figures: Array


class _Kept(NamedTuple):
    """A record as SQLite has it."""

    number: int
    store: bytes
    numbers: bytes
    figures: bytes
    sha256: bytes


class ScenarioRecords:
    """The records in a file, which need not exist."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, records: Iterable[Record]) -> None:
        """Add records, all or none, in the place of earlier ones of the same scenario. Raises OSError."""
        with self._connected() as connection, connection:
            connection.execute(TABLE)
            connection.executemany(
                "insert or replace into scenario values (?, ?, ?, ?, ?)", map(_kept, records)
            )

    def read(self, most: int) -> tuple[list[Record], list[str]]:
        """The sound records of the scenarios numbered below `most`, and a line for each that is damaged.

        A damaged file is replaced by one of all that could be read. Raises OSError.
        """
        if not self.path.exists():
            return [], []
        damaged: dict[int, str] = {}
        with self._connected() as connection:
            try:
                rows = _selected(connection, "true order by number")
            except sqlite3.DatabaseError as error:
                _require_damage(error)
                rows = list(_one_by_one(connection, max(most, PROBED), damaged))
        sound = {row.number: _record(row) for row in rows if _is_sound(row)}
        damaged |= {row.number: "does not have its checksum" for row in rows if not _is_sound(row)}
        if damaged:
            self._replace(sound.values())
        lines = [
            f"scenario {number}: {why}"
            for number, why in damaged.items()
            if number < most and number not in sound
        ]
        return [record for number, record in sound.items() if number < most], lines

    def stores(self) -> set[str]:
        """The keys of the stores that the records are of; none where that cannot be read. Raises OSError."""
        if not self.path.exists():
            return set()
        with self._connected() as connection:
            try:
                keys = connection.execute("select distinct store from scenario").fetchall()
            except sqlite3.DatabaseError as error:
                _require_damage(error)
                return set()
        return {bytes(key).decode(errors="replace") for (key,) in keys}

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=PATIENCE_S)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise OSError(str(error)) from error

    def _replace(self, records: Iterable[Record]) -> None:
        """Put a new file with these records in the place of a damaged one."""
        with replacing(self.path) as temporary:
            ScenarioRecords(temporary).write(records)
            self.path.with_name(self.path.name + SIDE_FILE).unlink(missing_ok=True)


def _selected(connection: sqlite3.Connection, condition: str, *values: int) -> list[_Kept]:
    rows = connection.execute(f"select * from scenario where {condition}", values).fetchall()
    return [_Kept(*row) for row in rows]


def _one_by_one(connection: sqlite3.Connection, most: int, damaged: dict[int, str]) -> Iterator[_Kept]:
    """The rows that can still be found by their numbers; what is wrong with the others is in `damaged`."""
    for number in range(most):
        try:
            yield from _selected(connection, "number = ?", number)
        except sqlite3.DatabaseError as error:
            _require_damage(error)
            damaged[number] = str(error)
            if _code(error) != sqlite3.SQLITE_CORRUPT:  # it is no database, or has no table: nothing is found
                damaged |= dict.fromkeys(range(number, most), str(error))
                return


def _require_damage(error: sqlite3.DatabaseError) -> None:
    """Raise the error again if it is one of the system, such as a lock, and not of a damaged file."""
    if _code(error) not in DAMAGES:
        raise error


def _code(error: sqlite3.DatabaseError) -> int:
    """The kind of an error of SQLite; errors of values that it has found have none."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)) & 0xFF


def _kept(record: Record) -> _Kept:
    row, figures = (np.ascontiguousarray(part, BYTES).tobytes() for part in (record.row, record.figures))
    store = record.store.encode()
    return _Kept(record.number, store, row, figures, _checksum(record.number, store, row, figures))


def _record(kept: _Kept) -> Record:
    numbers, figures = (np.frombuffer(part, BYTES) for part in (kept.numbers, kept.figures))
    return Record(kept.number, kept.store.decode(), numbers, figures)


def _checksum(number: int, store: bytes, numbers: bytes, figures: bytes) -> bytes:
    return sha256(b"%d %d %d %b%b%b" % (number, len(store), len(numbers), store, numbers, figures)).digest()


def _is_sound(kept: _Kept) -> bool:
    try:
        return kept.sha256 == _checksum(*kept[:4])
    except TypeError:  # a damaged row may have anything anywhere
        return False
