"""Time-of-use tariff: the price of energy bought at an instant, and the price of demand.

    energy price = purchased energy x period ratio + line loss + transmission and distribution
                   + system operation + government funds                              [yuan/kWh]

Only the price of purchased energy is multiplied by the period's ratio; the other parts are the same in every
hour (Jiangxi, notice 463 of 2025). A tariff without such parts sets them to zero.
A day has 96 quarter-hours, because Chinese tariffs and meters change on quarter-hours only.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator

from parkdispatch.models.calendar.quarter_hours import (
    QUARTERS_PER_DAY,
    overlapping_spans,
    quarter_span,
    quarters_per_interval,
)
from parkdispatch.models.charges.further_charges import FurtherCharges
from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.errors import InputError
from parkdispatch.models.limits import Factor
from parkdispatch.models.tariff.demand_rules import DemandRules, PowerFactorRule
from parkdispatch.models.tariff.tariff_cover import (
    day_table_problems,
    missing_ratios,
    months_of_validity,
    nearest_period,
    unused_ratios,
)
from parkdispatch.models.tariff.tariff_tables import (
    PERIODS,
    WEEKDAYS,
    Day,
    DayTable,
    Holiday,
    HolidayTable,
    Monthly,
    Name,
    NonNegativeMonthly,
    Period,
    Scheme,
    VoltageLevel,
    Weekday,
    listed,
)

T = TypeVar("T")
NO_OVERRIDE = -1  # marks a quarter-hour of a holiday that follows the ordinary day table


class UnpricedError(InputError):
    """Days were asked for that the tariff does not price; the device that asked is not at fault."""


class Tariff(Declaration):
    """A time-of-use tariff as published, valid from the first to the last day of its validity.

    Times are naive local starts of intervals. Every quarter-hour of the validity belongs to exactly one
    period: overlapping day tables, months without a table and hours without a period are refused.
    """

    name: Name = declared("-", "Name of the tariff")
    title: str = declared("-", "Title for reports", default="")
    sources: tuple[str, ...] = declared("-", "Where the numbers are from, one text each", default=())
    valid_from: Day = declared("-", "First day of the validity")
    valid_to: Day = declared("-", "Last day of the validity, included")
    purchase_price_yuan_per_kwh: Monthly = declared(
        "yuan/kWh", "Price of purchased energy in the flat period, by month; the only part that floats"
    )
    line_loss_rate: Annotated[float, Field(ge=0, lt=1)] = declared(
        "-", "Price of line losses over the price of purchased energy in the flat period", default=0.0
    )
    system_operation_yuan_per_kwh: Monthly = declared(
        "yuan/kWh", "System operation fee by month; negative in months that pay back", default=(0.0,) * 12
    )
    government_funds_yuan_per_kwh: NonNegativeMonthly = declared(
        "yuan/kWh", "Government funds and surcharges by month", default=(0.0,) * 12
    )
    voltages: Annotated[dict[Name, VoltageLevel], Field(min_length=1)] = declared(
        "-", "Transmission and distribution prices by voltage level"
    )
    ratios: dict[Period, Factor] = declared(
        "-", "Price of purchased energy relative to the flat period, by time-of-use period"
    )
    otherwise: Period | None = declared(
        "-", "Period of every hour that no day table names; left out: all hours must be named", default=None
    )
    day: Annotated[tuple[DayTable, ...], Field(min_length=1)] = declared(
        "-", "Time-of-use periods of the day, by month"
    )
    holidays: tuple[Holiday, ...] = declared("-", "Public holidays", default=())
    holidays_as: Weekday | None = declared(
        "-", "Day of the week whose day tables hold on public holidays, such as \"sun\"; left out: that of"
        " the date", default=None,
    )  # fmt: skip
    holiday_day: tuple[HolidayTable, ...] = declared(
        "-", "Time-of-use periods of public holidays, which take precedence over the day tables", default=()
    )
    demand_rules: DemandRules | None = declared(
        "-", "Rules of the demand charge; left out: prices only, no contracted demand", default=None
    )
    charges: FurtherCharges | None = declared(
        "-", "Charges beside energy and the demand price; left out: none", default=None
    )
    power_factor: PowerFactorRule | None = declared(
        "-", "Power-factor adjustment; left out: none", default=None
    )

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
    def _monthly_prices(cls, value: Any, info: ValidationInfo) -> Any:
        """Expand prices by month, `{ 3 = 0.41, 4 = 0.40 }`, which must name every month of the validity."""
        if not isinstance(value, Mapping):
            return value
        months = {str(month): month for month in range(1, 13)}
        if unknown := [key for key in value if key not in months]:
            raise ValueError(f"month {listed(unknown)}: must be 1 to 12")
        required = months_of_validity(info) if {"valid_from", "valid_to"} <= info.data.keys() else set()
        if missing := [month for key, month in months.items() if month in required and key not in value]:
            raise ValueError(f"month {listed(missing)} of the validity has no price, must have one")
        return [value.get(key, 0.0) for key in months]  # months outside the validity are never used

    @field_validator("otherwise")
    @classmethod
    def _otherwise_has_ratio(cls, otherwise: str | None, info: ValidationInfo) -> str | None:
        if otherwise is not None and otherwise not in (ratios := info.data.get("ratios", {otherwise})):
            raise ValueError(f"must be a period in `ratios`: {listed(ratios)}{nearest_period(otherwise)}")
        return otherwise

    @field_validator("day")
    @classmethod
    def _covered_once(cls, day: tuple[DayTable, ...], info: ValidationInfo) -> tuple[DayTable, ...]:
        problems = day_table_problems(day, info)
        problems += missing_ratios([(f"day[{i}].period", table.period) for i, table in enumerate(day)], info)
        problems += unused_ratios(day, info)
        return _raise_or_return(problems, day)

    @field_validator("holidays")
    @classmethod
    def _holidays_valid(cls, holidays: tuple[Holiday, ...], info: ValidationInfo) -> tuple[Holiday, ...]:
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
        return _raise_or_return(problems, holidays)

    @field_validator("holiday_day")
    @classmethod
    def _holiday_tables_valid(
        cls, tables: tuple[HolidayTable, ...], info: ValidationInfo
    ) -> tuple[HolidayTable, ...]:
        named = [(f"holiday_day[{i}].period", table.period) for i, table in enumerate(tables)]
        problems = missing_ratios(named, info)
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
        return _raise_or_return(problems, tables)

    def unpriced(self, first: date, last: date) -> list[str]:
        """A problem that names the days from `first` to `last` without a price; empty if all have one."""
        day = timedelta(days=1)
        outside = [
            (first, min(last, self.valid_from - day)),
            (max(first, self.valid_to + day), last),
        ]
        spans = [(begin, end) for begin, end in outside if begin <= end]
        if not spans:
            return []
        count, days = sum((end - begin).days + 1 for begin, end in spans), (last - first).days + 1
        shown = [f"{begin} to {end}" if begin < end else f"{begin}" for begin, end in spans]
        return [
            f"`tariff` = '{self.name}': has no price on {count} of {days} days, {' and '.join(shown)};"
            f" valid from {self.valid_from} to {self.valid_to}, must cover them"
        ]

    @property
    def periods(self) -> tuple[str, ...]:
        """Names of the time-of-use periods, those with words of their own first."""
        return (*PERIODS, *(period for period in self.ratios if period not in PERIODS))

    @property
    def used_periods(self) -> tuple[str, ...]:
        """The periods that some hour has."""
        used = {table.period for table in self.day} | {self.otherwise}
        used |= {table.period for table in self.holiday_day}
        return tuple(period for period in self.periods if period in used)

    def holiday_on(self, day: date) -> bool:
        """Whether a day is one of the tariff's holidays."""
        return any(holiday.first <= day <= holiday.last for holiday in self.holidays)

    def period(self, times: pd.DatetimeIndex) -> NDArray[np.str_]:
        """Names of the time-of-use periods at the instants `times`, shape (times,).

        Raises InputError if a time lies outside the validity.
        """
        return np.asarray(np.array(self.periods)[self._codes(times)])

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
        quarters = quarters_per_interval(times, hours)
        starts = times
        if quarters > 1:
            starts = times.repeat(quarters) + pd.to_timedelta(
                15 * np.tile(np.arange(quarters), len(times)), "min"
            )
        ratio = np.array([self.ratios.get(period, np.nan) for period in self.periods])[self._codes(starts)]
        month = starts.month.to_numpy() - 1
        base = np.array(self.purchase_price_yuan_per_kwh)[month]
        monthly = np.array(self.system_operation_yuan_per_kwh) + np.array(self.government_funds_yuan_per_kwh)
        price = base * (ratio + self.line_loss_rate) + monthly[month] + transmission
        return np.asarray(price.reshape(len(times), quarters).mean(axis=1))

    def demand_price_yuan_per_kw_month(self, voltage: str) -> float:
        """Demand price, on the month's highest 15-minute average import [yuan per kW and month].

        Raises InputError if the voltage is unknown or has no demand price.
        """
        price = self.level(voltage).demand_price_yuan_per_kw_month
        if price is None:
            raise InputError(f"tariff {self.name}: no `demand_price_yuan_per_kw_month` at {voltage}")
        return price

    def power_factor_share(self, power_factor: float | None) -> float:
        """Power-factor adjustment, as a share of all but funds and sales [-]; None: no adjustment.

        Raises InputError if the tariff has no rule for it.
        """
        if power_factor is None:
            return 0.0
        if self.power_factor is None:
            raise InputError(f"tariff {self.name}: no `power_factor` table")
        return self.power_factor.share(power_factor)

    def level(self, voltage: str) -> VoltageLevel:
        """Prices of a voltage level. Raises InputError, naming those known, if there is none."""
        if voltage not in self.voltages:
            raise InputError(
                f"`voltage_kv_level` = '{voltage}': tariff {self.name} has only {listed(self.voltages)}"
            )
        return self.voltages[voltage]

    def changes_within(self, minutes: int) -> list[str]:
        """Times of day at which the period changes inside an interval of that length, such as 17:30."""
        of_days = self._day_codes().reshape(-1, QUARTERS_PER_DAY)
        codes = np.vstack([of_days, *(self._holiday_codes(day) for day in self.holidays)])
        change = (codes != np.roll(codes, 1, axis=1)).any(axis=0)
        inside = np.arange(QUARTERS_PER_DAY) * 15 % minutes > 0
        return [f"{quarter // 4:02d}:{quarter % 4 * 15:02d}" for quarter in np.flatnonzero(change & inside)]

    def _codes(self, times: pd.DatetimeIndex) -> NDArray[np.int8]:
        """Positions of the periods at `times` in `periods`, shape (times,)."""
        first, end = pd.Timestamp(self.valid_from), pd.Timestamp(self.valid_to) + pd.Timedelta(days=1)
        if times.tz is not None:
            raise InputError(f"times in {times.tz}: a tariff takes naive local times")
        if not ((times >= first) & (times < end)).all():
            raise UnpricedError(self.unpriced(times.min().date(), times.max().date()))
        quarter = times.hour.to_numpy() * 4 + times.minute.to_numpy() // 15
        weekday = times.day_of_week.to_numpy().copy()
        if self.holidays_as is not None:
            for holiday in self.holidays:
                last = pd.Timestamp(holiday.last) + pd.Timedelta(days=1)
                weekday[(times >= pd.Timestamp(holiday.first)) & (times < last)] = WEEKDAYS.index(
                    self.holidays_as
                )
        codes: NDArray[np.int8] = self._day_codes()[weekday, times.month.to_numpy() - 1, quarter]
        for holiday in self.holidays:
            last = pd.Timestamp(holiday.last) + pd.Timedelta(days=1)
            on_holiday = np.flatnonzero((times >= pd.Timestamp(holiday.first)) & (times < last))
            override = self._holiday_codes(holiday)[quarter[on_holiday]]
            codes[on_holiday] = np.where(override == NO_OVERRIDE, codes[on_holiday], override)
        return codes

    def _day_codes(self) -> NDArray[np.int8]:
        """Positions of the periods of ordinary days in `periods`, shape (7, 12, 96); Monday is first."""
        other = 0 if self.otherwise is None else self.periods.index(self.otherwise)
        codes = np.full((len(WEEKDAYS), 12, QUARTERS_PER_DAY), other, dtype=np.int8)
        for table in self.day:
            days = np.array([WEEKDAYS.index(weekday) for weekday in table.days])
            for hours in table.hours:
                rows = np.ix_(days, np.array(table.months) - 1, np.arange(*quarter_span(hours)))
                codes[rows] = self.periods.index(table.period)
        return codes

    def _holiday_codes(self, holiday: Holiday) -> NDArray[np.int8]:
        """Positions of the periods of a holiday, or NO_OVERRIDE, shape (96,)."""
        codes = np.full(QUARTERS_PER_DAY, NO_OVERRIDE, dtype=np.int8)
        for table in self.holiday_day:
            if not table.holidays or holiday.name in table.holidays:
                for hours in table.hours:
                    codes[slice(*quarter_span(hours))] = self.periods.index(table.period)
        return codes


def _raise_or_return(problems: list[str], value: T) -> T:
    """Return the value; raise ValueError with one problem a line if there are any."""
    if problems:
        raise ValueError("\n".join(problems))
    return value
