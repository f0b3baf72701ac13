"""The cut loop ends with the optimum of the whole linear program, and with multipliers that prove it."""

from dataclasses import replace

import numpy as np
import pytest

from parkdispatch.models.device import Array
from parkdispatch.models.vocabulary import Period
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, Solver
from parkdispatch.optimizer.presolve.network_tightening import tighten_over_network
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, certify, primal_infeasibility
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.time_blocks.cut_loop import CutLoop, Evaluation
from tests.support.parks.long_parks import Promise, Unit, random_long_park
from tests.support.small_parks import SmallPark

GAP = 1e-9


def optimum_yuan(program: LinearProgram) -> float:
    """The optimum of a whole linear program."""
    solver = Solver()
    solver.load(program)
    return program.objective(solver.solve().x)


def loop_of(tiled: Tiled, program: LinearProgram, length: int, threads: int = 1) -> CutLoop:
    """The loop of blocks of so many intervals."""
    return CutLoop(tiled, program, list(range(0, len(tiled.horizon), length)), ThreadPool(threads))


@pytest.mark.parametrize(("seed", "length"), [(0, 12), (1, 18), (2, 24), (3, 15)])
def test_its_optimum_and_multipliers_are_those_of_the_whole_program(seed: int, length: int) -> None:
    """A month's peak on either side of the month's end, totals of the year, a battery, a tank, a unit."""
    tiled = random_long_park(seed, 4).tiled()
    program = tighten_over_network(tiled)
    loop = loop_of(tiled, program, length)
    answer = loop.run(GAP)
    expected_yuan = optimum_yuan(program)
    assert loop.best is not None
    assert loop.best.cost_yuan == pytest.approx(expected_yuan, rel=1e-8)
    assert loop.bound_yuan == pytest.approx(expected_yuan, rel=1e-8)
    assert loop.bound_yuan <= expected_yuan + 1e-9 * abs(expected_yuan)
    assert primal_infeasibility(program, loop.best.x) <= FEASIBILITY_TOLERANCE
    certificate = certify(program, loop.best.x, loop.row_multipliers(answer))
    assert certificate.holds, certificate


@pytest.mark.parametrize("seed", range(2))
def test_bounds_and_points_on_the_way_enclose_the_optimum(seed: int) -> None:
    """Links that break a total of the year are no point: they were 5 % below the optimum."""
    tiled = random_long_park(seed, 4).tiled()
    loop, expected_yuan = loop_of(tiled, tiled.program, 12), optimum_yuan(tiled.program)
    for gap in (1.0, 0.1, 1e-2, 1e-4):
        loop.run(gap, None if loop.best is None else loop.best.links)
        assert loop.bound_yuan <= expected_yuan + 1e-9 * abs(expected_yuan)
        assert loop.best is None or loop.best.cost_yuan >= expected_yuan - 1e-7 * abs(expected_yuan)


@pytest.mark.parametrize("seed", range(2))
def test_a_block_begun_like_another_day_has_the_same_optimum(seed: int) -> None:
    """Two days between others; the one that begins like the other has other bounds and a row more."""
    tiled = random_long_park(seed, 6).tiled()
    program = tighten_over_network(tiled)
    blocks, tight = loop_of(tiled, tiled.program, 12).blocks, loop_of(tiled, program, 12).blocks
    day, next_day, expected = blocks[1], tight[2], loop_of(tiled, program, 12).blocks[2]
    values = np.zeros(len(expected.part.links))
    day.at(np.zeros(len(day.part.links)))
    next_day.begin_like(day)
    assert next_day.is_solved
    assert next_day.at(values).cut.value == pytest.approx(expected.at(values).cut.value, rel=1e-9, abs=1e-6)


