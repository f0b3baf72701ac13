"""The heat map of a year, and the load-duration curve."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from parkdispatch.interfaces.web.charts.axes import Tick, line_path, value_axis
from parkdispatch.models.device import Array

SHADES = 8
EVERY_HOURS = 6


@dataclass(frozen=True)
class HeatMap:
    """A cell for each hour of each day: its SVG has a unit for a day and a unit for an hour."""

    days: int
    hours: int
    shades: list[tuple[int, str]]  # number of the shade, from 0, and the path of all its cells
    legend: list[tuple[int, str]]  # number of the shade, and its values
    months: list[Tick]
    clocks: list[Tick]


@dataclass(frozen=True)
class DurationCurve:
    """Powers of a year in descending order over hours."""

    path: str
    ys: list[Tick]
    xs: list[Tick]


def heat_map(hourly: Array, year: int, months: list[str]) -> HeatMap | None:
    """The map of values of shape (days, 24) with round limits of shades; None where nothing is known."""
    known = hourly[np.isfinite(hourly)]
    if not len(known):
        return None
    limits = shade_limits(float(known.min()), float(known.max()))
    with np.errstate(invalid="ignore"):
        codes = np.where(np.isfinite(hourly), np.clip(np.digitize(hourly, limits[1:-1]), 0, None), -1)
    days, hours = hourly.shape
    used = sorted({int(code) for code in np.unique(codes)} - {-1})
    firsts = pd.date_range(f"{year}-01-01", periods=12, freq="MS")
    ticks = [
        Tick(round(100.0 * (first.day_of_year - 1) / days, 2), months[n], minor=bool(n % 3))
        for n, first in enumerate(firsts)
    ]
    return HeatMap(
        days,
        hours,
        [(code, _cells_path(codes == code)) for code in used],
        [(n, _range_text(limits[n], limits[n + 1])) for n in range(len(limits) - 1)],
        ticks,
        [
            Tick(round(100.0 * (hours - hour) / hours, 2), f"{hour:02d}")
            for hour in range(0, hours + 1, EVERY_HOURS)
        ],
    )


def shade_limits(low: float, high: float) -> list[float]:
    """Round limits of at most SHADES shades that hold the values."""
    axis = value_axis([np.array([low, high])], ticks=SHADES)
    return [axis.low + n * axis.step for n in range(round((axis.high - axis.low) / axis.step) + 1)]


def duration_curve(hours: Array, powers: Array) -> DurationCurve | None:
    """The curve of ascending hours and descending powers; None where there are fewer than two points."""
    if len(hours) < 2:
        return None
    axis, across = value_axis([powers]), value_axis([hours])
    span = across.high - across.low
    ticks = [Tick(tick.percent, tick.text, minor=bool(n % 2)) for n, tick in enumerate(across.ticks)]
    return DurationCurve(line_path(axis, hours / span, powers), axis.ticks, ticks)


def _cells_path(mask: Array) -> str:
    """The cells of a mask of shape (days, hours): runs of hours of a day as one rectangle; hour 0 on top."""
    parts = []
    for day in range(mask.shape[0]):
        row = np.concatenate([[0], mask[day].astype(int), [0]])
        edges = np.flatnonzero(np.diff(row))
        parts += [f"M{day} {first}h1v{after - first}h-1z" for first, after in zip(edges[::2], edges[1::2])]
    return "".join(parts)


def _range_text(low: float, high: float) -> str:
    return f"{low:z,.10g}–{high:z,.10g}".replace("-", "−")
