"""Equivalent annual cost of a storage size: capital annuity, insurance, operation and maintenance."""

import math
from dataclasses import dataclass

from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.units import KW_PER_MW, KWH_PER_MWH


@dataclass(frozen=True)
class Annuity:
    """Annual cost of the increment as a function of its size [yuan/year], at the case's general price."""

    share: float  # [1/year] of the investment
    yuan_per_mw: float
    yuan_per_mwh: float
    fixed_yuan: float  # of any size above zero

    def yuan(self, power_mw: float, energy_mwh: float) -> float:
        """Annual cost of a size [yuan/year]; zero where nothing is built."""
        if power_mw <= 0 or energy_mwh <= 0:
            return 0.0
        return self.fixed_yuan + self.yuan_per_mw * power_mw + self.yuan_per_mwh * energy_mwh


def annuity_share(finance: Finance) -> float:
    """Annual cost of an investment over itself [1/year]: annuity at the project's discount rate, fixed costs.

    Excluded are taxes, loan and ageing, which belong to the cash flow, and costs by power or energy.
    """
    rate = finance.discount_rate
    recovery = _recovery(finance)
    share = recovery + finance.insurance_share + finance.decommissioning_share * (recovery - rate)
    maintenance = finance.operation_maintenance
    if maintenance.basis == "investment":
        share += _levelised_upkeep(finance) * maintenance.investment_share
    return share


def _recovery(finance: Finance) -> float:
    """Capital recovery factor over the operating years [1/year]."""
    rate, years = finance.discount_rate, finance.operation_years
    return rate / -math.expm1(-years * math.log1p(rate)) if rate > 0 else 1.0 / years


def _levelised_upkeep(finance: Finance) -> float:
    """Upkeep that changes by year, levelised over the operating years, over that of the first [-]."""
    rate, years = finance.discount_rate, finance.operation_years
    growth = (1.0 + finance.operation_maintenance.yearly_change) / (1.0 + rate)
    return _recovery(finance) * sum(growth**year for year in range(years)) / (1.0 + rate)


def capital_annuity(finance: Finance, sizing: Sizing) -> Annuity:
    """Annuity of the investment at the project's discount rate over the operating years, plus fixed costs.

    Excluded are taxes, loan and battery ageing, which belong to the cash flow, and maintenance by energy
    discharged, which depends on the dispatch.
    """
    share, maintenance = annuity_share(finance), finance.operation_maintenance
    power_yuan_per_mw = finance.land_yuan_per_kw_year * KW_PER_MW
    if maintenance.basis != "investment":
        power_yuan_per_mw += _levelised_upkeep(finance) * maintenance.yuan_per_kw_year * KW_PER_MW
    price, multiple = sizing.modular_price, sizing.price_multiple
    return Annuity(
        share=share,
        yuan_per_mw=share * multiple * price.yuan_per_kw * KW_PER_MW + power_yuan_per_mw,
        yuan_per_mwh=share * multiple * price.yuan_per_kwh * KWH_PER_MWH,
        fixed_yuan=share * multiple * price.fixed_yuan,
    )
