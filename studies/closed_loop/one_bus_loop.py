"""A closed loop of a park at one bus, whose plans are the same linear program moved along time."""

import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, SolverError
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.rolling_program import with_initial
from parkdispatch.optimizer.formulation.template import Key, Template
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.proof.certificate import EXACT, FEASIBILITY_TOLERANCE, primal_infeasibility
from parkdispatch.optimizer.rolling_plans import RolledPlan, RollingPlanner
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.tiled_optimum import SolveSettings
from parkdispatch.optimizer.window_optimum import find_optimum
from parkdispatch.studies.closed_loop.execution import Execution
from parkdispatch.studies.closed_loop.loop_forecasts import IssuedForecasts
from parkdispatch.studies.closed_loop.loop_options import LoopOptions, handed_on_problems
from parkdispatch.studies.closed_loop.loop_span import LoopSpan
from parkdispatch.studies.solve_options import ignore_progress

STEP_LIMIT_S = 10.0  # of a plan that is solved in full


class OneBusLoop(LoopSpan):
    """A loop that hands on what the stores hold, and nothing else."""

    def __init__(
        self, prepared: Prepared, options: LoopOptions, issued: Mapping[Key, IssuedForecasts]
    ) -> None:
        super().__init__(prepared, options, issued)
        self.initial = np.array([self._initial(previous.initial[0]) for previous in self.template.previous])
        self.planner = RollingPlanner(self.template, prepared.hours)

    def refusals(self) -> list[str]:
        """What of the park is more than stores, fixed loads, sources and a connection at one bus."""
        self.execution = Execution(self.template, self.devices)
        problems = self.execution.refusals()
        return problems or handed_on_problems(self.devices, self.states, self.template, self.prepared.hours)

    def execute(self, now: int, planned: Array, most_mw: Mapping[str, float]) -> tuple[Array, bool]:
        """Stores follow their set points as far as they can, the grid takes the rest."""
        (grid,) = self.bought
        hold_mw = most_mw.get(grid, np.inf)
        x, gave_way = self.execution.executed(planned, self.weights[:, now], self.initial, hold_mw)
        self.initial = x[[previous.column for previous in self.template.previous]]
        return x, gave_way

    def _initial(self, functional: int) -> float:
        return float(self.template.coefficients[0, functional, -1])

    def new_plan(self, now: int) -> tuple[Array, float]:
        """The plan made at an interval, (intervals, columns), and its cost [yuan]."""
        span, weights = self.horizon(now), self.known(now)
        horizon = Horizon(self.prepared.times[span], self.prepared.hours)
        plan, template = self._planned(horizon, weights)
        planned, cost_yuan, bound_yuan = plan.interval_x, plan.cost_yuan, plan.bound_yuan
        if not (plan.obeys_pairs and plan.is_certified):
            self.proofs.repaired += 1
            planned, cost_yuan, bound_yuan = self._in_full(template, horizon, weights)
        self.proofs.add(max(0.0, cost_yuan - bound_yuan) / max(1.0, abs(cost_yuan)))
        return planned, cost_yuan

    def _planned(self, horizon: Horizon, weights: Array) -> tuple[RolledPlan, Template]:
        """The relaxed plan and its template, that has no end where set points gave way beyond reach of it."""
        try:
            return self.planner.plan(horizon, weights, self.initial), self.template
        except InfeasibleError:
            if not self.proofs.gave_way or not self.template.ends:
                raise
        self.proofs.endless += 1
        endless = replace(self.template, ends=[])
        return RollingPlanner(endless, self.prepared.hours).plan(horizon, weights, self.initial), endless

    def _in_full(self, template: Template, horizon: Horizon, weights: Array) -> tuple[Array, float, float]:
        """The plan by the whole decomposition: its intervals, cost and bound."""
        tiled = Tiled(with_initial(template, self.initial), horizon, weights)
        deadline = time.monotonic() + STEP_LIMIT_S
        with ThreadPool(1) as pool:
            solved = find_optimum(tiled, tiled, SolveSettings(pool, deadline, EXACT, False, ignore_progress))
        if not primal_infeasibility(tiled.program, solved.x) <= FEASIBILITY_TOLERANCE:
            raise SolverError("the plan found breaks a rule")
        cost_yuan = tiled.program.objective(solved.x)
        width = len(self.template.columns)
        return solved.x[: width * len(horizon)].reshape(-1, width), cost_yuan, solved.bound
