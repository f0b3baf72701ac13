"""Working days of China: the State Council's arrangement where it is known, statutory holidays elsewhere.

The arrangement names the public holidays of a year and the weekends worked instead. It is published late in
the year before and comes from the library `holidays`, each release of which knows the last one. Of years that
are not announced the library computes the holidays, and no weekend is worked for them.
"""

from datetime import date
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

COUNTRY = "CN"
FIRST_YEAR = (
    2004  # from which the library agrees with every notice; in 2003 it has a week that was called off
)


@cache
def arranged_years() -> range:
    """The years whose arrangement the installed release of `holidays` knows; 2004 to 2026 in 0.109."""
    from holidays.countries.china import ChinaStaticHolidays

    return range(FIRST_YEAR, max(ChinaStaticHolidays.special_public_holidays) + 1)


def is_working_day(day: date) -> bool:
    """Whether people work on a day."""
    return _calendar_of(day.year).is_working_day(day)


@cache
def _calendar_of(year: int) -> "HolidayBase":
    import holidays  # costs a tenth of a second, and few commands ask for working days

    return holidays.country_holidays(COUNTRY, years=year)
