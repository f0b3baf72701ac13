"""Forecasts of series whose next day is known: constant, periodic, clear sky; and none that looks ahead."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from parkdispatch.models.errors import InputError
from parkdispatch.models.site import Site
from parkdispatch.operations.forecasting import quantile_model
from parkdispatch.operations.forecasting.day_forecast import forecast_day, next_day, score_forecasts
from parkdispatch.operations.forecasting.forecast_rules import LEAST_DAYS, IssueTime
from parkdispatch.operations.forecasting.holiday_calendar import calendar_features
from parkdispatch.operations.forecasting.rolling_forecast import ForecastSetting
from parkdispatch.operations.forecasting.solar_features import clear_sky

SITE = Site(latitude_deg=28.3, longitude_deg=115.2)
LOAD, PV, WIND = (ForecastSetting(kind, SITE) for kind in ("load", "pv", "wind"))  # type: ignore[arg-type]
FIRST = "2026-01-05"  # a Monday
DAY = (pd.Timestamp(FIRST) + pd.Timedelta(days=LEAST_DAYS)).date()  # the first day that can be forecast


@pytest.fixture
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models that are quick to fit, where it does not matter how good they are."""
    monkeypatch.setattr(quantile_model, "TREES", 8)


def hourly(days: int = LEAST_DAYS, seed: int | None = None) -> pd.Series:
    """Hours of a history from `FIRST` on: ones, or noise."""
    times = pd.date_range(FIRST, periods=24 * days, freq="h")
    noise = 1.0 if seed is None else np.random.default_rng(seed).gamma(4.0, 0.25, len(times))
    return pd.Series(noise, index=times)


def test_a_constant_is_forecast_exactly() -> None:
    table = forecast_day(hourly() * 7.3, 1.0, DAY, LOAD)
    assert table.shape == (24, 3)
    assert (table == 7.3).all(axis=None)


def test_a_week_that_repeats_is_forecast_exactly() -> None:
    week = np.random.default_rng(1).uniform(1.0, 9.0, 168)
    values = pd.Series(np.tile(week, LEAST_DAYS // 7), index=hourly().index)
    table = forecast_day(values, 1.0, DAY, LOAD)
    assert (table.sub(week[:24], axis=0) == 0.0).all(axis=None)  # DAY is a Monday, a holiday or not


def clear_pv(days: int = LEAST_DAYS) -> tuple[pd.Series, np.ndarray]:
    """A plant that gives 50 MW at 1 kW/m2, under a sky that is always clear; the day after too."""
    times = pd.date_range(FIRST, periods=24 * (days + 1), freq="h")
    power = clear_sky(times, SITE, 60.0)[0] * 0.05
    return pd.Series(power[:-24], index=times[:-24]), power[-24:]


def test_a_clear_sky_is_forecast_exactly_and_nights_are_dark() -> None:
    values, tomorrow = clear_pv()
    table = forecast_day(values, 1.0, DAY, ForecastSetting("pv", SITE, 60.0))
    by_day = tomorrow > 0.02 * 50.0
    assert np.abs(table.to_numpy()[by_day] - tomorrow[by_day, np.newaxis]).max() < 1e-4
    assert (table[tomorrow == 0.0] == 0.0).all(axis=None)
    assert (tomorrow == 0.0).sum() > 8


@pytest.mark.usefixtures("few_trees")
@pytest.mark.parametrize("setting", [LOAD, PV, WIND])
def test_what_comes_later_changes_no_bit(setting: ForecastSetting) -> None:
    values = hourly(LEAST_DAYS + 2, seed=2)
    known = values.index < setting.issue.of(DAY)
    other = values.where(known, values * 3.0 + 1.0)
    assert (other != values).sum() == 34 + 24  # from 14:00 of the day before on
    tables = [forecast_day(history, 1.0, DAY, setting) for history in (values, other, values[known])]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0], check_exact=True, check_freq=False)


