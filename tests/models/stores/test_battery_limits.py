"""Limits of a battery by hand: powers each way, taper, outages, windows, cycles, end of the horizon."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from parkdispatch.models.device import Array, Seen
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.solve import optimize_with_pyomo
from tests.support.small_parks import Plan, SmallPark

DEAR, CHEAP = 900.0, 100.0


def day(prices: list[float], start: str = "2026-07-15", load: float = 20.0, **fields: Any) -> Plan:
    """Hours at these prices with a perfect battery of 10 MW and 40 MWh, half full unless said otherwise."""
    park = SmallPark(len(prices), start=start).grid(prices).load(load)
    perfect = {"power_mw": 10.0, "energy_mwh": 40.0, "initial_soc": 0.5, "soc_min": 0.0, "soc_max": 1.0}
    exact = {"eta_charge": 1.0, "eta_discharge": 1.0, "auxiliary_share": 0.0}
    battery = Battery.model_validate(perfect | exact | fields)
    series = battery.series(park_times(park)) if battery.has_limits_in_time else {}
    plan = park.add("battery", battery, **series).solve()
    plain = optimize_with_pyomo(park.devices, park.times, park.hours, park.series, "appsi_highs")
    assert plan.cost == pytest.approx(plain.proof.objective_yuan, rel=1e-9, abs=1e-6)
    residuals = battery.self_check(seen(plan, park))
    assert max(residuals.values()) <= 1e-6, residuals
    return plan


def park_times(park: SmallPark) -> Any:
    """What a battery asks of a park: times and hours."""
    return type("Times", (), {"times": park.times, "hours": park.hours})()


def seen(plan: Plan, park: SmallPark) -> Seen:
    values = {name: plan.value("battery", name) for name in ("charge_mw", "discharge_mw", "energy_mwh")}
    values |= {key: array for (device, key), array in park.series.items() if device == "battery"}
    injection = {"ac": values["discharge_mw"] - values["charge_mw"]}
    return Seen(park.times, park.hours, values, {}, injection)


def power(plan: Plan) -> list[float]:
    net: Array = plan.value("battery", "discharge_mw") - plan.value("battery", "charge_mw")
    return [round(float(value), 6) + 0.0 for value in net]


def test_power_each_way() -> None:
    """Charging 3 MW at most and discharging 6: one hour out, and back in two; 10 and -10 without limits."""
    plan = day([DEAR, CHEAP, CHEAP], max_charge_mw=3.0, max_discharge_mw=6.0)
    assert power(plan) == [6, -3, -3]


def test_taper_near_full() -> None:
    """Full power below 50 %, falling to none at 100 %: from 20 MWh 10 MW, from 30 MWh 5, from 35 MWh 2.5."""
    plan = day([-100.0] * 3 + [DEAR], charge_taper=[[0, 1], [0.5, 1], [1, 0]], final_rule="free")
    assert power(plan) == [-10, -5, -2.5, 10]


def test_taper_near_empty() -> None:
    """A share of 0.25 + 0.75 x state: from 20 MWh 6.25 MW, from 13.75 MWh 5.078125; 10 and 10 without."""
    plan = day([DEAR, DEAR], discharge_taper=[[0, 0.25], [1, 1]], final_rule="free")
    assert power(plan) == [6.25, 5.078125]


def test_outage_and_half_power() -> None:
    """Nothing from 1:00 to 2:30, which touches hour 2, and half of it in hour 3."""
    outages = [
        {"begin": "2026-07-15T01:00", "end": "2026-07-15T02:30"},
        {"begin": "2026-07-15T03:00", "end": "2026-07-15T04:00", "power_share": 0.5},
    ]
    plan = day([DEAR] * 4, outages=outages, initial_soc=1.0, final_rule="free")
    assert power(plan) == [10, 0, 0, 5]


def test_limits_by_series() -> None:
    """Half of the power in hour 1; 12 MWh at least in hours 0 and 1, and 35 at most from hour 3 on.

    Of 20 MWh 8 are sold in hours 0 and 1, 10 in hour 2, and then 33 are charged that earn 100 each. Without
    the series all 20 are sold, and 40 charged.
    """
    prices = [DEAR, DEAR, DEAR, *[-100.0] * 5]
    park = SmallPark(8).grid(prices).load(20.0)
    battery = Battery(
        power_mw=10.0, energy_mwh=40.0, initial_soc=0.5, soc_min=0.0, soc_max=1.0, eta_charge=1.0,
        eta_discharge=1.0, auxiliary_share=0.0, limits_by_series=True, final_rule="free",
    )  # fmt: skip
    power_share = [1.0, 0.5, *[1.0] * 6]
    lowest, highest = [12.0, 12.0, *[0.0] * 6], [40.0] * 3 + [35.0] * 5
    park.add("battery", battery, power_share=power_share, lowest_mwh=lowest, highest_mwh=highest)
    plan = park.solve()
    energy = plan.value("battery", "energy_mwh")
    assert energy[:3] == pytest.approx([12.0, 12.0, 2.0]) or energy[:3] == pytest.approx([15.0, 12.0, 2.0])
    assert energy[-1] == pytest.approx(35.0)
    assert plan.cost == pytest.approx(DEAR * (60 - 18) - 100 * (100 + 33))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("at_least", [10, -10]), ("exactly", [10, -10]), ("at_most", [10, 10]), ("free", [10, 10])],
)
def test_energy_at_the_end(rule: str, expected: list[float]) -> None:
    """What is taken out in the dear hour is put back in the cheap one only where the end asks for it."""
    assert power(day([DEAR, CHEAP], final_rule=rule)) == expected


def test_energy_paid_for_is_left_only_where_the_end_allows() -> None:
    """At -100 yuan filling up earns: exactly half full, or at most, forbids it."""
    for rule, charged in (("exactly", 0.0), ("at_most", 0.0), ("at_least", 20.0), ("free", 20.0)):
        plan = day([-100.0, -100.0], final_rule=rule)
        assert plan.value("battery", "energy_mwh")[-1] == pytest.approx(20 + charged)


def test_a_reserve_is_kept() -> None:
    """8 MWh stay, and at 0.8 on the way out 10 MWh in the cells: 10 MWh of 20 are drawn, 8 delivered."""
    plan = day([DEAR, DEAR], reserve_mwh=8.0, eta_discharge=0.8, final_rule="free")
    assert sum(power(plan)) == pytest.approx(8.0)


def test_cycles_of_a_month_and_a_year() -> None:
    """One dear hour a day on 31 July and 1 August; an eighth of a cycle is 5 MWh, the hour alone takes 10."""
    prices = ([CHEAP] * 12 + [DEAR] + [CHEAP] * 11) * 2
    for limit, expected in (("max_cycles_per_month", [5.0, 5.0]), ("max_cycles_per_year", [5.0])):
        plan = day(prices, "2026-07-31", **{limit: 0.125})
        daily_mwh = plan.value("battery", "discharge_mw").reshape(2, 24).sum(axis=1)
        assert daily_mwh.reshape(len(expected), -1).sum(axis=1) == pytest.approx(expected)


def test_it_returns_into_its_window() -> None:
    """At 5 % and 10 to 90 % allowed: 2 MWh more in the two cheap hours, not in the dearest first one."""
    window = {"initial_soc": 0.05, "soc_min": 0.1, "soc_max": 0.9, "recovery_hours": 2.0}
    plan = day([DEAR + 100, CHEAP, CHEAP, DEAR], max_charge_mw=1.0, **window)
    assert plan.value("battery", "energy_mwh") == pytest.approx([2, 3, 4, 4])


def test_above_its_window_it_comes_down() -> None:
    """At 100 % with 50 % allowed: inside after the hours given, in the dear one as far as that may wait."""
    plan = day([CHEAP, CHEAP, DEAR, CHEAP], initial_soc=1.0, soc_max=0.5, recovery_hours=2.0)
    energy = plan.value("battery", "energy_mwh")
    assert energy[1] <= 40 and energy[2] <= 30 + 1e-6
    assert energy[-1] == pytest.approx(20.0)


def test_outside_at_the_end_of_a_dispatch_it_is_handed_over_as_it_is() -> None:
    battery = Battery(power_mw=10, energy_mwh=40, initial_soc=0.02, recovery_hours=100)
    later = battery.starting_from({"energy_mwh": 0.9})
    assert later.initial_soc == pytest.approx(0.0225)
    assert later.final_soc_or_initial == pytest.approx(0.05)


def test_an_outage_that_leaves_too_little_is_infeasible() -> None:
    outage = [{"begin": "2026-07-15T00:00", "end": "2026-07-15T02:00"}]
    with pytest.raises(InfeasibleError, match="final_soc"):
        day([CHEAP, CHEAP], outages=outage, final_soc=0.6)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"charge_taper": [[0, 1], [0.5, 0.2], [1, 0.2]]}, "charge_taper.*concave"),
        ({"charge_taper": [[0.1, 1], [1, 0.2]]}, "charge_taper.*from a state of charge of 0 to one of 1"),
        ({"max_charge_mw": 11.0}, "max_charge_mw = 11.*in .0, power_mw"),
        ({"min_charge_mw": 5.0, "max_charge_mw": 4.0}, "min_charge_mw = 5 is above max_charge_mw = 4"),
        ({"reserve_mwh": 50.0}, "reserve_mwh = 50: must be at most"),
        (
            {"max_cycles_per_month": 9.0, "month_cycles_before": 10.0},
            "month_cycles_before = 10: must be at most 9, the `max_cycles_per_month`",
        ),
        ({"outages": [{"begin": "2026-07-15T03:00", "end": "2026-07-15T02:00"}]}, "must lie after `begin`"),
        (
            {"energy_mwh": {"max": 40, "cost_yuan_per_unit": 1}, "charge_taper": [[0, 1], [1, 0.5]]},
            "where `power_mw` or `energy_mwh` is a decision",
        ),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Battery.model_validate({"power_mw": 10.0, "energy_mwh": 40.0} | fields)


def test_broken_rules_are_seen() -> None:
    """More power than an outage leaves, energy below the window, more than the taper gives."""
    outage = {"begin": "2026-07-15T00:00", "end": "2026-07-15T02:00", "power_share": 0.5}
    battery = Battery(power_mw=10, energy_mwh=40, outages=(outage,), charge_taper=((0, 1), (1, 0)))  # type: ignore[arg-type]
    park = SmallPark(2)
    values = {
        "charge_mw": np.array([6.0, 6.0]),
        "discharge_mw": np.zeros(2),
        "energy_mwh": np.array([1.0, 45.0]),
    }
    values |= battery.series(park_times(park))
    residuals = battery.self_check(Seen(park.times, 1.0, values, {}, {"ac": -values["charge_mw"] - 0.1}))
    assert residuals["charge_limit_mw"] == pytest.approx(1.0)
    assert residuals["energy_window_mwh"] == pytest.approx(45 - 38)


def test_another_size_has_its_limits_in_proportion() -> None:
    """Half of the power: half of every limit of the converters; what is not limited stays so."""
    battery = Battery(power_mw=10, energy_mwh=40, min_charge_mw=2, max_discharge_mw=8)
    smaller = battery.resized(5.0, 30.0)
    assert (smaller.power_mw, smaller.energy_mwh) == (5.0, 30.0)
    assert (smaller.min_charge_mw, smaller.max_discharge_mw, smaller.max_charge_mw) == (1.0, 4.0, None)
