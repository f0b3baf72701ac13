"""Names of periods are those that `strftime` gives each time."""

import pandas as pd
import pytest

from parkdispatch.models.calendar.labels import labels


@pytest.mark.parametrize("pattern", ["%Y-%m-%d", "%G-W%V", "%Y-%m", "%Y"])
@pytest.mark.parametrize(
    "times", [("2026-12-30 10:15", "2027-01-05", "15min"), ("2026-07-15", "2026-07-15", "1h")]
)
def test_names_of_periods(pattern: str, times: tuple[str, str, str]) -> None:
    start, end, freq = times
    index = pd.date_range(start, end, freq=freq)
    assert labels(index, pattern).equals(index.strftime(pattern))
    assert list(labels(index[::-1], pattern)) == list(index[::-1].strftime(pattern))
