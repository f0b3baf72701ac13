"""The optimum is that of the plain Pyomo model with all its binaries, solved to a gap of zero."""

from dataclasses import replace

import pandas as pd
import pyomo.environ as pyo
import pytest
from hypothesis import HealthCheck, event, given, settings

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.optimizer.decomposition import subproblems
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.plain_pyomo import build_plain_pyomo
from parkdispatch.optimizer.solve import Optimum, optimize, optimize_with_pyomo
from tests.support.small_parks import SmallPark, parks_with_candidate_violations

SAME = 1e-6  # relative


def gaoan(first: str, last: str, minutes: int = 15) -> Prepared:
    """The built-in park from the first to before the last day."""
    case = load_case("gaoan")
    case = replace(case, calendar=case.calendar.model_copy(update={"minutes": minutes}))
    times = pd.date_range(first, last, freq=f"{minutes}min", inclusive="left")
    return prepare(case, times)


def ours(prepared: Prepared) -> Optimum:
    optimum = optimize(prepared.case.devices, prepared.times, prepared.hours, prepared.series, threads=1)
    assert optimum.proof.gap <= 1e-9
    assert optimum.proof.bound_yuan <= optimum.proof.objective_yuan * (1 + 1e-9)
    return optimum


def theirs(prepared: Prepared) -> float:
    """Optimum of the plain model with its binaries [yuan]."""
    horizon = Horizon(prepared.times, prepared.hours)
    reference = build_plain_pyomo(prepared.case.devices, horizon, prepared.series)
    reference.solve("appsi_highs")
    return float(pyo.value(reference.model.objective))


@pytest.mark.parametrize(
    ("first", "last", "minutes"),
    [
        ("2026-07-15", "2026-07-16", 15),  # the day that is planned when none is named
        ("2026-07-30", "2026-08-03", 30),  # days across the end of a month
        ("2026-07-18", "2026-08-01", 60),  # two weeks
    ],
)
def test_park_of_gaoan(first: str, last: str, minutes: int) -> None:
    prepared = gaoan(first, last, minutes)
    optimum = ours(prepared)
    assert optimum.proof.objective_yuan == pytest.approx(theirs(prepared), rel=SAME)
    if minutes > 15:
        assert optimum.proof.violated > 0  # the repair had something to do


def test_optimum_with_pyomo_is_the_same_dispatch() -> None:
    """The way through Pyomo gives its numbers in the same columns, at the same cost."""
    park = SmallPark(4).grid([5, -3, 8, 2], [6, -4, 3, 1], export_limit=4, demand=7).load([1, 2, 3, 4])
    park.battery(energy_mwh={"max": 9.0, "cost_yuan_per_unit": 1.0}, eta_charge=0.9)
    plan = park.solve()
    other = optimize_with_pyomo(park.devices, park.times, park.hours, park.series, "appsi_highs")
    assert other.proof.objective_yuan == pytest.approx(plan.cost, rel=SAME)
    assert other.proof.violated == 0
    assert other.proof.primal_infeasibility <= 1e-6
    assert other.tiled.program.objective(other.x) == pytest.approx(plan.cost, rel=SAME)


def compare(park: SmallPark) -> int:
    """Solve both ways; return how many pairs the relaxation violated."""
    plan = park.solve()  # asserts gap, bound and every pair
    reference = build_plain_pyomo(park.devices, park.horizon, park.series)
    reference.solve("appsi_highs")
    assert plan.cost == pytest.approx(float(pyo.value(reference.model.objective)), rel=SAME, abs=1e-6)
    return plan.optimum.proof.violated


def test_chords_asked_for_again_and_again() -> None:
    """Violations move to other hours with every chord; the last round must still fit its certificate."""
    park = SmallPark(4, start="2026-07-31 22:00")
    park.grid([-4, -5, -5, 1], [-4, -5, -7, 3], import_limit=20).load([4, 1, 2, 1]).pv([4, 0, 0, 1])
    burner = {"initial_soc": 1.0, "eta_charge": 0.5, "eta_discharge": 0.5}
    compare(park.battery(power_mw=1.0, energy_mwh=6.0, **burner))


