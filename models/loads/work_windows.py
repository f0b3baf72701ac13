"""Windows in which work is due: of every day, also across midnight, or given ones; seen from any interval.

All that is said of an interval follows from its time alone, not from where a horizon begins or ends, so that
days planned one after the other see the windows of the year.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, model_validator

from parkdispatch.models.calendar.quarter_hours import quarter_span
from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.device import Array, SeriesSpec
from parkdispatch.models.errors import InputError
from parkdispatch.models.limits import LARGEST_ENERGY_MWH, PositiveEnergy
from parkdispatch.models.vocabulary import DailyWindow, TimeSpan

DAY = pd.Timedelta(days=1)
FULL = 1e-9  # relative rounding of work that fills its window


def daily_window(text: str) -> DailyWindow:
    """The window of a text such as "22:00-06:00", or "00:00-24:00" for the whole day.

    Raises ValueError for what is no such text, or does not begin and end on a quarter-hour.
    """
    begin, _, end = (part.strip().zfill(len("00:00")) for part in text.partition("-"))
    if begin < end:
        quarter_span(text)
    else:  # across midnight
        quarter_span(f"{begin}-24:00")
        if end != "00:00":
            quarter_span(f"00:00-{end}")
    return DailyWindow(time.fromisoformat(begin), time() if end == "24:00" else time.fromisoformat(end))


def _checked(text: str) -> str:
    daily_window(text)
    return text


# "HH:MM-HH:MM", the end not included; across midnight where the end is not after the begin
DailyHours = Annotated[str, AfterValidator(_checked)]


def window_hours(window: DailyWindow) -> float:
    """Length of a daily window [h]."""
    begin, end = (clock_time.hour + clock_time.minute / 60 for clock_time in (window.begin, window.end))
    return end - begin if end > begin else end - begin + 24


LONGEST_ORDER = timedelta(days=366)  # every hour of the window is gone through, also outside of the horizon


class Order(Declaration):
    """Work of one order, which may be done at any hour between its two times."""

    begin: datetime = declared("-", "Local time from which on it may be done")
    end: datetime = declared("-", "Local time by which it must be done")
    energy_mwh: PositiveEnergy = declared("MWh", "Energy of the order")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.begin.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("begin and end must be local times, without an offset")
        if self.end <= self.begin:
            raise ValueError(f"end = {self.end}: must lie after the begin, {self.begin}")
        if self.end - self.begin > LONGEST_ORDER:
            raise ValueError(f"end = {self.end}: must lie {LONGEST_ORDER.days} days or less after the begin")
        return self

    @property
    def hours(self) -> float:
        """Length of the order's window [h]."""
        return (self.end - self.begin) / timedelta(hours=1)


def overlapping_orders(orders: Sequence[Order]) -> list[str]:
    """What is wrong with each order that begins before the end of the one before."""
    return [
        f"orders[{number + 1}].begin = {order.begin}: must not lie before {before.end}, the end of the order"
        " before"
        for number, (before, order) in enumerate(pairwise(orders))
        if order.begin < before.end
    ]


@dataclass(frozen=True)
class WorkWindows:
    """Where each interval stands in its window, as arrays of shape (intervals,).

    `number` is that of the window an interval lies wholly in, -1 outside; `share_before` and `share` are the
    parts of the window's work, spread by weight, that fall before the interval and into it. `hours_left` are
    those of the window from the interval on, `is_first` and `is_last` mark the ends of the windows.
    """

    number: NDArray[np.int64]
    share_before: Array
    share: Array
    hours_left: Array
    is_first: NDArray[np.bool_]
    is_last: NDArray[np.bool_]

    @property
    def is_inside(self) -> NDArray[np.bool_]:
        """Intervals within a window."""
        return self.number >= 0


def work_windows(
    times: pd.DatetimeIndex, hours: float, spans: Sequence[TimeSpan], hourly_weight: Sequence[float] = ()
) -> WorkWindows:
    """Place the intervals of `hours` that start at `times` in spans of time that do not overlap.

    `hourly_weight` says how the work of a span is spread over the hours of the day, evenly if empty. Raises
    InputError for a span without a whole interval, or without an hour of weight.
    """
    length = pd.Timedelta(hours=hours)
    count = len(times)
    number, hours_left = np.full(count, -1, dtype=np.int64), np.zeros(count)
    share, before = np.zeros(count), np.zeros(count)
    is_first, is_last = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    weight_of_hour = np.array(hourly_weight or (1.0,) * 24)
    # intervals start on a grid of their length from midnight on, also where only some of them are asked for
    midnight = times[0].normalize()
    offset = (times[0] - midnight) % length
    for position, span in enumerate(spans):
        begin, end = pd.Timestamp(span.begin), pd.Timestamp(span.end)
        first = midnight + offset + length * int(np.ceil((begin - midnight - offset) / length))
        grid = pd.date_range(first, end - length, freq=length)
        weight = weight_of_hour[grid.hour]
        if not weight.sum() > 0:
            what = "no whole interval" if grid.empty else "no hour of the usual profile"
            raise InputError(f"window from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}: holds {what}")
        place = np.searchsorted(times, grid)
        seen = np.flatnonzero((place < count) & (times[np.minimum(place, count - 1)] == grid))
        inside, shares = place[seen], weight / weight.sum()
        number[inside], hours_left[inside], share[inside] = position, hours * (len(grid) - seen), shares[seen]
        before[inside] = np.concatenate([[0.0], np.cumsum(shares)[:-1]])[seen]
        is_first[inside], is_last[inside] = seen == 0, seen == len(grid) - 1
    return WorkWindows(number, before, share, hours_left, is_first, is_last)


