"""Tiny programs on which a solver has said "optimal" of a wrong answer, and others checked by enumeration.

HiGHS 1.14.0 answered the first group wrongly (its issues 2957, 2975, 3002, 3043, 3073, 3094; right again in
1.15): a presolve step did not compute a row's activity anew. A big-M pair of this project is of their kind.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import VERSION, Basis, InfeasibleProgram, Solver, UnboundedProgram
from parkdispatch.optimizer.proof.certificate import certify, primal_infeasibility
from tests.support.paths import environment

INF = float("inf")


def program(
    cost: list[float],
    rows: list[tuple[float, list[float], float]],
    bounds: list[tuple[float, float]],
    whole: list[int],
) -> LinearProgram:
    """min cost'x with lower <= row <= upper; the columns in `whole` are integer within their bounds."""
    return LinearProgram(
        cost=np.array(cost, dtype=float),
        offset=0.0,
        matrix=sp.csr_array(np.array([row for _, row, _ in rows], dtype=float)),
        row_lower=np.array([lower for lower, _, _ in rows], dtype=float),
        row_upper=np.array([upper for _, _, upper in rows], dtype=float),
        lower=np.array([lower for lower, _ in bounds], dtype=float),
        upper=np.array([upper for _, upper in bounds], dtype=float),
        binary=np.isin(np.arange(len(cost)), whole),
    )


@dataclass(frozen=True)
class Canary:
    """A program, its optimum, and what HiGHS 1.14.0 was reported to say instead."""

    program: LinearProgram
    optimum: float
    said: float


UP_TO_20, POSITIVE, BINARY = (0.0, 20.0), (0.0, INF), (0.0, 1.0)
CANARIES = {
    # whole x <= 20, y in [8, 20]: x = 12 and y = 8.1 make 20.1 at 12 + 16.2; x = 13 costs 29
    "2957": Canary(program([1, 2], [(20.1, [1, 1], INF)], [UP_TO_20, (8, 20)], [0]), 28.2, 29.0),
    # a + b = 10, a <= 100 y: b alone costs 20, y costs 99,999
    "2975": Canary(
        program(
            [0, 2, 99999], [(10, [1, 1, 0], 10), (-INF, [1, 0, -100], 0)], [POSITIVE, POSITIVE, BINARY], [2]
        ),
        20.0,
        99999.0,
    ),
    # x + y <= 5, x + z >= 10, z - y = 7.5, whole z: z = 8, y = 0.5, x = 2 cost 2 + 2 + 72 = 76; z = 7,
    # y = -0.5, x = 3 cost 3 - 2 + 63 = 64
    "3002": Canary(
        program(
            [1, 4, 9],
            [(-INF, [1, 1, 0], 5), (10, [1, 0, 1], INF), (7.5, [0, -1, 1], 7.5)],
            [(0, 4), (-1, 1), (0, 20)],
            [2],
        ),
        64.0,
        76.0,
    ),
    # x + z >= 4.5 at 2 x + 3 z, whole z: x = 4.5 costs 9, z = 5 costs 15
    "3043": Canary(program([2, 3], [(4.5, [1, 1], INF)], [(0, 10), (0, 10)], [1]), 9.0, 15.0),
    # gap + x = 3, t >= |x|, whole x: x = 3 costs 0.03, x = 1 leaves a gap of 2 at 100
    "3073": Canary(
        program(
            [100, 0.01, 0],
            [(3, [1, 0, 1], 3), (-INF, [0, -1, 1], 0), (-INF, [0, -1, -1], 0), (0.45, [0, 0, 1], 3)],
            [POSITIVE, (-INF, INF), (0, 10)],
            [2],
        ),
        0.03,
        200.01,
    ),
    # one of two links may be open: the dearer loss is avoided
    "3094": Canary(
        program(
            [0, 0, 10, 8, 0, 0],
            [
                (-INF, [1, 0, 0, 0, -1000, 0], 0),
                (-INF, [0, 1, 0, 0, 0, -1000], 0),
                (1000, [1, 0, 1, 0, 0, 0], 1000),
                (1000, [0, 1, 0, 1, 0, 0], 1000),
                (-INF, [0, 0, 0, 0, 1, 1], 1),
            ],
            [(0, 1000)] * 4 + [BINARY] * 2,
            [4, 5],
        ),
        8000.0,
        10000.0,
    ),
    # 2 x + y >= 10 at 2 x + y, y >= 9, binary x (linopy 651): y = 10 costs 10, x = 1 with y = 9 costs 11
    "linopy 651": Canary(program([2, 1], [(10, [2, 1], INF)], [BINARY, (9, INF)], [0]), 10.0, 11.0),
}


