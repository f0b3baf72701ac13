"""What a storage earns between dispatched corners of the ranges its dispatch depends on.

A search asks for hundreds of sets of assumptions. A year's saving is the price level times one amount less
another, and the energy of an aged battery falls evenly with the fade of a year; so it is straight in each of
them by itself as long as the same hours pay, and the dispatches at the corners of all ranges tell what is
between. How exact that is shows against the full dispatch (`deviation`).
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
        """What is earned and moved at those values by path, straight between the corners."""
        share = [(values[one.path] - one.low) / (one.high - one.low) for one in self.parameters]
        weights = [float(np.prod(w)) for w in itertools.product(*((1.0 - s, s) for s in share))]

        def mixed(arrays: Iterable[Array]) -> Array:
            return np.asarray(np.sum([w * array for w, array in zip(weights, arrays, strict=True)], axis=0))

        every, first = self.operations, self.operations[0]
        return Operation(
            revenue_yuan={n: mixed(one.revenue_yuan[n] for one in every) for n in first.revenue_yuan},
            discharged_mwh=mixed(one.discharged_mwh for one in every),
            auxiliary_yuan=mixed(one.auxiliary_yuan for one in every),
            power_mw=first.power_mw,
        )

    def deviation(self, values: Mapping[str, float], dispatched: Operation) -> float:
        """Largest difference of a year's revenue from the dispatched one, over the latter's mean [-]."""
        here, there = (sum(one.revenue_yuan.values()) for one in (self.operation(values), dispatched))
        return float(np.abs(here - there).max() / np.abs(there).mean())


def corner_values(parameters: Sequence[Calibrated]) -> list[dict[str, float]]:
    """The values at every corner, by path."""
    ends = itertools.product(*((one.low, one.high) for one in parameters))
    return [dict(zip([one.path for one in parameters], end, strict=True)) for end in ends]
