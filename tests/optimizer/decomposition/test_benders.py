"""Benders decomposition of a shared peak finds what HiGHS finds with all binaries in one program."""

from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.models.device import Array
from parkdispatch.optimizer.branch_and_bound.branching import BranchingResult, branch_on_window
from parkdispatch.optimizer.decomposition.benders import IntegerWindow, solve_shared_decisions
from parkdispatch.optimizer.decomposition.benders_cuts import SharedDecisions
from parkdispatch.optimizer.decomposition.value_functions import (
    BendersSolution,
    ContinuousValueFunction,
    IntegerValueFunction,
)
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Basis, Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import WindowProgram, with_pair_binaries
from parkdispatch.optimizer.partition.subprogram import Subprogram
from tests.support.parks.window_programs import traded

NEVER = float("inf")
PEAK = 10_000  # the shared decision, as a column of the full program
TOLERANCE = 1e-6


def slack(program: LinearProgram) -> Basis:
    rows, columns = program.matrix.shape
    return Basis.of(np.zeros(columns, dtype=bool), np.ones(rows, dtype=bool))


def below_a_peak(program: LinearProgram, buys: Array, first: int) -> WindowProgram:
    """The program with what it buys held below a peak, which is its last column."""
    hours, none = len(buys), np.empty(0, dtype=np.int64)
    width = program.matrix.shape[1]
    at_most = sp.coo_array((np.ones(hours), (np.arange(hours), buys)), shape=(hours, width + 1))
    peak = sp.coo_array((np.ones(hours), (np.arange(hours), np.full(hours, width))), shape=at_most.shape)
    matrix = sp.vstack(
        [sp.hstack([program.matrix, sp.csr_array((program.matrix.shape[0], 1))]), at_most - peak]
    )
    whole = LinearProgram(
        cost=np.append(program.cost, 0.0),
        offset=0.0,
        matrix=sp.csr_array(matrix),
        row_lower=np.append(program.row_lower, np.full(hours, -np.inf)),
        row_upper=np.append(program.row_upper, np.zeros(hours)),
        lower=np.append(program.lower, 0.0),
        upper=np.append(program.upper, np.inf),
        binary=np.append(program.binary, False),
    )
    columns, copies = np.arange(first, first + width), np.array([PEAK])
    every = np.append(columns, copies)
    inside = np.arange(whole.matrix.shape[0])
    nothing = np.empty(0)
    cut = Subprogram(
        columns, copies, none, every, none, inside, none, whole.matrix, none, none, nothing, none, none
    )
    return WindowProgram(cut, whole, np.zeros(len(every)), 0.0)


def searching(part: WindowProgram, pairs: Array) -> Callable[[LinearProgram, float], BranchingResult | None]:
    return lambda program, known: branch_on_window(program, pairs, slack(part.program), known, 1e-9)


def never(_program: LinearProgram, _known: float) -> None:
    """A search that is always given up."""


def by_benders(
    integer: list[tuple[WindowProgram, Array]],
    continuous: WindowProgram,
    price: float,
    start: float,
    *,
    most: float = NEVER,
    searched: bool = True,
) -> BendersSolution:
    windows = [
        IntegerWindow(window, pairs, searching(window, pairs) if searched else never)
        for window, pairs in integer
    ]
    return solve_shared_decisions(
        SharedDecisions(
            np.array([PEAK]), np.array([price]), np.zeros(1), np.full(1, most), np.array([start])
        ),
        windows,
        ContinuousValueFunction(continuous, np.array([PEAK]), slack(continuous.program)),
        np.zeros(continuous.program.matrix.shape[0]),
        TOLERANCE,
        NEVER,
    )


