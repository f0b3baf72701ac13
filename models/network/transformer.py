"""Transformers between two buses of the park: a rating, a loss that is always there, and one with the flow.

    into `to_bus` = flow;  into `bus` = -flow - no-load loss - load loss
    load loss     = load loss at rated apparent power x units x (flow / (units x rating x power factor))^2

The flow is positive from `bus` to `to_bus`, is metered at `to_bus`, and all losses are drawn from `bus`. The
square is replaced by chords between sampled flows, which are too high by
at most the load loss at the limit / (2 x segments)^2.

Without `exact_losses` the loss is only kept from falling below the chords: it comes down to them wherever
power at `bus` is worth something, and no binaries are needed. Where power has a negative price there, the
dispatch may then draw up to the loss at the limit, which no transformer would; with `exact_losses` the loss
equals the chords. Left out of the dispatch: overload, reactive power, tap changers, and units that
are switched off at low load: all units share the flow, whatever the availability. The AC power flow of single
intervals has reactive power and tap changers.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import (
    Array,
    Carrier,
    Device,
    Display,
    Efficiency,
    Fraction,
    Park,
    Role,
    Seen,
    SeriesSpec,
    largest_residual,
)
from parkdispatch.models.limits import PositivePower, Power
from parkdispatch.models.network.full_use import SupplyBound
from parkdispatch.models.network_elements import NetworkElements, TransformerBranch
from parkdispatch.models.shown_operation import Flow
from parkdispatch.models.vocabulary import Interval, Terms

UnitCount = Annotated[int, Field(ge=1, le=1000)]
Voltage = Annotated[float, Field(gt=0, le=1500)]


class BusTransformer(Device):
    """Identical transformers in parallel between two electric buses, with power either way."""

    why_not_sized: ClassVar[str] = "its losses grow with the square of the flow over its rating"
    kind: Literal["transformer"] = declared("-", "Kind of device", default="transformer")
    bus: str = declared("-", "Name of the bus that the losses are drawn from", default="ac")
    to_bus: str = declared("-", "Name of the bus on the other side")
    count: UnitCount = declared("-", "Number of identical transformers in parallel", ASSUMED, 1)
    rating_mva: PositivePower = declared("MVA", "Rated apparent power of each transformer")
    power_factor: Efficiency = declared(
        "-", "Power factor at which rated apparent power is turned into active power",
        "assumption: park kept above the 0.9 of the power-factor rule", 0.95,
    )  # fmt: skip
    units_out: Annotated[int, Field(ge=0, le=1000)] = declared(
        "-", "Transformers whose loss the limit must survive; 1: n-1", ASSUMED, 0
    )
    no_load_loss_mw: Power = declared("MW", "No-load loss of each transformer, drawn always")
    load_loss_mw: Power = declared("MW", "Load loss of each transformer at rated apparent power")
    segments: Annotated[int, Field(ge=1, le=20)] = declared(
        "-", "Straight pieces of the load loss in each direction", ASSUMED, 4
    )
    exact_losses: bool = declared(
        "-", "Whether losses equal their curve, by binary decisions; false: they are kept from falling below",
        ASSUMED, False,
    )  # fmt: skip
    availability: Fraction = declared(
        "-", "Share of the limit in service; outages are a series of it", ASSUMED, 1.0
    )

    short_circuit_voltage: Annotated[float, Field(ge=0.005, le=0.5)] = declared(
        "-", "Short-circuit voltage as a share of the rated one, for the AC power flow",
        "assumption: 0.105, usual at 110 kV; 0.04 to 0.06 at 10 kV, 0.14 at 220 kV", 0.105,
    )  # fmt: skip
    nominal_kv: Voltage | None = declared(
        "kV", "Nominal voltage of `bus`, for the AC power flow; left out: read from its name, such as 10kV",
        default=None,
    )  # fmt: skip
    to_nominal_kv: Voltage | None = declared("kV", "Nominal voltage of `to_bus`, likewise", default=None)
    tap_steps: Annotated[int, Field(ge=0, le=50)] = declared(
        "-", "Steps of the tap changer either way, which holds the voltage of `to_bus` in the AC power flow;"
        " 0: none", ASSUMED, 0,
    )  # fmt: skip
    tap_step: Annotated[float, Field(ge=0.001, le=0.1)] = declared(
        "-", "Change of the ratio by one step", "assumption: 0.0125, usual of tap changers on load", 0.0125
    )

    role: ClassVar[Role] = "network"
    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {"bus": "electricity", "to_bus": "electricity"}
    displays: ClassVar[tuple[Display, ...]] = (
        Display("flow", "flow", {"flow_mw": 1.0}),
        Display("losses", "other", {"losses_mw": 1.0}),
    )
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "availability": SeriesSpec(
            title="Share of the limit in service",
            unit="1",
            lower=0.0,
            upper=1.0,
            computed_from=("availability",),
        ),
    }
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"transformer": "transformer"},
            "checks": {
                "transformer_limit": "limit of the transformers",
                "load_loss": "load loss",
                "losses": "losses are no-load and load losses",
            },
            "book": {"flow": "flow", "losses": "losses"},
        },
        "zh": {
            "devices": {"transformer": "变压器"},
            "checks": {
                "transformer_limit": "变压器功率上限",
                "load_loss": "负载损耗",
                "losses": "损耗等于空载损耗与负载损耗之和",
            },
            "book": {"flow": "传输功率", "losses": "损耗"},
        },
    }

    @model_validator(mode="after")
    def _possible(self) -> Self:
        problems = []
        if self.to_bus == self.bus:
            problems.append(f"to_bus = '{self.to_bus}': must be another bus than `bus`")
        if self.units_out >= self.count:
            problems.append(f"units_out = {self.units_out}: must be below {self.count}, the `count`")
        problems += [
            f"{name} = {getattr(self, name):.15g}: must be below {self.rating_mva:.15g}, the `rating_mva` (in"
            " MW, not kW)"
            for name in ("no_load_loss_mw", "load_loss_mw")
            if getattr(self, name) >= self.rating_mva
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @classmethod
    def example(cls) -> Self:
        """Two units of 20 MVA of which one may fail."""
        return cls(
            to_bus="low", count=2, rating_mva=20.0, units_out=1, no_load_loss_mw=0.02, load_loss_mw=0.09
        )

    @property
    def network_elements(self) -> NetworkElements:
        """The transformers as a branch whose flow follows from voltages."""
        return NetworkElements(
            transformer=TransformerBranch(
                bus=self.bus,
                to_bus=self.to_bus,
                nominal_kv=self.nominal_kv,
                to_nominal_kv=self.to_nominal_kv,
                count=self.count,
                rating_mva=self.rating_mva,
                no_load_loss_mw=self.no_load_loss_mw,
                load_loss_mw=self.load_loss_mw,
                short_circuit_voltage=self.short_circuit_voltage,
                allowed_loading=1.0 - self.units_out / self.count,
                tap_steps=self.tap_steps,
                tap_step=self.tap_step,
            )
        )

    @property
    def limit_mw(self) -> float:
        """Largest flow either way [MW]."""
        return (self.count - self.units_out) * self.rating_mva * self.power_factor

    @property
    def loss_curve_mw(self) -> tuple[tuple[float, float], ...]:
        """Sampled flows, and the load loss of all units there [MW]."""
        rated_mw = self.count * self.rating_mva * self.power_factor
        flows = np.linspace(-self.limit_mw, self.limit_mw, 2 * self.segments + 1)
        losses = self.count * self.load_loss_mw * (flows / rated_mw) ** 2
        return tuple(zip(flows.tolist(), losses.tolist(), strict=True))

    def series(self, park: Park) -> Mapping[str, Array]:
        """Availability at `park.times`, the same in all intervals."""
        return {"availability": np.full(len(park.times), self.availability)}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write the flow within what is in service, and the losses that it causes."""
        in_service_mw = self.limit_mw * interval.series("availability")
        block.flow_mw = pyo.Var(bounds=(-in_service_mw, in_service_mw))
        side: Literal["equal", "at_least"] = "equal" if self.exact_losses else "at_least"
        load_loss_mw = interval.piecewise("load_loss_mw", block.flow_mw, self.loss_curve_mw, side)
        block.losses_mw = pyo.Expression(expr=self.count * self.no_load_loss_mw + load_loss_mw)
        return Terms({self.bus: -block.flow_mw - block.losses_mw, self.to_bus: block.flow_mw})

    def supply_bound(self, series: Mapping[str, Array]) -> SupplyBound:
        """Nothing: it only loses."""
        return SupplyBound()

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the limit, the losses and what reaches either bus [MW]."""
        flow, load_loss = seen.values["flow_mw"], seen.values["load_loss_mw"]
        curve = self._chords_mw(flow)
        allowed = 0.0 if self.exact_losses else np.inf
        no_load = self.count * self.no_load_loss_mw
        return {
            "transformer_limit_mw": largest_residual(
                np.abs(flow) - self.limit_mw * seen.values["availability"]
            ),
            "load_loss_mw": largest_residual(curve - load_loss, load_loss - curve - allowed),
            "losses_mw": largest_residual(np.abs(seen.values["losses_mw"] - no_load - load_loss)),
            "injection_mw": largest_residual(
                np.abs(seen.injection[self.to_bus] - flow),
                np.abs(seen.injection[self.bus] + flow + no_load + load_loss),
            ),
        }

    def flow(self, seen: Seen) -> Flow:
        """The flow, within what is in service."""
        limit_mw = self.limit_mw * seen.values["availability"]
        return Flow(self.bus, self.to_bus, seen.values["flow_mw"], limit_mw, limit_mw)

    def _chords_mw(self, flow_mw: Array) -> Array:
        """Load loss at each flow [MW]: the square, and by how much its chord there lies above it."""
        step_mw = self.limit_mw / self.segments
        per_mw2 = self.load_loss_mw / self.count / (self.rating_mva * self.power_factor) ** 2
        below = np.floor(flow_mw / step_mw) * step_mw
        # (x - below) (above - x) is the distance of the chord of a square
        return np.asarray(per_mw2 * (flow_mw**2 + (flow_mw - below) * (below + step_mw - flow_mw)))
