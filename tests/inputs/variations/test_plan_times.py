"""When a plan begins and ends: clock times, full times, and what is refused."""

from datetime import date, datetime

import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import span_times
from parkdispatch.inputs.variations.plan_times import plan_span, span_parts
from parkdispatch.models.errors import InputError

DAY = date(2026, 7, 15)


@pytest.fixture(scope="module")
def case() -> Case:
    return load_case("gaoan")


@pytest.mark.parametrize(
    ("day", "start", "until", "begins", "ends"),
    [
        (DAY, None, None, "2026-07-15 00:00", "2026-07-16 00:00"),
        (None, None, None, "2026-04-21 00:00", "2026-04-22 00:00"),  # the case's own day
        (DAY, "10:15", None, "2026-07-15 10:15", "2026-07-16 00:00"),
        (DAY, "10:15", "24:00", "2026-07-15 10:15", "2026-07-16 00:00"),
        (DAY, "22:00", "06:00", "2026-07-15 22:00", "2026-07-16 06:00"),  # not a plan of minus 16 hours
        (None, "2026-07-15T10:15", "10:15", "2026-07-15 10:15", "2026-07-16 10:15"),
        (None, "2026-07-15T10:15", "2026-08-02T00:00", "2026-07-15 10:15", "2026-08-02 00:00"),
        (None, datetime(2026, 7, 15, 10, 15), "10:30", "2026-07-15 10:15", "2026-07-15 10:30"),
        (None, "2026-12-31T23:45", None, "2026-12-31 23:45", "2027-01-01 00:00"),
    ],
)
def test_a_plan_begins_and_ends_anywhere(
    case: Case, day: date | None, start: str | None, until: str | None, begins: str, ends: str
) -> None:
    begin, end = plan_span(case, day, start, until)
    assert (f"{begin:%Y-%m-%d %H:%M}", f"{end:%Y-%m-%d %H:%M}") == (begins, ends)
    assert len(span_times(case, begin, end)) == (end - begin).total_seconds() / 900


@pytest.mark.parametrize(
    ("start", "until", "words"),
    [
        ("2026-07-15T10:17", None, ["`start` = 2026-07-15T10:17", "every 15 minutes"]),
        ("2027-07-15T10:15", None, ["`start`", "must lie in 2026", "gaoan"]),
        ("2026-07-15T10:15", "2026-07-15T10:00", ["`until` = 2026-07-15T10:00", "after `start`"]),
        ("quarter past ten", "soon", ["`start` = quarter past ten", "`until` = soon", "10:15"]),
        ("2026-02-30T10:15", None, ["`start` = 2026-02-30T10:15"]),
        ("2026-07-15T10:15+08:00", None, ["`start`", "without an offset"]),
        ("2026-12-31T12:00", "2027-01-02T00:00", ["`until`", "must lie in 2026"]),
    ],
)
def test_times_outside_of_the_calendar_are_refused(
    case: Case, start: str, until: str | None, words: list[str]
) -> None:
    with pytest.raises(InputError) as refused:
        span_times(case, *plan_span(case, None, start, until))
    assert all(word in str(refused.value) for word in words)


def test_a_day_beside_a_start_of_another_day_is_refused(case: Case) -> None:
    with pytest.raises(InputError, match="`day` = 2026-07-14: must be the day of `start`, 2026-07-15"):
        plan_span(case, date(2026, 7, 14), "2026-07-15T10:15", None)


def test_spans() -> None:
    assert span_parts("14:00-18:00") == ("14:00", "18:00")
    assert span_parts("2026-07-16T14:00-2026-07-17T18:00") == ("2026-07-16T14:00", "2026-07-17T18:00")
    assert span_parts("2026-07-16T14:00-18:00") == ("2026-07-16T14:00", "18:00")
    assert span_parts("14:00") is None
