"""Compile one interval of a park into small dense arrays.

Every coefficient, bound and right-hand side of an interval is affine in its series. So the interval
is read once with all series at zero and once with each at one; any interval of the horizon is then a
weighted sum of these readings. A random point checks that the devices kept this promise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.errors import InvalidValueError
from pyomo.repn.linear import LinearRepnVisitor
from pyomo.repn.util import OrderedVarRecorder

from parkdispatch.models.device import Array, Device, Expr, Period
from parkdispatch.optimizer.formulation.interval import IntervalWriter, write_interval

AFFINE_TOLERANCE = 1e-9  # relative; rounding alone leaves about 1e-13

Key = tuple[str, str]  # device (or "balance") and name


@dataclass(frozen=True)
class TemplateColumn:
    """A variable of the interval. `lower` and `upper` number the functionals of its bounds."""

    key: Key
    lower: int | None
    upper: int | None


@dataclass(frozen=True)
class PreviousSlot:
    """Slot that stands for a column one interval earlier, or for `initial` in the first."""

    column: int
    initial: int


@dataclass(frozen=True)
class SharedDecision:
    """A decision of each period, its bounds and its unit costs by label."""

    key: Key
    per: Period
    lower: int
    upper: int | None
    costs: Mapping[str, int]


@dataclass(frozen=True)
class TemplateRow:
    """lower <= body <= upper, all three functionals; None is no bound."""

    key: Key
    body: int
    lower: int | None
    upper: int | None


@dataclass(frozen=True)
class PeriodTotal:
    """Sum of `body` over each period <= `upper` in its first interval."""

    key: Key
    per: Period
    body: int
    upper: int


@dataclass(frozen=True)
class EndCondition:
    """`body` in the last interval is at least zero."""

    key: Key
    body: int


@dataclass(frozen=True)
class ExclusivePairRows:
    """An exclusive pair: its columns and the two rows that, with a binary, enforce it."""

    key: Key
    a: int
    b: int
    rows: tuple[TemplateRow, TemplateRow]


@dataclass(frozen=True)
class Template:
    """One interval as numbers.

    `coefficients` has shape (1 + series, functionals, slots + 1): the reading with all series at zero,
    then the slope of each series. Slots are the columns, the previous values, the shared decisions and
    the pairs' binaries, in this order; the last entry of a functional is its constant.
    """

    hours: float
    series: list[Key]
    columns: list[TemplateColumn]
    previous: list[PreviousSlot]
    shared: list[SharedDecision]
    pairs: list[ExclusivePairRows]
    rows: list[TemplateRow]
    totals: list[PeriodTotal]
    ends: list[EndCondition]
    costs: Mapping[Key, int]
    injections: Mapping[Key, int]
    quantities: Mapping[Key, int]
    coefficients: Array


class _Functionals:
    """Expressions to be compiled, each known by its number."""

    def __init__(self) -> None:
        self.expressions: list[Expr] = []
        self.owners: list[str] = []  # of each expression, for the author's error message
        self.owner = ""

    def add(self, expr: Expr) -> int:
        self.expressions.append(expr)
        self.owners.append(self.owner)
        return len(self.expressions) - 1

    def of(self, owner: str) -> "_Functionals":
        """These, with what is added next known to be that device's."""
        self.owner = owner
        return self

    def bound(self, expr: Expr | None) -> int | None:
        return None if expr is None else self.add(expr)

    def row(self, key: Key, constraint: Any) -> TemplateRow:
        lower, body, upper = constraint.to_bounded_expression()
        return TemplateRow(key, self.add(body), self.bound(lower), self.bound(upper))

    def read(self, slot_of: Mapping[int, int], slots: int) -> Array:
        """Coefficients and constant of every expression at the parameters' present values."""
        found = np.zeros((len(self.expressions), slots + 1))
        recorder = OrderedVarRecorder({}, {}, None)
        visitor = LinearRepnVisitor({}, var_recorder=recorder)
        for number, expr in enumerate(self.expressions):
            try:
                read = visitor.walk_expression(expr)
                if read.nonlinear is not None:
                    raise NotAffineError(
                        f"device {self.owners[number]}: {expr} is not linear in the variables"
                    )
                for variable, coefficient in read.linear.items():
                    found[number, slot_of[variable]] = coefficient
                found[number, slots] = read.constant
            except (ArithmeticError, ValueError, InvalidValueError) as error:
                raise NotAffineError(
                    f"device {self.owners[number]}: {expr} cannot be read: {error}"
                ) from error
        return found


