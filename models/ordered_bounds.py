"""Bounds that an operator orders on a device's power for some time: limits and forced set points.

Each side of a quantity becomes one row of an interval, whatever the device:

    ordered x quantity - violation <= most,    ordered x quantity + violation >= least

`ordered` is 1 while the bound is ordered and 0 otherwise, `most` and `least` likewise. Without a price of
violation there is none, and the bound is hard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.calendar.local_time import Moment
from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.limits import LARGEST_POWER_MW, LARGEST_PRICE_YUAN_PER_MWH
from parkdispatch.models.vocabulary import Interval, Terms

Array = NDArray[np.float64]
Side = Literal["most", "least"]
INJECTION = "injection"  # instead of a variable: the power into all buses of the device
VIOLATION = "violation"  # the cost of what is beyond a bound
SignedPower = Annotated[float, Field(ge=-LARGEST_POWER_MW, le=LARGEST_POWER_MW)]
ViolationPrice = Annotated[float, Field(gt=0, le=LARGEST_PRICE_YUAN_PER_MWH)]


class OrderedBound(Declaration):
    """The most or least that a variable of a device may be for some time."""

    variable: str = declared("-", "Variable of the device, or `injection`")
    side: Side = declared("-", "Whether it may be at most or at least so much")
    value: SignedPower = declared("MW", "The bound; of an energy [MWh]")
    begin: Moment = declared("-", "First moment, local time")
    end: Moment = declared("-", "Last moment, excluded")
    violation_yuan_per_mwh: ViolationPrice | None = declared(
        "yuan/MWh", "Price of what is beyond the bound; left out: nothing may be", default=None
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.begin:
            raise ValueError(f"end = {self.end}: must be after `begin`, {self.begin}")
        return self

    @property
    def key(self) -> tuple[str, Side]:
        """The row that it belongs to."""
        return self.variable, self.side


def quantity_name(variable: str) -> str:
    """Name of what a bound is of, with its unit, such as import_mw, injection_mw or energy_mwh."""
    return variable if variable.endswith(("_mw", "_mwh")) else f"{variable}_mw"


def ordered_name(variable: str, side: Side) -> str:
    """Name of a row and of the series of its bound, such as most_ordered_import_mw."""
    return f"{side}_ordered_{quantity_name(variable)}"


def _switch_name(variable: str, side: Side) -> str:
    return f"{side}_ordered_{variable}_on"


def _violation_name(variable: str, side: Side) -> str:
    return f"beyond_{ordered_name(variable, side)}"


def _mwh_of(variable: str, hours: float) -> float:
    """The energy of a unit of the variable in an interval [MWh]."""
    return 1.0 if variable.endswith("_mwh") else hours


def _rows(bounds: Sequence[OrderedBound]) -> dict[tuple[str, Side], list[OrderedBound]]:
    rows: dict[tuple[str, Side], list[OrderedBound]] = {}
    for bound in bounds:
        rows.setdefault(bound.key, []).append(bound)
    return rows


def _price(bounds: Sequence[OrderedBound]) -> float | None:
    """The price of violating a row; None where one of its bounds has none."""
    prices = [bound.violation_yuan_per_mwh for bound in bounds]
    return None if None in prices else max(price for price in prices if price is not None)


def ordered_series(bounds: Sequence[OrderedBound], times: pd.DatetimeIndex, hours: float) -> dict[str, Array]:
    """When each row is ordered, and its hardest bound then [MW], (intervals,) by the names of series.

    A bound counts in every interval it touches.
    """
    ends, series = times + pd.Timedelta(hours=hours), dict[str, Array]()
    for (variable, side), of_row in _rows(bounds).items():
        loosest = np.inf if side == "most" else -np.inf
        hardest, harder = np.full(len(times), loosest), np.minimum if side == "most" else np.maximum
        for bound in of_row:
            touched = (times < pd.Timestamp(bound.end)) & (ends > pd.Timestamp(bound.begin))
            hardest = np.where(touched, harder(hardest, bound.value), hardest)
        is_ordered = np.isfinite(hardest)
        series[_switch_name(variable, side)] = is_ordered.astype(np.float64)
        series[ordered_name(variable, side)] = np.where(is_ordered, hardest, 0.0)
    return series


def write_ordered(bounds: Sequence[OrderedBound], block: Any, interval: Interval, terms: Terms) -> Terms:
    """Write the rows of ordered bounds into a device's interval; its terms with the cost of violations."""
    violations = []
    for (variable, side), of_row in _rows(bounds).items():
        quantity = block.component(variable) if variable != INJECTION else sum(terms.injection.values())
        body = interval.series(_switch_name(variable, side)) * _affine(block, variable, side, quantity)
        price = _price(of_row)
        if price is not None:
            beyond = pyo.Var(bounds=(0, None))
            block.add_component(_violation_name(variable, side), beyond)
            body = body - beyond if side == "most" else body + beyond
            violations.append(price * _mwh_of(variable, interval.hours) * beyond)
        bound = interval.series(ordered_name(variable, side))
        rule = body <= bound if side == "most" else body >= bound
        block.add_component(ordered_name(variable, side), pyo.Constraint(expr=rule))
    if not violations:
        return terms
    return replace(terms, costs={**terms.costs, VIOLATION: sum(violations)})


def _affine(block: Any, variable: str, side: Side, quantity: Any) -> Any:
    """The quantity, as a variable of its own where it has series in it, such as heat by a COP.

    The row multiplies it by a series, and may have only one of them in each product.
    """
    from pyomo.core.expr.visitor import identify_mutable_parameters

    if next(identify_mutable_parameters(quantity), None) is None:
        return quantity
    name = f"{side}_bounded_{variable}_mw"
    block.add_component(name, bounded := pyo.Var())
    block.add_component(f"{name}_law", pyo.Constraint(expr=bounded == quantity))
    return bounded


def violations_mw(
    bounds: Sequence[OrderedBound], values: Mapping[str, Array], injection: Mapping[str, Array]
) -> dict[tuple[str, Side], Array]:
    """What each row is beyond its bound [MW], (intervals,), from what was dispatched, by the row's `key`."""
    beyond = {}
    for variable, side in _rows(bounds):
        power_mw = sum(injection.values()) if variable == INJECTION else values[variable]
        above_mw = values[_switch_name(variable, side)] * power_mw - values[ordered_name(variable, side)]
        beyond[variable, side] = np.maximum(above_mw if side == "most" else -above_mw, 0.0)
    return beyond


def ordered_residuals_mw(
    bounds: Sequence[OrderedBound], values: Mapping[str, Array], injection: Mapping[str, Array]
) -> dict[str, float]:
    """By how much hard bounds are violated, or soft ones by more than is paid for [MW], by row."""
    beyond = violations_mw(bounds, values, injection)
    residuals = {}
    for key, of_row in _rows(bounds).items():
        paid_mw = 0.0 if _price(of_row) is None else values[_violation_name(*key)]
        residuals[ordered_name(*key)] = float(np.max(beyond[key] - paid_mw, initial=0.0))
    return residuals


def violation_costs_yuan(
    bounds: Sequence[OrderedBound], values: Mapping[str, Array], hours: float
) -> Array | None:
    """What the violations cost in each interval [yuan]; None where no bound has a price."""
    costs = [
        price * _mwh_of(key[0], hours) * values[_violation_name(*key)]
        for key, of_row in _rows(bounds).items()
        if (price := _price(of_row)) is not None
    ]
    return np.sum(costs, axis=0) if costs else None
