"""Names of periods are those that `strftime` gives each time."""

import pandas as pd
import pytest

from parkdispatch.models.calendar.labels import labels, labels_of_days


@pytest.mark.parametrize("pattern", ["%Y-%m-%d", "%G-W%V", "%Y-%m", "%Y"])
@pytest.mark.parametrize(
    "times", [("2026-12-30 10:15", "2027-01-05", "15min"), ("2026-07-15", "2026-07-15", "1h")]
)
def test_names_of_periods(pattern: str, times: tuple[str, str, str]) -> None:
    start, end, freq = times
    index = pd.date_range(start, end, freq=freq)
    assert labels(index, pattern).equals(index.strftime(pattern))
    assert list(labels(index[::-1], pattern)) == list(index[::-1].strftime(pattern))


def test_each_day_is_written_once() -> None:
    """Three days from noon to noon: the number of the day of each time, and the months of the days."""
    index = pd.date_range("2026-07-30 12:00", "2026-08-01 11:00", freq="12h")
    number, names = labels_of_days(index, "%Y-%m")
    assert number.tolist() == [0, 1, 1, 2]
    assert names.tolist() == ["2026-07", "2026-07", "2026-08"]
