"""Set points of several paths by hand: when a path leaves them, and the calmest of equal optima.

Prices in yuan/MWh, power in MW; a battery of 5 MWh is perfect and empty. Hours at 10 and then one at 50.
"""

import numpy as np
import pytest

from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.stochastic.give_way import giving_way_program, set_point_columns
from parkdispatch.optimizer.stochastic.path_optimum import PathOptimum, path_optimum
from parkdispatch.optimizer.stochastic.path_program import PathProgram, Risk, path_program, shared_columns
from tests.support.small_parks import SmallPark

STORES = frozenset({"battery"})
MEAN = Risk(0.0, 0.5)
LOADS = ([1.0, 2.0], [1.0, 2.0], [1.0, 5.0])  # by path


def tiled_paths(loads: list[list[float]]) -> list[Tiled]:
    count = len(loads[0])
    park = SmallPark(count, 60, "2026-07-15 00:00").grid([10.0] * (count - 1) + [50.0])
    park.load(loads[0]).battery(energy_mwh=5.0)
    template = compile_template(park.devices, 1.0)
    horizon = Horizon(park.times, 1.0)
    return [tile(template, horizon, {**park.series, ("load", "demand_mw"): np.array(x)}) for x in loads]


def solved(price: float, intervals: int = 2) -> tuple[PathProgram, PathOptimum]:
    program = giving_way_program(tiled_paths(list(LOADS)), STORES, intervals, price, MEAN)
    return program, path_optimum(program, 60.0)


def test_dear_departures_keep_all_paths_to_the_set_points() -> None:
    """The dear hour needs 2, 2 or 5 MW and nothing is sold: 2 MWh are moved; (30 + 30 + 180) / 3."""
    program, optimum = solved(price=1000.0)
    assert optimum.objective_yuan == pytest.approx(80.0, abs=1e-6)
    assert optimum.x[program.set_points[0]] == pytest.approx([-2.0, 2.0], abs=1e-6)


def test_a_path_leaves_them_where_it_is_worth_its_price() -> None:
    """The third moves 3 MWh more, at 10 for each MWh of both hours: 60 + 60 in place of 180 yuan."""
    program, optimum = solved(price=10.0)
    assert optimum.objective_yuan == pytest.approx((30 + 30 + 60 + 60) / 3, abs=1e-6)
    assert program.path_costs_yuan(optimum.x) == pytest.approx([30, 30, 60], abs=1e-6)
    assert optimum.x[program.set_points[0]] == pytest.approx([-2.0, 2.0], abs=1e-6)


def test_after_the_next_plan_each_path_is_free() -> None:
    """What is charged must suit all; the dear hour is planned again: 2 or 5 MWh, whose median is 2."""
    program, optimum = solved(price=1000.0, intervals=1)
    assert program.set_points.shape == (1, 1)
    # 5 MWh charged: the first two cost 60 with 3 MWh left over, the third 60; 2 MWh: 30, 30, 180
    assert optimum.objective_yuan == pytest.approx(60.0, abs=1e-6)
    assert optimum.x[program.set_points[0]] == pytest.approx([-5.0], abs=1e-6)


def test_columns_of_set_points_are_what_is_drawn_and_injected() -> None:
    tiled = tiled_paths(list(LOADS))[0]
    ((drawn, injected),) = set_point_columns(tiled, STORES)
    keys = [column.key for column in tiled.template.columns]
    assert (keys[drawn], keys[injected]) == (("battery", "charge_mw"), ("battery", "discharge_mw"))


@pytest.mark.parametrize("gives_way", [False, True])
def test_of_equal_optima_the_calmest_is_taken(gives_way: bool) -> None:
    """Charging 4 MWh over four hours of one price changes by 6 MW, in one of them by 12."""
    paths = tiled_paths([[1.0, 1.0, 1.0, 1.0, 4.0], [1.0, 1.0, 1.0, 1.0, 4.0]])
    if gives_way:
        program = giving_way_program(paths, STORES, 5, 1000.0, MEAN)
    else:
        program = path_program(paths, shared_columns(paths[0], STORES), MEAN)
    x = path_optimum(program, 60.0).x[program.columns[0]]
    charged, discharged = set_point_columns(paths[0], STORES)[0]
    set_points = x[paths[0].column_of(discharged)] - x[paths[0].column_of(charged)]
    assert set_points == pytest.approx([-1.0, -1.0, -1.0, -1.0, 4.0], abs=1e-6)
