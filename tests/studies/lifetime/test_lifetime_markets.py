"""Markets, capacity payments and further charges in the streams of a lifetime, reconciled with the bills."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare
from parkdispatch.results.finance.lifetime import OperationYear
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_years
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.charged_park import by_hours, charged_case

JULY = pd.date_range("2026-07-01", "2026-08-01", freq="h", inclusive="left")
HOURS = {"night": (["00:00-12:00", "18:00-24:00"], 0.1), "on_peak": (["12:00-18:00"], 0.1)}
BATTERY = """
[device.battery]
kind = "battery"
power_mw = 0.05
energy_mwh = 0.2
soc_min = 0.0
soc_max = 1.0
initial_soc = 0.5
eta_charge = 1.0
eta_discharge = 1.0
self_discharge_per_hour = 0.0
auxiliary_share = 0.0
fade_per_full_cycle = 0.0
fade_per_year = 0.0
"""
MONEY = """
[finance]
investment_yuan = 50_000.0
operation_years = 1
[finance.depreciation]
all = { share = 1.0, years = 1 }
[finance.loan]
years = 1
"""


def first_year(folder: Path, tariff: dict[str, Any], load_kw: Any, more: str = "") -> OperationYear:
    """July as if it were a year."""
    file = charged_case(folder, tariff, JULY, load_kw, battery=BATTERY + more + MONEY)
    return dispatch_years(prepare(load_case(str(file)), JULY), SolveContext()).years[0]


def test_further_charges_are_in_the_streams(tmp_path: Path) -> None:
    # 50 kW less on-peak at 20 and at any time at 5 save 1,250 of demand; the streams would save nothing and
    # disagree with the bills if only the basic charge counted
    load = 100.0 + 100.0 * np.isin(JULY.hour, (13, 14, 20))
    demand = [
        {"name": "on_peak", "price_yuan_per_kw_month": 20, "periods": ["on_peak"]},
        {"name": "any_time", "price_yuan_per_kw_month": 5},
    ]
    tiers = [{"above_kwh": 10_000, "added_yuan_per_kwh": 0.05}]
    year = first_year(tmp_path, by_hours(HOURS, demand=demand, tiers=tiers), load)
    assert year.saved_yuan["demand"] == pytest.approx(1250)
    assert year.saved_yuan["arbitrage"] == pytest.approx(0, abs=1e-6)
    assert year.bill_without_yuan - year.bill_yuan == pytest.approx(1250)


def test_markets_and_capacity_are_streams_of_their_own(tmp_path: Path) -> None:
    # reserve of 50 kW at 12 yuan/MW/h in 744 h: 446.4; 50 kW leased at 200 for 90 % of the year: 9,000, and a
    # capacity price of 100 for half of it: 2,500. None of it is on the bill
    more = """services = { reserve_price_yuan_per_mw_h = 12.0 }
[contract]
capacity_lease = { price_yuan_per_kw_year = 200.0, availability = 0.9 }
capacity_price = { price_yuan_per_kw_year = 100.0, share = 0.5, source = "made up" }
"""
    year = first_year(tmp_path, by_hours(HOURS), np.full(len(JULY), 100.0), more)
    assert year.contract_yuan["reserve"] == pytest.approx(12 * 0.05 * 744)
    assert year.contract_yuan["regulation"] == pytest.approx(0, abs=1e-6)
    assert year.contract_yuan["capacity_lease"] == pytest.approx(9000)
    assert year.contract_yuan["capacity_price"] == pytest.approx(2500)
    assert year.net_saving_yuan == pytest.approx(0, abs=1e-6)


UNIT = """
[device.unit]
kind = "generator"
rated_mw = 0.1
min_load_share = 0.0
efficiency_points = [[1.0, 0.5]]
fuel_price_yuan_per_mwh = 500.0
"""


def test_fuel_that_the_storage_saves_is_a_stream_of_its_own(tmp_path: Path) -> None:
    # the connection gives 100 kW, two hours a day need 150: a unit burns 2 x 50 kWh a day at 1 yuan/kWh,
    # 3,100 yuan in July. The battery has them from the grid at 0.1: the bill rises by 310. Without the stream
    # the storage would lose 310 a year, where it brings 2,790
    load = 50.0 + 100.0 * np.isin(JULY.hour, (13, 14))
    file = charged_case(tmp_path, by_hours(HOURS), JULY, load, battery=BATTERY + UNIT + MONEY,
                        import_limit_mw=0.1)  # fmt: skip
    (year,) = dispatch_years(prepare(load_case(str(file)), JULY), SolveContext()).years
    assert year.contract_yuan == {"running_costs": pytest.approx(3100)}
    assert year.saved_yuan["arbitrage"] == pytest.approx(-310)
    assert year.market_without_yuan == {"running_costs": pytest.approx(3100)}


def test_a_park_that_burns_nothing_has_no_such_stream(tmp_path: Path) -> None:
    year = first_year(tmp_path, by_hours(HOURS), np.full(len(JULY), 100.0))
    assert year.contract_yuan == {}
