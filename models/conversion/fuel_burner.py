"""What burns fuel: from a gas bus, or bought at a price that may vary in time; and when it is available.

A device may be driven by what another bus carries in place of fuel, such as an electric boiler by power.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import Array, Device, Fraction, Park, Seen, SeriesSpec, price_spec
from parkdispatch.models.limits import LARGEST_PRICE_YUAN_PER_MWH
from parkdispatch.models.vocabulary import Interval, Terms

FUEL_PRICE = "fuel_price_yuan_per_mwh"
FuelPrice = Annotated[float, Field(ge=-LARGEST_PRICE_YUAN_PER_MWH, le=LARGEST_PRICE_YUAN_PER_MWH)]
AVAILABILITY = SeriesSpec(
    title="Share of rated power that is available", unit="1", lower=0.0, upper=1.0,
    computed_from=("availability",),
)  # fmt: skip


class FuelBurner(Device):
    """Base of devices that burn fuel. Energy of fuel is by its lower heating value."""

    in_place_of_fuel: ClassVar[str | None] = None  # field that names the bus of what may drive it instead

    gas_bus: str | None = declared(
        "-", "Name of the gas bus that gives the fuel; left out: fuel is bought at a price", default=None
    )
    fuel_price_yuan_per_mwh: FuelPrice | None = declared(
        "yuan/MWh", "Price of fuel by its lower heating value; left out where a series or `gas_bus` is given",
        default=None,
    )  # fmt: skip
    co2_t_per_mwh_fuel: Annotated[float, Field(ge=0, le=2)] = declared(
        "t/MWh", "CO2 of the fuel burnt, by its lower heating value; diesel 0.267, biogas 0",
        "natural gas, IPCC 2006 guidelines, 56.1 kg/GJ", 0.202,
    )  # fmt: skip
    availability: Fraction = declared("-", "Share of rated power that is available", ASSUMED, 1.0)

    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "availability": AVAILABILITY,
        FUEL_PRICE: price_spec("Fuel price", computed_from=(FUEL_PRICE,)),
    }

    yearly_prices: ClassVar[Mapping[str, str]] = {FUEL_PRICE: "fuel_price"}

    @property
    def driving_bus(self) -> str | None:
        """Name of the bus of what drives it in place of fuel; None for a device that burns fuel."""
        bus: str | None = getattr(self, self.in_place_of_fuel) if self.in_place_of_fuel else None
        return bus

    @property
    def buys_fuel(self) -> bool:
        """Whether fuel comes at a price and from no bus."""
        return self.gas_bus is None and self.driving_bus is None

    def fuel_problems(self) -> list[str]:
        """Several origins of what drives it."""
        origins = {self.in_place_of_fuel or "": self.driving_bus, "gas_bus": self.gas_bus}
        given = [f"{field} = '{bus}'" for field, bus in origins.items() if bus is not None]
        if self.fuel_price_yuan_per_mwh is not None:
            given.append(f"{FUEL_PRICE} = {self.fuel_price_yuan_per_mwh:.15g}")
        if len(given) < 2:
            return []
        return [
            f"{' and '.join(given)}: must be exactly one, because what drives the device comes from one bus"
            " or is fuel at a price"
        ]

    def missing_for_series(self) -> list[str]:
        """The price of fuel that is bought, where it is left out."""
        return [FUEL_PRICE] if self.buys_fuel and self.fuel_price_yuan_per_mwh is None else []

    def series(self, park: Park) -> Mapping[str, Array]:
        """Constant availability and price; a missing price is NaN: it has to be given as a series."""
        ones = np.ones(len(park.times))
        price = self.fuel_price_yuan_per_mwh
        unpriced = np.nan if self.buys_fuel else 0.0
        return {
            "availability": ones * self.availability,
            FUEL_PRICE: ones * (unpriced if price is None else price),
        }

    def impossible(self, given: Mapping[str, Array], park: Park) -> Mapping[str, list[str]]:
        """A price of fuel that is not bought."""
        if self.buys_fuel or FUEL_PRICE not in given:
            return {}
        return {FUEL_PRICE: ["a series: must be left out, because nothing is bought at a price"]}

    def with_input(self, terms: Terms, interval: Interval, input_mw: Any) -> Terms:
        """The terms with what drives the device: taken from its bus, or fuel paid for, with its CO2."""
        if (bus := self.driving_bus) is not None:
            return replace(terms, injection={**terms.injection, bus: -input_mw})
        fuel_mwh = input_mw * interval.hours
        burning = replace(terms, amounts={**terms.amounts, "co2_t": self.co2_t_per_mwh_fuel * fuel_mwh})
        if self.gas_bus is not None:
            return replace(burning, injection={**terms.injection, self.gas_bus: -input_mw})
        return replace(burning, costs={**terms.costs, "fuel": interval.series(FUEL_PRICE) * fuel_mwh})

    def fuel_co2_t(self, seen: Seen, input_mw: Array) -> dict[str, Array]:
        """Recompute the CO2 of fuel in each interval."""
        return {"co2_t": self.co2_t_per_mwh_fuel * input_mw * seen.hours} if self.driving_bus is None else {}

    def fuel_yuan(self, seen: Seen, input_mw: Array) -> dict[str, Array]:
        """Recompute what fuel that is bought costs in each interval."""
        return {"fuel": input_mw * seen.hours * seen.values[FUEL_PRICE]} if self.buys_fuel else {}
