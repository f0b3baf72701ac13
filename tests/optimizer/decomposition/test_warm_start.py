"""A solve that begins where another ended proves the same optimum as one from scratch."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.models.device import Device
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.partition.subprogram import SubprogramExtractor
from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.proof.certificate import EXACT
from parkdispatch.optimizer.solve import Optimum, WarmStart, optimize
from tests.support.parks.month_parks import month_with_candidate_violations, quarter_year
from tests.support.small_parks import SmallPark


def solved(park: SmallPark, warm: WarmStart | None = None, *, multipliers: bool = False) -> Optimum:
    # in one thread: the plain search beside it would find what a wrong warm start misses
    arguments = (park.devices, park.times, park.hours, park.series)
    return optimize(*arguments, warm=warm, multipliers=multipliers, threads=1)


@cache
def warm_of(seed: int) -> WarmStart:
    """The warm start that the month of a seed leaves; it is used repeatedly, which a test below allows."""
    warm = solved(month_with_candidate_violations(seed)).warm
    assert warm is not None
    return warm


def same_proof(warmed: Optimum, cold: Optimum) -> None:
    assert warmed.proof.objective_yuan == pytest.approx(cold.proof.objective_yuan, rel=2e-9)
    assert warmed.proof.gap <= 1e-8
    assert not violated_pairs(warmed.tiled, warmed.x).any()


def resized(devices: Mapping[str, Device], **changes: float) -> dict[str, Device]:
    return {
        name: device.model_copy(update=changes) if isinstance(device, Battery) else device
        for name, device in devices.items()
    }


@pytest.mark.parametrize("seed", range(6))
def test_another_forecast(seed: int) -> None:
    warm = warm_of(seed)
    park, rng = month_with_candidate_violations(seed), np.random.default_rng(seed)
    for key in (("pv", "available_mw"), ("load", "demand_mw")):
        park.series[key] = park.series[key] * rng.uniform(0.8, 1.2, len(park.times))
    same_proof(solved(park, warm), solved(park))


@pytest.mark.parametrize("seed", range(6))
def test_an_unrelated_forecast(seed: int) -> None:
    """Break points, members at zero and coupled decisions are all wrong; only time may be lost."""
    warm = warm_of(seed)
    park = month_with_candidate_violations(seed + 50)
    same_proof(solved(park, warm), solved(park))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "changes", [{"energy_mwh": 11.0}, {"power_mw": 3.0}, {"energy_mwh": 8.0, "power_mw": 6.0}], ids=str
)
def test_another_battery(seed: int, changes: dict[str, float]) -> None:
    park = month_with_candidate_violations(seed)
    warm = warm_of(seed)
    park.devices = resized(park.devices, **changes)
    same_proof(solved(park, warm), solved(park))


@pytest.mark.parametrize("seed", range(3))
def test_other_entries_of_the_matrix(seed: int) -> None:
    """Efficiency and self-discharge are such; where in the matrix they are stays the same."""
    park = month_with_candidate_violations(seed)
    warm = warm_of(seed)
    park.devices = resized(park.devices, eta_charge=0.8, self_discharge_per_hour=0.02)
    warmed = solved(park, warm, multipliers=True)
    same_proof(warmed, solved(park))
    assert warmed.final_relaxation is not None
    program = warmed.final_relaxation.program
    assert warm.tiled_warm_start.relaxation.subprograms.fits(program)
    anew = SubprogramExtractor(warmed.tiled, program)
    for window, cut in warm.tiled_warm_start.relaxation.subprograms.of.items():
        kept, extracted = cut.with_values(program.matrix.data), anew.extract(window)
        assert (kept.matrix != extracted.matrix).nnz == 0
        np.testing.assert_array_equal(kept.coupling_value, extracted.coupling_value)
        np.testing.assert_array_equal(kept.coupling_row, extracted.coupling_row)


@pytest.mark.parametrize("level", [0.8, 0.95, 1.5])
def test_another_price_level(level: float) -> None:
    park = month_with_candidate_violations(1)
    warm = warm_of(1)
    key = ("grid", "purchase_price_yuan_per_mwh")
    park.series[key] = park.series[key] * level
    same_proof(solved(park, warm), solved(park))


def test_merged_months_stay_merged() -> None:
    park = quarter_year(2, demand=30000.0)
    warm = solved(park).warm
    park.devices = resized(park.devices, energy_mwh=10.0)
    same_proof(solved(park, warm), solved(park))


def test_a_warm_start_can_be_used_repeatedly() -> None:
    park = month_with_candidate_violations(3)
    warm = solved(park).warm
    once = solved(park, warm)
    solved(month_with_candidate_violations(9), warm)
    again = solved(park, warm)
    np.testing.assert_array_equal(once.x, again.x)
    assert once.proof == again.proof


def test_members_that_cannot_be_fixed_at_zero_any_more() -> None:
    """Import was fixed at zero at noon, but is needed on a day without sun: the solve starts from scratch."""
    park = month_with_candidate_violations(0)
    warm = warm_of(0)
    assert warm.tiled_warm_start.repair.fixed_at_zero.any()
    park.series["pv", "available_mw"] = np.zeros(len(park.times))
    same_proof(solved(park, warm), solved(park))


@pytest.mark.parametrize("seed", [4])
def test_trees_of_other_pairs_are_not_used(seed: int) -> None:
    """As many columns, rows and pairs; but in one charging has a least power, in the other discharging."""
    park = month_with_candidate_violations(seed, days=4)
    park.devices = resized(park.devices, min_charge_mw=1.0)
    warm = solved(park).warm
    assert warm is not None
    park.devices = resized(park.devices, min_charge_mw=0.0, min_discharge_mw=1.0)
    warmed = solved(park, warm)
    same_proof(warmed, solved(park))
    assert not warm.tiled_warm_start.fits(warmed.tiled)


def test_a_warm_start_of_another_structure_is_not_used() -> None:
    warm = warm_of(0)
    park = quarter_year(1)
    same_proof(solved(park, warm), solved(park))


@pytest.mark.slow
@settings(max_examples=6, derandomize=True)
@given(st.integers(0, 10_000), st.floats(0.0, 1.3), st.floats(0.3, 3.0))
def test_any_neighbour(seed: int, sun: float, energy: float) -> None:
    park = SmallPark(36, start="2026-03-31 06:00")  # a month ends in the middle
    rng = np.random.default_rng(seed)
    price = rng.choice([-80.0, 200.0, 350.0, 800.0], 36)
    park.grid(price, 400.0, export_limit=20.0, demand=3000.0)
    park.load(rng.uniform(3, 9, 36)).pv(rng.uniform(0, 16, 36))
    park.add("battery", Battery(power_mw=4, energy_mwh=8))
    warm = solved(park).warm
    park.series["pv", "available_mw"] = park.series["pv", "available_mw"] * sun
    park.devices = resized(park.devices, energy_mwh=8.0 * energy)
    same_proof(solved(park, warm), solved(park))


@pytest.mark.parametrize("seed", range(3))
def test_no_multipliers_are_asked_for(seed: int) -> None:
    """Then consistent windows may end the solve; the result is proven as usual and can be a warm start."""
    park = month_with_candidate_violations(seed)
    warm = warm_of(seed)
    park.devices = resized(park.devices, energy_mwh=10.5)
    with_them, without = solved(park, warm, multipliers=True), solved(park, warm)
    assert with_them.final_relaxation is not None and without.final_relaxation is None
    same_proof(without, with_them)
    assert without.proof.gap <= EXACT
    park.devices = resized(park.devices, energy_mwh=10.8)
    same_proof(solved(park, without.warm), solved(park))
