"""Hand-solved bills with tiers of demand, a least demand, and ratchets over a few months."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.models.errors import InputError
from parkdispatch.results.billing.bill import bill
from parkdispatch.results.billing.bill_lines import Connection
from parkdispatch.results.wording.display_names import cost_word
from parkdispatch.results.wording.words import load_words
from tests.support.cases.charged_park import charged_case, one_price, solved_bill

JULY = pd.date_range("2026-07-01", "2026-08-01", freq="h", inclusive="left")
QUARTER = pd.date_range("2026-04-01", "2026-07-01", freq="h", inclusive="left")
YEAR = pd.date_range("2026-01-01", "2027-01-01", freq="h", inclusive="left")
TIERS = [
    {"above_kw": 50.0, "added_yuan_per_kw_month": 4.0},
    {"above_kw": 120.0, "added_yuan_per_kw_month": 6.0},
]
LOSSLESS = (
    '[device.battery]\nkind = "battery"\npower_mw = 0.05\nenergy_mwh = 0.2\nsoc_min = 0.0\nsoc_max = 1.0\n'
    "initial_soc = 0.5\neta_charge = 1.0\neta_discharge = 1.0\nself_discharge_per_hour = 0.0\n"
    "auxiliary_share = 0.0\n"
)


def of(charge: str, lines: pd.DataFrame) -> dict[str, float]:
    """Yuan of a charge by month."""
    own = lines[lines["charge"] == charge]
    return {str(month): float(yuan) for month, yuan in own.groupby("month")["yuan"].sum().items()}


def test_tiers_of_demand_charge_what_lies_above_each_threshold(tmp_path: Path) -> None:
    # 200 kW: 50 x 10 + 70 x 14 + 80 x 20 = 3,080 beside the energy at 0.1; were the highest tier's price
    # that of all of it, 4,000; without tiers 2,000
    demand = [{"name": "peak", "price_yuan_per_kw_month": 10, "tiers": TIERS}]
    load = 100.0 + 100.0 * (np.arange(744) == 300)
    file = charged_case(tmp_path, one_price(demand=demand), JULY, load)
    cost, billed, shared = solved_bill(file, JULY)
    assert of("demand_peak", billed.lines) == pytest.approx({"2026-07": 500})
    assert of("demand_peak_tier_1", billed.lines) == pytest.approx({"2026-07": 980})
    assert of("demand_peak_tier_2", billed.lines) == pytest.approx({"2026-07": 1600})
    assert cost == pytest.approx(0.1 * load.sum() + 3080)
    assert billed.total_yuan == pytest.approx(cost)
    assert shared["grid.charged_peak_tier_2_mw"] == pytest.approx(0.08)


def test_a_battery_shaves_what_lies_above_a_threshold_alone(tmp_path: Path) -> None:
    # one hour of 150 kW in 40: a kWh less costs 12 of wear. At 10 yuan it is not worth it, at 14 above 120 kW
    # it is: 120 kW are left, 1,200 yuan; were the tier unknown to the dispatch, 30 x 14 would be billed too
    tiers = [{"above_kw": 120.0, "added_yuan_per_kw_month": 4.0}]
    demand = [{"name": "peak", "price_yuan_per_kw_month": 10, "tiers": tiers}]
    load = 40.0 + 110.0 * (np.arange(744) == 300)
    battery = LOSSLESS + "wear_yuan_per_mwh = 12000.0\n"
    file = charged_case(tmp_path, one_price(demand=demand), JULY, load, battery=battery)
    _, billed, _ = solved_bill(file, JULY)
    assert of("demand_peak", billed.lines) == pytest.approx({"2026-07": 1200})
    assert of("demand_peak_tier_1", billed.lines) == pytest.approx({"2026-07": 0})


def test_a_minimum_counts_the_tiers(tmp_path: Path) -> None:
    # 7,440 + 1,000 + 50 x 4 = 8,640 of a minimum of 9,000: 360 are missing, not 560
    demand = [{"name": "peak", "price_yuan_per_kw_month": 10, "tiers": TIERS[:1]}]
    tariff = one_price(demand=demand, minimum_yuan_per_month=9_000)
    cost, billed, _ = solved_bill(charged_case(tmp_path, tariff, JULY, np.full(744, 100.0)), JULY)
    assert of("minimum", billed.lines) == pytest.approx({"2026-07": 360})
    assert cost == pytest.approx(9_000)


def test_a_least_demand_is_billed_where_less_is_drawn(tmp_path: Path) -> None:
    # 30 kW of at least 50: 500 yuan, not 300; a battery then shaves nothing, since 50 are paid for anyway
    demand = [{"name": "peak", "price_yuan_per_kw_month": 10, "least_kw": 50.0}]
    load = 20.0 + 10.0 * (np.arange(744) == 300)
    cost, billed, _ = solved_bill(charged_case(tmp_path, one_price(demand=demand), JULY, load), JULY)
    assert of("demand_peak", billed.lines) == pytest.approx({"2026-07": 500})
    assert cost == pytest.approx(0.1 * load.sum() + 500)


def test_a_ratchet_of_three_months_forgets_the_fourth(tmp_path: Path) -> None:
    # 1 kW, once 100 kW in March: April, May, June are billed 80 kW each, July 1 kW again. At 10 yuan
    # 1,000 + 3 x 800 + 8 x 10 = 3,480; over eleven months 1,000 + 11 x 800 = 9,800
    load = np.ones(8760)
    load[24 * 70] = 100.0
    demand: dict[str, Any] = {"name": "peak", "price_yuan_per_kw_month": 10, "ratchet_share": 0.8}
    for window, expected in ((3, 3480.0), (11, 9800.0), (10, 9000.0 + 10.0)):
        charges = [{**demand, "ratchet_window_months": window}]
        case = load_case(str(charged_case(tmp_path, one_price(demand=charges), YEAR, load)))
        grid = cast("Connection", case.devices["grid"])
        billed = bill(YEAR, load / 1000, np.zeros(8760), 1.0, case.tariff, grid)
        assert sum(of("demand_peak", billed.lines).values()) == pytest.approx(expected), window


def test_a_year_follows_one_like_it(tmp_path: Path) -> None:
    # the peak of December binds January and February of a ratchet over two months: 2 x 800 + 1,000 + 9 x 10
    load = np.ones(8760)
    load[-5] = 100.0
    demand = [
        {"name": "peak", "price_yuan_per_kw_month": 10, "ratchet_share": 0.8, "ratchet_window_months": 2}
    ]
    file = charged_case(tmp_path, one_price(demand=demand), YEAR, load)
    cost, billed, _ = solved_bill(file, YEAR)
    yuan = of("demand_peak", billed.lines)
    assert yuan["2026-01"] == yuan["2026-02"] == pytest.approx(800)
    assert yuan["2026-03"] == pytest.approx(10)
    assert cost == pytest.approx(0.1 * load.sum() + 2690)
    assert billed.total_yuan == pytest.approx(cost)


def test_a_battery_shaves_a_month_that_later_ones_pay_for(tmp_path: Path) -> None:
    # April has no price of its own, but one hour of 140 kW in it sets 90 % of May and June, which draw 90 kW.
    # The battery takes 40 off: 90 kW are billed in each, 1,800 yuan; were April dispatched by itself, 126 kW
    # would be, 2,520
    price = [0.0 if month == 4 else 10.0 for month in range(1, 13)]
    demand = [
        {"name": "peak", "price_yuan_per_kw_month": price, "ratchet_share": 0.9, "ratchet_window_months": 2}
    ]
    load = np.where((QUARTER.month == 4) & (QUARTER.day == 9) & (QUARTER.hour == 13), 140.0, 90.0)
    for battery, yuan in (("", 1260.0), (LOSSLESS, 900.0)):
        file = charged_case(tmp_path, one_price(demand=demand), QUARTER, load, battery=battery)
        cost, billed, _ = solved_bill(file, QUARTER)
        # what is stored at first, 100 kWh, may take 0.14 kW off a whole month
        assert of("demand_peak", billed.lines) == pytest.approx(
            {"2026-04": 0.0, "2026-05": yuan, "2026-06": yuan}, rel=2e-3
        )
        assert cost == pytest.approx(billed.total_yuan)


def test_before_the_horizon_counts_as_far_as_the_window_reaches(tmp_path: Path) -> None:
    # 200 kW before: 80 % of it in April and May of a ratchet over two months, and June's own 100 kW
    demand = [
        {"name": "peak", "price_yuan_per_kw_month": 10, "ratchet_share": 0.8, "ratchet_window_months": 2}
    ]
    file = charged_case(
        tmp_path, one_price(demand=demand), QUARTER, np.full(len(QUARTER), 100.0),
        highest_before_mw={"peak": 0.2},
    )  # fmt: skip
    cost, billed, _ = solved_bill(file, QUARTER)
    assert of("demand_peak", billed.lines) == pytest.approx(
        {"2026-04": 1600, "2026-05": 1600, "2026-06": 1000}
    )
    assert cost == pytest.approx(billed.total_yuan)


@pytest.mark.parametrize(
    ("charge", "words"),
    [
        ({"tiers": [TIERS[1], TIERS[0]]}, ["must rise", "120, 50"]),
        ({"tiers": [{"above_kw": 5, "added_yuan_per_kw_month": -1}]}, ["added_yuan_per_kw_month", "-1"]),
        ({"ratchet_window_months": 3}, ["ratchet_window_months", "`ratchet_share` is 0"]),
        ({"ratchet_share": 0.5, "ratchet_window_months": 12}, ["ratchet_window_months", "12"]),
    ],
)
def test_refused(charge: dict[str, Any], words: list[str], tmp_path: Path) -> None:
    demand = [{"name": "peak", "price_yuan_per_kw_month": 10, **charge}]
    file = charged_case(tmp_path, one_price(demand=demand), JULY[:24], np.ones(24))
    with pytest.raises(InputError) as caught:
        load_case(str(file))
    text = "\n".join(caught.value.problems)
    assert all(word in text for word in words), text


def test_a_tier_of_demand_has_words() -> None:
    assert cost_word("demand_on_peak_tier_2", load_words("zh")) == "需量电费（on peak，第2档加价）"
    assert cost_word("demand_on_peak_tier_2", load_words("en")) == "demand charge on peak above threshold 2"
