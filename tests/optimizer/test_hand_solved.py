"""Parks solved by hand. Each case shows its arithmetic and the number that a missing feature would give.

Hours of one hour, prices in yuan/MWh, power in MW; a battery is perfect and empty unless it says not.
"""

from typing import Any

import numpy as np
import pytest

from parkdispatch.models.errors import InfeasibleError
from parkdispatch.optimizer.dataset import to_dataset
from tests.support.small_parks import SmallPark, Well

CENT = 1e-6  # yuan; the numbers are exact, the solver works to 1e-7


def cost(park: SmallPark) -> float:
    return park.solve().cost


# --- the level law


def test_losses_each_way() -> None:
    """Demand 8.1 in the dear hour: 8.1 / 0.9 drawn from the cells, / 0.9 bought = 10 MWh at 1.

    Without losses 8.1; with the loss on one side only 9; bought when needed 81.
    """
    park = SmallPark(2).grid([1, 10]).load([0, 8.1]).battery(eta_charge=0.9, eta_discharge=0.9)
    plan = park.solve()
    assert plan.cost == pytest.approx(10, abs=CENT)
    assert plan.value("battery", "energy_mwh") == pytest.approx([9, 0], abs=CENT)


def test_self_discharge() -> None:
    """100 MWh stored at 1 are 90 an hour later: 100. Without loss 90; bought when needed 90,000."""
    park = SmallPark(2).grid([1, 1000]).load([0, 90]).battery(self_discharge_per_hour=0.1)
    assert cost(park) == pytest.approx(100, abs=CENT)


def test_self_discharge_of_half_an_hour() -> None:
    """19 % an hour is 1 - 0.81**0.5 = 10 % in half an hour: 90 MWh cost 100.

    A straight half of 19 % would give 90 / 0.905 = 99.45, a whole hour's loss 111.11, none 90.
    """
    park = SmallPark(2, minutes=30).grid([1, 1000]).load([0, 180])
    park.battery(power_mw=300.0, self_discharge_per_hour=0.19)
    assert cost(park) == pytest.approx(100, abs=CENT)


def test_self_discharge_begins_with_the_first_interval() -> None:
    """10 MWh at first are 9 after an hour and 8.1 after two; demand 9 in the second hour at 10: 9.

    Without loss, or if it began an hour later, 9 or more would be left and the cost 0.
    """
    park = SmallPark(2).grid([10, 10]).load([0, 9])
    park.battery(energy_mwh=10.0, initial_soc=1.0, final_soc=0.0, self_discharge_per_hour=0.1)
    assert cost(park) == pytest.approx(10 * (9 - 8.1), abs=CENT)


def test_loss_when_charging() -> None:
    """9 MWh of cells take 9 / 0.8 = 11.25 and give 9 of the 10 demanded: 11.25 + 1 x 10 = 21.25.

    With the loss on discharging 9 + 2.8 x 10 = 37; without any 9 + 10 = 19.
    """
    park = SmallPark(2).grid([1, 10]).load([0, 10]).battery(energy_mwh=9.0, eta_charge=0.8)
    assert cost(park) == pytest.approx(21.25, abs=CENT)


def test_loss_when_discharging() -> None:
    """9 MWh of cells take 9 and give 9 x 0.8 = 7.2 of the 10 demanded: 9 + 2.8 x 10 = 37.

    With the loss on charging 21.25; without any 19.
    """
    park = SmallPark(2).grid([1, 10]).load([0, 10]).battery(energy_mwh=9.0, eta_discharge=0.8)
    assert cost(park) == pytest.approx(37, abs=CENT)


# --- what a battery costs


def test_auxiliary_load_is_always_drawn() -> None:
    """1 % of 100 MW for three hours at 7: 21, though the battery rests. Drawn only in use 0."""
    assert cost(SmallPark(3).grid(7).battery(auxiliary_share=0.01)) == pytest.approx(21, abs=CENT)


@pytest.mark.parametrize(("wear", "expected"), [(15, 25), (25, 30)])
def test_wear_stops_a_cycle(wear: float, expected: float) -> None:
    """1 MWh kept from 10 to 30: worth it at a wear of 15 (10 + 15 = 25), not at 25 (30, where 35 were paid).

    Without wear 10 both times; with wear on charging and discharging 30 both times.
    """
    park = SmallPark(2).grid([10, 30]).load([0, 1]).battery(wear_yuan_per_mwh=wear)
    assert cost(park) == pytest.approx(expected, abs=CENT)


