"""A year of a metered power: by hour of each day, and sorted as a load-duration curve."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import sqlalchemy as sa

from parkdispatch.models.device import Array
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.ledger.ledger_tables import channel, measurement
from parkdispatch.operations.ledger.measurements import measured_values
from parkdispatch.operations.ledger.quantities import Measured, devices_with
from parkdispatch.operations.ledger.sites import KnownSite, site_of

HOURS = 24
CURVE_POINTS = 500
YEAR_KINDS = ("import", "load", "pv", "wind", "export")


@dataclass(frozen=True)
class YearView:
    """A power over a year [MW]. `hourly_mw` has shape (days of the year, 24), NaN where it is not metered."""

    kind: str
    year: int
    years: tuple[int, ...]  # of which anything is metered
    kinds: tuple[str, ...]  # that may be shown
    hourly_mw: Array
    curve_hours: Array  # of the load-duration curve, ascending
    curve_mw: Array  # descending
    metered_hours: float
    energy_mwh: float
    highest_mw: float
    highest_at: pd.Timestamp | None
    mean_mw: float


def year_view(desk: DeskSite, kind: str = "import", year: int | None = None) -> YearView:
    """A kind's power in a year; the last year with values unless one is named that has some.

    Raises InputError where the ledger does not know the site.
    """
    kinds = tuple(name for name in YEAR_KINDS if devices_with(desk.case, name))
    shown = kind if kind in kinds else kinds[0]
    with desk.ledger.reading() as connection:
        of_site = site_of(connection, desk.case)
        years = _years(connection, of_site)
        chosen = year if year in years else (years[-1] if years else desk.today.year)
        power_mw = _power_mw(connection, of_site, desk, shown, chosen)
    hours = desk.step / pd.Timedelta(hours=1)
    known = power_mw.dropna()
    values = np.sort(known.to_numpy(dtype=np.float64))[::-1]
    points = np.unique(np.linspace(0, len(values) - 1, min(len(values), CURVE_POINTS)).round().astype(int))
    days = pd.date_range(f"{chosen}-01-01", f"{chosen}-12-31", freq="D")
    mean = known.groupby([known.index.normalize(), known.index.hour]).mean().unstack()  # type: ignore[attr-defined]
    hourly = mean.reindex(index=days, columns=range(HOURS)) if len(known) else None
    return YearView(
        shown,
        chosen,
        years,
        kinds,
        np.full((len(days), HOURS), np.nan) if hourly is None else hourly.to_numpy(dtype=np.float64),
        (points + 1) * hours if len(values) else np.empty(0),
        values[points] if len(values) else np.empty(0),
        len(values) * hours,
        float(values.sum() * hours),
        float(values[0]) if len(values) else 0.0,
        pd.Timestamp(str(known.idxmax())) if len(known) else None,
        float(values.mean()) if len(values) else 0.0,
    )


def _years(connection: sa.Connection, of_site: KnownSite) -> tuple[int, ...]:
    first, last = connection.execute(
        sa.select(sa.func.min(measurement.c.begin), sa.func.max(measurement.c.begin))
        .join(channel, channel.c.id == measurement.c.channel_id)
        .where(channel.c.site_id == of_site.number)
    ).one()
    return () if first is None else tuple(range(first.year, last.year + 1))


def _power_mw(
    connection: sa.Connection, of_site: KnownSite, desk: DeskSite, kind: str, year: int
) -> pd.Series:
    """The sum of a kind's devices by interval [MW], NaN where one of them is not metered."""
    first = pd.Timestamp(year, 1, 1)
    last = pd.Timestamp(year + 1, 1, 1) - desk.step
    held = [
        measured_values(connection, of_site.number, Measured(kind, device), first, last)["value"]
        for device in devices_with(desk.case, kind)
    ]
    table = pd.concat([values for values in held if len(values)], axis=1) if any(map(len, held)) else None
    if table is None:
        return pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    return table.sum(axis=1, min_count=len(held))
