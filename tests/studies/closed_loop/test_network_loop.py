"""Closed loops of parks of several buses and devices, solved by hand and held to each device's own rules.

Prices in yuan/MWh, power in MW; a battery is perfect, of 5 MW and 5 MWh, and empty unless it says not.
"""

from dataclasses import replace

import numpy as np
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.conversion.generator import Generator
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.loads.interruptible_load import InterruptibleLoad
from parkdispatch.models.loads.shiftable_load import ShiftableLoad
from parkdispatch.models.network.link import Link
from parkdispatch.studies.closed_loop.closed_loop import run_loop
from parkdispatch.studies.closed_loop.loop_forecasts import ForecastKind
from parkdispatch.studies.closed_loop.loop_options import LoopOptions
from parkdispatch.studies.closed_loop.loop_result import LoopResult
from tests.support.flexible_parks import add
from tests.support.small_parks import SmallPark

TWO_PRICES = ([10.0] * 12 + [50.0] * 12) * 2


def behind_a_cable(load_mw: float | list[float], prices: list[float] = TWO_PRICES) -> SmallPark:
    """A connection, a cable of 100 MW without loss, and a load at its far end."""
    park = SmallPark(len(prices), 60, "2026-07-15").grid(prices, bus="meter").load(load_mw)
    cable = Link(bus="meter", to_bus="ac", forward_limit_mw=100.0, backward_limit_mw=100.0)
    limits = {"forward_limit_mw": 100.0, "backward_limit_mw": 100.0, "wheeling_price_yuan_per_mwh": 0.0}
    return park.add("cable", cable, availability=1.0, **limits)


def run(park: SmallPark, kind: ForecastKind, hours: float = 24.0, *, hold: bool = False) -> LoopResult:
    prepared = Prepared(
        replace(load_case("gaoan"), devices=dict(park.devices)), park.times, park.hours, park.series
    )
    return run_loop(prepared, LoopOptions(0, len(park.times), hours, kind, hold))


def power(result: LoopResult, device: str, name: str) -> Array:
    return result.executed[:, result.columns.index((device, name))]


def test_two_days_behind_a_cable_save_what_they_save_at_one_bus() -> None:
    """Each day buys 5 MWh at 10 in place of 50: 2 x (12 x 10 + 12 x 50) - 2 x 5 x 40 = 1440 - 400."""
    result = run(behind_a_cable(1.0).battery(energy_mwh=5.0), "persistence")
    assert result.without_yuan == pytest.approx(1440)
    assert result.cost_yuan == pytest.approx(1040)
    assert result.foresight_yuan == pytest.approx(1040)
    assert (result.proofs.count, result.proofs.proven, result.proofs.gave_way) == (48, 48, 0)


def test_a_load_that_did_not_come_leaves_the_store_full_behind_a_cable_too() -> None:
    """As at one bus: the second afternoon takes nothing, and the store keeps what it bought: 720 + 170."""
    result = run(behind_a_cable([1.0] * 36 + [0.0] * 12).battery(energy_mwh=5.0), "persistence")
    assert result.cost_yuan == pytest.approx(890)
    assert result.foresight_yuan == pytest.approx(640)
    assert result.proofs.gave_way > 0


def test_hours_of_a_day_are_not_shed_again_by_a_plan_in_its_midst() -> None:
    """1 MW may be shed for 2 hours of each day, at 20 instead of 50 from noon on: 4 hours in two days.

    A plan that begins in the afternoon and forgets the morning would shed at every hour.
    """
    park = behind_a_cable(2.0)
    step = {"power_mw": 1.0, "price_yuan_per_mwh": 20.0, "max_hours_per_day": 2.0}
    line = InterruptibleLoad.model_validate({"annual_energy_mwh": 1.0, "steps": [step]})
    result = run(park.add("line", line, demand_mw=1.0), "perfect")
    assert power(result, "line", "step_0_shed_mw").reshape(2, 24).sum(axis=1) == pytest.approx([2.0, 2.0])
    assert result.cost_yuan == pytest.approx(3 * 720.0 * 2 - 4 * (50.0 - 20.0))


