"""Days as arguments: dates, or their text."""

from datetime import date

from parkdispatch.models.errors import InputError


def day_of(argument: str, day: date | str) -> date:
    """The day that was given. Raises InputError naming the argument."""
    if isinstance(day, date):
        return day
    try:
        return date.fromisoformat(day)
    except (TypeError, ValueError):
        raise InputError(f"argument `{argument}` = {day}: must be a day such as 2026-07-15") from None