class NotAffineError(TypeError):
    """A device broke the promise of the template; an error of its author, not of the user."""


class _TemplateWriter(IntervalWriter):
    """`Interval` as the template means it: neighbours and periods become slots of their own."""

    def __init__(self, device: str, block: Any, hours: float, functionals: _Functionals) -> None:
        super().__init__(block, hours)
        self._device = device
        self._functionals = functionals
        self.parameters: dict[str, Any] = {}
        self.previous_of: list[tuple[Any, Any, int]] = []  # stand-in, variable, initial
        self.shared_of: list[tuple[Any, SharedDecision]] = []
        self.totals: list[PeriodTotal] = []
        self.ends: list[EndCondition] = []
        block.series, block.before, block.shared = pyo.Block(), pyo.Block(), pyo.Block()

    def series(self, name: str) -> Expr:
        if name not in self.parameters:
            self.parameters[name] = pyo.Param(mutable=True, initialize=0.0)
            self.block.series.add_component(name, self.parameters[name])
        return self.parameters[name]

    def previous(self, var: Expr, initial: Expr) -> Expr:
        stand_in = pyo.Var()
        self.block.before.add_component(var.local_name, stand_in)
        self.previous_of.append((stand_in, var, self._functionals.add(initial)))
        return stand_in

    def at_end(self, var: Expr, lower: Expr | None = None, upper: Expr | None = None, name: str = "") -> None:
        for side, body in (
            ("lower", None if lower is None else var - lower),
            ("upper", None if upper is None else upper - var),
        ):
            if body is not None:
                key = (self._device, name or f"{var.local_name}_at_end_{side}")
                self.ends.append(EndCondition(key, self._functionals.add(body)))

    def shared(
        self,
        name: str,
        per: Period,
        lower: Expr = 0.0,
        upper: Expr | None = None,
        costs: Mapping[str, Expr] | None = None,
    ) -> Expr:
        decision = pyo.Var()
        self.block.shared.add_component(name, decision)
        unit_costs = {label: self._functionals.add(cost) for label, cost in (costs or {}).items()}
        declared = SharedDecision(
            (self._device, name),
            per,
            self._functionals.add(lower),
            self._functionals.bound(upper),
            unit_costs,
        )
        self.shared_of.append((decision, declared))
        return decision

    def total(self, name: str, expr: Expr, per: Period, upper: Expr) -> None:
        add = self._functionals.add
        self.totals.append(PeriodTotal((self._device, name), per, add(expr), add(upper)))


