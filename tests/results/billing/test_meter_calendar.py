"""The meter's calendar: quarter-hours, months, periods and working days, by hand; computed once."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.models.errors import InputError
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.results.billing.meter_calendar import MeterCalendar, meter_calendar


def tariff(**changes: Any) -> Tariff:
    given = {
        "name": "own",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
        "purchase_price_yuan_per_kwh": 0.4,
        "ratios": {"peak": 1.6, "flat": 1.0},
        "otherwise": "flat",
        "voltages": {"1": {"two_part_yuan_per_kwh": 0.1}},
        "day": [{"months": list(range(1, 13)), "period": "peak", "hours": ["00:15-00:45"]}],
        "holidays": [{"name": "fair", "first": date(2026, 7, 7), "last": date(2026, 7, 7)}],
    }
    return Tariff.model_validate(given | changes)


def days(first: str, count: int, freq: str = "15min") -> pd.DatetimeIndex:
    begin = pd.Timestamp(first)
    return pd.date_range(begin, begin + pd.Timedelta(days=count), freq=freq, inclusive="left")


@pytest.mark.parametrize(
    ("freq", "hours", "energy", "booked"),
    [
        ("15min", 0.25, [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]),
        ("30min", 0.5, [2.0, 6.0], [1.0, 1.0, 3.0, 3.0]),
        ("5min", 1 / 12, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [6.0, 15.0]),
    ],
)
def test_energy_is_booked_to_quarter_hours(
    freq: str, hours: float, energy: list[float], booked: list[float]
) -> None:
    """Half an hour is two equal halves; three times five minutes are one quarter-hour."""
    times = pd.date_range("2026-07-01", periods=len(energy), freq=freq)
    calendar = MeterCalendar(times, hours, tariff())
    assert calendar.booked(np.array(energy)).tolist() == booked
    assert calendar.quarters.equals(pd.date_range("2026-07-01", periods=len(booked), freq="15min"))


def test_intervals_must_not_straddle_quarter_hours() -> None:
    late = pd.date_range("2026-07-01 00:10", periods=2, freq="15min")
    with pytest.raises(InputError, match="from 2026-07-01 00:10:00: must not straddle"):
        _ = MeterCalendar(late, 0.25, tariff()).quarters


def test_months_and_periods_of_the_quarter_hours() -> None:
    """The last two days of January have 192 quarter-hours, the 1st of February 96; two of a day are peak."""
    calendar = MeterCalendar(days("2026-01-30", 3), 0.25, tariff())
    assert calendar.months.names == ["2026-01", "2026-02"]
    assert calendar.month_starts.tolist() == [0, 192, 288]
    names = [calendar.periods.names[number] for number in calendar.periods.number[:4]]
    assert names == ["flat", "peak", "peak", "flat"]
    with pytest.raises(InputError, match="no price on 2027-01-01"):
        _ = MeterCalendar(days("2026-12-31", 2), 0.25, tariff()).periods


def test_working_days_are_metered_completely() -> None:
    """From noon of Friday 3 July: the 4th and 5th are a weekend, the 7th is a holiday of the tariff."""
    calendar = MeterCalendar(days("2026-07-03", 6)[48:], 0.25, tariff())
    assert calendar.working_days.tolist() == [date(2026, 7, 6), date(2026, 7, 8)]
    begins = calendar.quarters[calendar.quarters_of_working_days[:, 0]]
    assert begins.strftime("%d %H:%M").tolist() == ["06 00:00", "08 00:00"]
    own = MeterCalendar(days("2026-07-06", 2), 0.25, tariff(holidays=[]))
    assert own.working_days.tolist() == [date(2026, 7, 6), date(2026, 7, 7)]


def test_a_calendar_is_computed_once_for_equal_times_and_one_tariff() -> None:
    """A copy of the times finds it again; other times, other intervals and another tariff do not."""
    times, own = days("2026-07-01", 2), tariff()
    calendar = meter_calendar(times, 0.25, own)
    assert meter_calendar(times.copy(), 0.25, own) is calendar
    assert meter_calendar(times[:96], 0.25, own).quarters.equals(times[:96])
    assert len(meter_calendar(times[::2], 0.5, own).quarters) == len(times)
    dearer = meter_calendar(
        times, 0.25, tariff(day=[{"months": list(range(1, 13)), "period": "peak", "hours": ["00:00-01:00"]}])
    )
    assert dearer is not calendar
    assert [dearer.periods.names[number] for number in dearer.periods.number[:4]] == ["peak"] * 4
