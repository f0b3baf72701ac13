"""A long horizon in blocks has the optimum of the plain Pyomo model, or lies between its bounds.

Horizons of some days count as long here. `pytest tests/optimizer/time_blocks --long-parks 50`
"""

import re
import time
from dataclasses import replace

import numpy as np
import pytest

from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.vocabulary import Period
from parkdispatch.optimizer import general_optimum
from parkdispatch.optimizer.highs import OutOfTime
from parkdispatch.optimizer.mip import whole_optimum
from parkdispatch.optimizer.mip.whole_program import WholeSearch
from parkdispatch.optimizer.presolve.exclusive_pairs import tighten
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, certify
from parkdispatch.optimizer.proof.feasibility import obeys_all
from parkdispatch.optimizer.solve import Optimum, optimize, optimize_with_pyomo
from parkdispatch.optimizer.time_blocks import links
from parkdispatch.optimizer.time_blocks.linked_dispatch import DispatchFinder
from tests.support.parks.long_parks import Promise, Unit, random_long_park
from tests.support.parks.network_parks import add_link
from tests.support.small_parks import Line, SmallPark, Well

LATE_S = 2.0  # after a time limit


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each of the seeds that were asked for."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(metafunc.config.getoption("--long-parks")))


@pytest.fixture(autouse=True)
def days_are_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two days be long, and blocks last a day."""
    monkeypatch.setattr(general_optimum, "MIN_DAYS", 2)
    monkeypatch.setattr(links, "MIN_INTERVALS", 4)


def solved(park: SmallPark, limit_s: float = 5.0, threads: int = 1, *, multipliers: bool = False) -> Optimum:
    """The optimum, which obeys every row, pair and decision, and whose bound is not above it."""
    optimum = optimize(
        park.devices,
        park.times,
        park.hours,
        park.series,
        time_limit_s=limit_s,
        threads=threads,
        multipliers=multipliers,
    )
    assert obeys_all(optimum.tiled, optimum.tiled.program, optimum.x)
    proof = optimum.proof
    assert proof.bound_yuan <= proof.objective_yuan + 1e-9 * abs(proof.objective_yuan)
    return optimum


def plain_bounds_yuan(park: SmallPark, limit_s: float = 20.0) -> tuple[float, float]:
    """Bound and cost of the plain Pyomo model."""
    arguments = (park.devices, park.times, park.hours, park.series)
    proof = optimize_with_pyomo(*arguments, solver="appsi_highs", time_limit_s=limit_s).proof
    return proof.bound_yuan, proof.objective_yuan


def test_the_optimum_of_plain_pyomo_or_between_its_bounds(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """By blocks alone, without a search of the whole."""
    monkeypatch.setattr(general_optimum, "MAX_WHOLE", 0)
    park = random_long_park(seed, 4, hours=4)
    proof = solved(park, 1.0).proof
    bound_yuan, cost_yuan = plain_bounds_yuan(park)
    tolerance_yuan = 1e-6 * abs(cost_yuan)
    assert proof.bound_yuan <= cost_yuan + tolerance_yuan
    assert proof.objective_yuan >= bound_yuan - tolerance_yuan


def test_a_unit_that_starts_once_for_three_days() -> None:
    """Load 4 MW, grid at 500, unit at 300 yuan/MWh with 6,000 a start and least times across midnight.

    For a day the unit earns 24 x 4 x 200 = 19,200, less a start: one start for three days costs 92,400, a
    start a day 104,400. The year's 216 MWh are not enough: 72 MWh come from the grid for 14,400 more, which
    is to be at either end, and not to start again.
    """
    park = SmallPark(36, 120).grid(500.0).load(4.0)
    park.add("unit", Unit(year_mwh=216.0, start_yuan=6000.0), price=300.0)
    optimum = solved(park)
    assert optimum.proof.objective_yuan == pytest.approx(216 * 300 + 72 * 500 + 6000)
    assert optimum.proof.gap <= 1e-6


def test_energy_is_kept_over_several_blocks() -> None:
    """1 MWh costs 10 yuan for 80 hours and 1,000 in the last 16: 10 MWh are stored for these."""
    price = np.where(np.arange(48) < 40, 10.0, 1000.0)
    park = SmallPark(48, 120).grid(price, demand=1.0).load(1.0, bus="low").load(0.5, name="meter")
    park.battery(power_mw=5.0, energy_mwh=10.0, bus="low", final_rule="free")
    add_link(park, 10.0, 10.0)
    proof = solved(park).proof
    assert proof.objective_yuan == pytest.approx(plain_bounds_yuan(park)[1], rel=1e-7)
    assert proof.gap <= 1e-6
    cheap_mwh, dear_mwh = 80 * 1.5 + 10, 16 * 1.5 - 10
    assert proof.objective_yuan == pytest.approx(10 * cheap_mwh + 1000 * dear_mwh + 1.5, rel=1e-3)


@pytest.mark.parametrize(
    ("least", "most", "said"),
    [
        ({"year": 300.0}, {}, "promise.year, 2026: 12.000 short of its limit"),
        ({"month": 300.0}, {"year": 400.0}, "promise.month, 2026-07: 12.000 short of its limit"),
    ],
)
def test_a_total_out_of_reach_is_told_by_how_much(
    least: dict[Period, float], most: dict[Period, float], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three days of 4 MW take 288 MWh of what must not be sold."""
    monkeypatch.setattr(general_optimum, "MAX_WHOLE", 0)
    park = SmallPark(36, 120, "2026-07-28").grid(500.0).load(4.0)
    park.add("unit", Unit(year_mwh=100.0), price=300.0)
    park.add("promise", Promise(least=least, most=most), price=400.0)
    with pytest.raises(InfeasibleError, match=re.escape(said)):
        solved(park)


