"""Plan a day's set points of stores for all paths of what is not known, with import as the recourse.

What an operator can execute is decided once: the set points of stores, the same on all paths. What the
connection and the sources do, and the month's peak, follows on each path.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.kept_templates import kept_template
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.stochastic.path_optimum import PathOptimum, path_optimum, with_fixed
from parkdispatch.optimizer.stochastic.path_program import PathProgram, Risk, path_program, shared_columns
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.savings.hedged_plan import HedgedPlan, PathCosts, Survival, cvar_yuan
from parkdispatch.studies.closed_loop.execution import Execution
from parkdispatch.studies.solve_case import undecided_sizes
from parkdispatch.studies.solve_options import SolveContext

SAME_COST = 1e-7  # relative; objective and costs of the paths, computed apart


@dataclass(frozen=True)
class PathsOfDay:
    """Values [MW] by series of load or source: medians (intervals,), paths (paths, intervals), and levels.

    `levels` are (level, values by series) of days with loads at a level and sources at its complement.
    """

    medians: Mapping[Key, Array]
    drawn: Mapping[Key, Array]
    levels: Sequence[tuple[float, Mapping[Key, Array]]]
    correlations: Mapping[str, float]


class _Day:
    """A prepared day whose series may be replaced, and its programs of paths."""

    def __init__(self, prepared: Prepared, risk: Risk, time_limit_s: float) -> None:
        self.prepared, self.risk, self.time_limit_s = prepared, risk, time_limit_s
        devices = prepared.case.devices
        self.template = kept_template(devices, prepared.hours)
        if problems := Execution(self.template, devices).refusals():
            raise InputError(problems)
        self.stores = frozenset(name for name, device in devices.items() if device.role == "store")
        (self.grid,) = [name for name, device in devices.items() if device.role == "grid"]
        self.keys = [column.key for column in self.template.columns]

    def tiled(self, values: Mapping[Key, Array]) -> Tiled:
        """The day with these values in the place of its own."""
        horizon = Horizon(self.prepared.times, self.prepared.hours)
        return tile(self.template, horizon, {**self.prepared.series, **values})

    def program(self, paths: Sequence[Tiled]) -> PathProgram:
        """The program of paths whose stores do the same."""
        return path_program(paths, shared_columns(paths[0], self.stores), self.risk)

    def solved(self, program: PathProgram) -> PathOptimum:
        """Its optimum."""
        return path_optimum(program, self.time_limit_s)

    @property
    def set_points(self) -> Index:
        """Columns of a path that set points are: of stores, but for what they hold, which follows."""
        held = {previous.column for previous in self.template.previous}
        numbers = [n for n, key in enumerate(self.keys) if key[0] in self.stores and n not in held]
        width = len(self.keys)
        return np.concatenate([np.arange(len(self.prepared.times)) * width + n for n in numbers])

    def following(self, paths: Sequence[Tiled], own_x: Array) -> tuple[PathProgram, Array]:
        """The paths when stores follow the set points of a solution in the columns of one path."""
        program = self.program(paths)
        x = np.zeros(len(program.program.cost))
        x[program.columns[0]] = own_x
        fixed = with_fixed(program, x, program.columns[0][self.set_points])
        return program, self.solved(fixed).x

    def peak_mw(self, x: Array) -> float:
        """The highest demand metered in a solution in the columns of one path [MW]."""
        width, count = len(self.keys), len(self.prepared.times)
        import_mw = x[np.arange(count) * width + self.keys.index((self.grid, "import_mw"))]
        return float(metered_demand_mw(self.prepared.times, self.prepared.hours, import_mw).max())


def hedge_day(prepared: Prepared, paths: PathsOfDay, risk: Risk, context: SolveContext) -> HedgedPlan:
    """The set points with the least expected cost and CVaR over the paths, beside the plan on the medians.

    Raises InputError for a park that cannot be planned so, InfeasibleError where no set points suit all
    paths, and SolverError where a check of the money fails.
    """
    if problems := undecided_sizes(prepared.case, "a plan of a day cannot decide what is built for years"):
        raise InputError(problems)
    day = _Day(prepared, risk, context.options.time_limit_s)
    count = len(next(iter(paths.drawn.values())))
    context.progress("the plan on the medians")
    median = [day.tiled(paths.medians)]
    on_medians = day.program(median)
    median_x = day.solved(on_medians).x[on_medians.columns[0]]
    context.progress(f"the plan on {count} paths")
    drawn = [day.tiled({key: values[n] for key, values in paths.drawn.items()}) for n in range(count)]
    program = day.program(drawn)
    optimum = day.solved(program)
    hedged_x = optimum.x[program.columns[0]]
    costs = program.path_costs_yuan(optimum.x)
    _check(optimum, costs, risk)
    context.progress("what the set points survive")
    expected_x = day.following(median, hedged_x)
    hedged = _costs(float(expected_x[0].path_costs_yuan(expected_x[1])[0]), costs, risk)
    try:
        followed = day.following(drawn, median_x)
        of_median = float(on_medians.path_costs_yuan(_placed(on_medians, median_x))[0])
        compared = _costs(of_median, followed[0].path_costs_yuan(followed[1]), risk)
    except InfeasibleError:
        compared = None
    survivals = [_survival(day, level, values, hedged_x) for level, values in paths.levels]
    names = [name for name, key in zip(_names(day), day.keys, strict=True) if key[0] in day.stores]
    interval_x = hedged_x[: len(prepared.times) * len(day.keys)].reshape(-1, len(day.keys))
    table = pd.DataFrame(interval_x, pd.DatetimeIndex(prepared.times, name="time"), _names(day))[names]
    floor_mw = float(prepared.series.get((day.grid, "peak_floor_mw"), np.zeros(1))[0])
    return HedgedPlan(
        name=prepared.case.name,
        title=prepared.case.title or prepared.case.name,
        day=prepared.times[0].date(),
        paths=count,
        weight=risk.weight,
        level=risk.level,
        correlations=paths.correlations,
        set_points=table,
        hedged=hedged,
        median=compared,
        median_peak_mw=max(floor_mw, day.peak_mw(median_x)),
        survivals=survivals,
        objective_yuan=optimum.objective_yuan,
        bound_yuan=optimum.bound_yuan,
        gap=optimum.gap,
        versions=versions(),
    )


def _names(day: _Day) -> list[str]:
    return [f"{device}.{quantity}" for device, quantity in day.keys]


def _placed(program: PathProgram, own_x: Array) -> Array:
    x = np.zeros(len(program.program.cost))
    x[program.columns[0]] = own_x
    return x


def _costs(median_yuan: float, costs: Array, risk: Risk) -> PathCosts:
    return PathCosts(median_yuan, float(costs.mean()), cvar_yuan(costs, risk.level), float(costs.max()))


def _check(optimum: PathOptimum, costs: Array, risk: Risk) -> None:
    """Hold the objective against the costs of the paths. Raises SolverError."""
    told_yuan = (1.0 - risk.weight) * costs.mean() + risk.weight * cvar_yuan(costs, risk.level)
    if not abs(told_yuan - optimum.objective_yuan) <= SAME_COST * max(1.0, abs(told_yuan)):
        raise SolverError(
            f"the paths cost {told_yuan:.6f} yuan in the measure of the plan, its objective is"
            f" {optimum.objective_yuan:.6f}"
        )


def _survival(day: _Day, level: float, values: Mapping[Key, Array], hedged_x: Array) -> Survival:
    try:
        program, x = day.following([day.tiled(values)], hedged_x)
    except InfeasibleError:
        return Survival(level, None)
    return Survival(level, day.peak_mw(x[program.columns[0]]))