def test_wear_is_of_what_is_discharged() -> None:
    """1 MWh delivered at 50 % takes 2 MWh at 10 and wears 15: 35. Wear of what is charged or drawn 50."""
    park = SmallPark(2).grid([10, 100]).load([0, 1]).battery(wear_yuan_per_mwh=15.0, eta_discharge=0.5)
    assert cost(park) == pytest.approx(35, abs=CENT)


# --- limits of a battery


def test_power_limit() -> None:
    """4 MW in the cheap hour, 6 of 10 bought in the dear one: 4 x 1 + 6 x 10 = 64. Without limit 10."""
    park = SmallPark(2).grid([1, 10]).load([0, 10]).battery(power_mw=4.0)
    assert cost(park) == pytest.approx(64, abs=CENT)


def test_power_limit_when_discharging() -> None:
    """Two hours fill 10 MWh, but 4 MW come out: 4 x 1 + 6 x 10 = 64. A limit on charging only gives 28."""
    park = SmallPark(3).grid([1, 1, 10]).load([0, 0, 10]).battery(power_mw=4.0)
    assert cost(park) == pytest.approx(64, abs=CENT)


def test_energy_limit() -> None:
    """3 MWh fit: 3 x 1 + 7 x 10 = 73. Without limit 10."""
    park = SmallPark(2).grid([1, 10]).load([0, 10]).battery(energy_mwh=3.0)
    assert cost(park) == pytest.approx(73, abs=CENT)


def test_state_of_charge_window() -> None:
    """From 20 to 70 % of 10 MWh are 5: 5 x 1 + 5 x 10 = 55.

    Without the upper end 8 + 20 = 28; the lower end does not matter here because it ends as it began.
    """
    park = SmallPark(2).grid([1, 10]).load([0, 10])
    park.battery(energy_mwh=10.0, soc_min=0.2, soc_max=0.7, initial_soc=0.2)
    assert cost(park) == pytest.approx(55, abs=CENT)


def test_lower_end_of_the_window() -> None:
    """From 50 % of 10 MWh down to 20 % are 3 MWh at 10, bought back at 1: 2 x 10 + 3 x 1 = 23.

    Without the lower end 5 x 1 = 5.
    """
    park = SmallPark(2).grid([10, 1]).load([5, 0])
    park.battery(energy_mwh=10.0, soc_min=0.2, initial_soc=0.5)
    assert cost(park) == pytest.approx(23, abs=CENT)


# --- first and last


def test_initial_state() -> None:
    """Half of 10 MWh at first, none at the end: 3 of 8 bought at 10: 30. Empty at first 80."""
    park = SmallPark(1).grid(10).load(8).battery(energy_mwh=10.0, initial_soc=0.5, final_soc=0.0)
    assert cost(park) == pytest.approx(30, abs=CENT)


def test_final_state() -> None:
    """60 % of 10 MWh at the end, at 3: 18, bought in whichever hour is cheaper. Unbound 0."""
    park = SmallPark(2).grid([4, 3]).battery(energy_mwh=10.0, final_soc=0.6)
    assert cost(park) == pytest.approx(18, abs=CENT)


def test_ends_as_it_began() -> None:
    """Drained of 5 at 10 and refilled at 2: 10. Empty at the end 0; never used 50."""
    park = SmallPark(2).grid([10, 2]).load([5, 0]).battery(energy_mwh=10.0, initial_soc=0.5)
    assert cost(park) == pytest.approx(10, abs=CENT)


def test_ends_as_it_began_in_one_interval() -> None:
    """First is last: nothing may be drawn, 5 at 10 = 50. Unbound 0."""
    park = SmallPark(1).grid(10).load(5).battery(energy_mwh=10.0, initial_soc=0.5)
    assert cost(park) == pytest.approx(50, abs=CENT)


