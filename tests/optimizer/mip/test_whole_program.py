"""A search that leaves out some exclusive pairs returns a dispatch, or none."""

import time

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.heuristics.resting_dispatch import resting_dispatch
from parkdispatch.optimizer.mip.whole_optimum import solve_within
from parkdispatch.optimizer.mip.whole_program import Bounds, search_whole_program
from parkdispatch.optimizer.presolve.exclusive_pairs import tighten, violated_pairs
from parkdispatch.optimizer.proof.feasibility import obeys_all
from tests.support.small_parks import SmallPark


def test_what_is_returned_obeys_pairs_without_a_binary_too() -> None:
    """A battery with a least power that must be filled, where buying and wasting power earns money.

    It cannot rest, and without any binary it charges and idles at once: that was told as the dispatch.
    """
    park = SmallPark(6).load(2.0).grid(-50.0, -60.0, import_limit=20.0, export_limit=20.0)
    park.battery(
        power_mw=4.0, energy_mwh=8.0, min_charge_mw=1.5, final_soc=1.0, eta_charge=0.8, eta_discharge=0.8
    )
    tiled = park.tiled()
    program = tighten(tiled).program
    assert resting_dispatch(tiled, program) is None

    def within(bounds: Bounds) -> tuple[Array, Array]:
        return solve_within(program, bounds)

    without = np.zeros((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
    search = search_whole_program(tiled, program, within, None, 0.0, time.monotonic() + 10.0, without)
    assert violated_pairs(tiled, search.searched_x).any()
    assert search.x.size
    assert obeys_all(tiled, program, search.x)
    assert search.bound_yuan <= park.solve().cost + 1e-6
    assert program.objective(search.x) >= park.solve().cost - 1e-6
