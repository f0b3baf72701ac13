"""The plain Pyomo model: the same devices, written once per interval.

Slow and complete: any solver Pyomo speaks to can solve it, and it can be written as LP or MPS. It is
the standard the tiled arrays are held to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo

from parkdispatch.models.device import Array, Device, Expr, Period
from parkdispatch.models.errors import InputError, SolverError
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.interval import ExclusivePair, IntervalWriter, write_interval
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.formulation.tile import Tiled


@dataclass
class _Shelf:
    """What the intervals of one device have in common while the model is written."""

    block: Any
    before: dict[str, Any] = field(default_factory=dict)  # variable name -> last interval's variable
    decided: dict[tuple[str, int], Any] = field(default_factory=dict)
    sums: dict[tuple[str, int], tuple[list[Expr], Expr]] = field(default_factory=dict)
    costs: dict[str, list[Expr]] = field(default_factory=dict)


class _ReferenceWriter(IntervalWriter):
    """`Interval` as plain Pyomo means it, for one device in one interval."""

    def __init__(
        self, block: Any, horizon: Horizon, now: int, series: Mapping[str, Array], shelf: _Shelf
    ) -> None:
        super().__init__(block, horizon.hours)
        self._horizon, self._now, self._series, self._shelf = horizon, now, series, shelf
        self._at_end: list[tuple[Any, Expr | None, Expr | None]] = []
        block.series = pyo.Block()

    def series(self, name: str) -> Expr:
        if block_param := self.block.series.component(name):
            return block_param
        param = pyo.Param(mutable=True, initialize=float(self._series[name][self._now]))
        self.block.series.add_component(name, param)
        return param

    def previous(self, var: Expr, initial: Expr) -> Expr:
        value = self._shelf.before.get(var.local_name, initial)
        self._shelf.before[var.local_name] = var
        return value

    def at_end(self, var: Expr, lower: Expr | None = None, upper: Expr | None = None, name: str = "") -> None:
        if self._now < len(self._horizon) - 1:
            return
        for side, limit in (("lower", lower), ("upper", upper)):
            if limit is not None:
                rule = var >= limit if side == "lower" else var <= limit
                component = name or f"{var.local_name}_at_end_{side}"
                self.block.add_component(component, pyo.Constraint(expr=rule))

    def shared(
        self,
        name: str,
        per: Period,
        lower: Expr = 0.0,
        upper: Expr | None = None,
        costs: Mapping[str, Expr] | None = None,
    ) -> Expr:
        period = int(self._horizon.period(per)[self._now])
        block = self._shelf.block
        if block.component(name) is None:
            block.add_component(name, pyo.Var(range(len(self._horizon.labels(per)))))
        decision = block.component(name)[period]
        if (name, period) not in self._shelf.decided:
            self._shelf.decided[name, period] = decision
            decision.setlb(pyo.value(lower))
            decision.setub(None if upper is None else pyo.value(upper))
            for label, cost in (costs or {}).items():
                self._shelf.costs.setdefault(label, []).append(pyo.value(cost) * decision)
        return decision

    def total(self, name: str, expr: Expr, per: Period, upper: Expr) -> None:
        period = int(self._horizon.period(per)[self._now])
        self._shelf.sums.setdefault((name, period), ([], upper))[0].append(expr)


@dataclass(frozen=True)
class PlainPyomoModel:
    """The Pyomo model with its exclusive pairs, and the names of its costs."""

    model: Any
    horizon: Horizon
    pairs: list[ExclusivePair]
    costs: Mapping[Key, Expr]

    def relax(self) -> None:
        """Leave out the exclusive pairs, as the tiled relaxation does."""
        for pair in self.pairs:
            for row in pair.rows:
                row.deactivate()

    def write(self, path: Path) -> None:
        """Write the model as LP or MPS, by the ending of the path."""
        if path.suffix.lower() not in (".lp", ".mps"):
            raise InputError(f"`{path}`: the model is written as .lp or .mps")
        self.model.write(str(path), io_options={"symbolic_solver_labels": True})

    def values(self, tiled: Tiled) -> Array:
        """The solution in the columns of the tiled relaxation."""
        columns = tiled.template.columns
        own = [
            self.model.interval[t].device[column.key[0]].component(column.key[1]).value
            for t in range(len(self.horizon))
            for column in columns
        ]
        shared = [
            var.value
            for declared in tiled.template.shared
            for var in self.model.shared[declared.key[0]].component(declared.key[1]).values()
        ]
        # a variable no row mentions keeps no value; any within its bounds does
        found = np.array([np.nan if v is None else v for v in (*own, *shared)], dtype=float)
        return np.where(np.isnan(found), tiled.program.lower, found)

    def solve(self, solver: str) -> float:
        """Solve with a Pyomo solver by its name; return its lower bound on the objective [yuan].

        Raises InputError if Pyomo does not have the solver, SolverError if it finds no optimum.
        """
        try:
            factory = pyo.SolverFactory(solver)
            available = bool(factory.available(exception_flag=False))
        except Exception as error:  # plug-ins raise what they like
            raise InputError(f"argument `solver` = pyomo:{solver}: {error}") from error
        if not available:
            raise InputError(
                f"argument `solver` = pyomo:{solver}: Pyomo finds no such solver on this machine"
            )
        if hasattr(factory, "config") and hasattr(factory.config, "mip_gap"):
            factory.config.mip_gap = 0.0
        try:
            found = factory.solve(self.model)
            pyo.assert_optimal_termination(found)
        except Exception as error:
            raise SolverError(f"pyomo:{solver} found no optimum: {error}") from error
        value = float(pyo.value(self.model.objective))
        bound = getattr(found.problem, "lower_bound", None) if hasattr(found, "problem") else None
        return value if bound is None or not np.isfinite(float(bound)) else float(bound)


def build_plain_pyomo(
    devices: Mapping[str, Device], horizon: Horizon, series: Mapping[Key, Array]
) -> PlainPyomoModel:
    """Write every interval of the horizon as an ordinary ConcreteModel."""
    model = pyo.ConcreteModel()
    model.interval = pyo.Block(range(len(horizon)))
    model.shared = pyo.Block(list(devices))
    shelves = {name: _Shelf(model.shared[name]) for name in devices}
    data = {name: {k: v for (d, k), v in series.items() if d == name} for name in devices}
    costs: dict[Key, list[Expr]] = {}
    pairs: list[ExclusivePair] = []
    for now in range(len(horizon)):
        writers: dict[str, _ReferenceWriter] = {}

        def writer(name: str, block: Any) -> _ReferenceWriter:
            made = _ReferenceWriter(block, horizon, now, data[name], shelves[name])  # noqa: B023
            return writers.setdefault(name, made)  # noqa: B023

        terms = write_interval(model.interval[now], devices, writer)
        for name, term in terms.items():
            for label, cost in term.costs.items():
                costs.setdefault((name, label), []).append(cost)
        pairs += [pair for w in writers.values() for pair in w.pairs]

    for name, shelf in shelves.items():
        for (total, period), (parts, upper) in shelf.sums.items():
            limit = pyo.Constraint(expr=sum(parts) - upper <= 0)
            shelf.block.add_component(f"{total}_{period}", limit)
        for label, parts in shelf.costs.items():
            costs.setdefault((name, label), []).extend(parts)
    named = {key: sum(parts) for key, parts in costs.items()}
    model.objective = pyo.Objective(expr=sum(named.values()))
    return PlainPyomoModel(model, horizon, pairs, named)