def test_a_peak_by_hand() -> None:
    """Two days of loads 4 and 9 MW at 10 yuan, a peak at 100 yuan: 24 x 13 x 10 + 900 = 4,020 yuan.

    A peak of each day for itself would cost 400 yuan more. The 900 yuan are borne by the second day: its
    balances have prices of 10 and together 100 yuan, those of the first one 10 each.
    """
    park = SmallPark(48, 60, "2026-07-01").grid(10.0, demand=100.0).load([4.0] * 24 + [9.0] * 24)
    tiled = park.tiled()
    loop = loop_of(tiled, tiled.program, 24)
    answer = loop.run(GAP)
    assert loop.best is not None
    assert loop.best.cost_yuan == pytest.approx(24 * 13 * 10 + 900)
    assert loop.bound_yuan == pytest.approx(24 * 13 * 10 + 900)
    rows = [row.key[0] for row in tiled.template.rows]
    balance = loop.row_multipliers(answer)[rows.index("balance") : 48 * len(rows) : len(rows)]
    assert np.abs(balance[:24]) == pytest.approx([10.0] * 24)
    assert np.abs(balance[24:]).sum() == pytest.approx(24 * 10 + 100)


def test_blocks_without_anything_in_common() -> None:
    """Three days of one load and one meter, and no link: the sum of the days."""
    tiled = SmallPark(72).grid(10.0).load(2.0).tiled()
    loop = loop_of(tiled, tiled.program, 24)
    answer = loop.run(GAP)
    assert loop.best is not None
    assert (loop.best.cost_yuan, loop.bound_yuan) == pytest.approx((1440.0, 1440.0))
    assert certify(tiled.program, loop.best.x, loop.row_multipliers(answer)).holds


def test_one_block_is_the_whole_program() -> None:
    tiled = random_long_park(5, 2).tiled()
    loop = loop_of(tiled, tiled.program, len(tiled.horizon))
    answer = loop.run(GAP)
    assert loop.best is not None
    assert loop.best.cost_yuan == pytest.approx(optimum_yuan(tiled.program), rel=1e-8)
    assert certify(tiled.program, loop.best.x, loop.row_multipliers(answer)).holds


def test_threads_change_nothing() -> None:
    tiled = random_long_park(6, 4).tiled()
    answers = []
    for threads in (1, 2, 5):
        loop = loop_of(tiled, tiled.program, 12, threads)
        loop.run(1e-6)
        assert loop.best is not None
        answers.append((loop.best.x.tolist(), loop.bound_yuan))
    assert answers[0] == answers[1] == answers[2]


def test_without_time_nothing_is_solved() -> None:
    tiled = random_long_park(0, 3).tiled()
    with pytest.raises(OutOfTime):
        CutLoop(tiled, tiled.program, [0, 12, 24], ThreadPool(1), deadline=0.0).run(GAP)


def test_an_infeasible_block_says_so() -> None:
    """A load that no meter can carry in the second day, at any links."""
    tiled = SmallPark(48).grid(10.0, import_limit=5.0, demand=1.0).load([4.0] * 40 + [9.0] * 8).tiled()
    with pytest.raises(InfeasibleProgram):
        loop_of(tiled, replace(tiled.program), 24).run(GAP)


def unit_with_a_year_of(year_mwh: float, days: int) -> SmallPark:
    """A load of 4 MW, a grid whose price differs from day to day, and a cheaper unit with little fuel."""
    price = np.repeat(400.0 + 20.0 * (np.arange(days) * 7 % days), 24)
    park = SmallPark(24 * days, 60, "2026-07-01").grid(price, demand=10.0).load(4.0)
    park.battery(power_mw=2.0, energy_mwh=6.0, final_rule="free")
    return park.add("unit", Unit(year_mwh=year_mwh), price=100.0)