def by_highs(parts: list[tuple[WindowProgram, Array]], others: WindowProgram, price: float) -> float:
    """All in one program, with a binary for each pair."""
    programs = [part.program for part, _ in parts] + [others.program]
    widths = [len(program.cost) for program in programs]
    first = np.concatenate([[0], np.cumsum(widths)])
    own_rows = sp.block_diag([program.matrix for program in programs])
    ends = first[1:] - 1  # each one's own peak
    same = sp.coo_array(
        (
            np.concatenate([np.ones(len(ends)), -np.ones(len(ends))]),
            (np.tile(np.arange(len(ends)), 2), np.concatenate([ends, np.full(len(ends), first[-1])])),
        ),
        shape=(len(ends), first[-1] + 1),
    )

    def together(of: Callable[[LinearProgram], Array], last: float) -> Array:
        return np.append(np.concatenate([of(program) for program in programs]), last)

    rows = [np.concatenate([of(program) for program in programs]) for of in (_row_lower, _row_upper)]
    whole = LinearProgram(
        cost=together(lambda program: program.cost, price),
        offset=0.0,
        matrix=sp.csr_array(sp.vstack([sp.hstack([own_rows, sp.csr_array((own_rows.shape[0], 1))]), same])),
        row_lower=np.concatenate([rows[0], np.zeros(len(ends))]),
        row_upper=np.concatenate([rows[1], np.zeros(len(ends))]),
        lower=together(lambda program: program.lower, 0.0),
        upper=together(lambda program: program.upper, np.inf),
        binary=np.zeros(first[-1] + 1, dtype=bool),
    )
    pairs = np.concatenate([of + begin for (_, of), begin in zip(parts, first, strict=False)])
    solver = Solver()
    solver.load(with_pair_binaries(whole, pairs))
    return solver.solve().bound


def _row_lower(program: LinearProgram) -> Array:
    return program.row_lower


def _row_upper(program: LinearProgram) -> Array:
    return program.row_upper


def day(
    buys: list[float], sells: list[float], surplus: list[float], energy: float, first: int
) -> tuple[WindowProgram, Array]:
    program, pairs = traded(np.array(surplus), np.array(buys), np.array(sells), energy)
    return below_a_peak(program, pairs[:, 0], first), pairs


def test_by_hand() -> None:
    """Two days, each of two hours with 3 MW of surplus and 4 MWh to charge, bought for 2, sold for 5.

    One hour takes 4 MW, which buys 1 MW and sells 3 in the other: -13 a day. Below a peak of 1 - p the most
    that one hour takes is 4 - p, and the other p: it sells 3 - p for 5 and buys 1 - p for 2, so p costs 3 a
    day. A peak at 5 is worth it, one at 7 is not.
    """
    days = [day([2.0, 2.0], [5.0, 5.0], [3.0, 3.0], 4.0, first) for first in (0, 10)]
    nobody = below_a_peak(
        traded(np.array([3.0]), np.array([2.0]), np.array([5.0]), 0.0)[0], np.array([1]), 20
    )
    for price, cost, peak in ((5.0, -26.0 + 5.0, 1.0), (7.0, -20.0, 0.0)):
        decomposed = by_benders(days, nobody, price, 0.5)
        assert decomposed.bound == pytest.approx(cost - 15.0)  # of the third, who sells 3 MW
        assert decomposed.shared[0] == pytest.approx(peak)


@pytest.mark.parametrize("searched", [True, False])
def test_where_no_cut_is_tight(searched: bool) -> None:
    """Two days of an hour with 1 MW of surplus, sold for 5, and one with 4 MW, sold for 2.5; 4 MWh to take.

    All in the second hour gives up 10 and buys nothing. A MW in the first gives up 5 the next cost 1 each,
    so with a peak of p > 0 it takes 1 + p there: 5 + p + 2.5 (3 - p), less than 10 from p = 5/3 on. Below a
    peak of 2 at most that costs 9.5. The cost would fall to 8 at a peak of 3, so the convex envelope is
    10 - 2p/3, and no cut is tight at 2.
    """
    days = [day([1.0, 9.0], [5.0, 2.5], [1.0, 4.0], 4.0, first) for first in (0, 10)]
    nobody = below_a_peak(
        traded(np.array([3.0]), np.array([2.0]), np.array([5.0]), 0.0)[0], np.array([1]), 20
    )
    decomposed = by_benders(days, nobody, 0.1, 0.5, most=2.0, searched=searched)
    assert decomposed.bound == pytest.approx(2 * (9.5 - 15.0) + 0.2 - 15.0)
    assert decomposed.shared[0] == pytest.approx(2.0)
    assert decomposed.continuous is not None


