"""Meter readings for billing: energy by month and tariff period, and each month's highest demand."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.errors import InputError
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.tariff.tariff_tables import WEEKDAYS
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.billing.given_prices import LEAST, PURCHASE, GivenMonth, given_by_month

QUARTER = pd.Timedelta(minutes=15)
QUARTER_HOURS = 0.25
QUARTERS_PER_DAY = 96

# the last tariffs that were asked; a study asks one two thousand times
_RECENT: deque[tuple[Tariff, dict[tuple[int, str, str], list[str]]]] = deque(maxlen=8)


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
    meter = quarter_hours(times, import_mw * KW_PER_MW * hours, export_mw * KW_PER_MW * hours, hours)
    quarters = pd.DatetimeIndex(meter.index)
    meter["period"] = "all" if PURCHASE in given else periods_at(quarters, tariff)
    if sold_by_period:
        meter["sold_in"] = periods_at(quarters, tariff)
    least_mw = {f"{quarters[0]:%Y-%m}": earlier_mw, **(later_mw or {})} if LEAST not in given else {}
    # by period, not by formatted text: writing out every time of a year took a quarter of the bill's time
    for name, month in meter.groupby(quarters.to_period("M")):
        peak_kw = month["import_kwh"].max() / QUARTER_HOURS
        yield Month(
            name=str(name),
            number=int(str(name)[5:]),
            import_kwh=_sums(month, "period", "import_kwh"),
            export_kwh=float(month["export_kwh"].sum()),
            peak_kw=float(max(peak_kw, least_mw.get(str(name), 0.0) * KW_PER_MW)),
            whole=len(month) == QUARTERS_PER_DAY * pd.Period(str(name)).days_in_month,
            given=terms[str(name)],
            sold_kwh=_sums(month, "sold_in", "export_kwh") if sold_by_period else {},
            share=len(month) / (QUARTERS_PER_DAY * pd.Period(str(name)).days_in_month),
            peak_kw_by_period=_highest_kw(month, tariff) if peaks_by_period else {},
        )


def _sums(month: pd.DataFrame, period: str, energy: str) -> dict[str, float]:
    """Energy of a month by the periods in a column [kWh]."""
    return {str(name): float(kwh) for name, kwh in month.groupby(period)[energy].sum().items()}


def _highest_kw(month: pd.DataFrame, tariff: Tariff) -> dict[str, float]:
    """The highest quarter-hourly import of a month in each of the tariff's periods [kW]."""
    periods = periods_at(pd.DatetimeIndex(month.index), tariff)
    highest_kwh = month["import_kwh"].groupby(np.array(periods)).max()
    return {str(name): float(kwh / QUARTER_HOURS) for name, kwh in highest_kwh.items()}


def quarter_hours(
    times: pd.DatetimeIndex, import_kwh: NDArray[np.float64], export_kwh: NDArray[np.float64], hours: float
) -> pd.DataFrame:
    """Energy by quarter-hour [kWh]: columns `import_kwh` and `export_kwh`, indexed by start time.

    Raises InputError if an interval straddles quarter-hours.
    """
    length = pd.Timedelta(hours=hours)
    starts, ends = times, times + length
    parts = max(1, round(length / QUARTER))
    inside = (starts.floor(QUARTER) == starts) & (ends.floor(QUARTER) == ends)
    if hours < QUARTER_HOURS:
        inside = ends <= starts.floor(QUARTER) + QUARTER
    if not inside.all():
        raise InputError(
            f"interval of {hours:.15g} h from {times[int((~inside).argmax())]}: must not straddle"
            " quarter-hours"
        )
    booked = [
        pd.DataFrame(
            {"import_kwh": import_kwh / parts, "export_kwh": export_kwh / parts},
            index=(starts + part * QUARTER).floor(QUARTER),
        )
        for part in range(parts)
    ]
    return pd.concat(booked).groupby(level=0).sum()


def periods_at(quarters: pd.DatetimeIndex, tariff: Tariff) -> list[str]:
    """The tariff period of each quarter-hour, from the tariff's tables of clock times.

    Raises InputError for a quarter-hour that the tariff does not price.
    """
    days = quarters.normalize()
    quarter_of_day = (4 * quarters.hour + quarters.minute // 15).tolist()
    classified = _classified(tariff)
    by_weekday = any(len(table.days) < len(WEEKDAYS) for table in tariff.day)
    names: list[str] = []
    for day, count in zip(*np.unique(days, return_counts=True), strict=True):
        on = pd.Timestamp(day).date()
        if not tariff.valid_from <= on <= tariff.valid_to:
            raise InputError(
                f"tariff {tariff.name}: no price on {on}, valid {tariff.valid_from} to {tariff.valid_to}"
            )
        holiday = holiday_on(on, tariff)
        weekday = WEEKDAYS[on.weekday()]
        if holiday and tariff.holidays_as is not None:
            weekday = tariff.holidays_as
        key = (on.month, holiday, weekday if by_weekday else "")
        if key not in classified:
            clocks = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45)]
            classified[key] = [_period(*key, clock, tariff) for clock in clocks]
        first = len(names)
        names += [classified[key][clock] for clock in quarter_of_day[first : first + int(count)]]
    return names


def _classified(tariff: Tariff) -> dict[tuple[int, str, str], list[str]]:
    """Periods of a day's quarter-hours by month, holiday and weekday, as far as this tariff was asked."""
    for known, classified in tuple(_RECENT):
        if known is tariff:
            return classified
    _RECENT.append((tariff, {}))
    return _RECENT[-1][1]


def holiday_on(day: date, tariff: Tariff) -> str:
    """Name of the tariff's holiday on a day; empty on other days."""
    return next((holiday.name for holiday in tariff.holidays if holiday.first <= day <= holiday.last), "")


def _period(month: int, holiday: str, weekday: str, clock: str, tariff: Tariff) -> str:
    """The period at "HH:MM" on a day of `month`; a holiday's table takes precedence over the month's.

    An empty `weekday` stands for all, where no table tells them apart.
    """
    if holiday:
        for table in tariff.holiday_day:
            if (holiday in table.holidays or not table.holidays) and _within(clock, table.hours):
                return table.period
    for month_table in tariff.day:
        if weekday and weekday not in month_table.days:
            continue
        if month in month_table.months and _within(clock, month_table.hours):
            return month_table.period
    if tariff.otherwise is None:
        raise InputError(f"tariff {tariff.name}: {clock} of month {month} belongs to no period")
    return tariff.otherwise


def _within(clock: str, spans: tuple[str, ...]) -> bool:
    """Whether a clock time lies in one of the spans "HH:MM-HH:MM", ends excluded."""
    return any(begin <= clock < end for begin, end in _begins_and_ends(spans))  # "09:00" sorts as text


@lru_cache(maxsize=256)
def _begins_and_ends(spans: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Begin and end of each span as "HH:MM"."""
    return [tuple(part.strip().zfill(5) for part in text.split("-")) for text in spans]
