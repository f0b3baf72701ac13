"""Wind farm: turbines of one kind behind one meter. Output may be curtailed at no cost, unless it must run.

    available = rated power x curve(speed x (hub height / measuring height)^shear) x (1 - wake losses)
                x (1 - other losses) x availability x health

Speeds are drawn for a representative year (`wind_speed`) or those of the case's weather file. Drawn speeds
are scaled by one factor such that a calendar year makes the yearly energy available while new. A window is a
slice of its year. Left out: air density, wind direction, icing, turbines of several kinds (declare several
farms), and output while single turbines are repaired (`availability` is a mean share).
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import BeforeValidator, Field, field_validator, model_validator

from parkdispatch.models.calendar.quarter_hours import QUARTERS_PER_HOUR, quarter_starts
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import (
    Array,
    Efficiency,
    Fraction,
    Park,
    SeriesSpec,
)
from parkdispatch.models.errors import InputError
from parkdispatch.models.limits import PositivePower, Seed, YearlyEnergy
from parkdispatch.models.sources.curtailment import CurtailablePlant, available_spec
from parkdispatch.models.sources.wind_speed import (
    IEC_CLASS_3_CURVE,
    IEC_CLASS_3_SOURCE,
    power_share,
    speeds_of_year,
)
from parkdispatch.models.tariff.tariff_tables import twelve

FULL_LOAD_HOURS = 1562.5  # [h] 15.00 GWh of 9.6 MW: wind in the Gao'an park, 2022
FACTORS = np.geomspace(0.05, 20.0, 61)  # of wind speed, among which the calibrated one is looked for
BISECTIONS = 50
METER_TOLERANCE = 1.02  # of the rating, for the error of a meter

Speed = Annotated[float, Field(ge=0, le=75)]
Height = Annotated[float, Field(ge=1, le=500)]
LossShare = Annotated[float, Field(ge=0, lt=1)]
MonthlySpeed = Annotated[tuple[Speed, ...], BeforeValidator(twelve)]


class Wind(CurtailablePlant):
    """Wind farm with curtailment; available power is that of a representative year or of a weather file."""

    kind: Literal["wind"] = declared("-", "Kind of device", default="wind")
    rated_mw: PositivePower = declared(
        "MW", "Rated AC power of all turbines together", "wind in the Gao'an park, 2022", 9.6
    )
    annual_energy_mwh: YearlyEnergy | None = declared(
        "MWh", "Energy that a calendar year makes available while the turbines are new, to which drawn wind"
        f" speeds are scaled; left out: {FULL_LOAD_HOURS:.15g} h of rated power; 0: not scaled",
        "wind in the Gao'an park, 2022: 15 GWh of 9.6 MW", None,
    )  # fmt: skip
    speed: Literal["drawn", "weather"] = declared(
        "-", "Wind speeds: drawn for a representative year, or those of the case's weather file, not scaled",
        ASSUMED, "drawn",
    )  # fmt: skip
    mean_speed_m_per_s: MonthlySpeed = declared(
        "m/s", "Mean wind speed at the measuring height by month, or one number for all; where the yearly"
        " energy is given, only proportions matter",
        "Nanchang TMYx record, 10 m", (2.3, 2.3, 1.9, 2.7, 2.5, 2.4, 2.3, 2.3, 2.3, 3.1, 1.5, 2.4),
    )  # fmt: skip
    weibull_shape: Annotated[float, Field(ge=0.5, le=10)] = declared(
        "-", "Shape of the Weibull distribution of wind speeds",
        "assumption: 2, the Rayleigh distribution of IEC 61400-1", 2.0,
    )  # fmt: skip
    hourly_correlation: Annotated[float, Field(ge=0, lt=1)] = declared(
        "-", "Correlation of the normal scores of wind speeds an hour apart", ASSUMED, 0.95
    )
    seed: Seed = declared("-", "Seed of the draws; the same seed gives the same speeds", ASSUMED, 1)
    measured_at_m: Height = declared(
        "m", "Height above ground that wind speeds are of", "WMO: 10 m in weather records", 10.0
    )
    hub_height_m: Height = declared("m", "Height of the hubs above ground", ASSUMED, 100.0)
    shear_exponent: Annotated[float, Field(ge=0, le=1)] = declared(
        "-", "Exponent of the power law of wind speed over height", "IEC 61400-1, normal wind profile", 0.2
    )
    power_curve: Annotated[tuple[tuple[Speed, Fraction], ...], Field(min_length=2)] = declared(
        "m/s, -", "Rows of wind speed at hub height and share of rated power, linear between, zero beyond",
        IEC_CLASS_3_SOURCE, IEC_CLASS_3_CURVE,
    )  # fmt: skip
    wake_losses: LossShare = declared("-", "Share lost in the wakes of other turbines", ASSUMED, 0.05)
    other_losses: LossShare = declared("-", "Share lost in cables, transformer and blades", ASSUMED, 0.04)
    availability: Efficiency = declared("-", "Mean share of turbines that can run", ASSUMED, 0.97)
    degradation_per_year: LossShare = declared(
        "-", "Power of new turbines lost in each year of age", ASSUMED, 0.005
    )

    series_specs: ClassVar[Mapping[str, SeriesSpec]] = available_spec(
        "AC power the wind makes available",
        computed_from=(
            "annual_energy_mwh", "speed", "mean_speed_m_per_s", "weibull_shape", "hourly_correlation", "seed",
            "measured_at_m", "hub_height_m", "shear_exponent", "power_curve", "wake_losses", "other_losses",
            "availability", "degradation_per_year", "age_years",
        ),
    )  # fmt: skip

    @field_validator("power_curve")
    @classmethod
    def _ascending(cls, curve: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        for (before, _), (after, _) in pairwise(curve):
            if after <= before:
                raise ValueError(f"wind speeds must ascend, and {after:.15g} comes after {before:.15g}")
        return curve

    @model_validator(mode="after")
    def _energy_possible(self) -> Self:
        energy_mwh = self.annual_energy_mwh
        if energy_mwh and self.speed == "weather":
            raise ValueError(
                f"annual_energy_mwh = {energy_mwh:.15g}: must be left out, because `speed` is weather,"
                " which is not scaled"
            )
        most_mwh = self.rated_mw * 8760.0 * self.kept_share
        if energy_mwh and energy_mwh > most_mwh:
            raise ValueError(
                f"annual_energy_mwh = {energy_mwh:.15g}: must be {most_mwh:.15g} or less, a year at"
                f" `rated_mw` = {self.rated_mw:.15g} less losses (in MWh, not kWh)"
            )
        return self

    @property
    def kept_share(self) -> float:
        """Share of the turbines' power that is left of new ones after losses and standstill [-]."""
        return (1.0 - self.wake_losses) * (1.0 - self.other_losses) * self.availability

    @property
    def health(self) -> float:
        """Power of the turbines at `age_years` over that of new ones [-]."""
        return max(1.0 - self.degradation_per_year * self.age_years, 0.0)

    def available_mw(self, speed_m_per_s: Array) -> Array:
        """Power of new turbines at wind speeds at the measuring height [MW], the same shape."""
        at_hub = speed_m_per_s * (self.hub_height_m / self.measured_at_m) ** self.shear_exponent
        return self.rated_mw * self.kept_share * power_share(at_hub, self.power_curve)

    def series(self, park: Park) -> Mapping[str, Array]:
        """AC power available at `park.times` [MW], shape (intervals,), the mean of its quarter-hours.

        Raises InputError for intervals that straddle quarter-hours, a yearly energy that the curve cannot
        give, or weather without gusts.
        """
        if self.speed == "weather":
            speeds = park.weather()["wind_speed_m_per_s"]
            by_day = speeds.groupby(pd.DatetimeIndex(speeds.index).normalize())
            if len(speeds) > 1 and (by_day.max() == by_day.min()).all() and by_day.size().max() > 1:
                raise InputError(
                    "`speed` = 'weather': the wind of the weather is the same all day, as of a climate's"
                    " statistics; must be drawn, or the weather a file"
                )
            return {"available_mw": self.health * self.available_mw(speeds.to_numpy(np.float64))}
        starts = quarter_starts(park.times, park.hours)
        years = starts.year.to_numpy()
        quarter_of_year = (starts.day_of_year.to_numpy() - 1) * 24 * QUARTERS_PER_HOUR + (
            starts.hour.to_numpy() * QUARTERS_PER_HOUR + starts.minute.to_numpy() // 15
        )
        power_mw = np.zeros(len(starts))
        for year in np.unique(years):
            in_year = years == year
            power_mw[in_year] = _year_mw(self, int(year))[quarter_of_year[in_year]]
        return {"available_mw": self.health * power_mw.reshape(len(park.times), -1).mean(axis=1)}

    def impossible(self, given: Mapping[str, Array], park: Park) -> Mapping[str, list[str]]:
        """Power beyond the rating."""
        problems = {}
        for key, power_mw in given.items():
            beyond = np.flatnonzero(power_mw > METER_TOLERANCE * self.rated_mw)
            if beyond.size:
                problems[key] = [
                    f"{power_mw[beyond[0]]:.15g} at {park.times[beyond[0]]:%Y-%m-%d %H:%M}: must be"
                    f" {self.rated_mw:.15g} MW or less, the `rated_mw` (in MW, not kW); {beyond.size} such"
                    " values"
                ]
        return problems

    def shares_after(self, years: float) -> Mapping[str, float]:
        """What aged turbines give."""
        return {"available_mw": self.aged(years).health / self.health if self.health > 0 else 0.0}


