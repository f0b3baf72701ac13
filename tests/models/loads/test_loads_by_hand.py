"""Loads that must be met, on several buses and of several carriers, solved by hand: MW, yuan/MWh, hours."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from parkdispatch.models.conversion.boiler import Boiler
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.loads.load import Load
from parkdispatch.models.network.park_rules import ParkRules
from tests.support.flexible_parks import add, park_at
from tests.support.parks.thermal_parks import solved
from tests.support.small_parks import SmallPark


def test_several_loads_on_one_bus_add_up() -> None:
    """3 and 2 MW at 100 and 300: 5 x 400. The later of two loads alone would cost 800, the first 1,200."""
    park = SmallPark(2).grid([100.0, 300.0]).load(3.0).load(2.0, "second")
    assert solved(park).cost == pytest.approx(5 * 400)


def test_a_load_of_heat_is_met_by_heat() -> None:
    """4 MW of heat from 5 MW of power beside a load of 1 MW: 600; as electricity it would be 500."""
    park = SmallPark(1).grid(100.0).load(1.0)
    park.add("driers", Load(annual_energy_mwh=1, carrier="heat", bus="heat"), demand_mw=4.0)
    park.add("boiler", Boiler(bus="ac", rated_heat_mw=9.0, efficiency=0.8), availability=1.0)
    assert solved(park).cost == pytest.approx(600)


def test_only_electricity_is_the_park_s_consumption() -> None:
    """10 MW beside 4 MW of heat; of 4 MW of sun a share of 0.4 can be used, which with the heat were 0.29."""
    park = SmallPark(1).grid(250.0).load(10.0).pv(4.0)
    park.add("driers", Load(annual_energy_mwh=1, carrier="heat", bus="heat"), demand_mw=4.0)
    park.source(9.0, 0.0, name="steam", bus="heat")
    rules = ParkRules(own_use_of_consumption=0.4)
    plan = solved(park.add("rules", rules, binds=1.0, least_own_use=0.4))
    assert plan.value("rules", "consumption_mwh") == pytest.approx([10.0])
    assert plan.cost == pytest.approx(6 * 250)


def test_a_stop_leaves_a_share_and_the_year_its_energy() -> None:
    """A flat load of 8,760 MWh that stands at a half on 1 July: 364.5 days of 24.03 MWh.

    At 100 yuan/MWh a day before costs 2,403.29 and the stopped one 1,201.65; without the stop 2,400.
    """
    fields: dict[str, Any] = {"annual_energy_mwh": 8760.0, "noise_std": 0.0}
    stop = {"first": date(2026, 7, 1), "last": date(2026, 7, 1), "share": 0.5}
    load = Load.model_validate({**fields, "stops": [stop]})
    costs = []
    for day in ("2026-06-30", "2026-07-01"):
        costs.append(solved(add(SmallPark(24, 60, day).grid(100.0), "load", load)).cost)
    assert costs == pytest.approx([100 * 8760 / 364.5, 50 * 8760 / 364.5])
    flat = Load.model_validate(fields)
    assert flat.series(park_at(SmallPark(24).times, 1.0))["demand_mw"] == pytest.approx(np.ones(24))


def test_a_load_that_cannot_be_met_is_named() -> None:
    """3 of 8 MW are missing in the second hour; a load that might be left out would cost 500."""
    with pytest.raises(InfeasibleError, match=r"bus ac: more demanded .* 1 intervals, 3\.000 MWh"):
        SmallPark(2).grid(100.0, import_limit=5.0).load([5.0, 8.0]).solve()
