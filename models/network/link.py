"""Link: power between two buses of one carrier, such as a cable between parks or a pipe between plants.

    into `to_bus` = forward x (1 - forward loss) - backward
    into `bus`    = backward x (1 - backward loss) - forward

Each flow is what is sent, at the sending bus; at most one of the two is above zero, so that no power is lost
by going round in circles where it has a negative price. A wheeling price is paid for what is sent. Left out:
losses that grow with the square of the flow (see `transformer`), and the time that heat or gas takes.
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
    Fraction,
    Park,
    Role,
    Seen,
    SeriesSpec,
    largest_residual,
    power_spec,
    price_spec,
)
from parkdispatch.models.limits import LARGEST_PRICE_YUAN_PER_MWH, Power
from parkdispatch.models.network.full_use import SupplyBound
from parkdispatch.models.network_elements import NetworkElements, SwitchBranch
from parkdispatch.models.shown_operation import Flow
from parkdispatch.models.vocabulary import Interval, Terms

LossShare = Annotated[float, Field(ge=0, lt=1)]
AVAILABILITY = SeriesSpec(title="Share of the capacity in service", unit="1", lower=0.0, upper=1.0)


class Link(Device):
    """Lossy connection between two buses of one carrier, with a limit each way."""

    kind: Literal["link"] = declared("-", "Kind of device", default="link")
    bus: str = declared("-", "Name of the bus that forward power leaves", default="ac")
    to_bus: str = declared("-", "Name of the bus that forward power reaches")
    carrier: Carrier = declared("-", "What flows: both buses must carry it", default="electricity")
    forward_limit_mw: Power = declared("MW", "Largest power sent from `bus` to `to_bus`")
    backward_limit_mw: Power = declared("MW", "Largest power sent from `to_bus` to `bus`")
    forward_loss: LossShare = declared("-", "Share of forward power that is lost", ASSUMED, 0.0)
    backward_loss: LossShare = declared("-", "Share of backward power that is lost", ASSUMED, 0.0)
    wheeling_yuan_per_mwh: Annotated[float, Field(ge=0, le=LARGEST_PRICE_YUAN_PER_MWH)] = declared(
        "yuan/MWh", "Paid for each MWh sent, either way", "assumption: a link of the park's own", 0.0
    )
    availability: Fraction = declared(
        "-", "Share of the limits in service; outages are a series of it", ASSUMED, 1.0
    )

    role: ClassVar[Role] = "network"
    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {"bus": "any", "to_bus": "any"}
    displays: ClassVar[tuple[Display, ...]] = (
        Display("forward", "other", {"forward_mw": 1.0}),
        Display("backward", "other", {"backward_mw": 1.0}),
    )
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "forward_limit_mw": power_spec("Forward limit", ("forward_limit_mw",)),
        "backward_limit_mw": power_spec("Backward limit", ("backward_limit_mw",)),
        "availability": AVAILABILITY.model_copy(update={"computed_from": ("availability",)}),
        "wheeling_price_yuan_per_mwh": price_spec("Wheeling price", ("wheeling_yuan_per_mwh",)),
    }
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"link": "link"},
            "costs": {"wheeling": "wheeling charge"},
            "checks": {
                "forward_limit": "forward limit",
                "backward_limit": "backward limit",
                "forward_and_backward": "no simultaneous flow both ways",
            },
            "book": {"forward": "forward", "backward": "backward"},
            "prices": {"Wheeling price": "Wheeling price"},
        },
        "zh": {
            "devices": {"link": "联络线"},
            "costs": {"wheeling": "过网费"},
            "checks": {
                "forward_limit": "正向输送功率上限",
                "backward_limit": "反向输送功率上限",
                "forward_and_backward": "不同时双向输送",
            },
            "book": {"forward": "正向输送", "backward": "反向输送"},
            "prices": {"Wheeling price": "过网费价格"},
        },
    }

    @model_validator(mode="after")
    def _two_buses(self) -> Self:
        if self.to_bus == self.bus:
            raise ValueError(f"to_bus = '{self.to_bus}': must be another bus than `bus`")
        return self

    @classmethod
    def example(cls) -> Self:
        """A cable to another park that loses three per cent."""
        return cls(
            to_bus="other", forward_limit_mw=8.0, backward_limit_mw=5.0, forward_loss=0.03,
            backward_loss=0.03, wheeling_yuan_per_mwh=20.0,
        )  # fmt: skip

    @property
    def buses(self) -> Mapping[str, Carrier | Literal["any"]]:
        """Both buses, with the link's carrier."""
        return {self.bus: self.carrier, self.to_bus: self.carrier}

    @property
    def network_elements(self) -> NetworkElements:
        """A closed switch between electric buses."""
        if self.carrier != "electricity":
            return NetworkElements()
        return NetworkElements(switch=SwitchBranch(self.bus, self.to_bus))

    def series(self, park: Park) -> Mapping[str, Array]:
        """Limits, availability and price at `park.times`, the same in all intervals."""
        ones = np.ones(len(park.times))
        return {
            "forward_limit_mw": ones * self.forward_limit_mw,
            "backward_limit_mw": ones * self.backward_limit_mw,
            "availability": ones * self.availability,
            "wheeling_price_yuan_per_mwh": ones * self.wheeling_yuan_per_mwh,
        }

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write both flows, their limits, and that one of them rests."""
        available = interval.series("availability")
        block.forward_mw = pyo.Var(bounds=(0, interval.series("forward_limit_mw")))
        block.backward_mw = pyo.Var(bounds=(0, interval.series("backward_limit_mw")))
        # a flow is within its limit, and within the capacity in service
        block.forward_in_service = pyo.Constraint(expr=block.forward_mw <= self.forward_limit_mw * available)
        block.backward_in_service = pyo.Constraint(
            expr=block.backward_mw <= self.backward_limit_mw * available
        )
        interval.either_or(block.forward_mw, block.backward_mw)
        price = interval.series("wheeling_price_yuan_per_mwh") * interval.hours
        return Terms(
            injection={
                self.bus: (1 - self.backward_loss) * block.backward_mw - block.forward_mw,
                self.to_bus: (1 - self.forward_loss) * block.forward_mw - block.backward_mw,
            },
            costs={"wheeling": price * (block.forward_mw + block.backward_mw)},
        )

    def supply_bound(self, series: Mapping[str, Array]) -> SupplyBound:
        """Nothing: it only loses."""
        return SupplyBound()

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute limits, exclusivity and what reaches either bus [MW]."""
        forward, backward = seen.values["forward_mw"], seen.values["backward_mw"]
        residuals = {"forward_and_backward_mw": largest_residual(np.minimum(forward, backward))}
        for name, flow, capacity in (
            ("forward_limit_mw", forward, self.forward_limit_mw),
            ("backward_limit_mw", backward, self.backward_limit_mw),
        ):
            in_service = capacity * seen.values["availability"]
            residuals[name] = largest_residual(-flow, flow - seen.values[name], flow - in_service)
        residuals["injection_mw"] = largest_residual(
            np.abs(seen.injection[self.bus] - (backward - self.backward_loss * backward - forward)),
            np.abs(seen.injection[self.to_bus] - (forward - self.forward_loss * forward - backward)),
        )
        return residuals

    def flow(self, seen: Seen) -> Flow:
        """What is sent forward, less what is sent backward, within what is in service."""
        availability = seen.values["availability"]
        forward_mw, backward_mw = (
            np.minimum(seen.values[name], capacity_mw * availability)
            for name, capacity_mw in (
                ("forward_limit_mw", self.forward_limit_mw),
                ("backward_limit_mw", self.backward_limit_mw),
            )
        )
        sent_mw = seen.values["forward_mw"] - seen.values["backward_mw"]
        return Flow(self.bus, self.to_bus, sent_mw, forward_mw, backward_mw)

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """What is paid for the energy sent."""
        sent_mwh = (seen.values["forward_mw"] + seen.values["backward_mw"]) * seen.hours
        return {"wheeling": sent_mwh * seen.values["wheeling_price_yuan_per_mwh"]}