def occurrences(window: DailyWindow, times: pd.DatetimeIndex) -> list[TimeSpan]:
    """The daily windows that `times` may touch, in order."""
    begin = pd.Timedelta(hours=window.begin.hour, minutes=window.begin.minute)
    length = pd.Timedelta(hours=window_hours(window))
    days = pd.date_range(times[0].normalize() - DAY, times[-1].normalize()) + begin
    return [TimeSpan(_plain(day), _plain(day + length)) for day in days]


def _plain(time: pd.Timestamp) -> datetime:
    return time.to_pydatetime()


def _internal(title: str, unit: str = "-", upper: float = 1.0) -> SeriesSpec:
    return SeriesSpec(title=title, unit=unit, lower=0.0, upper=upper, internal=True)


def _work(title: str) -> SeriesSpec:
    return _internal(title, "MWh", LARGEST_ENERGY_MWH)


WORK_SERIES: Mapping[str, SeriesSpec] = {
    "inside": _internal("Whether a window is open"),
    "continues": _internal("Whether the window of the interval before is still open"),
    "energy_mwh": _work("Work of the open window"),
    "closing_mwh": _work("Work that must be done by the end of the interval"),
    "share_before_mwh": _work("Work of the hours gone"),
    "left_factor": _internal("Hours left at the end of the interval over those at its beginning"),
    "left_new_mwh": _work("Work left after the first interval of a window"),
}


def work_series(windows: WorkWindows, energy_mwh: Array) -> dict[str, Array]:
    """The series of `WORK_SERIES`; `energy_mwh` is the work of the window each interval lies in."""
    left_before = 1 - windows.share_before
    left_after = np.where(windows.is_last, 0.0, left_before - windows.share)
    factor = np.where(windows.is_inside, left_after / left_before, 0.0)
    continues = windows.is_inside & ~windows.is_first
    return {
        "inside": windows.is_inside.astype(float),
        "continues": continues.astype(float),
        "energy_mwh": energy_mwh,
        "closing_mwh": np.where(windows.is_last, energy_mwh, 0.0),
        "share_before_mwh": energy_mwh * windows.share_before,
        "left_factor": np.where(continues, factor, 0.0),
        "left_new_mwh": np.where(windows.is_first, energy_mwh * factor, 0.0),
    }


def short_windows(
    windows: WorkWindows, energy_mwh: Array, times: pd.DatetimeIndex, could_mwh: Array
) -> list[str]:
    """What is wrong with each whole window in which less can be done than is due.

    `could_mwh` is what can be done in each interval, `energy_mwh` the work of the window it lies in.
    """
    lines = []
    for number in np.unique(windows.number[windows.is_last]):
        of_window = windows.number == number
        needed_mwh, most_mwh = energy_mwh[of_window][0], could_mwh[of_window].sum()
        if windows.is_first[of_window][0] and most_mwh < needed_mwh * (1 - FULL):
            lines.append(
                f"{most_mwh:.15g} MWh in the window from {times[of_window][0]:%Y-%m-%d %H:%M} on: must allow"
                f" for its work, {needed_mwh:.15g} MWh"
            )
    return lines


def work_done(power_mwh: Array, series: Mapping[str, Array], done_before_mwh: float) -> tuple[Array, Array]:
    """Work done in the open window and what may be left of it at the end of each interval [MWh].

    `power_mwh` is the energy of each interval, `series` are those of `WORK_SERIES`.
    """
    done, left = np.empty(len(power_mwh)), np.empty(len(power_mwh))
    so_far, rest = done_before_mwh, float(series["energy_mwh"][0]) - done_before_mwh
    for t, stays in enumerate(series["continues"] > 0.5):
        so_far = (so_far if stays else 0.0) + power_mwh[t]
        rest = series["left_factor"][t] * rest + series["left_new_mwh"][t]
        done[t], left[t] = so_far, rest
    return done, left
