"""A search that leaves out some exclusive pairs, or has no time, returns a dispatch, or none."""

import time

import numpy as np
import pytest

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.heuristics.resting_dispatch import resting_dispatch
from parkdispatch.optimizer.mip import whole_program
from parkdispatch.optimizer.mip.whole_optimum import solve_within
from parkdispatch.optimizer.mip.whole_program import Bounds, WholeSearch, search_whole_program
from parkdispatch.optimizer.presolve.exclusive_pairs import tighten, violated_pairs
from parkdispatch.optimizer.proof.feasibility import obeys_all
from tests.support.small_parks import SmallPark


def must_be_filled() -> SmallPark:
    """A battery with a least power that must be filled, where buying and wasting power earns money."""
    park = SmallPark(6).load(2.0).grid(-50.0, -60.0, import_limit=20.0, export_limit=20.0)
    return park.battery(
        power_mw=4.0, energy_mwh=8.0, min_charge_mw=1.5, final_soc=1.0, eta_charge=0.8, eta_discharge=0.8
    )


def searched(tiled: Tiled, left_s: float, chosen: Mask | None = None) -> WholeSearch:
    """A search of what is tightened, without a dispatch to begin with."""
    program = tighten(tiled).program
    assert resting_dispatch(tiled, program) is None

    def within(bounds: Bounds) -> tuple[Array, Array]:
        return solve_within(program, bounds)

    return search_whole_program(tiled, program, within, None, 0.0, time.monotonic() + left_s, chosen)


def test_what_is_returned_obeys_pairs_without_a_binary_too() -> None:
    """It cannot rest, and without any binary it charges and idles at once: that was told as the dispatch."""
    park = must_be_filled()
    tiled = park.tiled()
    search = searched(tiled, 10.0, np.zeros((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool))
    assert violated_pairs(tiled, search.searched_x).any()
    assert search.x.size
    assert obeys_all(tiled, tiled.program, search.x)
    assert search.bound_yuan <= park.solve().cost + 1e-6
    assert tiled.program.objective(search.x) >= park.solve().cost - 1e-6


def test_a_search_without_time_is_followed_by_one_for_some_dispatch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_program, "LEAST_S", 0.0)
    tiled = must_be_filled().tiled()
    search = searched(tiled, 0.0)
    assert not search.is_complete
    assert search.bound_yuan == -np.inf
    assert obeys_all(tiled, tiled.program, search.x)
