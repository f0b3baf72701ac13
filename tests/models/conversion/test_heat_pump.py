"""Heat pumps: their COP at known temperatures, and parks by hand (MW, yuan/MWh, intervals of an hour)."""

from datetime import datetime
from typing import Any

import numpy as np
import pytest

from parkdispatch.models.conversion.heat_pump import HeatPump
from parkdispatch.models.ordered_bounds import OrderedBound, ordered_series
from parkdispatch.models.stores.heat_store import HeatStore
from tests.support.parks.thermal_parks import broken_rules, damaged, park_of_air, refused, seen, solved
from tests.support.small_parks import SmallPark

ORDERED = datetime(2026, 7, 15, 1), datetime(2026, 7, 15, 2)


def heat_pump(**changes: Any) -> HeatPump:
    return HeatPump.model_validate({"rated_mw": 2.0, "cop": 4.0} | changes)


def carnot(**changes: Any) -> HeatPump:
    return HeatPump.model_validate({"rated_mw": 2.0, "carnot_share": 0.4, "supply_c": 60.0} | changes)


def park_of(demand: Any, price: Any, device: HeatPump, cop: Any = 4.0, available: Any = 1.0) -> SmallPark:
    park = SmallPark(len(demand)).grid(price).load(demand, "heat_load", "heat").source(99, 1000, bus="heat")
    return park.add("pump", device, cop=cop, availability=available)


def test_cop_is_a_share_of_carnots_up_to_a_limit() -> None:
    """60 degC from air at 10: 0.4 x 333.15 / 50 = 2.6652. At 50 degC 13.3, limited to 8; at 70 no lift."""
    cop = carnot().series(park_of_air(np.array([10.0, 50.0, 60.0, 70.0])))["cop"]
    assert cop == pytest.approx([2.6652, 8, 8, 8])


def test_cop_by_a_table_is_linear_between_its_rows() -> None:
    device = heat_pump(cop=None, cop_by_air_temperature=[[-10, 2.0], [0, 3.0], [20, 5.0]])
    cop = device.series(park_of_air(np.array([-30.0, -5.0, 10.0, 40.0])))["cop"]
    assert cop == pytest.approx([2, 2.5, 4, 5])


def test_a_constant_cop_needs_no_weather() -> None:
    assert not heat_pump().needs_weather and carnot().needs_weather
    assert heat_pump(cop=None).missing_for_series() == ["cop"] and carnot().missing_for_series() == []
    park = park_of_air(np.zeros(2))
    assert heat_pump().series(park)["cop"].tolist() == [4, 4]
    assert np.isnan(heat_pump(cop=None).series(park)["cop"]).all()


def test_power_and_heat_are_both_limited() -> None:
    """COP 2, then 4: 2 MW make 4 MW, then 5 of rated heat with 1.25 MW; the rest of 9 costs 1,000 a MWh."""
    plan = solved(park_of([9, 9], 100, heat_pump(rated_heat_mw=5.0), cop=[2, 4]))
    assert plan.value("pump", "power_mw") == pytest.approx([2, 1.25])
    assert plan.cost == pytest.approx(200 + 125 + (5 + 4) * 1000)


def test_what_is_available_limits_it() -> None:
    """Half of the rated power, or of the rated heat where only that is given."""
    assert solved(park_of([9], 100, heat_pump(), available=0.5)).cost == pytest.approx(100 + 5 * 1000)
    by_heat = heat_pump(rated_mw=None, rated_heat_mw=6.0)
    assert solved(park_of([9], 100, by_heat, available=0.5)).cost == pytest.approx(75 + 6 * 1000)


def test_an_order_on_its_heat_holds_whatever_the_cop() -> None:
    """Ordered to give nothing in the second hour: 9 MWh cost 1,000 each there, and 5 in the first."""
    bounds = (OrderedBound(variable="heat_mw", side="most", value=0.0, begin=ORDERED[0], end=ORDERED[1]),)
    park = park_of([9, 9], 100, heat_pump().model_copy(update={"ordered": bounds}), cop=[2, 4])
    for key, values in ordered_series(bounds, park.times, park.hours).items():
        park.series["pump", key] = values
    plan = solved(park)
    assert plan.value("pump", "power_mw") == pytest.approx([2, 0], abs=1e-9)
    assert plan.cost == pytest.approx(200 + 5 * 1000 + 9 * 1000)


