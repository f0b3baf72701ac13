"""What a bill takes from series of the user instead of the tariff: prices, and the demand that is billed.

Summed by month from metered power here, without the costs of the optimizer. A price that is given is final:
no power-factor adjustment and no discount of the tariff applies to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.units import KW_PER_MW

PURCHASE, SALE = "purchase_price_yuan_per_mwh", "sale_price_yuan_per_mwh"
DEMAND, LEAST, FREE = "demand_price_yuan_per_mw_month", "peak_floor_mw", "demand_free_mw"


@dataclass(frozen=True)
class GivenMonth:
    """A month's amounts at prices given as series, and its demand terms; None: the tariff's."""

    purchase_yuan: float | None = None
    sale_yuan: float | None = None  # received
    demand_price_yuan_per_kw: float | None = None
    least_demand_kw: float | None = None  # billed at least
    free_demand_kw: float | None = None  # above which a contracted demand is exceeded

    @property
    def has_demand(self) -> bool:
        """Whether the demand charge is not that of tariff and connection alone."""
        terms = (self.demand_price_yuan_per_kw, self.least_demand_kw, self.free_demand_kw)
        return any(term is not None for term in terms)


def given_by_month(
    times: pd.DatetimeIndex,
    import_mw: NDArray[np.float64],
    export_mw: NDArray[np.float64],
    hours: float,
    given: Mapping[str, NDArray[np.float64]],
) -> dict[str, GivenMonth]:
    """What the series of a connection, (intervals,) by name, say of each month ("2026-03")."""
    months, first_of_month, month = np.unique(
        times.to_numpy().astype("datetime64[M]"), return_index=True, return_inverse=True
    )
    names = months.astype(str).tolist()

    def sums(key: str, power_mw: NDArray[np.float64]) -> dict[str, float]:
        if key not in given:
            return {}
        by_month = pd.Series(power_mw * given[key] * hours).groupby(month).sum()
        return dict(zip(names, by_month.tolist(), strict=True))

    def first(key: str, factor: float) -> dict[str, float]:
        """The value that the month begins with; terms of a month do not change within it."""
        if key not in given:
            return {}
        return dict(zip(names, (factor * given[key][first_of_month]).tolist(), strict=True))

    purchase_yuan, sale_yuan = sums(PURCHASE, import_mw), sums(SALE, export_mw)
    price, least_kw, free_kw = first(DEMAND, 1 / KW_PER_MW), first(LEAST, KW_PER_MW), first(FREE, KW_PER_MW)
    return {
        name: GivenMonth(
            purchase_yuan.get(name),
            sale_yuan.get(name),
            price.get(name),
            least_kw.get(name),
            free_kw.get(name),
        )
        for name in names
    }
