"""Meter readings for billing: energy by month and tariff period, and each month's highest demand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.calendar.quarter_hours import QUARTERS_PER_DAY
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.billing.given_prices import LEAST, PURCHASE, GivenMonth, given_by_month
from parkdispatch.results.billing.meter_calendar import (
    QUARTER_HOURS,
    MeterCalendar,
    Numbered,
    meter_calendar,
)


@dataclass(frozen=True)
class Month:
    """The meter reading of one month: energy by period, and highest demand.

    Where the purchase price is a series, energy is of no period of the tariff: all of it is under "all".
    """

    name: str
    number: int  # 1 is January
    import_kwh: dict[str, float]  # by period
    export_kwh: float
    peak_kw: float  # highest 15-minute average of import
    whole: bool = True  # whether the month is metered completely
    given: GivenMonth = field(default_factory=GivenMonth)  # by series of the user, not the tariff
    sold_kwh: dict[str, float] = field(default_factory=dict)  # by period, where sale prices go by it
    certain_full_use: bool = False  # full use was certain before the dispatch, and priced in it
    share: float = 1.0  # [-] of the month that is metered
    peak_kw_by_period: dict[str, float] = field(default_factory=dict)  # likewise, in each period

    @property
    def days(self) -> int:
        """Days of the calendar month."""
        return int(pd.Period(self.name).days_in_month)

    @property
    def bought_kwh(self) -> float:
        """Purchased energy [kWh]."""
        return sum(self.import_kwh.values())


def months(
    times: pd.DatetimeIndex,
    import_mw: NDArray[np.float64],
    export_mw: NDArray[np.float64],
    hours: float,
    tariff: Tariff,
    earlier_mw: float = 0.0,
    given: Mapping[str, NDArray[np.float64]] | None = None,
    sold_by_period: bool = False,
    later_mw: Mapping[str, float] | None = None,
    *,
    peaks_by_period: bool = False,
) -> Iterator[Month]:
    """The monthly readings of import and export [MW], (intervals,), in intervals of `hours` from `times`.

    `earlier_mw` is the highest demand of the first month before `times`, `later_mw` what is paid for anyway
    in other months ("2026-08"); `given` are the connection's series of the user.
    Raises InputError if an interval straddles quarter-hours or the tariff does not cover it.
    """
    given = given or {}
    terms = given_by_month(times, import_mw, export_mw, hours, given)
    calendar = meter_calendar(times, hours, tariff)
    import_kwh = calendar.booked(import_mw * KW_PER_MW * hours)
    export_kwh = calendar.booked(export_mw * KW_PER_MW * hours)
    one_price = Numbered(["all"], np.zeros(len(import_kwh), dtype=np.intp))
    bought_kwh = _sums(import_kwh, calendar, one_price if PURCHASE in given else calendar.periods)
    sold_kwh = _sums(export_kwh, calendar, calendar.periods) if sold_by_period else None
    highest_kw = _highest_kw(import_kwh, calendar) if peaks_by_period else None
    names, starts = calendar.months.names, calendar.month_starts
    least_mw = {names[0]: earlier_mw, **(later_mw or {})} if LEAST not in given else {}
    for number, name in enumerate(names):
        inside = slice(starts[number], starts[number + 1])
        count, most = inside.stop - inside.start, QUARTERS_PER_DAY * pd.Period(name).days_in_month
        peak_kw = import_kwh[inside].max() / QUARTER_HOURS
        yield Month(
            name=name,
            number=int(name[5:]),
            import_kwh=bought_kwh[number],
            export_kwh=float(export_kwh[inside].sum()),
            peak_kw=float(max(peak_kw, least_mw.get(name, 0.0) * KW_PER_MW)),
            whole=bool(count == most),
            given=terms[name],
            sold_kwh=sold_kwh[number] if sold_kwh else {},
            share=float(count / most),
            peak_kw_by_period=highest_kw[number] if highest_kw else {},
        )


def _sums(kwh: NDArray[np.float64], calendar: MeterCalendar, periods: Numbered) -> list[dict[str, float]]:
    """Energy of each month by period [kWh]."""
    return _by_month_and_period(_grouped(kwh, calendar, periods).sum(), calendar, periods)


def _highest_kw(import_kwh: NDArray[np.float64], calendar: MeterCalendar) -> list[dict[str, float]]:
    """The highest quarter-hourly import of each month in each of the tariff's periods [kW]."""
    highest_kwh = _grouped(import_kwh, calendar, calendar.periods).max()
    return _by_month_and_period(highest_kwh / QUARTER_HOURS, calendar, calendar.periods)


def _grouped(kwh: NDArray[np.float64], calendar: MeterCalendar, periods: Numbered) -> Any:
    """Energy of quarter-hours grouped by month and period, both as one number."""
    return pd.Series(kwh).groupby(calendar.months.number * len(periods.names) + periods.number)


def _by_month_and_period(
    values: "pd.Series[float]", calendar: MeterCalendar, periods: Numbered
) -> list[dict[str, float]]:
    """What was computed of groups as of `_grouped`, for each month by period."""
    by_month: list[dict[str, float]] = [{} for _ in calendar.months.names]
    for group, value in zip(values.index.tolist(), values.tolist(), strict=True):
        month, period = divmod(group, len(periods.names))
        by_month[month][periods.names[period]] = value
    return by_month
