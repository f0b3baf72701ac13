"""Moments of a plan as people say them: a clock time of its day, or a full date and time.

A clock time among the orders is the first such time of the plan: 02:00 of a plan from 10:15 is that of the
next day.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import span_times
from parkdispatch.models.errors import InputError

MomentText = datetime | time | str
DAY = timedelta(days=1)
CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d|24:00"
STAMP = r"\d{4}-\d\d-\d\d[T ](?:[01]\d|2[0-3]|24):[0-5]\d(?::00)?"
SPAN = re.compile(rf"({STAMP}|{CLOCK})\s*(?:-|/|\.\.|–)\s*({STAMP}|{CLOCK})")


def plan_span(
    case: Case, day: date | None, start: MomentText | None, until: MomentText | None
) -> tuple[datetime, datetime]:
    """Beginning and end of a plan: by default those of the case, or the whole of its plan day.

    `start` and `until` are moments, or clock times: of the day, and the first after the start. Left out, a
    plan of a `day` begins at midnight and ends at the next. Raises InputError with everything that is wrong.
    """
    with _named(case, day, start, until) as (first, last):
        return _span(case, day, first, last)


def plan_times(
    case: Case, day: date | None, start: MomentText | None, until: MomentText | None
) -> pd.DatetimeIndex:
    """Starts of the intervals of a plan, as `plan_span` says. Raises InputError with all that is wrong."""
    with _named(case, day, start, until) as (first, last):
        return span_times(case, *_span(case, day, first, last))


@contextmanager
def _named(
    case: Case, day: date | None, start: MomentText | None, until: MomentText | None
) -> Iterator[tuple[MomentText | None, MomentText | None]]:
    """The moments that were named, or else the case's; errors say where they stand."""
    calendar, fields = case.calendar, {}
    if day is None and start is None and calendar.plan_from is not None:
        start, fields["start"] = calendar.plan_from, "calendar.plan_from"
    if day is None and until is None and calendar.plan_until is not None and (start is None or fields):
        until, fields["until"] = calendar.plan_until, "calendar.plan_until"
    try:
        yield start, until
    except InputError as error:
        problems = error.problems
        for argument, field in fields.items():
            problems = [line.replace(f"argument `{argument}`", f"`{field}`") for line in problems]
            problems = [line.replace(f"`{argument}`", f"`{field}`") for line in problems]
        raise InputError(problems) from None


def _span(
    case: Case, day: date | None, start: MomentText | None, until: MomentText | None
) -> tuple[datetime, datetime]:
    problems, year = [], case.calendar.year
    if day is not None and day.year != year:
        raise InputError(f"argument `day` = {day}: must lie in {year}, the year of the case {case.name}")
    begin = datetime.combine(day or case.calendar.plan_date, time())
    if start is not None:
        try:
            begin = moment_of("start", start, begin)
        except InputError as error:
            problems += error.problems
        if day is not None and begin.date() != day:
            problems.append(
                f"argument `day` = {day}: must be the day of `start`, {begin:%Y-%m-%d}, or left out"
            )
    end = datetime.combine(begin.date(), time()) + DAY
    if until is not None:
        try:
            end = moment_of("until", until, begin, after=True)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return begin, end


def moment_of(argument: str, given: MomentText, begin: datetime, *, after: bool = False) -> datetime:
    """A moment that was given in full, or the first such clock time at (or after) `begin`.

    Raises InputError naming the argument.
    """
    if isinstance(given, datetime):
        if given.tzinfo is not None:
            raise InputError(f"argument `{argument}` = {given}: must be local time, without an offset or Z")
        return given
    text = f"{given:%H:%M}" if isinstance(given, time) else str(given).strip()
    if re.fullmatch(CLOCK, text):
        hour, minute = map(int, text.split(":"))
        moment = datetime.combine(begin.date(), time()) + timedelta(hours=hour, minutes=minute)
        return moment + DAY if moment < begin or (after and moment == begin) else moment
    if re.fullmatch(STAMP, text):
        on, clock = text[:10], text[11:16]
        try:
            moment = datetime.combine(date.fromisoformat(on), time())
        except ValueError:
            pass
        else:
            hour, minute = map(int, clock.split(":"))
            if hour < 24 or minute == 0:
                return moment + timedelta(hours=hour, minutes=minute)
    raise InputError(
        f"argument `{argument}` = {given}: must be a local time such as 10:15 or 2026-07-15T10:15, without an"
        " offset"
    )


def span_parts(text: str) -> tuple[str, str] | None:
    """Beginning and end of a span such as 14:00-18:00 or 2026-07-16T14:00-18:00; None if it is not one."""
    match = SPAN.fullmatch(text.strip())
    return None if match is None else (match[1], match[2])
