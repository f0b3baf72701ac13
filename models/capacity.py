"""A capacity that is either given or decided; the equations of a device do not care which."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from parkdispatch.models.device import Expr, Interval, NonNegative


class Sized(BaseModel):
    """A capacity left to the optimizer, between `min` and `max`, at a cost per unit over the horizon."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    min: NonNegative = 0.0
    max: NonNegative
    cost_yuan_per_unit: NonNegative  # yuan per MW or MWh, for the length of the horizon

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min = {self.min:g} is above max = {self.max:g}")
        return self


Size = NonNegative | Sized


def largest(size: float | Sized) -> float:
    """The most the capacity can be, in its unit."""
    return size.max if isinstance(size, Sized) else size


def decide(interval: Interval, name: str, size: float | Sized) -> Expr:
    """The capacity as the equations see it: a number, or a decision shared by the whole horizon."""
    if not isinstance(size, Sized):
        return size
    return interval.shared(
        name, per="horizon", lower=size.min, upper=size.max, costs={"capital": size.cost_yuan_per_unit}
    )


def keep_within(block: Any, name: str, var: Any, lower: Expr, upper: Expr) -> None:
    """lower <= var <= upper. Numbers become bounds, because bounds are free; decisions become rows."""
    import pyomo.environ as pyo

    for side, limit in (("lower", lower), ("upper", upper)):
        if not pyo.is_potentially_variable(limit):
            (var.setlb if side == "lower" else var.setub)(limit)
        elif side == "lower":
            block.add_component(f"{name}_{side}", pyo.Constraint(expr=var - limit >= 0))
        else:
            block.add_component(f"{name}_{side}", pyo.Constraint(expr=var - limit <= 0))
