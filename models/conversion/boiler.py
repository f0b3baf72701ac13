"""Boiler: heat from power, from a gas bus, or from fuel at a price.

    heat = efficiency x input,  0 <= heat <= availability x rated heat

Efficiency is a series, constant unless a file gives it, such as by the temperature of the water that returns.
Left out: a least power, the time of starting, and efficiency that falls at part load.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.capacity import Sized, capacity_in_model, capital_yuan, decided_capacity
from parkdispatch.models.conversion.bus_rules import equal_bus_problems, injection_residual_mw
from parkdispatch.models.conversion.fuel_burner import FuelBurner
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import (
    Array,
    Carrier,
    Display,
    Efficiency,
    Park,
    Seen,
    SeriesSpec,
    largest_residual,
)
from parkdispatch.models.limits import Power
from parkdispatch.models.network.full_use import SupplyBound
from parkdispatch.models.vocabulary import Interval, Terms

LEAST_EFFICIENCY = 0.01  # that of the field `efficiency`


class Boiler(FuelBurner):
    """Electric or fuel-fired boiler: exactly one of `bus`, `gas_bus` and a price of fuel."""

    in_place_of_fuel: ClassVar[str | None] = "bus"
    kind: Literal["boiler"] = declared("-", "Kind of device", default="boiler")
    bus: str | None = declared(
        "-", "Name of the bus an electric boiler draws from; left out: a boiler that burns fuel", default=None
    )
    heat_bus: str = declared("-", "Name of the heat bus the boiler feeds", default="heat")
    rated_heat_mw: Power | Sized = declared("MW", "Rated heat output")
    efficiency: Efficiency = declared(
        "-",
        "Heat over power drawn, or over fuel by its lower heating value, where it is constant",
        ASSUMED,
        0.92,
    )

    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {
        "bus": "electricity",
        "heat_bus": "heat",
        "gas_bus": "gas",
    }
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        **FuelBurner.series_specs,
        "efficiency": SeriesSpec(
            title="Efficiency", unit="1", lower=LEAST_EFFICIENCY, upper=1.0, computed_from=("efficiency",)
        ),
    }
    displays: ClassVar[tuple[Display, ...]] = (
        Display("heat_output", "source", {"heat_mw": 1.0}, "heat_bus"),
        Display("boiler_input", "other", {"input_mw": 1.0}),
    )
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"boiler": "boiler"},
            "costs": {"fuel": "fuel"},
            "checks": {"heat_limit": "heat limit", "boiler_input": "power or fuel by efficiency"},
            "book": {"heat_output": "heat", "boiler_input": "power or fuel drawn"},
            "prices": {"Fuel price": "Fuel price"},
        },
        "zh": {
            "devices": {"boiler": "锅炉"},
            "costs": {"fuel": "燃料费"},
            "checks": {"heat_limit": "供热功率上限", "boiler_input": "输入等于供热功率除以效率"},
            "book": {"heat_output": "供热功率", "boiler_input": "耗电或耗燃料功率"},
            "prices": {"Fuel price": "燃料价格"},
        },
    }

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*equal_bus_problems(self), *self.fuel_problems()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @classmethod
    def example(cls) -> Self:
        """An electric boiler of a few megawatts."""
        return cls(bus="ac", rated_heat_mw=5.0, efficiency=0.98)

    def series(self, park: Park) -> Mapping[str, Array]:
        """Constant efficiency beside availability and price of fuel."""
        return {**super().series(park), "efficiency": np.full(len(park.times), self.efficiency)}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write the power or fuel drawn, and heat within its limit."""
        rated_mw = capacity_in_model(interval, "rated_heat_mw", self.rated_heat_mw)
        block.input_mw = pyo.Var(bounds=(0, None))
        block.heat_mw = pyo.Expression(expr=interval.series("efficiency") * block.input_mw)
        block.heat_limit = pyo.Constraint(expr=block.heat_mw <= rated_mw * interval.series("availability"))
        return self.with_input(Terms({self.heat_bus: block.heat_mw}), interval, block.input_mw)

    def supply_bound(self, series: Mapping[str, Array]) -> SupplyBound:
        """Nothing: it only draws from the bus that feeds it."""
        return SupplyBound()

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the limit of the heat, what is drawn for it, and what enters the buses."""
        heat_mw = seen.values["heat_mw"]
        input_mw = heat_mw / seen.values["efficiency"]
        expected_mw = {self.heat_bus: heat_mw, self.bus or self.gas_bus: -input_mw}
        rated_mw = decided_capacity(seen.shared, "rated_heat_mw", self.rated_heat_mw)
        most_mw = rated_mw * seen.values["availability"]
        return {
            "heat_limit_mw": largest_residual(heat_mw - most_mw, -heat_mw),
            "boiler_input_mw": largest_residual(np.abs(seen.values["input_mw"] - input_mw)),
            "injection_mw": injection_residual_mw(seen, expected_mw),
        }

    def amounts(self, seen: Seen) -> Mapping[str, Array]:
        """The CO2 of fuel that is burnt."""
        return self.fuel_co2_t(seen, seen.values["heat_mw"] / seen.values["efficiency"])

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """What fuel that is bought costs, and the capital cost of a rating that is decided."""
        fuel = self.fuel_yuan(seen, seen.values["heat_mw"] / seen.values["efficiency"])
        return {**fuel, **capital_yuan(self, seen.shared)}
