"""The forecast of a day from its history, and the score of such forecasts over a span of days."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.operations.forecasting.conformal import in_order
from parkdispatch.operations.forecasting.day_history import (
    DayHistory,
    check_length,
    check_weather,
    day_history,
)
from parkdispatch.operations.forecasting.forecast_rules import COLUMNS, LEAST_DAYS
from parkdispatch.operations.forecasting.holiday_calendar import calendar_features
from parkdispatch.operations.forecasting.naive_forecasts import naive_forecasts
from parkdispatch.operations.forecasting.rolling_forecast import ForecastSetting, rolling_forecast
from parkdispatch.operations.forecasting.solar_features import LEAST_SUN, clear_sky
from parkdispatch.results.forecasts.forecast_measures import LEARNED, ForecastScore, method_score

Progress = Callable[[str], None]


def no_progress(_: str) -> None:
    """Say nothing."""


def next_day(values: pd.Series, hours: float, setting: ForecastSetting) -> date:
    """The last day whose forecast a history allows."""
    return setting.issue.day_after(pd.DatetimeIndex(values.index)[-1] + pd.Timedelta(hours=hours))


def forecast_day(
    values: pd.Series, hours: float, day: date, setting: ForecastSetting, progress: Progress = no_progress
) -> pd.DataFrame:
    """Quantiles of a day [MW]: columns p10, p50, p90, a row an interval by its start.

    `values` [MW] is what was measured, by the starts of intervals of `hours`. What it says after the hour of
    issue is not read. Raises InputError where it is too short, or a library is missing.
    """
    _check(values, hours, day, setting)
    issued = setting.issue.of(day)
    known = values[np.asarray(pd.DatetimeIndex(values.index) + pd.Timedelta(hours=hours) <= issued)]
    history = day_history(known, hours).through(day)
    quantiles = rolling_forecast(history, pd.Timestamp(day), setting, progress)[-1]
    return _table(quantiles, history.times[-history.per_day :])


def score_forecasts(
    values: pd.Series,
    hours: float,
    span: tuple[date | None, date | None],
    setting: ForecastSetting,
    progress: Progress = no_progress,
) -> ForecastScore:
    """Forecasts of every day of a span, each from what was known at its hour, against what came.

    A first or last day that is not given is the first that the history allows, and its last whole day. Raises
    InputError where the history is too short for the span.
    """
    whole = _whole_days(values, hours)
    first = span[0] or (whole[0] + pd.Timedelta(days=LEAST_DAYS)).date()
    last = span[1] or whole[-1].date()
    _check(values, hours, first, setting)
    if last > whole[-1].date():
        raise InputError(
            f"argument `to` = {last}: must be {whole[-1].date()} or before, the last whole day of the"
            f" {setting.kind} history"
        )
    if first > last and span[0] is None:
        raise InputError(
            f"argument `to` = {last}: must be {first} or later, {LEAST_DAYS} days after the"
            f" {setting.kind} history begins"
        )
    if first > last:
        raise InputError(f"argument `from` = {first}: must be {last} or before, the last day that is scored")
    history = day_history(values[: pd.Timestamp(last) + timedelta(days=1) - timedelta(microseconds=1)], hours)
    learned = rolling_forecast(history, pd.Timestamp(first), setting, progress)
    return _scored(history, learned, setting)


def _scored(history: DayHistory, learned: Array, setting: ForecastSetting) -> ForecastScore:
    """The measures of the learned and the naive forecasts on the same intervals."""
    days = len(learned)
    kinds = calendar_features(history.days, setting.country)["kind"]
    naive = naive_forecasts(history.values, kinds, setting.issue.known_intervals(history.per_day))
    actual, times = history.values[-days:], history.times[-days * history.per_day :]
    scored = np.isfinite(actual)
    if setting.kind == "pv":  # by night every method is right
        ghi = clear_sky(times, setting.site, 1440 / history.per_day)[0]
        scored &= (ghi > LEAST_SUN).reshape(actual.shape)
    if setting.kind != "load":
        del naive["calendar"]
    quantiles = {LEARNED: learned}
    quantiles |= {name: in_order(naive[name][-days:], 0.0, np.inf) for name in naive}
    for of_method in quantiles.values():
        scored &= np.isfinite(of_method).all(axis=-1)
    if not scored.any():
        raise InputError(
            f"no interval of the {setting.kind} history can be scored: must have measured values"
        )
    table = _table(learned.reshape(-1, len(COLUMNS)), times)
    table.insert(0, "actual", actual.ravel())
    return ForecastScore(
        setting.kind,
        history.days[-days].date(),
        history.days[-1].date(),
        setting.issue.hour,
        float(actual[scored].mean()),
        int(scored.sum()),
        [method_score(name, actual[scored], quantiles[name][scored]) for name in quantiles],
        table,
    )


def _table(quantiles: Array, times: pd.DatetimeIndex) -> pd.DataFrame:
    return pd.DataFrame(quantiles, index=times.rename("time"), columns=list(COLUMNS))


def _whole_days(values: pd.Series, hours: float) -> pd.DatetimeIndex:
    """The days of a history from its first to its last that is there from midnight to midnight."""
    index = pd.DatetimeIndex(values.index)
    end = (index[-1] + pd.Timedelta(hours=hours)).normalize()
    days = pd.date_range(index[0].ceil("D"), end, inclusive="left")
    if not len(days):
        raise InputError(f"the history from {index[0]:%Y-%m-%d %H:%M} holds no whole day: must hold many")
    return days


def _check(values: pd.Series, hours: float, first: date, setting: ForecastSetting) -> None:
    """Raise InputError where a forecast of the day `first` cannot be made."""
    check_length(setting.kind, values, hours, first, setting.issue)
    check_weather(setting.weather, first, round(24 / hours))