@pytest.mark.parametrize("year_mwh", [287.9, 288.0])
def test_a_total_that_just_can_be_kept(year_mwh: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly all of the three days' 288 MWh is to be taken at 900 yuan, the rest at 500."""
    monkeypatch.setattr(general_optimum, "MAX_WHOLE", 0)
    park = SmallPark(36, 120, "2026-07-30").grid(500.0).load(4.0)
    park.add("unit", Unit(year_mwh=100.0), price=700.0)
    park.add("promise", Promise(least={"year": year_mwh}, most={}), price=900.0)
    optimum = solved(park)
    assert optimum.proof.objective_yuan == pytest.approx(900 * year_mwh + 500 * (288 - year_mwh))
    assert optimum.proof.gap <= 1e-6


def test_threads_change_nothing() -> None:
    park = random_long_park(3, 2, units=0, hours=4)
    answers = [solved(park, 20.0, threads) for threads in (1, 2, 5)]
    assert {answer.proof.objective_yuan for answer in answers} == {answers[0].proof.objective_yuan}
    assert {answer.proof.bound_yuan for answer in answers} == {answers[0].proof.bound_yuan}
    assert all((answer.x == answers[0].x).all() for answer in answers)


def test_the_multipliers_prove_the_dispatch_among_those_with_its_decisions() -> None:
    optimum = solved(random_long_park(1, 3, units=0, hours=4), multipliers=True)
    final = optimum.final_relaxation
    assert final is not None
    program = final.program
    lower, upper = program.lower, program.upper_fixed_at_zero(final.fixed_at_zero)
    certificate = certify(replace(program, lower=lower, upper=upper), optimum.x, final.row_dual)
    assert certificate.dual_infeasibility <= FEASIBILITY_TOLERANCE
    assert certificate.gap <= max(1e-6, optimum.proof.gap)


@pytest.mark.parametrize("limit_s", [0.2, 1.0])
def test_at_the_time_limit_there_is_a_dispatch_and_a_bound(limit_s: float) -> None:
    """Twelve days of what may all rest, a battery with a least power behind a transformer among it."""
    park = random_long_park(1, 12, units=2)
    began_s = time.process_time()  # of one thread, whatever else the machine does
    proof = solved(park, limit_s).proof
    assert time.process_time() - began_s <= limit_s + LATE_S
    assert proof.bound_yuan < proof.objective_yuan


def test_the_bound_of_blocks_is_told_where_they_have_no_dispatch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a relaxation as a whole, the bound is that of the blocks, and not that of the columns."""

    def no_time(*_: object) -> None:
        raise OutOfTime

    park = random_long_park(2, 3, units=0, hours=4)
    best = solved(park).proof
    monkeypatch.setattr(DispatchFinder, "find", no_time)
    monkeypatch.setattr(whole_optimum, "solve_within", no_time)
    monkeypatch.setattr(whole_optimum, "search_whole_program", no_search)
    proof = solved(park, 2.0).proof
    assert 0.95 * best.objective_yuan <= proof.bound_yuan <= best.objective_yuan


def no_search(*_: object, **__: object) -> WholeSearch:
    """What a search without time has found."""
    nothing, unmarked = np.empty(0), np.empty(0, dtype=bool)
    return WholeSearch(-np.inf, nothing, nothing, nothing, unmarked, unmarked, is_complete=False)


def test_an_infeasible_long_park_is_explained() -> None:
    """5 MW of import for 9 MW of load behind a line, in the last day only."""
    park = SmallPark(48).grid(10.0, import_limit=5.0, demand=1.0).load([4.0] * 40 + [9.0] * 8, bus="low")
    add_link(park, 20.0, 20.0)
    with pytest.raises(InfeasibleError) as by_blocks:
        solved(park)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(general_optimum, "MIN_DAYS", 10)
        with pytest.raises(InfeasibleError) as as_whole:
            solved(park)
    for told in (str(by_blocks.value), str(as_whole.value)):  # which of both buses lacks it is a tie
        assert "2026-07-16" in told and "2026-07-15" not in told
        missing_mwh = re.findall(r"bus \w+ in all: ([0-9.]+) MWh missing", told)
        assert sum(map(float, missing_mwh)) == pytest.approx(8 * 4.0)


def test_a_total_over_all_days_that_cannot_be_met_is_explained() -> None:
    """Every day for itself is feasible: only the year's energy of a unit that is the only supply is short."""
    park = SmallPark(36, 120).load(4.0).add("unit", Unit(year_mwh=200.0), price=300.0)
    with pytest.raises(InfeasibleError, match="88.000 MWh missing"):
        solved(park)


def test_a_cost_without_limit_is_told() -> None:
    park = SmallPark(48).grid(10.0, demand=1.0).load(1.0, bus="low")
    park.add("well", Well(price_yuan_per_mwh=-1.0, bus="low"))
    add_link(park, 20.0, 20.0)
    with pytest.raises(InfeasibleError, match="no limit"):
        solved(park)


def test_days_without_links_and_days_in_one_block() -> None:
    """Whatever the blocks have in common, be it nothing, or however few they are."""
    for count, minutes in ((48, 60), (12, 360)):
        park = add_link(SmallPark(count, minutes).grid(10.0).load(2.0, bus="low"), 20.0, 20.0)
        optimum = solved(park, multipliers=True)
        assert optimum.proof.objective_yuan == pytest.approx(10 * 2 * count * minutes / 60)
        final = optimum.final_relaxation
        assert final is not None
        assert certify(tighten(optimum.tiled).program, optimum.x, final.row_dual).holds


def test_a_day_that_cannot_be_is_named_without_a_search_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """12 days behind a line of 10 MW and a battery of 5 MW/5 MWh; on the 7th 14 MW for three hours.

    Each interval alone can be supplied, but 12 MWh are missing and 5 are stored: the block says so.
    """

    def never(*_: object) -> None:
        raise AssertionError("the whole program was searched")

    monkeypatch.setattr(general_optimum, "find_as_whole", never)
    load_mw = np.full(12 * 24, 5.0)
    load_mw[6 * 24 + 18 : 6 * 24 + 21] = 14.0
    park = SmallPark(12 * 24).grid(500.0, 100.0).load(load_mw, bus="works")
    park.add("line", Line(to="works", power_mw=10.0))
    park.battery(power_mw=5.0, energy_mwh=5.0, bus="works", soc_min=0.0, soc_max=1.0)
    with pytest.raises(InfeasibleError) as told:
        park.solve()
    assert "power at bus works, 2026-07-21 " in str(told.value)
    assert "MWh missing" in str(told.value)
