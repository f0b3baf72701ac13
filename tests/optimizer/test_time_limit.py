"""At the time limit there is a dispatch, its bound and its gap; a limit that is too short says so.

No test here measures seconds: where time is short, it is zero.
"""

import time

import numpy as np
import pytest

from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer import window_optimum
from parkdispatch.optimizer.formulation.plain_pyomo import build_plain_pyomo
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.heuristics.resting_dispatch import resting_dispatch
from parkdispatch.optimizer.highs import OutOfTime, Solver
from parkdispatch.optimizer.presolve.exclusive_pairs import tighten
from parkdispatch.optimizer.proof.feasibility import obeys_all
from parkdispatch.optimizer.solve import optimize
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.tiled_optimum import NoFeasibleDispatch
from parkdispatch.optimizer.time_budget import current_deadline, ending_at
from tests.support.parks.network_parks import add_transformer
from tests.support.small_parks import Plan, SmallPark


def park_of(days: int, least_mw: float = 0.0) -> SmallPark:
    """A park with two different batteries that earn money by moving energy."""
    park = SmallPark(days * 96, 15, "2026-07-01")
    hour = (park.times.hour + park.times.minute / 60).to_numpy()
    park.grid(np.where(hour < 8, 200.0, 900.0), 300.0, import_limit=50, export_limit=50, demand=40_000.0)
    park.load(10.0).pv(np.maximum(0.0, 20 * np.sin((hour - 6) / 12 * np.pi)))
    for number, energy_mwh in enumerate((4.0, 9.0)):
        least = {"min_charge_mw": least_mw, "min_discharge_mw": least_mw}
        park.battery(f"battery_{number}", power_mw=3.0, energy_mwh=energy_mwh, eta_charge=0.9, **least)
    return park


@pytest.mark.parametrize("least_mw", [0.0, 1.5])
@pytest.mark.parametrize("days", [1, 4])
def test_without_time_whatever_can_rests_and_the_bound_holds(
    days: int, least_mw: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With batteries at rest a day costs what load less PV costs: here that is computed by hand."""
    park = park_of(days, least_mw)
    with monkeypatch.context() as patch:
        patch.setattr(window_optimum, "LEAST_RELAXATION_S", 0.0)
        plan = Plan(optimize(park.devices, park.times, park.hours, park.series, time_limit_s=0.0))
    proof = plan.optimum.proof
    assert proof.method.key == "resting"
    assert plan.simultaneous() == 0
    net_mw = 10.0 - park.series["pv", "available_mw"]
    buy, sell = (park.series["grid", f"{name}_price_yuan_per_mwh"] for name in ("purchase", "sale"))
    energy_yuan = np.where(net_mw > 0, buy * net_mw, sell * net_mw).sum() * 0.25
    assert proof.objective_yuan == pytest.approx(energy_yuan + 40_000 * net_mw.max())
    better = optimize(park.devices, park.times, park.hours, park.series, time_limit_s=0.5).proof
    assert proof.bound_yuan <= better.objective_yuan <= proof.objective_yuan


def test_a_machine_that_must_run_does_not_rest() -> None:
    """Members of pairs are released where a balance needs them, here the only supply: the battery."""
    park = (
        SmallPark(4).load([1, 2, 0, 1]).battery(power_mw=2.0, energy_mwh=8.0, initial_soc=1.0, final_soc=0.0)
    )
    tiled = park.tiled()
    resting = resting_dispatch(tiled, tighten(tiled).program)
    assert resting is not None
    assert tiled.program.matrix @ resting.x == pytest.approx(tiled.program.matrix @ park.solve().x)


def test_a_limit_too_short_says_so_and_not_that_there_is_no_dispatch(monkeypatch: pytest.MonkeyPatch) -> None:
    """What must be charged by noon cannot rest, and without time nothing else is tried."""
    park = park_of(1).battery("full_by_night", power_mw=3.0, energy_mwh=6.0, final_soc=1.0)
    monkeypatch.setattr(window_optimum, "LEAST_RELAXATION_S", 0.0)
    with pytest.raises(NoFeasibleDispatch, match="too short: no dispatch was found, nor a proof"):
        optimize(park.devices, park.times, park.hours, park.series, time_limit_s=0.0)


def test_the_bound_that_is_left_is_in_yuan(monkeypatch: pytest.MonkeyPatch) -> None:
    """A park whose prices are a millionth is solved in another unit of money."""
    park = park_of(1)
    for name in ("purchase_price_yuan_per_mwh", "sale_price_yuan_per_mwh"):
        park.series["grid", name] = park.series["grid", name] * 1e-6

    def ends(scaled: Tiled, *_: object, **__: object) -> None:
        assert scaled.money_unit_yuan != 1
        raise NoFeasibleDispatch(7.0 / scaled.money_unit_yuan)

    monkeypatch.setattr(window_optimum, "find_optimum", ends)
    park.devices["grid"] = park.devices["grid"].model_copy(update={"scheme": "single_part"})
    with pytest.raises(NoFeasibleDispatch, match="costs at least 7.00 yuan") as ended:
        optimize(park.devices, park.times, park.hours, park.series)
    assert ended.value.bound_yuan == pytest.approx(7.0)


def test_a_solver_obeys_the_deadline_of_its_thread_and_a_pool_hands_it_on() -> None:
    tiled = park_of(31).tiled()

    def ends(_: int) -> bool:
        solver = Solver(presolve=False)
        solver.load(tiled.program)
        try:
            solver.solve()
        except OutOfTime:
            return True
        return False

    for workers in (1, 2):
        with ThreadPool(workers) as pool, ending_at(time.monotonic()):
            assert pool.map(ends, range(2)) == [True, True]
    assert current_deadline() == np.inf


def test_an_inner_deadline_does_not_outlast_an_outer_one() -> None:
    with ending_at(5.0), ending_at(9.0):
        assert current_deadline() == 5.0


def test_a_solver_of_pyomo_has_the_limit_too() -> None:
    """Without time it has found nothing; before, it went on for 41 minutes with a limit of one."""
    park = park_of(3, 1.5)
    model = build_plain_pyomo(park.devices, park.horizon, park.series)
    with pytest.raises(SolverError, match="found no optimum"):
        model.solve("appsi_highs", time_limit_s=1e-3)


def test_behind_a_transformer_a_battery_with_a_least_power_rests() -> None:
    """The import that its bus needs comes over the transformer; releasing the battery there is in vain."""
    park = SmallPark(4).grid(500.0, import_limit=20.0).load(3.0, bus="low")
    add_transformer(park, 10.0, 0.0).battery(power_mw=2.0, energy_mwh=4.0, min_charge_mw=1.0, bus="low")
    tiled = park.tiled()
    resting = resting_dispatch(tiled, tighten(tiled).program)
    assert resting is not None
    assert obeys_all(tiled, tiled.program, resting.x)
    assert tiled.program.objective(resting.x) == pytest.approx(4 * 3 * 500)
