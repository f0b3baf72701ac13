"""The plain Pyomo model: the same devices, written once per interval.

It is slow and complete: any solver that Pyomo supports can solve it, and it can be written as LP or MPS.
Tests compare the tiled arrays with it row by row.
"""

import contextlib
import difflib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo

from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import InputError, SolverError
from parkdispatch.models.vocabulary import CalendarPeriod, Expr, Period
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.interval import (
    ExclusivePair,
    IntervalWriter,
    values_before,
    write_interval,
)
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.formulation.tile import Tiled


@dataclass
class _DeviceModel:
    """What the intervals of one device share while the model is written."""

    block: Any  # holds the shared decisions and the limits on period totals
    earlier: dict[str, list[Any]] = field(default_factory=dict)  # variable name -> variable of each interval
    shared: dict[tuple[str, int], Any] = field(default_factory=dict)  # (name, period) -> shared decision
    # (name, period) -> summands, lower and upper limit
    totals: dict[tuple[str, int], tuple[list[Expr], Expr | None, Expr | None]] = field(default_factory=dict)
    costs: dict[str, list[Expr]] = field(default_factory=dict)  # label -> costs of shared decisions


class _PlainWriter(IntervalWriter):
    """`Interval` for one device in one interval of the plain Pyomo model."""

    def __init__(
        self, block: Any, horizon: Horizon, interval: int, series: Mapping[str, Array], device: _DeviceModel
    ) -> None:
        super().__init__(block, horizon.hours)
        self._horizon, self._interval, self._series, self._device = horizon, interval, series, device
        self.add("series", pyo.Block())

    def series(self, name: str) -> Expr:
        if (parameter := self.block.series.component(name)) is not None:
            return parameter
        parameter = pyo.Param(mutable=True, initialize=float(self._series[name][self._interval]))
        self.block.series.add_component(name, parameter)
        return parameter

    def previous(self, var: Expr, initial: Expr | Sequence[Expr], steps: int = 1) -> Expr:
        earlier = self._device.earlier.setdefault(var.local_name, [])
        if len(earlier) == self._interval:
            earlier.append(var)
        if self._interval >= steps:
            return earlier[self._interval - steps]
        return values_before(initial, steps)[self._interval]

    def at_end(self, var: Expr, lower: Expr | None = None, upper: Expr | None = None, name: str = "") -> None:
        if self._interval < len(self._horizon) - 1:
            return
        for side, limit in (("lower", lower), ("upper", upper)):
            if limit is not None:
                rule = var >= limit if side == "lower" else var <= limit
                component = name or f"{var.local_name}_at_end_{side}"
                self.add(component, pyo.Constraint(expr=rule))

    def shared(
        self,
        name: str,
        per: CalendarPeriod,
        lower: Expr = 0.0,
        upper: Expr | None = None,
        costs: Mapping[str, Expr] | None = None,
    ) -> Expr:
        period = int(self._horizon.period(per)[self._interval])
        block = self._device.block
        if block.component(name) is None:
            block.add_component(name, pyo.Var(range(len(self._horizon.labels(per)))))
        decision = block.component(name)[period]
        if (name, period) not in self._device.shared:
            self._device.shared[name, period] = decision
            decision.setlb(pyo.value(lower))
            decision.setub(None if upper is None else pyo.value(upper))
            for label, cost in (costs or {}).items():
                self._device.costs.setdefault(label, []).append(pyo.value(cost) * decision)
        return decision

    def total(
        self,
        name: str,
        expr: Expr,
        per: Period,
        *,
        lower: Expr | None = None,
        upper: Expr | None = None,
        before: float | None = None,
    ) -> None:
        period = int(self._horizon.period(per)[self._interval])
        if period >= 0:
            summands = self._device.totals.setdefault((name, period), ([], lower, upper))[0]
            if before is not None and self._interval == 0 and self._horizon.begins_within(per):
                summands.append(before)
            summands.append(expr)


