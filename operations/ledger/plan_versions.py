"""Plans by version, and which of them was sent: both are only ever added to."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import sqlalchemy as sa
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_database import next_number
from parkdispatch.operations.ledger.ledger_store import Author, Ledger
from parkdispatch.operations.ledger.ledger_tables import (
    forecast,
    forecast_value,
    plan,
    plan_forecast,
    plan_value,
    sending,
)
from parkdispatch.operations.ledger.measurements import BATCH
from parkdispatch.operations.ledger.sites import added_channel, site_of, tariff_number
from parkdispatch.results.solution import device_of, dispatch_table, key_of, of_kind

FORECAST_ROLES = ("load", "source")  # of devices whose series are forecasts


@dataclass(frozen=True)
class Sending:
    """That a version of a day's plan was sent; `at` is in UTC."""

    number: int
    version: int
    by: str
    at: datetime


@dataclass(frozen=True)
class PlanVersion:
    """A version of a day's plan; `at` is in UTC."""

    version: int
    by: str
    at: datetime
    cost_yuan: float
    gap: float
    case_sha256: str
    basis: Mapping[str, Any]


def add_plan(
    ledger: Ledger,
    case: Case,
    solution: xr.Dataset,
    author: Author,
    basis: Mapping[str, Any],
    after: int | None = None,
) -> tuple[int, bool]:
    """Record a plan with its forecasts as the next version of its day. Returns the version, and if it is new.

    A plan that says what the day's last version says is that version. `basis` is what else it was made from.
    `after`: the version that the author knows as the last, 0 for none; InputError where there is another.
    """
    table = dispatch_table(solution)
    day = pd.DatetimeIndex(table.index)[0].date()
    owners = {str(name): (device_of(solution, str(name)), key_of(solution, str(name))) for name in table}
    basis_text = json.dumps(basis, sort_keys=True, ensure_ascii=False)
    digest = _digest(table, json.dumps(sorted(owners.items())), basis_text, case.sha256, case.variant)
    with ledger.writing() as connection:
        of_site = site_of(connection, case).number
        of_day = (plan.c.site_id == of_site, plan.c.day == day)
        last = connection.execute(
            sa.select(plan.c.version, plan.c.sha256).where(*of_day).order_by(plan.c.version.desc())
        ).first()
        if last is not None and last.sha256 == digest:
            return last.version, False
        known = 0 if last is None else last.version
        if after is not None and after != known:
            raise InputError(
                f"argument `after` = {after}: must be {known}, the last version of {day}, which was recorded"
                " meanwhile"
            )
        version, number = known + 1, next_number(connection, plan.c.id)
        tariff_id, _ = tariff_number(connection, of_site, case, author)
        connection.execute(
            plan.insert().values(
                id=number,
                site_id=of_site,
                day=day,
                version=version,
                sha256=digest,
                case_sha256=case.sha256,
                variant=case.variant,
                tariff_id=tariff_id,
                cost_yuan=float(solution.attrs["objective_yuan"]),
                gap=float(solution.attrs["gap"]),
                basis=basis_text,
                **author.columns,
            )
        )
        rows = [
            {"plan_id": number, "device": device, "quantity": key, "begin": begin, "value": value}
            for name, (device, key) in owners.items()
            for begin, value in zip(_starts(table.index), table[name].tolist(), strict=True)
            if np.isfinite(value)
        ]
        for first in range(0, len(rows), BATCH):
            connection.execute(plan_value.insert(), rows[first : first + BATCH])
        for name in of_kind(solution, "series"):
            device, key = owners[name]
            if case.devices[device].role in FORECAST_ROLES:
                channel_id = added_channel(connection, of_site, device, key, author)
                forecast_id = added_forecast(connection, channel_id, table[name], author)
                connection.execute(plan_forecast.insert().values(plan_id=number, forecast_id=forecast_id))
        return version, True


def added_forecast(connection: sa.Connection, channel_id: int, values: pd.Series, author: Author) -> int:
    """The number of a forecast; the same forecast of two plans is recorded once, as it was first issued."""
    digest = _digest(values.to_frame())
    number: int | None = connection.execute(
        sa.select(forecast.c.id).where(forecast.c.channel_id == channel_id, forecast.c.sha256 == digest)
    ).scalar()
    if number is not None:
        return number
    number = next_number(connection, forecast.c.id)
    connection.execute(
        forecast.insert().values(id=number, channel_id=channel_id, sha256=digest, **author.columns)
    )
    rows = [
        {"forecast_id": number, "begin": begin, "value": value}
        for begin, value in zip(_starts(values.index), values.tolist(), strict=True)
    ]
    connection.execute(forecast_value.insert(), rows)
    return number