@pytest.mark.usefixtures("few_trees")
@pytest.mark.parametrize("setting", [LOAD, PV])
def test_a_score_knows_no_future(setting: ForecastSetting) -> None:
    values = hourly(LEAST_DAYS + 3, seed=3)
    changed = values.where(values.index < setting.issue.of(DAY), values + 5.0)
    first, second = (
        score_forecasts(history, 1.0, (DAY, None), setting).table for history in (values, changed)
    )
    columns = ["p10", "p50", "p90"]
    assert (first[columns].iloc[:24] == second[columns].iloc[:24]).all(axis=None)
    assert not (first[columns] == second[columns]).all(axis=None)
    made = forecast_day(values, 1.0, DAY, setting)  # the command of a day says the same
    assert (made.to_numpy() == first[columns].iloc[:24].to_numpy()).all()


@pytest.mark.usefixtures("few_trees")
def test_quantiles_rise_and_keep_the_capacity() -> None:
    table = forecast_day(hourly(seed=4), 1.0, DAY, ForecastSetting("wind", SITE, 1.2))
    assert (table.diff(axis=1).iloc[:, 1:] >= 0.0).all(axis=None)
    assert table.min(axis=None) >= 0.0
    assert table.max(axis=None) <= 1.2


@pytest.mark.usefixtures("few_trees")
def test_a_gap_of_a_ledger_is_no_obstacle() -> None:
    values = hourly(seed=5).drop(hourly().index[700:760])
    assert forecast_day(values, 1.0, DAY, LOAD).notna().all(axis=None)


def test_a_history_that_is_too_short_says_what_is_needed() -> None:
    with pytest.raises(
        InputError, match=r"`load_history`: begins 2026-02-04 00:00: must begin 2026-01-05"
    ) as e:
        forecast_day(hourly()[30 * 24 :], 1.0, DAY, LOAD)
    assert "112 days" in str(e.value)
    with pytest.raises(InputError, match=r"must reach 2026-04-26 14:00, when the forecast of 2026-04-27"):
        forecast_day(hourly()[:-11], 1.0, DAY, LOAD)


def test_the_next_day_follows_from_the_hour_of_issue() -> None:
    assert next_day(hourly()[:-10], 1.0, LOAD) == DAY  # known until 14:00 of the day before
    assert next_day(hourly()[:-11], 1.0, LOAD) == DAY - pd.Timedelta(days=1)
    assert IssueTime(0.0).of(DAY) == pd.Timestamp(DAY) - pd.Timedelta(days=1)


def test_days_worked_in_lieu_and_the_spring_festival_are_known() -> None:
    days = pd.DatetimeIndex(
        ["2026-02-13", "2026-02-14", "2026-02-17", "2026-02-22", "2026-03-07", "2027-02-06"]
    )
    features = calendar_features(days, "CN")
    # Friday; Saturday worked for the festival; its first day; its last; a Saturday; a year not yet announced
    assert features["kind"].tolist() == [0, 0, 2, 2, 1, 2]
    assert features["to_holiday"].tolist()[:3] == [3, 2, 0]
    assert date(2026, 2, 17) == days[2].date()


def test_a_weather_forecast_tells_what_no_history_can() -> None:
    times = pd.date_range(FIRST, periods=24 * (LEAST_DAYS + 1), freq="h")
    share = np.repeat(np.random.default_rng(6).uniform(0.1, 1.0, LEAST_DAYS + 1), 24)
    weather = pd.DataFrame({"ghi": clear_sky(times, SITE, 60.0)[0] * share}, index=times)
    values = weather["ghi"][:-24] * 0.05
    errors = {}
    for name, known in (("without", None), ("with", weather)):
        setting = ForecastSetting("pv", SITE, 60.0, weather=known)
        p50 = forecast_day(values, 1.0, DAY, setting)["p50"].to_numpy()
        errors[name] = np.abs(p50 - weather["ghi"].to_numpy()[-24:] * 0.05).sum()
    assert errors["with"] < 0.5 * errors["without"]
    with pytest.raises(InputError, match="`weather`: has 0 rows of 2026-04-27"):
        forecast_day(values, 1.0, DAY, ForecastSetting("pv", SITE, 60.0, weather=weather[:-24]))