@pytest.mark.parametrize(
    ("load_mw", "told"),
    [
        ([0, 7, 9], "01:00, the first of 2 such intervals, 16.000 MWh in all"),
        ([0, 7, 0], "01:00, 7.000 MWh in all"),
    ],
)
def test_nothing_to_supply_a_bus(load_mw: list[float], told: str) -> None:
    """A load all alone from the second hour on: no list of limits, for there are none."""
    with pytest.raises(InfeasibleError) as caught:
        SmallPark(3).load(load_mw).solve()
    assert str(caught.value) == (
        f"bus ac: the case has no device that could supply the 7.000 MW at 2026-07-15 {told}"
    )


def test_nothing_to_use_what_is_given() -> None:
    """The mirror image: what must be taken, and nothing takes it."""
    with pytest.raises(InfeasibleError, match=r"no device that could use the 2\.000 MW at 2026-07-15 00:00"):
        SmallPark(1).load(-2.0).solve()


def test_end_out_of_reach() -> None:
    """8 MWh are wanted and two hours of 2 MW bring 4: the end and the 4 MWh that lack are named."""
    park = SmallPark(2).grid(1).load(1)
    park.battery(energy_mwh=10.0, power_mw=2.0, initial_soc=0.1, final_soc=0.9)
    with pytest.raises(InfeasibleError) as caught:
        park.solve()
    text = str(caught.value)
    assert "battery.final_soc, energy_mwh at the end: 4.000 short of its limit" in text
    assert "energy_balance" not in text


# --- least power


@pytest.mark.parametrize(("cheap", "expected"), [(1, 5), (9, 30)])
def test_least_charging_power(cheap: float, expected: float) -> None:
    """Demand 3 at 10, at least 5 MW when charging: 5 bought at 1, 2 of them left over: 5. Bought at 9 they
    would cost 45, so the battery rests: 30.

    Without the minimum 3 and 27; if it had to charge, 45 for the second.
    """
    park = SmallPark(2).grid([cheap, 10]).load([0, 3]).battery(min_charge_mw=5.0)
    assert cost(park) == pytest.approx(expected, abs=CENT)


def test_least_discharging_power() -> None:
    """Demand 3, then 6, at 10: at least 5 MW cannot be discharged into 3. 6 bought at 1, 3 at 10: 36.

    Without the minimum 9; with rest forbidden in dear hours no plan.
    """
    park = SmallPark(3).grid([1, 10, 10]).load([0, 3, 6]).battery(min_discharge_mw=5.0)
    assert cost(park) == pytest.approx(36, abs=CENT)


def test_least_power_is_all_or_nothing() -> None:
    """The minimum is the rated power: 4 MW or none, for a demand of 5 at 10: 4 x 1 + 1 x 10 = 14.

    For a demand of 3 nothing can be discharged: 30. Without the minimum 3.
    """
    whole = {"power_mw": 4.0, "min_charge_mw": 4.0, "min_discharge_mw": 4.0}
    assert cost(SmallPark(2).grid([1, 10]).load([0, 5]).battery(**whole)) == pytest.approx(14, abs=CENT)
    assert cost(SmallPark(2).grid([1, 10]).load([0, 3]).battery(**whole)) == pytest.approx(30, abs=CENT)


@pytest.mark.parametrize(("demand", "expected"), [(2, 3), (4, 4), (5, 6), (7, 7)])
def test_least_power_of_each_of_two_equal_batteries(demand: float, expected: float) -> None:
    """3 to 4 MW each, or none. Demand 2: one charges 3; 4: one charges 4; 5: both charge 3; 7: as needed.

    As one device of twice the size, at least 6 all but the last time; halved without the rule 2, 4, 5 and 7.
    """
    park = SmallPark(2).grid([1, 10]).load([0, demand])
    for name in ("left", "right"):
        park.battery(name, power_mw=4.0, min_charge_mw=3.0)
    assert cost(park) == pytest.approx(expected, abs=CENT)


@pytest.mark.parametrize(("capital", "size", "expected"), [(1, 5, 10), (6, 0, 30)])
def test_sized_power_below_the_least_rests(capital: float, size: float, expected: float) -> None:
    """Demand 3 at 10. Charging takes 5 MW at least: at 1 a MW they are built, 5 x 1 + 5 x 1 = 10; at 6 they
    would cost 35, and none are built: 30.

    Without the minimum 3 are built: 3 + 3 = 6 and 18 + 3 = 21.
    """
    sized = {"max": 10.0, "cost_yuan_per_unit": capital}
    plan = SmallPark(2).grid([1, 10]).load([0, 3]).battery(power_mw=sized, min_charge_mw=5.0).solve()
    assert plan.cost == pytest.approx(expected, abs=CENT)
    assert plan.value("battery", "power_mw") == pytest.approx([size], abs=CENT)


