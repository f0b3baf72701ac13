"""What a bus lacks or has too much where a plan may violate its limits, at a stated price.

    injection = unserved - excess

No device of a case file: only plans with priced violations have it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.declaration import declared
from parkdispatch.models.device import Array, Carrier, Device, Display, Park, Role, Seen, largest_residual
from parkdispatch.models.ordered_bounds import VIOLATION, ViolationPrice
from parkdispatch.models.vocabulary import Interval, Terms


class UnservedEnergy(Device):
    """Energy that a bus lacks, or cannot get rid of, each MWh at a price."""

    kind: Literal["unserved"] = declared("-", "Kind of device", default="unserved")
    bus: str = declared("-", "Name of the bus", default="ac")
    violation_yuan_per_mwh: ViolationPrice = declared("yuan/MWh", "Price of each MWh", default=1e5)

    role: ClassVar[Role] = "network"
    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {"bus": "any"}
    displays: ClassVar[tuple[Display, ...]] = (
        Display("unserved", "other", {"unserved_mw": 1.0}),
        Display("excess", "other", {"excess_mw": 1.0}),
    )

    @classmethod
    def example(cls) -> Self:
        """On bus `ac`."""
        return cls()

    def series(self, park: Park) -> Mapping[str, Array]:
        """None."""
        return {}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write both powers and their price."""
        block.unserved_mw = pyo.Var(bounds=(0, None))
        block.excess_mw = pyo.Var(bounds=(0, None))
        price = self.violation_yuan_per_mwh * interval.hours
        return Terms(
            injection={self.bus: block.unserved_mw - block.excess_mw},
            costs={VIOLATION: price * (block.unserved_mw + block.excess_mw)},
        )

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the injection [MW]."""
        unserved, excess = seen.values["unserved_mw"], seen.values["excess_mw"]
        return {
            "injection_mw": largest_residual(
                abs(seen.injection[self.bus] - (unserved - excess)), -unserved, -excess
            )
        }

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """What both cost."""
        both_mw = seen.values["unserved_mw"] + seen.values["excess_mw"]
        return {VIOLATION: both_mw * (self.violation_yuan_per_mwh * seen.hours)}
