"""The front of cost against CO2: dispatches of which none is cheaper without emitting more."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from parkdispatch.inputs.case import Case


@dataclass(frozen=True)
class ParetoPoint:
    """The cheapest dispatch within a cap on CO2, proven to its gap and audited."""

    cap_t: float | None  # None: an end of the front, where nothing caps
    co2_t: float
    cost_yuan: float
    bound_yuan: float  # no dispatch within the cap is cheaper
    gap: float


@dataclass(frozen=True)
class ParetoFront:
    """Points from the cheapest dispatch, which emits most, to the one that emits least."""

    case: Case
    first: str  # interval, as text
    last: str
    points: Sequence[ParetoPoint]
    highest_price_yuan_per_t: float  # up to which the last point avoids CO2

    @property
    def added_yuan(self) -> list[float]:
        """Cost of each point above the cheapest [yuan]."""
        return [point.cost_yuan - self.points[0].cost_yuan for point in self.points]

    @property
    def avoided_t(self) -> list[float]:
        """CO2 of each point below the cheapest [t]."""
        return [self.points[0].co2_t - point.co2_t for point in self.points]

    @property
    def abatement_yuan_per_t(self) -> list[float | None]:
        """Cost of a tonne avoided from the point before to each [yuan/t]; None for the first."""
        prices: list[float | None] = [None]
        for before, point in pairwise(self.points):
            less_t = before.co2_t - point.co2_t
            prices.append((point.cost_yuan - before.cost_yuan) / less_t if less_t > 0 else None)
        return prices
