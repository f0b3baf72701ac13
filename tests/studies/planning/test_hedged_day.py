"""Set points on several paths: by hand, equal to a plain stochastic program, and what they survive.

Prices in yuan/MWh, power in MW; a battery is perfect and empty. Two hours: 10 and then 50.
"""

from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.optimizer.stochastic.drawn_paths import at_level, drawn_paths
from parkdispatch.optimizer.stochastic.path_program import Risk
from parkdispatch.results.savings.hedged_plan import HedgedPlan, cvar_yuan
from parkdispatch.studies.planning.hedged_day import PathsOfDay, hedge_day
from parkdispatch.studies.solve_options import SolveContext
from tests.support.small_parks import SmallPark

LOAD = ("load", "demand_mw")
PRICES = (10.0, 50.0)
CENT = 1e-5


def two_hours(import_limit_mw: float = 100.0) -> Prepared:
    built = SmallPark(2, 60, "2026-07-15 00:00").grid(list(PRICES), import_limit=import_limit_mw)
    built.load([1.0, 1.0]).battery(energy_mwh=5.0)
    case = replace(load_case("gaoan"), devices=dict(built.devices))
    return Prepared(case, built.horizon.times, 1.0, built.series)


def hedged(paths: list[list[float]], weight: float, level: float = 0.5, most_mw: float = 100.0) -> HedgedPlan:
    drawn = {LOAD: np.array(paths)}
    medians = {LOAD: np.median(drawn[LOAD], axis=0)}
    levels = [(0.5, medians), (0.9, {LOAD: drawn[LOAD].max(axis=0)})]
    given = PathsOfDay(medians, drawn, levels, {"load": 0.0})
    return hedge_day(two_hours(most_mw), given, Risk(weight, level), SolveContext())


def test_a_discharge_must_suit_every_path() -> None:
    """The dear hour needs 2, 2 or 5 MW; nothing is sold: 2 MW are discharged at most."""
    plan = hedged([[1, 2], [1, 2], [1, 5]], 0.0)
    assert plan.set_points["battery.discharge_mw"].tolist() == pytest.approx([0, 2], abs=CENT)
    assert plan.hedged.expected_yuan == pytest.approx((30 + 30 + 180) / 3, abs=CENT)
    assert plan.hedged.worst_yuan == pytest.approx(180, abs=CENT)
    assert plan.gap <= 1e-8


@pytest.mark.parametrize(("weight", "level"), [(0.0, 0.5), (0.4, 0.5), (1.0, 0.75)])
def test_it_is_the_optimum_of_a_plain_stochastic_program(weight: float, level: float) -> None:
    paths = np.random.default_rng(3).uniform(1.0, 6.0, (5, 2))
    plan = hedged(paths.tolist(), weight, level)
    assert plan.objective_yuan == pytest.approx(_extensive_form(paths, weight, level), rel=1e-8)
    assert plan.bound_yuan == pytest.approx(plan.objective_yuan, rel=1e-8)


def _extensive_form(paths: np.ndarray, weight: float, level: float) -> float:
    """The same two-stage program, written out in Pyomo with nothing of the library."""
    model, count = pyo.ConcreteModel(), len(paths)
    model.charge = pyo.Var([0, 1], bounds=(0, 100))
    model.discharge = pyo.Var([0, 1], bounds=(0, 100))
    model.energy = pyo.Var([0, 1], bounds=(0, 5))
    model.bought = pyo.Var(range(count), [0, 1], bounds=(0, 100))
    model.threshold, model.excess = pyo.Var(), pyo.Var(range(count), bounds=(0, None))
    model.rules = pyo.ConstraintList()
    for hour in (0, 1):
        before = model.energy[0] if hour else 0.0
        model.rules.add(model.energy[hour] == before + model.charge[hour] - model.discharge[hour])
        for path in range(count):
            need = paths[path, hour] + model.charge[hour] - model.discharge[hour]
            model.rules.add(model.bought[path, hour] == need)
    costs = [sum(PRICES[hour] * model.bought[path, hour] for hour in (0, 1)) for path in range(count)]
    for path in range(count):
        model.rules.add(model.excess[path] >= costs[path] - model.threshold)
    cvar = model.threshold + sum(model.excess[path] for path in range(count)) / (1 - level) / count
    model.total = pyo.Objective(expr=(1 - weight) * sum(costs) / count + weight * cvar)
    pyo.SolverFactory("appsi_highs").solve(model)
    return float(pyo.value(model.total))


def test_set_points_that_one_path_cannot_take_are_not_planned() -> None:
    with pytest.raises(InfeasibleError, match="no set points meet all limits on every path"):
        hedged([[1, 2], [9, 2]], 0.5, most_mw=5.0)


def test_what_a_plan_survives_is_said_by_level() -> None:
    """With 4 MW to buy at most 3 MWh are charged; the dear hour may need 7 MW, but not 9."""
    plan = hedged([[1, 6], [1, 6]], 0.0, most_mw=4.0)
    assert plan.survived_level == 0.9
    given = PathsOfDay(
        {LOAD: np.array([1.0, 6.0])},
        {LOAD: np.array([[1.0, 6.0]])},
        [(0.5, {LOAD: np.array([1.0, 6.0])}), (0.9, {LOAD: np.array([1.0, 9.0])})],
        {},
    )
    broken = hedge_day(two_hours(4.0), given, Risk(0.0, 0.5), SolveContext())
    assert broken.survived_level == 0.5
    assert broken.survivals[1].peak_mw is None


def test_cvar_counts_the_worst_share() -> None:
    costs = np.array([1.0, 2.0, 3.0, 10.0])
    assert cvar_yuan(costs, 0.75) == 10
    assert cvar_yuan(costs, 0.5) == pytest.approx(6.5)
    assert cvar_yuan(costs, 0.625) == pytest.approx((10 + 1.5) / 1.5)
    assert cvar_yuan(costs, 0.0) == pytest.approx(4.0)


def test_drawn_paths_have_the_quantiles_and_the_correlation_that_were_asked() -> None:
    quantiles = np.tile([6.0, 10.0, 18.0], (40, 1))
    paths = drawn_paths(quantiles, 0.8, 4000, np.random.default_rng(0))
    np.testing.assert_allclose(
        np.quantile(paths, [0.1, 0.5, 0.9], axis=0).mean(axis=1), [6, 10, 18], atol=0.2
    )
    signs = np.sign(paths - 10.0)
    # of a normal autoregression, signs in succession agree with 2 / pi x arcsin of the correlation
    assert (signs[:, 1:] * signs[:, :-1]).mean() == pytest.approx(2 / np.pi * np.arcsin(0.8), abs=0.02)
    np.testing.assert_allclose(at_level(quantiles, 0.9), 18.0)
