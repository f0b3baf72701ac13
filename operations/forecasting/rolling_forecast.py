"""Forecasts day after day, each from what was known at its hour: models refitted weekly, margins daily."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.models.site import Site
from parkdispatch.operations.forecasting import conformal, quantile_model
from parkdispatch.operations.forecasting.day_history import DayHistory
from parkdispatch.operations.forecasting.forecast_problem import ForecastProblem, Kind, forecast_problem
from parkdispatch.operations.forecasting.forecast_rules import (
    ADAPTATION_DAYS,
    CALIBRATION_DAYS,
    LAG_DAYS,
    REFIT_DAYS,
    IssueTime,
)
from parkdispatch.results.forecasts.forecast_measures import QUANTILES


@dataclass(frozen=True)
class ForecastSetting:
    """What a forecast depends on beside the history.

    `capacity_mw` is the highest a forecast of PV or wind says; None: the highest measured so far. `weather`
    is what was forecast of the weather by the hour of issue, a row an interval, of past days too.
    """

    kind: Kind
    site: Site
    capacity_mw: float | None = None
    country: str = "CN"
    issue: IssueTime = field(default_factory=IssueTime)
    weather: pd.DataFrame | None = None
    refit_days: int = REFIT_DAYS  # between two fits of the models


def rolling_forecast(
    history: DayHistory,
    first: pd.Timestamp,
    setting: ForecastSetting,
    progress: Callable[[str], None] = lambda _: None,
) -> Array:
    """Quantiles [MW] of the days from `first` to the history's last, shape (days, intervals, quantiles).

    The forecast of a day depends on the history up to its hour of issue, and not on how many days follow.
    """
    problem = forecast_problem(
        setting.kind, history, setting.issue, setting.site, setting.country, setting.weather
    )
    begin = int((history.days < first).sum())
    limit = limits(history.values, setting)
    start = begin - ADAPTATION_DAYS - CALIBRATION_DAYS
    raw = raw_forecasts(problem, history, start, limit, progress, setting.refit_days)
    return calibrated(history.values, raw, problem.scale, begin, limit)


def raw_forecasts(
    problem: ForecastProblem,
    history: DayHistory,
    start: int,
    limit: Array,
    progress: Callable[[str], None],
    refit_days: int = REFIT_DAYS,
) -> Array:
    """Quantiles as they were learned [MW], shape (days, intervals, quantiles); NaN before the day `start`."""
    learned = np.full((*history.values.shape, len(QUANTILES)), np.nan)
    target, models = problem.target(history.values), None
    for day in range(start, len(history.days)):
        if models is None or (day - start) % refit_days == 0:
            progress(f"{history.days[day]:%Y-%m-%d}")
            past = slice(LAG_DAYS, day - 1)  # of the day before only a part is known
            models = quantile_model.fit(
                problem.features[past].reshape(-1, problem.features.shape[-1]),
                target[past].reshape(-1, len(QUANTILES)),
                problem.scale[past].ravel(),
                history.per_day,
            )
        learned[day] = models.predict(problem.features[day])
    return conformal.in_order(problem.power(learned), 0.0, limit)


def limits(values: Array, setting: ForecastSetting) -> Array:
    """The highest power that a forecast says of each day [MW], shape (days, 1)."""
    if setting.kind == "load":
        return np.full((len(values), 1), np.inf)
    if setting.capacity_mw is not None:
        return np.full((len(values), 1), setting.capacity_mw)
    highest = np.maximum.accumulate(np.nan_to_num(values).max(axis=1))
    return np.concatenate([np.zeros(2), highest[:-2]])[:, np.newaxis]  # of days that are known as a whole


def calibrated(values: Array, raw: Array, scale: Array, begin: int, limit: Array) -> Array:
    """The quantiles of the days from `begin` on, moved by margins, in order and within limits.

    The margins of a day are those of the errors of the days before that are known as a whole; their levels
    follow the share that was covered (`conformal.adapted`).
    """
    levels = np.array(QUANTILES)
    moved = np.full_like(raw, np.nan)
    width = np.where(scale > 0, raw[..., -1] - raw[..., 0], np.nan)
    for day in range(begin - ADAPTATION_DAYS, len(values)):
        whole = day - 2
        if whole >= begin - ADAPTATION_DAYS:
            levels = conformal.adapted(levels, values[whole], moved[whole], scale[whole] > 0)
        window = slice(day - CALIBRATION_DAYS, day - 1)
        measure = conformal.measure(width[window], width[day])
        for n, level in enumerate(levels):
            scores = conformal.scores(values[window], raw[window][..., n], measure[:-1])
            moved[day, :, n] = raw[day, :, n] + conformal.conformal_margin(scores, level) * measure[-1]
        moved[day] = conformal.in_order(moved[day], 0.0, limit[day])
    return moved[begin:]
