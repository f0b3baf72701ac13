"""A month's peak that a search left above the highest import is lowered to it."""

import numpy as np
import pytest

from parkdispatch.optimizer.heuristics.least_shared import with_least_shared
from parkdispatch.optimizer.proof.feasibility import obeys_all
from tests.support.small_parks import SmallPark


def test_a_peak_is_lowered_to_the_highest_import_of_its_month() -> None:
    """4 MW in July and 7 MW in August, of which 3 and 9 MW were paid for before: peaks of 4 and 9 MW."""
    july, august = np.full(24, 2.0), np.full(24, 2.0)
    july[5], august[7] = 4.0, 7.0
    floor = np.where(np.arange(48) < 24, 3.0, 9.0)
    park = SmallPark(48, start="2026-07-31").grid(100.0, demand=50.0, peak_so_far=floor)
    park.load(np.concatenate([july, august])).battery(power_mw=1.0, energy_mwh=1.0, max_cycles_per_day=0.5)
    tiled = park.tiled()
    x = park.solve().optimum.x
    first = tiled.shared_starts[0]
    least = x[first:].copy()
    slack = x.copy()
    slack[first:] += [80.0, 30.0]
    lowered = with_least_shared(tiled, slack)
    assert lowered[:first] == pytest.approx(x[:first])
    assert lowered[first:] == pytest.approx(least)
    assert obeys_all(tiled, tiled.program, lowered)
    gained_yuan = tiled.program.objective(slack) - tiled.program.objective(lowered)
    assert gained_yuan == pytest.approx(50.0 * 110.0)
