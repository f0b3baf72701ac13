"""Quarter-hours: the grain of Chinese tariffs and meters."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated

import pandas as pd
from pydantic import AfterValidator

from parkdispatch.models.errors import InputError

QUARTERS_PER_DAY = 96


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


Span = Annotated[
    str, AfterValidator(_checked)
]  # "HH:MM-HH:MM", the end not included, 24:00 allowed as an end


def quarters_per_interval(times: pd.DatetimeIndex, hours: float) -> int:
    """Quarter-hours in an interval, 1 for shorter ones; InputError if an interval straddles quarter-hours."""
    quarters = hours * 4
    seconds = 3600 * hours
    whole = quarters if quarters >= 1 else 1 / quarters if quarters > 0 else 0.5
    if abs(whole - round(whole)) > 1e-9:
        raise InputError(f"intervals of {hours:g} h: must divide a quarter-hour or consist of quarter-hours")
    step = round(min(seconds, 900) * 1e6)
    late = ((times - times.normalize()) // pd.Timedelta(microseconds=1)).to_numpy() % step
    if late.any():
        raise InputError(
            f"interval start {times[int((late > 0).argmax())]}: must be a whole number of"
            f" {step / 60e6:g} minutes after midnight"
        )
    return max(1, round(quarters))


def overlapping_spans(
    tables: Sequence[tuple[Sequence[int | str], Sequence[str]]], field: str, key: str
) -> Iterator[str]:
    """Problems where two spans of one month or holiday share a quarter-hour."""
    seen: dict[int | str, list[tuple[str, str]]] = {}
    for i, (keys, spans) in enumerate(tables):
        clashes: dict[tuple[str, str, str, str], list[int | str]] = {}
        for j, span in enumerate(spans):
            first, last = quarter_span(span)
            for k in keys:
                for path, other in seen.setdefault(k, []):
                    other_first, other_last = quarter_span(other)
                    if first < other_last and other_first < last:
                        clashes.setdefault((f"{field}[{i}].hours[{j}]", span, path, other), []).append(k)
                seen[k].append((f"{field}[{i}].hours[{j}]", span))
        for (path, span, other_path, other), where in clashes.items():
            yield f"{path} = '{span}' overlaps {other_path} = '{other}' in {key} {', '.join(map(str, where))}"


def unnamed_spans(spans: Sequence[str]) -> tuple[str, ...]:
    """The stretches of a day that none of the spans names."""
    named = [False] * QUARTERS_PER_DAY
    for span in spans:
        first, last = quarter_span(span)
        named[first:last] = [True] * (last - first)
    break_points = [0, *(q for q in range(1, QUARTERS_PER_DAY) if named[q] != named[q - 1]), QUARTERS_PER_DAY]
    clock = [f"{edge // 4:02}:{edge % 4 * 15:02}" for edge in break_points]
    return tuple(
        f"{begin}-{end}"
        for edge, begin, end in zip(break_points, clock, clock[1:], strict=False)
        if not named[edge]
    )
