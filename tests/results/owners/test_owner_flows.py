"""Owners of a park: who pays whom, worked by hand on one year of construction and five of operation."""

import numpy as np
import pytest

from parkdispatch.models.finance.owners import NetworkOwner, StorageOwner
from parkdispatch.results.owners.owner_flows import OwnerFlow, OwnerStudy
from parkdispatch.results.owners.transfers import OWNERS, PARK
from tests.support.cases.owner_cases import CASH, PV, study


def flow(found: OwnerStudy, owner: str) -> OwnerFlow:
    return next(part for part in found.flows if part.owner == owner)


def test_who_pays_whom_by_hand() -> None:
    """The works' bill falls from 9,000 to 5,600, of which 600 are surplus of the PV company.

    8 MWh at 0.5 x 0.8 yuan/kWh are 3,200 for PV; 80 % of 6,000 - 5,600 are 320 for the storage.
    """
    found = study()
    works = flow(found, "works").yuan
    assert works.tolist() == pytest.approx([0.0, *[3_400.0 - 3_200.0 - 600.0 - 320.0] * 5])
    assert flow(found, "pv").yuan.tolist() == pytest.approx([-8_000.0, *[3_800.0] * 5])
    second = flow(found, "storage").yuan[2]
    assert second == pytest.approx(320.0 + 50.0 - 0.02 * 1130.0 - 0.005 * 1130.0)
    assert flow(found, "pv").payback.from_construction_years == pytest.approx(1 + 8_000 / 3_800)
    assert flow(found, "network").yuan.tolist() == [0.0] * 6


def test_terms_move_money_between_owners_and_none_out_of_the_park() -> None:
    terms = {
        "pv": PV.model_copy(update={"discount": 0.0, "escalation": 0.1}),
        "storage": StorageOwner(saving_share=0.5, response_share=0.6, lease_yuan_per_kw_year=40.0),
        "network": NetworkOwner(fee_yuan_per_kwh=0.02, capacity_rent_yuan_per_kw_year=30.0),
    }
    plain, other = study(), study(**terms)
    np.testing.assert_allclose(flow(other, PARK).yuan, flow(plain, PARK).yuan, atol=1e-9)
    # third year: 8 MWh at 0.5 x 1.1^2; fee 160; rent 30 and lease 40 yuan/kW for 1 kW
    assert flow(other, "pv").yuan[3] == pytest.approx(8_000 * 0.5 * 1.21 + 600.0)
    assert flow(other, "network").yuan[3] == pytest.approx(160.0 + 30.0)
    assert flow(other, "works").yuan[3] == pytest.approx(
        3_400.0 - 8_000 * 0.5 * 1.21 - 600.0 - 200.0 + 20.0 - 40.0 - 160.0
    )