def send_plan(
    ledger: Ledger, case: Case, day: date, version: int, author: Author, instead_of: int | None = None
) -> tuple[Sending, bool]:
    """Say that a version was sent. Returns the sending, and whether it is new.

    Where another version was sent before, `instead_of` must name it: who knows of no other, or of an older
    one, is told. Raises InputError for that, and for a version that is not there.
    """
    with ledger.writing() as connection:
        of_site = site_of(connection, case).number
        known = [item.version for item in plan_versions(connection, of_site, day)]
        if version not in known:
            there = ", ".join(map(str, known)) or "none"
            raise InputError(
                f"argument `version` = {version}: must be a version of the plan for {day}: {there}"
            )
        sent = sendings(connection, of_site, day)
        last = sent[-1] if sent else None
        if last is not None and last.version == version and instead_of in (None, version):
            return last, False
        expected = None if last is None else last.version
        if instead_of != expected:
            if last is None:
                raise InputError(
                    f"argument `instead_of` = {instead_of}: must be left out, none was sent for {day}"
                )
            raise InputError(
                f"argument `version` = {version}: version {last.version} of {day} was sent by {last.by} at"
                f" {last.at:%Y-%m-%d %H:%M} UTC: argument `instead_of` must be {last.version} to replace it"
            )
        number = 1 if last is None else last.number + 1
        connection.execute(
            sending.insert().values(
                site_id=of_site, day=day, number=number, version=version, **author.columns
            )
        )
        return Sending(number, version, author.name, author.columns["recorded_at"]), True


def plan_versions(connection: sa.Connection, of_site: int, day: date) -> list[PlanVersion]:
    """The versions of a day's plan, the oldest first."""
    rows = connection.execute(
        sa.select(plan).where(plan.c.site_id == of_site, plan.c.day == day).order_by(plan.c.version)
    )
    return [
        PlanVersion(
            row.version,
            row.recorded_by,
            row.recorded_at,
            row.cost_yuan,
            row.gap,
            row.case_sha256,
            json.loads(row.basis),
        )
        for row in rows
    ]


def sendings(connection: sa.Connection, of_site: int, day: date) -> list[Sending]:
    """What was sent for a day, in order."""
    rows = connection.execute(
        sa.select(sending)
        .where(sending.c.site_id == of_site, sending.c.day == day)
        .order_by(sending.c.number)
    )
    return [Sending(row.number, row.version, row.recorded_by, row.recorded_at) for row in rows]


def sent_values(connection: sa.Connection, of_site: int, day: date, timezone: str) -> pd.DataFrame:
    """What the devices were to do on a day, by the plans that were sent: columns (device, quantity).

    A plan that was sent during the day counts from then on; one of the day before as far as it goes. Empty
    where none was sent.
    """
    first, after = pd.Timestamp(day), pd.Timestamp(day) + timedelta(days=1)
    result = pd.DataFrame()
    for plan_day in (day - timedelta(days=1), day):
        for number, item in enumerate(sendings(connection, of_site, plan_day)):
            values = version_values(connection, of_site, plan_day, item.version)
            values = values[(values.index >= first) & (values.index < after)]
            local = pd.Timestamp(item.at, tz=UTC).tz_convert(ZoneInfo(timezone)).tz_localize(None)
            if number or not result.empty:
                values = values[values.index >= local]
            result = values.combine_first(result) if not result.empty else values
    return result


def version_values(connection: sa.Connection, of_site: int, day: date, version: int) -> pd.DataFrame:
    """All values of a version by interval, columns (device, quantity)."""
    number = sa.select(plan.c.id).where(
        plan.c.site_id == of_site, plan.c.day == day, plan.c.version == version
    )
    rows = connection.execute(
        sa.select(plan_value.c.device, plan_value.c.quantity, plan_value.c.begin, plan_value.c.value).where(
            plan_value.c.plan_id == number.scalar_subquery()
        )
    )
    table = pd.DataFrame(rows.all(), columns=["device", "quantity", "begin", "value"])
    return table.pivot_table("value", "begin", ["device", "quantity"], sort=True)


def _starts(index: pd.Index) -> list[datetime]:
    return list(pd.DatetimeIndex(index).to_pydatetime())


def _digest(table: pd.DataFrame, *texts: str) -> str:
    """SHA-256 of a table's times, columns and values to the bit, and of further texts."""
    digest = hashlib.sha256("\n".join([*map(str, table.columns), *map(str, table.index), *texts]).encode())
    digest.update(np.ascontiguousarray(table.to_numpy(dtype="<f8")).tobytes())
    return digest.hexdigest()
