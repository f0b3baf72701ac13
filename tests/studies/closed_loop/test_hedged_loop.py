"""A closed loop on drawn paths: that on the median where nothing is uncertain, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from parkdispatch.models.errors import InputError
from parkdispatch.optimizer.stochastic.path_program import Risk
from parkdispatch.studies.closed_loop.closed_loop import run_loop
from parkdispatch.studies.closed_loop.loop_forecasts import IssuedForecasts
from parkdispatch.studies.closed_loop.loop_options import LoopHedge, LoopOptions
from tests.support.parks.loop_days import two_days

LOAD = ("load", "demand_mw")
HEDGE = LoopHedge(4, Risk(0.0, 0.5))
OPTIONS = LoopOptions(0, 48, 24.0, "learned", plan_at=(8.0, 14.0), hedge=HEDGE)


def forecasts(spread: float, correlation: float = 0.0) -> IssuedForecasts:
    """P50 is 1 MW, P10 and P90 a spread beside it."""
    quantiles = np.tile([1.0 - spread, 1.0, 1.0 + spread], (48, 1))
    return IssuedForecasts(quantiles, 14.0, np.full(2, correlation))


def test_forecasts_that_leave_nothing_open_make_the_plans_of_their_medians() -> None:
    prepared, issued = two_days([1.0] * 48), {LOAD: forecasts(0.0)}
    hedged = run_loop(prepared, OPTIONS, issued=issued)
    median = run_loop(prepared, replace(OPTIONS, hedge=None), issued=issued)
    assert hedged.cost_yuan == pytest.approx(median.cost_yuan, abs=1e-6)
    assert hedged.cost_yuan == pytest.approx(1040, abs=1e-6)
    assert hedged.proofs.count == 5  # the first midnight, and each 8:00 and 14:00


def test_the_same_seed_makes_the_same_plans_and_another_others() -> None:
    prepared, issued = two_days(np.linspace(0.2, 1.8, 48).tolist()), {LOAD: forecasts(0.9, 0.5)}
    first, again = (run_loop(prepared, OPTIONS, issued=issued).executed for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = replace(OPTIONS, hedge=replace(HEDGE, seed=2))
    assert not np.array_equal(first, run_loop(prepared, other, issued=issued).executed)


def test_a_device_that_is_known_is_not_drawn() -> None:
    prepared, issued = two_days([1.0] * 48), {LOAD: forecasts(0.9)}
    known = replace(OPTIONS, known_devices=frozenset({"load"}))
    assert run_loop(prepared, known, issued=issued).cost_yuan == pytest.approx(1040, abs=1e-6)


def test_paths_begin_at_the_error_of_the_last_interval() -> None:
    """It was at P90; half of it is left in the next interval, and noise comes with time."""
    issued, actual = forecasts(0.4, 0.5), np.full(48, 1.4)
    paths = issued.paths(actual, 20, 12, 2000, np.random.default_rng(0))
    assert paths[:, 0].mean() == pytest.approx(1.2, abs=0.01)
    assert paths[:, -1].mean() == pytest.approx(1.0, abs=0.02)
    assert paths[:, 0].std() < paths[:, -1].std()
    assert issued.at(actual, 20, 1)[0] == pytest.approx(1.2)


def test_paths_need_forecasts_that_say_how_they_err() -> None:
    with pytest.raises(InputError, match="`forecast` = persistence: must be `learned`"):
        run_loop(two_days([1.0] * 48), replace(OPTIONS, kind="persistence"))
