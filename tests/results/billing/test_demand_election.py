"""Which way of paying for demand is cheapest: by hand, and never dearer than any of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.models.network.grid import Grid
from parkdispatch.results.billing.bill import bill
from parkdispatch.results.billing.demand_charge import Elected, basic_charge_lines, best_contract_kw
from parkdispatch.results.billing.demand_election import elections
from tests.support.cases.metered_months import compared, month
from tests.support.cases.round_tariff import ROUND, RULES, grid, year


def test_a_quarter_by_hand() -> None:
    # peaks 8.4, 16.8 and 21 MW, 20 MVA. Highest 46,200 x 40; the best contracts 8.4/1.05 = 8, 16 and 20 MW:
    # 44,000 x 40; capacity 3 x 20,000 x 25. Could every month elect, January would pay 320,000: 1,320,000
    table = compared([month(1, 8400), month(2, 16800), month(3, 21000)])
    assert table.yuan.loc["2026-01 to 03"].to_dict() == pytest.approx(
        {"highest": 1_848_000, "contracted": 1_760_000, "capacity": 1_500_000, "own": 1_848_000}
    )
    assert table.best_contract_mw == pytest.approx({"2026-01": 8, "2026-02": 16, "2026-03": 20})
    assert list(table.cheapest) == ["capacity"]
    assert table.saving_yuan == pytest.approx(348_000)


def test_quarters_elect_apart() -> None:
    # March 20 MW, April 10 MW. March: 800,000, 761,905 or 500,000. April: 400,000, 380,952 or 500,000
    table = compared([month(3, 20000), month(4, 10000)])
    assert table.cheapest.to_dict() == {"2026-03": "capacity", "2026-04": "contracted"}
    assert table.saving_yuan == pytest.approx(1_200_000 - 500_000 - 400_000 / 1.05)


def test_an_election_that_holds_for_a_year() -> None:
    rules = ROUND.demand_rules.model_copy(update={"election_months": 12})
    tariff = ROUND.model_copy(update={"demand_rules": rules})
    table = compared([month(3, 20000), month(4, 10000)], tariff)
    assert list(table.yuan.index) == ["2026-03 to 04"]
    assert table.cheapest_yuan == pytest.approx(1_000_000)  # capacity twice; by quarters 880,952


def test_a_contract_is_at_least_40_per_cent_of_the_transformers() -> None:
    # 2 MW drawn, 20 MVA: 8 MW must be contracted, 320,000; the highest costs 80,000
    table = compared([month(1, 2000)])
    assert table.best_contract_mw == {"2026-01": 8.0}
    assert table.yuan.loc["2026-01", "contracted"] == pytest.approx(320_000)
    assert list(table.cheapest) == ["highest"]
    assert table.saving_yuan == pytest.approx(0)


def test_full_use_counts_in_the_comparison() -> None:
    # 20,000 kVA x 260 = 5.2 GWh: 12.8 MW x 36 = 460,800 is below the capacity's 500,000; at 40, 512,000
    assert list(compared([month(1, 12800, 5.3e6)]).yuan.loc["2026-01"]) == pytest.approx(
        [460_800, 460_800 / 1.05, 500_000, 460_800]
    )
    assert compared([month(1, 12800, 5.3e6)]).discounted == ["2026-01"]
    assert compared([month(1, 12800, 5.1e6)]).discounted == []


def test_own_is_what_the_case_elected() -> None:
    elected = {"demand_election": "contracted", "contracted_demand_mw": 10}
    table = compared([month(1, 12000)], **elected)  # 400,000 + 1,500 x 80
    assert table.yuan.loc["2026-01", "own"] == pytest.approx(520_000)
    assert table.own == "contracted"
    assert table.saving_yuan == pytest.approx(520_000 - 480_000 / 1.05)
    assert compared([month(1, 12000)], demand_election="capacity").yuan.loc["2026-01", "own"] == 500_000


def test_the_power_factor_adjusts_every_way() -> None:
    plain, poor = compared([month(1, 12000)]), compared([month(1, 12000)], power_factor=0.85)
    np.testing.assert_allclose(poor.yuan, plain.yuan * 1.025)


def test_nothing_to_elect() -> None:
    transformers = {"count": 1, "rating_mva": 20}
    assert elections([month(1, 1, whole=False)], ROUND, grid(transformers=transformers)) is None
    assert elections([month(1, 1)], ROUND, grid(scheme="single_part")) is None
    assert elections([], ROUND, grid()) is None
    bare = ROUND.model_copy(update={"demand_rules": None})
    assert elections([month(1, 1)], bare, grid()) is None  # no transformers known, no rules: only the highest
    known = elections([month(1, 1)], bare, grid(transformers=transformers))
    assert known is not None
    assert known.ways == ["highest", "capacity"]


@settings(max_examples=60)
@given(
    peaks=st.lists(st.floats(0, 40_000), min_size=1, max_size=12),
    used=st.lists(st.floats(0, 1e7), min_size=12, max_size=12),
    elected=st.sampled_from(["highest", "contracted", "capacity"]),
    contract_mw=st.floats(8, 40),
    factor=st.sampled_from([None, 0.8, 0.95]),
)
def test_the_cheapest_is_never_dearer_than_any(
    peaks: list[float], used: list[float], elected: str, contract_mw: float, factor: float | None
) -> None:
    metered = [month(1 + n, peak, used[n]) for n, peak in enumerate(peaks)]
    contract = {"contracted_demand_mw": contract_mw} if elected == "contracted" else {}
    table = compared(metered, demand_election=elected, power_factor=factor, **contract)
    assert (table.cheapest_yuan <= table.yuan.sum() + 1e-6).all()
    assert table.saving_yuan >= -1e-6


@settings(max_examples=60)
@given(
    peak_kw=st.floats(0, 60_000), other_kw=st.floats(8_000, 60_000), multiple=st.sampled_from([1.0, 2.0, 3.0])
)
def test_no_contract_is_better_than_the_best(peak_kw: float, other_kw: float, multiple: float) -> None:
    rules = type(ROUND.demand_rules).model_validate(RULES | {"excess_multiple": multiple})
    tariff = ROUND.model_copy(update={"demand_rules": rules})
    connection, metered = grid(transformers={"count": 1, "rating_mva": 20}), month(1, peak_kw)

    def cost(contract_kw: float) -> float:
        return sum(
            line.yuan
            for line in basic_charge_lines(metered, tariff, connection, Elected("contracted", contract_kw))
        )

    best = best_contract_kw(metered, rules, connection)
    assert best >= 8_000
    assert cost(best) <= cost(other_kw) * (1 + 1e-12) + 1e-6


def test_the_table_agrees_with_the_bill() -> None:
    times, bought = year()
    bought = bought + 5 * np.sin(np.arange(len(bought)))
    device: Grid = grid(
        demand_election="contracted",
        contracted_demand_mw=9,
        power_factor=0.87,
        transformers={"count": 1, "rating_mva": 20},
    )
    billed = bill(times, bought, np.zeros(len(times)), 0.25, ROUND, device)
    table = elections(billed.months, ROUND, device)
    assert table is not None
    assert len(table.yuan) == 4
    charges = ["contracted_demand", "demand_excess", "full_use_discount"]
    basic = billed.by_charge_yuan[charges].to_numpy().sum() * (1 + billed.power_factor_share)
    assert table.yuan["own"].sum() == pytest.approx(basic, rel=1e-12)
    assert len(table.discounted) == 12  # 10 MW x 672 h / 20 MVA = 336 kWh/kVA and more
