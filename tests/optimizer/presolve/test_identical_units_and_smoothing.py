"""Identical units merged into one, and smoothing of set points among equal optima."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import tile
from parkdispatch.optimizer.heuristics.smoothing import smooth_set_points
from parkdispatch.optimizer.highs import Solver
from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.presolve.identical_units import merge_identical_units
from parkdispatch.optimizer.proof.certificate import primal_infeasibility
from tests.support.small_parks import SmallPark

UNIT = Battery(power_mw=2, energy_mwh=4, auxiliary_share=0.01, max_cycles_per_day=1.5, wear_yuan_per_mwh=3)


def priced_park(
    prices: list[float], units: int, demand: float | None = None, start: str = "2026-07-15"
) -> SmallPark:
    park = SmallPark(len(prices), start=start)
    park.grid(prices, 0.0, demand=demand).load(5.0)
    for number in range(units):
        park.add(f"battery_{number}", UNIT)
    return park


def original_program(park: SmallPark):
    return tile(compile_template(park.devices, park.hours), Horizon(park.times, park.hours), park.series)


@settings(max_examples=15)
@given(
    prices=st.lists(st.integers(-50, 900).map(float), min_size=3, max_size=30),
    units=st.integers(2, 3),
    demand=st.none() | st.just(200.0),
)
def test_merged_units_have_the_optimum_of_separate_units(
    prices: list[float], units: int, demand: float | None
) -> None:
    park = priced_park(prices, units, demand)
    original = original_program(park)
    merged = merge_identical_units(original, park.devices)
    assert merged is not None
    cost_of = {}
    for name, tiled in (("original", original), ("merged", merged.tiled)):
        solver = Solver()
        solver.load(tiled.program)
        cost_of[name] = solver.solve().x
    together = merged.point(cost_of["merged"])
    assert original.program.objective(together) == pytest.approx(
        original.program.objective(cost_of["original"]), rel=1e-9, abs=1e-6
    )
    assert primal_infeasibility(original.program, together) < 1e-9
    np.testing.assert_allclose(merged.merged_point(together), cost_of["merged"], atol=1e-12)


def test_merged_units_have_had_the_cycles_of_all() -> None:
    """Three units of 4 MWh with half a cycle left of the month: 6 MWh sold at 900. Of one's past 10 MWh."""
    unit = Battery(
        power_mw=4, energy_mwh=4, soc_min=0, soc_max=1, initial_soc=1, final_soc=0, eta_charge=1,
        eta_discharge=1, auxiliary_share=0, max_cycles_per_month=1, month_cycles_before=0.5,
    )  # fmt: skip
    park = SmallPark(4).grid(900.0).load(20.0)
    for number in range(3):
        park.add(f"battery_{number}", unit)
    assert merge_identical_units(original_program(park), park.devices) is not None
    assert park.solve().cost == pytest.approx(900.0 * (80 - 6))


def test_devices_that_differ_are_not_merged() -> None:
    park = priced_park([1.0, 2.0], 1)
    park.add("other", UNIT.model_copy(update={"eta_charge": 0.9}))
    assert merge_identical_units(original_program(park), park.devices) is None


def test_units_that_differ_in_their_titles_alone_are_merged() -> None:
    """Else a park whose units have names would be slower to solve than one without."""
    park = priced_park([1.0, 2.0], 1)
    park.add("other", UNIT.model_copy(update={"title": "phase two"}))
    assert merge_identical_units(original_program(park), park.devices) is not None


def test_merged_units_get_no_common_exclusive_pair() -> None:
    """Paid 100 yuan/MWh to take energy, with no load and no export, full batteries have nowhere to put it.

    Separate, one can discharge into the other and lose energy; with one common pair they could not, and
    would earn only what fills them once: 2 x 4 MWh x 0.95 / 0.94 = 8.09 MWh less what they began with.
    """
    unit = Battery(power_mw=2, energy_mwh=4, soc_max=1.0, auxiliary_share=0.0)
    fellow = unit.model_copy(update={"wear_yuan_per_mwh": 1e-6})
    pair = SmallPark(12).grid(-100.0).add("one", unit).add("other", unit).solve()
    apart = SmallPark(12).grid(-100.0).add("one", unit).add("other", fellow).solve()
    assert pair.cost == pytest.approx(apart.cost, rel=1e-6)
    once_mwh = 2 * 4 * (1.0 - 0.10) / 0.94
    assert pair.cost < -100.0 * once_mwh - 1.0


