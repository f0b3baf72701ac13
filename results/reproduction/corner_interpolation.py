"""Multilinear interpolation of the operation between dispatches at the corners of the parameter ranges.

A calibration evaluates hundreds of sets of assumptions, too many to dispatch each. A year's saving is linear
in the price level, and the energy of an aged battery is linear in the yearly fade, as long as the dispatch
pattern is unchanged; so the operation is nearly multilinear. `deviation` measures the error against a full
dispatch.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from parkdispatch.inputs.schema.calibrated import Calibrated
from parkdispatch.models.device import Array
from parkdispatch.results.finance.operation import Operation


@dataclass(frozen=True)
class Corners:
    """Operations at every corner of the ranges of `parameters`, in the order of `itertools.product`."""

    parameters: tuple[Calibrated, ...]
    operations: tuple[Operation, ...]

    def operation(self, values: Mapping[str, float]) -> Operation:
        """The operation at parameter values by path, interpolated between the corners."""
        shares = [(values[p.path] - p.low) / (p.high - p.low) for p in self.parameters]
        weights = [float(np.prod(w)) for w in itertools.product(*((1.0 - s, s) for s in shares))]

        def weighted(arrays: Iterable[Array]) -> Array:
            return np.asarray(np.sum([w * array for w, array in zip(weights, arrays, strict=True)], axis=0))

        corners, first = self.operations, self.operations[0]
        return Operation(
            revenue_yuan={
                name: weighted(corner.revenue_yuan[name] for corner in corners) for name in first.revenue_yuan
            },
            discharged_mwh=weighted(corner.discharged_mwh for corner in corners),
            auxiliary_yuan=weighted(corner.auxiliary_yuan for corner in corners),
            power_mw=first.power_mw,
        )

    def deviation(self, values: Mapping[str, float], dispatched: Operation) -> float:
        """Largest deviation of a year's revenue from the dispatched one, relative to its mean [-]."""
        interpolated_yuan = sum(self.operation(values).revenue_yuan.values())
        dispatched_yuan = sum(dispatched.revenue_yuan.values())
        return float(np.abs(interpolated_yuan - dispatched_yuan).max() / np.abs(dispatched_yuan).mean())


def corner_values(parameters: Sequence[Calibrated]) -> list[dict[str, float]]:
    """The parameter values at every corner of the ranges, by path."""
    paths = [parameter.path for parameter in parameters]
    corners = itertools.product(*((parameter.low, parameter.high) for parameter in parameters))
    return [dict(zip(paths, corner, strict=True)) for corner in corners]
