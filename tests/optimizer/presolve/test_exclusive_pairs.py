"""What is concluded about exclusive pairs before anything is solved must never cost an optimum."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from parkdispatch.models.device import Array, SeriesSpec
from parkdispatch.models.vocabulary import Interval, Terms
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver
from parkdispatch.optimizer.presolve.exclusive_pairs import (
    TightenedProgram,
    candidate_violations,
    tighten,
    violated_pairs,
)
from parkdispatch.optimizer.presolve.valid_inequalities import ROWS_PER_PAIR, with_valid_inequalities
from tests.support.small_parks import Bare, SmallPark, parks_with_candidate_violations

SLOW = [HealthCheck.too_slow]


def every(tiled: Tiled) -> Mask:
    return np.ones((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)


def milp(tiled: Tiled, program: LinearProgram) -> float | None:
    """Optimum of the program with a binary for every pair; None where nothing fits."""
    solver = Solver(time_limit_s=20)
    solver.load(tiled.with_binaries(every(tiled), program))
    try:
        answer = solver.solve()
    except InfeasibleProgram:
        return None
    return tiled.program.objective(answer.x[: len(program.cost)])


def upper(tiled: Tiled, program: LinearProgram, device: str, name: str) -> Array:
    """Upper bound of a variable in every interval."""
    keys = [column.key for column in tiled.template.columns]
    return program.upper[tiled.column_of(keys.index((device, name)))]


# --- nothing is lost


@st.composite
def parks_with_sources(draw: st.DrawFn) -> SmallPark:
    """Parks with profitable violations, and devices that could replace the grid at prices around its own."""
    park = draw(parks_with_candidate_violations(most=6))
    count = len(park.times)
    whole = st.lists(st.integers(-50, 100), min_size=count, max_size=count)
    if draw(st.booleans()):
        park.source(3, draw(whole))
    if draw(st.booleans()):
        forced = np.abs(np.array(draw(whole), float)) / 20
        park.source(forced, 10, least=forced, name="must")
    if draw(st.booleans()):
        park.add("fuel", Fuel(limit_mwh=2.0), price=draw(whole))
    if draw(st.booleans()):
        park.grid(draw(whole), -5, import_limit=4, export_limit=2, name="second")
    return park


class Fuel(Bare):
    """A source at a price whose energy of a day is limited: using more of it is not free."""

    limit_mwh: float
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {"price": SeriesSpec(title="price", unit="")}

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.power_mw = pyo.Var(bounds=(0, 3))
        interval.total("fuel", block.power_mw * interval.hours, "day", upper=self.limit_mwh)
        price = interval.series("price") * interval.hours
        return Terms({self.bus: block.power_mw}, {"fuel": price * block.power_mw})


class Counted(Bare):
    """A connection at a price that lets power in or out and counts what came in, perhaps for a reward."""

    reward_yuan: float

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.in_mw, block.out_mw = pyo.Var(bounds=(0, 9)), pyo.Var(bounds=(0, 9))
        block.count = pyo.Var(bounds=(0, None))
        before = interval.previous(block.count, initial=0.0)
        block.counting = pyo.Constraint(expr=block.count == before + interval.hours * block.in_mw)
        interval.either_or(block.in_mw, block.out_mw)
        costs = {"in": 5 * block.in_mw, "reward": -self.reward_yuan * block.count}
        return Terms({self.bus: block.in_mw - block.out_mw}, costs)


@settings(max_examples=20, derandomize=True, suppress_health_check=SLOW)
@given(parks_with_sources())
def test_tighter_bounds_keep_the_optimum(park: SmallPark) -> None:
    """With all binaries, the optimum is the same before and after, and with chords everywhere, too."""
    tiled = park.tiled()
    tight = tighten(tiled)
    program = tight.program
    assert (program.upper <= tiled.program.upper).all()
    assert (program.upper >= program.lower).all()
    assert all(  # nothing else is touched
        getattr(program, field.name) is getattr(tiled.program, field.name)
        for field in fields(program)
        if field.name != "upper"
    )
    before, after = milp(tiled, tiled.program), milp(tiled, program)
    if before is None:
        assert after is None
        return
    assert after == pytest.approx(before, rel=1e-6, abs=1e-4)
    open_ = every(tiled)
    for number, pair in enumerate(tiled.template.pairs):
        for member in (pair.a, pair.b):
            open_[number] &= program.upper[tiled.column_of(member)] > 0
    assume(open_.any())
    cut = with_valid_inequalities(tiled, tight, open_)
    assert milp(tiled, cut) == pytest.approx(before, rel=1e-6, abs=1e-4)


@pytest.mark.parametrize("limits", [(10.0, 10.0), (2.0, 7.0), (1e-3, 50.0)])
def test_chord_is_the_tightest_row(limits: tuple[float, float]) -> None:
    """Both corners lie on it, every exclusive point within, every mixture of the corners on it."""
    import_limit, export_limit = limits
    park = SmallPark(3).grid(1, 2, import_limit=import_limit, export_limit=export_limit).source(20)
    tiled = park.tiled()
    program = tiled.program
    chosen, unknown = np.array([[True, False, True]]), np.full((1, 3), np.nan)
    cut = with_valid_inequalities(tiled, TightenedProgram(program, program.upper, unknown, unknown), chosen)
    first = program.matrix.shape[0]
    assert cut.matrix.shape == (first + ROWS_PER_PAIR * 2, len(program.cost))
    matrix, most = cut.matrix[first : first + 2], cut.row_upper[first : first + 2]
    pair = tiled.template.pairs[0]
    for row, t in enumerate([0, 2]):
        a, b = tiled.column_of(pair.a)[t], tiled.column_of(pair.b)[t]
        for share in (0.0, 0.25, 1.0):
            x = np.zeros(len(program.cost))
            x[a], x[b] = share * import_limit, (1 - share) * export_limit
            assert (matrix @ x)[row] == pytest.approx(most[row])
            x[a] += 1e-2 * import_limit
            assert (matrix @ x)[row] > most[row]
        for only, limit in ((a, import_limit), (b, export_limit)):
            for value in (0.0, 0.5 * limit, limit):
                x = np.zeros(len(program.cost))
                x[only] = value
                assert (matrix @ x <= most * (1 + 1e-12)).all()


def rows_of_pairs(park: SmallPark) -> list[dict[str, float]]:
    """The rows added where every pair is marked: coefficients by the variable's name, and what is allowed."""
    tiled = park.tiled()
    tight = tighten(tiled)
    where = np.zeros((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
    where[[pair.key[0] for pair in tiled.template.pairs].index("grid")] = True
    cut, pair_rows = with_valid_inequalities(tiled, tight, where), []
    names = [column.key[1] for column in tiled.template.columns]
    for row in range(tight.program.matrix.shape[0], cut.matrix.shape[0]):
        entries = cut.matrix[[row]]
        pair_rows.append(
            {names[c % len(names)]: v for c, v in zip(entries.indices, entries.data, strict=True)}
        )
        pair_rows[-1]["most"] = cut.row_upper[row]
    return pair_rows


def test_export_needs_a_discharge_that_makes_up_for_the_load() -> None:
    """Load 3, battery 5 MW: at rest 3 are imported, so of a discharge of 5 MW 2 are exported, and of any less
    than that share of 2/5. Import is at most 3 and what is charged.
    """
    park = SmallPark(1).grid(10, 20, import_limit=20, export_limit=9).load(3)
    park.battery(power_mw=5.0, initial_soc=0.5)
    chord, limit_of_export, limit_of_import = rows_of_pairs(park)
    assert chord == pytest.approx({"import_mw": 2 / 8, "export_mw": 1.0, "most": 2.0})
    assert limit_of_export == pytest.approx({"export_mw": 1.0, "discharge_mw": -2 / 5, "most": 0.0})
    assert limit_of_import == pytest.approx({"import_mw": 1.0, "charge_mw": -1.0, "most": 3.0})


def test_import_needs_a_charge_that_takes_the_surplus() -> None:
    """Load 1, sun 4, battery 5 MW: at rest 3 are exported; of a charge of 5 MW 2 are imported. The sun is
    used up before anything is imported, so it takes no part.
    """
    park = SmallPark(1).grid(10, 20, import_limit=20, export_limit=9).load(1).pv(4)
    park.battery(power_mw=5.0, initial_soc=0.5)
    _, limit_of_export, limit_of_import = rows_of_pairs(park)
    assert limit_of_import == pytest.approx({"import_mw": 1.0, "charge_mw": -2 / 5, "most": 0.0})
    assert limit_of_export == pytest.approx({"export_mw": 1.0, "discharge_mw": -1.0, "most": 3.0})


def test_what_works_both_ways_tells_nothing() -> None:
    """A dear source between -2 and 2 MW may help either member from its rest: both have their bounds only."""
    park = SmallPark(1).grid(10, 20, import_limit=20, export_limit=9).load(1).source(2, 50, least=-2)
    _, limit_of_export, limit_of_import = rows_of_pairs(park)
    assert limit_of_export == pytest.approx({"export_mw": 1.0, "most": 1.0})
    assert limit_of_import == pytest.approx({"import_mw": 1.0, "most": 3.0})


def test_limits_take_the_gain_from_both_members_while_all_else_rests() -> None:
    """Bought at 10 and sold at 13, load 3, a battery of 5 MW that must be as full at the end as at first: to
    charge and discharge loses more than is gained, so 3 are bought for 30. With the chord alone the linear
    program buys 4 and sells 1: (3 + b) / 8 + b / 2 <= 1, and 4 x 10 - 13 = 27.
    """
    park = SmallPark(1).grid(10, 13, import_limit=20, export_limit=9).load(3)
    losses = {"eta_charge": 0.9, "eta_discharge": 0.9}
    tiled = park.battery(power_mw=5.0, energy_mwh=20.0, initial_soc=0.5, **losses).tiled()
    tight = tighten(tiled)
    where = candidate_violations(tiled, tight.program)
    assert where.any()
    costs = []
    unknown = np.full_like(tight.idle_net_min, np.nan)
    for tightened in (tight, TightenedProgram(tight.program, tight.implied_upper, unknown, unknown)):
        solver = Solver()
        solver.load(with_valid_inequalities(tiled, tightened, where))
        costs.append(tiled.program.objective(solver.solve().x))
    assert costs == pytest.approx([30.0, 27.0])


# --- what is concluded, by hand


def test_no_surplus_no_export() -> None:
    """Load 5, 1, 1; battery 2 MW; sun 0, 0, 4. Surplus at most 0 + 2 - 5 < 0, 2 - 1 = 1 and 4 + 2 - 1 = 5:
    export is settled at night, and the bounds are 0, 1 and 5 instead of 9.
    """
    park = SmallPark(3).grid(10, 4, import_limit=20, export_limit=9).load([5, 1, 1]).pv([0, 0, 4])
    tiled = park.battery(power_mw=2.0).tiled()
    assert upper(tiled, tiled.program, "grid", "export_mw") == pytest.approx([9, 9, 9])
    assert upper(tiled, tighten(tiled).program, "grid", "export_mw") == pytest.approx([0, 1, 5])


def test_sun_comes_before_import_where_it_is_no_dearer() -> None:
    """Load 5, battery 2 MW, sun 3: imported only once the sun is used up, 5 + 2 - 3 = 4. At a price below
    zero importing pays more than using the sun, and 5 + 2 = 7 may come. At zero either does.
    """
    park = SmallPark(3).grid([10, -10, 0], -20, import_limit=20, export_limit=9).load(5).pv(3)
    tiled = park.battery(power_mw=2.0).tiled()
    assert upper(tiled, tighten(tiled).program, "grid", "import_mw") == pytest.approx([4, 7, 4])


@pytest.mark.parametrize("minutes", [60, 5])
def test_demand_charge_does_not_hinder_dominance(minutes: int) -> None:
    """Sun instead of import relieves the month's peak, too; the bound is the same with a demand price.

    With five minutes the energy of the quarter-hour is counted in between, of which nothing wants more.
    """
    park = SmallPark(2, minutes).grid(10, 4, import_limit=20, export_limit=9, demand=100).load(5).pv(3)
    tiled = park.tiled()
    assert upper(tiled, tighten(tiled).program, "grid", "import_mw") == pytest.approx([2, 2])


@pytest.mark.parametrize(("reward", "bound"), [(0.0, 0.0), (1.0, 2.0)])
def test_what_is_counted_for_a_reward_hinders_dominance(reward: float, bound: float) -> None:
    """Load 2, a source of 3 MW for nothing: used before a pass that counts what goes through it, unless the
    count is worth something.
    """
    park = SmallPark(2).load(2).source(3).add("pass", Counted(reward_yuan=reward))
    tiled = park.tiled()
    assert upper(tiled, tighten(tiled).program, "pass", "in_mw") == pytest.approx([bound, bound])


def test_priced_source_comes_first_only_where_it_is_cheaper() -> None:
    """A source of 3 MW at 30 against a grid at 20, 30 and 40, load 5: import up to 5, 2 and 2."""
    park = SmallPark(3).grid([20, 30, 40], 0, import_limit=20, export_limit=9).load(5).source(3, 30)
    tiled = park.tiled()
    assert upper(tiled, tighten(tiled).program, "grid", "import_mw") == pytest.approx([5, 2, 2])


def test_limited_fuel_does_not_come_first() -> None:
    """A cheaper source with 2 MWh a day is saved for the dear hour, so import stays open up to the load of 5.

    Two hours at 10 and 100, load 2, fuel at 1: 2 x 10 + 2 x 1 = 22. Fuel first would cost 202.
    """
    park = SmallPark(2).grid([10, 100], 0, import_limit=20, export_limit=9).load(2)
    park.add("fuel", Fuel(limit_mwh=2.0), price=1)
    tiled = park.tiled()
    assert upper(tiled, tighten(tiled).program, "grid", "import_mw") == pytest.approx([2, 2])
    assert park.solve().cost == pytest.approx(22)


def test_stored_energy_does_not_come_first() -> None:
    """Discharging is free now and costs later: import stays open up to load and charging, 5 + 2."""
    park = SmallPark(2).grid(10, 0, import_limit=20, export_limit=9).load(5)
    tiled = park.battery(power_mw=2.0, energy_mwh=4.0, initial_soc=1.0).tiled()
    assert upper(tiled, tighten(tiled).program, "grid", "import_mw") == pytest.approx([7, 7])


def test_lossless_battery_is_settled_by_its_energy() -> None:
    """Energy between 0 and 3 MWh, lossless, in a quarter-hour: at most 3 / 0.25 = 12 MW net, of 100. In the
    first it is empty and gives nothing.
    """
    tiled = SmallPark(2, minutes=15).grid(1).load(20).battery(energy_mwh=3.0).tiled()
    program = tighten(tiled).program
    assert upper(tiled, program, "battery", "charge_mw") == pytest.approx([12, 12])
    assert upper(tiled, program, "battery", "discharge_mw") == pytest.approx([0, 12])


def test_contradiction_is_left_to_the_solver() -> None:
    """A load above what may come: bounds stay in order, and the program has no answer."""
    tiled = SmallPark(2).grid(1, 0, import_limit=3, export_limit=3).source(9, least=9).load(2).tiled()
    program = tighten(tiled).program
    assert (program.upper >= program.lower).all()
    assert milp(tiled, program) is None
    assert milp(tiled, tiled.program) is None


# --- candidate and actual violations


def test_candidates_only_where_both_at_once_pay() -> None:
    """Bought and sold at (5, 4), (5, 6), (-5, 4), (-5, -6): the second and the third pay, but in the third
    export is shut.
    """
    park = SmallPark(4).grid(
        [5, 5, -5, -5], [4, 6, 4, -6], import_limit=20, export_limit=[9, 9, 0, 9], name="grid"
    )
    tiled = park.source(20).tiled()
    assert candidate_violations(tiled, tiled.program).tolist() == [[False, True, False, False]]


def test_violated_where_both_exceed_the_tolerance() -> None:
    tiled = SmallPark(4).grid(1, 2, export_limit=9).load(1).tiled()
    pair = tiled.template.pairs[0]
    x = np.zeros(len(tiled.program.cost))
    x[tiled.column_of(pair.a)] = [1, 1, 0, 2e-6]
    x[tiled.column_of(pair.b)] = [0, 0.5e-6, 1, 2e-6]
    assert violated_pairs(tiled, x).tolist() == [[False, False, False, True]]