def test_units_without_losses_stay_merged() -> None:
    """Without losses, charging and discharging at once costs nothing: some optimum obeys the pairs."""
    free = Battery(power_mw=2, energy_mwh=4, eta_charge=1.0, eta_discharge=1.0, auxiliary_share=0.0)
    park = SmallPark(48).grid([100.0, 100.0, 300.0, 300.0] * 12, 50.0).load(5.0)
    park.add("one", free).add("other", free)
    run = park.solve()
    assert run.simultaneous() <= 1e-6
    assert run.cost == pytest.approx(park_cost(free), rel=1e-9)


def park_cost(battery: Battery) -> float:
    """The same with one battery of twice the size."""
    twice = battery.model_copy(update={"power_mw": 4.0, "energy_mwh": 8.0})
    return (
        SmallPark(48).grid([100.0, 100.0, 300.0, 300.0] * 12, 50.0).load(5.0).add("one", twice).solve().cost
    )


def test_smoothing_keeps_the_cost_and_moves_less() -> None:
    """Six cheap hours, one dear one: any hours of charging cost the same, the smoothest charges evenly."""
    park = priced_park([100.0] * 6 + [500.0] * 2, 2)
    optimum = park.solve().optimum
    names = [name for name in park.devices if name.startswith("battery")]
    quiet = smooth_set_points(optimum.tiled, optimum.x, park.devices, names)
    assert optimum.tiled.program.objective(quiet) == pytest.approx(optimum.proof.objective_yuan, rel=1e-9)
    assert not violated_pairs(optimum.tiled, quiet).any()

    def moves(x: np.ndarray) -> float:
        return sum(
            float(np.abs(np.diff(x[optimum.tiled.column_of(p.b)] - x[optimum.tiled.column_of(p.a)])).sum())
            for p in optimum.tiled.template.pairs
            if p.key[0] in names
        )

    assert moves(quiet) <= moves(optimum.x) + 1e-9
    charge = [
        quiet[optimum.tiled.column_of(p.a)][:6] for p in optimum.tiled.template.pairs if p.key[0] in names
    ]
    assert all(np.ptp(charge_mw) < 1e-6 for charge_mw in charge), (
        "charging is spread evenly over hours of one price"
    )
    np.testing.assert_allclose(charge[0], charge[1], atol=1e-9, err_msg="equal batteries share equally")


def test_of_equal_optima_with_binaries_the_smoothest_is_taken() -> None:
    """A midday paid for import: the battery circulates, and any order of the modes costs the same.

    From 11:00 1 MW in for 6 quarter-hours and 0.7368 for one, 1 MW out for 4, 0.8864 in for 5 is a movement
    of 6.16 MW; the same energy charged evenly at first, 0.9624 for 7, moves less. Of equal optima any was
    taken, which moved 16.72 MW.
    """
    park = SmallPark(96, 15, "2026-04-21")
    hour = (park.times.hour + park.times.minute / 60).to_numpy()
    is_paid = (hour >= 11) & (hour < 15)
    park.grid(
        np.where(is_paid, -200.0, 600.0),
        np.where(is_paid, -300.0, 300.0),
        import_limit=2.5,
        export_limit=2.0,
    )
    park.load(1.0).pv(np.round(np.maximum(0.0, 2 * np.sin((hour - 6) / 12 * np.pi)), 5))
    cells = {"soc_min": 0.1, "soc_max": 0.9, "initial_soc": 0.5, "eta_charge": 0.95, "eta_discharge": 0.95}
    park.battery(power_mw=1.0, energy_mwh=2.0, **cells)
    optimum = park.solve().optimum
    assert optimum.proof.objective_yuan == pytest.approx(5766.0080, abs=1e-5)
    smooth = smooth_set_points(optimum.tiled, optimum.x, park.devices, ["battery"])
    assert optimum.tiled.program.objective(smooth) <= optimum.proof.objective_yuan * (1 + 1e-12)
    pair = next(pair for pair in optimum.tiled.template.pairs if pair.key[0] == "battery")
    set_point_mw = smooth[optimum.tiled.column_of(pair.b)] - smooth[optimum.tiled.column_of(pair.a)]
    assert np.abs(np.diff(set_point_mw)).sum() <= 5.8908
