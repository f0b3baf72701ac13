"""Markets by hand: two settlements, services with headroom and energy, mechanism price, certificates."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare
from parkdispatch.models.markets.green_certificates import GreenCertificates
from parkdispatch.models.markets.market_terms import in_force
from parkdispatch.models.markets.mechanism_price import MechanismPrice
from parkdispatch.models.markets.services import Services
from parkdispatch.models.markets.spot_market import SpotMarket
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.audit import audit
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from tests.support.cases.charged_park import charged_case, one_price
from tests.support.small_parks import Plan, SmallPark

PERFECT: dict[str, Any] = {
    "power_mw": 10.0, "energy_mwh": 20.0, "soc_min": 0.0, "soc_max": 1.0, "initial_soc": 0.5,
    "eta_charge": 1.0, "eta_discharge": 1.0, "auxiliary_share": 0.0, "self_discharge_per_hour": 0.0,
}  # fmt: skip


def spot(day_ahead: list[float], real_time: list[float], **changes: Any) -> SmallPark:
    """A load of 10 MW that buys in the market."""
    park = SmallPark(len(day_ahead)).grid(0.0, 0.0, export_limit=100.0).load(10.0)
    cleared = {"cleared_mw": changes.pop("cleared_mw")} if "cleared_mw" in changes else {}
    return park.add(
        "spot", SpotMarket(**changes), day_ahead_price_yuan_per_mwh=day_ahead,
        real_time_price_yuan_per_mwh=real_time, **cleared,
    )  # fmt: skip


def services(
    count: int = 1, buy: Any = 0.0, sell: Any = 0.0, regulation: Any = 0.0, reserve: Any = 0.0, **changes: Any
) -> Plan:
    """A battery of 10 MW and 20 MWh, half full, beside a connection."""
    park = SmallPark(count).grid(buy, sell, export_limit=100.0).load(0.0)
    offered = {key: changes.pop(key) for key in Services.model_fields if key in changes}
    offers = Services(**({"mileage_per_mw_h": 0.0} | offered))
    battery = Battery(**(PERFECT | changes), services=offers)
    return park.add(
        "battery", battery, regulation_price_yuan_per_mwh=regulation, reserve_price_yuan_per_mwh=reserve
    ).solve()  # fmt: skip


def test_a_position_without_deviation_is_paid_day_ahead() -> None:
    # 10 x 300 + 10 x 500; at real-time prices it would be 5,000
    assert spot([300, 500], [400, 100]).solve().cost == pytest.approx(8000)


def test_a_deviation_is_settled_at_the_real_time_price() -> None:
    # 15 day-ahead and 5 given back at 400, then 5 and 5 more at 100: 2,500 + 3,000; all day-ahead 8,000
    plan = spot([300, 500], [400, 100], largest_deviation_mw=5.0).solve()
    assert plan.cost == pytest.approx(5500)
    assert list(plan.value("spot", "position_mw")) == pytest.approx([15, 5])


def test_a_cleared_position_is_settled_and_the_battery_answers_real_time() -> None:
    # 12 MW cleared: 12 x 300 - 2 x 100, 12 x 500 - 2 x 400 = 8,600; a battery of 5 MW moves 5 MWh from 400
    # to 100 although the day-ahead prices differ by 200 only
    park = spot([300, 500], [100, 400], position="cleared", cleared_mw=12.0)
    assert park.solve().cost == pytest.approx(8600)
    assert park.battery(power_mw=5.0).solve().cost == pytest.approx(8600 - 5 * 300)


def test_reserve_needs_energy_for_its_duration() -> None:
    # 10 MWh stored and two hours to deliver: 5 MW, 50 yuan; headroom alone would sell 10 MW
    plan = services(reserve=10.0, reserve_hours=2.0)
    assert plan.value("battery", "reserve_mw")[0] == pytest.approx(5)
    assert plan.cost == pytest.approx(-50)


def test_reserve_and_arbitrage_share_the_power() -> None:
    # 10 MW are sold at 500 in the second hour, or held for 600; sold and held at once they would earn 11,000
    plan = services(2, [0, 500], [0, 500], reserve=[0, 600], initial_soc=0.5, final_soc=0.0)
    assert plan.cost == pytest.approx(-6000)
    assert services(2, [0, 500], [0, 500], reserve=[0, 400], final_soc=0.0).cost == pytest.approx(-5000)


def test_regulation_needs_room_in_both_directions() -> None:
    # 1 MWh stored, a quarter of an hour: 4 MW upwards, although 10 MW of power are free
    plan = services(regulation=20.0, initial_soc=0.05, final_soc=0.05)
    assert plan.value("battery", "regulation_mw")[0] == pytest.approx(4)
    assert plan.cost == pytest.approx(-80)
    # full to 0.5 MWh: 2 MW downwards
    full = services(regulation=20.0, initial_soc=0.975, final_soc=0.975)
    assert full.value("battery", "regulation_mw")[0] == pytest.approx(2)


def test_regulation_pays_mileage_and_buys_what_it_loses() -> None:
    # of 4 MW: 4 x (20 + 5 x 3) of income, 0.1 x (1 / 0.8 - 1) x 4 = 0.1 MWh of loss at 300, wear of 0.4 MWh
    # at 10: -140 + 30 + 4 = -106; without expected throughput -140
    plan = services(
        1, 300.0, 0.0, regulation=20.0, mileage_per_mw_h=5.0, mileage_price_yuan_per_mw=3.0, eta_charge=0.8,
        wear_yuan_per_mwh=10.0, largest_regulation_mw=4.0, initial_soc=0.5, final_soc=0.5,
    )  # fmt: skip
    assert plan.cost == pytest.approx(-106)


def test_mechanism_price_pays_the_difference_both_ways() -> None:
    # 10 MWh exported, 80 % at 380 - 300: 640 received; at a market of 500 it pays 960
    def cost(market: float) -> float:
        park = SmallPark(1).grid(0.0, 0.0, export_limit=100.0).load(0.0).source(10.0, least=10.0)
        device = MechanismPrice()
        return park.add("m", device, in_force=1.0, market_price_yuan_per_mwh=market).solve().cost

    assert cost(300.0) == pytest.approx(-640)
    assert cost(500.0) == pytest.approx(960)


def test_certificates_of_what_is_exported_or_put_out() -> None:
    # sun 10, load 4: 6 exported; certificates of 6 MWh, not of 10, unless own use counts
    def cost(**changes: Any) -> float:
        park = SmallPark(1).grid(0.0, 0.0, export_limit=100.0).load(4.0).pv(10.0)
        return park.add("c", GreenCertificates(**changes), in_force=1.0).solve().cost

    assert cost() == pytest.approx(-30)
    assert cost(counted="output") == pytest.approx(-50)
    assert cost(share=0.5) == pytest.approx(-15)


def test_a_rule_holds_from_its_first_to_its_last_day() -> None:
    times = pd.date_range("2026-05-30", "2026-06-03", freq="D")
    assert list(in_force(times, date(2026, 5, 31), date(2026, 6, 1))) == [0, 1, 1, 0, 0]
    with pytest.raises(pydantic.ValidationError, match="must not lie before"):
        MechanismPrice(first_day=date(2026, 6, 1), last_day=date(2026, 5, 1))


def test_services_need_a_size_and_no_taper() -> None:
    for fields in (
        {"power_mw": {"max": 9.0, "cost_yuan_per_unit": 1.0}, "energy_mwh": 9.0},
        {"power_mw": 9.0, "energy_mwh": 9.0, "charge_taper": [[0.0, 1.0], [1.0, 0.5]]},
    ):
        with pytest.raises(pydantic.ValidationError, match="services: must be left out"):
            Battery.model_validate({**fields, "services": {}})


def test_nothing_is_offered_in_an_outage() -> None:
    # 10 MW are out: without the share of the power that is there, 10 MW of reserve would be sold
    outage = {"begin": "2026-07-15T00:00:00", "end": "2026-07-15T01:00:00"}
    park = SmallPark(2).grid(0.0).load(0.0)
    battery = Battery.model_validate(PERFECT | {"services": {}, "outages": [outage]})
    prices: dict[str, float] = {"regulation_price_yuan_per_mwh": 0.0, "reserve_price_yuan_per_mwh": 10.0}
    park.add("battery", battery, power_share=[0.0, 1.0], lowest_mwh=0.0, highest_mwh=20.0, **prices)
    assert park.solve().cost == pytest.approx(-100)


MARKETS = """
[device.battery]
kind = "battery"
power_mw = 0.5
energy_mwh = 1.0
services = { regulation_price_yuan_per_mw_h = 15.0, reserve_price_yuan_per_mw_h = 12.0 }
[device.spot]
kind = "spot_market"
day_ahead_price_yuan_per_mwh = 300.0
real_time_price_yuan_per_mwh = 280.0
largest_deviation_mw = 0.1
[device.mechanism]
kind = "mechanism_price"
market_price_yuan_per_kwh = 0.3
first_day = 2026-06-01
[device.certificates]
kind = "green_certificates"
share = 0.2
"""


def test_a_case_with_all_markets_is_audited(tmp_path: Path) -> None:
    times = pd.date_range("2026-07-01", periods=24, freq="h")
    sun = 2000.0 * np.clip(np.cos((times.hour.to_numpy() - 12) * np.pi / 12), 0, 1)
    file = charged_case(
        tmp_path, one_price(), times, np.full(24, 1000.0), sun, MARKETS, sale_price_yuan_per_kwh=0.05
    )
    prepared = prepare(load_case(str(file)), times)
    optimum = solve_prepared(prepared, SolveContext(options=SolveOptions(threads=1)))
    solution, found = audited_solution(prepared, optimum)
    assert audit(solution, prepared).not_recomputed == ()
    plain = solve_prepared(prepared, SolveContext(options=SolveOptions(solver="pyomo:appsi_highs")))
    assert optimum.proof.objective_yuan == pytest.approx(plain.proof.objective_yuan)
    for cost in ("battery.regulation", "battery.reserve", "mechanism.mechanism", "certificates.certificates"):
        assert float(solution[f"{cost}_yuan"].sum()) <= 0, cost
    assert found.holds
