"""Forecasts with quantiles in the ledger: each quantile is a channel of its own, and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.operations.ledger.ledger_store import Author, Ledger
from parkdispatch.operations.ledger.ledger_tables import forecast, forecast_value
from parkdispatch.operations.ledger.plan_versions import added_forecast
from parkdispatch.operations.ledger.quantities import Measured, measured_quantity
from parkdispatch.operations.ledger.sites import KnownSite, added_channel, channel_number, site_of

QUANTILE_COLUMNS = ("p10", "p50", "p90")


@dataclass(frozen=True)
class ForecastBand:
    """A forecast of a day as it was issued [MW], each quantile of shape (intervals,); `at` is in UTC."""

    by: str
    at: datetime
    quantiles_mw: Mapping[str, Array]  # by QUANTILE_COLUMNS


def add_bands(ledger: Ledger, case: Case, tables: Mapping[str, pd.DataFrame], author: Author) -> list[str]:
    """Record forecasts by kind (load, pv, wind), columns p10, p50, p90 [MW]; returns what they are of.

    The same forecast twice is recorded once, as it was first issued. Raises InputError where the case has no
    device of a kind, or several.
    """
    named = {kind: measured_quantity(case, kind) for kind in tables}
    with ledger.writing() as connection:
        of_site = site_of(connection, case).number
        for kind, table in tables.items():
            of = named[kind]
            for column in QUANTILE_COLUMNS:
                number = added_channel(connection, of_site, of.device, _key(of, column), author)
                added_forecast(connection, number, table[column], author)
    return [of.text for of in named.values()]


def band_of_day(
    connection: sa.Connection, of_site: KnownSite, of: Measured, times: pd.DatetimeIndex
) -> ForecastBand | None:
    """The forecast with quantiles that was issued last for a day; None where there is none of all of it."""
    quantiles: dict[str, Array] = {}
    last = None
    for column in QUANTILE_COLUMNS:
        number = channel_number(connection, of_site.number, of.device, _key(of, column))
        row = None if number is None else _last_of(connection, number, times[0].date())
        if row is None:
            return None
        columns = sa.select(forecast_value.c.begin, forecast_value.c.value)
        values = connection.execute(columns.where(forecast_value.c.forecast_id == row.id))
        by_begin = {item.begin: item.value for item in values}
        quantiles[column] = np.array([by_begin.get(begin, np.nan) for begin in times.to_pydatetime()])
        last = row
    if last is None or any(np.isnan(values).any() for values in quantiles.values()):
        return None
    return ForecastBand(last.recorded_by, last.recorded_at, quantiles)


def _key(of: Measured, column: str) -> str:
    """The quantity under which a quantile is kept: `demand_p10_mw`."""
    return of.quantity.key.removesuffix("_mw") + f"_{column}_mw"


def _last_of(connection: sa.Connection, channel_id: int, day: date) -> Any:
    """The row of the forecast of a channel that was issued last for a day; None where there is none."""
    begin = datetime.combine(day, datetime.min.time())
    here = sa.and_(forecast_value.c.begin >= begin, forecast_value.c.begin < begin + timedelta(days=1))
    return connection.execute(
        sa.select(forecast.c.id, forecast.c.recorded_by, forecast.c.recorded_at)
        .where(
            forecast.c.channel_id == channel_id,
            sa.exists().where(forecast_value.c.forecast_id == forecast.c.id, here),
        )
        .order_by(forecast.c.id.desc())
        .limit(1)
    ).first()
