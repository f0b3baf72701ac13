"""Shiftable load: work that is due within daily windows, or by orders, at hours that are free.

Let a window be open in interval t with work of E (`energy_mwh`), and p be the power:

    done = done before + h p, zero where a window begins;   done = E where it ends
    0 <= p <= available power,   p >= least power in a window

    p = power of a machine x machines running               (in blocks)
    starts of the last `block_hours` <= machines running <= all machines

Machines are alike, so only their number is decided: in blocks a whole one, written with one binary for each
binary digit of it. Otherwise power is continuous, as if part of a machine could run.

Where a horizon ends within a window, the rest of its work may be left in proportion to the hours left:

    left = left before x hours left at the end of t / hours left at its beginning
    done >= E - left                                       (in the last interval)

Each MWh above the usual profile costs `shift_yuan_per_mwh`. In blocks, done may exceed E by what one machine
does in a block; blocks end with their window, and where none fits any more at the end of a horizon, the
machines that run then must be enough for what is left. Left out: starting costs, and what the machines make.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.capacity import capacity_in_model, capital_yuan, decided_capacity, keep_within
from parkdispatch.models.device import (
    Array,
    Carrier,
    Display,
    Park,
    Role,
    Seen,
    SeriesSpec,
    largest_residual,
    power_spec,
)
from parkdispatch.models.loads.identical_machines import (
    BLOCK_SERIES,
    block_intervals,
    block_series,
    machine_residuals_mw,
    write_machines,
)
from parkdispatch.models.loads.shiftable_declaration import ShiftableDeclaration
from parkdispatch.models.loads.work_windows import (
    WORK_SERIES,
    WorkWindows,
    daily_window,
    occurrences,
    short_windows,
    work_done,
    work_series,
    work_windows,
)
from parkdispatch.models.network.full_use import SupplyBound
from parkdispatch.models.ordered_bounds import INJECTION
from parkdispatch.models.shown_operation import Activity
from parkdispatch.models.vocabulary import Interval, Terms, TimeSpan


class ShiftableLoad(ShiftableDeclaration):
    """Work with a daily amount, such as the ball mills of a ceramics works, or orders with a date."""

    role: ClassVar[Role] = "load"
    growing_series: ClassVar[tuple[str, ...]] = (
        "usual_mw", "energy_mwh", "closing_mwh", "share_before_mwh", "left_new_mwh",
    )  # fmt: skip
    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {"bus": "any"}
    displays: ClassVar[tuple[Display, ...]] = (Display("demand", "load", {INJECTION: -1.0}),)
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "availability": SeriesSpec(
            title="Share of the machines that can run", unit="1", lower=0.0, upper=1.0
        ),
        "usual_mw": power_spec("Usual power", computed_from=("usual_shape",)),
        **WORK_SERIES,
        **BLOCK_SERIES,
    }
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"shiftable_load": "shiftable load"},
            "costs": {"shifting": "shifting of work"},
            "checks": {
                "available_power": "power within what is available",
                "least_power": "least power within the window",
                "outside_window": "no work outside its window",
                "work_done": "work done so far",
                "work_of_window": "work of each window",
                "work_at_end": "share of the work at the end",
                "machines_running": "whole machines",
                "block_length": "least running time",
            },
        },
        "zh": {
            "devices": {"shiftable_load": "可转移负荷"},
            "costs": {"shifting": "负荷转移成本"},
            "checks": {
                "available_power": "可用功率上限",
                "least_power": "时间窗内最小功率",
                "outside_window": "时间窗外不用电",
                "work_done": "已完成电量",
                "work_of_window": "各时间窗的电量",
                "work_at_end": "期末应完成的电量",
                "machines_running": "整台设备运行",
                "block_length": "最短连续运行时间",
            },
        },
    }

    def surplus_mwh(self, hours: float) -> float:
        """What may be done beyond the work of a window, because machines run in blocks [MWh]."""
        return self.machine_mw * max(hours, self.block_hours) if self.in_blocks else 0.0

    @classmethod
    def example(cls) -> Self:
        """Ball mills of a ceramics works: 22 hours of work in 24, a third of which cannot be moved."""
        return cls(daily_energy_mwh=88.0, machine_mw=0.5, machines=8, min_power_mw=88.0 / 24 / 3)

    def _windows(self, park: Park | Seen, hourly: Sequence[float] = ()) -> tuple[WorkWindows, Array]:
        """The windows, and the work of the one each interval lies in [MWh]."""
        spans = [TimeSpan(order.begin, order.end) for order in self.orders]
        works = [order.energy_mwh for order in self.orders]
        if self.daily_energy_mwh is not None:
            spans = occurrences(daily_window(self.window), park.times)
            works = [self.daily_energy_mwh] * len(spans)
        windows = work_windows(park.times, park.hours, spans, hourly)
        return windows, np.where(windows.is_inside, np.array(works)[windows.number], 0.0)

    def series(self, park: Park) -> Mapping[str, Array]:
        """Where each interval stands in its window. Raises InputError for a window without an interval."""
        windows, energy_mwh = self._windows(park)
        usual, _ = self._windows(park, self.usual_shape)
        blocks = block_series(windows.hours_left, park.hours, self.block_hours)
        series = {**work_series(windows, energy_mwh), **blocks}
        # what cannot be begun any more is taken as done
        done_mwh = np.where(blocks["start_fits"] > 0, series["share_before_mwh"], energy_mwh)
        return {
            **series,
            "share_before_mwh": done_mwh,
            "availability": np.ones(len(park.times)),
            "usual_mw": energy_mwh * usual.share / park.hours,
        }

    def impossible(self, given: Mapping[str, Array], park: Park) -> Mapping[str, list[str]]:
        """A given availability that leaves too little for the work of a window."""
        if "availability" not in given:
            return {}
        could_mwh = self.most_mw * park.hours * given["availability"]
        lines = short_windows(*self._windows(park), park.times, could_mwh)
        return {"availability": lines} if lines else {}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write the work done so far, what may be left at the end, and the machines running."""
        hours, inside, energy_mwh = interval.hours, interval.series("inside"), interval.series("energy_mwh")
        availability = interval.series("availability")
        block.power_mw = pyo.Var(bounds=(0, self.most_mw * availability))
        added_mw = capacity_in_model(interval, "added_mw", self.added_mw)
        keep_within(block, "power_limit", block.power_mw, 0.0, (self.declared_mw + added_mw) * availability)
        most_mwh = energy_mwh + self.surplus_mwh(hours) * inside
        block.done_mwh = pyo.Var(bounds=(interval.series("closing_mwh"), most_mwh))
        block.left_mwh = pyo.Var(bounds=(None, energy_mwh))
        share_mwh = interval.series("share_before_mwh")  # asked for always: all days have the same series
        done_before = share_mwh if self.done_mwh is None else self.done_mwh
        before = interval.previous(block.done_mwh, initial=done_before)
        # done at the end = done before, if the window is still the same, + this interval's work
        block.work = pyo.Constraint(
            expr=block.done_mwh == interval.series("continues") * before + hours * block.power_mw
        )
        left_before = interval.previous(block.left_mwh, initial=energy_mwh - done_before)
        # what may be left falls with the hours that are left
        block.rest = pyo.Constraint(
            expr=block.left_mwh
            == interval.series("left_factor") * left_before + interval.series("left_new_mwh")
        )
        least_mw = self.min_power_mw * (availability + inside - 1)  # outside of windows below zero
        block.least_power = pyo.Constraint(expr=block.power_mw >= least_mw)
        later_mwh = block.left_mwh
        if self.in_blocks:
            size = (self.machine_mw, self.machines, self.block_hours)
            write_machines(block, interval, *size, history=self.running)
            # where no further block fits, the machines that run do what is left
            later_mwh = self.machine_mw * interval.series("hours_too_few") * block.running
            later_mwh += interval.series("later_start_fits") * block.left_mwh
        interval.at_end(block.done_mwh, lower=energy_mwh - later_mwh, name="work_at_end")
        costs = {}
        if self.shift_yuan_per_mwh:
            block.moved_mw = pyo.Var(bounds=(0, self.most_mw))
            above_mw = block.power_mw - interval.series("usual_mw")
            block.above_usual = pyo.Constraint(expr=block.moved_mw >= above_mw)
            costs["shifting"] = self.shift_yuan_per_mwh * hours * block.moved_mw
        return Terms({self.bus: -block.power_mw}, costs, amounts={"consumption_mwh": block.power_mw * hours})

    def supply_bound(self, series: Mapping[str, Array]) -> SupplyBound:
        """Nothing: it only draws, when is decided."""
        return SupplyBound()

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the work of every window, the limits and the blocks from the dispatched power."""
        value, hours = seen.values, seen.hours
        power, energy, is_inside = value["power_mw"], value["energy_mwh"], value["inside"] > 0.5
        first_mwh = value["share_before_mwh"][0] if self.done_mwh is None else self.done_mwh
        done, left = work_done(hours * power, value, float(first_mwh))
        closing, surplus_mwh = value["closing_mwh"], self.surplus_mwh(hours)
        most_mw = self.declared_mw + decided_capacity(seen.shared, "added_mw", self.added_mw)
        checks = {
            "injection_mw": np.abs(seen.injection[self.bus] + power),
            "available_power_mw": np.maximum(power - most_mw * value["availability"], -power),
            "least_power_mw": (self.min_power_mw * value["availability"] - power)[is_inside],
            "outside_window_mw": power[~is_inside],
            "work_done_mwh": np.abs(done - value["done_mwh"]),
            "work_of_window_mwh": np.maximum(closing - done, done - closing - surplus_mwh)[closing > 0],
        }
        later_mwh = left[-1]
        if self.in_blocks:
            later_mwh = value["later_start_fits"][-1] * left[-1] + value["hours_too_few"][-1] * power[-1]
            checks |= machine_residuals_mw(power, hours, self.machine_mw, self.block_hours, self.running)
        checks["work_at_end_mwh"] = energy[-1] - later_mwh - done[-1]
        return {name: largest_residual(residual) for name, residual in checks.items()}

    def activities(self, seen: Seen) -> list[Activity]:
        """When the work is done, against its usual hours."""
        power_mw, usual_mw = seen.values["power_mw"], seen.values.get("usual_mw")
        if usual_mw is None:  # it has no price
            usual, energy_mwh = self._windows(seen, self.usual_shape)
            usual_mw = energy_mwh * usual.share / seen.hours
        added_mw = float(np.max(decided_capacity(seen.shared, "added_mw", self.added_mw)))
        return [Activity("shift", power_mw, self.declared_mw + added_mw, usual_mw=usual_mw)]

    def amounts(self, seen: Seen) -> Mapping[str, Array]:
        """The energy consumed."""
        return {"consumption_mwh": -seen.injection[self.bus] * seen.hours}

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """What is drawn above the usual power, at its price, and the capital cost of machines added."""
        capital = capital_yuan(self, seen.shared)
        if not (price := self.shift_yuan_per_mwh):
            return capital
        moved_mw = np.maximum(seen.values["power_mw"] - seen.values["usual_mw"], 0.0)
        return {"shifting": price * seen.hours * moved_mw, **capital}

    def initial_state(self) -> Mapping[str, float]:
        """Energy done in the open window [MWh], whether it is known, and the machines that ran lately."""
        is_known = float(self.done_mwh is not None)
        history = {f"running_{k:04d}": float(number) for k, number in enumerate(self.running)}
        return {"done_mwh": self.done_mwh or 0.0, "done_is_known": is_known, **history}

    def state_after(self, seen: Seen) -> Mapping[str, float]:
        """The same at the end of a dispatch."""
        state = {"done_mwh": max(0.0, float(seen.values["done_mwh"][-1])), "done_is_known": 1.0}
        if self.in_blocks:
            running = [*self.running, *np.round(seen.values["running"]).tolist()]
            lately = running[-block_intervals(self.block_hours, seen.hours) :]
            state |= {f"running_{k:04d}": float(number) for k, number in enumerate(lately)}
        return state

    def starting_from(self, state: Mapping[str, float]) -> Self:
        """The load with that work done and those machines running."""
        running = tuple(int(state[key]) for key in sorted(state) if key.startswith("running_"))
        done_mwh = state["done_mwh"] if state["done_is_known"] else None
        return self.model_copy(update={"done_mwh": done_mwh, "running": running})
