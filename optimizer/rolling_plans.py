"""Plans of a horizon that moves along time, each begun at the basis of the one before, moved too."""

from dataclasses import dataclass, field

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.rolling_program import (
    RollingProgram,
    is_within_a_month,
    with_initial,
)
from parkdispatch.optimizer.formulation.template import Template
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import Basis, InfeasibleProgram, Solver, SolverAnswer
from parkdispatch.optimizer.presolve.exclusive_pairs import PAIR_TOLERANCE_MW
from parkdispatch.optimizer.proof.certificate import certify


@dataclass(frozen=True)
class RolledPlan:
    """The optimum of the linear relaxation of a horizon, checked by its certificate."""

    interval_x: Array  # (intervals, columns)
    cost_yuan: float
    bound_yuan: float
    obeys_pairs: bool  # else it is no dispatch, and its cost only a bound
    is_certified: bool


@dataclass
class RollingPlanner:
    """Plans a template on one horizon after another; the longest ones within a month start warm."""

    template: Template
    hours: float
    _programs: dict[int, RollingProgram] = field(default_factory=dict)  # by number of intervals
    _solver: Solver | None = None
    _loaded: int = 0  # intervals of the program that the solver has
    _upper: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def plan(self, horizon: Horizon, weights: Array, initial: Array) -> RolledPlan:
        """The cheapest plan from values before the horizon on; `weights` is (1 + series, intervals).

        Raises InfeasibleError where no plan meets all limits.
        """
        count = len(horizon)
        try:
            if not is_within_a_month(horizon):
                program = Tiled(with_initial(self.template, initial), horizon, weights).program
                solver = Solver(presolve=False)
                solver.load(program)
                answer, self._loaded = solver.solve(), 0
            else:
                if count not in self._programs:
                    self._programs = {count: RollingProgram(Tiled(self.template, horizon, weights))}
                program = self._programs[count].at(weights, initial)
                answer = self._warm(count, program)
        except InfeasibleProgram:
            self._loaded = 0
            raise InfeasibleError("no plan meets all limits") from None
        certificate = certify(program, answer.x, answer.row_dual)
        x = answer.x[: count * len(self.template.columns)].reshape(count, -1)
        obeys = all(
            bool((np.minimum(x[:, pair.a], x[:, pair.b]) <= PAIR_TOLERANCE_MW).all())
            for pair in self.template.pairs
        )
        cost_yuan = certificate.primal_objective_yuan
        bound_yuan = min(cost_yuan, certificate.dual_objective_yuan)
        return RolledPlan(x, cost_yuan, bound_yuan, obeys, certificate.holds)

    def _warm(self, count: int, program: LinearProgram) -> SolverAnswer:
        """Solve from the last basis, moved by one interval."""
        if self._loaded != count or self._solver is None:
            self._solver, self._loaded = Solver(presolve=False, near=True), count
            self._solver.load(program)
        else:
            basis = self._solver.basis(self._upper)
            self._solver.load(program)
            self._solver.start_from(self._moved(basis, count))
        answer = self._solver.solve()
        self._upper = answer.x >= program.upper
        return answer

    def _moved(self, basis: Basis, count: int) -> Basis:
        """The basis one interval later; the last interval is as it was."""
        rows, columns = count * len(self.template.rows), count * len(self.template.columns)

        def moved(marks: Mask, size: int) -> Mask:
            by_interval = marks[:size].reshape(count, -1)
            return np.concatenate([by_interval[1:].ravel(), by_interval[-1], marks[size:]])

        return Basis.of(moved(basis.columns, columns), moved(basis.rows, rows), moved(basis.upper, columns))