def test_work_and_units_follow_their_plan_and_keep_their_times() -> None:
    """12 MWh of work a day avoid the dear hours; the unit runs for its 6 hours, dear ones among them.

    At 40 against 130 it gains 3 x 2 x 90 in the three dear hours of a day, and loses 3 x 2 x 30 in the three
    that it has to run beside them at 10. Once it runs, each later plan has to know since when.
    """
    dear = np.array(([10.0] * 18 + [130.0] * 3 + [10.0] * 3) * 2)
    park = behind_a_cable(3.0, dear.tolist())
    mills = ShiftableLoad(daily_energy_mwh=12.0, machine_mw=1.0, usual_shape=(1.0,) * 24)
    unit = Generator(
        rated_mw=2.0, min_load_share=1.0, efficiency_points=((1.0, 0.5),), min_up_h=6.0,
        fuel_price_yuan_per_mwh=20.0,
    )  # fmt: skip
    add(add(park, "mills", mills), "unit", unit)
    result = run(park, "persistence")
    on = power(result, "unit", "unit_1_on")
    assert on.reshape(2, 24).sum(axis=1) == pytest.approx([6.0, 6.0])
    assert on.reshape(2, 24)[:, 18:21] == pytest.approx(np.ones((2, 3)))
    work_mw = power(result, "mills", "power_mw").reshape(2, 24)
    assert work_mw.sum(axis=1) == pytest.approx([12.0, 12.0])
    assert work_mw[:, 18:21] == pytest.approx(np.zeros((2, 3)))
    assert result.cost_yuan == pytest.approx(result.foresight_yuan)


def test_stores_give_way_for_the_peak_first_and_then_work_that_may_wait() -> None:
    """5 MW are paid for: 1 MW of load, 3 MW of work and 1 MW of charge in the cheap hours from 3:00 to 6:00.

    At 4:00 on the second day the load is 4 MW, which nobody expected. The battery gives back what it charged
    at 3:00 instead of charging: 2 MW; the third is taken from the work, which is done later.
    """
    prices = ([50.0] * 3 + [10.0] * 3 + [50.0] * 18) * 2
    load_mw = [1.0] * 28 + [4.0] + [1.0] * 19
    park = behind_a_cable(load_mw, prices)
    park.grid(prices, bus="meter", demand=1000.0, peak_so_far=5.0)
    park.battery(power_mw=1.0, energy_mwh=3.0)
    mills = ShiftableLoad(daily_energy_mwh=9.0, machine_mw=3.0, window="00:00-24:00")
    result = run(add(park, "mills", mills), "persistence", hold=True)
    battery_mw = power(result, "battery", "charge_mw") - power(result, "battery", "discharge_mw")
    assert power(result, "grid", "import_mw").max() <= 5.0 + 1e-6
    assert battery_mw[27:29] == pytest.approx([1.0, -1.0])
    assert power(result, "mills", "power_mw")[27:29] == pytest.approx([3.0, 2.0])
    assert power(result, "mills", "power_mw").reshape(2, 24).sum(axis=1) == pytest.approx([9.0, 9.0])
    assert result.proofs.gave_way >= 1


def two_connections(load_mw: list[float], second_mw: float) -> SmallPark:
    """Connections at 10 and 30 yuan/MWh, both with a demand price; the first has had 3 MW already."""
    prices = [10.0] * len(load_mw)
    park = SmallPark(len(prices), 60, "2026-07-15").grid(
        prices, bus="meter", demand=1000.0, peak_so_far=3.0, import_limit=8.0
    )
    dear = [30.0] * len(load_mw)
    park.grid(dear, bus="ac", name="second", demand=100.0, peak_so_far=second_mw, import_limit=8.0)
    cable = Link(bus="meter", to_bus="ac", forward_limit_mw=100.0, backward_limit_mw=100.0)
    limits = {"forward_limit_mw": 100.0, "backward_limit_mw": 100.0, "wheeling_price_yuan_per_mwh": 0.0}
    return park.load(load_mw).add("cable", cable, availability=1.0, **limits)


