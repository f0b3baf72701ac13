"""Compile one interval of a park into the arrays of its template.

The interval is written in Pyomo once and its expressions are read repeatedly: with all series at zero, and
with each series at one while the others are zero. A reading at a random point checks that the devices are
affine in their series.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import RLock
from typing import Any

import numpy as np
import pyomo.core as pyo

from parkdispatch.models.device import Array, Device
from parkdispatch.models.vocabulary import CalendarPeriod, Expr, Period, Terms
from parkdispatch.optimizer.formulation.functionals import Functionals, NotAffineError
from parkdispatch.optimizer.formulation.interval import IntervalWriter, values_before, write_interval
from parkdispatch.optimizer.formulation.template import (
    EndCondition,
    ExclusivePairRows,
    Key,
    PeriodTotal,
    PreviousSlot,
    SharedDecision,
    Template,
    TemplateColumn,
    TemplateRow,
)

AFFINE_TOLERANCE = 1e-9  # relative; rounding alone leaves about 1e-13
# Pyomo has one visitor for all threads that looks for parameters: one that is interrupted in another thread's
# walk misses some, and a device would be called not affine
_one_at_a_time = RLock()


class _TemplateWriter(IntervalWriter):
    """`Interval` for the template: previous values and shared decisions become slots of their own."""

    def __init__(self, device: str, block: Any, hours: float, functionals: Functionals) -> None:
        super().__init__(block, hours)
        self._device = device
        self._functionals = functionals
        self.parameters: dict[str, Any] = {}
        # by variable and initial values: what stands for the earlier value, the variable, their functionals
        self.previous_values: dict[tuple[str, ...], tuple[Any, Any, tuple[int, ...]]] = {}
        self.shared_decisions: list[tuple[Any, SharedDecision]] = []
        self.totals: list[PeriodTotal] = []
        self.ends: list[EndCondition] = []
        for name in ("series", "before", "shared"):
            self.add(name, pyo.Block())

    def series(self, name: str) -> Expr:
        if name not in self.parameters:
            self.parameters[name] = pyo.Param(mutable=True, initialize=0.0)
            self.block.series.add_component(name, self.parameters[name])
        return self.parameters[name]

    def previous(self, var: Expr, initial: Expr | Sequence[Expr], steps: int = 1) -> Expr:
        before = values_before(initial, steps)
        key = (var.local_name, *map(str, before))  # the same variable may begin with other values
        if key not in self.previous_values:
            stand_in = pyo.Var()
            self.block.before.add_component(f"value_{len(self.previous_values)}", stand_in)
            initials = tuple(self._functionals.add(value) for value in before)
            self.previous_values[key] = (stand_in, var, initials)
        return self.previous_values[key][0]

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
        per: CalendarPeriod,
        lower: Expr = 0.0,
        upper: Expr | None = None,
        costs: Mapping[str, Expr] | None = None,
    ) -> Expr:
        variable = pyo.Var()
        self.block.shared.add_component(name, variable)
        unit_costs = {label: self._functionals.add(cost) for label, cost in (costs or {}).items()}
        decision = SharedDecision(
            (self._device, name),
            per,
            self._functionals.add(lower),
            self._functionals.bound(upper),
            unit_costs,
        )
        self.shared_decisions.append((variable, decision))
        return variable

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
        body, bound = self._functionals.add(expr), self._functionals.bound
        limits = bound(lower), bound(upper), bound(before)
        self.totals.append(PeriodTotal((self._device, name), per, body, *limits))


def compile_template(devices: Mapping[str, Device], hours: float) -> Template:
    """Write one interval of the devices and read it into arrays; one thread at a time.

    Raises NotAffineError where a device is not affine in its variables or series.
    """
    functionals = Functionals()
    writers: dict[str, _TemplateWriter] = {}

    def writer(name: str, block: Any) -> _TemplateWriter:
        functionals.of(name)  # a device writes its whole interval before the next one begins
        return writers.setdefault(name, _TemplateWriter(name, block, hours, functionals))

    with _one_at_a_time:
        model = pyo.ConcreteModel()
        terms = write_interval(model, devices, writer)
        return _Compiler(hours, devices, model, functionals, writers, terms).compile()


class _Compiler:
    """Assigns slots to the variables of a written interval and reads its expressions."""

    def __init__(
        self,
        hours: float,
        devices: Mapping[str, Device],
        model: Any,
        functionals: Functionals,
        writers: Mapping[str, _TemplateWriter],
        terms: Mapping[str, Terms],
    ) -> None:
        self._hours, self._devices, self._model = hours, devices, model
        self._functionals, self._writers, self._terms = functionals, writers, terms
        pairs = [pair for writer in writers.values() for pair in writer.pairs]
        binaries = {id(pair.binary) for pair in pairs}
        self._pair_rows = {id(row) for pair in pairs for row in pair.rows}
        self._variables = [
            (name, var)
            for name in devices
            for var in _components(model.device[name], pyo.Var)
            if id(var) not in binaries
        ]
        # slots are numbered as they are added: columns, previous values, shared decisions, binaries
        self._slot_of = {id(var): number for number, (_, var) in enumerate(self._variables)}

    def compile(self) -> Template:
        previous, shared, pairs = self._previous(), self._shared(), self._exclusive_pairs()
        columns, rows = self._columns(), self._rows()
        costs, injections, quantities = self._costs(), self._injections(), self._quantities()
        writers = self._writers.values()
        parameters = {
            (name, series): parameter
            for name, writer in self._writers.items()
            for series, parameter in writer.parameters.items()
        }
        return Template(
            hours=self._hours,
            series=list(parameters),
            columns=columns,
            previous=previous,
            shared=shared,
            pairs=pairs,
            rows=rows,
            totals=[total for writer in writers for total in writer.totals],
            ends=[end for writer in writers for end in writer.ends],
            costs=costs,
            injections=injections,
            quantities=quantities,
            coefficients=_affine_coefficients(self._functionals, parameters, self._slot_of),
        )

    def _add_slot(self, variable: Any) -> None:
        self._slot_of[id(variable)] = len(self._slot_of)

    def _previous(self) -> list[PreviousSlot]:
        previous = []
        for writer in self._writers.values():
            for stand_in, var, initials in writer.previous_values.values():
                previous.append(PreviousSlot(self._slot_of[id(var)], initials))
                self._add_slot(stand_in)
        return previous

    def _shared(self) -> list[SharedDecision]:
        shared = []
        for writer in self._writers.values():
            for variable, decision in writer.shared_decisions:
                shared.append(decision)
                self._add_slot(variable)
        return shared

    def _exclusive_pairs(self) -> list[ExclusivePairRows]:
        pairs = []
        for name, writer in self._writers.items():
            for pair in writer.pairs:
                keys = [(name, row.local_name) for row in pair.rows]
                functionals = self._functionals.of(name)
                rows = (functionals.row(keys[0], pair.rows[0]), functionals.row(keys[1], pair.rows[1]))
                a, b = self._slot_of[id(pair.a)], self._slot_of[id(pair.b)]
                pairs.append(ExclusivePairRows((name, pair.binary.local_name), a, b, rows))
                self._add_slot(pair.binary)
        return pairs

    def _columns(self) -> list[TemplateColumn]:
        bound = self._functionals.bound
        columns = []
        for name, var in self._variables:
            self._functionals.of(name)
            lower, upper = bound(var.lower), bound(var.upper)
            columns.append(TemplateColumn((name, var.local_name), lower, upper, var.is_binary()))
        return columns

    def _rows(self) -> list[TemplateRow]:
        """Rows of the devices without those of exclusive pairs, then the balance of each bus."""
        rows = [
            self._functionals.of(name).row((name, row.local_name), row)
            for name in self._devices
            for row in _components(self._model.device[name], pyo.Constraint)
            if id(row) not in self._pair_rows
        ]
        balance = self._model.balance
        return rows + [
            self._functionals.of("balance").row(("balance", str(bus)), balance[bus]) for bus in balance
        ]

    def _costs(self) -> dict[Key, int]:
        return {
            (name, label): self._functionals.of(name).add(cost)
            for name, term in self._terms.items()
            for label, cost in term.costs.items()
        }

    def _injections(self) -> dict[Key, int]:
        return {
            (name, bus): self._functionals.of(name).add(power)
            for name, term in self._terms.items()
            for bus, power in term.injection.items()
        }

    def _quantities(self) -> dict[Key, int]:
        """Named expressions of the devices."""
        return {
            (name, expr.local_name): self._functionals.of(name).add(expr.expr)
            for name in self._devices
            for expr in _components(self._model.device[name], pyo.Expression)
        }


def _components(block: Any, kind: Any) -> Iterator[Any]:
    """Components of a kind in the device's own block, without those of its helper blocks."""
    yield from block.component_data_objects(kind, descend_into=False)


