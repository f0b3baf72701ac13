"""When a plan begins and ends: clock times, full times, and what is refused."""

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import span_times
from parkdispatch.inputs.schema.case_file import Calendar
from parkdispatch.inputs.variations.plan_times import plan_span, plan_times, span_parts
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


def with_span(case: Case, plan_from: object, plan_until: object = None) -> Case:
    span = {"plan_from": plan_from, "plan_until": plan_until}
    calendar = Calendar.model_validate({**case.calendar.model_dump(), **span})
    return replace(case, calendar=calendar)


@pytest.mark.parametrize(
    ("plan_from", "plan_until", "asked", "begins", "ends"),
    [
        ("10:15", None, (None, None, None), "2026-04-21 10:15", "2026-04-22 00:00"),
        (time(22, 0), time(6, 0), (None, None, None), "2026-04-21 22:00", "2026-04-22 06:00"),
        (None, "2026-04-23T12:00", (None, None, None), "2026-04-21 00:00", "2026-04-23 12:00"),
        (
            datetime(2026, 7, 31, 12),
            "2026-08-02T00:00",
            (None, None, None),
            "2026-07-31 12:00",
            "2026-08-02 00:00",
        ),
        ("10:15", "12:00", (None, None, "14:00"), "2026-04-21 10:15", "2026-04-21 14:00"),
        # what is asked for goes first: a day is the whole day, and a beginning has the usual end
        ("10:15", "12:00", (DAY, None, None), "2026-07-15 00:00", "2026-07-16 00:00"),
        ("10:15", "12:00", (None, "2026-07-15T08:00", None), "2026-07-15 08:00", "2026-07-16 00:00"),
    ],
)
def test_a_case_may_say_when_its_plan_begins_and_ends(
    case: Case, plan_from: object, plan_until: object, asked: tuple[Any, Any, Any], begins: str, ends: str
) -> None:
    begin, end = plan_span(with_span(case, plan_from, plan_until), *asked)
    assert (f"{begin:%Y-%m-%d %H:%M}", f"{end:%Y-%m-%d %H:%M}") == (begins, ends)


def test_what_is_wrong_with_the_span_of_a_case_names_its_fields(case: Case) -> None:
    for span, words in {
        ("soon", "later"): [
            "`calendar.plan_from` = soon: must be a local time",
            "`calendar.plan_until` = later",
        ],
        ("10:17", None): ["`calendar.plan_from` = 2026-04-21T10:17: must be the start of an interval"],
        ("2026-07-15T10:15", "2026-07-15T10:00"): [
            "`calendar.plan_until` = 2026-07-15T10:00: must lie after `calendar.plan_from`"
        ],
    }.items():
        with pytest.raises(InputError) as refused:
            plan_times(with_span(case, *span), None, None, None)
        assert all(word in str(refused.value) for word in words), str(refused.value)
        assert "argument" not in str(refused.value)
