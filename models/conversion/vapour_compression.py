"""What heat pump and chiller share: heat or cold from power, at a COP that may be a share of Carnot's.

    output = COP x power,  COP = carnot_share x COP of Carnot, up to a limit

COP of Carnot is that between the air and the temperature supplied. Other ways to tell COP, and what is left
out: see `cop_converter`. Defrosting is left out too.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from parkdispatch.models.capacity import Sized
from parkdispatch.models.conversion.cop_converter import (
    LARGEST_COP,
    LEAST_COP,
    Celsius,
    Cop,
    CopConverter,
    cop_spec,
)
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import Array, SeriesSpec
from parkdispatch.models.limits import Power
from parkdispatch.models.vocabulary import Expr, Interval, Terms

KELVIN = 273.15


class VapourCompression(CopConverter):
    """Base of heat pump and chiller."""

    input_quantity: ClassVar[str] = "power_mw"
    cop_ways: ClassVar[tuple[str, ...]] = (*CopConverter.cop_ways, "carnot_share")

    rated_mw: Power | Sized | None = declared(
        "MW", "Rated electric power; left out: the rated output alone limits it", default=None
    )
    carnot_share: Annotated[float, Field(gt=0, le=1)] | None = declared(
        "-", "COP as a share of Carnot's between the air and `supply_c`", default=None
    )
    supply_c: Celsius | None = declared("degC", "Temperature supplied, with `carnot_share`", default=None)
    cop_limit: Cop = declared("-", "Largest COP that `carnot_share` may give", ASSUMED, 8.0)

    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        **CopConverter.series_specs,
        "cop": cop_spec(LARGEST_COP, (*cop_ways, "supply_c", "cop_limit")),
    }

    def further_problems(self) -> list[str]:
        """A share of Carnot's COP without a temperature, or the other way round."""
        if (self.carnot_share is None) == (self.supply_c is None):
            return []
        return [f"carnot_share = {self.carnot_share} and supply_c = {self.supply_c}: must be given together"]

    @abstractmethod
    def carnot_cop(self, supply_k: float, air_k: Array) -> Array:
        """Carnot's COP; infinite where the air alone would do."""

    def cop_by_air(self, air_c: Array) -> Array:
        """COP at temperatures of the air, by Carnot or by the table."""
        if self.carnot_share is None or self.supply_c is None:
            return super().cop_by_air(air_c)
        carnot = self.carnot_cop(self.supply_c + KELVIN, air_c + KELVIN)
        return np.asarray(np.clip(self.carnot_share * carnot, LEAST_COP, self.cop_limit))

    def terms(self, block: Any, interval: Interval, input_mw: Expr, output_mw: Expr) -> Terms:
        """Power from its bus, heat or cold into its."""
        return Terms({self.bus: -input_mw, self.output_bus: output_mw})

    def entering_mw(self, input_mw: Array, output_mw: Array) -> Mapping[str | None, Array]:
        """Recompute what enters the two buses [MW]."""
        return {self.bus: -input_mw, self.output_bus: output_mw}
