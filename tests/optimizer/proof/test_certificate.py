"""The certificate holds for optima and for nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver, UnboundedProgram
from parkdispatch.optimizer.proof.certificate import Certificate, certify, primal_infeasibility
from tests.support.small_parks import SmallPark

Solved = tuple[LinearProgram, Array, Array]


def solved(program: LinearProgram) -> Solved:
    solver = Solver()
    solver.load(program)
    answer = solver.solve()
    return program, answer.x, answer.row_dual


@pytest.fixture(scope="module")
def optimum() -> Solved:
    """A day of a park with a battery, a peak and a surplus to sell: rows and bounds of every kind bind."""
    random = np.random.default_rng(5)  # prices without ties: the optimum is the only one
    buy = np.repeat([350, 700, 1100, 600], 6) + random.uniform(0, 50, 24)
    park = SmallPark(24).grid(buy, buy - 120, demand=4000, export_limit=3, import_limit=9)
    park.load(random.uniform(2, 7, 24)).pv(np.maximum(0, 12 * np.sin(np.linspace(-1.5, 4.6, 24))))
    park.battery(power_mw=2.0, energy_mwh=5.0, initial_soc=0.3, eta_charge=0.9, eta_discharge=0.95)
    return solved(park.tiled().program)


def test_optimum_is_certified(optimum: Solved) -> None:
    certificate = certify(*optimum)
    assert certificate.holds
    assert certificate.gap <= 1e-12
    assert certificate.primal_objective_yuan == pytest.approx(optimum[0].objective(optimum[1]))


@pytest.mark.parametrize("step", [1e-3, -1e-3, 1.0, -1.0])
def test_any_other_point_is_refused(optimum: Solved, step: float) -> None:
    """One entry moved: a row or a bound breaks, or it costs more."""
    program, x, dual = optimum
    for column in range(len(x)):
        moved = x.copy()
        moved[column] += step
        assert not certify(program, moved, dual).holds, column


@pytest.mark.parametrize("scale", [-1.0, 0.0, 0.5, 2.0])
def test_any_other_multiplier_is_refused(optimum: Solved, scale: float) -> None:
    """Each multiplier that is not zero, in turn: sign flipped, left out, halved, doubled."""
    program, x, dual = optimum
    binding = np.flatnonzero(np.abs(dual) > 1e-6)
    assert len(binding) > 24
    for row in binding:
        changed = dual.copy()
        changed[row] *= scale
        assert not certify(program, x, changed).holds, row


def test_multiplier_on_a_loose_row_is_refused(optimum: Solved) -> None:
    """Pressing against a row that is not at its limit, or that has none on that side, proves nothing."""
    program, x, dual = optimum
    for row in np.flatnonzero(np.abs(dual) <= 1e-9):
        for pressure in (-50.0, 50.0):
            changed = dual.copy()
            changed[row] = pressure
            assert not certify(program, x, changed).holds, row


def test_objective_off_by_a_hundred_thousandth_is_refused(optimum: Solved) -> None:
    """The cost of any column in use changed by so much that the objective moves by 1e-5 of itself."""
    program, x, dual = optimum
    total = program.objective(x)
    between = (x > program.lower + 1e-3) & (x < program.upper - 1e-3)
    for column in np.flatnonzero(between):
        cost = program.cost.copy()
        cost[column] += 1e-5 * total / x[column]
        changed = replace(program, cost=cost)
        assert changed.objective(x) == pytest.approx(total * (1 + 1e-5), rel=1e-12)
        assert not certify(changed, x, dual).holds, column


def test_violated_bound_is_refused(optimum: Solved) -> None:
    """Every bound that binds, moved so that the point lies a thousandth outside."""
    program, x, dual = optimum
    for side, sign in (("lower", 1), ("upper", -1)):
        bounds = getattr(program, side)
        binding = np.flatnonzero(np.abs(x - bounds) < 1e-9)
        assert binding.size
        for column in binding:
            moved = bounds.copy()
            moved[column] += sign * 1e-3
            certificate = certify(replace(program, **{side: moved}), x, dual)
            assert not certificate.holds
            assert certificate.primal_infeasibility == pytest.approx(1e-3, rel=1e-6)


def test_violated_row_is_refused(optimum: Solved) -> None:
    program, x, dual = optimum
    for row in np.flatnonzero(np.isfinite(program.row_upper)):
        moved = program.row_upper.copy()
        moved[row] = (program.matrix @ x)[row] - 1e-3
        assert not certify(replace(program, row_upper=moved), x, dual).holds, row


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_no_number_is_refused(optimum: Solved, bad: float) -> None:
    """NaN or infinity in any entry of the point, the multipliers or the costs."""
    program, x, dual = optimum
    for part in range(3):
        for entry in range(0, len((x, dual, program.cost)[part]), 7):
            damaged = [x.copy(), dual.copy(), program.cost.copy()]
            damaged[part][entry] = bad
            moved, multipliers, cost = damaged
            assert not certify(replace(program, cost=cost), moved, multipliers).holds, (part, entry)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_program_that_is_no_number_is_refused(optimum: Solved) -> None:
    """NaN in the matrix or in any bound."""
    program, x, dual = optimum
    for name in ("lower", "upper", "row_lower", "row_upper"):
        damaged = getattr(program, name).copy()
        damaged[3] = np.nan
        assert not certify(replace(program, **{name: damaged}), x, dual).holds, name
    matrix = program.matrix.copy()
    matrix.data[5] = np.nan
    assert not certify(replace(program, matrix=matrix), x, dual).holds
    assert not certify(replace(program, offset=np.nan), x, dual).holds


def test_each_kind_of_damage_is_named() -> None:
    """min x, x >= 2 as a row: at 2 with multiplier 1 the optimum; 1 is short by 1, 3 costs 1 too much."""
    matrix = sp.csr_array(np.array([[1.0]]))
    program = LinearProgram(
        cost=np.array([1.0]),
        offset=10.0,
        matrix=matrix,
        row_lower=np.array([2.0]),
        row_upper=np.array([np.inf]),
        lower=np.array([0.0]),
        upper=np.array([np.inf]),
        binary=np.array([False]),
    )
    unit = np.array([1.0])
    assert certify(program, 2 * unit, unit) == Certificate(0.0, 0.0, 12.0, 12.0)
    assert certify(program, unit, unit).primal_infeasibility == 1.0
    assert certify(program, 3 * unit, unit).gap == pytest.approx(1 / 13)
    # multiplier 2 leaves a reduced cost of -1, and nothing above x to press against
    assert certify(program, 2 * unit, 2 * unit).dual_infeasibility == 1.0
    # multiplier -1 presses against an upper end the row does not have
    assert certify(program, 2 * unit, -unit).dual_infeasibility == 1.0
    # a bound from a weaker multiplier is lower, never higher
    assert certify(program, 2 * unit, 0.5 * unit).dual_objective_yuan == 11.0


def test_fraction_of_a_binary_is_a_violation() -> None:
    program = LinearProgram(
        cost=np.zeros(2),
        offset=0.0,
        matrix=sp.csr_array(np.ones((1, 2))),
        row_lower=np.array([0.0]),
        row_upper=np.array([9.0]),
        lower=np.zeros(2),
        upper=np.ones(2),
        binary=np.array([True, False]),
    )
    assert primal_infeasibility(program, np.array([1.0, 0.3])) <= 0
    assert primal_infeasibility(program, np.array([0.7, 0.3])) == pytest.approx(0.3)


# --- any linear program


@st.composite
def programs(draw: st.DrawFn) -> LinearProgram:
    """Small linear programs with rows and bounds of every kind; some have no answer."""
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    number = st.integers(-4, 4).map(float)

    def some(count: int) -> Array:
        return np.array(draw(st.lists(number, min_size=count, max_size=count)))

    def ends(count: int) -> tuple[Array, Array]:
        first, length = some(count), np.abs(some(count))
        kinds = np.array(draw(st.lists(st.integers(0, 4), min_size=count, max_size=count)))
        lower = np.where(kinds == 0, -np.inf, first)
        upper = np.where(kinds == 1, np.inf, first + length)
        return lower, np.where(kinds == 2, lower, upper)

    matrix = some(rows * columns).reshape(rows, columns)
    row_lower, row_upper = ends(rows)
    lower, upper = ends(columns)
    return LinearProgram(
        cost=some(columns),
        offset=draw(number),
        matrix=sp.csr_array(matrix),
        row_lower=row_lower,
        row_upper=row_upper,
        lower=lower,
        upper=upper,
        binary=np.zeros(columns, dtype=bool),
    )


def by_scipy(program: LinearProgram) -> float | None:
    """Optimum by another interface, with every row as two inequalities; None where there is none."""
    dense = program.matrix.toarray()
    above, below = np.isfinite(program.row_upper), np.isfinite(program.row_lower)
    result = linprog(
        program.cost,
        A_ub=np.vstack([dense[above], -dense[below]]),
        b_ub=np.concatenate([program.row_upper[above], -program.row_lower[below]]),
        bounds=np.column_stack([program.lower, program.upper]),
    )
    return float(result.fun) + program.offset if result.status == 0 else None


@settings(max_examples=60, derandomize=True)
@given(programs(), st.integers(0, 2**16))
def test_any_program(program: LinearProgram, seed: int) -> None:
    expected = by_scipy(program)
    if expected is None:
        with pytest.raises((InfeasibleProgram, UnboundedProgram)):
            solved(program)
        return
    _, x, dual = solved(program)
    certificate = certify(program, x, dual)
    assert certificate.holds
    assert certificate.primal_objective_yuan == pytest.approx(expected, rel=1e-7, abs=1e-6)
    # whatever the multipliers, what they prove is a bound; whatever is certified is as cheap as the optimum
    random = np.random.default_rng(seed)
    for size in (1e-3, 1.0):
        other = certify(program, x, dual + size * random.normal(size=len(dual)))
        if other.dual_infeasibility == 0:
            assert other.dual_objective_yuan <= expected + 1e-6
        moved = certify(program, x + size * random.normal(size=len(x)), dual)
        if moved.holds:
            assert moved.primal_objective_yuan == pytest.approx(expected, rel=1e-6, abs=1e-4)