# --- cycles


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-07-15 22:00", 10),  # one swing before midnight, one after
        ("2026-07-15 12:00", 55),  # both in one day
    ],
)
def test_cycles_of_a_day(start: str, expected: float) -> None:
    """5 MWh kept twice from 1 to 10. Once a day: 5 + 5 x 10 = 55 within a day, 5 + 5 = 10 across midnight.

    Without limit 10 both times, with a limit on the horizon 55 both times.
    """
    park = SmallPark(4, start=start).grid([1, 10, 1, 10]).load([0, 5, 0, 5])
    park.battery(energy_mwh=5.0, max_cycles_per_day=1.0)
    assert cost(park) == pytest.approx(expected, abs=CENT)


def test_cycles_are_counted_in_the_cells() -> None:
    """0.4 cycles of 10 MWh are 4 drawn, 2 delivered at 50 %: 4 x 1 + 3 x 10 = 34.

    Counted at the meter 4 delivered: 8 + 10 = 18; without limit 10.
    """
    park = SmallPark(2).grid([1, 10]).load([0, 5])
    park.battery(energy_mwh=10.0, eta_discharge=0.5, max_cycles_per_day=0.4)
    assert cost(park) == pytest.approx(34, abs=CENT)


# --- demand


def test_demand_is_charged_once_a_month() -> None:
    """Peaks 3 on the 30th, 4 on the 31st, 2 on the 1st, at 100 a month: 400 + 200; energy 9 at 1: 609.

    One peak for the horizon 409; one a day 909; the sum of a month's loads 909.
    """
    demand_mw = np.zeros(26)
    demand_mw[[0, 13, 25]] = 3, 4, 2
    park = SmallPark(26, start="2026-07-30 23:00").grid(1, demand=100).load(demand_mw)
    plan = park.solve()
    assert plan.cost == pytest.approx(609, abs=CENT)
    assert plan.value("grid", "peak_mw") == pytest.approx([4, 2], abs=CENT)


def test_demand_price_of_each_month() -> None:
    """Peak 4 in July at 100, 2 in August at 10: 420. July's price in both 600."""
    park = SmallPark(2, start="2026-07-31 23:00").grid(0, demand=[100, 10]).load([4, 2])
    assert cost(park) == pytest.approx(420, abs=CENT)


@pytest.mark.parametrize(("so_far", "expected"), [(5, 500), (2, 300)])
def test_peak_so_far(so_far: float, expected: float) -> None:
    """A load of 3 after a peak of 5 pays 5 x 100, after one of 2 pays 3 x 100. Without the past 300 both."""
    park = SmallPark(2).grid(0, demand=100, peak_so_far=so_far).load(3)
    assert cost(park) == pytest.approx(expected, abs=CENT)


def test_peak_so_far_belongs_to_its_month() -> None:
    """5 so far in July, load 3: 500 in July, 300 in August, 800. Carried over 1000."""
    park = SmallPark(2, start="2026-07-31 23:00").grid(0, demand=100, peak_so_far=[5, 0]).load(3)
    assert cost(park) == pytest.approx(800, abs=CENT)


def test_battery_shaves_the_peak() -> None:
    """4 MWh in the second of two hours become 2 in each: 4 x 1 + 2 x 100 = 204. Without battery 404."""
    park = SmallPark(2).grid(1, demand=100).load([0, 4]).battery(power_mw=3.0)
    assert cost(park) == pytest.approx(204, abs=CENT)


def test_a_peak_can_cost_more_than_a_spread_brings() -> None:
    """Load 2, prices 1 and 10: each MW charged saves 9 and costs 100 of demand: rest. 2 + 20 + 200 = 222.

    With demand on the load alone 4 x 1 + 200 = 204.
    """
    park = SmallPark(2).grid([1, 10], demand=100).load(2).battery()
    assert cost(park) == pytest.approx(222, abs=CENT)


