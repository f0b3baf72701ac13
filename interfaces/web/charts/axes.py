"""Axes of charts: round numbers, and shares of the axis where they lie."""

from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from parkdispatch.models.device import Array

WIDTH, HEIGHT = 1000.0, 400.0  # of the SVG, which is stretched
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Tick:
    """A label at a share of its axis [%]; `minor` is left out on a narrow screen."""

    percent: float
    text: str
    minor: bool = False


@dataclass(frozen=True)
class ValueAxis:
    """An axis of values from `low` to `high`, which includes zero."""

    low: float
    high: float
    step: float

    def percent(self, value: float) -> float:
        """Where a value lies, from below [%]."""
        return round(100.0 * (value - self.low) / (self.high - self.low), 2)

    def y(self, values: Array) -> Array:
        """Where values lie in the SVG, from above."""
        return np.asarray(HEIGHT * (self.high - values) / (self.high - self.low))

    @property
    def ticks(self) -> list[Tick]:
        """Round numbers from below to above."""
        digits = max(0, -floor(log10(self.step) + 1e-9)) + (1 if f"{self.step:e}".startswith("2.5") else 0)
        digits = 0 if self.step >= 10 or self.step == int(self.step) else digits
        count = round((self.high - self.low) / self.step)
        values = [self.low + number * self.step for number in range(count + 1)]
        return [Tick(self.percent(value), f"{value:z,.{digits}f}".replace("-", "−")) for value in values]


def value_axis(arrays: list[Array], ticks: int = 5) -> ValueAxis:
    """A round axis with zero and all values; of 0 to 1 where there are none."""
    known = np.concatenate([np.zeros(1), *(array[np.isfinite(array)] for array in arrays)])
    low, high = float(known.min()), float(known.max())
    if high - low < 1e-9:
        return ValueAxis(0.0, 1.0, 0.5)
    power = 10.0 ** floor(log10((high - low) / ticks))
    step = next(factor * power for factor in STEPS if factor * power * ticks >= (high - low) * 0.999)
    return ValueAxis(floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, step)


def step_path(axis: ValueAxis, values: Array) -> str:
    """A line of horizontal steps, one an interval, interrupted where a value is not known."""
    edges = np.linspace(0.0, WIDTH, len(values) + 1)
    heights, parts, drawn = axis.y(values), [], False
    for number, height in enumerate(heights.tolist()):
        if not np.isfinite(height):
            drawn = False
            continue
        parts.append(f"V{height:.1f}" if drawn else f"M{edges[number]:.1f} {height:.1f}")
        parts.append(f"H{edges[number + 1]:.1f}")
        drawn = True
    return "".join(parts)


def band_path(axis: ValueAxis, low: Array, high: Array) -> str:
    """The area between two lines of steps, where both are known."""
    edges = np.linspace(0.0, WIDTH, len(low) + 1)
    tops, bottoms = axis.y(high), axis.y(low)
    return "".join(
        f"M{edges[n]:.1f} {tops[n]:.1f}H{edges[n + 1]:.1f}V{bottoms[n]:.1f}H{edges[n]:.1f}z"
        for n in range(len(low))
        if np.isfinite(tops[n]) and np.isfinite(bottoms[n])
    )


def line_path(axis: ValueAxis, places: Array, values: Array) -> str:
    """A line through points; `places` are shares of the width."""
    points = zip((WIDTH * places).tolist(), axis.y(values).tolist(), strict=True)
    text = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f"M{text}" if text else ""
