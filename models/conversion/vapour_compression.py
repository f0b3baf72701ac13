"""What heat pump and chiller share: heat or cold from power, by a coefficient of performance (COP).

    output = COP x power

COP is a series. It is constant, or interpolated in a table by the air temperature (constant beyond its ends),
or a share of Carnot's between the air and the temperature supplied, up to a limit. Power, output or both have
a rating; a least share of it makes the machine stand still or run at that much.

Left out: COP that changes with the load, a rating that falls with the temperature other than by a series of
`availability`, and defrosting.
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
from parkdispatch.models.device import (
    Array,
    Fraction,
    Park,
    Seen,
    SeriesSpec,
    largest_residual,
)
from parkdispatch.models.limits import Power
from parkdispatch.models.network.full_use import SupplyBound
from parkdispatch.models.reactive_load import ReactiveLoad
from parkdispatch.models.shown_operation import Activity
from parkdispatch.models.vocabulary import Interval, Terms

LEAST_COP, LARGEST_COP = 0.1, 50.0  # 50: a lift of a few degrees
KELVIN = 273.15
Cop = Annotated[float, Field(ge=LEAST_COP, le=LARGEST_COP)]
Celsius = Annotated[float, Field(ge=-60, le=250)]  # of air, or of steam from a heat pump
WAYS = ("cop", "cop_by_air_temperature", "carnot_share")


class VapourCompression(ReactiveLoad):
    """Base of heat pump and chiller; `output` is "heat" or "cold", and names bus, rating and variable."""

    output: ClassVar[str]

    bus: str = declared("-", "Name of the bus power is drawn from", default="ac")
    rated_mw: Power | Sized | None = declared(
        "MW", "Rated electric power; left out: the rated output alone limits it", default=None
    )
    min_load_share: Fraction = declared(
        "-", "Least electric power while running (output, if only that is rated), as a share of the rating;"
        " 0: any", ASSUMED, 0.0,
    )  # fmt: skip
    cop: Cop | None = declared(
        "-", "Coefficient of performance: output over electric power, where it is constant", default=None
    )
    cop_by_air_temperature: tuple[tuple[Celsius, Cop], ...] = declared(
        "-", "Rows of air temperature [degC], ascending, and COP there; linear between", default=()
    )
    carnot_share: Annotated[float, Field(gt=0, le=1)] | None = declared(
        "-", "COP as a share of Carnot's between the air and `supply_c`", default=None
    )
    supply_c: Celsius | None = declared("degC", "Temperature supplied, with `carnot_share`", default=None)
    cop_limit: Cop = declared("-", "Largest COP that `carnot_share` may give", ASSUMED, 8.0)
    availability: Fraction = declared("-", "Share of the rating that is available", ASSUMED, 1.0)

    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "cop": SeriesSpec(
            title="Coefficient of performance", unit="1", lower=LEAST_COP, upper=LARGEST_COP,
            computed_from=(*WAYS, "supply_c", "cop_limit"),
        ),
        "availability": SeriesSpec(
            title="Share of the rating that is available", unit="1", lower=0.0, upper=1.0,
            computed_from=("availability",),
        ),
    }  # fmt: skip

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = equal_bus_problems(self)
        if self.rated_mw is None and self.rated_output_mw is None:
            problems.append(f"rated_mw and rated_{self.output}_mw are left out: one or both must be given")
        given = [way for way in WAYS if getattr(self, way) not in (None, ())]
        if len(given) > 1:
            problems.append(f"{' and '.join(given)} are given: must be one of them")
        temperatures = [temperature for temperature, _ in self.cop_by_air_temperature]
        if any(after <= before for before, after in pairwise(temperatures)):
            rows = [list(row) for row in self.cop_by_air_temperature]
            problems.append(f"cop_by_air_temperature = {rows}: temperatures must ascend")
        if (self.carnot_share is None) != (self.supply_c is None):
            problems.append(
                f"carnot_share = {self.carnot_share} and supply_c = {self.supply_c}: must be given together"
            )
        if self.min_load_share > 0 and self.undecided_sizes:
            undecided = " and ".join(self.undecided_sizes)
            problems.append(
                f"min_load_share = {self.min_load_share:.15g}: must be 0, because {undecided} is left to the"
                " optimizer, and the least load would be that size times an on/off decision"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def output_bus(self) -> str:
        """Name of the bus that takes heat or cold."""
        return str(getattr(self, f"{self.output}_bus"))

    @property
    def rated_output_mw(self) -> float | Sized | None:
        """Rated heat or cold [MW]; None where only power is rated."""
        rated: float | Sized | None = getattr(self, f"rated_{self.output}_mw")
        return rated

    @abstractmethod
    def carnot_cop(self, supply_k: float, air_k: Array) -> Array:
        """Carnot's COP; infinite where the air alone would do."""

    @property
    def needs_weather(self) -> bool:  # type: ignore[override]  # of the class for most, here of the declaration
        """Whether COP follows from the air temperature."""
        return bool(self.cop_by_air_temperature) or self.carnot_share is not None

    def missing_for_series(self) -> list[str]:
        """The COP, where nothing tells it."""
        return [] if self.cop is not None or self.needs_weather else ["cop"]

    def series(self, park: Park) -> Mapping[str, Array]:
        """COP and availability; a missing COP is NaN: it has to be given as a series."""
        ones = np.ones(len(park.times))
        cop = ones * (np.nan if self.cop is None else self.cop)
        if self.needs_weather:
            air_c = park.weather()["temp_air_c"].to_numpy(np.float64)
            if self.carnot_share is not None and self.supply_c is not None:
                carnot = self.carnot_cop(self.supply_c + KELVIN, air_c + KELVIN)
                cop = np.clip(self.carnot_share * carnot, LEAST_COP, self.cop_limit)
            else:
                cop = np.interp(air_c, *np.transpose(self.cop_by_air_temperature))
        return {"cop": np.asarray(cop), "availability": ones * self.availability}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write power and output within their limits, and the least of them while running."""
        cop, availability = interval.series("cop"), interval.series("availability")
        rated_power, rated_output = self.rated_mw, self.rated_output_mw
        largest_mw = None if rated_power is None else largest_capacity(rated_power) * availability
        block.power_mw = power_mw = pyo.Var(bounds=(0, largest_mw))
        if rated_power is not None:
            rated_mw = capacity_in_model(interval, "rated_mw", rated_power)
            keep_within(block, "power_limit", power_mw, 0.0, rated_mw * availability)
        output_mw = cop * power_mw
        block.add_component(f"{self.output}_mw", pyo.Expression(expr=output_mw))
        if rated_output is not None:
            rated_mw = capacity_in_model(interval, f"rated_{self.output}_mw", rated_output)
            block.output_limit = pyo.Constraint(expr=output_mw <= rated_mw * availability)
        if self.min_load_share > 0:
            # no word for units with a history is needed: nothing depends on when it started
            running = interval.binary("running")
            rated_mw, base_mw = self._base(power_mw, output_mw)
            block.least_load = pyo.Constraint(expr=base_mw >= self.min_load_share * rated_mw * running)
            block.most_load = pyo.Constraint(expr=base_mw <= rated_mw * availability * running)
        return Terms({self.bus: -power_mw, self.output_bus: output_mw})

    def _base(self, power_mw: Any, output_mw: Any) -> tuple[float, Any]:
        """The rating that the least load is a share of, and what it rates [MW]."""
        if self.rated_mw is not None:
            return largest_capacity(self.rated_mw), power_mw
        return largest_capacity(self.rated_output_mw or 0.0), output_mw

    def activities(self, seen: Seen) -> list[Activity]:
        """When it runs, if it has a least load."""
        if "running" not in seen.values:
            return []
        rated_mw, base_mw = self._base(seen.values["power_mw"], seen.values[f"{self.output}_mw"])
        return [Activity("commitment", base_mw, rated_mw, seen.values["running"] > 0.5)]

    def supply_bound(self, series: Mapping[str, Array]) -> SupplyBound:
        """Nothing: it only draws electricity."""
        return SupplyBound()

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the limits, the least load, the output, and what enters the buses."""
        power_mw, output_mw = seen.values["power_mw"], seen.values[f"{self.output}_mw"]
        availability = seen.values["availability"]
        over_mw = [-power_mw]
        for field, used_mw in (("rated_mw", power_mw), (f"rated_{self.output}_mw", output_mw)):
            if (size := getattr(self, field)) is not None:
                over_mw.append(used_mw - decided_capacity(seen.shared, field, size) * availability)
        rated_mw, base_mw = self._base(power_mw, output_mw)
        least_mw = self.min_load_share * rated_mw
        made_mw = seen.values["cop"] * power_mw
        return {
            "rated_power_mw": largest_residual(*over_mw),
            # distance to the nearer of zero and the least load
            "least_load_mw": largest_residual(np.minimum(base_mw, least_mw - base_mw)),
            "output_by_cop_mw": largest_residual(np.abs(output_mw - made_mw)),
            "injection_mw": injection_residual_mw(seen, {self.bus: -power_mw, self.output_bus: made_mw}),
        }

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """The capital cost of ratings that are decided."""
        return capital_yuan(self, seen.shared)