def rounds_of(loop: CutLoop, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the loop solves all of its blocks until it is done."""
    solved, evaluate = list[int](), CutLoop.evaluate

    def counted(self: CutLoop, values: Array) -> Evaluation:
        solved.append(1)
        return evaluate(self, values)

    monkeypatch.setattr(CutLoop, "evaluate", counted)
    loop.run(1e-6)
    return len(solved)


def test_a_total_that_is_not_reached_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """More fuel than the unit can burn: as many rounds as with ten times as much, and the same bound."""
    tiled = [unit_with_a_year_of(year_mwh, 20).tiled() for year_mwh in (2e4, 2e5)]
    loops = [loop_of(park, park.program, 24) for park in tiled]
    rounds = [rounds_of(loop, monkeypatch) for loop in loops]
    assert rounds[0] == rounds[1]
    assert loops[0].bound_yuan == loops[1].bound_yuan


@pytest.mark.parametrize("year_mwh", [100.0, 700.0, 1500.0])
def test_a_total_that_is_short_takes_few_rounds(year_mwh: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty days share what the unit may burn: the dearest days' hours get it."""
    tiled = unit_with_a_year_of(year_mwh, 40).tiled()
    loop = loop_of(tiled, tiled.program, 24)
    assert rounds_of(loop, monkeypatch) <= 15
    assert loop.bound_yuan == pytest.approx(optimum_yuan(tiled.program), rel=2e-6)


@pytest.mark.parametrize(
    ("least", "most", "yuan"),
    [
        ({}, {}, 2 * 24 * 4 * 50 + 24 * 4 * 30),
        ({"year": 150.0}, {}, 24 * 4 * 50 + 54 * 60 + (96 - 54) * 50 + 96 * 30),
        ({"year": 120.0, "month": 60.0}, {}, 60 * 60 + 132 * 50 + 96 * 30),
        ({}, {"year": 10.0}, 2 * 96 * 50 + 10 * 30 + 86 * 40),
        ({"year": 10.0}, {"year": 10.0, "month": 10.0}, 2 * 96 * 50 + 10 * 30 + 86 * 40),
        ({"year": 200.0}, {"month": 104.0}, 104 * 60 + 88 * 50 + 96 * 30),
    ],
)
def test_totals_by_hand(least: dict[Period, float], most: dict[Period, float], yuan: float) -> None:
    """Three days of 4 MW; the grid costs 50, 50 and 40 yuan/MWh, the unit 60, 60 and 30."""
    price = [np.repeat(of_days, 24) for of_days in ([50.0, 50.0, 40.0], [60.0, 60.0, 30.0])]
    park = SmallPark(72, 60, "2026-07-30").grid(price[0]).load(4.0)
    park.add("unit", Promise(least=least, most=most), price=price[1])
    tiled = park.tiled()
    loop = loop_of(tiled, tiled.program, 24)
    answer = loop.run(GAP)
    assert loop.best is not None
    assert optimum_yuan(tiled.program) == pytest.approx(yuan)
    assert (loop.best.cost_yuan, loop.bound_yuan) == pytest.approx((yuan, yuan))
    assert certify(tiled.program, loop.best.x, loop.row_multipliers(answer)).holds


@pytest.mark.parametrize("seed", range(12))
def test_totals_of_all_kinds_beside_each_other(seed: int) -> None:
    """Of months and of the year, least and most, some of them short: the optimum of the whole program."""
    random = np.random.default_rng(seed)
    park, days = random_long_park(seed, 6, units=0), 6
    for number in range(2):
        energy_mwh = random.uniform(0.0, 144.0 * days, 3)
        least: dict[Period, float] = {"year": energy_mwh[0] / 2} if random.random() < 0.5 else {}
        most: dict[Period, float] = {"month": 40.0 + energy_mwh[1]} if random.random() < 0.7 else {}
        most |= {"year": energy_mwh[0] / 2 + 40.0} if random.random() < 0.5 else {}
        price = random.uniform(0, 900, len(park.times)).round()
        park.add(f"promise_{number}", Promise(least=least, most=most, bus="low"), price=price)
    tiled = park.tiled()
    program = tighten_over_network(tiled)
    loop = loop_of(tiled, program, 12)
    answer = loop.run(GAP)
    expected_yuan = optimum_yuan(program)
    assert loop.best is not None
    assert (loop.best.cost_yuan, loop.bound_yuan) == pytest.approx((expected_yuan, expected_yuan), rel=1e-7)
    assert primal_infeasibility(program, loop.best.x) <= FEASIBILITY_TOLERANCE
    assert certify(program, loop.best.x, loop.row_multipliers(answer)).dual_infeasibility <= 1e-6
