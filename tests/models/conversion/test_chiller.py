"""Chillers: their COP at known temperatures, and parks by hand (MW, yuan/MWh, intervals of an hour)."""

from typing import Any

import numpy as np
import pytest

from parkdispatch.models.conversion.chiller import Chiller
from parkdispatch.models.stores.heat_store import ColdStore
from tests.support.parks.thermal_parks import broken_rules, damaged, park_of_air, refused, seen, solved
from tests.support.small_parks import SmallPark


def chiller(**changes: Any) -> Chiller:
    return Chiller.model_validate({"rated_cold_mw": 8.0, "cop": 4.0} | changes)


def park_of(demand: Any, price: Any, device: Chiller, cop: Any = 4.0) -> SmallPark:
    park = SmallPark(len(demand)).grid(price).load(demand, "cold_load", "cold").source(99, 1000, bus="cold")
    return park.add("chiller", device, cop=cop, availability=1.0)


def test_cop_falls_as_the_air_warms() -> None:
    """Water of 7 degC: 0.5 x 280.15 / 28 = 5.0027 at 35 degC; a heat pump's formula would give 5.5027.

    At 10 degC 46.7, limited to 8, and no lift at 0.
    """
    device = chiller(cop=None, carnot_share=0.5, supply_c=7.0)
    cop = device.series(park_of_air(np.array([35.0, 10.0, 0.0])))["cop"]
    assert cop == pytest.approx([5.002679, 8, 8])


def test_cold_is_limited_and_its_power_bought() -> None:
    """8 of 9 MW of cold from 2 MW at 100."""
    plan = solved(park_of([9], 100, chiller()))
    assert plan.cost == pytest.approx(200 + 1000)
    assert plan.value("chiller", "power_mw") == pytest.approx([2])


def test_it_makes_cold_in_the_cool_night_for_the_day() -> None:
    """At one price 2 MWh of power make 10 MWh of cold at night and 6 by day: 6 MWh by night cost 120."""
    store = ColdStore(
        energy_mwh=9, charge_limit_mw=9, discharge_limit_mw=9, loss_share_per_hour=0, initial_level=0
    )
    park = park_of([0, 6], 100, chiller(), cop=[5, 3]).add("store", store)
    assert solved(park).cost == pytest.approx(120)


def test_below_its_least_load_it_stands_still() -> None:
    plan = solved(park_of([3, 5], 100, chiller(min_load_share=0.5)))
    assert plan.cost == pytest.approx(3000 + 125)


def test_every_rule_is_seen_to_be_broken() -> None:
    device = chiller(min_load_share=0.5)
    part = seen(solved(park_of([6, 0], 100, device)), "chiller")
    assert broken_rules(device, part) == set()
    assert "rated_power_mw" in broken_rules(device, damaged(part, cold_mw={0: 8.1}))
    assert "least_load_mw" in broken_rules(device, damaged(part, cold_mw={0: 3.9}))
    assert broken_rules(device, damaged(part, bus_ac={0: -1.4})) == {"injection_mw"}


def test_a_rating_is_needed() -> None:
    assert "rated_mw and rated_cold_mw are left out" in refused(Chiller, cop=4.0)[0]
