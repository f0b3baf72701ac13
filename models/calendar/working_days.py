"""Working days: the State Council's holiday arrangement where it is known, Monday to Friday elsewhere.

The arrangement names the public holidays of a year and the weekends worked instead. It is published late in
the year before and comes from the package `chinesecalendar`, so each release of that knows one year more.
"""

from datetime import date

import chinese_calendar
from chinese_calendar import constants

SATURDAY = 5
KNOWN_YEARS = range(
    min(day.year for day in constants.holidays), max(day.year for day in constants.holidays) + 1
)  # whose holidays the installed release of `chinesecalendar` knows; 2004 to 2026 in 1.11


def is_working_day(day: date) -> bool:
    """Whether people work on a day; in a year outside `KNOWN_YEARS` Monday to Friday, holidays unknown."""
    if day.year in KNOWN_YEARS:
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < SATURDAY