@pytest.mark.parametrize("rating", [{"rated_mw": 2.0}, {"rated_mw": None, "rated_heat_mw": 8.0}])
def test_below_its_least_load_it_stands_still(rating: Any) -> None:
    """Half load is 4 MW of heat from 1 MW: 3 MW are below it and cost 1,000 each; 5 MW take 1.25 MW."""
    plan = solved(park_of([3, 5], 100, heat_pump(min_load_share=0.5, **rating)))
    assert plan.value("pump", "power_mw") == pytest.approx([0, 1.25])
    assert plan.cost == pytest.approx(3000 + 125)


def valley(cop: Any, price: Any, **changes: Any) -> SmallPark:
    """Heat of 4 MW in each of two hours after one without, from a pump and a store, or at 1,000."""
    fields = {"energy_mwh": 20.0, "charge_limit_mw": 12.0, "discharge_limit_mw": 9.0, "initial_level": 0.0}
    store = HeatStore.model_validate(fields | {"loss_share_per_hour": 0.0} | changes)
    return park_of([0, 4, 4], price, heat_pump(rated_mw=3.0), cop=cop).add("store", store)


def test_it_charges_the_store_in_the_valley() -> None:
    """8 MWh of heat from 2 MWh at 10; without the store 2 MWh at 100."""
    plan = solved(valley(4.0, [10, 100, 100]))
    assert plan.cost == pytest.approx(20)
    assert plan.value("store", "output_mw") == pytest.approx([-8, 4, 4])
    assert plan.value("store", "energy_mwh") == pytest.approx([8, 4, 0])


def test_losses_of_the_store_are_charged_beside() -> None:
    """A tenth an hour: (4/0.9 + 4) / 0.9 = 9.3827 MWh take 2.3457 MWh at 10; without losses 20 yuan."""
    assert solved(valley(4.0, [10, 100, 100], loss_share_per_hour=0.1)).cost == pytest.approx(23.45679)


def test_a_cold_night_is_no_valley() -> None:
    """At 10 with COP 2 heat costs 5, at 13 and 12 with COP 4 at most 3.25: by prices it would store."""
    plan = solved(valley([2, 4, 4], [10, 13, 12]))
    assert plan.cost == pytest.approx(13 + 12)
    assert plan.value("store", "output_mw") == pytest.approx([0, 0, 0])


def test_every_rule_is_seen_to_be_broken() -> None:
    device = heat_pump(min_load_share=0.5, rated_heat_mw=7.0)
    part = seen(solved(park_of([6, 0], 100, device)), "pump")
    assert broken_rules(device, part) == set()
    assert "rated_power_mw" in broken_rules(device, damaged(part, power_mw={0: 2.1}))
    assert "rated_power_mw" in broken_rules(device, damaged(part, heat_mw={0: 7.1}))
    assert "least_load_mw" in broken_rules(device, damaged(part, power_mw={0: 0.9}))
    assert broken_rules(device, damaged(part, heat_mw={0: 6.1})) == {"output_by_cop_mw"}
    assert broken_rules(device, damaged(part, bus_heat={1: np.nan})) == {"injection_mw"}


def test_mistakes_are_told_all_at_once() -> None:
    text = "\n".join(
        refused(HeatPump, bus="heat", cop=3.0, carnot_share=0.4, cop_by_air_temperature=[[5, 3.0], [0, 2.0]])
    )
    for words in (
        "bus and heat_bus = 'heat': must be different buses",
        "rated_mw and rated_heat_mw are left out: one or both must be given",
        "cop and cop_by_air_temperature and carnot_share are given: must be one of them",
        "= [[5.0, 3.0], [0.0, 2.0]]: temperatures must ascend",
        "carnot_share` = 0.4 and supply_c = None: must be given together",
    ):
        assert words in text
    assert "must be in [0.1, 50]" in refused(HeatPump, rated_mw=1.0, cop=400)[0]