def test_the_owners_add_up_to_what_crosses_the_border_of_the_park() -> None:
    """Old bill less new bill, contracts, and what building and upkeep cost; recomputed from the cash flow."""
    found = study(network=NetworkOwner(investment_yuan=500.0, fee_yuan_per_kwh=0.01))
    owners = np.sum([flow(found, owner).yuan for owner in OWNERS], axis=0)
    np.testing.assert_allclose(owners, flow(found, PARK).yuan, atol=1e-9)
    values, running = CASH.values, np.array([0.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    outside = running * (9_000.0 - 5_600.0 + 50.0 - 0.02 * 500.0)
    outside -= values["investment"] + values["working_capital"] + values["operation_maintenance"]
    outside += values["working_capital_back"] + values["residual"] - values["insurance"]
    outside[0] -= 8_500.0
    outside[-1] += 0.05 * 500.0
    np.testing.assert_allclose(flow(found, PARK).yuan, outside, atol=1e-9)
    total = sum(flow(found, owner).npv_yuan for owner in OWNERS)
    assert total == pytest.approx(flow(found, PARK).npv_yuan)


def test_what_is_lost_if_another_leaves() -> None:
    """Undiscounted, five years.

    Without the storage PV sells 2 MWh less to the works at 0.4 and 600 yuan more to the grid. Without the
    works it sells 10 MWh at 0.3, and the storage has its arbitrage of 300 instead of 320 and the 50 of the
    contract. Without PV the storage's saving is 200.
    """
    found = study()
    pv, storage, works = (flow(found, owner).loss_yuan for owner in ("pv", "storage", "works"))
    assert pv["storage"] == pytest.approx(5 * (3_800.0 - (2_400.0 + 1_200.0)))
    assert pv["works"] == pytest.approx(5 * (3_800.0 - 3_000.0))
    assert storage["works"] == pytest.approx(5 * (370.0 - 300.0))
    assert storage["pv"] == pytest.approx(5 * 0.8 * (400.0 - 200.0))
    assert works["storage"] == pytest.approx(5 * (-720.0 - (9_000.0 - 6_000.0 - 2_400.0 - 1_200.0)))
    assert set(works) == {"pv", "storage", "network"}


ESCALATING = {
    "pv": PV.model_copy(update={"discount": 0.2, "escalation": 0.03}),
    "storage": StorageOwner(saving_share=0.8, lease_yuan_per_kw_year=40.0, escalation=0.05),
    "network": NetworkOwner(fee_yuan_per_kwh=0.02, capacity_rent_yuan_per_kw_year=30.0, escalation=0.01),
}


@pytest.mark.parametrize("year", [2, 3, 4])
def test_a_discounted_price_lease_fee_and_rent_escalate_each_by_its_own_rate(year: int) -> None:
    """8 MWh at 0.5 x 0.8 x 1.03^(k-1), lease 40 x 1.05^(k-1), fee 160 and rent 30 x 1.01^(k-1), in year k.

    The first year is not escalated; were each price escalated by the rate of another, each year would differ.
    """
    found, k = study(**ESCALATING), year - 1
    price = 8_000 * 0.5 * 0.8 * 1.03**k
    lease, fee, rent = 40.0 * 1.05**k, 160.0 * 1.01**k, 30.0 * 1.01**k
    costs = (0.02 + 0.005) * 1130.0  # upkeep and insurance
    assert flow(found, "pv").yuan[year] == pytest.approx(price + 600.0)
    assert flow(found, "network").yuan[year] == pytest.approx(fee + rent)
    assert flow(found, "works").yuan[year] == pytest.approx(3_400.0 - price - 600.0 - 320.0 - lease - fee)
    assert flow(found, "storage").yuan[year] == pytest.approx(320.0 + 50.0 + lease - rent - costs)
    total = sum(flow(found, owner).yuan for owner in OWNERS)
    np.testing.assert_allclose(total, flow(found, PARK).yuan, atol=1e-9)


def test_what_is_lost_if_another_leaves_escalates_with_the_price() -> None:
    """Undiscounted: sums over five years, g = 1.03^0 + ... + 1.03^4 and so on.

    Without the storage PV sells 6 MWh to the works; without the works all 10 at 0.3, and the storage has 300
    of arbitrage in place of 320, 50 and the lease. Without PV the network has its rent alone.
    """
    found = study(**ESCALATING)
    price, lease, network = (sum(rate**k for k in range(5)) for rate in (1.03, 1.05, 1.01))
    pv, storage, of_network, works = (flow(found, owner).loss_yuan for owner in OWNERS)
    assert pv["storage"] == pytest.approx(2_000 * 0.4 * price - 5 * 600.0)
    assert pv["works"] == pytest.approx(8_000 * 0.4 * price + 5 * 600.0 - 5 * 3_000.0)
    assert pv["network"] == pytest.approx(0.0)
    assert storage["works"] == pytest.approx(5 * (320.0 + 50.0 - 300.0) + 40.0 * lease)
    assert storage["pv"] == pytest.approx(5 * 0.8 * 200.0)
    assert storage["network"] == pytest.approx(-30.0 * network)
    assert of_network["pv"] == pytest.approx(160.0 * network)
    assert of_network["storage"] == pytest.approx(30.0 * network + (160.0 - 120.0) * network)
    # the works then buy all: 3,400 less what they paid; without the network they save the fee
    paid = 8_000 * 0.4 * price + 5 * (600.0 + 320.0) + 40.0 * lease + 160.0 * network
    assert works["pv"] == pytest.approx(5 * 3_400.0 - paid - (5 * (200.0 - 160.0) - 40.0 * lease))
    assert works["network"] == pytest.approx(-160.0 * network)
