"""Chiller: cold from power, its heat being rejected to the air.

    cold = COP x power,  COP of Carnot = T supplied / (T air - T supplied), in kelvin

Ratings, tables of COP and what is left out: see `cop_converter`. Fans and cooling tower are in the COP;
use of the heat that is rejected is left out.
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


class Chiller(VapourCompression):
    """Electric compression chiller."""

    output: ClassVar[str] = "cold"

    kind: Literal["chiller"] = declared("-", "Kind of device", default="chiller")
    cold_bus: str = declared("-", "Name of the cold bus the chiller feeds", default="cold")
    rated_cold_mw: Power | Sized | None = declared(
        "MW", "Rated cold output; left out: the rated power alone limits it", default=None
    )

    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {"bus": "electricity", "cold_bus": "cold"}
    displays: ClassVar[tuple[Display, ...]] = (
        Display("power_drawn", "other", {"power_mw": 1.0}),
        Display("cold_output", "source", {"cold_mw": 1.0}, "cold_bus"),
    )
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"chiller": "chiller"},
            "checks": COP_CHECKS["en"],
            "book": {"power_drawn": "power drawn", "cold_output": "cold"},
        },
        "zh": {
            "devices": {"chiller": "电制冷机"},
            "checks": COP_CHECKS["zh"],
            "book": {"power_drawn": "耗电功率", "cold_output": "供冷功率"},
        },
    }

    @classmethod
    def example(cls) -> Self:
        """A chiller for water of 7 degC that is rated by its cold."""
        return cls(rated_cold_mw=6.0, carnot_share=0.5, supply_c=7.0)

    def carnot_cop(self, supply_k: float, air_k: Array) -> Array:
        """Carnot's COP of cooling; infinite where the air is as cold as what is supplied."""
        lift_k = np.maximum(air_k - supply_k, 0.0)
        return np.asarray(np.divide(supply_k, lift_k, out=np.full(len(air_k), np.inf), where=lift_k > 0))
