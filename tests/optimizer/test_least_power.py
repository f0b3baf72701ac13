"""A battery's least power while it charges and while it discharges: zero, or at least that."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.models.device import Array, Seen
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.heuristics import smoothing
from parkdispatch.optimizer.heuristics.smoothing import smooth_set_points
from parkdispatch.optimizer.highs import Solver
from parkdispatch.optimizer.solve import optimize_with_pyomo
from tests.support.parks.minimum_power_parks import random_park
from tests.support.small_parks import SmallPark

SAME = 1e-6  # relative


def below(power_mw: Array, least_mw: float) -> float:
    """How far the power is from the nearer of zero and the minimum [MW]."""
    return max(0.0, float(np.minimum(power_mw, least_mw - power_mw).max()))


# --- the optimum


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lowest_price", [1, -50])
@pytest.mark.parametrize("batteries", [1, 2])
def test_optimum_is_that_of_plain_pyomo(seed: int, batteries: int, lowest_price: int) -> None:
    park = random_park(seed, batteries, lowest_price)
    plan = park.solve()  # asserts gap, bound and every pair
    plain = optimize_with_pyomo(park.devices, park.times, park.hours, park.series, "appsi_highs")
    assert plan.cost == pytest.approx(plain.proof.objective_yuan, rel=SAME, abs=1e-6)
    for name, device in park.devices.items():
        if isinstance(device, Battery):
            assert below(plan.value(name, "charge_mw"), device.min_charge_mw) <= 1e-6
            assert below(plan.value(name, "discharge_mw"), device.min_discharge_mw) <= 1e-6


def test_the_rule_is_not_kept_by_chance() -> None:
    """Most of those parks would do otherwise without it."""
    free = {"min_charge_mw": 0.0, "min_discharge_mw": 0.0}
    parks = [random_park(seed, 1, 1) for seed in range(5)]
    dearer = 0
    for park in parks:
        with_rule = park.solve().cost
        park.devices["battery_0"] = park.devices["battery_0"].model_copy(update=free)
        dearer += with_rule > park.solve().cost + 1e-3
    assert dearer >= 3


def test_no_minimum_adds_nothing() -> None:
    """Charge, discharge and energy, one law, one pair: as before there was such a field."""
    template = SmallPark(2).grid(1).load(1).battery().tiled().template
    battery_columns = [column.key[1] for column in template.columns if column.key[0] == "battery"]
    assert battery_columns == ["charge_mw", "discharge_mw", "energy_mwh"]
    assert [row.key[1] for row in template.rows if row.key[0] == "battery"] == ["energy_balance"]
    assert [pair.key[0] for pair in template.pairs].count("battery") == 1


# --- the audit


def checked(charge_mw: list[float], discharge_mw: list[float], **fields: Any) -> Mapping[str, float]:
    """Residuals of a perfect battery of 10 MW that did this, hour by hour."""
    charge, discharge = np.array(charge_mw), np.array(discharge_mw)
    battery = Battery(
        power_mw=10, energy_mwh=100, soc_min=0, soc_max=1, eta_charge=1, eta_discharge=1, auxiliary_share=0,
        **fields,
    )  # fmt: skip
    values = {
        "charge_mw": charge,
        "discharge_mw": discharge,
        "energy_mwh": 10 + np.cumsum(charge - discharge),
        "idle_charge_mw": np.where(charge > 0, 0.0, battery.min_charge_mw),
        "idle_discharge_mw": np.where(discharge > 0, 0.0, battery.min_discharge_mw),
    }
    times = pd.date_range("2026-07-15", periods=len(charge), freq="h")
    return battery.self_check(Seen(times, 1.0, values, {}, {"ac": discharge - charge}))


@pytest.mark.parametrize(("power_mw", "residual"), [(0, 0), (0.5, 0.5), (3, 2), (4.75, 0.25), (5, 0), (9, 0)])
def test_audit_tells_how_far_the_nearer_allowed_power_is(power_mw: float, residual: float) -> None:
    charging = checked([6, power_mw, 0], [0, 0, 6], min_charge_mw=5.0)
    assert charging["min_charge_mw"] == pytest.approx(residual)
    assert "min_discharge_mw" not in charging
    discharging = checked([7, 0, 0], [0, power_mw, 7], min_discharge_mw=5.0)
    assert discharging["min_discharge_mw"] == pytest.approx(residual)
    assert "min_charge_mw" not in discharging
    others = {**charging, **discharging}
    assert all(value == 0 for name, value in others.items() if not name.startswith(("min_", "final_")))


# --- the calmest plan


class Cheap:
    """Six cheap hours and two dear ones; perfect but for a tenth lost in charging, 6 MWh take 6.667."""

    def __init__(self, least_mw: float, batteries: int) -> None:
        self.park = SmallPark(8).grid([100.0] * 6 + [500.0] * 2).load(9.0)
        self.names = [f"battery_{number}" for number in range(batteries)]
        for name in self.names:
            self.park.battery(name, power_mw=3.0, energy_mwh=6.0, eta_charge=0.9, min_charge_mw=least_mw)
        self.tiled = self.park.tiled()
        self.keys = [column.key for column in self.tiled.template.columns]

    def columns(self, name: str, what: str) -> Array:
        return self.tiled.column_of(self.keys.index((name, what)))

    def charging(self, *charge_mw: list[float]) -> Array:
        """The cheapest dispatch in which the batteries charge like this in the cheap hours."""
        lower, upper = self.tiled.program.lower.copy(), self.tiled.program.upper.copy()
        for name, power_mw in zip(self.names, charge_mw, strict=True):
            rests = np.array([*power_mw, 0.0, 0.0]) == 0
            for what, value in (
                ("charge_mw", np.array([*power_mw, 0.0, 0.0])),
                ("idle_charge_mw", 2.0 * rests),
            ):
                lower[self.columns(name, what)] = upper[self.columns(name, what)] = value
        solver = Solver()
        solver.load(self.tiled.program)
        solver.change_bounds(np.arange(len(lower)), lower, upper)
        return solver.solve().x

    def calm(self, x: Array) -> list[Array]:
        """What each battery charges in the cheap hours of the calmest dispatch that costs as much."""
        quiet = smooth_set_points(self.tiled, x, self.park.devices, self.names)
        assert self.tiled.program.objective(quiet) == pytest.approx(self.tiled.program.objective(x), rel=1e-9)
        return [quiet[self.columns(name, "charge_mw")][:6] for name in self.names]


@pytest.mark.parametrize("batteries", [1, 2])
def test_calm_is_even_where_the_minimum_allows_it(batteries: int) -> None:
    """1.111 MW in each of six hours is above a minimum of 1."""
    day = Cheap(1.0, batteries)
    for charge in day.calm(day.park.solve().x):
        assert charge == pytest.approx(6 / 0.9 / 6, abs=1e-6)


@pytest.mark.parametrize("batteries", [1, 2])
def test_calm_keeps_the_minimum(batteries: int) -> None:
    """1.111 MW in each of six hours would be calmest but lies below a minimum of 2."""
    day = Cheap(2.0, batteries)
    for charge in day.calm(day.park.solve().x):
        assert below(charge, 2.0) <= 1e-6
        assert charge.sum() == pytest.approx(6 / 0.9, abs=1e-6)


def test_smoothing_searches_the_hours_too() -> None:
    """2.222 MW in the first three hours: what is charged in the first, with nothing before it, counts once.

    Hours 0, 2 and 4, as in the optimum, would move at least 2.667 + 2 x 2 + 2 x 2.
    """
    day = Cheap(2.0, 1)
    (charge,) = day.calm(day.charging([2.5, 0, 2, 0, 6 / 0.9 - 4.5, 0]))
    assert charge == pytest.approx([20 / 9] * 3 + [0] * 3, abs=1e-6)


def test_smoothing_keeps_the_modes_where_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the hours of the optimum: as little as possible in hours 2 and 4, which count twice."""
    monkeypatch.setattr(smoothing, "MAX_SEARCHED_PAIRS", 0)
    day = Cheap(2.0, 1)
    (charge,) = day.calm(day.charging([2.5, 0, 2, 0, 6 / 0.9 - 4.5, 0]))
    assert charge == pytest.approx([6 / 0.9 - 4, 0, 2, 0, 2, 0], abs=1e-6)


def test_smoothing_of_equal_batteries_that_take_turns() -> None:
    """Together they would have to charge 4 MW or nothing, which they do not; each is smoothed by itself."""
    day = Cheap(2.0, 2)
    first, second = [2.5, 0, 2, 0, 6 / 0.9 - 4.5, 0], [6 / 0.9 - 4.5, 2, 0, 2.5, 0, 0]
    for charge in day.calm(day.charging(first, second)):
        assert charge == pytest.approx([20 / 9] * 3 + [0] * 3, abs=1e-6)
