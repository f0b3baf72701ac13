"""What a point that is a dispatch within the tolerance is worth, and rows without columns."""

import numpy as np
import pytest

from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.decomposition.repair_state import Incumbent
from parkdispatch.optimizer.proof.feasibility import has_broken_empty_row, is_exact, tolerated_yuan
from tests.support.small_parks import SmallPark

PROGRAM = SmallPark(100).grid(500.0, import_limit=20.0).load(0.02).tiled().program
EXACT = np.where(PROGRAM.cost > 0, 0.02, 0.0)  # bought [MW], in each of 100 hours


def test_what_is_lost_within_the_tolerance_adds_up() -> None:
    """Half a watt of 20 kW is not bought in each of 100 hours: 0.000,05 MWh at 500 yuan of 1,000."""
    short = EXACT - 5e-7 * (PROGRAM.cost > 0)
    assert PROGRAM.objective(EXACT) == pytest.approx(1000.0)
    assert tolerated_yuan(PROGRAM, EXACT) == pytest.approx(0.0, abs=1e-9)
    assert tolerated_yuan(PROGRAM, short) == pytest.approx(0.025)
    assert is_exact(PROGRAM, EXACT)
    assert not is_exact(PROGRAM, short)
    assert not is_exact(PROGRAM, EXACT * np.nan)


def test_a_dispatch_below_its_bound_by_the_tolerance_is_no_fault() -> None:
    """One that is cheaper by more than its violations are worth is."""
    short = EXACT - 5e-7 * (PROGRAM.cost > 0)
    incumbent = Incumbent(EXACT, bound_yuan=1000.0)
    incumbent.offer(short, PROGRAM.objective(short))
    incumbent.check(PROGRAM)
    incumbent.bound_yuan = 1000.1
    with pytest.raises(SolverError, match="lies below its bound"):
        incumbent.check(PROGRAM)
    incumbent.bound_yuan = np.nan
    with pytest.raises(SolverError):
        incumbent.check(PROGRAM)


def test_a_row_without_columns_holds_or_does_not() -> None:
    assert not has_broken_empty_row(PROGRAM)
    assert not has_broken_empty_row(SmallPark(2).load(0.0).tiled().program)
    assert has_broken_empty_row(SmallPark(2).load(1.0).tiled().program)
