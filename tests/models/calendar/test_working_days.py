"""Working days by the State Council's arrangement, and by the weekday where that is not known."""

from datetime import date

import pytest

from parkdispatch.models.calendar.working_days import KNOWN_YEARS, is_working_day
from parkdispatch.models.finance.contracts import Contracts


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 2, 16), False),  # a Monday of Spring Festival
        (date(2026, 2, 14), True),  # the Saturday worked for it
        (date(2026, 7, 1), True),
        (date(2026, 7, 4), False),
        (date(2026, 10, 10), True),
        (date(2023, 4, 23), True),  # a Sunday worked for May Day
    ],
)
def test_the_arrangement_is_known(day: date, works: bool) -> None:
    assert is_working_day(day) is works


def test_the_years_that_are_known() -> None:
    assert set(range(2004, 2027)) <= set(KNOWN_YEARS)


def test_other_years_have_their_weekdays_and_a_warning() -> None:
    """New Year 2003 was a Wednesday."""
    assert is_working_day(date(2003, 1, 1))
    assert not is_working_day(date(2003, 1, 4))
    contracts = Contracts.model_validate({"demand_response": {"kind": "metered"}})
    assert contracts.warnings(25.0, 2026) == []
    (warning,) = contracts.warnings(25.0, 2003)
    assert "public holidays are known from 2004 to" in warning
    assert "not of 2003" in warning
