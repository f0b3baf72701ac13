"""Waste heat that follows a driver, such as kilns: into a heat bus, to low-temperature power, or unused.

    available heat = heat_share x driver
    heat + power / power_efficiency <= available heat,  power <= rated power

The driver is a series: the power of the process, from its mean and two shapes or from a file. Devices do not
see each other, so it is not tied to a load of the case: give both the same file. What is not used is rejected
to the air at no cost.

Left out: a least power of the turbine, and efficiency that falls with the heat or its temperature.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field, model_validator

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.calendar.quarter_hours import quarters_per_interval
from parkdispatch.models.conversion.bus_rules import equal_bus_problems, injection_residual_mw
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import (
    Array,
    Carrier,
    Device,
    Display,
    Efficiency,
    Park,
    Role,
    Seen,
    SeriesSpec,
    largest_residual,
    power_spec,
)
from parkdispatch.models.limits import Factor, Power
from parkdispatch.models.vocabulary import Interval, Terms


def _some_above_zero(shape: tuple[float, ...]) -> tuple[float, ...]:
    if not sum(shape) > 0:
        raise ValueError("must have at least one number above 0")
    return shape


HoursOfDay = Annotated[
    tuple[Factor, ...], Field(min_length=24, max_length=24), AfterValidator(_some_above_zero)
]
MonthsOfYear = Annotated[
    tuple[Factor, ...], Field(min_length=12, max_length=12), AfterValidator(_some_above_zero)
]


class WasteHeat(Device):
    """Waste heat of a process, for a heat bus, for power, or for both."""

    why_not_sized: ClassVar[str] = "its heat follows from a process that is given"
    kind: Literal["waste_heat"] = declared("-", "Kind of device", default="waste_heat")
    bus: str | None = declared(
        "-",
        "Name of the bus that low-temperature power generation feeds; left out: there is none",
        default=None,
    )
    heat_bus: str | None = declared(
        "-", "Name of the heat bus that takes heat; left out: heat serves power generation only", default=None
    )
    driver_mean_mw: Power | None = declared(
        "MW", "Mean power of the process over hours and months; left out where a series gives the power",
        default=None,
    )  # fmt: skip
    hourly_shape: HoursOfDay = declared(
        "-", "Power of the process in each hour of a day, from 0:00; only proportions matter",
        "assumption: kilns never stop", (1.0,) * 24,
    )  # fmt: skip
    monthly_shape: MonthsOfYear = declared(
        "-", "Power of the process in each month, January to December; only proportions matter",
        ASSUMED, (1.0,) * 12,
    )  # fmt: skip
    heat_share: Annotated[float, Field(ge=0, le=100)] = declared(
        "-", "Usable waste heat over the power of the process; above 1 where fuel is burnt beside it"
    )
    rated_mw: Power = declared("MW", "Rated electric power of low-temperature power generation", ASSUMED, 0.0)
    power_efficiency: Efficiency = declared(
        "-", "Electric power over waste heat", "assumption: organic Rankine cycle at 150 to 250 degC", 0.12
    )

    role: ClassVar[Role] = "source"
    growing_series: ClassVar[tuple[str, ...]] = ("driver_mw",)  # a process is a load
    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {"bus": "electricity", "heat_bus": "heat"}
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "driver_mw": power_spec(
            "Power of the process", computed_from=("driver_mean_mw", "hourly_shape", "monthly_shape")
        ),
    }
    displays: ClassVar[tuple[Display, ...]] = (
        Display("available_heat", "other", {"available_heat_mw": 1.0}, "heat_bus"),
        Display("heat_output", "source", {"heat_mw": 1.0}, "heat_bus"),
        Display("power", "source", {"power_mw": 1.0}, "bus"),
    )
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"waste_heat": "waste heat"},
            "checks": {
                "waste_heat_limit": "waste heat used within what is available",
                "power_limit": "power limit",
            },
            "book": {"available_heat": "heat available", "heat_output": "heat"},
        },
        "zh": {
            "devices": {"waste_heat": "余热利用"},
            "checks": {"waste_heat_limit": "余热利用不超过可用余热", "power_limit": "发电功率上限"},
            "book": {"available_heat": "可用余热", "heat_output": "供热功率"},
        },
    }

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = equal_bus_problems(self)
        if self.bus is None and self.heat_bus is None:
            problems.append("bus and heat_bus are left out: one or both must be given")
        if (self.bus is None) != (self.rated_mw == 0):
            bus = "left out" if self.bus is None else f"'{self.bus}'"
            problems.append(
                f"rated_mw = {self.rated_mw:.15g} and bus {bus}: must be above 0 with a bus, and 0 without"
                " one"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @classmethod
    def example(cls) -> Self:
        """Kilns of some megawatts, with power generation."""
        return cls(bus="ac", heat_bus="heat", driver_mean_mw=20.0, heat_share=0.4, rated_mw=0.6)

    def missing_for_series(self) -> list[str]:
        """The mean power, where it is left out."""
        return ["driver_mean_mw"] if self.driver_mean_mw is None else []

    def series(self, park: Park) -> Mapping[str, Array]:
        """Power of the process at `park.times` [MW], shape (intervals,); long intervals are means.

        Without a mean it is NaN: it has to be given as a series. Raises InputError for intervals that
        straddle quarter-hours.
        """
        hourly, monthly = np.array(self.hourly_shape), np.array(self.monthly_shape)
        hourly, monthly = hourly / hourly.mean(), monthly / monthly.mean()
        quarters = quarters_per_interval(park.times, park.hours)
        starts = [park.times + quarter * pd.Timedelta(minutes=15) for quarter in range(quarters)]
        shape = np.mean([hourly[start.hour] * monthly[start.month - 1] for start in starts], axis=0)
        return {"driver_mw": shape * (np.nan if self.driver_mean_mw is None else self.driver_mean_mw)}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Share the available heat out between the heat bus and power generation."""
        block.available_heat_mw = pyo.Expression(expr=self.heat_share * interval.series("driver_mw"))
        block.heat_mw = pyo.Var(bounds=(0, 0 if self.heat_bus is None else None))
        block.power_mw = pyo.Var(bounds=(0, self.rated_mw))
        block.within_available = pyo.Constraint(
            expr=block.heat_mw + block.power_mw / self.power_efficiency
            <= self.heat_share * interval.series("driver_mw")
        )
        injection = {self.bus: block.power_mw, self.heat_bus: block.heat_mw}
        return Terms({bus: power_mw for bus, power_mw in injection.items() if bus is not None})

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the limits of heat and power, and what enters the buses."""
        power_mw, heat_mw = seen.values["power_mw"], seen.values["heat_mw"]
        available_mw = self.heat_share * seen.values["driver_mw"]
        unused_mw = available_mw - heat_mw - power_mw / self.power_efficiency
        return {
            "waste_heat_limit_mw": largest_residual(
                -unused_mw, -heat_mw, np.abs(seen.values["available_heat_mw"] - available_mw)
            ),
            "power_limit_mw": largest_residual(power_mw - self.rated_mw, -power_mw),
            "injection_mw": injection_residual_mw(seen, {self.bus: power_mw, self.heat_bus: heat_mw}),
        }
