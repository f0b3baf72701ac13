"""Expressions of a written interval, read into coefficients of its variables."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from pyomo.common.errors import InvalidValueError
from pyomo.core.expr.visitor import identify_mutable_parameters
from pyomo.repn.linear import LinearRepnVisitor
from pyomo.repn.util import OrderedVarRecorder

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.models.vocabulary import Expr
from parkdispatch.optimizer.formulation.template import Key, TemplateRow


class NotAffineError(InputError):
    """A device is not affine in its variables or series; an error of the device's author, not of the user."""


class Functionals:
    """Expressions to be compiled; each is referred to by its number, in the order they were added."""

    def __init__(self) -> None:
        self.expressions: list[Expr] = []
        self.owners: list[str] = []  # device of each expression, for the error message
        self.owner = ""

    def add(self, expr: Expr) -> int:
        """The number of an expression, which is compiled from now on."""
        self.expressions.append(expr)
        self.owners.append(self.owner)
        return len(self.expressions) - 1

    def of(self, owner: str) -> "Functionals":
        """Attribute what is added next to that device."""
        self.owner = owner
        return self

    def bound(self, expr: Expr | None) -> int | None:
        """The number of a bound; None where there is none."""
        return None if expr is None else self.add(expr)

    def row(self, key: Key, constraint: Any) -> TemplateRow:
        """A constraint with the numbers of its body and bounds."""
        lower, body, upper = constraint.to_bounded_expression()
        return TemplateRow(key, self.add(body), self.bound(lower), self.bound(upper))

    def with_parameter(self) -> dict[int, list[int]]:
        """Numbers of the expressions that have each mutable parameter, by the `id` of the parameter."""
        numbers: dict[int, list[int]] = {}
        for number, expr in enumerate(self.expressions):
            for parameter in identify_mutable_parameters(expr):
                numbers.setdefault(id(parameter), []).append(number)
        return numbers

    def read(self, slot_of: Mapping[int, int], slots: int, numbers: Iterable[int]) -> Array:
        """Coefficients and constant of some expressions at the present values of the parameters.

        Shape (expressions, slots + 1), zero for the others. `slot_of` maps the `id` of a variable to its
        slot.
        """
        coefficients = np.zeros((len(self.expressions), slots + 1))
        recorder = OrderedVarRecorder({}, {}, None)
        visitor = LinearRepnVisitor({}, var_recorder=recorder)
        for number in numbers:
            expr = self.expressions[number]
            try:
                linear_form = visitor.walk_expression(expr)
                if linear_form.nonlinear is not None:
                    raise NotAffineError(
                        f"device {self.owners[number]}: {expr} is not linear in the variables"
                    )
                for variable, coefficient in linear_form.linear.items():
                    coefficients[number, slot_of[variable]] = coefficient
                coefficients[number, slots] = linear_form.constant
            except (KeyError, RuntimeError) as error:  # of a model of its own, or of none
                raise NotAffineError(
                    f"device {self.owners[number]}: {expr} has a variable that is on no device's block"
                ) from error
            except (ArithmeticError, ValueError, InvalidValueError) as error:
                raise NotAffineError(
                    f"device {self.owners[number]}: {expr} cannot be read: {error}"
                ) from error
        return coefficients