def test_demand_is_the_average_of_a_quarter_hour() -> None:
    """6 MW for 5 of 15 minutes are 2 MW: 2 x 100 + 0.5 MWh x 12 = 206. The highest 5 minutes give 606."""
    park = SmallPark(3, minutes=5).grid(12, demand=100).load([6, 0, 0])
    assert cost(park) == pytest.approx(206, abs=CENT)


def test_each_quarter_hour_begins_at_nothing() -> None:
    """6 MW at 0:10 and at 0:15 lie in two quarter-hours of 2 MW each: 200. Without reset 400; highest 600."""
    park = SmallPark(6, minutes=5).grid(0, demand=100).load([0, 0, 6, 6, 0, 0])
    assert cost(park) == pytest.approx(200, abs=CENT)


def test_horizon_that_begins_within_a_quarter_hour() -> None:
    """From 0:10: 3 MW end one quarter-hour (1 MW), then 3, 6, 0 make the next (3 MW): 300.

    Quarter-hours counted from the horizon's start: 3, 3, 6 (4 MW): 400.
    """
    park = SmallPark(4, minutes=5, start="2026-07-15 00:10").grid(0, demand=100).load([3, 3, 6, 0])
    assert cost(park) == pytest.approx(300, abs=CENT)


@pytest.mark.parametrize(("minutes", "count"), [(5, 24), (15, 8), (30, 4), (60, 2), (120, 1)])
def test_length_of_an_interval(minutes: int, count: int) -> None:
    """5 MW for two hours at 20, and a peak of 5 at 100: 200 + 500, however the hours are cut.

    Intervals taken for hours would cost 2,900 at 5 minutes, for quarter-hours 550 at two hours.
    """
    park = SmallPark(count, minutes).grid(20, demand=100).load(5)
    assert cost(park) == pytest.approx(700, abs=CENT)


@pytest.mark.parametrize("minutes", [5, 15, 60])
def test_battery_in_intervals_of_any_length(minutes: int) -> None:
    """3 MW for an hour fill 3 MWh, 3 MW for the next empty it: 3 x 1 = 3.

    If an interval were an hour long, the 3 MWh would be full after 5 minutes and the cost 28.
    """
    each = 60 // minutes
    park = SmallPark(2 * each, minutes).grid(np.repeat([1, 10], each)).load(np.repeat([0, 3], each))
    park.battery(power_mw=3.0, energy_mwh=3.0)
    assert cost(park) == pytest.approx(3, abs=CENT)


# --- the connection


def test_import_limit() -> None:
    """5 needed in the cheap hour, 3 may come: 2 ahead at 5, 3 at 1: 13. Without limit 5."""
    park = SmallPark(2).grid([5, 1], import_limit=3).load([0, 5]).battery()
    assert cost(park) == pytest.approx(13, abs=CENT)


def test_limit_below_the_load() -> None:
    """9 demanded at 1:00, 7 may come: the interval and the 2 MW are named, before anything is solved."""
    park = SmallPark(2).grid(1, import_limit=7).load([2, 9])
    with pytest.raises(InfeasibleError) as caught:
        park.solve()
    text = str(caught.value)
    assert "2026-07-15 01:00" in text
    assert "2.000 MW" in text
    assert "bus ac: more demanded than its devices can supply together in 1 interval, 2.000 MWh in" in text
    assert "one of these limits has to give (grid.import_mw at most 7.000, to meet 9.000 MW)" in text


def test_limit_that_a_battery_cannot_bridge() -> None:
    """9 demanded for three hours, 7 may come, 3 MWh lie in the battery: 3 MWh lack."""
    park = SmallPark(3).grid(1, import_limit=7).load(9)
    park.battery(energy_mwh=3.0, power_mw=5.0, initial_soc=1.0, final_soc=0.0)
    with pytest.raises(InfeasibleError, match=r"2026-07-15 0\d:00") as caught:
        park.solve()
    assert "bus ac in all: 3.000 MWh missing in " in str(caught.value)


def test_sale_of_surplus() -> None:
    """6 of 10 MW of sun sold at 300: -1,800. Counted as a cost +1,800; not sold 0."""
    park = SmallPark(1).grid(500, 300, export_limit=100).load(4).pv(10)
    assert cost(park) == pytest.approx(-1800, abs=CENT)


