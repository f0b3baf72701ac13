"""What heat pump, chiller and absorption chiller share: heat or cold by a coefficient of performance (COP).

    output = COP x input,  input: power, heat or fuel

COP is a series. It is constant, or interpolated in a table by the air temperature (constant beyond its ends),
or follows in a way of the device's own. Input, output or both have a rating; a least share of it makes the
machine stand still or run at that much.

Left out: COP that changes with the load, and a rating that falls with the temperature other than by a series
of `availability`.
"""

from abc import abstractmethod
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.capacity import (
    Sized,
    capacity_in_model,
    capital_yuan,
    decided_capacity,
    keep_within,
    largest_capacity,
)
from parkdispatch.models.conversion.bus_rules import equal_bus_problems, injection_residual_mw
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import Array, Fraction, Park, Seen, SeriesSpec, largest_residual
from parkdispatch.models.network.full_use import SupplyBound
from parkdispatch.models.reactive_load import ReactiveLoad
from parkdispatch.models.shown_operation import Activity
from parkdispatch.models.vocabulary import Expr, Interval, Terms

LEAST_COP, LARGEST_COP = 0.1, 50.0  # 50: a lift of a few degrees
Cop = Annotated[float, Field(ge=LEAST_COP, le=LARGEST_COP)]
Celsius = Annotated[float, Field(ge=-60, le=250)]  # of air, or of steam from a heat pump
COP_CHECKS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "rated_power": "rated input and output",
        "least_load": "at rest or at least at the least load",
        "output_by_cop": "output by COP",
    },
    "zh": {
        "rated_power": "额定输入与额定出力",
        "least_load": "停机或不低于最低负荷",
        "output_by_cop": "出力等于输入乘以性能系数",
    },
}


def cop_spec(largest: float, computed_from: tuple[str, ...]) -> SeriesSpec:
    """A coefficient of performance, from the fields it follows from where it is not given."""
    title = "Coefficient of performance"
    return SeriesSpec(title=title, unit="1", lower=LEAST_COP, upper=largest, computed_from=computed_from)


