"""Absorption chiller: cold from heat or from fuel that it burns, and power for pumps and cooling tower.

    cold = COP x heat or fuel,  auxiliary power = auxiliary_share x cold

A machine of one stage runs on hot water, such as waste heat of kilns or of an engine; one of two stages on
steam or on fuel of its own. Rating, least load, tables of COP and what is left out: see `cop_converter`. Heat
of a direct-fired machine in winter, the temperature of the heat, and the time of starting are left out too.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.capacity import Sized
from parkdispatch.models.conversion.cop_converter import (
    COP_CHECKS,
    LEAST_COP,
    Celsius,
    CopConverter,
    cop_spec,
)
from parkdispatch.models.conversion.fuel_burner import FuelBurner
from parkdispatch.models.declaration import declared
from parkdispatch.models.device import (
    Array,
    Carrier,
    Display,
    Fraction,
    Park,
    Seen,
    SeriesSpec,
    largest_residual,
)
from parkdispatch.models.limits import Power
from parkdispatch.models.vocabulary import Expr, Interval, Terms

LARGEST_COP = 3.0  # machines of three stages have about 1.8
AbsorptionCop = Annotated[float, Field(ge=LEAST_COP, le=LARGEST_COP)]


class AbsorptionChiller(CopConverter, FuelBurner):
    """Chiller driven by heat or fuel: exactly one of `heat_bus`, `gas_bus` and a price of fuel."""

    output: ClassVar[str] = "cold"
    input_quantity: ClassVar[str] = "input_mw"
    in_place_of_fuel: ClassVar[str | None] = "heat_bus"

    kind: Literal["absorption_chiller"] = declared("-", "Kind of device", default="absorption_chiller")
    heat_bus: str | None = declared(
        "-", "Name of the heat bus that drives the chiller; left out: it burns fuel", default=None
    )
    cold_bus: str = declared("-", "Name of the cold bus the chiller feeds", default="cold")
    bus: str = declared("-", "Name of the bus auxiliary power is drawn from", default="ac")
    rated_cold_mw: Power | Sized = declared("MW", "Rated cold output")
    cop: AbsorptionCop | None = declared(
        "-", "Cold over heat, or over fuel by its lower heating value, where it is constant: about 0.7 of hot"
        " water in one stage, 1.2 of gas and 1.4 of steam in two", default=None,
    )  # fmt: skip
    cop_by_air_temperature: tuple[tuple[Celsius, AbsorptionCop], ...] = declared(
        "-", "Rows of air temperature [degC], ascending, and COP there; linear between", default=()
    )
    auxiliary_share: Fraction = declared(
        "-", "Electric power of pumps and cooling tower over cold",
        "NREL REopt: electric COP of 14.1 with the cooling tower", 0.071,
    )  # fmt: skip

    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {
        "bus": "electricity",
        "cold_bus": "cold",
        "heat_bus": "heat",
        "gas_bus": "gas",
    }
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        **FuelBurner.series_specs,
        **CopConverter.series_specs,
        "cop": cop_spec(LARGEST_COP, CopConverter.cop_ways),
    }
    displays: ClassVar[tuple[Display, ...]] = (
        Display("power_drawn", "other", {"auxiliary_mw": 1.0}),
        Display("driving_input", "other", {"input_mw": 1.0}),
        Display("cold_output", "source", {"cold_mw": 1.0}, "cold_bus"),
    )
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"absorption_chiller": "absorption chiller"},
            "costs": {"fuel": "fuel"},
            "checks": {**COP_CHECKS["en"], "auxiliary_power": "auxiliary power by cold"},
            "book": {
                "power_drawn": "power drawn",
                "driving_input": "heat or fuel drawn",
                "cold_output": "cold",
            },
            "prices": {"Fuel price": "Fuel price"},
        },
        "zh": {
            "devices": {"absorption_chiller": "吸收式制冷机"},
            "costs": {"fuel": "燃料费"},
            "checks": {**COP_CHECKS["zh"], "auxiliary_power": "辅助用电与供冷功率一致"},
            "book": {
                "power_drawn": "耗电功率",
                "driving_input": "耗热或耗燃料功率",
                "cold_output": "供冷功率",
            },
            "prices": {"Fuel price": "燃料价格"},
        },
    }

    @classmethod
    def example(cls) -> Self:
        """A direct-fired chiller of two stages that runs at 30 % or more."""
        return cls(rated_cold_mw=5.0, cop=1.2, fuel_price_yuan_per_mwh=300.0, min_load_share=0.3)

    def further_problems(self) -> list[str]:
        """Several origins of what drives it."""
        return self.fuel_problems()

    def missing_for_series(self) -> list[str]:
        """The COP, and the price of fuel that is bought, where they are left out."""
        return [*CopConverter.missing_for_series(self), *FuelBurner.missing_for_series(self)]

    def series(self, park: Park) -> Mapping[str, Array]:
        """COP, availability and price of fuel; what is missing is NaN: it has to be given as a series."""
        return {**FuelBurner.series(self, park), **CopConverter.series(self, park)}

    def terms(self, block: Any, interval: Interval, input_mw: Expr, output_mw: Expr) -> Terms:
        """Heat or fuel and auxiliary power from their buses, cold into its, and what fuel costs and emits."""
        block.auxiliary_mw = pyo.Expression(expr=self.auxiliary_share * output_mw)
        terms = Terms({self.bus: -block.auxiliary_mw, self.cold_bus: output_mw})
        return self.with_input(terms, interval, input_mw)

    def entering_mw(self, input_mw: Array, output_mw: Array) -> Mapping[str | None, Array]:
        """Recompute what enters each bus [MW]."""
        driver = self.heat_bus if self.heat_bus is not None else self.gas_bus
        return {
            self.bus: -self.auxiliary_share * output_mw,
            self.cold_bus: output_mw,
            driver: -input_mw,
        }

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the auxiliary power beside limits, least load, output and what enters the buses."""
        auxiliary_mw = self.auxiliary_share * seen.values["cop"] * seen.values["input_mw"]
        error_mw = np.abs(seen.values["auxiliary_mw"] - auxiliary_mw)
        return {**super().self_check(seen), "auxiliary_power_mw": largest_residual(error_mw)}

    def amounts(self, seen: Seen) -> Mapping[str, Array]:
        """The CO2 of fuel that is burnt."""
        return self.fuel_co2_t(seen, seen.values["input_mw"])

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """What fuel that is bought costs, and the capital cost of a rating that is decided."""
        return {**self.fuel_yuan(seen, seen.values["input_mw"]), **super().costs_yuan(seen)}
