"""What a battery offers the grid beside its energy: frequency regulation and reserve, with their prices."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from parkdispatch.models.declaration import ASSUMED, Declaration, declared
from parkdispatch.models.device import SeriesSpec, price_spec
from parkdispatch.models.limits import Power
from parkdispatch.models.tariff.tariff_tables import Fraction

REGULATION, RESERVE = "regulation", "reserve"
HELD_POWERS = ("regulation_mw", "reserve_mw")  # variables of a battery that are power held, not flowing
SERVICE_SERIES: Mapping[str, SeriesSpec] = {
    f"{service}_price_yuan_per_mwh": price_spec(
        f"Price of {service}", (f"services.{service}_price_yuan_per_mw_h",)
    )
    for service in (REGULATION, RESERVE)
}

ServicePrice = Annotated[float, Field(ge=0, le=100_000)]  # yuan/MW/h; a hundred times the usual
HeldHours = Annotated[float, Field(ge=0, le=24)]


class Services(Declaration):
    """Regulation, up and down by the same power, and upward reserve, offered anew in each interval."""

    regulation_price_yuan_per_mw_h: ServicePrice = declared(
        "yuan/MW/h", "Price of a MW of regulation held for an hour", ASSUMED, 0.0
    )
    mileage_price_yuan_per_mw: ServicePrice = declared(
        "yuan/MW", "Price of a MW of regulation mileage", ASSUMED, 0.0
    )
    mileage_per_mw_h: Annotated[float, Field(ge=0, le=1000)] = declared(
        "MW/MW/h", "Mileage that a MW of regulation is expected to run in an hour", ASSUMED, 5.0
    )
    regulation_energy_share: Fraction = declared(
        "-", "Energy that a MW of regulation is expected to give, and to take, in an hour, over 1 MWh",
        ASSUMED, 0.1,
    )  # fmt: skip
    regulation_hours: HeldHours = declared(
        "h", "Time for which all of the regulation could be called in one direction", ASSUMED, 0.25
    )
    largest_regulation_mw: Power | None = declared(
        "MW", "Largest offer of regulation; left out: the power of the battery", default=None
    )
    reserve_price_yuan_per_mw_h: ServicePrice = declared(
        "yuan/MW/h", "Price of a MW of upward reserve held for an hour", ASSUMED, 0.0
    )
    reserve_hours: HeldHours = declared("h", "Time for which reserve is to be delivered", ASSUMED, 1.0)
    largest_reserve_mw: Power | None = declared(
        "MW", "Largest offer of reserve; left out: the power of the battery", default=None
    )

    def times(self, factor: float) -> "Services":
        """The same services at prices times a factor."""
        prices = (
            "regulation_price_yuan_per_mw_h",
            "mileage_price_yuan_per_mw",
            "reserve_price_yuan_per_mw_h",
        )
        return self.model_copy(update={price: getattr(self, price) * factor for price in prices})

    def largest_mw(self, power_mw: float) -> tuple[float, float]:
        """Largest offers of regulation and of reserve, of a battery of this power [MW]."""
        regulation_mw, reserve_mw = self.largest_regulation_mw, self.largest_reserve_mw
        return (
            power_mw if regulation_mw is None else regulation_mw,
            power_mw if reserve_mw is None else reserve_mw,
        )

    def loss_per_mw(self, round_trip: float) -> float:
        """Power that a MW of regulation loses, in a battery of that round-trip efficiency [MW]."""
        return self.regulation_energy_share * (1.0 / round_trip - 1.0)
