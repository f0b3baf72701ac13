"""What a closed loop runs, and what of it or of its park cannot be run."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Device
from parkdispatch.optimizer.formulation.template import Template
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.stochastic.path_program import Risk
from parkdispatch.studies.closed_loop.loop_forecasts import ForecastKind
from parkdispatch.studies.solve_case import undecided_sizes

DEMAND_MINUTES = 15
MOST_HOURS = 24 * 7


@dataclass(frozen=True)
class LoopHedge:
    """Plans hold on `paths` drawn from the forecasts; `risk` weighs their costs, `seed` is of the draws."""

    paths: int
    risk: Risk
    seed: int = 1


@dataclass(frozen=True)
class LoopOptions:
    """What is run: the first interval, how many, how far each plan looks, and on which forecasts.

    Without `plan_at` a plan is made at every interval and reaches `plan_hours` ahead. With it, plans are made
    at these hours of each day and followed until the next; a plan reaches to midnight, from `issue_hour` on
    to midnight of the day after.
    """

    first: int
    count: int
    plan_hours: float
    kind: ForecastKind
    holds_peak: bool = False  # stores give way where the import would exceed the peak paid for
    plan_at: tuple[float, ...] = ()  # hours of a day
    issue_hour: float = 14.0
    known_devices: frozenset[str] = frozenset()  # whose series are known ahead, whatever the kind
    peak_as_before: bool = False  # a month's peak is expected as the month before needed; else it is known
    hedge: LoopHedge | None = None  # None: plans are made on the medians


def is_of_grid(hour: float, interval_hours: float) -> bool:
    """Whether an interval of a day begins at an hour."""
    return 0 <= hour < 24 and abs(hour / interval_hours - round(hour / interval_hours)) < 1e-9


def option_problems(prepared: Prepared, options: LoopOptions) -> list[str]:
    """What is wrong with the options."""
    problems = undecided_sizes(prepared.case, "a closed loop cannot decide a size")
    minutes = round(60 * prepared.hours)
    if minutes < DEMAND_MINUTES:
        problems.append(
            f"`calendar.minutes` = {minutes}: must be 15 or more in a closed loop, over which demand is"
            " metered"
        )
    if not prepared.hours <= options.plan_hours <= MOST_HOURS:
        problems.append(
            f"argument `plan_hours` = {options.plan_hours:.15g}: must be from {prepared.hours:.15g} to"
            f" {MOST_HOURS}"
        )
    off_grid = [hour for hour in options.plan_at if not is_of_grid(hour, prepared.hours)]
    problems += [
        f"argument `plan_at` = {hour:.15g}: must be an hour from 0 to below 24 at which an interval begins"
        for hour in off_grid
    ]
    if options.plan_at and options.issue_hour not in options.plan_at:
        problems.append(
            f"argument `plan_at` = {', '.join(f'{hour:.15g}' for hour in options.plan_at)}: must have"
            f" {options.issue_hour:.15g}, the hour at which the next day is planned"
        )
    if options.hedge is not None and options.kind != "learned":
        problems.append(f"argument `forecast` = {options.kind}: must be `learned`, for plans on paths")
    left = len(prepared.times) - options.first
    if not 0 < options.count <= left:
        most = left * prepared.hours / 24
        problems.append(
            f"argument `days` = {options.count * prepared.hours / 24:.15g}: must be from 1 to {most:.15g},"
            " the end of the year"
        )
    return problems


def handed_on_problems(
    devices: Mapping[str, Device], states: Mapping[str, Mapping[str, float]], template: Template, hours: float
) -> list[str]:
    """Devices that hand on more from one interval to the next than the energy they hold."""
    problems = [
        f"`device.{name}`: hands on {', '.join(sorted(state))}: only `energy_mwh` is in a closed loop"
        for name, state in states.items()
        if set(state) != {"energy_mwh"}
    ]
    if problems:
        return problems
    other = compile_template(
        {
            name: device.starting_from({"energy_mwh": 0.9 * states[name]["energy_mwh"]})
            if name in states
            else device
            for name, device in devices.items()
        },
        hours,
    )
    initial = [functional for previous in template.previous for functional in previous.initial]
    same = np.delete(template.coefficients, initial, 1), np.delete(other.coefficients, initial, 1)
    return (
        []
        if np.array_equal(*same)
        else ["a limit follows from what a store holds at the beginning of a plan"]
    )