def by_enumeration(given_: LinearProgram) -> float | None:
    """Every choice of the whole columns, the rest by scipy; None where no choice has an answer."""
    whole = np.flatnonzero(given_.binary)
    choices: Iterator[tuple[int, ...]] = product(
        *(range(int(given_.lower[c]), int(given_.upper[c]) + 1) for c in whole)
    )
    dense = given_.matrix.toarray()
    above, below = np.isfinite(given_.row_upper), np.isfinite(given_.row_lower)
    best: float | None = None
    for choice in choices:
        lower, upper = given_.lower.copy(), given_.upper.copy()
        lower[whole] = upper[whole] = choice
        result = linprog(
            given_.cost,
            A_ub=np.vstack([dense[above], -dense[below]]),
            b_ub=np.concatenate([given_.row_upper[above], -given_.row_lower[below]]),
            bounds=np.column_stack([lower, upper]),
        )
        if result.status == 0 and (best is None or result.fun < best):
            best = float(result.fun)
    return None if best is None else best + given_.offset


def answer_of(given_: LinearProgram) -> float:
    """What the solver says, once its point is known to obey the program and its bound to be one."""
    solver = Solver()
    solver.load(given_)
    answer = solver.solve()
    assert primal_infeasibility(given_, answer.x) <= 1e-6
    value = given_.objective(answer.x)
    assert answer.bound <= value + 1e-6 * max(1.0, abs(value))
    return value


@pytest.mark.parametrize("name", CANARIES)
def test_canary(name: str) -> None:
    canary = CANARIES[name]
    assert by_enumeration(canary.program) == pytest.approx(canary.optimum)
    assert answer_of(canary.program) == pytest.approx(canary.optimum, abs=1e-6), (
        f"HiGHS {VERSION}; of version 1.14.0 {canary.said:g} was reported"
    )


def test_version_is_not_the_one_that_erred() -> None:
    assert tuple(int(part) for part in VERSION.split(".")[:2]) >= (1, 15)


@pytest.mark.parametrize("limits", [(3, 5), (0.001, 1000), (250, 250)])
@pytest.mark.parametrize("prices", [(1, 3), (3, 1), (-2, 1), (-1, -3), (0, 0)])
def test_pair_of_one_connection(limits: tuple[float, float], prices: tuple[float, float]) -> None:
    """import <= A z, export <= B (1 - z), import - export + sun = load, sun up to 4, load 2."""
    (a, b), (buy, sell) = limits, prices
    pair = program(
        [buy, -sell, 0, 0],
        [(2, [1, -1, 1, 0], 2), (-INF, [1, 0, 0, -a], 0), (-INF, [0, 1, 0, b], b)],
        [(0, a), (0, b), (0, 4), BINARY],
        [3],
    )
    # the sun gives the rest of the load, or the load and what is sold
    expected = min(0.0, buy * min(a, 2.0), -sell * min(b, 2.0))
    assert answer_of(pair) == pytest.approx(expected, abs=1e-6)
    assert by_enumeration(pair) == pytest.approx(expected, abs=1e-6)


def test_offset_belongs_to_value_and_bound() -> None:
    """Told with the objective, not forgotten in the bound: else the two would never meet."""
    for name in ("2957", "3043"):
        shifted = replace(CANARIES[name].program, offset=1000.0)
        assert answer_of(shifted) == pytest.approx(1000 + CANARIES[name].optimum)
        solver = Solver()
        solver.load(shifted)
        assert solver.solve().bound == pytest.approx(1000 + CANARIES[name].optimum)


def test_what_presolve_calls_infeasible_is_solved_without_it() -> None:
    """A battery that charges at 4 MW or not at all, with a month's peak: 1.16.0 loses it in presolve."""
    reader = highspy.Highs()
    reader.setOptionValue("output_flag", False)
    reader.readModel(str(Path(__file__).parent / "programs" / "false_infeasible.mps"))
    lp = reader.getLp()
    entries = (lp.a_matrix_.value_, lp.a_matrix_.index_, lp.a_matrix_.start_)
    model = LinearProgram(
        cost=np.array(lp.col_cost_),
        offset=lp.offset_,
        matrix=sp.csc_array(entries, shape=(lp.num_row_, lp.num_col_)).tocsr(),
        row_lower=np.array(lp.row_lower_),
        row_upper=np.array(lp.row_upper_),
        lower=np.array(lp.col_lower_),
        upper=np.array(lp.col_upper_),
        binary=np.array([kind == highspy.HighsVarType.kInteger for kind in lp.integrality_]),
    )
    solver = Solver()
    solver.load(model)
    answer = solver.solve()
    assert primal_infeasibility(model, answer.x) <= 1e-6
    assert (model.objective(answer.x), answer.bound) == pytest.approx((-70.0, -70.0))