def test_export_limit_curtails() -> None:
    """Of 8 MW surplus 3 leave at 4: -12; 5 are curtailed. Without limit -32; without curtailment no plan."""
    plan = SmallPark(1).grid(9, 4, export_limit=3).load(2).pv(10).solve()
    assert plan.cost == pytest.approx(-12, abs=CENT)
    assert plan.value("pv", "output_mw") == pytest.approx([5], abs=CENT)


def test_curtailment_is_free() -> None:
    """Selling costs 3: 3 MW are curtailed, 0. Sun that must be taken 9."""
    plan = SmallPark(1).grid(9, -3, export_limit=100).load(2).pv(5).solve()
    assert plan.cost == pytest.approx(0, abs=CENT)


def test_battery_stores_what_cannot_be_sold() -> None:
    """Of 10 MW sun 3 leave at 4, 7 fill the battery; in the evening 4 meet the load, 3 leave: -12 - 12 = -24.

    Without battery -12 + 4 x 9 = 24.
    """
    park = SmallPark(2).grid(9, 4, export_limit=3).load([0, 4]).pv([10, 0]).battery(energy_mwh=7.0)
    assert cost(park) == pytest.approx(-24, abs=CENT)


# --- at most one of two


def test_not_bought_and_sold_at_once() -> None:
    """Sold at 3, bought at 1, load 5, sun 2: the park lacks 3 and cannot sell: 3.

    At once 10 bought, 7 sold: 10 - 21 = -11.
    """
    park = SmallPark(1).grid(1, 3, import_limit=10, export_limit=10).load(5).pv(2)
    assert cost(park) == pytest.approx(3, abs=CENT)


def test_sun_sold_rather_than_used() -> None:
    """Sold at 3, bought at 1, load 2, sun 5: only the surplus may be sold, 3 x 3: -9.

    At once 2 bought and 5 sold, -13, or with limits of 10: 7 bought and 10 sold, -23.
    """
    park = SmallPark(1).grid(1, 3, import_limit=10, export_limit=10).load(2).pv(5)
    assert cost(park) == pytest.approx(-9, abs=CENT)


def test_bought_in_one_hour_and_sold_in_the_next() -> None:
    """5 MWh bought at 1 and sold at 3: 5 - 15 = -10.

    At once 10 and 10 in both hours: 20 - 60 = -40.
    """
    park = SmallPark(2).grid(1, 3, import_limit=10, export_limit=10).battery(energy_mwh=5.0)
    assert cost(park) == pytest.approx(-10, abs=CENT)


def test_full_battery_burns_nothing() -> None:
    """At -10 a full battery of 50 % each way: 0. At once 4 charged, 4 x 0.5 x 0.5 = 1 discharged: -30."""
    park = SmallPark(1).grid(-10)
    park.battery(power_mw=4.0, energy_mwh=10.0, initial_soc=1.0, eta_charge=0.5, eta_discharge=0.5)
    assert cost(park) == pytest.approx(0, abs=CENT)


def test_negative_price_fills_what_was_emptied() -> None:
    """Prices -1, -10; load 1; full, 50 % each way. 1 discharged takes 2 from the cells, 4 charged bring them
    back: -1 x 0 - 10 x (1 + 4) = -50. At once -1 x (1 + 4 - 2) - 10 x (1 + 4) = -53; at rest -11.
    """
    park = SmallPark(2).grid([-1, -10]).load(1)
    park.battery(power_mw=4.0, energy_mwh=10.0, initial_soc=1.0, eta_charge=0.5, eta_discharge=0.5)
    assert cost(park) == pytest.approx(-50, abs=CENT)


def test_one_battery_charges_while_the_other_discharges() -> None:
    """Half of 10 MWh leaks every hour: 5 are handed over in the first, and meet the load in the second: 0.

    If the charge of one excluded the discharge of the other, 2.5 would be left and 2.5 x 5 = 12.5 paid.
    """
    park = SmallPark(2).grid(5).load([0, 5]).battery("tight")
    park.battery("leaky", energy_mwh=10.0, initial_soc=1.0, final_soc=0.0, self_discharge_per_hour=0.5)
    assert cost(park) == pytest.approx(0, abs=CENT)


# --- several of a kind


