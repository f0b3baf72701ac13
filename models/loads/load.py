"""Load: demand that must be met, from its profile or from a series."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from parkdispatch.models.declaration import declared
from parkdispatch.models.device import INJECTION, Array, Carrier, Display, Seen
from parkdispatch.models.loads.demand_profile import DemandProfile
from parkdispatch.models.vocabulary import Interval, Terms


class Load(DemandProfile):
    """Demand that must be met. Shapes are relative: only their proportions matter."""

    kind: Literal["load"] = declared("-", "Kind of device", default="load")

    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {"bus": "any"}
    displays: ClassVar[tuple[Display, ...]] = (Display("demand", "load", {INJECTION: -1.0}),)

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Draw the demand from the bus; nothing is decided."""
        demand_mw = interval.series("demand_mw")
        return Terms({self.bus: -demand_mw}, amounts={"consumption_mwh": demand_mw * interval.hours})

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Compare the power drawn from the bus with the demand."""
        demand_mw: Array = seen.values["demand_mw"]
        return {"injection_mw": float(np.abs(seen.injection[self.bus] + demand_mw).max())}

    def amounts(self, seen: Seen) -> Mapping[str, Array]:
        """The energy consumed."""
        return {"consumption_mwh": seen.values["demand_mw"] * seen.hours}
