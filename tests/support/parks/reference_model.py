"""The tiled arrays held against the plain Pyomo model, column by column and row by row."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.repn.standard_repn import generate_standard_repn

from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.plain_pyomo import PlainPyomoModel, build_plain_pyomo
from parkdispatch.optimizer.formulation.tile import Tiled
from tests.support.small_parks import SmallPark

ROUNDING = 1e-14  # of the largest entry of a row
Name = tuple[Any, ...]
Row = tuple[Mapping[Name, float], float, float]


@dataclass
class Named:
    """A program whose columns and rows are known by name."""

    columns: dict[Name, tuple[float, float, float, bool]]  # lower, upper, cost, binary
    rows: dict[Name, Row]
    offset: float


def normal(entries: dict[Name, float], lower: float, upper: float) -> Row:
    """The row scaled so that its first entry is one; a row may be written from either side.

    Terms that cancel leave rounding, or nothing, by the order in which they are added up.
    """
    largest = max(map(abs, entries.values()), default=0.0)
    kept = {name: value for name, value in entries.items() if abs(value) > ROUNDING * largest}
    scale = kept[min(kept, key=str)] if kept else 1.0
    ends = sorted([lower / scale, upper / scale])
    return {name: value / scale for name, value in kept.items()}, ends[0] + 0.0, ends[1] + 0.0


def of_pyomo(reference: PlainPyomoModel) -> Named:
    """Read the plain model."""
    model = reference.model
    names: dict[int, Name] = {}
    for t in model.interval:
        for device in model.interval[t].device:
            block = model.interval[t].device[device]
            for var in block.component_data_objects(pyo.Var, descend_into=False):
                names[id(var)] = (device, var.local_name, t)
    for device in model.shared:
        for var in model.shared[device].component_data_objects(pyo.Var):
            names[id(var)] = (device, var.parent_component().local_name, "shared", var.index())

    objective = generate_standard_repn(model.objective.expr)
    assert objective.is_linear()
    cost = {
        names[id(v)]: c for v, c in zip(objective.linear_vars, objective.linear_coefs, strict=True) if c != 0
    }
    columns = {}
    for var in model.component_data_objects(pyo.Var):
        if id(var) in names:
            lower = -np.inf if var.lb is None else float(var.lb)
            upper = np.inf if var.ub is None else float(var.ub)
            name = names[id(var)]
            columns[name] = (lower, upper, cost.pop(name, 0.0), var.is_binary())
    assert not cost  # every cost is that of a known column

    rows = {}
    for row in model.component_data_objects(pyo.Constraint, active=True):
        read = generate_standard_repn(row.body)
        assert read.is_linear()
        entries: dict[Name, float] = {}
        for var, value in zip(read.linear_vars, read.linear_coefs, strict=True):
            entries[names[id(var)]] = entries.get(names[id(var)], 0.0) + value
        lower = -np.inf if row.lower is None else pyo.value(row.lower) - read.constant
        upper = np.inf if row.upper is None else pyo.value(row.upper) - read.constant
        rows[row.name.replace("'", "")] = normal(entries, lower, upper)
    return Named(columns, rows, float(objective.constant))


def of_tiled(tiled: Tiled, chosen: Mask | None = None) -> Named:
    """Name columns and rows as Pyomo does: the relaxation, or with the chosen pairs' binaries."""
    program = tiled.program if chosen is None else tiled.with_binaries(chosen)
    template, horizon = tiled.template, tiled.horizon
    count = len(horizon)
    columns: list[Name] = [(*column.key, t) for t in range(count) for column in template.columns]
    for shared in template.shared:
        columns += [(*shared.key, "shared", p) for p in range(len(horizon.labels(shared.per)))]

    def row_name(device: str, name: str, t: int) -> str:
        if device == "balance":
            return f"interval[{t}].balance[{name}]"
        return f"interval[{t}].device[{device}].{name}"

    rows = [row_name(*row.key, t) for t in range(count) for row in template.rows]
    for total in template.totals:
        device, name = total.key
        for side in ("lower", "upper"):
            if getattr(total, side) is not None:
                rows += [f"shared[{device}].{name}_{side}_{p}" for p in range(len(horizon.labels(total.per)))]
    rows += [row_name(*end.key, count - 1) for end in template.ends]
    if chosen is not None:
        pairs = [(template.pairs[number], t) for number, t in np.argwhere(chosen)]
        columns += [(*pair.key, t) for pair, t in pairs]
        rows += [row_name(*row.key, t) for pair, t in pairs for row in pair.rows]
    assert len(set(columns)) == len(columns) == len(program.cost)
    assert len(set(rows)) == len(rows) == len(program.row_lower) == program.matrix.shape[0]

    matrix = program.matrix.tocsr()
    named_rows = {}
    for i, name in enumerate(rows):
        row_slice = slice(matrix.indptr[i], matrix.indptr[i + 1])
        entries = {
            columns[j]: float(v)
            for j, v in zip(matrix.indices[row_slice], matrix.data[row_slice], strict=True)
        }
        named_rows[name] = normal(entries, float(program.row_lower[i]), float(program.row_upper[i]))
    numbers = zip(program.lower, program.upper, program.cost, program.binary, strict=True)
    return Named(dict(zip(columns, numbers, strict=True)), named_rows, program.offset)


def close(a: float, b: float) -> bool:
    """Whether two numbers are the same but for rounding; of thousands, this tells sooner than `approx`."""
    return math.isclose(a, b, rel_tol=1e-11, abs_tol=1e-11)


def assert_same(ours: Named, theirs: Named) -> None:
    assert ours.columns.keys() == theirs.columns.keys()
    for name, column in ours.columns.items():
        assert all(map(close, column, theirs.columns[name])), name
    assert ours.rows.keys() == theirs.rows.keys()
    for name, (entries, lower, upper) in ours.rows.items():
        other, other_lower, other_upper = theirs.rows[name]
        assert entries.keys() == other.keys(), name
        assert all(close(value, other[column]) for column, value in entries.items()), name
        assert close(lower, other_lower) and close(upper, other_upper), name
    assert close(ours.offset, theirs.offset)


def assert_tiled_is_reference(park: SmallPark) -> None:
    tiled = park.tiled()
    reference = build_plain_pyomo(park.devices, park.horizon, park.series)
    chosen = np.ones((len(tiled.template.pairs), len(park.times)), dtype=bool)
    assert_same(of_tiled(tiled, chosen), of_pyomo(reference))
    reference.relax()
    theirs = of_pyomo(reference)
    theirs.columns = {name: column for name, column in theirs.columns.items() if not column[3]}
    assert_same(of_tiled(tiled), theirs)
