"""Owners of a park: who invests, and who pays whom for what. Declarations only.

The works use the energy, a PV company owns the modules, a storage company the batteries, a network company
the wires between them. `results/finance/owner_flows.py` computes the flow of each. Prices include VAT.
"""

from typing import Annotated

from pydantic import Field

from parkdispatch.models.declaration import ASSUMED, GIVEN, NO_UNIT, Declaration, declared
from parkdispatch.models.device import Fraction
from parkdispatch.models.limits import Money, PositiveMoney, Price, UnitCost
from parkdispatch.models.tariff.tariff_tables import Name

CODED_PV = "as coded from NB/T 11894-2025 in a public repository, the standard itself not seen (second-hand)"


class PvOwner(Declaration):
    """The PV company: sells to the works at a discount, and the surplus to the grid."""

    devices: Annotated[tuple[Name, ...], Field(min_length=1)] = declared(
        NO_UNIT, "Names of its devices", GIVEN
    )
    investment_yuan: PositiveMoney = declared("yuan", "Investment, VAT included", GIVEN)
    operation_maintenance_share: Fraction = declared(
        "- of the investment a year", "Operation and maintenance, insurance and roof rent", CODED_PV, 0.01
    )
    residual_share: Fraction = declared("- of the investment", "Recovered in the last year", CODED_PV, 0.05)
    base_price_yuan_per_kwh: Price = declared(
        "yuan/kWh", "Price of the grid that the discount is on, such as that of flat hours", GIVEN
    )
    discount: Fraction = declared("-", "Discount on that price for energy the works use", ASSUMED, 0.1)
    escalation: Annotated[float, Field(gt=-1, le=1)] = declared(
        "1/year", "Yearly change of the price to the works", ASSUMED, 0.0
    )


class StorageOwner(Declaration):
    """The storage company: energy performance contract with the works, or a lease; costs as in `finance`."""

    saving_share: Fraction = declared(
        "-", "Its share of what the storage saves on the works' bill; the rest stays with the works",
        ASSUMED, 0.8,
    )  # fmt: skip
    response_share: Fraction = declared(
        "-", "Its share of the income by contracts, such as demand response", ASSUMED, 1.0
    )
    lease_yuan_per_kw_year: UnitCost = declared(
        "yuan/kW a year", "Lease that the works pay for its rated power", ASSUMED, 0.0
    )


class NetworkOwner(Declaration):
    """The network company: wires between PV, storage and works, paid by fee and rent."""

    investment_yuan: Money = declared("yuan", "Investment, VAT included", ASSUMED, 0.0)
    operation_maintenance_share: Fraction = declared(
        "- of the investment a year", "Operation and maintenance", ASSUMED, 0.02
    )
    residual_share: Fraction = declared("- of the investment", "Recovered in the last year", ASSUMED, 0.05)
    fee_yuan_per_kwh: Price = declared("yuan/kWh", "Fee of the works on PV energy they use", ASSUMED, 0.0)
    capacity_rent_yuan_per_kw_year: UnitCost = declared(
        "yuan/kW a year", "Rent of the storage company for the connection of its rated power", ASSUMED, 0.0
    )


class Owners(Declaration):
    """The owners of a park besides the works, which are always there."""

    pv: PvOwner = declared(NO_UNIT, "PV company", GIVEN)
    storage: StorageOwner = declared(NO_UNIT, "Storage company", default=StorageOwner())
    network: NetworkOwner = declared(NO_UNIT, "Network company", default=NetworkOwner())
    discount_rate: Fraction = declared("-", "Discount rate of all of them", ASSUMED, 0.06)
