"""Re-plan a park at every interval from forecasts, execute one interval, and settle what it all cost."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, primal_infeasibility
from parkdispatch.optimizer.rolling_plans import RollingPlanner
from parkdispatch.optimizer.solve import optimize
from parkdispatch.studies.closed_loop.execution import Execution
from parkdispatch.studies.closed_loop.loop_options import (
    LoopOptions,
    handed_on_problems,
    option_problems,
)
from parkdispatch.studies.closed_loop.naive_forecasts import forecast
from parkdispatch.studies.daily_replay import with_month_peaks
from parkdispatch.studies.demand_peak import monthly_peaks_mw
from parkdispatch.studies.solve_options import Progress, ignore_progress

FORECAST_ROLES = ("load", "source")  # whose series are not known ahead; prices and limits are
PROVEN = 1e-8  # relative gap


@dataclass
class LoopProofs:
    """How the plans were proven."""

    proven: int = 0
    repaired: int = 0  # whose relaxation broke an exclusive pair, and that were solved in full
    largest_gap: float = 0.0
    gave_way: int = 0  # intervals in which a limit changed the set points of the plan

    def add(self, gap: float) -> None:
        """Count a plan that is proven to within a relative gap."""
        self.largest_gap = max(self.largest_gap, gap)
        self.proven += gap <= PROVEN


@dataclass(frozen=True)
class LoopResult:
    """What a closed loop cost, beside perfect foresight of the whole span and the park without storage."""

    times: pd.DatetimeIndex
    columns: tuple[Key, ...]
    executed: Array  # (intervals, columns)
    cost_yuan: float
    foresight_yuan: float
    foresight_gap: float
    without_yuan: float | None
    proofs: LoopProofs
    cpu_ms: float  # of planning and executing, mean by step
    plan_costs_yuan: Array = field(repr=False)  # of each plan, (intervals,)

    @property
    def kept(self) -> float | None:
        """Share of the saving under perfect foresight that is kept [-]; None where there is none."""
        if self.without_yuan is None or self.without_yuan - self.foresight_yuan <= PROVEN * abs(
            self.foresight_yuan
        ):
            return None
        return (self.without_yuan - self.cost_yuan) / (self.without_yuan - self.foresight_yuan)


def run_loop(prepared: Prepared, options: LoopOptions, progress: Progress = ignore_progress) -> LoopResult:
    """Run a closed loop over a span of a prepared year.

    Each plan reaches `plan_hours` ahead, no further than the span, ends as the case says, and pays for demand
    above the month's peak so far, or above that of the cheapest dispatch of the month where that is higher,
    as `plan_days` does. Raises InputError for a park that cannot be run so, InfeasibleError and SolverError
    naming the interval.
    """
    loop = _Loop(prepared, options)
    started = time.process_time()
    for step in range(options.count):
        if step % loop.per_day == 0:
            progress(f"day {step // loop.per_day + 1} of {-(-options.count // loop.per_day)}")
        loop.step(options.first + step)
    cpu_ms = 1000.0 * (time.process_time() - started) / options.count
    progress("settling")
    return loop.settled(cpu_ms)


class _Loop:
    """The state of a closed loop: what the stores hold, and the month's peak so far."""

    def __init__(self, prepared: Prepared, options: LoopOptions) -> None:
        self.prepared, self.options = prepared, options
        case, hours = prepared.case, prepared.hours
        self.per_day = round(24 / hours)
        states = {name: state for name, device in case.devices.items() if (state := device.initial_state())}
        # an end that follows from the beginning is that of the case, whenever a plan begins
        self.devices = {
            name: device.starting_from(states[name]) if name in states else device
            for name, device in case.devices.items()
        }
        self.template = compile_template(self.devices, hours)
        self.execution = Execution(self.template, self.devices)
        problems = option_problems(prepared, options) + self.execution.refusals()
        if not problems:
            problems = handed_on_problems(self.devices, states, self.template, hours)
        if problems:
            raise InputError(problems)
        year = tile(self.template, Horizon(prepared.times, hours), prepared.series)
        self.weights = year.weights
        self.months = year.horizon.period("month")
        self.expected_mw = monthly_peaks_mw(year, self.devices)
        (self.grid,) = [name for name, device in self.devices.items() if device.role == "grid"]
        self.bought = [column.key for column in self.template.columns].index((self.grid, "import_mw"))
        self.floor = (
            1 + self.template.series.index((self.grid, "peak_floor_mw"))
            if (self.grid, "peak_floor_mw") in self.template.series
            else None
        )
        self.uncertain = [
            number
            for number, (name, _) in enumerate(self.template.series, start=1)
            if self.devices[name].role in FORECAST_ROLES
        ]
        self.initial = np.array([self._initial(previous.initial[0]) for previous in self.template.previous])
        self.planner = RollingPlanner(self.template, hours)
        self.proofs, self.peak_mw, self.month = LoopProofs(), 0.0, -1
        self.executed, self.costs = list[Array](), list[float]()

    def _initial(self, functional: int) -> float:
        return float(self.template.coefficients[0, functional, -1])

    def floor_mw(self, month: int) -> float:
        """Demand of a month that is paid for anyway: the peak so far, or that to expect if it is higher."""
        so_far = self.peak_mw if month == self.month else 0.0
        expected = self.expected_mw.get(self.grid)
        return max(so_far, 0.0 if expected is None else float(expected[month]))

    def horizon(self, now: int) -> slice:
        """The intervals of the plan made at an interval."""
        ahead = round(self.options.plan_hours / self.prepared.hours)
        return slice(now, min(now + ahead, self.options.first + self.options.count))

    def known(self, now: int) -> Array:
        """The series as the plan made at an interval knows them, (1 + series, intervals)."""
        span = self.horizon(now)
        weights, count = self.weights[:, span].copy(), span.stop - span.start
        for number in self.uncertain:
            weights[number] = forecast(self.weights[number], self.options.kind, now, count, self.per_day)
        if self.floor is not None:
            months = self.months[span]
            for month in np.unique(months):
                self._set_floor(weights, months == month, self.floor_mw(int(month)))
        return weights

    def _set_floor(self, weights: Array, within: Array, floor_mw: float) -> None:
        free = (self.grid, "demand_free_mw")
        free_mw = 0.0
        if free in self.template.series:
            free_mw = weights[1 + self.template.series.index(free), within]
        weights[self.floor, within] = np.maximum(floor_mw - free_mw, 0.0)

    def step(self, now: int) -> None:
        """Plan from an interval on, execute it, and hand on what the stores hold and the peak."""
        if self.months[now] != self.month:
            self.month = int(self.months[now])
            self.peak_mw = 0.0 if self.floor is None else float(self.weights[self.floor, now])
        span, weights = self.horizon(now), self.known(now)
        times = self.prepared.times[span]
        try:
            plan = self.planner.plan(Horizon(times, self.prepared.hours), weights, self.initial)
            planned, cost_yuan, bound_yuan = plan.interval_x[0], plan.cost_yuan, plan.bound_yuan
            if not (plan.obeys_pairs and plan.is_certified):
                self.proofs.repaired += 1
                planned, cost_yuan, bound_yuan = self._in_full(times, weights)
            self.proofs.add(max(0.0, cost_yuan - bound_yuan) / max(1.0, abs(cost_yuan)))
            most_mw = self.floor_mw(self.month) if self.options.holds_peak else np.inf
            x, gave_way = self.execution.executed(planned, self.weights[:, now], self.initial, most_mw)
        except (InfeasibleError, SolverError) as error:
            raise type(error)(f"{times[0]:%Y-%m-%d %H:%M}: {error}") from error
        self.proofs.gave_way += gave_way
        self.executed.append(x)
        self.costs.append(cost_yuan)
        self.initial = x[[previous.column for previous in self.template.previous]]
        self.peak_mw = max(self.peak_mw, float(x[self.bought]))

    def _in_full(self, times: pd.DatetimeIndex, weights: Array) -> tuple[Array, float, float]:
        """The plan by the whole optimizer: first interval, cost and bound."""
        held = {
            self.template.columns[previous.column].key[0]: float(value)
            for previous, value in zip(self.template.previous, self.initial, strict=True)
        }
        devices = {
            name: device.starting_from({"energy_mwh": held[name]}) if name in held else device
            for name, device in self.devices.items()
        }
        series = dict(zip(self.template.series, weights[1:], strict=True))
        optimum = optimize(devices, times, self.prepared.hours, series)
        return optimum.x[: len(self.template.columns)], optimum.proof.objective_yuan, optimum.proof.bound_yuan

    def settled(self, cpu_ms: float) -> LoopResult:
        """What the executed intervals cost, beside the same span known from the beginning."""
        span = slice(self.options.first, self.options.first + self.options.count)
        times, hours = self.prepared.times[span], self.prepared.hours
        weights = self.weights[:, span].copy()
        if self.floor is not None:
            for month in np.unique(self.months[span]):
                if np.count_nonzero(self.months == month) > np.count_nonzero(self.months[span] == month):
                    expected = float(self.expected_mw[self.grid][month]) if self.expected_mw else 0.0
                    self._set_floor(weights, self.months[span] == month, expected)
        tiled = Tiled(self.template, Horizon(times, hours), weights)
        executed = np.array(self.executed)
        x = with_month_peaks(tiled, executed.ravel())
        if not (error := primal_infeasibility(tiled.program, x)) <= 10 * FEASIBILITY_TOLERANCE:
            raise SolverError(f"what was executed breaks a rule by {error:g}")
        series: Mapping[Key, Array] = dict(zip(self.template.series, weights[1:], strict=True))
        foresight = optimize(self.devices, times, hours, series)
        return LoopResult(
            times=times,
            columns=tuple(column.key for column in self.template.columns),
            executed=executed,
            cost_yuan=tiled.program.objective(x),
            foresight_yuan=foresight.proof.objective_yuan,
            foresight_gap=foresight.proof.gap,
            without_yuan=self._without_yuan(times, series),
            proofs=replace(self.proofs),
            cpu_ms=cpu_ms,
            plan_costs_yuan=np.array(self.costs),
        )

    def _without_yuan(self, times: pd.DatetimeIndex, series: Mapping[Key, Array]) -> float | None:
        devices = {name: device for name, device in self.devices.items() if device.role != "store"}
        try:
            return optimize(devices, times, self.prepared.hours, series).proof.objective_yuan
        except InfeasibleError:
            return None
