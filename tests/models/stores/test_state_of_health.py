"""An aged battery: less energy, the same power. Solved by hand, and what the audit says of it.

Hours of one hour, prices in yuan/MWh, power in MW; a battery is perfect and empty unless it says not.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.models.device import Seen
from parkdispatch.models.stores.battery import Battery
from tests.support.parks.replay import Replay
from tests.support.small_parks import SmallPark

CENT = 1e-6  # yuan; the numbers are exact, the solver works to 1e-7


def test_the_window_is_a_share_of_full_energy() -> None:
    """10 MWh at 80 % are 8; from 25 to 75 % of them are 4: 4 x 1 + 6 x 10 = 64.

    New 5 + 5 x 10 = 55; with only the upper end aged (6 - 2.5 of 10) 68.5.
    """
    park = SmallPark(2).grid([1, 10]).load([0, 10])
    park.battery(energy_mwh=10.0, state_of_health=0.8, soc_min=0.25, soc_max=0.75, initial_soc=0.25)
    plan = park.solve()
    assert plan.cost == pytest.approx(64, abs=CENT)
    assert plan.value("battery", "energy_mwh") == pytest.approx([6, 2], abs=CENT)


def test_it_begins_with_a_share_of_full_energy() -> None:
    """Half of 8 at first, none at the end: 4 of 8 bought at 10: 40. Half of the rated 10 would leave 30."""
    park = SmallPark(1).grid(10).load(8)
    park.battery(energy_mwh=10.0, state_of_health=0.8, initial_soc=0.5, final_soc=0.0)
    assert park.solve().cost == pytest.approx(40, abs=CENT)


def test_it_ends_with_a_share_of_full_energy() -> None:
    """60 % of 8 at the end, at 3: 14.4. Of the rated 10 they would be 18."""
    park = SmallPark(2).grid([4, 3]).battery(energy_mwh=10.0, state_of_health=0.8, final_soc=0.6)
    assert park.solve().cost == pytest.approx(14.4, abs=CENT)


def test_power_does_not_age() -> None:
    """4 MW in the cheap hour though half of the energy is gone: 4 x 1 + 6 x 10 = 64. Half the power 82."""
    park = SmallPark(2).grid([1, 10]).load([0, 10])
    park.battery(power_mw=4.0, energy_mwh=10.0, state_of_health=0.5)
    assert park.solve().cost == pytest.approx(64, abs=CENT)


def test_cycles_are_counted_in_rated_energy() -> None:
    """Half a cycle of the rated 10 MWh are 5, though 8 fit: 5 x 1 + 5 x 10 = 55. Of the full 8 4 + 60."""
    park = SmallPark(2).grid([1, 10]).load([0, 10])
    park.battery(energy_mwh=10.0, state_of_health=0.8, max_cycles_per_day=0.5)
    assert park.solve().cost == pytest.approx(55, abs=CENT)


def test_a_size_is_decided_in_rated_energy() -> None:
    """At 50 % health 10 MWh full take 20 rated, at 4 each 80, and save 90: 80 + 10 x 1 = 90.

    As if new 10 rated would do: 50.
    """
    sized = {"max": 40.0, "cost_yuan_per_unit": 4.0}
    park = SmallPark(2).grid([1, 10]).load([0, 10]).battery(energy_mwh=sized, state_of_health=0.5)
    plan = park.solve()
    assert plan.cost == pytest.approx(90, abs=CENT)
    assert plan.value("battery", "rated_mwh") == pytest.approx([20], abs=CENT)


def test_a_day_passes_on_what_is_really_stored() -> None:
    """4 MWh, all that an aged 5 MWh battery holds, are kept to the second day's dear hour: 4 x 50 saved.

    Three of the four hours pay 5 x 30 less what is stored. Taken as a share of the rated 5, 5 MWh would be
    found on day two.
    """
    park = SmallPark(4, start="2026-07-15 22:00").grid([10, 10, 30, 30]).load([0, 0, 0, 5])
    park.battery(energy_mwh=5.0, state_of_health=0.8, initial_soc=1.0, final_soc=0.0)
    park.series["grid", "sale_price_yuan_per_mwh"][:] = -1.0
    done = Replay(park)
    assert done.left("energy_mwh", "battery") == pytest.approx([4, 0], abs=CENT)
    assert done.cost == pytest.approx(30, abs=CENT)


def test_what_it_can_deliver_is_of_full_energy() -> None:
    """10 MWh at 80 %, from 10 to 90 %, at 50 % each way: 8 x 0.8 x 0.5 = 3.2."""
    battery = Battery(
        power_mw=1, energy_mwh=10, state_of_health=0.8, soc_min=0.1, soc_max=0.9, eta_discharge=0.5
    )
    assert battery.full_mwh == pytest.approx(8.0)
    assert battery.deliverable_mwh == pytest.approx(3.2)


# --- the audit


def checks(energy_mwh: list[float], **fields: Any) -> Mapping[str, float]:
    """Residuals of a perfect 100 MW battery of 10 MWh at 80 % whose energy went so, hour by hour."""
    perfect = {
        "soc_min": 0.0,
        "soc_max": 1.0,
        "eta_charge": 1.0,
        "eta_discharge": 1.0,
        "auxiliary_share": 0.0,
    }
    begins = {"initial_soc": 0.5, "final_soc": 0.5}
    battery = Battery.model_validate(
        {"power_mw": 100, "energy_mwh": 10, "state_of_health": 0.8} | perfect | begins | fields
    )
    energy = np.array(energy_mwh)
    net = np.diff(np.concatenate([[4.0], energy]))  # half of 8 before
    charge, discharge = np.maximum(net, 0.0), np.maximum(-net, 0.0)
    values = {"charge_mw": charge, "discharge_mw": discharge, "energy_mwh": energy}
    times = pd.date_range("2026-07-15", periods=len(energy), freq="h")
    return battery.self_check(Seen(times, 1.0, values, {}, {"ac": discharge - charge}))


def test_the_audit_measures_an_aged_battery() -> None:
    assert max(checks([8.0, 0.0, 4.0]).values()) == 0
    assert checks([8.5, 0.0, 4.0])["energy_window_mwh"] == pytest.approx(0.5)  # new, 1.5 would be left
    assert checks([8.0, 0.0, 3.0])["final_energy_mwh"] == pytest.approx(1.0)  # 2 short of half of rated
    assert checks([8.0, 0.4, 4.0], soc_min=0.1)["energy_window_mwh"] == pytest.approx(0.4)
    assert checks([4.0], state_of_health=1.0)["energy_balance_mwh"] == pytest.approx(1.0)  # 5 before
    assert checks([8.0, 0.0, 4.0], max_cycles_per_day=0.7)["cycles_per_day_mwh"] == pytest.approx(1.0)


def test_full_cycles_are_energy_drawn_over_rated_energy() -> None:
    """4 of the 10 MWh at 90 % on discharging: 4 / 0.9 / 10 cycles, however old the battery is."""
    battery = Battery(power_mw=10, energy_mwh=10, state_of_health=0.8, eta_discharge=0.9)
    values = {"discharge_mw": np.array([4.0, 0.0])}
    done = Seen(pd.date_range("2026-07-15", periods=2, freq="h"), 1.0, values, {}, {})
    assert battery.indicators(done)["full_cycles"] == pytest.approx(4.0 / 0.9 / 10.0)


# --- the fade


def test_cycles_and_years_fade_it() -> None:
    """500 cycles at 0.0002 and a year at 0.01 take 0.11, of new cells and of old ones."""
    battery = Battery(power_mw=1, energy_mwh=2, fade_per_full_cycle=2e-4, fade_per_year=0.01)
    assert battery.health_after(1.0, 500.0) == pytest.approx(0.89)
    assert battery.health_after(0.5, 500.0) == pytest.approx(0.39)
    assert battery.health_after(0.05, 500.0) < 0


@pytest.mark.parametrize(("cycles_a_year", "after_20_years"), [(305, 0.796), (553, 0.676)])
def test_the_default_fade_is_near_the_cells_it_was_taken_from(
    cycles_a_year: float, after_20_years: float
) -> None:
    """BLAST-Lite's LFP cell of 250 Ah at 25 degC, one and two cycles a day in the default window."""
    battery, health = Battery(power_mw=1, energy_mwh=2), 1.0
    for _ in range(20):
        health = battery.health_after(health, cycles_a_year)
    assert health == pytest.approx(after_20_years, abs=0.05)
