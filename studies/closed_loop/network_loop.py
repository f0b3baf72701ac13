"""A closed loop of any park: several buses and connections, units, shifted work, heat.

A plan begins at the midnight before, with what was executed since then fixed: limits over a day and least
times of running know what has been. At midnight every state is handed on, as daily plans do, and what limits
over more than a day leave.
"""

import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array, Seen
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.optimizer.formulation.allowances import (
    excess_yuan,
    with_allowances,
    without_allowed,
)
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.partly_executed import PartlyExecuted
from parkdispatch.optimizer.formulation.template import Key, Template
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.general_optimum import find_general_optimum
from parkdispatch.optimizer.highs import InfeasibleProgram
from parkdispatch.optimizer.proof.certificate import EXACT
from parkdispatch.optimizer.proof.infeasibility import explain_infeasibility
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.tiled_optimum import SolveSettings
from parkdispatch.studies.closed_loop.interval_execution import (
    PEAK_PENALTY,
    PeakPaidFor,
    SetPoints,
    executed_interval,
    shared_peaks,
)
from parkdispatch.studies.closed_loop.loop_forecasts import IssuedForecasts
from parkdispatch.studies.closed_loop.loop_options import LoopOptions
from parkdispatch.studies.closed_loop.loop_span import FORECAST_SERIES, LoopSpan
from parkdispatch.studies.daily_replay import not_handed_over
from parkdispatch.studies.solve_options import ignore_progress

PLAN_LIMIT_S = 20.0  # of one plan; at it, its gap is told