def test_one_day_cannot_be_repaired_without_the_other() -> None:
    """The pairs lie in one day, what they cost in the other."""
    park = SmallPark(3, start="2026-07-31 22:00")
    park.grid([1, -2, -3], [3, -4, -4], import_limit=20, export_limit=8).load([0, 4, 3])
    compare(park.battery(power_mw=3.0, energy_mwh=2.0, eta_charge=0.5, eta_discharge=0.5))


def test_repair_that_finds_new_violations() -> None:
    """A first repair shifts the burning into hours that had not been in doubt."""
    buy = [-17, -44, -29, -45, -22, -16, -33, -12, -17, -36, -27, -20]
    sell = [3, -24, -49, -25, -2, -36, -13, 8, -37, -56, -27, 0]
    park = SmallPark(12, start="2026-07-31 22:00").grid(buy, sell, import_limit=20, export_limit=8)
    park.load([2.5, 7.8, 4.1, 2.6, 2.3, 4.8, 2.7, 5.4, 1.2, 2, 7, 4.8])
    park.pv([0, 0, 0, 1.5, 6, 9.2, 8.2, 0.8, 0, 2.8, 2.4, 4.8])
    compare(park.battery(power_mw=4.0, energy_mwh=5.0, initial_soc=1.0, eta_charge=0.94, eta_discharge=0.8))


@pytest.mark.parametrize("price", [[-1, -1, -1, -1], [-1, -2, -1, -2]])
def test_twins_may_do_what_one_device_may_not(price: list[float]) -> None:
    """Of two equal batteries one charges while the other discharges, and at prices below zero that pays.

    As one device of twice the size, which may not, they would cost -8 instead of -17, -16 instead of -28.
    """
    park = SmallPark(4).grid(price)
    for name in ("left", "right"):
        park.battery(name, power_mw=4.0, energy_mwh=4.0, initial_soc=0.5, eta_charge=0.5, eta_discharge=0.5)
    compare(park)


def test_twins_alone_can_take_what_must_run() -> None:
    """A must-run MW, and two small batteries that burn it in turn; one of twice the size would be full."""
    park = SmallPark(3, minutes=15).source(1, least=1)
    for name in ("left", "right"):
        park.battery(name, power_mw=10.0, energy_mwh=0.5, initial_soc=0.5, eta_charge=0.5, eta_discharge=0.5)
    compare(park)


@settings(max_examples=20, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(parks_with_candidate_violations())
def test_where_the_relaxation_breaks_pairs(park: SmallPark) -> None:
    event("violated" if compare(park) else "obeyed")


@settings(max_examples=20, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(parks_with_candidate_violations())
def test_windows_searched_by_machine_code(park: SmallPark) -> None:
    """As in a year of many windows, or in one of several solves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subproblems, "MANY_PAIRS", 0)
        event("violated" if compare(park) else "obeyed")


@pytest.mark.parametrize("minutes", [30, 60])
def test_park_of_gaoan_by_machine_code(minutes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A week across the end of a month, a month: the same optimum, and other windows than the solver's."""
    last = "2026-08-05" if minutes == 30 else "2026-08-29"
    prepared = gaoan("2026-07-29", last, minutes)
    by_solver = ours(prepared).proof
    monkeypatch.setattr(subproblems, "MANY_PAIRS", 0)
    assert ours(prepared).proof.objective_yuan == pytest.approx(by_solver.objective_yuan, rel=2e-9)
    assert by_solver.violated > 0


def test_infeasible_is_said_alike_through_pyomo() -> None:
    """An end state out of reach in two hours: no solver failure, but a park whose limits conflict."""
    park = SmallPark(2).grid(1.0).load(1.0).battery(power_mw=1.0, energy_mwh=100.0, final_soc=0.5)
    with pytest.raises(InfeasibleError, match="battery"):
        optimize_with_pyomo(park.devices, park.times, park.hours, park.series, "appsi_highs")
