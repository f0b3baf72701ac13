"""What a size costs a year: capital recovered over its life, insurance and upkeep."""

import math
from dataclasses import dataclass

from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.units import KW_PER_MW, KWH_PER_MWH


@dataclass(frozen=True)
class Annuity:
    """Yearly cost of the increment by its size [yuan], at the case's general price."""

    share: float  # [1/year] of the investment
    yuan_per_mw: float
    yuan_per_mwh: float
    fixed_yuan: float  # if anything is built

    def yuan(self, power_mw: float, energy_mwh: float) -> float:
        """Of a size."""
        if power_mw <= 0 or energy_mwh <= 0:
            return 0.0
        return self.fixed_yuan + self.yuan_per_mw * power_mw + self.yuan_per_mwh * energy_mwh


def capital_annuity(finance: Finance, sizing: Sizing) -> Annuity:
    """Capital at the project's discount rate over the years of operation, and what goes by size.

    Taxes, loan and fade are not in it: these are matters of the cash flow. Nor is upkeep by energy
    discharged, which hangs on the dispatch.
    """
    rate, years = finance.discount_rate, finance.operation_years
    recovery = rate / -math.expm1(-years * math.log1p(rate)) if rate > 0 else 1.0 / years
    share, upkeep = recovery + finance.insurance_share, 0.0
    upkept = finance.operation_maintenance
    if upkept.basis == "investment":
        share += upkept.investment_share
    else:
        upkeep = upkept.yuan_per_kw_year * KW_PER_MW
    price, times = sizing.price, sizing.price_multiple
    return Annuity(
        share=share,
        yuan_per_mw=share * times * price.yuan_per_kw * KW_PER_MW + upkeep,
        yuan_per_mwh=share * times * price.yuan_per_kwh * KWH_PER_MWH,
        fixed_yuan=share * times * price.fixed_yuan,
    )
