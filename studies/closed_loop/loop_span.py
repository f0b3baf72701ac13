"""A span of intervals that is planned again and again: what is known of it, what was done, what it cost."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import numpy as np

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.optimizer.formulation.allowances import allowable_totals, without_allowed
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.kept_templates import kept_template
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, primal_infeasibility
from parkdispatch.optimizer.solve import optimize
from parkdispatch.studies.closed_loop.loop_forecasts import ISSUED, IssuedForecasts, forecast
from parkdispatch.studies.closed_loop.loop_options import LoopOptions, option_problems
from parkdispatch.studies.closed_loop.loop_result import LoopProofs, LoopReference, LoopResult
from parkdispatch.studies.closed_loop.running_limits import KEPT, RunningLimits
from parkdispatch.studies.closed_loop.span_costs import SpanCosts, span_costs
from parkdispatch.studies.daily_replay import with_month_peaks
from parkdispatch.studies.demand_peak import planned_whole, relaxed_demand_mw

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
        self.template = kept_template(self.devices, hours)
        self.year = tile(self.template, Horizon(prepared.times, hours), prepared.series)
        if problems := option_problems(prepared, options) + self.refusals():
            raise InputError(problems)
        self.limits = self._running_limits()
        self.weights = self.year.weights
        self.months = self.year.horizon.period("month")
        self.expected_mw = dict[int, Mapping[str, float]]()
        self.plan: tuple[int, Array, float] | None = None  # when it was made, its intervals, its cost
        keys = [column.key for column in self.template.columns]
        self.bought = {  # the column of its import, by connection
            name: keys.index((name, "import_mw"))
            for name, device in self.devices.items()
            if device.role == "grid"
        }
        self.floors = {  # the row of `weights`, by connection that pays for demand
            name: 1 + self.template.series.index((name, "peak_floor_mw"))
            for name in self.bought
            if (name, "peak_floor_mw") in self.template.series
        }
        self.uncertain = [
            number
            for number, (name, key) in enumerate(self.template.series, start=1)
            if key in FORECAST_SERIES
            and self.devices[name].role in FORECAST_ROLES
            and name not in options.known_devices
        ]
        self.proofs, self.month = LoopProofs(), -1
        self.peak_mw = dict.fromkeys(self.bought, 0.0)
        self.executed, self.costs = list[Array](), list[float]()

    def _running_limits(self) -> RunningLimits:
        """What limits over more than a day leave, by a plan of the year; InfeasibleError without one."""
        is_limited = bool(allowable_totals(self.template))
        limits = RunningLimits(self.year, planned_whole(self.year, self.devices) if is_limited else None)
        limits.begin_at(self.options.first)
        return limits

    @abstractmethod
    def refusals(self) -> list[str]:
        """What of the park this kind of loop cannot run; empty: nothing."""

    @abstractmethod
    def new_plan(self, now: int) -> tuple[Array, float]:
        """The plan made at an interval, (intervals from it on, columns), and its cost [yuan]."""

    @abstractmethod
    def execute(self, now: int, planned: Array, most_mw: Mapping[str, float]) -> tuple[Array, bool]:
        """What is done in an interval, (columns,), and whether set points gave way; keeps what it leaves.

        `planned` are the set points, (columns,), `most_mw` the import of each connection above which stores
        give way; of one that is not named, none is too much.
        """

    def step(self, now: int) -> None:
        """Plan from an interval on if one is due, execute it, and hand on the peak."""
        if self.months[now] != self.month:
            self.month = int(self.months[now])
            self.peak_mw = dict.fromkeys(self.bought, 0.0)
            self.peak_mw |= {name: float(self.weights[row, now]) for name, row in self.floors.items()}
        try:
            if self.is_due(now) or self.plan is None:
                self.plan = (now, *self.new_plan(now))
            planned_at, planned, cost_yuan = self.plan
            most_mw = self.floor_mw(self.month) if self.options.holds_peak else {}
            x, gave_way = self.execute(now, planned[now - planned_at], most_mw)
        except (InfeasibleError, SolverError) as error:
            raise error.about(f"{self.prepared.times[now]:%Y-%m-%d %H:%M}") from error
        self.proofs.gave_way += gave_way
        self.executed.append(x)
        self.costs.append(cost_yuan)
        for name, column in self.bought.items():
            self.peak_mw[name] = max(self.peak_mw[name], float(x[column]))

    def end_after(self, count: int) -> None:
        """Take back what was executed beyond so many intervals; the span ends there."""
        self.options = replace(self.options, count=count)
        del self.executed[count:], self.costs[count:]

    def floor_mw(self, month: int) -> dict[str, float]:
        """Demand of a month that each connection pays for anyway: its peak so far, or that to expect."""
        expected_mw = self._expected_mw(self._month_to_expect(month))
        return {
            name: max(self.peak_mw[name] if month == self.month else 0.0, expected_mw.get(name, 0.0))
            for name in self.bought
        }

    def _month_to_expect(self, month: int) -> int:
        """The month whose peak is expected: itself, or the one before, of which all is known."""
        return (month - 1) % (int(self.months[-1]) + 1) if self.options.peak_as_before else month

    def _expected_mw(self, month: int) -> Mapping[str, float]:
        """The peaks of the cheapest dispatch of a month [MW], by connection that pays for demand."""
        if not self.floors:
            return {}
        if month not in self.expected_mw:
            span = np.flatnonzero(self.months == month)
            within = slice(int(span[0]), int(span[-1]) + 1)
            horizon = Horizon(self.prepared.times[within], self.prepared.hours)
            tiled = Tiled(self.template, horizon, self.weights[:, within])
            self.expected_mw[month] = {
                name: float(demand_mw.max(initial=0.0))
                for name, demand_mw in relaxed_demand_mw(tiled, self.devices).items()
            }
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
        if self.floors:
            months = self.months[span]
            for month in np.unique(months):
                self._set_floors(weights, months == month, self.floor_mw(int(month)))
        return weights

    def _set_floors(self, weights: Array, within: Array, floor_mw: Mapping[str, float]) -> None:
        for name, row in self.floors.items():
            free_mw, free = 0.0, (name, "demand_free_mw")
            if free in self.template.series:
                free_mw = weights[1 + self.template.series.index(free), within]
            weights[row, within] = np.maximum(floor_mw.get(name, 0.0) - free_mw, 0.0)

    def settled(self, cpu_ms: float, reference: LoopReference | None) -> LoopResult:
        """What the executed intervals cost, beside the same span known from the beginning."""
        span = slice(self.options.first, self.options.first + self.options.count)
        times, hours = self.prepared.times[span], self.prepared.hours
        weights = self.weights[:, span].copy()
        if self.floors:
            for month in np.unique(self.months[span]):
                if np.count_nonzero(self.months == month) > np.count_nonzero(self.months[span] == month):
                    self._set_floors(weights, self.months[span] == month, self._expected_mw(int(month)))
        template = without_allowed(self.template, self.limits.keys)  # whether these are kept is told
        tiled = Tiled(template, Horizon(times, hours), weights)
        executed = np.array(self.executed)
        x = with_month_peaks(tiled, executed.ravel())
        self.limits.use(span.start, tiled, x)
        # what a limit or the peak took from the stores in the last intervals no plan could make good
        endless = replace(tiled, template=replace(template, ends=[]))
        if not (error := primal_infeasibility(endless.program, x)) <= 10 * FEASIBILITY_TOLERANCE:
            raise SolverError(f"what was executed breaks a rule by {error:g}")
        missing_mwh = (tiled.program.row_lower - tiled.program.matrix @ x)[len(endless.program.row_lower) :]
        return LoopResult(
            times=times,
            columns=tuple(column.key for column in self.template.columns),
            executed=executed,
            costs=span_costs(tiled, x, list(self.bought)),
            reference=reference or self._reference(tiled),
            missing_mwh=float(np.maximum(missing_mwh, 0.0).sum()),
            broken=tuple(self.limits.broken(span.stop)),
            proofs=replace(self.proofs),
            cpu_ms=cpu_ms,
            plan_costs_yuan=np.array(self.costs),
        )

    def _reference(self, span: Tiled) -> LoopReference:
        """The span known from its beginning, with and without storage."""
        times, hours = span.horizon.times, span.horizon.hours
        series: dict[Key, Array] = dict(zip(self.template.series, span.weights[1:], strict=True))
        first = self.options.first
        series |= self.limits.series(first, first + self.options.count)

        def solved(devices: Mapping[str, Device]) -> tuple[SpanCosts, float, float]:
            """The costs, the gap, and by how much limits over more than a day are exceeded."""
            optimum = optimize(devices, times, hours, series, allowances=self.limits.keys)
            template = without_allowed(kept_template(devices, hours), self.limits.keys)
            tiled = tile(template, span.horizon, series)
            excess = optimum.x[tiled.shared_starts[-1] :]
            costs = span_costs(tiled, optimum.x[: tiled.shared_starts[-1]], list(self.bought))
            return costs, optimum.proof.gap, float(excess.sum())

        foresight, gap, least_excess = solved(self.devices)
        without: SpanCosts | None = None
        with suppress(InfeasibleError):  # there is nothing to compare with
            stores = [name for name, device in self.devices.items() if device.role == "store"]
            without, _, excess = solved({n: d for n, d in self.devices.items() if n not in stores})
            if excess > least_excess + KEPT:
                without = None
        of_span = self.months[self.options.first : self.options.first + self.options.count]
        for month in np.unique(of_span).tolist():  # for runs that begin from this reference
            self._expected_mw(month)
        return LoopReference(foresight, gap, without, dict(self.expected_mw))
