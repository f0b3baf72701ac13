"""A span of intervals that is planned again and again: what is known of it, what was done, what it cost."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, primal_infeasibility
from parkdispatch.optimizer.solve import optimize
from parkdispatch.studies.closed_loop.loop_forecasts import ISSUED, IssuedForecasts, forecast
from parkdispatch.studies.closed_loop.loop_options import LoopOptions, option_problems
from parkdispatch.studies.closed_loop.loop_result import LoopProofs, LoopReference, LoopResult
from parkdispatch.studies.closed_loop.span_costs import SpanCosts, span_costs
from parkdispatch.studies.daily_replay import with_month_peaks
from parkdispatch.studies.demand_peak import relaxed_demand_mw

FORECAST_ROLES = ("load", "source")  # whose series are not known ahead; prices and limits are
FORECAST_SERIES = ("demand_mw", "available_mw", "driver_mw")  # others follow from the calendar


class LoopSpan(ABC):
    """The state of a closed loop: what the plans know, what was executed, and the month's peak so far."""

    def __init__(
        self, prepared: Prepared, options: LoopOptions, issued: Mapping[Key, IssuedForecasts]
    ) -> None:
        """Raises InputError with all that a loop of this kind cannot run."""
        self.prepared, self.options, self.issued = prepared, options, issued
        case, hours = prepared.case, prepared.hours
        self.per_day = round(24 / hours)
        self.states = {
            name: state for name, device in case.devices.items() if (state := device.initial_state())
        }
        # an end that follows from the beginning is that of the case, whenever a plan begins
        self.devices = {
            name: device.starting_from(self.states[name]) if name in self.states else device
            for name, device in case.devices.items()
        }
        self.template = compile_template(self.devices, hours)
        self.year = tile(self.template, Horizon(prepared.times, hours), prepared.series)
        if problems := option_problems(prepared, options) + self.refusals():
            raise InputError(problems)
        self.weights = self.year.weights
        self.months = self.year.horizon.period("month")
        self.expected_mw = dict[int, float]()
        self.plan: tuple[int, Array, float] | None = None  # when it was made, its intervals, its cost
        (self.grid,) = [name for name, device in self.devices.items() if device.role == "grid"]
        self.bought = [column.key for column in self.template.columns].index((self.grid, "import_mw"))
        self.floor = (
            1 + self.template.series.index((self.grid, "peak_floor_mw"))
            if (self.grid, "peak_floor_mw") in self.template.series
            else None
        )
        self.uncertain = [
            number
            for number, (name, key) in enumerate(self.template.series, start=1)
            if key in FORECAST_SERIES
            and self.devices[name].role in FORECAST_ROLES
            and name not in options.known_devices
        ]
        self.proofs, self.peak_mw, self.month = LoopProofs(), 0.0, -1
        self.executed, self.costs = list[Array](), list[float]()

    @abstractmethod
    def refusals(self) -> list[str]:
        """What of the park this kind of loop cannot run; empty: nothing."""

    @abstractmethod
    def new_plan(self, now: int) -> tuple[Array, float]:
        """The plan made at an interval, (intervals from it on, columns), and its cost [yuan]."""

    @abstractmethod
    def execute(self, now: int, planned: Array, most_mw: float) -> tuple[Array, bool]:
        """What is done in an interval, (columns,), and whether set points gave way; keeps what it leaves.

        `planned` are the set points, (columns,), `most_mw` the import above which stores give way.
        """

    def step(self, now: int) -> None:
        """Plan from an interval on if one is due, execute it, and hand on the peak."""
        if self.months[now] != self.month:
            self.month = int(self.months[now])
            self.peak_mw = 0.0 if self.floor is None else float(self.weights[self.floor, now])
        try:
            if self.is_due(now) or self.plan is None:
                self.plan = (now, *self.new_plan(now))
            planned_at, planned, cost_yuan = self.plan
            most_mw = self.floor_mw(self.month) if self.options.holds_peak else np.inf
            x, gave_way = self.execute(now, planned[now - planned_at], most_mw)
        except (InfeasibleError, SolverError) as error:
            raise type(error)(f"{self.prepared.times[now]:%Y-%m-%d %H:%M}: {error}") from error
        self.proofs.gave_way += gave_way
        self.executed.append(x)
        self.costs.append(cost_yuan)
        self.peak_mw = max(self.peak_mw, float(x[self.bought]))

    def floor_mw(self, month: int) -> float:
        """Demand of a month that is paid for anyway: the peak so far, or that to expect if it is higher."""
        so_far = self.peak_mw if month == self.month else 0.0
        return max(so_far, self._expected_mw(self._month_to_expect(month)))

    def _month_to_expect(self, month: int) -> int:
        """The month whose peak is expected: itself, or the one before, of which all is known."""
        return (month - 1) % (int(self.months[-1]) + 1) if self.options.peak_as_before else month

    def _expected_mw(self, month: int) -> float:
        """The peak of the cheapest dispatch of a month [MW]; zero where demand is not paid for."""
        if self.floor is None:
            return 0.0
        if month not in self.expected_mw:
            span = np.flatnonzero(self.months == month)
            within = slice(int(span[0]), int(span[-1]) + 1)
            horizon = Horizon(self.prepared.times[within], self.prepared.hours)
            tiled = Tiled(self.template, horizon, self.weights[:, within])
            demand_mw = relaxed_demand_mw(tiled, self.devices).get(self.grid, np.zeros(1))
            self.expected_mw[month] = float(demand_mw.max(initial=0.0))
        return self.expected_mw[month]

    def horizon(self, now: int) -> slice:
        """The intervals of the plan made at an interval."""
        ahead = round(self.options.plan_hours / self.prepared.hours)
        if self.options.plan_at:
            since_midnight = now % self.per_day
            is_issued = since_midnight * self.prepared.hours >= self.options.issue_hour
            ahead = (2 if is_issued else 1) * self.per_day - since_midnight
        return slice(now, min(now + ahead, self.options.first + self.options.count))

    def is_due(self, now: int) -> bool:
        """Whether a plan is made at an interval: at each, or at the hours that are named."""
        hour = now % self.per_day * self.prepared.hours
        return not self.options.plan_at or self.plan is None or hour in self.options.plan_at

    def known(self, now: int) -> Array:
        """The series as the plan made at an interval knows them, (1 + series, intervals)."""
        span = self.horizon(now)
        weights, count = self.weights[:, span].copy(), span.stop - span.start
        for number in self.uncertain:
            key, actual = self.template.series[number - 1], self.weights[number]
            if self.options.kind not in ISSUED:
                weights[number] = forecast(actual, self.options.kind, now, count, self.per_day)
            elif key in self.issued:
                weights[number] = self.issued[key].at(actual, now, count)
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

    def settled(self, cpu_ms: float, reference: LoopReference | None) -> LoopResult:
        """What the executed intervals cost, beside the same span known from the beginning."""
        span = slice(self.options.first, self.options.first + self.options.count)
        times, hours = self.prepared.times[span], self.prepared.hours
        weights = self.weights[:, span].copy()
        if self.floor is not None:
            for month in np.unique(self.months[span]):
                if np.count_nonzero(self.months == month) > np.count_nonzero(self.months[span] == month):
                    self._set_floor(weights, self.months[span] == month, self._expected_mw(int(month)))
        tiled = Tiled(self.template, Horizon(times, hours), weights)
        executed = np.array(self.executed)
        x = with_month_peaks(tiled, executed.ravel())
        # what a limit or the peak took from the stores in the last intervals no plan could make good
        endless = replace(tiled, template=replace(self.template, ends=[]))
        if not (error := primal_infeasibility(endless.program, x)) <= 10 * FEASIBILITY_TOLERANCE:
            raise SolverError(f"what was executed breaks a rule by {error:g}")
        missing_mwh = (tiled.program.row_lower - tiled.program.matrix @ x)[len(endless.program.row_lower) :]
        return LoopResult(
            times=times,
            columns=tuple(column.key for column in self.template.columns),
            executed=executed,
            costs=span_costs(tiled, x, self.grid),
            reference=reference or self._reference(tiled),
            missing_mwh=float(np.maximum(missing_mwh, 0.0).sum()),
            proofs=replace(self.proofs),
            cpu_ms=cpu_ms,
            plan_costs_yuan=np.array(self.costs),
        )

    def _reference(self, span: Tiled) -> LoopReference:
        """The span known from its beginning, with and without storage."""
        times, hours = span.horizon.times, span.horizon.hours
        series: Mapping[Key, Array] = dict(zip(self.template.series, span.weights[1:], strict=True))
        foresight = optimize(self.devices, times, hours, series)
        devices = {name: device for name, device in self.devices.items() if device.role != "store"}
        without: SpanCosts | None = None
        try:
            base = optimize(devices, times, hours, series)
            without = span_costs(base.tiled, base.x, self.grid)
        except InfeasibleError:
            pass  # there is nothing to compare with
        costs = span_costs(foresight.tiled, foresight.x, self.grid)
        of_span = self.months[self.options.first : self.options.first + self.options.count]
        for month in np.unique(of_span).tolist():  # for runs that begin from this reference
            self._expected_mw(month)
        return LoopReference(costs, foresight.proof.gap, without, dict(self.expected_mw))