def test_linear_program_without_answer() -> None:
    with pytest.raises(InfeasibleProgram):
        answer_of(program([1], [(3, [1], INF)], [(0, 2)], []))
    with pytest.raises(UnboundedProgram):
        answer_of(program([-1], [(3, [1], INF)], [(0, INF)], []))
    with pytest.raises(InfeasibleProgram):
        answer_of(program([1, 0], [(0.5, [0, 1], 0.5), (1, [1, 0], INF)], [(0, 2), BINARY], [1]))


def test_an_unknown_end_is_solved_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the basis of a like year 1.16.0 ended a month as Unknown, which from nothing it solved."""
    solver = Solver()
    solver.load(program([1], [(2, [1], INF)], [(0, 9)], []))
    told, forgot = solver._highs.getModelStatus, []
    forget = solver._highs.clearSolver
    monkeypatch.setattr(
        solver._highs, "getModelStatus", lambda: told() if forgot else highspy.HighsModelStatus.kUnknown
    )
    monkeypatch.setattr(solver._highs, "clearSolver", lambda: forgot.append(forget()))
    assert solver.solve().x == pytest.approx([2])
    assert len(forgot) == 1


def unclear(monkeypatch: pytest.MonkeyPatch, solver: Solver) -> list[tuple[Any, ...]]:
    """Let every run of HiGHS end as Unknown; returns the options of each run as they come."""
    names, runs = ("presolve", "solver", "simplex_strategy", "simplex_scale_strategy"), []
    run = solver._highs.run

    def noted() -> Any:
        runs.append(tuple(solver._highs.getOptionValue(name)[1] for name in names))
        return run()

    monkeypatch.setattr(solver._highs, "run", noted)
    monkeypatch.setattr(solver._highs, "getModelStatus", lambda: highspy.HighsModelStatus.kUnknown)
    return runs


def test_an_unknown_end_goes_down_a_ladder(monkeypatch: pytest.MonkeyPatch) -> None:
    """From nothing, primal simplex, without presolve, other scaling, interior points, then our own simplex.

    2 x + y is least where x + y >= 3 and x - y >= -1 meet, at (1, 2): 4; with x at 0.5 at most nowhere.
    """
    solver = Solver()
    solver.load(program([2, 1], [(3, [1, 1], INF), (-1, [1, -1], INF)], [(0, 9), (0, 9)], []))
    runs = unclear(monkeypatch, solver)
    answer = solver.solve()
    assert runs == [
        ("choose", "choose", 1, 2),
        ("choose", "choose", 1, 2),
        ("choose", "choose", 4, 2),
        ("off", "choose", 4, 2),
        ("off", "choose", 1, 4),
        ("choose", "ipm", 1, 2),
    ]
    assert answer.x == pytest.approx([1, 2])
    assert answer.bound == pytest.approx(4)
    assert answer.row_dual == pytest.approx([1.5, 0.5])
    solver.change_costs(np.array([0]), np.array([0.5]))  # now 3 MW of x: 1.5
    assert solver.solve().x == pytest.approx([3, 0])
    solver.change_bounds(np.array([0]), np.array([0.0]), np.array([0.5]))
    with pytest.raises(SolverError, match="Unknown"):
        solver.solve()


def test_an_unknown_end_with_binaries_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    solver = Solver()
    solver.load(program([1, 0], [(1, [1, 1], INF)], [(0, 2), BINARY], [1]))
    unclear(monkeypatch, solver)
    with pytest.raises(SolverError, match="Unknown"):
        solver.solve()


def test_changed_bounds_are_solved_anew() -> None:
    """A warm solver must not remember its last answer: x >= 2, then x <= 1 is no answer, then x >= 3."""
    lp = program([1], [(2, [1], INF)], [(0, 9)], [])
    solver = Solver()
    solver.load(lp)
    assert solver.solve().x == pytest.approx([2])
    column = np.array([0])
    solver.change_bounds(column, np.array([0.0]), np.array([1.0]))
    with pytest.raises(InfeasibleProgram):
        solver.solve()
    solver.change_bounds(column, np.array([3.0]), np.array([9.0]))
    answer = solver.solve()
    assert answer.x == pytest.approx([3])
    assert certify(replace(lp, lower=np.array([3.0])), answer.x, answer.row_dual).holds
    solver.load(replace(lp, cost=np.array([-1.0])))
    assert solver.solve().x == pytest.approx([9])


@st.composite
def mixed_programs(draw: st.DrawFn) -> LinearProgram:
    """Small programs with binaries in big-M rows and in others."""
    columns, binaries, rows = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    width = columns + binaries
    number = st.integers(-5, 5).map(float)
    some = st.lists(number, min_size=width, max_size=width)
    programs: list[tuple[float, list[float], float]] = []
    for _ in range(rows):
        first = draw(number)
        lower, upper = draw(
            st.sampled_from([(first, INF), (-INF, first), (first, first), (first, first + 4.5)])
        )
        programs.append((lower, draw(some), upper))
    for _ in range(draw(st.integers(0, 3))):  # x <= M z
        row = [0.0] * width
        row[draw(st.integers(0, columns - 1))] = 1.0
        row[columns + draw(st.integers(0, binaries - 1))] = -draw(st.sampled_from([0.5, 10.0, 1000.0]))
        programs.append((-INF, row, 0.0))
    tops = draw(st.lists(st.sampled_from([0.5, 7.0, 100.0]), min_size=columns, max_size=columns))
    bounds = [(0.0, top) for top in tops] + [BINARY] * binaries
    cost = draw(st.lists(st.sampled_from([-100, -2, -1, 0, 1, 3, 99999]), min_size=width, max_size=width))
    return program(cost, programs, bounds, list(range(columns, width)))


@settings(max_examples=25, derandomize=True)
@given(mixed_programs())
def test_any_small_program(mixed: LinearProgram) -> None:
    expected = by_enumeration(mixed)
    if expected is None:
        with pytest.raises(InfeasibleProgram):
            answer_of(mixed)
    else:
        assert answer_of(mixed) == pytest.approx(expected, rel=1e-6, abs=1e-4)


ONE_COLUMN = program([1.0], [(-INF, [1.0], 9.0)], [(3.0, 4.0)], [])


def test_another_number_of_threads_in_the_same_thread_does_no_harm() -> None:
    """HiGHS has a scheduler for each thread, and refuses to run with another number than it has."""
    other = highspy.Highs()
    other.setOptionValue("output_flag", False)
    other.setOptionValue("threads", 2)
    highspy.Highs.resetGlobalScheduler(True)
    other.addVar(1.0, 2.0)
    assert other.run() == highspy.HighsStatus.kOk
    ours = Solver()
    ours.load(ONE_COLUMN)
    assert ours.solve().x == pytest.approx([3.0])


@pytest.mark.parametrize("first", [1, 2])
def test_searches_with_one_thread_and_with_two_do_not_disturb_one_another(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them runs at once: no scheduler is ended, which another thread might be using."""
    ended: list[bool] = []
    monkeypatch.setattr(highspy.Highs, "resetGlobalScheduler", ended.append)
    for threads in (first, 3 - first, first):
        search = Solver(full_search=True, threads=threads)
        search.load(ONE_COLUMN)
        assert search.solve().x == pytest.approx([3.0])
    assert not ended


def test_nothing_is_printed() -> None:
    """highspy 1.16 writes a banner when the first object is made, before an option could forbid it."""
    code = "from parkdispatch.optimizer.highs import Solver; Solver()"
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert ran.stdout == ""


@pytest.mark.parametrize("columns", [[1, 1, 0], [1, 0, 1], [0, 1, 1], [0, 0, 0]])
@pytest.mark.parametrize("upper", [False, True])
def test_a_start_may_be_singular(columns: list[int], upper: bool) -> None:
    """The first two columns are the same in both rows: x1 is 0.75 at 1 a unit and x3 0.25 at 3."""
    rows = [(1.0, [1.0, 1.0, 1.0], 1.0), (0.5, [1.0, 1.0, -1.0], 0.5)]
    alike = program([1.0, 2.0, 3.0], rows, 3 * [(0.0, 10.0)], [])
    marks = np.array(columns, dtype=bool)
    solver = Solver(presolve=False)
    solver.load(alike)
    solver.start_from(Basis.of(marks, np.full(2, not marks.any()), np.full(3, upper)))
    answer = solver.solve()
    assert alike.objective(answer.x) == pytest.approx(1.5)
    assert certify(alike, answer.x, answer.row_dual).holds