@dataclass(frozen=True)
class PlainPyomoModel:
    """The Pyomo model with its exclusive pairs, and its costs by device and label."""

    model: Any
    horizon: Horizon
    pairs: list[ExclusivePair]
    costs: Mapping[Key, Expr]

    def relax(self) -> None:
        """Leave out the exclusive pairs and let other binaries be fractions, as the tiled relaxation does."""
        of_pairs = set()
        for pair in self.pairs:
            of_pairs.add(id(pair.binary))
            for row in pair.rows:
                row.deactivate()
        for variable in self.model.component_data_objects(pyo.Var):
            if variable.is_binary() and id(variable) not in of_pairs:
                variable.domain = pyo.UnitInterval

    def write(self, path: Path) -> None:
        """Write the model as LP or MPS, by the ending of the path."""
        if path.suffix.lower() not in (".lp", ".mps"):
            raise InputError(f"`{path}`: the model is written as .lp or .mps")
        self.model.write(str(path), io_options={"symbolic_solver_labels": True})

    def values(self, tiled: Tiled) -> Array:
        """The solution in the columns of the tiled relaxation."""
        columns = tiled.template.columns
        interval_values = [
            self.model.interval[t].device[column.key[0]].component(column.key[1]).value
            for t in range(len(self.horizon))
            for column in columns
        ]
        shared_values = [
            var.value
            for shared in tiled.template.shared
            for var in self.model.shared[shared.key[0]].component(shared.key[1]).values()
        ]
        # a variable that no row mentions has no value; any value within its bounds is right
        values = (*interval_values, *shared_values)
        x = np.array([np.nan if value is None else value for value in values], dtype=float)
        return np.where(np.isnan(x), tiled.program.lower, x)

    def solve(self, solver: str, time_limit_s: float | None = None) -> float:
        """Solve with a Pyomo solver by its name; return its lower bound on the objective [yuan].

        At the time limit the best dispatch so far is taken, with minus infinity where the solver tells no
        bound. Raises InputError if Pyomo does not have the solver, SolverError if it finds no dispatch.
        """
        factory = pyomo_solver(solver)
        if hasattr(factory, "config") and hasattr(factory.config, "mip_gap"):
            factory.config.mip_gap = 0.0
        try:
            results = factory.solve(self.model, timelimit=time_limit_s)
            is_timed_out = results.solver.termination_condition == pyo.TerminationCondition.maxTimeLimit
            if not is_timed_out:
                pyo.assert_optimal_termination(results)
            value = float(pyo.value(self.model.objective))
        except Exception as error:  # at the time limit too, where a solver has found no point
            raise SolverError(f"pyomo:{solver} found no optimum: {error}") from error
        bound = getattr(results.problem, "lower_bound", None) if hasattr(results, "problem") else None
        if bound is None or not np.isfinite(float(bound)):
            return -np.inf if is_timed_out else value
        return float(bound)


def pyomo_solver(name: str) -> Any:
    """The Pyomo solver registered by that name. Raises InputError if there is none, or it cannot be run here.

    Pyomo takes any other name for a program to run, so only registered ones are passed on.
    """
    known = sorted(known for known in pyo.SolverFactory if not known.startswith("_"))
    where = f"argument `solver` = pyomo:{name}: "
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean `pyomo:{near[0]}`?" if near else ""
        raise InputError(f"{where}must be registered with Pyomo, as appsi_highs, cbc or gurobi is{hint}")
    messages = io.StringIO()
    try:
        with contextlib.redirect_stdout(messages), contextlib.redirect_stderr(messages):
            factory = pyo.SolverFactory(name)
            available = bool(factory.available(exception_flag=False))
    except Exception as error:  # plug-ins raise errors of any class
        raise InputError(f"{where}{error}") from error
    if not available:
        raise InputError(f"{where}Pyomo finds no such solver on this machine")
    return factory


def build_plain_pyomo(
    devices: Mapping[str, Device], horizon: Horizon, series: Mapping[Key, Array]
) -> PlainPyomoModel:
    """Write every interval of the horizon into one ConcreteModel."""
    model = pyo.ConcreteModel()
    model.interval = pyo.Block(range(len(horizon)))
    model.shared = pyo.Block(list(devices))
    device_models = {name: _DeviceModel(model.shared[name]) for name in devices}
    series_of = {name: {key: values for (d, key), values in series.items() if d == name} for name in devices}
    summands: dict[Key, list[Expr]] = {}
    pairs: list[ExclusivePair] = []
    for interval in range(len(horizon)):
        writers: dict[str, _PlainWriter] = {}

        def writer(name: str, block: Any) -> _PlainWriter:
            device_writer = _PlainWriter(block, horizon, interval, series_of[name], device_models[name])  # noqa: B023
            return writers.setdefault(name, device_writer)  # noqa: B023

        terms = write_interval(model.interval[interval], devices, writer)
        for name, term in terms.items():
            for label, cost in term.costs.items():
                summands.setdefault((name, label), []).append(cost)
        pairs += [pair for device_writer in writers.values() for pair in device_writer.pairs]

    for name, device in device_models.items():
        for (total, period), (parts, lower, upper) in device.totals.items():
            for side, limit in (("lower", lower), ("upper", upper)):
                if limit is not None:
                    excess = sum(parts) - limit
                    rule = excess >= 0 if side == "lower" else excess <= 0
                    device.block.add_component(f"{total}_{side}_{period}", pyo.Constraint(expr=rule))
        for label, parts in device.costs.items():
            summands.setdefault((name, label), []).extend(parts)
    costs = {key: sum(parts) for key, parts in summands.items()}
    model.objective = pyo.Objective(expr=sum(costs.values()))
    return PlainPyomoModel(model, horizon, pairs, costs)
