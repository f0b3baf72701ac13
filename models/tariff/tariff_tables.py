"""Tables of a tariff: time-of-use periods of a day, public holidays, prices of a voltage level."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from parkdispatch.models.calendar.quarter_hours import Span
from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.limits import DemandPrice, Price, SignedPrice

# a time-of-use period: one of PERIODS, or one of the tariff's own such as "summer_on_peak"
Period = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Scheme = Literal["two_part", "single_part"]
PERIODS: tuple[Period, ...] = ("sharp", "peak", "flat", "valley", "deep_valley")  # with words of their own
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)  # in the order of `date.weekday`


def twelve(value: Any) -> Any:
    """Expand one number to twelve equal months; leave twelve numbers unchanged.

    A pydantic validator: raises ValueError for anything else.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (value,) * 12
    if not isinstance(value, list | tuple) or len(value) != 12:
        hint = ""
        if isinstance(value, list | tuple) and len(value) < 12:
            hint = f"; month {listed(range(len(value) + 1, 13))} is missing"
        raise ValueError(f"must be one number, or a list of 12 numbers from January to December{hint}")
    return value


def each_once(named: tuple[Any, ...]) -> tuple[Any, ...]:
    """The names as they are; a pydantic validator, which raises ValueError where one is there twice."""
    if repeated := sorted(name for name, count in Counter(named).items() if count > 1):
        raise ValueError(f"must name each once; twice: {listed(repeated)}")
    return named


def _no_number(value: Any) -> Any:
    if isinstance(value, int | float):  # pydantic would read 2026 as seconds since 1970
        raise ValueError("must be a date such as 2026-01-31")  # noqa: TRY004 - pydantic
    return value


Fraction = Annotated[float, Field(ge=0, le=1)]
Monthly = Annotated[tuple[SignedPrice, ...], BeforeValidator(twelve)]
NonNegativeMonthly = Annotated[tuple[Price, ...], BeforeValidator(twelve)]
Month = Annotated[int, Field(ge=1, le=12)]
Day = Annotated[date, BeforeValidator(_no_number)]
Hours = Annotated[tuple[Span, ...], Field(min_length=1)]
Name = Annotated[str, Field(min_length=1)]


class DayTable(Declaration):
    """Hours of some days of some months that belong to one time-of-use period."""

    months: Annotated[tuple[Month, ...], Field(min_length=1)] = declared("-", "Months; 1 is January")
    period: Period = declared("-", "Time-of-use period")
    hours: Hours = declared("-", "Hours that belong to the period, such as 18:00-20:00")
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = declared(
        "-", 'Days of the week, such as ["sat", "sun"]; left out: every day', default=WEEKDAYS
    )

    @field_validator("months", "days")
    @classmethod
    def _once(cls, named: tuple[int | str, ...], info: ValidationInfo) -> tuple[int | str, ...]:
        repeated = sorted(name for name, count in Counter(named).items() if count > 1)
        if repeated:
            each = str(info.field_name).removesuffix("s")
            raise ValueError(f"must name each {each} once; twice: {listed(repeated)}")
        return named


class HolidayTable(Declaration):
    """Hours of public holidays that belong to one time-of-use period, instead of what the day table says."""

    period: Period = declared("-", "Time-of-use period")
    hours: Hours = declared("-", "Hours that belong to the period, such as 18:00-20:00")
    holidays: tuple[Name, ...] = declared(
        "-", "Names from the tariff's `holidays`; left out: all of them", default=()
    )


class Holiday(Declaration):
    """A public holiday, first and last day included."""

    name: Name = declared("-", "Name of the holiday")
    first: Day = declared("-", "First day")
    last: Day = declared("-", "Last day, included")

    @field_validator("last")
    @classmethod
    def _ordered(cls, last: date, info: ValidationInfo) -> date:
        if (first := info.data.get("first")) is not None and last < first:
            raise ValueError(f"must not lie before the first day, {first}")
        return last


class VoltageLevel(Declaration):
    """Transmission and distribution prices of one voltage level, VAT included."""

    two_part_yuan_per_kwh: Price | None = declared(
        "yuan/kWh", "Energy price of the two-part tariff; left out: not offered", default=None
    )
    single_part_yuan_per_kwh: Price | None = declared(
        "yuan/kWh", "Energy price of the single-part tariff; left out: not offered", default=None
    )
    demand_price_yuan_per_kw_month: DemandPrice | None = declared(
        "yuan/kW/month", "Demand price, on the month's highest 15-minute average import; left out: none",
        default=None,
    )  # fmt: skip
    capacity_price_yuan_per_kva_month: DemandPrice | None = declared(
        "yuan/kVA/month", "Capacity price, on installed transformer capacity; left out: not offered",
        default=None,
    )  # fmt: skip

    def with_demand_price_times(self, factor: float) -> Self:
        """The level with its demand price and its capacity price, where there is one, times a factor."""
        names = ("demand_price_yuan_per_kw_month", "capacity_price_yuan_per_kva_month")
        prices = {name: price * factor for name in names if (price := getattr(self, name)) is not None}
        return self.model_copy(update=prices)

    def transmission_yuan_per_kwh(self, scheme: Scheme) -> float | None:
        """Energy price of transmission and distribution [yuan/kWh]; None if the scheme is not offered."""
        return self.two_part_yuan_per_kwh if scheme == "two_part" else self.single_part_yuan_per_kwh


def listed(items: Iterable[object]) -> str:
    """Items as text, separated by commas."""
    return ", ".join(str(item) for item in items)
