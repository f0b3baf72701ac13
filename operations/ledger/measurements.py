"""Measured values: how a file comes into the ledger, and what is in force.

A file is known by its bytes: what came before changes nothing when it comes again. A value that differs from
the one in force becomes the next version; the one before stays, with the delivery that brought it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.findings import Findings
from parkdispatch.inputs.series.series_file import read_whole_series
from parkdispatch.inputs.user_files import read_bytes
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_database import next_number
from parkdispatch.operations.ledger.ledger_store import Author, Ledger
from parkdispatch.operations.ledger.ledger_tables import delivery, measurement
from parkdispatch.operations.ledger.quantities import QUALITIES, Measured, measured_quantity, reading_of
from parkdispatch.operations.ledger.sites import added_channel, channel_number, site_of

BATCH = 5000  # rows that are read or written at once


@dataclass(frozen=True)
class Delivery:
    """What a file brought to one quantity of a device."""

    measured: Measured
    number: int
    repeated: bool  # it had come before, and has changed nothing
    intervals: int
    added: int
    corrected: int  # intervals that had another value or quality
    kept: int  # intervals that have a value of better quality, which stays
    days: tuple[date, ...] = ()  # of which something is new or other


@dataclass(frozen=True)
class _Read:
    """A column of a file."""

    measured: Measured
    column: str
    digest: str
    source: str
    values: pd.Series


def import_file(
    ledger: Ledger,
    case: Case,
    path: Path,
    columns: Sequence[str],
    author: Author,
    quality: str = "measured",
    stamps: str | None = None,
) -> list[Delivery]:
    """Bring the columns of a file into the ledger, all or none.

    `columns` say what is in them: `load`, `soc:battery_1`, or `pv=PV total [kW]` where the file has several.
    `stamps`, start or end, says where stamps stand in their intervals if the file does not tell. Raises
    InputError with all problems, those of the file too.
    """
    findings = Findings()
    findings.collect(check_quality, quality)
    if not columns:
        findings.lines.append("argument `as` is missing: must say what the file holds, such as load or pv")
    read = [findings.collect(_read_column, case, path, text, stamps) for text in columns]
    findings.raise_any()
    named = [item.measured for item in read]
    if twice := sorted({item.text for item in named if named.count(item) > 1}):
        raise InputError(f"argument `as`: {', '.join(twice)} is there twice, must be there once")
    with ledger.writing() as connection:
        of_site = site_of(connection, case).number
        return [_deliver(connection, of_site, item, quality, author) for item in read]


def record_value(
    ledger: Ledger, case: Case, text: str, value: float, at: pd.Timestamp, author: Author
) -> Delivery:
    """Record one value that a person has read, such as `soc:battery_1` or `peak`, at an instant.

    Raises InputError for an unknown quantity, and for a value that it cannot have.
    """
    measured = measured_quantity(case, text)
    spec = measured.quantity.spec
    if not spec.lower <= value <= spec.upper:
        raise InputError(
            f"argument `value` = {value:.15g}: must be from {spec.lower:.15g} to {spec.upper:.15g}"
            f" {spec.unit}"
        )
    if at.tzinfo is not None:
        raise InputError(f"argument `at` = {at}: must be local standard time, without an offset")
    digest = hashlib.sha256(f"{measured.text} {value!r} {at.isoformat()}".encode()).hexdigest()
    read = _Read(measured, "", digest, "", pd.Series([float(value)], index=pd.DatetimeIndex([at])))
    with ledger.writing() as connection:
        return _deliver(connection, site_of(connection, case).number, read, QUALITIES[0], author)


def check_quality(quality: str) -> None:
    """Raise InputError for an unknown quality."""
    if quality not in QUALITIES:
        raise InputError(f"argument `quality` = {quality}: must be one of {', '.join(QUALITIES)}")


def _read_column(case: Case, path: Path, text: str, stamps: str | None) -> _Read:
    name, _, column = text.partition("=")
    measured = measured_quantity(case, name)
    digest = hashlib.sha256(read_bytes(path)).hexdigest()
    values = read_whole_series(
        path, measured.quantity.spec, case.calendar.hours, reading_of(case, column, stamps)
    )
    return _Read(measured, column, digest, path.name, values)


def _deliver(connection: sa.Connection, of_site: int, read: _Read, quality: str, author: Author) -> Delivery:
    """Write what is new of a column, under the lock of the ledger."""
    quantity = read.measured.quantity
    number_of = added_channel(connection, of_site, read.measured.device, quantity.key, author)
    same = (
        delivery.c.channel_id == number_of,
        delivery.c.sha256 == read.digest,
        delivery.c.source_column == read.column,
        delivery.c.quality == quality,
    )
    before = connection.execute(sa.select(delivery.c.id).where(*same)).scalar()
    if before is not None and read.source:
        return Delivery(read.measured, before, True, len(read.values), 0, 0, 0)
    index = pd.DatetimeIndex(read.values.index)
    in_force = _in_force(connection, number_of, index[0], index[-1])
    number = next_number(connection, delivery.c.id)
    rows, added, kept = [], 0, 0
    for begin, value in zip(index.to_pydatetime(), read.values.tolist(), strict=True):
        version, *held = in_force.get(begin, (0, None, None))
        if held == [value, quality]:
            continue
        if version and QUALITIES.index(quality) > QUALITIES.index(str(held[1])):
            kept += 1
            continue
        added += version == 0
        rows.append(
            {
                "channel_id": number_of,
                "begin": begin,
                "version": version + 1,
                "value": value,
                "quality": quality,
                "delivery_id": number,
            }
        )
    if not rows and not read.source:  # a person has typed what is in force anyway
        return Delivery(read.measured, number, True, len(index), 0, 0, kept)
    connection.execute(
        delivery.insert().values(
            id=number,
            channel_id=number_of,
            source=read.source,
            sha256=read.digest if read.source else _typed_digest(read.digest, number),
            source_column=read.column,
            quality=quality,
            intervals=len(index),
            added=added,
            corrected=len(rows) - added,
            **author.columns,
        )
    )
    for first in range(0, len(rows), BATCH):
        connection.execute(measurement.insert(), rows[first : first + BATCH])
    days = tuple(sorted({row["begin"].date() for row in rows}))
    return Delivery(read.measured, number, False, len(index), added, len(rows) - added, kept, days)


def _typed_digest(digest: str, number: int) -> str:
    """The digest of what a person typed: the same may be typed again, after something else."""
    return hashlib.sha256(f"{digest} {number}".encode()).hexdigest()


def _in_force(
    connection: sa.Connection, number: int, first: pd.Timestamp, last: pd.Timestamp
) -> dict[Any, tuple[int, float, str]]:
    """Version, value and quality in force by the starts of intervals."""
    rows = connection.execute(
        sa.select(measurement.c.begin, measurement.c.version, measurement.c.value, measurement.c.quality)
        .where(
            measurement.c.channel_id == number,
            measurement.c.begin.between(first.to_pydatetime(), last.to_pydatetime()),
        )
        .order_by(measurement.c.begin, measurement.c.version)
    )
    return {row.begin: (row.version, row.value, row.quality) for row in rows}  # the last version stays


def measured_values(
    connection: sa.Connection, of_site: int, measured: Measured, first: pd.Timestamp, last: pd.Timestamp
) -> pd.DataFrame:
    """What is in force from `first` to `last`, both included: columns `value`, `quality`, `version`."""
    number = channel_number(connection, of_site, measured.device, measured.quantity.key)
    held = {} if number is None else _in_force(connection, number, first, last)
    return pd.DataFrame(
        {
            "value": [value for _, value, _ in held.values()],
            "quality": [quality for _, _, quality in held.values()],
            "version": [version for version, _, _ in held.values()],
        },
        index=pd.DatetimeIndex(list(held), name="begin"),
    )
