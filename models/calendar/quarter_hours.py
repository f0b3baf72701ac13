"""Quarter-hours: the resolution of Chinese tariffs and meters; spans such as "18:00-20:00"."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import AfterValidator

from parkdispatch.models.errors import InputError

QUARTERS_PER_HOUR = 4
QUARTERS_PER_DAY = 96


# a tariff has few spans, which are compared by month and pair, again in each changed case
@lru_cache(maxsize=1024)
def quarter_span(text: str) -> tuple[int, int]:
    """Quarter-hours [first, last) of a span such as "18:00-20:00"; ValueError says what is wrong."""
    match = re.fullmatch(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*", text, re.ASCII)
    if match is None:
        raise ValueError('must be hours written as "18:00-20:00"')
    first_hour, first_minute, last_hour, last_minute = (int(part) for part in match.groups())
    first, last = 60 * first_hour + first_minute, 60 * last_hour + last_minute
    if max(first_minute, last_minute) > 59 or first >= 24 * 60 or last > 24 * 60:
        raise ValueError("must lie between 00:00 and 24:00 (24:00 only as an end)")
    if first % 15 or last % 15:
        raise ValueError("must begin and end on a quarter-hour (:00, :15, :30, :45)")
    if first >= last:
        raise ValueError(
            'must end after it begins; across midnight write two spans, "22:00-24:00" and "00:00-02:00"'
        )
    return first // 15, last // 15


def _checked(text: str) -> str:
    quarter_span(text)
    return text


# "HH:MM-HH:MM", the end not included, 24:00 allowed as an end
Span = Annotated[str, AfterValidator(_checked)]


def quarters_per_interval(times: pd.DatetimeIndex, hours: float) -> int:
    """Number of quarter-hours in an interval of `hours`; 1 for intervals shorter than a quarter-hour.

    Raises InputError if an interval that starts at one of `times` straddles quarter-hours.
    """
    quarters = hours * QUARTERS_PER_HOUR
    seconds = 3600 * hours
    ratio = quarters if quarters >= 1 else 1 / quarters if quarters > 0 else 0.5
    if abs(ratio - round(ratio)) > 1e-9:
        raise InputError(
            f"intervals of {hours:.15g} h: must divide a quarter-hour or consist of quarter-hours"
        )
    step_us = round(min(seconds, 900) * 1e6)
    offset_us = ((times - times.normalize()) // pd.Timedelta(microseconds=1)).to_numpy() % step_us
    if offset_us.any():
        raise InputError(
            f"interval start {times[int((offset_us > 0).argmax())]}: must be a whole number of"
            f" {step_us / 60e6:.15g} minutes after midnight"
        )
    return max(1, round(quarters))


def quarter_starts(times: pd.DatetimeIndex, hours: float) -> pd.DatetimeIndex:
    """Starts of the quarter-hours of each interval, shape (times x quarters,); errors as above.

    An interval shorter than a quarter-hour has its own start only.
    """
    quarters = quarters_per_interval(times, hours)
    offsets = pd.to_timedelta(15 * np.tile(np.arange(quarters), len(times)), "min")
    return pd.DatetimeIndex(times.repeat(quarters) + offsets)


def overlapping_spans(
    tables: Sequence[tuple[Sequence[int | str], Sequence[str]]], field: str, key: str
) -> Iterator[str]:
    """Yield a problem for each pair of spans that share a quarter-hour of the same month or holiday.

    `tables` holds (months or holidays, spans); `field` is the name of the list of tables in the tariff file,
    `key` what the first members are: "month" or "holiday".
    """
    earlier_spans: dict[int | str, list[tuple[str, str]]] = {}
    for i, (keys, spans) in enumerate(tables):
        overlaps: dict[tuple[str, str, str, str], list[int | str]] = {}
        for j, span in enumerate(spans):
            first, last = quarter_span(span)
            for k in keys:
                for path, other in earlier_spans.setdefault(k, []):
                    other_first, other_last = quarter_span(other)
                    if first < other_last and other_first < last:
                        overlaps.setdefault((f"{field}[{i}].hours[{j}]", span, path, other), []).append(k)
                earlier_spans[k].append((f"{field}[{i}].hours[{j}]", span))
        for (path, span, other_path, other), overlap_keys in overlaps.items():
            yield (
                f"{path} = '{span}' overlaps {other_path} = '{other}' in {key}"
                f" {', '.join(map(str, overlap_keys))}"
            )


def unnamed_spans(spans: Sequence[str]) -> tuple[str, ...]:
    """Spans of a day that none of the given spans covers, in order."""
    covered = [False] * QUARTERS_PER_DAY
    for span in spans:
        first, last = quarter_span(span)
        covered[first:last] = [True] * (last - first)
    changes = [q for q in range(1, QUARTERS_PER_DAY) if covered[q] != covered[q - 1]]
    break_points = [0, *changes, QUARTERS_PER_DAY]
    clock = [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in break_points]
    return tuple(
        f"{begin}-{end}"
        for quarter, begin, end in zip(break_points, clock, clock[1:], strict=False)
        if not covered[quarter]
    )
