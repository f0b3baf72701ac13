"""Working days by the State Council's arrangement, and by the weekday where that is not known."""

from datetime import date

import pytest

from parkdispatch.models.calendar.working_days import arranged_years, is_working_day
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
        # 国办发明电〔2005〕35号: Saturday 31 December 2005 is worked for New Year
        (date(2005, 12, 31), True),
        # 国办发明电〔2019〕3号: May Day of four days, the Sundays before and after are worked
        (date(2019, 4, 28), True),
        (date(2019, 5, 2), False),
        (date(2019, 5, 3), False),
        (date(2019, 5, 5), True),
    ],
)
def test_the_arrangement_is_known(day: date, works: bool) -> None:
    assert is_working_day(day) is works


def test_the_years_that_are_known() -> None:
    assert set(range(2004, 2027)) <= set(arranged_years())


def test_other_years_have_their_holidays_and_a_warning() -> None:
    """New Year 2100 is a Friday, which nobody has to arrange; 2 January is a Saturday."""
    assert not is_working_day(date(2100, 1, 1))
    assert not is_working_day(date(2100, 1, 2))
    assert is_working_day(date(2100, 1, 6))
    contracts = Contracts.model_validate({"demand_response": {"kind": "metered"}})
    assert contracts.warnings(25.0, 2026) == []
    (warning,) = contracts.warnings(25.0, 2100)
    assert "weekends worked for public holidays are known from 2004 to" in warning
    assert "not of 2100" in warning
