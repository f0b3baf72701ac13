"""A chart of powers over a day: lines of steps, bands, marks, and a line for now."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from parkdispatch.interfaces.web.charts.axes import Tick, band_path, step_path, value_axis
from parkdispatch.models.device import Array

HOURS = 3  # between labels; every second one on a narrow screen


@dataclass(frozen=True)
class ChartLine:
    """A line by interval, NaN where nothing is known; `look` is its class of the style."""

    name: str
    values: Array
    look: str


@dataclass(frozen=True)
class ChartBand:
    """An area between two lines."""

    name: str
    low: Array
    high: Array
    look: str


@dataclass(frozen=True)
class ChartMark:
    """A level, such as the peak of the month."""

    name: str
    value: float
    look: str


@dataclass(frozen=True)
class TimeChart:
    """A chart as its template draws it. `clocks` and `columns` are its figures as a table."""

    name: str
    title: str
    unit: str
    digits: int
    paths: list[tuple[str, str]]  # look and path
    bands: list[tuple[str, str]]
    levels: list[tuple[str, float]]  # look and share from below [%]
    legend: list[tuple[str, str]]  # look and name
    ys: list[Tick]
    xs: list[Tick]
    zero: float  # [%] from below
    now: float | None  # [%] from the left
    clocks: list[str]
    columns: list[tuple[str, list[float | None]]] = field(default_factory=list)


def time_chart(
    name: str,
    title: str,
    unit: str,
    times: pd.DatetimeIndex,
    lines: Sequence[ChartLine],
    bands: Sequence[ChartBand] = (),
    marks: Sequence[ChartMark] = (),
    now: pd.Timestamp | None = None,
    digits: int = 1,
) -> TimeChart:
    """The chart of a day in intervals; lines without any value are left out."""
    shown = [line for line in lines if np.isfinite(line.values).any()]
    arrays = [*(line.values for line in shown), *(array for band in bands for array in (band.low, band.high))]
    axis = value_axis([*arrays, *(np.array([mark.value]) for mark in marks)])
    columns = [(line.name, _cells(line.values)) for line in shown]
    for band in bands:
        columns += [(f"{band.name} −", _cells(band.low)), (f"{band.name} +", _cells(band.high))]
    return TimeChart(
        name,
        title,
        unit,
        digits,
        [(line.look, step_path(axis, line.values)) for line in shown],
        [(band.look, band_path(axis, band.low, band.high)) for band in bands],
        [(mark.look, axis.percent(mark.value)) for mark in marks],
        _legend(shown, bands, marks),
        axis.ticks,
        _hour_ticks(times),
        axis.percent(0.0),
        None if now is None else _percent(times, now),
        [f"{time:%H:%M}" for time in times],
        columns,
    )


def _legend(
    lines: Sequence[ChartLine], bands: Sequence[ChartBand], marks: Sequence[ChartMark]
) -> list[tuple[str, str]]:
    return [
        *((band.look, band.name) for band in bands),
        *((line.look, line.name) for line in lines),
        *((mark.look, mark.name) for mark in marks),
    ]


def _cells(values: Array) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def _percent(times: pd.DatetimeIndex, now: pd.Timestamp) -> float | None:
    length = times[-1] - times[0] + (times[1] - times[0] if len(times) > 1 else pd.Timedelta(hours=1))
    share = float((now - times[0]) / length)
    return round(100.0 * share, 2) if 0 <= share <= 1 else None


def _hour_ticks(times: pd.DatetimeIndex) -> list[Tick]:
    """The clock at every third hour, also of a part of a day."""
    midnight, hour = times[0].normalize(), pd.Timedelta(hours=1)
    length = (times[-1] - times[0] + (times[1] - times[0] if len(times) > 1 else hour)) / hour
    first = (times[0] - midnight) / hour
    return [
        Tick(round(100.0 * (clock - first) / length, 2), f"{clock:02d}:00", minor=bool(clock % (2 * HOURS)))
        for clock in range(0, int(first + length) + 1, HOURS)
        if clock >= first
    ]
