"""What people see of a device's operation beside its powers: flows, and what is switched or moved."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LEAST_MW = 1e-6  # less is rounding of the solver


@dataclass(frozen=True)
class Flow:
    """Power that a device passes from one bus to another, arrays of shape (intervals,) [MW]."""

    from_bus: str
    to_bus: str
    power_mw: Array  # plus is from `from_bus` to `to_bus`
    forward_limit_mw: Array  # of a power above zero
    backward_limit_mw: Array  # of one below

    @property
    def loading(self) -> Array:
        """Power over the limit of its direction [-], with its sign; 0 where nothing may flow."""
        limit_mw = np.where(self.power_mw < 0, self.backward_limit_mw, self.forward_limit_mw)
        return np.divide(self.power_mw, limit_mw, out=np.zeros(len(limit_mw)), where=limit_mw > 0)


@dataclass(frozen=True)
class Activity:
    """Something of a device that is switched or moved over the horizon, arrays of shape (intervals,).

    A "commitment" is a unit that is on or off, a "shift" is work that may be done at other hours than usual,
    an "interruption" is demand that is not met for a price.
    """

    kind: Literal["commitment", "shift", "interruption"]
    power_mw: Array
    most_mw: float  # largest power there could be
    on: NDArray[np.bool_] | None = None  # None: wherever it has power
    number: int | None = None  # of the unit or the step, from one; None where there is one
    usual_mw: Array | None = None  # of a shift
    price_yuan_per_mwh: float | None = None  # of an interruption

    @property
    def is_on(self) -> NDArray[np.bool_]:
        """Whether it runs, works or is interrupted."""
        return np.abs(self.power_mw) > LEAST_MW if self.on is None else self.on
