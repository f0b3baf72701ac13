"""Investments for the tests of the cash flow: one worked by hand, one with everything in it."""

import numpy as np

from parkdispatch.models.finance.investment import (
    AssetClass,
    Finance,
    IncomeTax,
    Loan,
    OperationMaintenance,
    ValueAddedTax,
)
from parkdispatch.models.finance.replacement import Replacement
from parkdispatch.results.finance.operation import Operation

BY_HAND = Finance(
    investment_yuan=1130.0,
    construction_years=1,
    operation_years=5,
    discount_rate=0.05,
    equity_discount_rate=0.05,
    discounted_to="end_of_first_year",
    working_capital_share=0.01,
    insurance_share=0.005,
    vat=ValueAddedTax(rate=0.13, surcharge_share=0.12),
    operation_maintenance=OperationMaintenance(basis="investment", investment_share=0.02),
    depreciation={
        "battery": AssetClass(share=0.6, years=3, residual_share=0.05),
        "rest": AssetClass(share=0.4, years=5, residual_share=0.05),
    },
    income_tax=IncomeTax(rate=0.25, loss_years=5),
    loan=Loan(share=0.5, rate=0.04, years=3, method="equal_principal"),
)

BY_HAND_OPERATION = Operation(
    revenue_yuan={"arbitrage": np.full(5, 226.0), "demand_response": np.full(5, 113.0)},
    discharged_mwh=np.full(5, 0.5),
    auxiliary_yuan=np.full(5, 11.3),
    power_mw=0.001,
)

RETIRED = BY_HAND.model_copy(
    update={
        "operation_maintenance": OperationMaintenance(
            basis="investment", investment_share=0.02, yearly_change=0.1
        ),
        "land_yuan_per_kw_year": 3.0,
        "decommissioning_share": 0.04,
    }
)

EVERYTHING = Finance(
    investment_yuan=119.7e6,
    construction_years=2,
    operation_years=12,
    spending_shares=(0.7, 0.3),
    vat=ValueAddedTax(credit="refunded", refund_year=2),
    replacement=Replacement(year=8, cost_yuan=30e6, depreciation_years=10),
    depreciation={
        "battery": AssetClass(share=0.5, years=8),
        "civil": AssetClass(share=0.2, years=12, residual_share=0.1),
        "rest": AssetClass(share=0.3, years=10),
    },
    income_tax=IncomeTax(free_years=3, half_years=3),
    loan=Loan(share=0.7, rate=0.045, years=10),
)


def fading(finance: Finance, yearly_yuan: float = 24e6, fade: float = 0.025) -> Operation:
    """Three streams, energy and auxiliary energy; arbitrage and energy fade."""
    left = (1.0 - fade) ** np.arange(finance.operation_years)
    flat = np.ones(finance.operation_years)
    return Operation(
        revenue_yuan={
            "arbitrage": 0.4 * yearly_yuan * left,
            "demand_response": 0.5 * yearly_yuan * flat,
            "absorption": 0.1 * yearly_yuan * flat,
        },
        discharged_mwh=15_000.0 * left,
        auxiliary_yuan=0.9e6 * flat,
        power_mw=25.0,
    )
