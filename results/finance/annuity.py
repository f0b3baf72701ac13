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


def capital_annuity(finance: Finance, sizing: Sizing) -> Annuity:
    """Annuity of the investment at the project's discount rate over the operating years, plus fixed costs.

    Excluded are taxes, loan and battery ageing, which belong to the cash flow, and maintenance by energy
    discharged, which depends on the dispatch.
    """
    rate, years = finance.discount_rate, finance.operation_years
    recovery = rate / -math.expm1(-years * math.log1p(rate)) if rate > 0 else 1.0 / years
    share = recovery + finance.insurance_share + finance.decommissioning_share * (recovery - rate)
    maintenance, power_yuan_per_mw = finance.operation_maintenance, finance.land_yuan_per_kw_year * KW_PER_MW
    growth = (1.0 + maintenance.yearly_change) / (1.0 + rate)
    levelised = recovery * sum(growth**year for year in range(years)) / (1.0 + rate)  # over its first year
    if maintenance.basis == "investment":
        share += levelised * maintenance.investment_share
    else:
        power_yuan_per_mw += levelised * maintenance.yuan_per_kw_year * KW_PER_MW
    price, multiple = sizing.modular_price, sizing.price_multiple
    return Annuity(
        share=share,
        yuan_per_mw=share * multiple * price.yuan_per_kw * KW_PER_MW + power_yuan_per_mw,
        yuan_per_mwh=share * multiple * price.yuan_per_kwh * KWH_PER_MWH,
        fixed_yuan=share * multiple * price.fixed_yuan,
    )
