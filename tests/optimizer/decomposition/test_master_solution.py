"""Benders master problems: badly scaled ones are solved right, and their bound is checked."""

import highspy
import numpy as np
import pytest
import scipy.sparse as sp

from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.decomposition import master_solution
from parkdispatch.optimizer.decomposition.master_solution import solve_master
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Solver
from tests.support.paths import DEVELOPMENT_DATA


def master(price: float, cuts: list[tuple[float, float]]) -> LinearProgram:
    """min price u + t over u in [0, 100], t >= value + slope u for each cut (value, slope)."""
    values, slopes = np.array(cuts).T
    return LinearProgram(
        cost=np.array([price, 1.0]),
        offset=0.0,
        matrix=sp.csr_array(np.column_stack([-slopes, np.ones(len(cuts))])),
        row_lower=values,
        row_upper=np.full(len(cuts), np.inf),
        lower=np.array([0.0, -np.inf]),
        upper=np.array([100.0, np.inf]),
        binary=np.zeros(2, dtype=bool),
    )


@pytest.mark.parametrize("yuan", [1.0, 1e6])
def test_by_hand(yuan: float) -> None:
    """Cuts 9 - 2u and 1 + u at a price of 1: the minimum of u + max(...) is at 9 - 2u = 1 + u, u = 8/3."""
    solution = solve_master(master(yuan, [(9 * yuan, -2 * yuan), (yuan, yuan)]), slice(1, 2), Solver())
    assert solution.x == pytest.approx([8 / 3, 11 / 3 * yuan])
    assert solution.bound == pytest.approx(19 / 3 * yuan, rel=1e-12)


def test_a_bound_that_its_multipliers_do_not_confirm_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(Solver):
        def solve(self):  # type: ignore[no-untyped-def]
            answer = super().solve()
            answer.row_dual[:] = 0.0
            return answer

    with pytest.raises(SolverError, match="not confirmed"):
        solve_master(master(1.0, [(9.0, -2.0), (1.0, 1.0)]), slice(1, 2), Wrong())
    assert master_solution.SCALED_YUAN > 1


def test_the_master_problem_at_which_a_sizing_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """HiGHS 1.16 leaves it without a status as it is; primal simplex says 40235015.5733."""
    path = DEVELOPMENT_DATA / "highs" / "benders_master_fails_1.16.mps"
    if not path.exists():
        pytest.skip("no development data beside the checkout")
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.readModel(str(path))
    model = highs.getLp()
    matrix = sp.csc_array(
        (model.a_matrix_.value_, model.a_matrix_.index_, model.a_matrix_.start_),
        shape=(model.num_row_, model.num_col_),
    )
    program = LinearProgram(
        cost=np.array(model.col_cost_),
        offset=0.0,
        matrix=matrix.tocsr(),
        row_lower=np.array(model.row_lower_),
        row_upper=np.array(model.row_upper_),
        lower=np.array(model.col_lower_),
        upper=np.array(model.col_upper_),
        binary=np.zeros(model.num_col_, dtype=bool),
    )
    solution = solve_master(program, slice(1, model.num_col_), Solver())
    assert solution.bound == pytest.approx(40235015.5733, abs=1e-3)
    without_highs = Solver()  # every run of which ends without a status
    monkeypatch.setattr(without_highs._highs, "getModelStatus", lambda: highspy.HighsModelStatus.kNotset)
    solution = solve_master(program, slice(1, model.num_col_), without_highs)
    assert solution.bound == pytest.approx(40235015.5733, abs=1e-2)


def test_multipliers_that_are_a_little_off_give_a_lower_bound() -> None:
    """Weights 2/3 and 1/3 of the cuts are optimal; 0.65 and 0.35 bound the 19/3 from below by 6.2."""

    class Near(Solver):
        def solve(self):  # type: ignore[no-untyped-def]
            answer = super().solve()
            answer.row_dual[:] = [0.65, 0.35]
            return answer

    solution = solve_master(master(1.0, [(9.0, -2.0), (1.0, 1.0)]), slice(1, 2), Near())
    # reduced cost of u: 1 - (2 x 0.65 - 0.35) = 0.05 at its lower bound of zero
    assert solution.bound == pytest.approx(0.65 * 9 + 0.35 * 1)
    assert solution.bound < 19 / 3


def test_tolerances_of_the_solver_do_not_spoil_the_bound() -> None:
    """Multipliers that are 1e-9 off in a unit of 16,384 yuan: weights of cuts that do not add up to one."""

    class Rough(Solver):
        def solve(self):  # type: ignore[no-untyped-def]
            answer = super().solve()
            answer.row_dual[:] *= 1 + 3e-9
            return answer

    cuts = [(9e6, -2e6), (1e6, 1e6)]
    solution = solve_master(master(1e6, cuts), slice(1, 2), Rough())
    assert solution.bound == pytest.approx(19e6 / 3, rel=1e-9)
    assert solution.bound <= 19e6 / 3 * (1 + 1e-12)
