"""Time-of-use tariffs: what a kilowatt-hour bought at an instant costs, and a kilowatt of demand.

    energy price = purchased energy x period ratio + line loss + transmission and distribution
                   + system operation + government funds                              [yuan/kWh]

Only the purchased energy is multiplied by the period's ratio; the other parts are the same in every
hour. This is the law of Jiangxi's notice 463 of 2025; a tariff without such parts sets them to zero.
A day is 96 quarter-hours, because Chinese tariffs and meters change on quarter-hours only.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator

from parkdispatch.models.errors import InputError
from parkdispatch.models.quarter_hours import (
    QUARTERS_PER_DAY,
    overlapping_spans,
    quarter_span,
    quarters_per_interval,
    unnamed_spans,
)
from parkdispatch.models.tariff.demand_rules import DemandRules, PowerFactorRule
from parkdispatch.models.tariff.tariff_tables import (
    PERIODS,
    Day,
    DayTable,
    Declaration,
    Holiday,
    HolidayTable,
    Monthly,
    Name,
    NonNegative,
    NonNegativeMonthly,
    Period,
    Scheme,
    VoltageLevel,
    listed,
)

T = TypeVar("T")
NO_OVERRIDE = -1  # a quarter-hour that a holiday leaves to the ordinary day table


class UnpricedError(InputError):
    """Days are asked for that a tariff does not cover; no device is at fault."""


class Tariff(Declaration):
    """A time-of-use tariff as published, valid from the first to the last day of its validity.

    Times are naive local starts of intervals. Every quarter-hour of the validity belongs to exactly
    one period: overlapping day tables, months without a table and hours nobody names are refused.
    """

    name: Name
    title: str = ""
    sources: tuple[str, ...] = ()
    valid_from: Day
    valid_to: Day  # included
    purchase_price_yuan_per_kwh: Monthly  # flat-period price of purchased energy; the only floating part
    line_loss_rate: Annotated[float, Field(ge=0, lt=1)] = 0.0  # [-] of the flat purchased-energy price
    system_operation_yuan_per_kwh: Monthly = (0.0,) * 12  # may be negative: some months pay back
    government_funds_yuan_per_kwh: NonNegativeMonthly = (0.0,) * 12
    voltages: Annotated[dict[Name, VoltageLevel], Field(min_length=1)]
    ratios: dict[Period, NonNegative]  # [-] price of purchased energy relative to the flat period
    otherwise: Period | None = None  # every hour that no day table names; none: all hours must be named
    day: Annotated[tuple[DayTable, ...], Field(min_length=1)]
    holidays: tuple[Holiday, ...] = ()
    holiday_day: tuple[HolidayTable, ...] = ()
    demand_rules: DemandRules | None = None  # none: demand and capacity have their prices and no more rules
    power_factor: PowerFactorRule | None = None  # none: the power factor adds nothing

    @field_validator("valid_to")
    @classmethod
    def _validity(cls, valid_to: date, info: ValidationInfo) -> date:
        if (valid_from := info.data.get("valid_from")) is not None and valid_to < valid_from:
            raise ValueError(f"must not lie before `valid_from`, {valid_from}")
        return valid_to

    @field_validator(
        "purchase_price_yuan_per_kwh",
        "system_operation_yuan_per_kwh",
        "government_funds_yuan_per_kwh",
        mode="before",
    )
    @classmethod
    def _priced(cls, value: Any, info: ValidationInfo) -> Any:
        """Prices by month, `{ 3 = 0.41, 4 = 0.40 }`, must name every month of the validity."""
        if not isinstance(value, Mapping):
            return value
        months = {str(month): month for month in range(1, 13)}
        if unknown := [key for key in value if key not in months]:
            raise ValueError(f"month {listed(unknown)}: must be 1 to 12")
        needed = _months(info) if {"valid_from", "valid_to"} <= info.data.keys() else set()
        if missing := [month for key, month in months.items() if month in needed and key not in value]:
            raise ValueError(f"month {listed(missing)} of the validity has no price, must have one")
        return [value.get(key, 0.0) for key in months]  # a month outside the validity is never asked for

    @field_validator("day")
    @classmethod
    def _covered_once(cls, day: tuple[DayTable, ...], info: ValidationInfo) -> tuple[DayTable, ...]:
        problems = list(overlapping_spans([(table.months, table.hours) for table in day], "day", "month"))
        problems += _missing_ratios([*(table.period for table in day), info.data.get("otherwise")], info)
        if {"valid_from", "valid_to"} <= info.data.keys():
            named = {m for table in day for m in table.months}
            if missing := _months(info) - named:
                problems.append(
                    f"month {listed(sorted(missing))} of the validity has no table; a month of one period"
                    ' all day still needs its line with hours = ["00:00-24:00"]'
                )
            if info.data.get("otherwise", "") is None:
                problems += _gaps(day, _months(info) & named)
        return _unless(problems, day)

    @field_validator("holidays")
    @classmethod
    def _inside(cls, holidays: tuple[Holiday, ...], info: ValidationInfo) -> tuple[Holiday, ...]:
        problems = []
        first, last = info.data.get("valid_from", date.min), info.data.get("valid_to", date.max)
        for i, holiday in enumerate(holidays):
            if holiday.first < first or holiday.last > last:
                problems.append(
                    f"holidays[{i}] = '{holiday.name}', {holiday.first} to {holiday.last}:"
                    f" must lie inside the validity, {first} to {last}"
                )
            for j, other in enumerate(holidays[:i]):
                if holiday.first <= other.last and other.first <= holiday.last:
                    problems.append(
                        f"holidays[{i}] = '{holiday.name}' overlaps holidays[{j}] = '{other.name}'"
                    )
                if holiday.name == other.name and holiday.first.year == other.first.year:
                    problems.append(f"holidays[{i}] = '{holiday.name}': the name is taken by holidays[{j}]")
        return _unless(problems, holidays)

    @field_validator("holiday_day")
    @classmethod
    def _known(cls, tables: tuple[HolidayTable, ...], info: ValidationInfo) -> tuple[HolidayTable, ...]:
        problems = _missing_ratios([table.period for table in tables], info)
        if "holidays" in info.data:
            names = list(dict.fromkeys(holiday.name for holiday in info.data["holidays"]))
            for i, table in enumerate(tables):
                problems += [
                    f"holiday_day[{i}].holidays = '{name}': must be a name in `holidays`: {listed(names)}"
                    for name in table.holidays
                    if name not in names
                ]
            spans = [(table.holidays or names, table.hours) for table in tables]
            problems += overlapping_spans(spans, "holiday_day", "holiday")
        return _unless(problems, tables)

    def unpriced(self, first: date, last: date) -> list[str]:
        """What to say if some of the days from `first` to `last` have no price; nothing if all have."""
        day = timedelta(days=1)
        parts = [
            (first, min(last, self.valid_from - day)),
            (max(first, self.valid_to + day), last),
        ]
        spans = [(begin, end) for begin, end in parts if begin <= end]
        if not spans:
            return []
        count, days = sum((end - begin).days + 1 for begin, end in spans), (last - first).days + 1
        shown = [f"{begin} to {end}" if begin < end else f"{begin}" for begin, end in spans]
        return [
            f"`tariff` = '{self.name}': has no price on {count} of {days} days, {' and '.join(shown)};"
            f" valid from {self.valid_from} to {self.valid_to}, must cover them"
        ]

    def holiday_on(self, day: date) -> bool:
        """Whether a day is one of the tariff's holidays."""
        return any(holiday.first <= day <= holiday.last for holiday in self.holidays)

    def period(self, times: pd.DatetimeIndex) -> NDArray[np.str_]:
        """Period names at the instants `times`, shape (times,).

        Raises InputError if a time lies outside the validity.
        """
        return np.asarray(np.array(PERIODS)[self._codes(times)])

    def energy_price_yuan_per_kwh(
        self, times: pd.DatetimeIndex, voltage: str, scheme: Scheme, hours: float = 0.25
    ) -> NDArray[np.float64]:
        """Price of energy bought in intervals of `hours` that start at `times` [yuan/kWh], shape (times,).

        An interval longer than a quarter-hour gets the mean of its quarter-hours, which is exact for
        constant power. Raises InputError for an unknown voltage or scheme, for intervals that straddle
        quarter-hours and for times outside the validity.
        """
        transmission = self.level(voltage).transmission_yuan_per_kwh(scheme)
        if transmission is None:
            raise InputError(f"`scheme` = '{scheme}': tariff {self.name} has no such price at {voltage}")
        pieces = quarters_per_interval(times, hours)
        starts = times
        if pieces > 1:
            starts = times.repeat(pieces) + pd.to_timedelta(
                15 * np.tile(np.arange(pieces), len(times)), "min"
            )
        ratio = np.array([self.ratios.get(period, np.nan) for period in PERIODS])[self._codes(starts)]
        month = starts.month.to_numpy() - 1
        base = np.array(self.purchase_price_yuan_per_kwh)[month]
        monthly = np.array(self.system_operation_yuan_per_kwh) + np.array(self.government_funds_yuan_per_kwh)
        price = base * (ratio + self.line_loss_rate) + monthly[month] + transmission
        return np.asarray(price.reshape(len(times), pieces).mean(axis=1))

    def demand_price_yuan_per_kw_month(self, voltage: str) -> float:
        """Price of the month's highest 15-minute average import [yuan per kW and month].

        Raises InputError if the voltage is unknown or has no demand price.
        """
        price = self.level(voltage).demand_price_yuan_per_kw_month
        if price is None:
            raise InputError(f"tariff {self.name}: no `demand_price_yuan_per_kw_month` at {voltage}")
        return price

    def power_factor_share(self, power_factor: float | None) -> float:
        """What an actual power factor adds to all but funds and sales [-]; none: at the standard, nothing.

        Raises InputError if the tariff has no rule for it.
        """
        if power_factor is None:
            return 0.0
        if self.power_factor is None:
            raise InputError(f"tariff {self.name}: no `power_factor` table")
        return self.power_factor.share(power_factor)

    def level(self, voltage: str) -> VoltageLevel:
        """Prices of a connection voltage. Raises InputError, naming those known, if there is none."""
        if voltage not in self.voltages:
            raise InputError(
                f"`voltage_kv_level` = '{voltage}': tariff {self.name} has only {listed(self.voltages)}"
            )
        return self.voltages[voltage]

    def _codes(self, times: pd.DatetimeIndex) -> NDArray[np.int8]:
        """Positions in PERIODS at `times`, shape (times,)."""
        first, end = pd.Timestamp(self.valid_from), pd.Timestamp(self.valid_to) + pd.Timedelta(days=1)
        if times.tz is not None:
            raise InputError(f"times in {times.tz}: a tariff takes naive local times")
        if not ((times >= first) & (times < end)).all():
            raise UnpricedError(self.unpriced(times.min().date(), times.max().date()))
        quarter = times.hour.to_numpy() * 4 + times.minute.to_numpy() // 15
        codes: NDArray[np.int8] = self._day_codes()[times.month.to_numpy() - 1, quarter]
        for holiday in self.holidays:
            last = pd.Timestamp(holiday.last) + pd.Timedelta(days=1)
            here = np.flatnonzero((times >= pd.Timestamp(holiday.first)) & (times < last))
            override = self._holiday_codes(holiday)[quarter[here]]
            codes[here] = np.where(override == NO_OVERRIDE, codes[here], override)
        return codes

    def _day_codes(self) -> NDArray[np.int8]:
        other = 0 if self.otherwise is None else PERIODS.index(self.otherwise)
        codes = np.full((12, QUARTERS_PER_DAY), other, dtype=np.int8)
        for table in self.day:
            for hours in table.hours:
                codes[np.array(table.months) - 1, slice(*quarter_span(hours))] = PERIODS.index(table.period)
        return codes

    def _holiday_codes(self, holiday: Holiday) -> NDArray[np.int8]:
        codes = np.full(QUARTERS_PER_DAY, NO_OVERRIDE, dtype=np.int8)
        for table in self.holiday_day:
            if not table.holidays or holiday.name in table.holidays:
                for hours in table.hours:
                    codes[slice(*quarter_span(hours))] = PERIODS.index(table.period)
        return codes


def _months(info: ValidationInfo) -> set[int]:
    """Months of the year that the validity touches."""
    return set(pd.period_range(info.data["valid_from"], info.data["valid_to"], freq="M").month.tolist())


def _gaps(day: Sequence[DayTable], months: set[int]) -> list[str]:
    """Hours that no table names, by the months that lack them."""
    lacking: dict[tuple[str, ...], list[int]] = {}
    for month in sorted(months):
        spans = [hours for table in day if month in table.months for hours in table.hours]
        lacking.setdefault(unnamed_spans(spans), []).append(month)
    return [
        f"month {listed(where)}: {listed(hours)} belongs to no period, must be named, or `otherwise` must say"
        " what all other hours are"
        for hours, where in lacking.items()
        if hours
    ]


def _missing_ratios(periods: Sequence[Period | None], info: ValidationInfo) -> list[str]:
    known = info.data.get("ratios", PERIODS)
    missing = [period for period in dict.fromkeys(periods) if period is not None and period not in known]
    return [f"period '{period}' must have its ratio in `ratios`" for period in missing]


def _unless(problems: list[str], value: T) -> T:
    """The value, or a ValueError with one problem a line."""
    if problems:
        raise ValueError("\n".join(problems))
    return value
