"""Demand, contract, capacity, full use and power factor on a bill: by hand, and what is always true.

A month of two quarter-hours: 8 MW flat, then 12 MW at the peak price: 2,000 and 3,000 kWh, demand 12,000 kW.
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.models.errors import InputError
from parkdispatch.results.billing.bill import Bill, bill
from tests.support.cases.round_tariff import ROUND, grid, year

TWO_QUARTERS = pd.DatetimeIndex(["2026-03-02 16:45", "2026-03-02 17:00"])
TWENTY_MVA = {"count": 1, "rating_mva": 20}
# 1,000 + 2,400 purchased, 100 line loss, 500 transmission, 100 system operation, 150 funds
ENERGY = {
    "purchased_energy": 3400.0,
    "line_loss": 100.0,
    "transmission": 500.0,
    "system_operation": 100.0,
    "government_funds": 150.0,
    "sale": 0.0,
}


def make(bought: Any = (8.0, 12.0), times: pd.DatetimeIndex = TWO_QUARTERS, **changes: Any) -> Bill:
    bought = np.array(bought, dtype=float)
    return bill(times, bought, np.zeros(len(bought)), 0.25, ROUND, grid(**changes))


def amounts(billed: Bill) -> dict[str, float]:
    return {str(k): float(v) for k, v in billed.lines.groupby("charge")["yuan"].sum().items()}


def line(billed: Bill, charge: str) -> tuple[float, str, float, float]:
    lines = billed.lines[billed.lines["charge"] == charge]
    (cells,) = lines[["quantity", "unit", "price_yuan", "yuan"]].itertuples(index=False)
    return tuple(cells)


# --- by hand: the ways of paying for demand


def test_by_the_highest() -> None:
    # 12,000 kW x 40; by the mean of the two quarter-hours it would be 400,000
    assert amounts(make()) == pytest.approx({**ENERGY, "demand": 480_000.0})


def test_energy_by_period() -> None:
    # 2,000 x 0.5 and 3,000 x 0.5 x 1.6
    lines = make().lines
    bought = lines[lines["charge"] == "purchased_energy"].set_index("period")["yuan"].to_dict()
    assert bought == pytest.approx({"flat": 1000.0, "peak": 2400.0})


def test_a_contract_pays_double_above_105_per_cent() -> None:
    # 10,000 x 40 and (12,000 - 10,500) x 80. From the contract itself on, 160,000; at the plain price, 60,000
    yuan = amounts(make(demand_election="contracted", contracted_demand_mw=10))
    assert yuan == pytest.approx({**ENERGY, "contracted_demand": 400_000.0, "demand_excess": 120_000.0})


@pytest.mark.parametrize("contract_mw", [11.5, 12.0, 30.0])  # 1.05 x 11.5 = 12.075
def test_a_contract_within_its_tolerance_pays_for_itself(contract_mw: float) -> None:
    # paid is the contract, not the 12,000 kW drawn
    yuan = amounts(make(demand_election="contracted", contracted_demand_mw=contract_mw))
    assert yuan["contracted_demand"] == pytest.approx(contract_mw * 40_000)
    assert yuan["demand_excess"] == 0


def test_a_contract_by_month() -> None:
    contract = [5.0, 6.0, *[10.0] * 10]
    times = pd.DatetimeIndex(["2026-01-02 00:00", "2026-02-02 00:00"])
    yuan = make([5, 8], times, demand_election="contracted", contracted_demand_mw=contract).by_charge_yuan
    assert list(yuan["contracted_demand"]) == pytest.approx([200_000, 240_000])
    assert list(yuan["demand_excess"]) == pytest.approx([0, (8000 - 6300) * 80])  # with January's: 220,000


def test_what_was_drawn_before_counts_against_the_contract() -> None:
    # 13 MW earlier this month: 13,000 - 10,500 at 80; without it 120,000
    billed = make(demand_election="contracted", contracted_demand_mw=10, peak_so_far_mw=13)
    assert amounts(billed)["demand_excess"] == pytest.approx(200_000)


def test_capacity_is_paid_for_the_transformers_whatever_is_drawn() -> None:
    # 20,000 kVA x 25, and no demand line
    billed = make(demand_election="capacity", transformers=TWENTY_MVA)
    assert amounts(billed) == pytest.approx({**ENERGY, "capacity": 500_000.0})
    assert line(billed, "capacity") == (20_000.0, "kVA", 25.0, 500_000.0)


def test_single_part_pays_no_basic_charge() -> None:
    yuan = amounts(make(scheme="single_part"))
    assert yuan == pytest.approx({**ENERGY, "transmission": 1000.0})


# --- by hand: full use of the transformers


def used(kva: float, **changes: Any) -> Bill:
    return make(transformers={"count": 1, "rating_mva": kva / 1000}, **changes)


def test_full_use_lowers_the_demand_price_to_90_per_cent() -> None:
    # 5,000 kWh / 19 kVA = 263: 480,000 x 0.9; at 20 kVA it is 250 and nothing comes off
    assert line(used(19), "full_use_discount") == pytest.approx(
        (480_000.0, "yuan", -0.1, -48_000.0), abs=1e-6
    )
    assert "full_use_discount" not in amounts(used(20))


def test_full_use_begins_at_260() -> None:
    assert "full_use_discount" in amounts(used(5000 / 260))
    assert "full_use_discount" not in amounts(used(5000 / 259.9))


def test_full_use_lowers_contract_and_excess_but_no_capacity() -> None:
    # (400,000 + 120,000) x 0.1; of the contract alone 40,000
    billed = used(19, demand_election="contracted", contracted_demand_mw=10)
    assert amounts(billed)["full_use_discount"] == pytest.approx(-52_000)
    assert "full_use_discount" not in amounts(used(19, demand_election="capacity"))


def test_without_transformers_or_rules_there_is_no_full_use() -> None:
    bare = ROUND.model_copy(update={"demand_rules": None})
    connection = grid(transformers={"count": 1, "rating_mva": 0.019})
    billed = bill(TWO_QUARTERS, np.array([8.0, 12.0]), np.zeros(2), 0.25, bare, connection)
    assert "full_use_discount" not in amounts(billed)
    assert billed.open_discount_yuan == 0
    assert "full_use_discount" not in amounts(make())


def test_a_part_of_a_month_tells_what_may_come_off() -> None:
    # 250 kWh/kVA in two quarter-hours: the rest of March will tell. Once reached it is on the bill
    assert used(20).open_discount_yuan == pytest.approx(-48_000)
    assert used(19).open_discount_yuan == 0
    assert used(20, power_factor=0.85).open_discount_yuan == pytest.approx(-48_000 * 1.025)
    assert used(20, demand_election="capacity").open_discount_yuan == 0
    assert used(20, scheme="single_part").open_discount_yuan == 0
    times, bought = year()
    slack = grid(transformers={"count": 10, "rating_mva": 100})  # 7 kWh/kVA a month, and nothing is open
    billed = bill(times, bought, np.zeros(len(times)), 0.25, ROUND, slack)
    assert billed.open_discount_yuan == 0
    assert "full_use_discount" not in amounts(billed)


# --- by hand: power factor


@pytest.mark.parametrize(
    ("power_factor", "share"),
    [
        (1.0, -0.0075),
        (0.95, -0.0075),
        (0.94, -0.006),
        (0.91, -0.0015),
        (0.90, 0.0),
        (0.89, 0.005),
        (0.85, 0.025),
        (0.70, 0.10),
        (0.69, 0.11),
        (0.65, 0.15),
        (0.64, 0.17),
        (0.60, 0.25),
        (0.944, -0.006),  # rounded to 0.94; unrounded -0.0066
        (0.945, -0.0075),  # half upwards
    ],
)
def test_power_factor_adjusts_all_but_funds(power_factor: float, share: float) -> None:
    # 3,400 + 100 + 500 + 100 + 480,000 = 484,100; with the 150 of the funds 484,250
    billed = make(power_factor=power_factor)
    assert amounts(billed).get("power_factor", 0.0) == pytest.approx(484_100 * share, abs=1e-6)
    assert billed.power_factor_share == pytest.approx(share, abs=1e-12)
    assert ROUND.power_factor_share(power_factor) == pytest.approx(share, abs=1e-12)  # the optimizer's


def test_power_factor_does_not_adjust_what_is_sold() -> None:
    sold = np.array([4.0, 0.0])  # 1,000 kWh at 0.4143
    billed = bill(TWO_QUARTERS, np.zeros(2), sold, 0.25, ROUND, grid(power_factor=0.8))
    assert billed.total_yuan == pytest.approx(-414.3)


def test_a_published_bill_with_its_adjustment() -> None:
    # a works in Hubei: 0.91, standard 0.90, 6,137,186.5 yuan adjusted by -9,205.79 (second-hand)
    assert ROUND.power_factor_share(0.91) * 6_137_186.5 == pytest.approx(-9205.79, abs=0.02)


# --- what the optimizer does not see


def test_the_unseen_is_named_and_the_rest_is_seen() -> None:
    # seen: 4,100 of energy, 120,000 of excess, 150 of funds; unseen: the contract and what comes off;
    # -0.45 % on all but the funds
    billed = used(19, demand_election="contracted", contracted_demand_mw=10, power_factor=0.93)
    unseen = billed.unseen_yuan.loc["2026-03"].to_dict()
    assert unseen == pytest.approx(
        {"contracted_demand": 400_000 * 0.9955, "full_use_discount": -52_000 * 0.9955}
    )
    assert billed.seen_yuan == pytest.approx((4100 + 120_000) * 0.9955 + 150)
    assert billed.seen_yuan + sum(unseen.values()) == pytest.approx(billed.total_yuan, rel=1e-12)


def test_all_is_seen_where_demand_is_the_highest() -> None:
    billed = make()
    assert billed.unseen_yuan.to_numpy().sum() == 0
    assert billed.seen_yuan == billed.total_yuan
    assert list(billed.seen_by_month_yuan.index) == ["2026-03"]


# --- what is always true

ELECTIONS: list[dict[str, Any]] = [
    {},
    {"scheme": "single_part"},
    {"demand_election": "contracted", "contracted_demand_mw": 10, "transformers": TWENTY_MVA},
    {"demand_election": "capacity", "transformers": TWENTY_MVA},
]
draws = st.lists(st.floats(0, 100), min_size=2, max_size=8)
factors = st.sampled_from([None, 0.6, 0.86, 0.93, 1.0])
ways = st.sampled_from(ELECTIONS)


def times_of(count: int) -> pd.DatetimeIndex:
    return pd.date_range("2026-03-31 23:15", periods=count, freq="15min")


@settings(max_examples=30)
@given(bought=draws, factor=factors, way=ways)
def test_lines_are_quantity_times_price_and_the_parts_add_up(
    bought: list[float], factor: float | None, way: dict[str, Any]
) -> None:
    billed = make(bought, times_of(len(bought)), power_factor=factor, **way)
    np.testing.assert_allclose(
        billed.lines["yuan"], billed.lines["quantity"] * billed.lines["price_yuan"], atol=1e-6
    )
    parts = billed.seen_yuan + billed.unseen_yuan.to_numpy().sum()
    assert parts == pytest.approx(billed.total_yuan, rel=1e-12, abs=1e-6)


@settings(max_examples=30)
@given(bought=draws, share=st.floats(0, 1), factor=factors)
def test_two_meters_of_one_energy_add_up(bought: list[float], share: float, factor: float | None) -> None:
    # for energy any split does; for demand the two highest must fall together, as shares of one curve do
    times, all_ = times_of(len(bought)), np.array(bought)
    first, second = (
        make(all_ * part, times, power_factor=factor).by_charge_yuan for part in (share, 1 - share)
    )
    whole = make(all_, times, power_factor=factor).by_charge_yuan
    np.testing.assert_allclose((first + second)[whole.columns], whole, rtol=1e-9, atol=1e-6)


@settings(max_examples=25)
@given(bought=draws, other=st.integers(0, 7), factor=factors)
def test_energy_lines_add_up_however_it_is_split(
    bought: list[float], other: int, factor: float | None
) -> None:
    times, all_ = times_of(len(bought)), np.array(bought)
    mine = np.where(np.arange(len(all_)) == other, all_, 0.0)
    parts = [make(part, times, power_factor=factor).by_charge_yuan for part in (mine, all_ - mine, all_)]
    for charge in ("purchased_energy", "line_loss", "transmission", "system_operation", "government_funds"):
        np.testing.assert_allclose(
            parts[0][charge] + parts[1][charge], parts[2][charge], rtol=1e-9, atol=1e-6
        )
    assert (parts[0]["demand"] + parts[1]["demand"] >= parts[2]["demand"] - 1e-6).all()


@settings(max_examples=25)
@given(bought=draws, scale=st.floats(0.01, 100), factor=factors)
def test_a_bill_by_the_highest_scales(bought: list[float], scale: float, factor: float | None) -> None:
    times = times_of(len(bought))
    plain, scaled = (make(np.array(bought) * k, times, power_factor=factor) for k in (1.0, scale))
    assert scaled.total_yuan == pytest.approx(scale * plain.total_yuan, rel=1e-9, abs=1e-6)


@settings(max_examples=20)
@given(factor=factors, way=ways)
def test_a_bill_of_no_energy_is_the_fixed_charges(factor: float | None, way: dict[str, Any]) -> None:
    billed = make([0.0, 0.0], power_factor=factor, **way)
    fixed = {"contracted": 400_000.0, "capacity": 500_000.0}.get(way.get("demand_election", ""), 0.0)
    assert billed.total_yuan == pytest.approx(fixed * (1 + billed.power_factor_share))
    assert billed.seen_yuan == pytest.approx(0.0, abs=1e-6)


# --- refused


def test_what_the_tariff_or_the_connection_lacks() -> None:
    two = (TWO_QUARTERS, np.ones(2), np.zeros(2), 0.25)
    bare = ROUND.model_copy(update={"demand_rules": None, "power_factor": None})
    with pytest.raises(InputError, match="demand_rules"):
        bill(*two, bare, grid(demand_election="contracted", contracted_demand_mw=1))
    with pytest.raises(InputError, match=r"power factor of 0\.8"):
        bill(*two, bare, grid(power_factor=0.8))
    level = ROUND.voltages["10kV"].model_copy(update={"capacity_price_yuan_per_kva_month": None})
    with pytest.raises(InputError, match="no capacity charge at '10kV'"):
        bill(
            *two,
            ROUND.model_copy(update={"voltages": {"10kV": level}}),
            grid(demand_election="capacity", transformers=TWENTY_MVA),
        )
