"""Yearly changes of a park's prices and load, and what they make of a year. Declarations only.

The tariff, prices and load of a case are those of its first year of operation. A change is relative to the
year before: 0.02 is two per cent more every year.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from parkdispatch.models.declaration import ASSUMED, Declaration, declared
from parkdispatch.models.finance.finance_terms import YearlyChange

MOST_YEARS = 60  # of operation, as of a cash flow


def _listed_changes(value: Any) -> Any:
    """One number as a list of it."""
    return (value,) if isinstance(value, int | float) and not isinstance(value, bool) else value


ChangesByYear = Annotated[
    tuple[YearlyChange, ...],
    Field(min_length=1, max_length=MOST_YEARS),
    BeforeValidator(_listed_changes),
]


@dataclass(frozen=True)
class YearFactors:
    """Prices and load of a year over those of the case's year [-]."""

    purchase_price: float = 1.0
    spread: float = 1.0
    load: float = 1.0
    sale_price: float = 1.0
    demand_price: float = 1.0
    contract_price: float = 1.0
    fuel_price: float = 1.0
    market_price: float = 1.0

    def times(self, other: "YearFactors") -> "YearFactors":
        """The product of both, number by number."""
        return YearFactors(
            **{field.name: getattr(self, field.name) * getattr(other, field.name) for field in fields(self)}
        )

    @property
    def changes_prices(self) -> bool:
        """Whether any price of a tariff or connection differs from that of the case's year."""
        return (self.purchase_price, self.spread, self.sale_price, self.demand_price) != (1.0,) * 4


class ParkYearlyChanges(Declaration):
    """Yearly changes of the park's prices and load: one number, or one for each year, the last going on.

    The first is that from the first year to the second.
    """

    purchase_price: ChangesByYear = declared(
        "1/year", "Price of purchased energy in the flat period; of a price from a file, all of it",
        ASSUMED, (0.0,),
    )  # fmt: skip
    spread: ChangesByYear = declared(
        "1/year", "Each period's price difference from the flat period", ASSUMED, (0.0,)
    )
    demand_price: ChangesByYear = declared(
        "1/year", "Demand price and capacity price of the tariff", ASSUMED, (0.0,)
    )
    sale_price: ChangesByYear = declared("1/year", "Price of surplus sold to the grid", ASSUMED, (0.0,))
    contract_price: ChangesByYear = declared(
        "1/year", "Prices of the contracts: demand response, absorption, lease and price of capacity",
        ASSUMED, (0.0,),
    )  # fmt: skip
    fuel_price: ChangesByYear = declared("1/year", "Prices of fuels that devices buy", ASSUMED, (0.0,))
    market_price: ChangesByYear = declared(
        "1/year", "Prices of spot market, services and certificates, and the mean price of a mechanism",
        ASSUMED, (0.0,),
    )  # fmt: skip
    load: ChangesByYear = declared("1/year", "The park's energy, its machines included", ASSUMED, (0.0,))

    @property
    def given(self) -> Iterator[tuple[str, tuple[float, ...]]]:
        """Name and changes of what changes."""
        for name in type(self).model_fields:
            if any(changes := getattr(self, name)):
                yield name, changes

    def on_top(self, **more: float) -> "ParkYearlyChanges":
        """The same changes with further ones in each year on top, by name."""
        return self.model_copy(
            update={
                name: tuple((1.0 + change) * (1.0 + added) - 1.0 for change in getattr(self, name))
                for name, added in more.items()
            }
        )

    def factors(self, years: int) -> YearFactors:
        """Prices and load after so many years, over those of the case's year."""
        return YearFactors(**{name: _factor(changes, years) for name, changes in self.given})


def _factor(changes: tuple[float, ...], years: int) -> float:
    """Product of the changes of these years; the last one goes on."""
    by_year = [*changes[:years], *changes[-1:] * (years - len(changes))]
    return math.prod(1.0 + change for change in by_year)