def compile_template(devices: Mapping[str, Device], hours: float) -> Template:
    """Write one interval of the devices and read it into arrays.

    Raises NotAffineError where a device uses a series or a variable in another than an affine way.
    """
    functionals = _Functionals()
    writers: dict[str, _TemplateWriter] = {}

    def writer(name: str, block: Any) -> _TemplateWriter:
        functionals.of(name)  # a device writes its whole interval before the next begins
        return writers.setdefault(name, _TemplateWriter(name, block, hours, functionals))

    model = pyo.ConcreteModel()
    terms = write_interval(model, devices, writer)

    binaries = {id(pair.binary) for w in writers.values() for pair in w.pairs}
    pair_rows = {id(row) for w in writers.values() for pair in w.pairs for row in pair.rows}
    variables = [
        (name, var)
        for name in devices
        for var in _own(model.device[name], pyo.Var)
        if id(var) not in binaries
    ]
    slot = {id(var): number for number, (_, var) in enumerate(variables)}
    previous, shared, pairs = [], [], []
    for w in writers.values():
        for stand_in, var, initial in w.previous_of:
            previous.append(PreviousSlot(slot[id(var)], initial))
            slot[id(stand_in)] = len(variables) + len(previous) - 1
    for w in writers.values():
        for decision, declared in w.shared_of:
            shared.append(declared)
            slot[id(decision)] = len(variables) + len(previous) + len(shared) - 1
    for name, w in writers.items():
        for pair in w.pairs:
            keys = [(name, row.local_name) for row in pair.rows]
            own = functionals.of(name)
            both = (own.row(keys[0], pair.rows[0]), own.row(keys[1], pair.rows[1]))
            pairs.append(
                ExclusivePairRows((name, pair.binary.local_name), slot[id(pair.a)], slot[id(pair.b)], both)
            )
            slot[id(pair.binary)] = len(variables) + len(previous) + len(shared) + len(pairs) - 1

    columns = [
        TemplateColumn(
            (name, var.local_name), functionals.of(name).bound(var.lower), functionals.bound(var.upper)
        )
        for name, var in variables
    ]
    rows = [
        functionals.of(name).row((name, row.local_name), row)
        for name in devices
        for row in _own(model.device[name], pyo.Constraint)
        if id(row) not in pair_rows
    ]
    rows += [
        functionals.of("balance").row(("balance", str(bus)), model.balance[bus]) for bus in model.balance
    ]
    costs = {
        (name, label): functionals.of(name).add(cost)
        for name, term in terms.items()
        for label, cost in term.costs.items()
    }
    injections = {
        (name, bus): functionals.of(name).add(power)
        for name, term in terms.items()
        for bus, power in term.injection.items()
    }
    quantities = {
        (name, expr.local_name): functionals.of(name).add(expr.expr)
        for name in devices
        for expr in _own(model.device[name], pyo.Expression)
    }
    parameters = {(name, p): param for name, w in writers.items() for p, param in w.parameters.items()}
    coefficients = _probe(functionals, parameters, slot, len(slot))
    return Template(
        hours=hours,
        series=list(parameters),
        columns=columns,
        previous=previous,
        shared=shared,
        pairs=pairs,
        rows=rows,
        totals=[total for w in writers.values() for total in w.totals],
        ends=[end for w in writers.values() for end in w.ends],
        costs=costs,
        injections=injections,
        quantities=quantities,
        coefficients=coefficients,
    )


def _own(block: Any, kind: Any) -> Iterator[Any]:
    """The device's own components; those of its helper blocks are not the device's."""
    yield from block.component_data_objects(kind, descend_into=False)


def _probe(
    functionals: _Functionals, parameters: Mapping[Key, Any], slot: Mapping[int, int], slots: int
) -> Array:
    """Readings at zero, slopes along each series, and the check at a random point."""

    def read_at(values: Array) -> Array:
        for param, value in zip(parameters.values(), values, strict=True):
            param.set_value(float(value))
        return functionals.read(slot, slots)

    count = len(parameters)
    base = read_at(np.zeros(count))
    readings = [base] + [read_at(unit) - base for unit in np.eye(count)]
    coefficients = np.stack(readings)

    point = np.random.default_rng(1).uniform(-2.0, 2.0, count)  # both signs: |x| is affine on either side
    expected = base + np.tensordot(point, coefficients[1:], axes=1)
    error = np.abs(read_at(point) - expected) / (1.0 + np.abs(expected))
    if not error.max(initial=0.0) <= AFFINE_TOLERANCE:
        worst = int(np.unravel_index(error.argmax(), error.shape)[0])
        raise NotAffineError(
            f"device {functionals.owners[worst]}: not affine in its series: {functionals.expressions[worst]}"
        )
    return coefficients
