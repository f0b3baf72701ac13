"""Demand of a calendar year, from its energy and its daily, weekly and yearly profiles.

    demand = mean x hour's shape x weekday's shape x month's shape x shutdowns x (1 + noise)

scaled so that a calendar year sums exactly to the yearly energy. A window is a slice of its calendar year:
the values do not depend on which days are asked for.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, ClassVar, Self

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from parkdispatch.models.calendar.quarter_hours import (
    QUARTERS_PER_DAY,
    QUARTERS_PER_HOUR,
    Span,
    quarter_span,
    quarters_per_interval,
)
from parkdispatch.models.declaration import ASSUMED, Declaration, declared
from parkdispatch.models.device import Array, Fraction, Park, Role, SeriesSpec, power_spec
from parkdispatch.models.errors import InputError
from parkdispatch.models.limits import Factor, Seed, YearlyEnergy
from parkdispatch.models.reactive_load import ReactiveLoad

MEMORY_QUARTERS = 64  # noise older than 16 h is forgotten; at a correlation of 0.9 it weighs 1e-3
HOURS_PER_YEAR = 8760
SLIP_OF_UNIT = (300.0, 3000.0)  # times: kW for MW is a thousand
FAR_FROM_USUAL = 30.0  # times: a holiday leaves a tenth, kW for MW a thousandth
LARGEST_NOISE_STDS = 4.0  # noise is clipped there, so that one rare draw does not set the month's peak


def _some_positive(shape: tuple[float, ...]) -> tuple[float, ...]:
    if not sum(shape) > 0:
        raise ValueError("must have at least one number above 0")
    return shape


Hourly = Annotated[tuple[Factor, ...], Field(min_length=24, max_length=24), AfterValidator(_some_positive)]
Weekly = Annotated[tuple[Factor, ...], Field(min_length=7, max_length=7), AfterValidator(_some_positive)]
Yearly = Annotated[tuple[Factor, ...], Field(min_length=12, max_length=12), AfterValidator(_some_positive)]


class Stop(Declaration):
    """Days of a partial shutdown, first and last day included, such as a works holiday or a second shift."""

    first: date = declared("-", "First day")
    last: date = declared("-", "Last day, included")
    share: Fraction = declared("-", "Share of the usual demand that remains; kilns never stop")
    hours: tuple[Span, ...] = declared(
        "-", 'Hours of each of these days, such as "22:00-24:00"; left out: the whole day', default=()
    )

    @field_validator("last")
    @classmethod
    def _ordered(cls, last: date, info: ValidationInfo) -> date:
        first = info.data.get("first")
        if first is not None and last < first:
            raise ValueError(f"must not lie before the first day, {first}")
        return last

    @property
    def share_of_quarters(self) -> Array:
        """Share of the usual demand that remains in each quarter-hour of these days, shape (96,)."""
        share = np.ones(QUARTERS_PER_DAY)
        for first, after in map(quarter_span, self.hours) if self.hours else [(0, QUARTERS_PER_DAY)]:
            share[first:after] = self.share
        return share


class DemandProfile(ReactiveLoad):
    """A device with a demand of its own. Shapes are relative: only their proportions matter."""

    bus: str = declared("-", "Name of the bus the load draws from", default="ac")
    annual_energy_mwh: YearlyEnergy | None = declared(
        "MWh", "Energy of a calendar year; left out where a series gives the demand", default=None
    )
    hourly_shape: Hourly = declared(
        "-", "Mean demand of each hour of a day, from 0:00; only proportions matter", ASSUMED, (1.0,) * 24
    )
    weekday_shape: Weekly = declared(
        "-", "Mean demand of each weekday, Monday to Sunday; only proportions matter", ASSUMED, (1.0,) * 7
    )
    monthly_shape: Yearly = declared(
        "-", "Mean demand of each month, January to December; only proportions matter", ASSUMED, (1.0,) * 12
    )
    stops: tuple[Stop, ...] = declared(
        "-", "Partial shutdowns; the yearly energy is kept, the other days take up the rest", default=()
    )
    noise_std: Annotated[float, Field(ge=0, le=0.2)] = declared(
        "-", "Standard deviation of the relative noise of a quarter-hour", "assumption: modest", 0.03
    )
    noise_correlation: Annotated[float, Field(ge=0, le=0.9)] = declared(
        "-", "Correlation of the noise of successive quarter-hours", ASSUMED, 0.6
    )
    seed: Seed = declared("-", "Seed of the noise; the same seed gives the same noise", ASSUMED, 1)

    role: ClassVar[Role] = "load"
    growing_series: ClassVar[tuple[str, ...]] = ("demand_mw",)
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "demand_mw": power_spec(
            "Demand",
            computed_from=(
                "annual_energy_mwh", "hourly_shape", "weekday_shape", "monthly_shape", "stops", "noise_std",
                "noise_correlation", "seed",
            ),
        ),
    }  # fmt: skip

    @classmethod
    def example(cls) -> Self:
        """Some ten megawatts."""
        return cls(annual_energy_mwh=90_000.0)

    def missing_for_series(self) -> list[str]:
        """The yearly energy, where it is left out."""
        return ["annual_energy_mwh"] if self.annual_energy_mwh is None else []

    def series(self, park: Park) -> Mapping[str, Array]:
        """Demand at `park.times` [MW], shape (intervals,).

        Raises InputError for intervals that straddle quarter-hours, or if stops leave no demand.
        """
        quarters = quarters_per_interval(park.times, park.hours)
        years = park.times.year.to_numpy()
        year_starts = pd.to_datetime(pd.Series(years).astype(str) + "-01-01").to_numpy()
        quarter_of_year = (park.times.to_numpy() - year_starts) // np.timedelta64(15, "m")
        demand_mw = np.zeros(len(park.times))
        for offset in range(quarters):
            for year in np.unique(years):
                in_year = years == year
                # an interval that runs into the next year takes that year's first quarter-hours
                year_mw = self.year_mw(int(year))
                beyond = quarter_of_year[in_year] + offset >= len(year_mw)
                if beyond.any():
                    year_mw = np.concatenate([year_mw, self.year_mw(int(year) + 1)])
                demand_mw[in_year] += year_mw[quarter_of_year[in_year] + offset]
        return {"demand_mw": demand_mw / quarters}

    def year_mw(self, year: int) -> Array:
        """Demand of every quarter-hour of a calendar year [MW], shape (35040,) or, in leap years, (35136,).

        Sums, times 0.25 h, exactly to `annual_energy_mwh`. Raises InputError if stops leave no demand.
        """
        if self.annual_energy_mwh is None:
            raise InputError("`annual_energy_mwh` is missing: must be given, or a series of the demand")
        days = pd.date_range(f"{year}-01-01", f"{year}-12-31", freq="D")
        daily = np.array(self.weekday_shape)[days.day_of_week] * np.array(self.monthly_shape)[days.month - 1]
        shape = np.outer(daily, quarter_shape(np.array(self.hourly_shape)))
        for stop in self.stops:
            is_stopped = (days >= pd.Timestamp(stop.first)) & (days <= pd.Timestamp(stop.last))
            shape[is_stopped] *= stop.share_of_quarters
        shape = shape.ravel()
        shape *= 1 + self.noise_std * noise(len(shape), self.noise_correlation, (self.seed, year))
        total_mwh = shape.sum() / QUARTERS_PER_HOUR
        if total_mwh <= 0:
            raise InputError(f"`stops` = {self.stops}: leave no demand in {year}, must leave some")
        return np.asarray(shape * (self.annual_energy_mwh / total_mwh))

    def impossible(self, given: Mapping[str, Array], park: Park) -> Mapping[str, list[str]]:
        """A mean a thousandth or a thousand times that of the yearly energy: a slip of unit."""
        problems = {}
        for key, (mean_mw, usual_mw) in self.implausible(given, park.hours).items():
            too_small = usual_mw / SLIP_OF_UNIT[1] <= mean_mw <= usual_mw / SLIP_OF_UNIT[0]
            if too_small or SLIP_OF_UNIT[0] * usual_mw <= mean_mw <= SLIP_OF_UNIT[1] * usual_mw:
                was, is_said = ("MW", "kW") if too_small else ("kW", "MW")
                problems[key] = [
                    f"{mean_mw:.15g} MW on average: usual here are {usual_mw:.15g} MW by"
                    " `annual_energy_mwh`: must be"
                    f" in {was}, not {is_said} as its unit says, or `annual_energy_mwh` be corrected"
                ]
        return problems

    def implausible(self, given: Mapping[str, Array], hours: float) -> Mapping[str, tuple[float, float]]:
        """A mean far from that of the yearly energy: most likely a slip of unit."""
        if self.annual_energy_mwh is None:
            return {}
        usual_mw = self.annual_energy_mwh / HOURS_PER_YEAR
        means = {key: float(power_mw.mean()) for key, power_mw in given.items()}
        return {
            key: (mean_mw, usual_mw)
            for key, mean_mw in means.items()
            if not usual_mw / FAR_FROM_USUAL <= mean_mw <= usual_mw * FAR_FROM_USUAL
        }


def quarter_shape(hourly: Array) -> Array:
    """Quarter-hour profile of a repeating day, shape (96,), from hourly means, shape (24,).

    Piecewise linear with the minmod slope limiter: linear within each hour, so that the hour keeps its mean;
    the slope is the smaller of those to the two neighbours, and zero at a maximum or minimum, so that no
    quarter-hour leaves the range of the hours around it.
    """
    before, after = hourly - np.roll(hourly, 1), np.roll(hourly, -1) - hourly
    slope = np.where(before * after > 0, np.sign(after) * np.minimum(np.abs(before), np.abs(after)), 0.0)
    middle_h = (np.arange(QUARTERS_PER_HOUR) + 0.5) / QUARTERS_PER_HOUR - 0.5
    return np.asarray((hourly[:, None] + slope[:, None] * middle_h).ravel())


def noise(count: int, correlation: float, seed: tuple[int, ...]) -> Array:
    """Autocorrelated noise of unit standard deviation and the given lag-one correlation, shape (count,).

    A truncated moving average of a first-order autoregressive process; the same seed gives the same noise.
    """
    weight = correlation ** np.arange(MEMORY_QUARTERS)
    white = np.random.default_rng(seed).standard_normal(count + MEMORY_QUARTERS - 1)
    smooth = np.convolve(white, weight / np.sqrt((weight**2).sum()), mode="valid")
    return np.asarray(np.clip(smooth, -LARGEST_NOISE_STDS, LARGEST_NOISE_STDS))