hours = st.integers(2, 4)


@st.composite
def shared_peaks(draw: st.DrawFn) -> tuple[list[tuple[WindowProgram, Array]], WindowProgram, float, float]:
    """Days with pairs, one without, the price of the peak and where it is now."""
    days, first = [], 0
    for _ in range(draw(st.integers(2, 5))):
        count = draw(hours)
        prices = st.lists(st.floats(0.5, 9.0), min_size=count, max_size=count)
        surplus = draw(st.lists(st.floats(0.5, 4.0), min_size=count, max_size=count))
        energy = draw(st.floats(0.0, 4.0 * count))
        days.append(day(draw(prices), draw(prices), surplus, energy, first))
        first += 100
    *integer, (others, _) = days
    return integer, others, draw(st.floats(0.1, 20.0)), draw(st.floats(0.0, 5.0))


@given(shared_peaks(), st.booleans())
@settings(max_examples=30, derandomize=True)
def test_it_is_what_highs_finds(
    shared_peak: tuple[list[tuple[WindowProgram, Array]], WindowProgram, float, float], searched: bool
) -> None:
    parts, others, price, start = shared_peak
    decomposed, best = (
        by_benders(parts, others, price, start, searched=searched),
        by_highs(parts, others, price),
    )
    assert decomposed.bound <= best + 1e-5
    assert decomposed.continuous is not None
    assert decomposed.bound == pytest.approx(best, abs=1e-5)
    cost = price * decomposed.shared[0]
    for (part, pairs), x in zip(
        [*parts, (others, np.empty((0, 2), dtype=np.int64))],
        [*decomposed.windows, decomposed.continuous],
        strict=True,
    ):
        x = x[: len(part.program.cost)]
        assert x[-1] == pytest.approx(decomposed.shared[0], abs=1e-6)
        activity = part.program.matrix @ x
        assert (activity >= part.program.row_lower - 1e-6).all()
        assert (activity <= part.program.row_upper + 1e-6).all()
        assert np.minimum(x[pairs[:, 0]], x[pairs[:, 1]]).max(initial=0.0) <= 1e-5
        cost += part.program.objective(x)
    assert cost == pytest.approx(best, abs=1e-4)


def test_the_present_value_is_infeasible_for_the_rest() -> None:
    """In two hours with 1 MW of surplus they charge 3 MWh: below a peak of less than 0.5 there is no way.

    The other day charges nothing and sells its 2 MWh. All of it costs -0.5: the peak 0.5, what is bought
    1, and what is sold -2.
    """
    days = [day([1.0, 1.0], [1.0, 1.0], [1.0, 1.0], 0.0, 0)]
    others, _ = day([1.0, 1.0], [1.0, 1.0], [1.0, 1.0], 3.0, 100)
    decomposed = by_benders(days, others, 1.0, 0.0)
    assert decomposed.continuous is not None
    assert decomposed.shared[0] == pytest.approx(0.5)
    assert decomposed.bound == pytest.approx(0.5 + 1.0 - 2.0)


def test_a_window_that_does_not_depend_on_the_shared_decision() -> None:
    """Whatever the range is, its line is the constant cost."""
    part, pairs = day([2.0, 2.0], [5.0, 5.0], [3.0, 3.0], 4.0, 0)
    function = IntegerValueFunction(part, np.array([PEAK + 1]), searching(part, pairs))
    value = function.value(np.array([7.0]))
    assert value is not None
    for lower, upper in ((0.0, 7.0), (7.0, NEVER)):
        line = function.supporting_line(7.0, value, lower, upper)
        assert line is not None
        assert line.values_at(np.array([3.0])) == pytest.approx([value.yuan])
