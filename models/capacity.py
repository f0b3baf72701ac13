"""A rated capacity that is either given or a decision; the equations of a device are the same for both."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from parkdispatch.models.declaration import ASSUMED, Declaration, declared
from parkdispatch.models.limits import Energy, Money
from parkdispatch.models.vocabulary import Expr, Interval

CAPITAL = "capital"  # the cost of sizes that are decided
COST = "cost_yuan_per_unit"
DECISION_OF = {"energy_mwh": "rated_mwh"}  # a store's energy over time is called `energy_mwh`


class Sized(Declaration):
    """A capacity decided by the optimizer, between `min` and `max`, at a cost per unit of capacity."""

    min: Energy = declared(
        "unit of the field", "Smallest capacity that may be chosen; it is paid for", ASSUMED, 0.0
    )
    max: Energy = declared("unit of the field", "Largest capacity that may be chosen")
    cost_yuan_per_unit: Money = declared(
        "yuan per unit", "Capital cost of one unit of the field for the length of the horizon"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min = {self.min:.15g} is above max = {self.max:.15g}")
        return self


Size = float | Sized


class Sizable(BaseModel):
    """Base of devices: refuses a size to be decided in fields that hold none, and says why."""

    why_not_sized: ClassVar[str] = "the optimizer chooses no size of this kind of device"

    @model_validator(mode="wrap")
    @classmethod
    def _sized_where_possible(cls, data: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        sizable = [name for name, field in cls.model_fields.items() if Sized in get_args(field.annotation)]
        wrong = {
            name: value
            for name, value in (data.items() if isinstance(data, Mapping) else ())
            if isinstance(value, Mapping) and COST in value and name in cls.model_fields
            if name not in sizable
        }
        try:
            return validate(data)
        except ValidationError as error:  # all that is wrong is told at once
            if not wrong:
                raise
            why = f"only {', '.join(sizable)} may be left to the optimizer" if sizable else cls.why_not_sized
            refusal = {"error": ValueError(f"must be a number, not a size to be decided, because {why}")}
            lines = [
                InitErrorDetails(type="value_error", loc=(name,), input=value, ctx=refusal)
                for name, value in wrong.items()
            ] + [
                InitErrorDetails(
                    type=other["type"], loc=other["loc"], input=other["input"], ctx=other.get("ctx", {})
                )
                for other in error.errors(include_url=False)
                if other["loc"][:1] not in {(name,) for name in wrong}
            ]
            raise ValidationError.from_exception_data(error.title, lines) from error

    @property
    def undecided_sizes(self) -> dict[str, Sized]:
        """By field, the sizes that are left to the optimizer."""
        fields = type(self).model_fields
        return {field: size for field in fields if isinstance(size := getattr(self, field), Sized)}


def largest_capacity(size: float | Sized) -> float:
    """Largest value the capacity can have, in its unit."""
    return size.max if isinstance(size, Sized) else size


def capacity_in_model(interval: Interval, field: str, size: float | Sized) -> Expr:
    """Capacity as the equations use it: the given number, or a decision shared by the whole horizon."""
    if not isinstance(size, Sized):
        return size
    return interval.shared(
        decision_of(field),
        per="horizon",
        lower=size.min,
        upper=size.max,
        costs={CAPITAL: size.cost_yuan_per_unit},
    )


def decided_capacity(
    shared: Mapping[str, NDArray[np.float64]], field: str, size: float | Sized
) -> NDArray[np.float64] | float:
    """Capacity of a dispatch: the given number, or what was decided, (intervals,), from `Seen.shared`."""
    return shared[decision_of(field)] if isinstance(size, Sized) else size


def decision_of(field: str) -> str:
    """Name of the decision on a field, which no variable of a device has."""
    return DECISION_OF.get(field, field)


def capital_yuan(
    device: Sizable, shared: Mapping[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """Recompute the capital cost of a device's decided sizes, (intervals,); empty if none is decided."""
    yuan = [
        shared[decision_of(field)] * size.cost_yuan_per_unit for field, size in device.undecided_sizes.items()
    ]
    return {CAPITAL: np.sum(yuan, axis=0)} if yuan else {}


def keep_within(block: Any, name: str, var: Any, lower: Expr, upper: Expr) -> None:
    """Impose lower <= var <= upper on a Pyomo variable.

    Limits that are numbers become bounds of the variable; limits that hold decisions become constraints.
    """
    from parkdispatch.models import lazy_pyomo as pyo

    for side, limit in (("lower", lower), ("upper", upper)):
        if not pyo.is_potentially_variable(limit):
            (var.setlb if side == "lower" else var.setub)(limit)
        elif side == "lower":
            block.add_component(f"{name}_{side}", pyo.Constraint(expr=var - limit >= 0))
        else:
            block.add_component(f"{name}_{side}", pyo.Constraint(expr=var - limit <= 0))
