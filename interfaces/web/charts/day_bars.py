"""Bars by day: stacked above zero and below it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parkdispatch.interfaces.web.charts.axes import HEIGHT, WIDTH, Tick, value_axis
from parkdispatch.models.device import Array

GAP = 0.25  # of the width of a day
MOST_LABELS = 11


@dataclass(frozen=True)
class DayBars:
    """Stacked bars as the template draws them: x, y, width, height of each, in units of the SVG."""

    name: str
    title: str
    unit: str
    bars: list[tuple[str, list[tuple[float, float, float, float]]]]  # look and rectangles
    legend: list[tuple[str, str]]
    ys: list[Tick]
    xs: list[Tick]
    zero: float


def day_bars(
    name: str, title: str, unit: str, days: Sequence[str], series: Sequence[tuple[str, Array, str]]
) -> DayBars:
    """Stack the series, each a name, a value a day (NaN: none) and a class of the style."""
    values = np.nan_to_num(np.array([array for _, array, _ in series], dtype=float).reshape(len(series), -1))
    ups, downs = np.maximum(values, 0.0), np.minimum(values, 0.0)
    axis = value_axis([ups.sum(axis=0), downs.sum(axis=0)])
    width = WIDTH / max(len(days), 1)
    bars = []
    for number, (_, _, look) in enumerate(series):
        rectangles = []
        for sign in (ups, downs):
            base = sign[:number].sum(axis=0)
            for day in np.flatnonzero(sign[number]).tolist():
                edges = axis.y(np.array([base[day], base[day] + sign[number][day]]))
                top, high = float(edges.min()), float(abs(edges[1] - edges[0]))
                left = width * (day + GAP / 2)
                rectangles.append(
                    (round(left, 2), round(top, 2), round(width * (1 - GAP), 2), round(high, 2))
                )
        bars.append((look, rectangles))
    every = -(-len(days) // MOST_LABELS)
    xs = [
        Tick(round(100.0 * (n + 0.5) / len(days), 2), day, minor=bool((n // every) % 2))
        for n, day in enumerate(days)
        if n % every == 0
    ]
    return DayBars(
        name,
        title,
        unit,
        bars,
        [(look, label) for label, _, look in series],
        axis.ticks,
        xs,
        round(100.0 - 100.0 * float(axis.y(np.zeros(1))[0]) / HEIGHT, 2),
    )