def _affine_coefficients(
    functionals: Functionals, parameters: Mapping[Key, Any], slot_of: Mapping[int, int]
) -> Array:
    """Coefficients with all series at zero, then their change with each series; checked at a random point.

    Only the expressions that have a series are read again with it: most of the time of compiling is reading.
    """
    every = range(len(functionals.expressions))

    def read_at(values: Array, numbers: Iterable[int]) -> Array:
        for parameter, value in zip(parameters.values(), values, strict=True):
            parameter.set_value(float(value))
        return functionals.read(slot_of, len(slot_of), numbers)

    count, of_parameter = len(parameters), functionals.with_parameter()
    at_zero = read_at(np.zeros(count), every)
    coefficients = np.zeros((1 + count, *at_zero.shape))
    coefficients[0] = at_zero
    for number, (parameter, unit) in enumerate(zip(parameters.values(), np.eye(count), strict=True)):
        with_it = of_parameter.get(id(parameter), [])
        coefficients[1 + number, with_it] = read_at(unit, with_it)[with_it] - at_zero[with_it]

    point = np.random.default_rng(1).uniform(-2.0, 2.0, count)  # both signs: |x| is affine on either side
    expected = at_zero + np.tensordot(point, coefficients[1:], axes=1)
    error = np.abs(read_at(point, every) - expected) / (1.0 + np.abs(expected))
    if not error.max(initial=0.0) <= AFFINE_TOLERANCE:
        worst = int(np.unravel_index(error.argmax(), error.shape)[0])
        raise NotAffineError(
            f"device {functionals.owners[worst]}: not affine in its series: {functionals.expressions[worst]}"
        )
    return coefficients
