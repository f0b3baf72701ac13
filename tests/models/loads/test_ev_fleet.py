"""Vehicles that come, charge and go: solved by hand, day by day, fed back, and as plain Pyomo."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.models.errors import InputError
from parkdispatch.models.loads.ev_fleet import EvFleet
from parkdispatch.models.loads.vehicle_flow import stays
from parkdispatch.studies.device_conformance import check_device
from tests.support.flexible_parks import add, park_at, problems, rounded, seen, solved
from tests.support.small_parks import Plan, SmallPark, Values


def at_hours(*hours: int) -> tuple[float, ...]:
    return tuple(1.0 if hour in hours else 0.0 for hour in range(24))


def fleet(come: int = 1, leave: int = 5, **changes: Any) -> EvFleet:
    """Ten vehicles that need 20 kWh each, 0.2 MWh in all, at perfect chargers of 10 kW."""
    fields: dict[str, Any] = {
        "vehicles": 10,
        "arrival_shape": at_hours(come),
        "departure_shape": at_hours(leave),
        "weekday_share": (1.0,) * 7,
        "battery_kwh": 100.0,
        "arrival_soc": 0.2,
        "departure_soc": 0.4,
        "charger_kw": 10.0,
        "eta_charge": 1.0,
        "eta_discharge": 1.0,
        "soc_min": 0.1,
        "soc_max": 0.9,
    }
    return EvFleet.model_validate(fields | changes)


def park_of(price: Values, cars: EvFleet, start: str = "2026-07-15", load_mw: float = 0.0) -> SmallPark:
    """A fleet beside a load that buys by the hour at these prices [yuan/MWh]."""
    park = SmallPark(len(price), 60, start).grid(price).load(load_mw)  # type: ignore[arg-type]
    return add(park, "cars", cars)


def charge_mw(plan: Plan) -> list[float]:
    return rounded(plan, "cars", "charge_mw")


# --- by hand


def test_vehicles_charge_in_the_cheapest_hours_of_their_stay() -> None:
    """Hours 1 to 4 at 5, 1, 4, 3 yuan: 0.1 MWh at 1 and 3. Without the stay hour 0 or 5 at 0 would do."""
    plan = solved(park_of([0, 5, 1, 4, 3, 0], fleet()))
    assert charge_mw(plan) == [0, 0, 0.1, 0, 0.1, 0]
    assert plan.cost == pytest.approx(0.1 * 1 + 0.1 * 3)


def test_losses_of_charging_are_paid() -> None:
    """At 80 % the 0.2 MWh take 0.25 MWh: 0.1 at 1 and at 3, 0.05 at 4."""
    assert solved(park_of([0, 5, 1, 4, 3, 0], fleet(eta_charge=0.8))).cost == pytest.approx(0.1 + 0.3 + 0.2)


def test_all_chargers_together_and_fewer_chargers_than_vehicles() -> None:
    """0.05 MW, or five chargers: all four hours are needed; with less the vehicles cannot be charged."""
    for limit in ({"max_power_mw": 0.05}, {"chargers": 5}):
        assert charge_mw(solved(park_of([0, 5, 1, 4, 3, 0], fleet(**limit)))) == [
            0,
            0.05,
            0.05,
            0.05,
            0.05,
            0,
        ]
    with pytest.raises(InputError, match="too small: cannot charge the vehicles of 2026-07-15"):
        fleet(chargers=4).series(park_at(SmallPark(24).times, 1.0))


def test_who_leaves_too_soon_leaves_with_what_the_charger_gives() -> None:
    """One hour gives 10 of the 20 kWh."""
    assert charge_mw(solved(park_of([9] * 4, fleet(leave=2)))) == [0, 0.1, 0, 0]


def test_an_early_group_cannot_wait_for_a_late_cheap_hour() -> None:
    """Half comes at 0 and leaves at 2, half comes at 2 and leaves at 4: 0.1 MWh in each half, at 9 and at 1.

    As one store without the departures, all 0.2 MWh would be charged at 1.
    """
    cars = fleet(arrival_shape=at_hours(0, 2), departure_shape=at_hours(2, 4))
    assert solved(park_of([9, 9, 1, 1], cars)).cost == pytest.approx(0.1 * 9 + 0.1 * 1)


def test_vehicles_feed_back_where_it_pays_for_the_wear() -> None:
    """Hour 2 at 9, the others at 1: 0.1 MWh is fed back and bought again, for a wear of 2, not of 9."""
    prices = [1, 1, 9, 1, 1, 1]
    paying = solved(park_of(prices, fleet(feed_back=True, wear_yuan_per_mwh=2.0), load_mw=1.0))
    assert rounded(paying, "cars", "discharge_mw") == [0, 0, 0.1, 0, 0, 0]
    assert paying.cost == pytest.approx(14 + 0.3 * 1 - 0.1 * 9 + 0.1 * 2)
    costly = solved(park_of(prices, fleet(feed_back=True, wear_yuan_per_mwh=9.0), load_mw=1.0))
    assert costly.cost == pytest.approx(14 + 0.2)


def test_feeding_back_leaves_the_lowest_state_of_charge() -> None:
    """Arriving at 0.2 and kept above 0.15, 5 kWh of each can be fed back at 9 in the first hour, not 10."""
    cars = fleet(feed_back=True, soc_min=0.15, wear_yuan_per_mwh=0.0)
    plan = solved(park_of([1, 9, 1, 1, 1, 1], cars, load_mw=1.0))
    assert rounded(plan, "cars", "discharge_mw")[1] == 0.05


def test_a_horizon_that_ends_within_the_stay_leaves_half_of_the_charging() -> None:
    """Two of four hours gone, half is charged, although the rest of the stay could do it all."""
    assert sum(charge_mw(solved(park_of([1, 5, 4], fleet())))) == pytest.approx(0.1)


def test_what_is_charged_before_midnight_is_not_charged_after_it() -> None:
    """From 20:00 to 8:00; below zero all is charged before midnight. In proportion 2/3 would be left."""
    cars = fleet(come=20, leave=8)
    evening = solved(park_of([-1.0] * 4, cars, "2026-07-15 20:00"))
    assert sum(charge_mw(evening)) == pytest.approx(0.2)
    state = cars.state_after(seen(evening, "cars"))
    assert state == {"stored_mwh": pytest.approx(0.4), "stored_is_known": 1}
    assert sum(charge_mw(solved(park_of([3.0] * 10, cars.starting_from(state), "2026-07-16")))) == 0
    assert sum(charge_mw(solved(park_of([3.0] * 10, cars, "2026-07-16")))) == pytest.approx(
        0.2 * 2 / 3, abs=1e-5
    )


# --- who comes and goes


def test_who_came_first_leaves_first_also_after_midnight() -> None:
    arrivals, departures = np.array(at_hours(17, 18)) / 2, np.array(at_hours(7, 8)) / 2
    overnight = stays(arrivals, departures)
    assert overnight.first.tolist() == [17, 18]
    assert overnight.after.tolist() == [31, 32]
    at_work = stays(departures, arrivals)
    assert (at_work.first.tolist(), at_work.after.tolist()) == ([7, 8], [17, 18])
    assert stays(arrivals, arrivals).after.tolist() == [18, 41]  # the later half finds the next departure


def test_the_weekdays_and_the_seed() -> None:
    """On Sunday nobody comes; a day of the year is the same alone, and another with another seed."""
    cars = fleet(weekday_share=(1.0,) * 6 + (0.0,), variation_std=0.2)
    times = pd.date_range("2026-07-13", periods=7 * 24, freq="h")
    arriving = cars.series(park_at(times, 1.0))["arriving_mwh"].reshape(7, 24).sum(axis=1)
    assert arriving[6] == 0 and (arriving[:6] > 0).all() and len(set(arriving[:6])) == 6
    alone = cars.series(park_at(times[48:72], 1.0))["arriving_mwh"].sum()
    assert alone == arriving[2]
    other = cars.model_copy(update={"seed": 2})
    assert other.series(park_at(times[48:72], 1.0))["arriving_mwh"].sum() != alone


# --- checks and messages


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("energy_balance_mwh", {"stored_mwh": 1.0}),
        ("energy_window_mwh", {"charge_mw": -1.0}),
        ("charge_limit_mw", {"charge_mw": 1.0}),
        ("discharge_limit_mw", {"discharge_mw": 1.0}),
        ("charge_and_discharge_mw", {"charge_mw": 0.1, "discharge_mw": 0.1}),
        ("final_energy_mwh", {"discharge_mw": 1.0}),
        ("injection_mw", {"charge_mw": 0.1}),
    ],
)
def test_a_broken_rule_is_seen(rule: str, changes: dict[str, float]) -> None:
    cars = fleet(feed_back=True)
    truth = seen(solved(park_of([1, 5, 1, 4, 3, 1], cars, load_mw=1.0)), "cars")
    added = {name: truth.values[name] + more for name, more in changes.items()}
    assert cars.self_check(replace(truth, values={**truth.values, **added}))[rule] >= 0.05


@pytest.mark.parametrize("changes", [{"battery_kwh": 5000.0}, {"charger_kw": 1.0}, {"eta_charge": 0.01}])
def test_rounding_leaves_no_less_than_nothing(changes: dict[str, float]) -> None:
    """-5e-14 MWh of the vehicles that had left were refused as a wrong value of the case."""
    bounds = EvFleet(vehicles=300, **changes).series(park_at(SmallPark(24).times, 1.0))
    assert min(series.min() for series in bounds.values()) == 0.0


def test_what_cannot_be_is_refused() -> None:
    assert problems(EvFleet, vehicles=10, arrival_soc=0.5, departure_soc=0.4) == [
        "`device.departure_soc` = 0.4: must be 0.5 or more, `arrival_soc`"
    ]
    assert problems(EvFleet, vehicles=10, feed_back=True, soc_min=0.5) == [
        "`device.soc_min` = 0.5 and soc_max = 0.9: must enclose `arrival_soc` and `departure_soc`, 0.4"
        " and 0.8, for `feed_back`"
    ]
    assert problems(EvFleet, vehicles=10, arrival_soc=40) == [
        "`device.arrival_soc` = 40: must be in [0, 1] (a fraction, not percent: 0.4?)"
    ]
    (line,) = problems(EvFleet, vehicles=10, arrival_shape=[0.0] * 24)
    assert line.endswith("must have at least one number above 0")


# --- any park


def test_it_does_what_every_device_must() -> None:
    cars = fleet(come=20, leave=8, vehicles=500, feed_back=True, chargers=300, variation_std=0.1)
    assert check_device(cars) == []


@pytest.mark.parametrize("seed", range(3))
def test_random_parks_are_those_of_plain_pyomo(seed: int) -> None:
    random = np.random.default_rng(seed)
    park = SmallPark(32, 30, "2026-07-31 14:00").load(random.uniform(0, 1, 32))
    park.grid(random.uniform(-9, 99, 32), random.uniform(-20, 60, 32), export_limit=2, demand=50.0)
    park.battery(power_mw=0.2, energy_mwh=0.3, eta_charge=0.9)
    for number in range(2):
        cars = fleet(
            vehicles=int(random.integers(5, 50)),
            arrival_shape=tuple(random.uniform(0, 1, 24)),
            departure_shape=tuple(random.uniform(0, 1, 24)),
            feed_back=bool(number),
            wear_yuan_per_mwh=float(random.integers(0, 20)),
            eta_discharge=0.9,
            variation_std=0.2,
        )
        add(park, f"cars_{number}", cars)
    solved(park)
