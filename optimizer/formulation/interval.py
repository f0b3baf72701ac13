"""One interval of a park in Pyomo: its devices, the power balance of each bus and the exclusive pairs.

The power balance is written here and nowhere else. The template compiler writes one interval and reads it
into arrays; the plain Pyomo model writes one interval after another. They differ only in how they implement
the `Interval` protocol that devices write with.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyomo.core as pyo

from parkdispatch.models.device import Array, Device
from parkdispatch.models.vocabulary import Amount, Commitment, Exchange, Interval, Terms
from parkdispatch.optimizer.formulation.readability import refuse_unreadable

ROUNDING = 1e-9  # of an interval
MIN_POINTS = 2  # of a piecewise linear function


def values_before(initial: Any, steps: int) -> list[Any]:
    """Values in the `steps` intervals before the horizon, the oldest first; the oldest one given is repeated.

    `initial` is one value for all, or a sequence of which the last is the latest.
    """
    known = list(initial) if isinstance(initial, list | tuple) else [initial]
    return [known[max(0, len(known) - steps + number)] for number in range(steps)]


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
    amounts: dict[Amount, Any]

    def add(self, name: str, component: Any) -> None:
        """Write a component of the vocabulary's own."""

    def exclusive_pair(self, a: Any, b: Any, name: str) -> None:
        """Add an exclusive pair under a name."""


class IntervalWriter:
    """Common part of the implementations of `Interval`: the words that are written by means of others."""

    def __init__(self, block: Any, hours: float) -> None:
        self.block = block
        self.hours = hours
        self.pairs: list[ExclusivePair] = []
        self.written: set[str] = set()
        self.exclusions: list[tuple[Any, Exchange]] = []  # what `never_with` was told
        self.amounts: dict[Amount, Any] = {}  # what `park_amount` was asked for

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

    def previous(self, var: Any, initial: Any, steps: int = 1) -> Any:
        """See `Interval`."""
        raise NotImplementedError

    def recent_sum(self, var: Any, hours: float, initial: Any = 0.0) -> Any:
        """Add up `var` and its previous values."""
        count = max(1, math.ceil(hours / self.hours - ROUNDING))
        return var + sum(self.previous(var, initial, steps) for steps in range(1, count))

    def binary(self, name: str) -> Any:
        """Add a binary variable."""
        variable = pyo.Var(domain=pyo.Binary)
        self.add(name, variable)
        return variable

    def committed(
        self,
        name: str,
        power: Any,
        least: Any,
        most: Any,
        *,
        min_up_h: float = 0.0,
        min_down_h: float = 0.0,
        history: Sequence[float] = (0.0,),
    ) -> Commitment:
        """Write the three-binary formulation of a unit, of which only `on` has to be declared binary."""
        on, start, stop = self.binary(f"{name}_on"), pyo.Var(bounds=(0, 1)), pyo.Var(bounds=(0, 1))
        self.add(f"{name}_start", start)
        self.add(f"{name}_stop", stop)
        changes = np.diff(np.asarray([history[0], *history], dtype=float))
        starts, stops = ([0.0, *np.maximum(sign * changes, 0.0).tolist()] for sign in (1.0, -1.0))
        rows = {
            "least": power - least * on >= 0,
            "most": power - most * on <= 0,
            "switch": on - self.previous(on, list(history)) - start + stop == 0,
            # what has started lately still runs, what has stopped lately still stands
            "up": self.recent_sum(start, min_up_h, starts) - on <= 0,
            "down": self.recent_sum(stop, min_down_h, stops) + on <= 1,
        }
        for row, expr in rows.items():
            self.add(f"{name}_{row}", pyo.Constraint(expr=expr))
        return Commitment(on, start, stop)

    def piecewise(self, name: str, x: Any, points: Sequence[tuple[float, float]], side: str = "equal") -> Any:
        """Write the segments: in the incremental formulation with binaries, or one row a segment."""
        breakpoints, value = (np.array(numbers, dtype=float) for numbers in zip(*points, strict=True))
        width, rise = np.diff(breakpoints), np.diff(value)
        if len(points) < MIN_POINTS or not (width > 0).all():
            raise ValueError(
                f"piecewise {name}: must have two or more points in ascending order, not {points}"
            )
        slope = rise / width
        bend = np.diff(slope) * {"equal": 0.0, "at_least": 1.0, "at_most": -1.0}[side]
        if (bend < 0).any():
            shape = "convex" if side == "at_least" else "concave"
            raise ValueError(f"piecewise {name}: must be {shape} for `{side}`, not {points}")
        y = pyo.Var(bounds=(float(value.min()), float(value.max())))
        self.add(name, y)
        if side == "equal":
            self._incremental(name, x, y, breakpoints, value)
            return y
        domain = pyo.inequality(float(breakpoints[0]), x, float(breakpoints[-1]))
        self.add(f"{name}_domain", pyo.Constraint(expr=domain))
        for number, steepness in enumerate(slope.tolist()):
            line = y - steepness * x
            offset = float(value[number] - steepness * breakpoints[number])
            rule = line >= offset if side == "at_least" else line <= offset
            self.add(f"{name}_segment_{number}", pyo.Constraint(expr=rule))
        return y

    def _incremental(self, name: str, x: Any, y: Any, breakpoints: Array, value: Array) -> None:
        """Write y as the function of x: each segment is used only after the one before it is full."""
        width, slope = np.diff(breakpoints).tolist(), (np.diff(value) / np.diff(breakpoints)).tolist()
        parts: list[Any] = []
        for number, length in enumerate(width):
            part = pyo.Var(bounds=(0, length))
            self.add(f"{name}_part_{number}", part)
            if parts:
                is_full = self.binary(f"{name}_beyond_{number}")
                before = parts[-1] - width[number - 1] * is_full
                self.add(f"{name}_full_{number}", pyo.Constraint(expr=before >= 0))
                self.add(f"{name}_after_{number}", pyo.Constraint(expr=part - length * is_full <= 0))
            parts.append(part)
        self.add(f"{name}_x", pyo.Constraint(expr=x - sum(parts) == float(breakpoints[0])))
        rises = sum(steepness * part for steepness, part in zip(slope, parts, strict=True))
        self.add(f"{name}_value", pyo.Constraint(expr=y - rises == float(value[0])))

    def park_amount(self, amount: Amount) -> Any:
        """Return a variable for it; `write_interval` says what it is when all devices are written."""
        if amount not in self.amounts:
            self.amounts[amount] = pyo.Var()
            self.add(amount, self.amounts[amount])
        return self.amounts[amount]

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
        terms[name] = device.interval_as_ordered(block.device[name], interval)
    refuse_unreadable(block, {name: interval.written for name, interval in intervals.items()})
    buses = list(dict.fromkeys(bus for term in terms.values() for bus in term.injection))

    def balance(_: Any, bus: str) -> Any:
        # power into each bus sums to zero
        return sum(term.injection[bus] for term in terms.values() if bus in term.injection) == 0

    block.balance = pyo.Constraint(buses, rule=balance)
    _exclude_exchange(terms, intervals)
    for interval in intervals.values():
        for amount, variable in interval.amounts.items():
            parts = [term.amounts[amount] for term in terms.values() if amount in term.amounts]
            interval.add(f"{amount}_of_all", pyo.Constraint(expr=variable - sum(parts) == 0))
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
