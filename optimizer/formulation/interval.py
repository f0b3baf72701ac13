"""One interval of a park in Pyomo: its devices, the power balance of each bus and the exclusive pairs.

The power balance is written here and nowhere else. The template compiler writes one interval and reads it
into arrays; the plain Pyomo model writes one interval after another. They differ only in how they implement
the `Interval` protocol that devices write with.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pyomo.environ as pyo

from parkdispatch.models.device import Device, Exchange, Interval, Terms
from parkdispatch.optimizer.formulation.readability import refuse_unreadable


@dataclass(frozen=True)
class ExclusivePair:
    """Two variables of which at most one may exceed zero: a <= upper_a x z, b <= upper_b x (1 - z)."""

    a: Any
    b: Any
    binary: Any
    rows: tuple[Any, Any]


class WrittenInterval(Interval, Protocol):
    """An interval that knows which components of the block its own vocabulary wrote."""

    written: set[str]
    exclusions: list[tuple[Any, Exchange]]

    def exclusive_pair(self, a: Any, b: Any, name: str) -> None:
        """Add an exclusive pair under a name."""


class IntervalWriter:
    """Common part of the implementations of `Interval`: exclusive pairs, written as big-M rows."""

    def __init__(self, block: Any, hours: float) -> None:
        self.block = block
        self.hours = hours
        self.pairs: list[ExclusivePair] = []
        self.written: set[str] = set()
        self.exclusions: list[tuple[Any, Exchange]] = []  # what `never_with` was told

    def add(self, name: str, component: Any) -> None:
        """Write a component of the vocabulary's own, which is no component of the device."""
        self.block.add_component(name, component)
        self.written.add(name)

    def either_or(self, a: Any, b: Any) -> None:
        """Add an exclusive pair of the device's own variables."""
        self.exclusive_pair(a, b, f"{a.local_name}_or_{b.local_name}")

    def never_with(self, var: Any, exchange: Exchange) -> None:
        """Note the exclusion; `write_interval` adds its pairs when all devices are written."""
        self.exclusions.append((var, exchange))

    def exclusive_pair(self, a: Any, b: Any, name: str) -> None:
        """Add the binary of an exclusive pair and its two big-M rows; the relaxation leaves them out."""
        for var in (a, b):
            if var.upper is None:
                raise ValueError(f"either_or: {var.local_name} needs a finite upper bound")
        binary = pyo.Var(domain=pyo.Binary)
        self.add(f"{name}_binary", binary)
        first = pyo.Constraint(expr=a - a.upper * binary <= 0)
        second = pyo.Constraint(expr=b + b.upper * binary - b.upper <= 0)
        self.add(f"{name}_first", first)
        self.add(f"{name}_second", second)
        self.pairs.append(ExclusivePair(a, b, binary, (first, second)))


def write_interval(
    block: Any, devices: Mapping[str, Device], writer: Callable[[str, Any], WrittenInterval]
) -> dict[str, Terms]:
    """Write every device into `block`, balance the buses, and return the terms of each device.

    `writer(name, device_block)` gives the `Interval` a device writes with. Device names come from the user
    and are therefore indices of a block: Pyomo reserves some attribute names. Raises UnreadableDeviceError
    for a component that would not become a row or a column.
    """
    block.device = pyo.Block(list(devices))
    terms, intervals = {}, {}
    for name, device in devices.items():
        interval = intervals[name] = writer(name, block.device[name])
        terms[name] = device.interval(block.device[name], interval)
        refuse_unreadable(name, block.device[name], interval.written)
    buses = list(dict.fromkeys(bus for term in terms.values() for bus in term.injection))

    def balance(_: Any, bus: str) -> Any:
        # power into each bus sums to zero
        return sum(term.injection[bus] for term in terms.values() if bus in term.injection) == 0

    block.balance = pyo.Constraint(buses, rule=balance)
    _exclude_exchange(terms, intervals)
    return terms


def _exclude_exchange(terms: Mapping[str, Terms], intervals: Mapping[str, WrittenInterval]) -> None:
    """Add a pair for each variable that never runs with an exchange, and each such exchange it can reach."""
    for name, interval in intervals.items():
        for var, exchange in interval.exclusions:
            reachable = _reachable_buses(terms, name)
            for other, term in terms.items():
                if other != name and exchange in term.exchange and reachable & set(term.injection):
                    pair_name = f"{var.local_name}_or_{other}_{exchange}"
                    interval.exclusive_pair(var, term.exchange[exchange], pair_name)


def _reachable_buses(terms: Mapping[str, Terms], name: str) -> set[str]:
    """Buses that power of a device can reach: its own, and those of devices with terms on one of them."""
    reachable, buses = set[str](), set(terms[name].injection)
    while buses - reachable:
        reachable |= buses
        buses = {bus for term in terms.values() if reachable & set(term.injection) for bus in term.injection}
    return reachable
