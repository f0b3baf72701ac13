"""Load: demand that must be met, from its profile or from a series."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from parkdispatch.models.declaration import declared
from parkdispatch.models.device import Array, Carrier, Display, Seen
from parkdispatch.models.loads.demand_profile import DemandProfile
from parkdispatch.models.network.full_use import SupplyBound
from parkdispatch.models.ordered_bounds import INJECTION
from parkdispatch.models.vocabulary import Amount, Expr, Interval, Terms


class Load(DemandProfile):
    """Demand that must be met. Shapes are relative: only their proportions matter."""

    kind: Literal["load"] = declared("-", "Kind of device", default="load")

    carrier: Carrier = declared(
        "-", "What is drawn, and the bus must carry; only electricity counts as the park's consumption",
        default="electricity",
    )  # fmt: skip

    displays: ClassVar[tuple[Display, ...]] = (Display("demand", "load", {INJECTION: -1.0}),)

    @property
    def buses(self) -> Mapping[str, Carrier | Literal["any"]]:
        """The bus, with the carrier that is drawn from it."""
        return {self.bus: self.carrier}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Draw the demand from the bus; nothing is decided."""
        demand_mw = interval.series("demand_mw")
        drawn: dict[Amount, Expr] = {"consumption_mwh": demand_mw * interval.hours}
        return Terms({self.bus: -demand_mw}, amounts=drawn if self.carrier == "electricity" else {})

    def supply_bound(self, series: Mapping[str, Array]) -> SupplyBound:
        """The demand, which is drawn whatever is dispatched."""
        return SupplyBound(-series["demand_mw"] if self.carrier == "electricity" else 0.0)

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Compare the power drawn from the bus with the demand."""
        demand_mw: Array = seen.values["demand_mw"]
        return {"injection_mw": float(np.abs(seen.injection[self.bus] + demand_mw).max())}

    def amounts(self, seen: Seen) -> Mapping[str, Array]:
        """The electricity consumed."""
        if self.carrier != "electricity":
            return {}
        return {"consumption_mwh": -seen.injection[self.bus] * seen.hours}