class CopConverter(ReactiveLoad):
    """Base of what makes heat or cold at a COP; `output`, "heat" or "cold", names bus and rating."""

    output: ClassVar[str]
    input_quantity: ClassVar[str]  # variable of what drives it
    cop_ways: ClassVar[tuple[str, ...]] = ("cop", "cop_by_air_temperature")  # fields, of which one is given

    bus: str = declared("-", "Name of the bus power is drawn from", default="ac")
    min_load_share: Fraction = declared(
        "-", "Least input while running (output, if only that is rated), as a share of the rating; 0: any",
        ASSUMED, 0.0,
    )  # fmt: skip
    cop: Cop | None = declared(
        "-", "Coefficient of performance: output over input, where it is constant", default=None
    )
    cop_by_air_temperature: tuple[tuple[Celsius, Cop], ...] = declared(
        "-", "Rows of air temperature [degC], ascending, and COP there; linear between", default=()
    )
    availability: Fraction = declared("-", "Share of the rating that is available", ASSUMED, 1.0)

    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "cop": cop_spec(LARGEST_COP, cop_ways),
        "availability": SeriesSpec(
            title="Share of the rating that is available", unit="1", lower=0.0, upper=1.0,
            computed_from=("availability",),
        ),
    }  # fmt: skip

    @model_validator(mode="after")
    def _consistent_conversion(self) -> Self:
        problems = equal_bus_problems(self)
        if not self.ratings:
            problems.append(f"rated_mw and rated_{self.output}_mw are left out: one or both must be given")
        given = [way for way in self.cop_ways if getattr(self, way) not in (None, ())]
        if len(given) > 1:
            problems.append(f"{' and '.join(given)} are given: must be one of them")
        temperatures = [temperature for temperature, _ in self.cop_by_air_temperature]
        if any(after <= before for before, after in pairwise(temperatures)):
            rows = [list(row) for row in self.cop_by_air_temperature]
            problems.append(f"cop_by_air_temperature = {rows}: temperatures must ascend")
        problems += self.further_problems()
        if self.min_load_share > 0 and self.undecided_sizes:
            undecided = " and ".join(self.undecided_sizes)
            problems.append(
                f"min_load_share = {self.min_load_share:.15g}: must be 0, because {undecided} is left to the"
                " optimizer, and the least load would be that size times an on/off decision"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def further_problems(self) -> list[str]:
        """What else is wrong with the fields of a kind."""
        return []

    @property
    def output_quantity(self) -> str:
        """Variable of heat or cold."""
        return f"{self.output}_mw"

    @property
    def output_bus(self) -> str:
        """Name of the bus that takes heat or cold."""
        return str(getattr(self, f"{self.output}_bus"))

    @property
    def ratings(self) -> Mapping[str, str]:
        """By field, the variables that are rated; the least load is a share of the first of them."""
        fields = {"rated_mw": self.input_quantity, f"rated_{self.output}_mw": self.output_quantity}
        return {field: name for field, name in fields.items() if getattr(self, field, None) is not None}

    @property
    def needs_weather(self) -> bool:  # type: ignore[override]  # of the class for most, here of the declaration
        """Whether COP follows from the air temperature."""
        return any(getattr(self, way) not in (None, ()) for way in self.cop_ways if way != "cop")

    def missing_for_series(self) -> list[str]:
        """The COP, where nothing tells it."""
        return [] if self.cop is not None or self.needs_weather else ["cop"]

    def series(self, park: Park) -> Mapping[str, Array]:
        """COP and availability; a missing COP is NaN: it has to be given as a series."""
        ones = np.ones(len(park.times))
        cop = ones * (np.nan if self.cop is None else self.cop)
        if self.needs_weather:
            cop = self.cop_by_air(park.weather()["temp_air_c"].to_numpy(np.float64))
        return {"cop": cop, "availability": ones * self.availability}

    def cop_by_air(self, air_c: Array) -> Array:
        """COP at temperatures of the air."""
        return np.asarray(np.interp(air_c, *np.transpose(self.cop_by_air_temperature)))

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write input and output within their limits, and the least of them while running."""
        cop, availability = interval.series("cop"), interval.series("availability")
        block.add_component(self.input_quantity, input_mw := pyo.Var(bounds=(0, None)))
        output_mw = cop * input_mw
        block.add_component(self.output_quantity, pyo.Expression(expr=output_mw))
        for field, name in self.ratings.items():
            size: float | Sized = getattr(self, field)
            most_mw = capacity_in_model(interval, field, size) * availability
            if name == self.input_quantity:
                input_mw.setub(largest_capacity(size) * availability)
                keep_within(block, "input_limit", input_mw, 0.0, most_mw)
            else:
                block.output_limit = pyo.Constraint(expr=output_mw <= most_mw)
        if self.min_load_share > 0:
            # no word for units with a history is needed: nothing depends on when it started
            running = interval.binary("running")
            rated_mw, name = self._first_rating
            base_mw = input_mw if name == self.input_quantity else output_mw
            block.least_load = pyo.Constraint(expr=base_mw >= self.min_load_share * rated_mw * running)
            block.most_load = pyo.Constraint(expr=base_mw <= rated_mw * availability * running)
        return self.terms(block, interval, input_mw, output_mw)

    @abstractmethod
    def terms(self, block: Any, interval: Interval, input_mw: Expr, output_mw: Expr) -> Terms:
        """What is drawn and made [MW] as powers into buses, costs and amounts."""

    @abstractmethod
    def entering_mw(self, input_mw: Array, output_mw: Array) -> Mapping[str | None, Array]:
        """Recompute what enters each bus [MW]; None is no bus."""

    @property
    def _first_rating(self) -> tuple[float, str]:
        """The rating that the least load is a share of [MW], and the variable that it rates."""
        field, name = next(iter(self.ratings.items()))
        return largest_capacity(getattr(self, field)), name

    def activities(self, seen: Seen) -> list[Activity]:
        """When it runs, if it has a least load."""
        if "running" not in seen.values:
            return []
        rated_mw, name = self._first_rating
        return [Activity("commitment", seen.values[name], rated_mw, seen.values["running"] > 0.5)]

    def supply_bound(self, series: Mapping[str, Array]) -> SupplyBound:
        """Nothing: it only draws electricity."""
        return SupplyBound()

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the limits, the least load, the output, and what enters the buses."""
        input_mw, output_mw = seen.values[self.input_quantity], seen.values[self.output_quantity]
        over_mw = [-input_mw]
        for field, name in self.ratings.items():
            most_mw = decided_capacity(seen.shared, field, getattr(self, field)) * seen.values["availability"]
            over_mw.append(seen.values[name] - most_mw)
        rated_mw, name = self._first_rating
        base_mw, least_mw = seen.values[name], self.min_load_share * rated_mw
        made_mw = seen.values["cop"] * input_mw
        return {
            "rated_power_mw": largest_residual(*over_mw),
            # distance to the nearer of zero and the least load
            "least_load_mw": largest_residual(np.minimum(base_mw, least_mw - base_mw)),
            "output_by_cop_mw": largest_residual(np.abs(output_mw - made_mw)),
            "injection_mw": injection_residual_mw(seen, self.entering_mw(input_mw, made_mw)),
        }

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """The capital cost of ratings that are decided."""
        return capital_yuan(self, seen.shared)