def test_each_connection_has_its_own_peak_and_price() -> None:
    """5 MW for a day, of which the cheap one has paid for 3 MW and the dear one for 1.

    The fifth MW raises the peak that costs 100 and not that of 1000: 24 x (3 x 10 + 2 x 30) + 100 + 3 x 1000
    + 1 x 100. With one peak for both, or one price, it would be bought at 10 or raise the dear peak.
    """
    result = run(two_connections([5.0] * 24, 1.0), "perfect")
    assert power(result, "grid", "import_mw") == pytest.approx([3.0] * 24)
    assert power(result, "second", "import_mw") == pytest.approx([2.0] * 24)
    assert result.costs.energy_total == pytest.approx(24 * (3 * 10 + 2 * 30))
    assert result.costs.demand_total == pytest.approx(3 * 1000 + 2 * 100)
    assert list(result.costs.peak_mw.values()) == pytest.approx([3.0 + 2.0])
    assert result.cost_yuan == pytest.approx(result.foresight_yuan)


def test_a_store_gives_way_for_the_peak_of_the_connection_that_would_exceed_it() -> None:
    """At 12:00 the load is 6 MW where 4.5 were forecast: 3 + 2 MW are paid for, the battery gives the sixth.

    It is filled again in the hours after, within the peaks.
    """
    load_mw = [4.5] * 36 + [6.0] + [4.5] * 11
    park = two_connections(load_mw, 2.0).battery(power_mw=1.0, energy_mwh=4.0, initial_soc=1.0, final_soc=1.0)
    result = run(park, "persistence", hold=True)
    battery_mw = power(result, "battery", "charge_mw") - power(result, "battery", "discharge_mw")
    assert battery_mw[36] == pytest.approx(-1.0)
    assert power(result, "grid", "import_mw").max() <= 3.0 + 1e-6
    assert power(result, "second", "import_mw").max() <= 2.0 + 1e-6


def test_cycles_of_the_month_are_handed_on() -> None:
    """One cycle a month: 5 MWh of the first day are bought at 10 in place of 50, and none of the second.

    A loop that forgot the first day would save 200 yuan on each: 1040 in place of 1240.
    """
    park = behind_a_cable(1.0).battery(energy_mwh=5.0, max_cycles_per_month=1.0)
    result = run(park, "perfect")
    battery_mw = power(result, "battery", "discharge_mw").reshape(2, 24).sum(axis=1)
    assert battery_mw == pytest.approx([5.0, 0.0])
    assert result.cost_yuan == pytest.approx(1440 - 200)


def test_a_day_that_fails_keeps_the_days_before_it() -> None:
    """On the second of three days 200 MW come; the cable carries 100. The first costs 120 + 600 - 200."""
    prices = ([10.0] * 12 + [50.0] * 12) * 3
    park = behind_a_cable([1.0] * 30 + [200.0] + [1.0] * 41, prices).battery(energy_mwh=5.0)
    result = run(park, "persistence")
    assert result.failed is not None
    assert (result.failed.name, result.failed.reason, result.asked_days) == ("2026-07-16", "infeasible", 3)
    assert "2026-07-16 06:00" in result.failed.error
    assert len(result.times) == len(result.executed) == len(result.plan_costs_yuan) == 24
    assert result.cost_yuan == pytest.approx(520)
    assert result.foresight_yuan == pytest.approx(520)
    with pytest.raises(InfeasibleError, match="2026-07-15 06:00"):
        run(behind_a_cable([1.0] * 6 + [200.0] + [1.0] * 41), "persistence")
