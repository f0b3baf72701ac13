"""What is known of one bus is carried over transformers and links to the next, and never cuts off a point."""

from dataclasses import replace

import numpy as np
import pytest

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver, UnboundedProgram
from parkdispatch.optimizer.presolve.bound_propagation import BoundPropagation, Bounds
from tests.support.parks.network_parks import add_link, add_transformer, random_network_park
from tests.support.small_parks import SmallPark


def given_bounds(tiled: Tiled) -> Bounds:
    """The bounds that the columns of intervals have of their own."""
    shape, own = (len(tiled.horizon), len(tiled.template.columns)), slice(0, tiled.shared_starts[0])
    return tiled.program.lower[own].reshape(shape).T, tiled.program.upper[own].reshape(shape).T


def range_mw(tiled: Tiled, bounds: Bounds, device: str, name: str) -> list[tuple[float, float]]:
    """Lower and upper bound of a variable in every interval."""
    number = [column.key for column in tiled.template.columns].index((device, name))
    return list(zip(bounds[0][number].tolist(), bounds[1][number].tolist(), strict=True))


def test_a_load_behind_a_transformer_bounds_the_meter() -> None:
    """9 MW behind a transformer of 10 MW that loses 5 % of the flow: 9.45 to 9.5 MW of import beside 1 MW.

    The loss is at least 0.45, at most 0.5 MW. From the meter's bus alone, 1 to 11.5 MW would be possible.
    """
    park = add_transformer(SmallPark(2).grid(import_limit=50.0).load(1.0), 10.0, 0.05)
    park.load([9.0, 4.0], name="behind", bus="low")
    tiled = park.tiled()
    bounds = BoundPropagation(tiled).tightened(given_bounds(tiled))
    first, second = range_mw(tiled, bounds, "transformer", "flow_mw")
    assert (*first, *second) == pytest.approx((9, 9, 4, 4))
    first, second = range_mw(tiled, bounds, "grid", "import_mw")
    assert first == pytest.approx((10.45, 10.5))
    assert second == pytest.approx((5.2, 5.5))


def test_bounds_pass_over_two_lines_one_after_the_other() -> None:
    """4 MW at the end of two lines that lose a tenth and a fifth: 4 / 0.8 / 0.9 = 5.5556 MW of import."""
    park = SmallPark(1).grid(import_limit=50.0).load(4.0, bus="end")
    add_link(park, 20.0, 0.0, to_bus="middle", losses=(0.1, 0.0), name="first")
    add_link(park, 20.0, 0.0, bus="middle", to_bus="end", losses=(0.2, 0.0), name="second")
    tiled = park.tiled()
    bounds = BoundPropagation(tiled).tightened(given_bounds(tiled))
    assert range_mw(tiled, bounds, "grid", "import_mw") == [pytest.approx((4 / 0.72, 4 / 0.72))]


def test_bounds_of_contradicting_rows_do_not_cross() -> None:
    """9 MW behind a line of 5 MW: nothing is feasible, and the solver is to say so."""
    park = add_link(SmallPark(1).grid(import_limit=50.0).load(9.0, bus="low"), 5.0, 0.0)
    tiled = park.tiled()
    lower, upper = BoundPropagation(tiled).tightened(given_bounds(tiled))
    assert (lower <= upper).all()


@pytest.mark.parametrize("seed", range(8))
def test_every_feasible_point_is_within(seed: int) -> None:
    """Corners of the relaxation in random directions; the bounds given are never widened."""
    random, tiled = np.random.default_rng(seed), random_network_park(seed).tiled()
    given = given_bounds(tiled)
    lower, upper = BoundPropagation(tiled).tightened(given)
    assert (lower >= given[0]).all()
    assert (upper <= given[1]).all()
    for _ in range(3):
        x = corner(tiled, random.normal(size=len(tiled.program.cost)))
        if x is not None:
            own = x[: tiled.shared_starts[0]].reshape(len(tiled.horizon), -1).T
            assert (own >= lower - 1e-6).all()
            assert (own <= upper + 1e-6).all()


def corner(tiled: Tiled, cost: Array) -> Array | None:
    """The feasible point that is cheapest at other costs; None where there is none."""
    solver = Solver()
    solver.load(replace(tiled.program, cost=cost))
    try:
        return solver.solve().x
    except (InfeasibleProgram, UnboundedProgram):
        return None