@lru_cache(maxsize=8)
def _year_mw(farm: Wind, year: int) -> Array:
    """Power that new turbines have of every quarter-hour of a calendar year [MW]; speeds are calibrated."""
    speeds = speeds_of_year(
        year, farm.mean_speed_m_per_s, farm.weibull_shape, farm.hourly_correlation, farm.seed
    )
    target_mwh = farm.annual_energy_mwh
    if target_mwh is None:
        target_mwh = FULL_LOAD_HOURS * farm.rated_mw
    factor = _calibrated_factor(farm, speeds, target_mwh) if target_mwh > 0 else 1.0
    power_mw = farm.available_mw(factor * speeds)
    power_mw.setflags(write=False)  # shared by all that ask for the year
    return power_mw


def _calibrated_factor(farm: Wind, speeds: Array, target_mwh: float) -> float:
    """The least factor of wind speeds at which the year has that energy; beyond cut-out it falls again."""

    def energy_mwh(factor: float) -> float:
        return float(farm.available_mw(factor * speeds).sum()) / QUARTERS_PER_HOUR

    energies = np.array([energy_mwh(factor) for factor in FACTORS])
    enough = np.flatnonzero(energies >= target_mwh)
    if not enough.size:
        raise InputError(
            f"`annual_energy_mwh` = {target_mwh:.15g}: must be {energies.max():.15g} or less, the most that"
            " the turbines give at any mean wind speed"
        )
    low, high = (FACTORS[enough[0] - 1] if enough[0] else 0.0), FACTORS[enough[0]]
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if energy_mwh(middle) < target_mwh else (low, middle)
    return float(high)
