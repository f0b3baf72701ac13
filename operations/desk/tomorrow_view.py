"""Tomorrow: the forecasts with their bands as they were issued, and the plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import sqlalchemy as sa

from parkdispatch.operations.desk.day_power import DayPower, PowerKind, day_powers
from parkdispatch.operations.desk.desk_plan import DeskPlan, plan_of_day
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.desk.set_point_blocks import SetPointBlock, set_point_blocks
from parkdispatch.operations.ledger.forecast_bands import ForecastBand, band_of_day
from parkdispatch.operations.ledger.measurements import measured_values
from parkdispatch.operations.ledger.quantities import Measured, devices_with
from parkdispatch.operations.ledger.sites import KnownSite, site_of

FORECAST_KINDS: tuple[PowerKind, ...] = ("load", "pv", "wind")


@dataclass(frozen=True)
class TomorrowView:
    """The day after today at the site. `history_days` of load are measured; forecasts need many."""

    day: date
    times: pd.DatetimeIndex
    plan: DeskPlan | None
    powers: tuple[DayPower, ...]
    bands: Mapping[PowerKind, ForecastBand]  # by kind, of kinds with one device
    blocks: tuple[SetPointBlock, ...]
    history_days: int


def tomorrow_view(desk: DeskSite) -> TomorrowView:
    """What the page of tomorrow shows. Raises InputError where the ledger does not know the site."""
    day = desk.today + timedelta(days=1)
    times = intervals_of(desk, day)
    with desk.ledger.reading() as connection:
        of_site = site_of(connection, desk.case)
        plan = plan_of_day(connection, of_site, desk, day)
        powers = day_powers(connection, of_site, desk.case, plan, times)
        bands: dict[PowerKind, ForecastBand] = {}
        for kind in FORECAST_KINDS:
            devices = devices_with(desk.case, kind)
            if len(devices) == 1:
                band = band_of_day(connection, of_site, Measured(kind, devices[0]), times)
                bands |= {} if band is None else {kind: band}
        days = _history_days(connection, of_site, desk)
    blocks = () if plan is None else set_point_blocks(plan.values, list(desk.case.batteries), times)
    return TomorrowView(day, times, plan, powers, bands, tuple(blocks), days)


def intervals_of(desk: DeskSite, day: date) -> pd.DatetimeIndex:
    """The starts of a day's intervals."""
    begin = pd.Timestamp(day)
    return pd.date_range(begin, begin + pd.Timedelta(days=1), freq=desk.step, inclusive="left")


def _history_days(connection: sa.Connection, of_site: KnownSite, desk: DeskSite) -> int:
    """How many days of the load are measured."""
    devices = devices_with(desk.case, "load")
    if not devices:
        return 0
    begin = desk.now - pd.Timedelta(days=366)
    held = measured_values(connection, of_site.number, Measured("load", devices[0]), begin, desk.now)
    return len(np.unique(pd.DatetimeIndex(held.index).date))
