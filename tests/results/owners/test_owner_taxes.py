"""Taxes of owners: by hand, against the storage's own cash flow, and adding up to the park's."""

from typing import Any

import numpy as np
import pytest

from parkdispatch.models.finance.investment import IncomeTax
from parkdispatch.models.finance.owners import CompanyTax, NetworkOwner, Owners, StorageOwner
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import Lifetime, OperationYear
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.owners.owner_flows import OwnerFlow, OwnerStudy, owner_study
from parkdispatch.results.owners.transfers import OWNERS, PARK
from tests.support.cases.owner_cases import PV, study
from tests.support.finance_cases import EVERYTHING, fading


def after_tax(found: OwnerStudy, owner: str) -> OwnerFlow:
    return next(part for part in found.after_tax if part.owner == owner)


def taxes(found: OwnerStudy) -> dict[str, np.ndarray]:
    return {tax.key: tax.yuan for tax in found.taxes}


def test_a_company_by_hand() -> None:
    """PV sells for 3,800 a year, VAT of 437.168 in it; its investment of 8,000 has 920.354 to credit.

    So nothing is due for two years and 391.150 in the third. 7,079.646 net are depreciated in five years, not
    twenty: 1,415.929. Profit 3,362.832 - 1,415.929 = 1,946.903, of which a quarter is 486.726; in the third
    year surcharges of 46.938 are deducted first.
    """
    found = study()
    paid = taxes(found)
    assert paid["pv_vat"].tolist() == pytest.approx([0, 0, 0, 391.150, 437.168, 437.168], abs=1e-3)
    assert paid["pv_surcharges"][3] == pytest.approx(46.938, abs=1e-3)
    assert paid["pv_income_tax"][1:4].tolist() == pytest.approx([486.726, 486.726, 474.991], abs=1e-3)
    flow = after_tax(found, "pv").yuan
    assert flow[0] == -8_000
    assert flow[3] == pytest.approx(3_800 - 391.150 - 46.938 - 474.991, abs=2e-3)
    assert after_tax(found, "pv").payback.from_construction_years == pytest.approx(
        3 + (8_000 - 2 * 3_313.274) / flow[3], abs=1e-4
    )


def test_a_tax_holiday_is_the_companys_own() -> None:
    free = CompanyTax(income_tax=IncomeTax(free_years=3, half_years=3))
    paid = taxes(study(pv=PV.model_copy(update={"tax": free})))
    assert paid["pv_income_tax"][1:4].tolist() == [0, 0, 0]
    assert paid["pv_income_tax"][4] == pytest.approx(0.125 * (1_946.903 - 0.12 * 437.168), abs=1e-3)
    assert paid["storage_income_tax"].tolist() == taxes(study())["storage_income_tax"].tolist()


def test_the_works_deduct_and_recover_at_once() -> None:
    """They lose 720 a year, VAT of 82.832 in it: surcharges fall by 9.940, income tax by 156.808."""
    flow = after_tax(study(), "works").yuan
    assert flow[1:].tolist() == pytest.approx([-720 + 82.832 + 9.940 + 156.808] * 5, abs=2e-3)
    exempt = study(works_income_tax_rate=0.0)
    assert after_tax(exempt, "works").yuan[1] == pytest.approx(-720 + 82.832 + 9.940, abs=2e-3)


def lifetime(operation: Operation) -> Lifetime:
    """Years whose bills differ by what the streams of an operation save."""
    arbitrage, demand, contract = operation.revenue_yuan.values()
    years: list[OperationYear] = []
    for index in range(len(arbitrage)):
        saved = {"arbitrage": float(arbitrage[index]), "demand": float(demand[index])}
        auxiliary_yuan = float(operation.auxiliary_yuan[index])
        rest: dict[str, Any] = dict.fromkeys(
            ("charged_mwh", "auxiliary_mwh", "bill_yuan", "curtailed_mwh", "curtailed_without_mwh"), 0.0
        )
        years.append(
            OperationYear(
                year=index + 1, state_of_health={}, full_cycles={}, gap=0.0, dispatched=True,
                saved_yuan=saved,
                discharged_mwh=float(operation.discharged_mwh[index]), auxiliary_yuan=auxiliary_yuan,
                bill_without_yuan=sum(saved.values()) - auxiliary_yuan,
                contract_yuan={"demand_response": float(contract[index])},
                park_amounts={"renewable_available_mwh": 0.0}, **rest,
            )
        )  # fmt: skip
    return Lifetime(None, tuple(years))  # type: ignore[arg-type]


def test_a_storage_that_keeps_all_it_earns_has_the_flow_of_the_project() -> None:
    """The cash flow of the storage is computed apart, line by line: a holiday, a refund, a replacement."""
    operation = fading(EVERYTHING)
    cash, years = cash_flow(EVERYTHING, operation), lifetime(operation)
    owners = Owners(pv=PV, storage=StorageOwner(saving_share=1.0))
    found = owner_study(owners, years, years, cash)
    flow = after_tax(found, "storage")
    np.testing.assert_allclose(flow.yuan, cash.values["project_after_tax"], atol=1e-6)
    assert flow.irr == pytest.approx(cash.returns["project_after_tax"].irr.value, abs=1e-9)
    assert found.flows[1].npv_yuan > flow.npv_yuan


def test_the_owners_add_up_to_the_park_after_tax_too() -> None:
    terms = {
        "storage": StorageOwner(saving_share=0.5, response_share=0.6, lease_yuan_per_kw_year=40.0),
        "network": NetworkOwner(
            investment_yuan=500.0, fee_yuan_per_kwh=0.02, capacity_rent_yuan_per_kw_year=30.0
        ),
    }
    found = study(**terms)
    parts = np.sum([after_tax(found, owner).yuan for owner in OWNERS], axis=0)
    np.testing.assert_allclose(parts, after_tax(found, PARK).yuan, atol=1e-9)
    all_taxes = np.sum(list(taxes(found).values()), axis=0)
    before = next(flow.yuan for flow in found.flows if flow.owner == PARK)
    np.testing.assert_allclose(before - after_tax(found, PARK).yuan, all_taxes, atol=1e-9)
    # what the works pay more to a company that earns, they recover of VAT; only the rest is shifted
    vat = sum(yuan for key, yuan in taxes(found).items() if key.endswith("_vat"))
    assert vat.sum() == pytest.approx(
        0.13 / 1.13 * (5 * (3_400.0 + 50.0) - 8_500.0 - 1_130.0)
        + 0.13 / 1.13 * max(0.0, 1_130.0 - 5 * (0.5 * 400 + 0.6 * 50 + 40 - 30))
    )


def test_what_is_lost_after_tax_is_less_than_before() -> None:
    """Undiscounted: without the storage PV's profit falls by 200 a year, VAT included."""
    before = next(flow for flow in study().flows if flow.owner == "pv").loss_yuan["storage"]
    after = after_tax(study(), "pv").loss_yuan["storage"]
    vat = 0.13 / 1.13 * 200
    assert before == pytest.approx(1_000)
    assert after == pytest.approx(5 * (200 - 1.12 * vat - 0.25 * (200 - 1.12 * vat)), abs=1e-6)
