"""Owners of a park: who invests, and who pays whom for what. Declarations only.

The works use the energy, a PV company owns the modules, a storage company the batteries, a network company
the wires between them. `results/owners/owner_flows.py` computes the flow of each. Prices include VAT.
"""

from typing import Annotated

from pydantic import Field

from parkdispatch.models.declaration import ASSUMED, GIVEN, NO_UNIT, Declaration, declared
from parkdispatch.models.device import Fraction
from parkdispatch.models.finance.finance_terms import LAW, Years
from parkdispatch.models.finance.investment import IncomeTax
from parkdispatch.models.limits import Money, PositiveMoney, Price, UnitCost
from parkdispatch.models.tariff.tariff_tables import Name

CODED_PV = "as coded from NB/T 11894-2025 in a public repository, the standard itself not seen (second-hand)"
Escalation = Annotated[float, Field(gt=-1, le=1)]


class CompanyTax(Declaration):
    """How a company is taxed; the rate of VAT and its surcharges are those of `finance`."""

    depreciation_years: Years = declared(
        "years", "Straight-line depreciation of the investment, at most over the years of operation",
        CODED_PV, 20,
    )  # fmt: skip
    income_tax: IncomeTax = declared(NO_UNIT, "Enterprise income tax", default=IncomeTax())


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
    escalation: Escalation = declared("1/year", "Yearly change of the price to the works", ASSUMED, 0.0)
    tax: CompanyTax = declared(NO_UNIT, "Its taxes", default=CompanyTax())


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
    escalation: Escalation = declared("1/year", "Yearly change of the lease", ASSUMED, 0.0)


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
    escalation: Escalation = declared("1/year", "Yearly change of fee and rent", ASSUMED, 0.0)
    tax: CompanyTax = declared(NO_UNIT, "Its taxes", default=CompanyTax())


class Owners(Declaration):
    """The owners of a park besides the works, which are always there."""

    pv: PvOwner = declared(NO_UNIT, "PV company", GIVEN)
    storage: StorageOwner = declared(NO_UNIT, "Storage company", default=StorageOwner())
    network: NetworkOwner = declared(NO_UNIT, "Network company", default=NetworkOwner())
    discount_rate: Fraction = declared("-", "Discount rate of all of them", ASSUMED, 0.06)
    works_income_tax_rate: Fraction = declared(
        "-", "Income tax rate of the works, who make profits otherwise", LAW, 0.25
    )
