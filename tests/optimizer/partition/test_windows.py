"""Where a horizon falls apart, and what is kept whole."""

import numpy as np
import pytest

from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.highs import Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer
from parkdispatch.optimizer.partition.windows import Partition
from parkdispatch.optimizer.relaxation.month_blocks import MonthBlocks
from parkdispatch.optimizer.thread_pool import ThreadPool
from tests.support.parks.month_parks import quarter_year
from tests.support.small_parks import SmallPark

SEEDS = range(6, 12)


def pieces(whole: list[tuple[int, int]]) -> Partition:
    """Eight hours whose battery is pressed to empty after the second, third, fifth and seventh."""
    park = SmallPark(8).grid(np.full(8, 500.0), 0.0).load(np.full(8, 5.0))
    tiled = park.add("battery", Battery(power_mw=2, energy_mwh=4)).tiled()
    column = tiled.column_of(tiled.template.previous[0].column)
    x, reduced = np.zeros(len(tiled.program.cost)), np.zeros(len(tiled.program.cost))
    empty = column[[1, 2, 4, 6]]
    x[column], x[empty] = 1.0, tiled.program.lower[empty]
    reduced[empty] = 100.0
    return Partition(tiled, tiled.program, np.ones((8, 1), dtype=bool), x, reduced, whole)


@pytest.mark.parametrize(
    ("whole", "break_points"),
    [
        ([], [0, 2, 3, 5, 7, 8]),
        ([(2, 5)], [0, 2, 5, 7, 8]),
        ([(5, 8), (0, 3)], [0, 3, 5, 8]),  # in any order; what they have no part in is cut as ever
        ([(2, 3)], [0, 2, 3, 5, 7, 8]),
        ([(1, 5)], [0, 2, 3, 5, 7, 8]),  # no edge at its beginning
        ([(2, 6)], [0, 2, 3, 5, 7, 8]),  # none at its end
        ([(1, 4), (3, 7)], [0, 2, 3, 7, 8]),
        ([(0, 8), (2, 5)], [0, 8]),
    ],
)
def test_a_stretch_between_edges_may_be_kept_whole(
    whole: list[tuple[int, int]], break_points: list[int]
) -> None:
    assert pieces(whole).break_points.tolist() == break_points


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_cut_out_begins_where_its_month_ended(seed: int) -> None:
    """At the multipliers of the whole and with the peaks held, no simplex step is left to make.

    In quarters in which no stretch is so long that it is cut where no state is pressed.
    """
    tiled = quarter_year(seed).tiled()
    program, pricer = tiled.program, LagrangianPricer(tiled, tiled.program)
    with ThreadPool(2) as pool:
        blocks = MonthBlocks(tiled, program, pricer, pool)
        x, dual = blocks.solve()
    multipliers = pricer.multipliers(dual)
    cut = Partition(tiled, program, pricer.extractor.carried, x, multipliers.reduced)
    count = len(cut.break_points) - 1
    steps, full = 0, 0
    february = [n for n in range(count) if cut.break_points[n] >= 744 and cut.break_points[n + 1] <= 1416]
    sets = [*([n] for n in range(count)), february[::2], february[1::2]]
    for window in (cut.window(numbers) for numbers in sets):
        part = pricer.window_program(window, multipliers)
        copies = np.arange(part.copies.start, part.copies.stop)
        solver = Solver(presolve=False)
        solver.load(part.program)
        solver.change_bounds(copies, *(2 * [x[part.subprogram.copies]]))
        solver.start_from(blocks.basis_in(part.subprogram))
        steps += solver.solve().iterations
        full += int((x[part.subprogram.before] >= program.upper[part.subprogram.before]).sum())
    assert not steps
    assert full  # some begin with a full battery
