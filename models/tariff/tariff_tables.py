"""The tables a tariff is made of: day tables, holidays, the prices of a voltage."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from parkdispatch.models.quarter_hours import Span

Period = Literal["sharp", "peak", "flat", "valley", "deep_valley"]
Scheme = Literal["two_part", "single_part"]
PERIODS: tuple[Period, ...] = ("sharp", "peak", "flat", "valley", "deep_valley")


def twelve(value: Any) -> Any:
    """Let one number stand for twelve equal months."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (value,) * 12
    if not isinstance(value, list | tuple) or len(value) != 12:
        lacking = ""
        if isinstance(value, list | tuple) and len(value) < 12:
            lacking = f"; month {listed(range(len(value) + 1, 13))} is missing"
        raise ValueError(f"must be one number, or a list of 12 numbers from January to December{lacking}")
    return value


def _no_number(value: Any) -> Any:
    if isinstance(value, int | float):  # pydantic would read 2026 as seconds since 1970
        raise ValueError("must be a date such as 2026-01-31")  # noqa: TRY004 - pydantic
    return value


NonNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Monthly = Annotated[tuple[float, ...], BeforeValidator(twelve)]
NonNegativeMonthly = Annotated[tuple[NonNegative, ...], BeforeValidator(twelve)]
Month = Annotated[int, Field(ge=1, le=12)]
Day = Annotated[date, BeforeValidator(_no_number)]
Hours = Annotated[tuple[Span, ...], Field(min_length=1)]
Name = Annotated[str, Field(min_length=1)]


class Declaration(BaseModel):
    """Frozen, refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DayTable(Declaration):
    """In these months, these hours of every day belong to this period."""

    months: Annotated[tuple[Month, ...], Field(min_length=1)]  # 1 is January
    period: Period
    hours: Hours

    @field_validator("months")
    @classmethod
    def _once(cls, months: tuple[int, ...]) -> tuple[int, ...]:
        twice = sorted(month for month, count in Counter(months).items() if count > 1)
        if twice:
            raise ValueError(f"must name each month once; twice: {listed(twice)}")
        return months


class HolidayTable(Declaration):
    """On holidays, these hours belong to this period, whatever the day table says."""

    period: Period
    hours: Hours
    holidays: tuple[Name, ...] = ()  # names from the tariff's `holidays`; none given means all of them


class Holiday(Declaration):
    """A public holiday, first and last day included."""

    name: Name
    first: Day
    last: Day

    @field_validator("last")
    @classmethod
    def _ordered(cls, last: date, info: ValidationInfo) -> date:
        if (first := info.data.get("first")) is not None and last < first:
            raise ValueError(f"must not lie before the first day, {first}")
        return last


class VoltageLevel(Declaration):
    """Transmission and distribution prices of one connection voltage, VAT included."""

    two_part_yuan_per_kwh: NonNegative | None = None  # energy part beside a demand or capacity charge
    single_part_yuan_per_kwh: NonNegative | None = None  # energy part where nothing else is charged
    demand_price_yuan_per_kw_month: NonNegative | None = None  # on the month's highest 15-minute average
    capacity_price_yuan_per_kva_month: NonNegative | None = None  # on installed transformer capacity

    def transmission_yuan_per_kwh(self, scheme: Scheme) -> float | None:
        """Energy part of the transmission and distribution price [yuan/kWh]; None if not offered."""
        return self.two_part_yuan_per_kwh if scheme == "two_part" else self.single_part_yuan_per_kwh


def listed(items: Iterable[object]) -> str:
    """Items with commas."""
    return ", ".join(str(item) for item in items)
