"""Heat pump: heat from power and the air, or any other source of which only the COP is told.

    heat = COP x power,  COP of Carnot = T supplied / (T supplied - T air), in kelvin

Ratings, tables of COP and what is left out: see `cop_converter`.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import numpy as np

from parkdispatch.models.capacity import Sized
from parkdispatch.models.conversion.cop_converter import COP_CHECKS
from parkdispatch.models.conversion.vapour_compression import VapourCompression
from parkdispatch.models.declaration import declared
from parkdispatch.models.device import Array, Carrier, Display
from parkdispatch.models.limits import Power


class HeatPump(VapourCompression):
    """Electric heat pump."""

    output: ClassVar[str] = "heat"

    kind: Literal["heat_pump"] = declared("-", "Kind of device", default="heat_pump")
    heat_bus: str = declared("-", "Name of the heat bus the heat pump feeds", default="heat")
    rated_heat_mw: Power | Sized | None = declared(
        "MW", "Rated heat output; left out: the rated power alone limits it", default=None
    )

    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {"bus": "electricity", "heat_bus": "heat"}
    displays: ClassVar[tuple[Display, ...]] = (
        Display("power_drawn", "other", {"power_mw": 1.0}),
        Display("heat_output", "source", {"heat_mw": 1.0}, "heat_bus"),
    )
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"heat_pump": "heat pump"},
            "checks": COP_CHECKS["en"],
            "book": {"power_drawn": "power drawn", "heat_output": "heat"},
        },
        "zh": {
            "devices": {"heat_pump": "热泵"},
            "checks": COP_CHECKS["zh"],
            "book": {"power_drawn": "耗电功率", "heat_output": "供热功率"},
        },
    }

    @classmethod
    def example(cls) -> Self:
        """An air-source heat pump that runs at 40 % or more."""
        return cls(rated_mw=2.0, rated_heat_mw=6.0, carnot_share=0.4, supply_c=60.0, min_load_share=0.4)

    def carnot_cop(self, supply_k: float, air_k: Array) -> Array:
        """Carnot's COP of heating; infinite where the air is as warm as what is supplied."""
        lift_k = np.maximum(supply_k - air_k, 0.0)
        return np.asarray(np.divide(supply_k, lift_k, out=np.full(len(air_k), np.inf), where=lift_k > 0))
