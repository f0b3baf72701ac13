"""Owners of a park of one year of construction and five of operation, to be worked by hand."""

from typing import Any

from parkdispatch.models.finance.owners import Owners, PvOwner
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import Lifetime, OperationYear
from parkdispatch.results.owners.owner_flows import OwnerStudy, owner_study
from tests.support.finance_cases import BY_HAND, BY_HAND_OPERATION

PV = PvOwner(
    devices=("pv",), investment_yuan=8_000.0, operation_maintenance_share=0.0, residual_share=0.0,
    base_price_yuan_per_kwh=0.5, discount=0.2,
)  # fmt: skip


def years(**figures: float) -> Lifetime:
    zero = ("charged_mwh", "discharged_mwh", "auxiliary_mwh", "auxiliary_yuan", "curtailed_mwh")
    given: dict[str, Any] = dict.fromkeys((*zero, "curtailed_without_mwh"), 0.0) | figures
    return Lifetime(
        None,  # type: ignore[arg-type]
        tuple(
            OperationYear(
                year=year, state_of_health={}, full_cycles={}, gap=0.0, dispatched=True,
                saved_yuan={"arbitrage": 300.0, "demand": 100.0},
                contract_yuan={"demand_response": 50.0},
                park_amounts={"renewable_available_mwh": 10.0}, **given,
            )
            for year in range(1, 6)
        ),
    )  # fmt: skip


# 10 MWh of PV a year; 4 MWh sold at 0.3 yuan/kWh without the storage, 2 with it
TOGETHER = years(
    bill_without_yuan=6_000.0, bill_yuan=5_600.0, exported_without_mwh=4.0, exported_mwh=2.0,
    sold_without_yuan=1_200.0, sold_yuan=600.0,
)  # fmt: skip
WITHOUT_PV = years(bill_without_yuan=9_000.0, bill_yuan=8_800.0)
CASH = cash_flow(BY_HAND, BY_HAND_OPERATION)


def study(**terms: Any) -> OwnerStudy:
    given = {"pv": PV, "discount_rate": 0.0} | terms
    return owner_study(Owners(**given), TOGETHER, WITHOUT_PV, CASH)