@pytest.mark.parametrize(("dear", "expected"), [(2, 15), (1.5, 14)])
def test_two_batteries_of_different_efficiency(dear: float, expected: float) -> None:
    """Demand 10 at `dear`, before at 1. The good one (80 %, 4 MWh) delivers at 1.25, the bad (62.5 %, 5 MWh)
    at 1.6. At 2 both are worth it: 5 + 8 + 1 x 2 = 15; at 1.5 the good one only: 5 + 6 x 1.5 = 14.

    Both good 5 + 6.25 + 2 = 13.25; lossless 11 and 10.5; without batteries 20 and 15.
    """
    park = SmallPark(2).grid([1, dear]).load([0, 10])
    park.battery("good", energy_mwh=4.0, eta_charge=0.8).battery("bad", energy_mwh=5.0, eta_charge=0.625)
    assert cost(park) == pytest.approx(expected, abs=CENT)


def test_two_grids_on_a_bus() -> None:
    """3 MW at 5, the other 5 of the load's 8 at 7: 50. All at 7 56, all at 5 40."""
    park = SmallPark(1).grid(5, import_limit=3, name="near").grid(7, import_limit=10, name="far").load(8)
    assert cost(park) == pytest.approx(50, abs=CENT)


def test_trade_between_two_grids() -> None:
    """3 MW bought at 5 from one and sold at 6 to the other: -3. One pair for both grids would give 0."""
    park = SmallPark(1).grid(5, import_limit=3, name="near").grid(9, 6, export_limit=10, name="far")
    assert cost(park) == pytest.approx(-3, abs=CENT)


def test_each_bus_balances_by_itself() -> None:
    """3 MW on bus dc, whose own grid costs 10: 30. On one common bus 3."""
    park = SmallPark(1).grid(1, name="ac_grid").grid(10, name="dc_grid", bus="dc").load(3, bus="dc")
    assert cost(park) == pytest.approx(30, abs=CENT)


def test_sources_in_order_of_price() -> None:
    """Load 9: 2 that must run at 20, 4 at 3, 3 from the grid at 8: 40 + 12 + 24 = 76. Without must-run 52."""
    park = SmallPark(1).grid(8).load(9).source(2, 20, least=2, name="must").source(4, 3, name="may")
    assert cost(park) == pytest.approx(76, abs=CENT)


# --- sizes


@pytest.mark.parametrize(("capital", "size", "expected"), [(4, 10, 50), (12, 0, 100)])
def test_sized_energy(capital: float, size: float, expected: float) -> None:
    """Each MWh saves 10 - 1 = 9. At 4 a MWh 10 are built: 10 x 4 + 10 x 1 = 50; at 12 none: 100.

    Without capital cost 10 both times; a size stuck at its greatest (20) 90 and 250.
    """
    sized = {"max": 20.0, "cost_yuan_per_unit": capital}
    plan = SmallPark(2).grid([1, 10]).load([0, 10]).battery(energy_mwh=sized).solve()
    assert plan.cost == pytest.approx(expected, abs=CENT)
    assert plan.value("battery", "rated_mwh") == pytest.approx([size], abs=CENT)


def test_power_and_energy_sized_at_once() -> None:
    """10 MWh at 4 and 10 MW at 1 save 9 a MWh: 40 + 10 + 10 = 60; the two capital costs are one: 50."""
    energy, power = ({"max": 20.0, "cost_yuan_per_unit": capital} for capital in (4.0, 1.0))
    park = SmallPark(2).grid([1, 10]).load([0, 10]).battery(energy_mwh=energy, power_mw=power)
    plan = park.solve()
    assert plan.cost == pytest.approx(60, abs=CENT)
    solution = to_dataset(plan.optimum, {})
    assert solution["battery.capital_yuan"].to_numpy() == pytest.approx([50], abs=CENT)