class NetworkLoop(LoopSpan):
    """A loop whose plans are searched as a whole."""

    def __init__(
        self, prepared: Prepared, options: LoopOptions, issued: Mapping[Key, IssuedForecasts]
    ) -> None:
        super().__init__(prepared, options, issued)
        self.day_first, self.of_day = options.first, list[Array]()
        self.day_template = self.template
        self.day_devices = {name: self.devices[name] for name in self.states}
        free = frozenset(
            name
            for name, key in self.template.series
            if key in FORECAST_SERIES and self.devices[name].role == "source"
        )
        self.points = SetPoints.of(self.template, self.devices, free)

    def refusals(self) -> list[str]:
        """What ties the days together that is not handed on, and a park without a connection."""
        problems = not_handed_over(self.template, self.devices)
        if not any(device.role == "grid" for device in self.devices.values()):
            problems.append("`device`: no connection: a closed loop is run, and settled, with one at least")
        return problems

    def new_plan(self, now: int) -> tuple[Array, float]:
        """The plan of the day so far and of the hours ahead, and what the hours ahead are to cost."""
        self._hand_over(now)
        span, ahead = self.horizon(now), self.known(now)
        weights = np.hstack([self.weights[:, self.day_first : now], ahead])
        months = self.months[self.day_first : span.stop]
        if self.floors:
            for month in np.unique(months).tolist():
                self._set_floors(weights, months == month, self.floor_mw(int(month)))
        horizon = Horizon(self.prepared.times[self.day_first : span.stop], self.prepared.hours)
        if allowed := self.limits.series(self.day_first, span.stop):
            template = with_allowances(self.template, self.limits.keys)
            rows = [allowed[key] for key in template.series[len(self.template.series) :]]
            weights = np.vstack([weights, *rows])
        x, gap, objective_yuan, tiled = self._solved(horizon, weights)
        self.proofs.add(gap)
        past = now - self.day_first
        spent_yuan = sum(
            float(tiled.evaluate(functional, x)[:past].sum()) for functional in tiled.template.costs.values()
        )
        spent_yuan += excess_yuan(tiled, x)
        width = len(tiled.template.columns)
        return x[: width * len(horizon)].reshape(-1, width)[past:], objective_yuan - spent_yuan

    def _solved(self, horizon: Horizon, weights: Array) -> tuple[Array, float, float, PartlyExecuted]:
        """A plan, its gap and its cost; without the end of the case where that is out of reach."""
        allowed = with_allowances(self.day_template, self.limits.keys)
        for template in (allowed, replace(allowed, ends=[])):
            tiled = PartlyExecuted(template, horizon, weights, executed=self._executed_of_day())
            settings_until = time.monotonic() + PLAN_LIMIT_S
            try:
                with ThreadPool(1) as pool:
                    settings = SolveSettings(pool, settings_until, EXACT, False, ignore_progress)
                    solved = find_general_optimum(tiled, settings)
            except InfeasibleProgram:
                self.proofs.endless += 1
                continue
            gap = max(0.0, solved.cost_yuan - solved.bound) / max(1.0, abs(solved.cost_yuan))
            return solved.x, gap, solved.cost_yuan, tiled
        raise InfeasibleError(explain_infeasibility(tiled, tiled.program))

    def execute(self, now: int, planned: Array, most_mw: Mapping[str, float]) -> tuple[Array, bool]:
        """Follow the set points as far as what really comes allows."""
        self._hand_over(now)
        span = slice(self.day_first, now + 1)
        horizon = Horizon(self.prepared.times[span], self.prepared.hours)
        executed = self._executed_of_day()
        template = without_allowed(self.day_template, self.limits.keys)  # plans make up for what is used
        tiled = PartlyExecuted(template, horizon, self.weights[:, span], executed=executed)
        x, gave_way = executed_interval(tiled, planned, self.points, self._peaks(now, most_mw))
        self.of_day.append(x)
        return x, gave_way

    def _peaks(self, now: int, most_mw: Mapping[str, float]) -> list[PeakPaidFor]:
        """The peaks that stores give way for, or without these, that connections share the rest by."""
        holds, several = bool(most_mw), len(self.bought) > 1
        if not holds and not several:
            return []
        price = {name: self._demand_price(name, now) for name in self.bought}
        if not holds:
            return shared_peaks(self.bought, self.floor_mw(self.month), price)
        dearest = max(price.values()) or 1.0
        return [
            PeakPaidFor(self.bought[name], power_mw, PEAK_PENALTY * (0.8 + 0.2 * price[name] / dearest))
            for name, power_mw in most_mw.items()
            if price[name] > 0 or not several
        ]

    def _demand_price(self, name: str, now: int) -> float:
        key = (name, "demand_price_yuan_per_mw_month")
        return (
            float(self.weights[1 + self.template.series.index(key), now])
            if key in self.template.series
            else 0.0
        )

    def _executed_of_day(self) -> Array:
        width = len(self.day_template.columns)
        return np.array(self.of_day) if self.of_day else np.empty((0, width))

    def _hand_over(self, now: int) -> None:
        """At midnight, begin a day with the states that the one before has left."""
        if now % self.per_day or now == self.day_first:
            return
        times = self.prepared.times[self.day_first : now]
        executed, horizon = np.array(self.of_day), Horizon(times, self.prepared.hours)
        if self.limits.keys:
            done = Tiled(self.day_template, horizon, self.weights[:, self.day_first : now])
            shared = np.zeros(done.shared_starts[-1] - done.shared_starts[0])
            self.limits.use(self.day_first, done, np.concatenate([executed.ravel(), shared]))
        self.day_template = self._next_template(executed, times)
        self.day_first, self.of_day = now, []

    def _next_template(self, executed: Array, times: pd.DatetimeIndex) -> Template:
        keys = [column.key for column in self.template.columns]
        for name in self.states:
            variables = {
                key: executed[:, number] for number, (owner, key) in enumerate(keys) if owner == name
            }
            seen = Seen(times, self.prepared.hours, variables, {}, {})
            self.states[name] = self.day_devices[name].state_after(seen)
        self.day_devices = {
            name: self.devices[name].starting_from(state) for name, state in self.states.items()
        }
        return compile_template({**self.devices, **self.day_devices}, self.prepared.hours)
