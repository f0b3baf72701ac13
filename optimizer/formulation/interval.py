"""One interval of a park: its devices, the power balance and the named costs.

Balance and objective are written here and nowhere else. The tiler writes one interval and compiles
it; the reference writes one after another. What differs is only what `Interval` words mean.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from parkdispatch.models.device import Device, Interval, Terms


@dataclass(frozen=True)
class ExclusivePair:
    """Two variables of which at most one may exceed zero: a <= upper_a x z, b <= upper_b x (1 - z)."""

    a: Any
    b: Any
    binary: Any
    rows: tuple[Any, Any]


class IntervalWriter:
    """What both meanings of `Interval` share: exclusive pairs, written with a binary."""

    def __init__(self, block: Any, hours: float) -> None:
        self.block = block
        self.hours = hours
        self.pairs: list[ExclusivePair] = []

    def either_or(self, a: Any, b: Any) -> None:
        """Add the binary and its two rows; the tiler keeps them apart from the relaxation."""
        for var in (a, b):
            if var.upper is None:
                raise ValueError(f"either_or: {var.local_name} needs a finite upper bound")
        name = f"{a.local_name}_or_{b.local_name}"
        binary = pyo.Var(domain=pyo.Binary)
        self.block.add_component(f"{name}_binary", binary)
        first = pyo.Constraint(expr=a - a.upper * binary <= 0)
        second = pyo.Constraint(expr=b + b.upper * binary - b.upper <= 0)
        self.block.add_component(f"{name}_first", first)
        self.block.add_component(f"{name}_second", second)
        self.pairs.append(ExclusivePair(a, b, binary, (first, second)))


def write_interval(
    block: Any, devices: Mapping[str, Device], writer: Callable[[str, Any], Interval]
) -> dict[str, Terms]:
    """Write every device into `block` and balance the buses; return the devices' terms.

    `writer(name, device_block)` gives the vocabulary a device writes with. Device names are the
    user's and therefore indices: Pyomo reserves some attribute names.
    """
    block.device = pyo.Block(list(devices))
    terms = {
        name: device.interval(block.device[name], writer(name, block.device[name]))
        for name, device in devices.items()
    }
    buses = list(dict.fromkeys(bus for term in terms.values() for bus in term.injection))

    def balance(_: Any, bus: str) -> Any:
        # power into each bus sums to zero
        return sum(term.injection[bus] for term in terms.values() if bus in term.injection) == 0

    block.balance = pyo.Constraint(buses, rule=balance)
    return terms
