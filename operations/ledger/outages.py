"""Outages as they are known: of batteries, and of connections to the public grid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.messages.revalidation import with_fields
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_database import next_number
from parkdispatch.operations.ledger.ledger_store import Author, Ledger
from parkdispatch.operations.ledger.ledger_tables import outage
from parkdispatch.operations.ledger.sites import site_of

FIELDS = ("outages", "blackouts")  # of devices that can be out: in part, or as a whole


@dataclass(frozen=True)
class RecordedOutage:
    """An outage of a device from `begin` to `end`, local time; `power_share` is what remains."""

    device: str
    begin: datetime
    end: datetime
    power_share: float = 0.0
    number: int = 0  # in the ledger

    @property
    def fields(self) -> dict[str, Any]:
        """What a device's declaration says of it, without the share that connections do not have."""
        return {"begin": self.begin, "end": self.end, "power_share": self.power_share}


def with_outages(case: Case, outages: Sequence[RecordedOutage]) -> Case:
    """The case with these outages besides its own. Raises InputError with all problems."""
    problems, devices = [], dict(case.devices)
    for item in outages:
        try:
            devices[item.device] = _with_outage(case, devices, item)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return replace(case, devices=devices)


def _with_outage(case: Case, devices: dict[str, Any], item: RecordedOutage) -> Any:
    device = devices.get(item.device)
    able = [name for name, other in devices.items() if set(FIELDS) & set(type(other).model_fields)]
    if device is None or item.device not in able:
        raise InputError(
            f"argument `device` = {item.device}: must be one of {', '.join(able)}, which can be out"
            f"{closest(item.device, able)}"
        )
    field = next(name for name in FIELDS if name in type(device).model_fields)
    fields = item.fields
    if field == "blackouts" and fields.pop("power_share") != 0.0:
        raise InputError(
            f"argument `share` = {item.power_share:.15g}: must be 0, because `device.{item.device}` is out as"
            " a whole or not at all"
        )
    before = [entry.model_dump() for entry in getattr(device, field)]
    return with_fields(device, f"device.{item.device}", {field: [*before, fields]})


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
