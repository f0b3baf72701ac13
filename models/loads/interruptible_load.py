"""Interruptible load: a demand of which steps can be shed for a price.

    power = demand - sum of what is shed + sum of what is caught up
    shed of a step = its size x on, or anything up to it if divisible;   sum of what is shed <= demand

on, started and stopped are the decisions of a committed unit, whose least time of standing is the recovery:

    sum of h on over a day <= `max_hours_per_day`,   sum of started over a month <= `max_events_per_month`
    sum of h on over any `max_event_hours` and one interval more <= `max_event_hours`
    started = 0 in the first `notice_hours` of the horizon

What is caught up of a step is written with a backlog, which must be made up within `catch_up_hours`:

    backlog = backlog before + h (`catch_up_share` x shed - caught up)
    backlog <= `catch_up_share` x h x what was shed in the last `catch_up_hours`
    backlog = 0 at the end of the horizon: a plan does not leave it to the next day
    caught up <= size of the step, and only while the step is not shed

A step given as a share of the demand changes its size with it. Left out: rebound above the step's size.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.declaration import declared
from parkdispatch.models.device import (
    Array,
    Carrier,
    Display,
    Park,
    Seen,
    largest_residual,
)
from parkdispatch.models.errors import InputError
from parkdispatch.models.loads.demand_profile import DemandProfile
from parkdispatch.models.loads.shed_steps import ShedStep
from parkdispatch.models.network.full_use import SupplyBound
from parkdispatch.models.ordered_bounds import INJECTION
from parkdispatch.models.shown_operation import Activity
from parkdispatch.models.vocabulary import Interval, Terms


class InterruptibleLoad(DemandProfile):
    """Demand that is met, but for steps that may be shed at a price."""

    why_not_sized: ClassVar[str] = (
        "its steps are shed or not, and their sizes would be multiplied by that decision"
    )
    kind: Literal["interruptible_load"] = declared("-", "Kind of device", default="interruptible_load")
    steps: Annotated[tuple[ShedStep, ...], Field(min_length=1)] = declared(
        "-", "Parts of the demand that can be shed, each with its price and its limits"
    )

    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {"bus": "any"}
    displays: ClassVar[tuple[Display, ...]] = (
        Display("demand", "load", {INJECTION: -1.0}),
        Display("shed", "other", {"shed_mw": 1.0}),
    )
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"interruptible_load": "interruptible load"},
            "costs": {"interruption": "interruption of load"},
            "quantities": {"shed": "shed"},
            "book": {"shed": "shed"},
            "checks": {
                "shed_within_demand": "shed within the demand",
                "step_size": "size of each step",
                "hours_of_day": "hours shed a day",
                "recovery": "hours between events",
                "notice": "notice",
                "event_length": "longest event",
                "events_of_month": "events a month",
                "caught_up_power": "power of catching up",
                "caught_up_in_time": "caught up in time",
                "caught_up_at_end": "all caught up at the end",
            },
        },
        "zh": {
            "devices": {"interruptible_load": "可中断负荷"},
            "costs": {"interruption": "负荷中断补偿"},
            "quantities": {"shed": "切除"},
            "book": {"shed": "切除负荷"},
            "checks": {
                "shed_within_demand": "切除不超过用电",
                "step_size": "各档切除容量",
                "hours_of_day": "每日切除小时数",
                "recovery": "两次中断的间隔",
                "notice": "提前通知",
                "event_length": "单次最长中断",
                "events_of_month": "每月中断次数",
                "caught_up_power": "补用功率上限",
                "caught_up_in_time": "按时补用",
                "caught_up_at_end": "期末全部补用",
            },
        },
    }

    @classmethod
    def example(cls) -> Self:
        """Some ten megawatts, of which a twentieth can be shed, for an hour and two hours a day."""
        step = ShedStep(
            share=0.05, price_yuan_per_mwh=300.0, max_hours_per_day=2, max_event_hours=1, recovery_hours=4
        )
        return cls(annual_energy_mwh=90_000.0, steps=(step,))

    def series(self, park: Park) -> Mapping[str, Array]:
        """Demand. Raises InputError for events shorter than an interval."""
        problems = [
            f"`steps[{number}].max_event_hours` = {step.max_event_hours:.15g}: must be at least"
            f" {park.hours:.15g}, the length of an interval"
            for number, step in enumerate(self.steps)
            if step.max_event_hours is not None and step.max_event_hours < park.hours
        ]
        if problems:
            raise InputError(problems)
        if self.annual_energy_mwh is None:  # the demand is given; a missing one is told by the case's check
            return {"demand_mw": np.zeros(len(park.times))}
        return super().series(park)

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Draw the demand, less what is shed, plus what is caught up."""
        demand_mw = interval.series("demand_mw")
        parts = [
            step.write(block, interval, f"step_{number}", demand_mw) for number, step in enumerate(self.steps)
        ]
        block.shed_mw = pyo.Expression(expr=sum(shed for shed, _ in parts))
        block.shed_within_demand = pyo.Constraint(expr=block.shed_mw <= demand_mw)
        power_mw = demand_mw - block.shed_mw + sum(caught_up for _, caught_up in parts)
        cost = sum(step.price_yuan_per_mwh * shed for step, (shed, _) in zip(self.steps, parts, strict=True))
        return Terms(
            {self.bus: -power_mw},
            {"interruption": cost * interval.hours},
            amounts={"consumption_mwh": power_mw * interval.hours},
        )

    def supply_bound(self, series: Mapping[str, Array]) -> SupplyBound:
        """Nothing: it only draws, how much is decided."""
        return SupplyBound()

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the events of each step and the power drawn."""
        value = seen.values
        checks: dict[str, list[Any]] = {}
        power_mw, shed_mw = value["demand_mw"].copy(), np.zeros(len(seen.times))
        for number, step in enumerate(self.steps):
            name = f"step_{number}"
            for rule, residual in step.residuals(value, name, seen.times, seen.hours).items():
                checks.setdefault(rule, []).append(residual)
            shed_mw += value[f"{name}_shed_mw"]
            power_mw += value.get(f"{name}_caught_up_mw", 0.0)
        checks["shed_within_demand_mw"] = [shed_mw - value["demand_mw"]]
        checks["injection_mw"] = [np.abs(seen.injection[self.bus] + power_mw - shed_mw)]
        return {rule: largest_residual(*residuals) for rule, residuals in checks.items()}

    def activities(self, seen: Seen) -> list[Activity]:
        """What is shed of each step."""
        activities = list[Activity]()
        for number, step in enumerate(self.steps):
            shed_mw = seen.values[f"step_{number}_shed_mw"]
            size_mw = float(np.max(step.size_mw(seen.values["demand_mw"])))
            place, price = number + 1 if len(self.steps) > 1 else None, step.price_yuan_per_mwh
            activities.append(
                Activity("interruption", shed_mw, size_mw, number=place, price_yuan_per_mwh=price)
            )
        return activities

    def amounts(self, seen: Seen) -> Mapping[str, Array]:
        """The energy consumed."""
        return {"consumption_mwh": -seen.injection[self.bus] * seen.hours}

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """What is shed of each step, at its price."""
        prices = [step.price_yuan_per_mwh for step in self.steps]
        shed_mw = [seen.values[f"step_{number}_shed_mw"] for number in range(len(prices))]
        return {"interruption": seen.hours * np.dot(prices, shed_mw)}

    def grown(self, factor: float) -> Self:
        """The load with steps that are larger by as much; those of a share are so by the demand."""
        steps = tuple(
            step if step.power_mw is None else step.model_copy(update={"power_mw": factor * step.power_mw})
            for step in self.steps
        )
        return self.model_copy(update={"steps": steps})

    def initial_state(self) -> Mapping[str, float]:
        """Of each step the hours of an event under way, the hours since the last one, the month's events."""
        states = enumerate(step.state() for step in self.steps)
        return {f"step_{k}_{key}": value for k, state in states for key, value in state.items()}

    def state_after(self, seen: Seen) -> Mapping[str, float]:
        """The same at the end of a dispatch."""
        states = enumerate(
            step.state_after(seen.values[f"step_{k}_on"], seen.times, seen.hours)
            for k, step in enumerate(self.steps)
        )
        return {f"step_{k}_{key}": value for k, state in states for key, value in state.items()}

    def starting_from(self, state: Mapping[str, float]) -> Self:
        """The load with each step as that state finds it."""
        steps = []
        for number, step in enumerate(self.steps):
            opening = f"step_{number}_"
            of_step = {key.removeprefix(opening): state[key] for key in state if key.startswith(opening)}
            steps.append(step.starting_from(of_step))
        return self.model_copy(update={"steps": tuple(steps)})