def test_two_batteries_are_sized_together() -> None:
    """Loads of 10 in both dear hours (10), one cheap one (1) before. A MWh saves 9, whichever store has it.

    The first may have 8 MWh at 2, the second any at 5: 8 and 12 are built, 16 + 60 + 20 = 96. Each sized as
    if the other were not there, 8 and 20 would cost 16 + 100 + 20 = 136; only the second 100 + 20 = 120.
    """
    cheap, dear = ({"max": most, "cost_yuan_per_unit": yuan} for most, yuan in ((8.0, 2.0), (50.0, 5.0)))
    park = SmallPark(3).grid([1, 10, 10]).load([0, 10, 10])
    plan = park.battery(energy_mwh=cheap).battery("other", energy_mwh=dear).solve()
    assert plan.cost == pytest.approx(96, abs=CENT)
    assert plan.value("battery", "rated_mwh") == pytest.approx([8], abs=CENT)
    assert plan.value("other", "rated_mwh") == pytest.approx([12], abs=CENT)


def test_sized_power_between_its_limits() -> None:
    """Loads 10 and 4 in two dear hours (10), two cheap ones (1) before. A MW saves 18 up to 4 MW, 9 beyond;
    at 12 a MW 4 are built: 4 x 12 + 8 x 1 + 6 x 10 = 116. None 140; the greatest (10) 120 + 14 = 134.
    """
    sized = {"max": 10.0, "cost_yuan_per_unit": 12.0}
    plan = SmallPark(4).grid([1, 1, 10, 10]).load([0, 0, 10, 4]).battery(power_mw=sized).solve()
    assert plan.cost == pytest.approx(116, abs=CENT)
    assert plan.value("battery", "power_mw") == pytest.approx([4], abs=CENT)


def test_least_size_is_built_and_its_auxiliaries_drawn() -> None:
    """2 MW must be built at 12, draw 10 % at 1 and 10, and save nothing: 24 + 0.2 x 11 = 26.2.

    Auxiliaries of the greatest size (10 MW) 24 + 11 = 35; none 24.
    """
    sized = {"min": 2.0, "max": 10.0, "cost_yuan_per_unit": 12.0}
    park = SmallPark(2).grid([10, 1]).battery(power_mw=sized, auxiliary_share=0.1)
    assert cost(park) == pytest.approx(26.2, abs=CENT)


def test_sized_energy_starts_at_its_share() -> None:
    """Half full at first, empty at the end: a MWh built at 3 brings 0.5 MWh worth 10 each. Load 4 at 10:
    8 MWh are built, 24. Starting empty 40; starting at half of the greatest size (20) 0.
    """
    sized = {"max": 20.0, "cost_yuan_per_unit": 3.0}
    park = SmallPark(1).grid(10).load(4).battery(energy_mwh=sized, initial_soc=0.5, final_soc=0.0)
    assert cost(park) == pytest.approx(24, abs=CENT)


def test_sized_energy_counts_its_cycles() -> None:
    """0.5 cycles a day, so 4 MWh need 8 MWh of cells at 1: 8 + 4 x 1 = 12. Without limit 8, unpaid 4."""
    sized = {"max": 20.0, "cost_yuan_per_unit": 1.0}
    park = SmallPark(2).grid([1, 10]).load([0, 4]).battery(energy_mwh=sized, max_cycles_per_day=0.5)
    assert cost(park) == pytest.approx(12, abs=CENT)


# --- no answer


def test_cost_without_limit() -> None:
    """A source that pays 1 for every MWh taken, and a drain: the cost has no least, and none is told."""
    park = SmallPark(1).load(2).add("well", Well(price_yuan_per_mwh=-1))
    with pytest.raises(InfeasibleError, match="no limit"):
        park.solve()
    assert cost(SmallPark(1).load(2).add("well", Well(price_yuan_per_mwh=1))) == pytest.approx(2)


@pytest.mark.parametrize("batteries", [("cellar",), ("cellar", "attic")])
def test_surplus_that_only_a_forbidden_circle_could_burn(batteries: tuple[str, ...]) -> None:
    """1 MW must go somewhere and all batteries are full. Charging and discharging at once would burn it; as
    that is forbidden, nothing fits, and that must be said in words.
    """
    park = SmallPark(1).source(1, least=1)
    full: dict[str, Any] = {"initial_soc": 1.0, "eta_charge": 0.9, "eta_discharge": 0.9}
    for name in batteries:
        park.battery(name, power_mw=10.0, energy_mwh=10.0, **full)
    with pytest.raises(InfeasibleError) as caught:
        park.solve()
    assert "cellar" in str(caught.value) or "at once" in str(caught.value)  # a name or the rule, not nothing
