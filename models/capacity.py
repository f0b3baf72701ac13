"""A rated capacity that is either given or a decision; the equations of a device are the same for both."""

from typing import Any, Self

from pydantic import model_validator

from parkdispatch.models.declaration import ASSUMED, Declaration, declared
from parkdispatch.models.limits import Energy, Money
from parkdispatch.models.vocabulary import Expr, Interval


class Sized(Declaration):
    """A capacity decided by the optimizer, between `min` and `max`, at a cost per unit of capacity."""

    min: Energy = declared("MW or MWh", "Smallest capacity that may be chosen", ASSUMED, 0.0)
    max: Energy = declared("MW or MWh", "Largest capacity that may be chosen")
    cost_yuan_per_unit: Money = declared(
        "yuan/MW or yuan/MWh", "Capital cost of the capacity for the length of the horizon"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min = {self.min:.15g} is above max = {self.max:.15g}")
        return self


Size = float | Sized


def largest_capacity(size: float | Sized) -> float:
    """Largest value the capacity can have, in its unit."""
    return size.max if isinstance(size, Sized) else size


def capacity_in_model(interval: Interval, name: str, size: float | Sized) -> Expr:
    """Capacity as the equations use it: the given number, or a decision shared by the whole horizon."""
    if not isinstance(size, Sized):
        return size
    return interval.shared(
        name, per="horizon", lower=size.min, upper=size.max, costs={"capital": size.cost_yuan_per_unit}
    )


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
