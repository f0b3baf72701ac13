"""Output of a plant between zero and what sun or wind makes available; the rest is curtailed at no cost.

A plant that must run cannot be curtailed: its output equals what is available. Where `scale` is decided, what
is available is the declared plant's, `available_mw`, times the scale; so is what is curtailed, or must run.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.capacity import (
    Sized,
    capacity_in_model,
    capital_yuan,
    decided_capacity,
    largest_capacity,
)
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import (
    Array,
    Device,
    Display,
    Role,
    Seen,
    SeriesSpec,
    largest_residual,
    power_spec,
)
from parkdispatch.models.limits import PositiveFactor
from parkdispatch.models.network.full_use import SupplyBound
from parkdispatch.models.ordered_bounds import INJECTION
from parkdispatch.models.vocabulary import Interval, Terms


def available_spec(title: str, computed_from: tuple[str, ...]) -> Mapping[str, SeriesSpec]:
    """The series `available_mw`, with the fields that it follows from where it is not given."""
    return {"available_mw": power_spec(title, computed_from)}


class CurtailablePlant(Device):
    """A plant whose output lies between zero and what is available, or is all of it if it must run."""

    kind: str = declared("-", "Kind of device", default="")
    bus: str = declared("-", "Name of the bus the plant feeds", default="ac")
    must_run: bool = declared(
        "-", "Whether all available power must be fed in; false: it may be curtailed at no cost",
        ASSUMED, False,
    )  # fmt: skip
    scale: PositiveFactor | Sized | None = declared(
        "-", "Multiple of the declared plant that is built, or left to the optimizer; left out: the plant",
        default=None,
    )  # fmt: skip
    age_years: Annotated[float, Field(ge=0, le=50)] = declared(
        "years", "Age of the modules or turbines in the middle of the horizon", ASSUMED, 0.0
    )

    role: ClassVar[Role] = "source"
    displays: ClassVar[tuple[Display, ...]] = (
        Display("available", "other", {"available_mw": 1.0}),
        Display("used", "source", {INJECTION: 1.0}),
        Display("curtailed", "other", {"curtailed_mw": 1.0}),
    )
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {"checks": {"output_is_available": "output of a must-run plant equals available power"}},
        "zh": {"checks": {"output_is_available": "不可弃电机组出力等于可用功率"}},
    }

    def aged(self, years: float) -> Self:
        """The plant older by so much."""
        return self.model_copy(update={"age_years": self.age_years + years})

    @property
    def shown(self) -> list[tuple[Display, str]]:
        """The displays; what a plant of decided scale has available is what it puts out and curtails."""
        available = Display("available", "other", {"curtailed_mw": 1.0, "output_mw": 1.0})
        return super().shown if self.scale is None else [(available, self.bus), *super().shown[1:]]

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write output between zero, or all if it must run, and available power; the rest is curtailed."""
        available = interval.series("available_mw")
        if self.scale is None:
            block.output_mw = pyo.Var(bounds=(available if self.must_run else 0, available))
        else:
            block.output_mw = pyo.Var(bounds=(0, largest_capacity(self.scale) * available))
            available = available * capacity_in_model(interval, "scale", self.scale)
            within = block.output_mw == available if self.must_run else block.output_mw <= available
            block.output_limit = pyo.Constraint(expr=within)
        block.curtailed_mw = pyo.Expression(expr=available - block.output_mw)
        return Terms(
            injection={self.bus: block.output_mw},
            amounts={
                "renewable_available_mwh": available * interval.hours,
                "renewable_output_mwh": block.output_mw * interval.hours,
            },
        )

    def supply_bound(self, series: Mapping[str, Array]) -> SupplyBound:
        """All that is available, of the largest plant that may be built."""
        return SupplyBound(largest_capacity(self.scale or 1.0) * series["available_mw"])

    def _available_mw(self, seen: Seen) -> Array:
        """What the plant that is built has available."""
        return np.asarray(
            decided_capacity(seen.shared, "scale", self.scale or 1.0) * seen.values["available_mw"]
        )

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Largest violation of each rule of the output [MW]."""
        output, available = seen.values["output_mw"], self._available_mw(seen)
        residuals = {
            "output_within_available_mw": largest_residual(-output, output - available),
            "curtailed_is_the_rest_mw": largest_residual(
                np.abs(available - output - seen.values["curtailed_mw"])
            ),
            "injection_is_output_mw": largest_residual(np.abs(seen.injection[self.bus] - output)),
        }
        if self.must_run:
            residuals["output_is_available_mw"] = largest_residual(np.abs(available - output))
        return residuals

    def amounts(self, seen: Seen) -> Mapping[str, Array]:
        """What is available and what is put out in each interval [MWh]."""
        return {
            "renewable_available_mwh": self._available_mw(seen) * seen.hours,
            "renewable_output_mwh": seen.values["output_mw"] * seen.hours,
        }

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """The capital cost of a scale that is decided."""
        return capital_yuan(self, seen.shared)
