"""Tighter bounds and chords over a network leave the optimum where it was.

`pytest tests/optimizer/presolve/test_network_tightening.py --network-parks 200`
"""

from dataclasses import replace

import numpy as np
import pytest

from parkdispatch.models.errors import InfeasibleError
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import pair_positions, with_pair_binaries
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.presolve.network_tightening import tighten_over_network
from parkdispatch.optimizer.solve import optimize_with_pyomo
from tests.support.parks.network_parks import add_transformer, random_network_park
from tests.support.small_parks import SmallPark


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each of the seeds that were asked for."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(metafunc.config.getoption("--network-parks")))


def searched_yuan(tiled: Tiled, program: LinearProgram) -> float:
    """The optimum of a relaxation with a binary for each pair; infinity where there is none."""
    everywhere = np.ones((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
    pairs = pair_positions(tiled, everywhere, Window(((0, len(tiled.horizon)),)))
    solver = Solver(time_limit_s=20, full_search=True)
    solver.load(with_pair_binaries(replace(program, binary=tiled.is_binary), pairs))
    try:
        return program.objective(solver.solve().x[: len(program.cost)])
    except InfeasibleProgram:
        return np.inf


def plain_yuan(park: SmallPark) -> float:
    """The optimum of the plain Pyomo model; infinity where there is none."""
    try:
        optimum = optimize_with_pyomo(park.devices, park.times, park.hours, park.series, "appsi_highs")
    except InfeasibleError:
        return np.inf
    return optimum.proof.objective_yuan


def test_the_optimum_stays(seed: int) -> None:
    park = random_network_park(seed)
    tiled = park.tiled()
    expected_yuan = plain_yuan(park)
    tightened_yuan = searched_yuan(tiled, tighten_over_network(tiled))
    assert tightened_yuan == pytest.approx(expected_yuan, rel=1e-6, abs=1e-5), str(park)


def test_chords_of_a_meter_before_a_transformer() -> None:
    """5 MW of load and up to 9 of sun that may be curtailed, behind a transformer without losses.

    The sun costs 70 yuan, more than import at 50 and sale at 60. Import is at most 5 MW, export at most 4:
    import / 5 + export / 4 <= 1. Without that the relaxation buys what it sells; 5 MW for 250 yuan are right.
    """
    park = SmallPark(1).grid(50.0, 60.0, import_limit=40.0, export_limit=40.0)
    park.load(5.0, bus="low").source(9.0, 70.0, name="sun", bus="low")
    tiled = add_transformer(park, 20.0, 0.0).tiled()
    program = tighten_over_network(tiled)
    keys = [column.key[1] for column in tiled.template.columns]
    bought, sold = (tiled.column_of(keys.index(f"{name}_mw"))[0] for name in ("import", "export"))
    assert (program.upper[bought], program.upper[sold]) == pytest.approx((5.0, 4.0), abs=1e-6)
    chords = program.matrix[len(tiled.program.row_lower) :].toarray()
    assert chords[:, [bought, sold]] == pytest.approx(np.array([[0.8, 1.0]]), abs=1e-6)
    assert program.row_upper[-1] == pytest.approx(4.0, abs=1e-6)
    assert park.solve().cost == pytest.approx(250.0)


@pytest.mark.parametrize("number", range(6))
def test_either_member_at_its_bound_obeys_the_chord(number: int) -> None:
    """Points of each pair with one member at zero: the chord cuts off only points with both."""
    tiled = random_network_park(number).tiled()
    program = tighten_over_network(tiled)
    first_chord = len(tiled.program.row_lower)
    chords = program.matrix[first_chord:].tocoo()
    at_bound = chords.data * program.upper[chords.col]
    assert (at_bound <= program.row_upper[first_chord:][chords.row] + 1e-9).all()
