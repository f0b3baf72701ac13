"""What the park draws, from its yearly energy and the shapes of its day, week and year.

    demand = mean x hour's shape x weekday's shape x month's shape x stops x (1 + noise)

scaled so that a calendar year sums exactly to the yearly energy. A window of a year is a slice of that
year: the numbers do not depend on which days are looked at.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from parkdispatch.models.device import (
    INJECTION,
    Array,
    Device,
    Display,
    Fraction,
    Interval,
    NonNegative,
    Park,
    Role,
    Seen,
    SeriesSpec,
    Terms,
)
from parkdispatch.models.errors import InputError
from parkdispatch.models.quarter_hours import quarters_per_interval

QUARTERS_PER_HOUR = 4
MEMORY_QUARTERS = 64  # noise older than 16 h is forgotten; at a correlation of 0.9 it weighs 1e-3
LARGEST_NOISE_STDS = 4.0  # cut off beyond, so that one unlucky draw does not set the month's peak


def _some_positive(shape: tuple[float, ...]) -> tuple[float, ...]:
    if not sum(shape) > 0:
        raise ValueError("must have at least one number above 0")
    return shape


Hourly = Annotated[
    tuple[NonNegative, ...], Field(min_length=24, max_length=24), AfterValidator(_some_positive)
]
Weekly = Annotated[tuple[NonNegative, ...], Field(min_length=7, max_length=7), AfterValidator(_some_positive)]
Yearly = Annotated[
    tuple[NonNegative, ...], Field(min_length=12, max_length=12), AfterValidator(_some_positive)
]


class Stop(BaseModel):
    """Days of a partial standstill, first and last included, such as a works holiday."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    first: date
    last: date
    share: Fraction  # [-] of the demand that goes on: kilns never stop

    @field_validator("last")
    @classmethod
    def _ordered(cls, last: date, info: ValidationInfo) -> date:
        first = info.data.get("first")
        if first is not None and last < first:
            raise ValueError(f"must not lie before the first day, {first}")
        return last


class Load(Device):
    """Demand that must be met. Shapes are relative: only their proportions matter."""

    kind: Literal["load"] = "load"
    bus: str = "ac"
    annual_energy_mwh: NonNegative  # [MWh] of one calendar year
    hourly_shape: Hourly = (1.0,) * 24  # [-] mean of each hour, from 0:00
    weekday_shape: Weekly = (1.0,) * 7  # [-] Monday to Sunday
    monthly_shape: Yearly = (1.0,) * 12  # [-] January to December
    stops: tuple[Stop, ...] = ()  # the rest of the year takes up their energy
    noise_std: Annotated[float, Field(ge=0, le=0.2)] = 0.03  # [-] of a quarter-hour; assumption: modest
    noise_correlation: Annotated[float, Field(ge=0, le=0.9)] = (
        0.6  # [-] of successive quarter-hours; assumption
    )
    seed: Annotated[int, Field(ge=0)] = 1

    role: ClassVar[Role] = "load"
    displays: ClassVar[tuple[Display, ...]] = (Display("demand", "load", {INJECTION: -1.0}),)
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "demand_mw": SeriesSpec(title="Demand", unit="MW", lower=0.0),
    }

    @classmethod
    def example(cls) -> Self:
        """Some ten megawatts."""
        return cls(annual_energy_mwh=90_000.0)

    def series(self, park: Park) -> Mapping[str, Array]:
        """Demand at `park.times` [MW], shape (intervals,).

        Raises InputError for intervals that straddle quarter-hours, or if stops leave no demand.
        """
        pieces = quarters_per_interval(park.times, park.hours)
        year = park.times.year.to_numpy()
        begins = pd.to_datetime(pd.Series(year).astype(str) + "-01-01").to_numpy()
        quarter = (park.times.to_numpy() - begins) // np.timedelta64(15, "m")
        demand_mw = np.zeros(len(park.times))
        for piece in range(pieces):
            for one in np.unique(year):
                here = year == one
                # an interval that runs into the next year borrows that year's first quarter-hours
                table = self.year_mw(int(one))
                beyond = quarter[here] + piece >= len(table)
                if beyond.any():
                    table = np.concatenate([table, self.year_mw(int(one) + 1)])
                demand_mw[here] += table[quarter[here] + piece]
        return {"demand_mw": demand_mw / pieces}

    def year_mw(self, year: int) -> Array:
        """Demand of every quarter-hour of a calendar year [MW], shape (35040,) or, in leap years, (35136,).

        Sums, times 0.25 h, exactly to `annual_energy_mwh`. Raises InputError if stops leave no demand.
        """
        days = pd.date_range(f"{year}-01-01", f"{year}-12-31", freq="D")
        daily = np.array(self.weekday_shape)[days.day_of_week] * np.array(self.monthly_shape)[days.month - 1]
        for stop in self.stops:
            daily = (
                np.where(
                    (days >= pd.Timestamp(stop.first)) & (days <= pd.Timestamp(stop.last)), stop.share, 1
                )
                * daily
            )
        shape = np.outer(daily, quarter_shape(np.array(self.hourly_shape))).ravel()
        shape *= 1 + self.noise_std * noise(len(shape), self.noise_correlation, (self.seed, year))
        total_mwh = shape.sum() / QUARTERS_PER_HOUR
        if total_mwh <= 0:
            raise InputError(f"`stops` = {self.stops}: leave no demand in {year}, must leave some")
        return np.asarray(shape * (self.annual_energy_mwh / total_mwh))

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Demand leaves the bus; nothing to decide."""
        return Terms(injection={self.bus: -interval.series("demand_mw")})

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """What leaves the bus is the demand."""
        demand_mw = seen.values["demand_mw"]
        return {"injection_mw": float(np.abs(seen.injection[self.bus] + demand_mw).max())}


def quarter_shape(hourly: Array) -> Array:
    """Quarter-hour shape of a repeating day, shape (96,), from hourly means, shape (24,).

    Straight within each hour, so the hour keeps its mean; with the slope of the flatter neighbour, none at
    a maximum or minimum, so no quarter-hour leaves the range of the hours around it.
    """
    before, after = hourly - np.roll(hourly, 1), np.roll(hourly, -1) - hourly
    slope = np.where(before * after > 0, np.sign(after) * np.minimum(np.abs(before), np.abs(after)), 0.0)
    middle_h = (np.arange(QUARTERS_PER_HOUR) + 0.5) / QUARTERS_PER_HOUR - 0.5
    return np.asarray((hourly[:, None] + slope[:, None] * middle_h).ravel())


def noise(count: int, correlation: float, seed: tuple[int, ...]) -> Array:
    """Noise of unit deviation and that lag-one correlation, shape (count,); same seed, same noise."""
    weight = correlation ** np.arange(MEMORY_QUARTERS)
    white = np.random.default_rng(seed).standard_normal(count + MEMORY_QUARTERS - 1)
    smooth = np.convolve(white, weight / np.sqrt((weight**2).sum()), mode="valid")
    return np.asarray(np.clip(smooth, -LARGEST_NOISE_STDS, LARGEST_NOISE_STDS))
