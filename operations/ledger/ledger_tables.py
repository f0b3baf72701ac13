"""The tables of the ledger, and the names of the revisions that have led to them.

Rows are added and never changed or removed. What replaces a row has the next version and its own author, so
that what was known at any time can be read again. Moments of `recorded_at` are in UTC; `begin` and `day` are
local standard time of the site, stamps being starts of intervals. Numbers of rows are given here, not by the
database, so that a write that is repeated after a power cut makes the same rows.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

REVISIONS = (
    "measurements_and_plans",
    "settlements",
)  # the oldest first; each is a file in `migrations/versions`

metadata = MetaData()


def _recorded() -> tuple[Column[object], Column[object]]:
    """When a row was written [UTC], and who had it written."""
    return Column("recorded_at", DateTime, nullable=False), Column("recorded_by", Text, nullable=False)


# one row: who made the ledger
ledger_row = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("program", Text, nullable=False),  # version that made the ledger
    *_recorded(),
)
site = Table(
    "site",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(200), nullable=False, unique=True),  # of the case
    Column("timezone", Text, nullable=False),
    Column("minutes", Integer, nullable=False),  # of an interval
    *_recorded(),
)
tariff = Table(
    "tariff",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=False),
    Column("content", Text, nullable=False),  # JSON
    *_recorded(),
    UniqueConstraint("site_id", "sha256"),
)
channel = Table(
    "channel",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("device", String(200), nullable=False),
    Column("quantity", String(100), nullable=False),  # its unit at the end, such as demand_mw
    *_recorded(),
    UniqueConstraint("site_id", "device", "quantity"),
)
# one file, or one value that a person typed, as it came to one channel
delivery = Table(
    "delivery",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("channel_id", ForeignKey("channel.id"), nullable=False),
    Column("source", Text, nullable=False),  # name of the file
    Column("sha256", String(64), nullable=False),  # of its bytes
    Column("source_column", String(200), nullable=False),  # of the file; empty: its only one
    Column("quality", String(20), nullable=False),
    Column("intervals", Integer, nullable=False),
    Column("added", Integer, nullable=False),  # of these, not there before
    Column("corrected", Integer, nullable=False),  # of these, there with another value
    *_recorded(),
    UniqueConstraint("channel_id", "sha256", "source_column", "quality"),
)
measurement = Table(
    "measurement",
    metadata,
    Column("channel_id", ForeignKey("channel.id"), primary_key=True),
    Column("begin", DateTime, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),  # the highest is in force
    Column("value", Double, nullable=False),
    Column("quality", String(20), nullable=False),
    Column("delivery_id", ForeignKey("delivery.id"), nullable=False),
)
outage = Table(
    "outage",
    metadata,
    Column("site_id", ForeignKey("site.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("device", Text, nullable=False),
    Column("begin", DateTime, nullable=False),
    Column("end", DateTime, nullable=False),
    Column("power_share", Double, nullable=False),  # that remains
    Column("withdrawn", Boolean, nullable=False),
    *_recorded(),
)
forecast = Table(
    "forecast",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("channel_id", ForeignKey("channel.id"), nullable=False),
    Column("sha256", String(64), nullable=False),  # of times and values
    *_recorded(),
    UniqueConstraint("channel_id", "sha256"),
)
forecast_value = Table(
    "forecast_value",
    metadata,
    Column("forecast_id", ForeignKey("forecast.id"), primary_key=True),
    Column("begin", DateTime, primary_key=True),
    Column("value", Double, nullable=False),
)
plan = Table(
    "plan",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("day", Date, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),  # of what it says
    Column("case_sha256", String(64), nullable=False),
    Column("variant", Text, nullable=False),
    Column("tariff_id", ForeignKey("tariff.id"), nullable=False),
    Column("cost_yuan", Double, nullable=False),
    Column("gap", Double, nullable=False),
    Column("basis", Text, nullable=False),  # JSON: what it was made from
    *_recorded(),
    UniqueConstraint("site_id", "day", "version"),
)
plan_value = Table(
    "plan_value",
    metadata,
    Column("plan_id", ForeignKey("plan.id"), primary_key=True),
    Column("device", String(200), primary_key=True),
    Column("quantity", String(100), primary_key=True),
    Column("begin", DateTime, primary_key=True),
    Column("value", Double, nullable=False),
)
plan_forecast = Table(
    "plan_forecast",
    metadata,
    Column("plan_id", ForeignKey("plan.id"), primary_key=True),
    Column("forecast_id", ForeignKey("forecast.id"), primary_key=True),
)
# which version went to the devices, again and again if it was changed during the day
sending = Table(
    "sending",
    metadata,
    Column("site_id", Integer, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    *_recorded(),
    ForeignKeyConstraint(["site_id", "day", "version"], ["plan.site_id", "plan.day", "plan.version"]),
)
settlement = Table(
    "settlement",
    metadata,
    Column("site_id", ForeignKey("site.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("inputs_sha256", String(64), nullable=False),  # of all that it was made from
    Column("lost_yuan", Double, nullable=False),  # against perfect foresight
    Column("content", Text, nullable=False),  # JSON, as summary.json
    *_recorded(),
)
