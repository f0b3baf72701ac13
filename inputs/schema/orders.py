"""Orders of an operator: what a plan has to obey for some time, as frozen declarations.

The case file (`[[order]]`), Python and the command line give the same orders. Times are local: a clock time
is the first such time of the plan, and a moment in full lies on any of its days.
"""

from datetime import date, datetime, time
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.device import Fraction
from parkdispatch.models.limits import Energy, Power
from parkdispatch.models.network.demand_calls import ResponsePrice
from parkdispatch.models.ordered_bounds import SignedPower


def _moment(when: object) -> object:
    """Refuse what is neither time nor text: a number would be read as seconds since 1970."""
    if not isinstance(when, date | time | str):
        raise ValueError("must be a time such as 19:00")  # noqa: TRY004 # pydantic tells this one
    return when


When = Annotated[datetime | time | str, BeforeValidator(_moment)]
Name = Annotated[str, Field(min_length=1)]
BEGIN = "First moment, such as 14:00 or 2026-07-15T14:00; left out: the beginning of the plan"
END = "Last moment, excluded; left out: the end of the plan"


class OutageOrder(Declaration):
    """A device is out of service, or has only a share of its power."""

    kind: Literal["outage"] = declared("-", "Kind of order", default="outage")
    device: Name = declared("-", "Name of the device")
    begin: When | None = declared("-", BEGIN, default=None)
    end: When | None = declared("-", END, default=None)
    power_share: Fraction = declared("-", "Share of the power that remains", default=0.0)


class LimitOrder(Declaration):
    """A power of a device is limited."""

    kind: Literal["limit"] = declared("-", "Kind of order", default="limit")
    device: Name = declared("-", "Name of the device")
    quantity: Name = declared("-", "Power of the device, such as import_mw or discharge_mw")
    at_most_mw: Power = declared("MW", "Largest power")
    begin: When | None = declared("-", BEGIN, default=None)
    end: When | None = declared("-", END, default=None)


class ForceOrder(Declaration):
    """A device runs at a set point; plus is into the bus, such as discharge."""

    kind: Literal["force"] = declared("-", "Kind of order", default="force")
    device: Name = declared("-", "Name of the device")
    power_mw: SignedPower = declared("MW", "The set point")
    begin: When | None = declared("-", BEGIN, default=None)
    end: When | None = declared("-", END, default=None)


class ReserveOrder(Declaration):
    """Stored energy is kept, above the lowest state of charge, over the whole plan."""

    kind: Literal["reserve"] = declared("-", "Kind of order", default="reserve")
    energy_mwh: Energy = declared("MWh", "AC energy that each battery can still deliver")
    device: Name | None = declared("-", "Name of the battery; left out: each of them", default=None)


class FinalStateOrder(Declaration):
    """A state of charge at the end of the plan."""

    kind: Literal["until_soc"] = declared("-", "Kind of order", default="until_soc")
    soc: Fraction = declared("-", "State of charge")
    rule: Literal["at_least", "exactly", "at_most"] = declared(
        "-", "How the energy at the end keeps to it", default="at_least"
    )
    device: Name | None = declared("-", "Name of the battery; left out: each of them", default=None)


class CallOrder(Declaration):
    """A call for demand response: import below its baseline is paid for, where answering it pays."""

    kind: Literal["call"] = declared("-", "Kind of order", default="call")
    begin: When = declared("-", "First moment, such as 19:00 or 2026-07-15T19:00")
    end: When = declared("-", "Last moment, excluded")
    price_yuan_per_kwh: ResponsePrice = declared("yuan/kWh", "Price of the response")
    baseline_mw: Power | None = declared(
        "MW", "Import from which the response is counted; left out: its mean at these times over the last"
        " working days, by their cheapest dispatch", default=None,
    )  # fmt: skip
    device: Name | None = declared("-", "Name of the connection; left out: the only one", default=None)


Order = OutageOrder | LimitOrder | ForceOrder | ReserveOrder | FinalStateOrder | CallOrder
AnyOrder = Annotated[Order, Field(discriminator="kind")]
