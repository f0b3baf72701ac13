"""Forecasts of the days of a case's year as they would have been issued: learned day by day, or of files."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.findings import Findings
from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.inputs.series.series_file import read_whole_series
from parkdispatch.inputs.series.series_reading import file_reference
from parkdispatch.models.device import Array, power_spec
from parkdispatch.models.errors import InputError
from parkdispatch.operations.forecasting.day_history import DayHistory
from parkdispatch.operations.forecasting.forecast_problem import Kind
from parkdispatch.operations.forecasting.forecast_request import ForecastRequest
from parkdispatch.operations.forecasting.forecast_rules import LAG_DAYS, LEAST_DAYS
from parkdispatch.operations.forecasting.naive_forecasts import naive_forecasts
from parkdispatch.operations.forecasting.rolling_forecast import rolling_forecast
from parkdispatch.operations.ledger.quantities import reading_of
from parkdispatch.operations.uncertainty.error_correlation import daily_correlation
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.studies.closed_loop.loop_forecasts import IssuedForecasts
from parkdispatch.studies.closed_loop.loop_options import LoopOptions

REFIT_DAYS = 28  # between two fits of the models of a year
BEFORE_DAYS = 2 * LAG_DAYS + 2  # of the year's end that stand before its beginning
SERIES = {"load": "demand_mw", "source": "available_mw"}  # by role


def uncertain_series(case: Case) -> list[Key]:
    """The series of a case that forecasts are made of: loads and sources."""
    return [
        (name, SERIES[device.role])
        for name, device in case.devices.items()
        if device.role in SERIES and SERIES[device.role] in device.needed_series
    ]


def kind_of(case: Case, name: str) -> str:
    """What a load or source is, as causes of a loss are named: load, pv, wind or sources."""
    device = case.devices[name]
    if device.role == "load":
        return "load"
    kind = str(getattr(device, "kind", ""))
    return kind if kind in ("pv", "wind") else "sources"


def learned_forecasts(
    prepared: Prepared,
    options: LoopOptions,
    request: ForecastRequest,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[Key, IssuedForecasts]:
    """Forecasts of the days of a span by series, each learned from the year up to its hour of issue.

    For days with a shorter history than learning takes, the last known day and its errors stand in; before
    1 January stands the end of the same year for these only. Raises InputError where a library is missing.
    """
    per_day = round(24 / prepared.hours)
    first, last = options.first // per_day, (options.first + options.count - 1) // per_day
    forecasts = {}
    for key in uncertain_series(prepared.case):
        kind = kind_of(prepared.case, key[0])
        actual = prepared.series[key]
        days = pd.date_range(prepared.times[0], periods=len(actual) // per_day)
        values = actual.reshape(-1, per_day)
        quantiles = _naive(values, days, round(request.issue_hour * per_day / 24))
        begin = max(first - LAG_DAYS, LEAST_DAYS)
        if begin <= last:
            history = DayHistory(days[: last + 1], values[: last + 1])
            setting = request.setting(prepared.case, _learnable(kind))
            setting = replace(setting, refit_days=REFIT_DAYS)
            progress(f"learning forecasts of {key[0]}")
            quantiles[begin : last + 1] = rolling_forecast(history, days[begin], setting)
        correlation = daily_correlation(values, quantiles, LAG_DAYS)
        forecasts[key] = IssuedForecasts(quantiles.reshape(-1, 3), request.issue_hour, correlation)
    return forecasts


def _learnable(kind: str) -> Kind:
    """The kind whose method fits; of other sources nothing is known but what they gave, as of wind."""
    return "load" if kind == "load" else "pv" if kind == "pv" else "wind"


def _naive(values: Array, days: pd.DatetimeIndex, known: int) -> Array:
    """The last known day and its own errors, (days, intervals, 3); the year's end stands before it."""
    repeated = np.concatenate([values[-BEFORE_DAYS:], values])
    quantiles = naive_forecasts(repeated, np.zeros(len(repeated)), known)["persistence"][BEFORE_DAYS:]
    return np.maximum(quantiles, 0.0)


def file_forecasts(
    prepared: Prepared, options: LoopOptions, files: Mapping[str, Path], issue_hour: float
) -> dict[Key, IssuedForecasts]:
    """Forecasts of the days of a span by series, from files by device: one value an interval, as issued.

    Raises InputError for a device that is neither a load nor a source, and for what is wrong with a file.
    """
    case, findings = prepared.case, Findings()
    keys = dict(uncertain_series(case))
    findings.lines += [
        f"argument `forecast_file` = {name}={path}: must name one of {', '.join(keys)}{closest(name, keys)}"
        for name, path in files.items()
        if name not in keys
    ]
    if not files:
        findings.lines.append(
            "argument `forecast_file`: must be given, DEVICE=FILE, with forecasts of a file"
        )
    span = prepared.times[options.first : options.first + options.count]
    forecasts = {}
    for name in [name for name in files if name in keys]:
        with findings.collecting():
            forecasts[name, keys[name]] = _file_forecast(prepared, span, name, files[name], issue_hour)
    findings.raise_any()
    return forecasts


def _file_forecast(
    prepared: Prepared, span: pd.DatetimeIndex, name: str, path: Path, issue_hour: float
) -> IssuedForecasts:
    kind = kind_of(prepared.case, name)
    named = file_reference(str(path))
    options = replace(reading_of(prepared.case, named.column), sheet=named.sheet)
    values = read_whole_series(Path(named.file), power_spec(kind), prepared.hours, options)
    missing = span.difference(pd.DatetimeIndex(values.index))
    if len(missing):
        raise InputError(
            f"argument `forecast_file` = {name}={path}: has no value at {missing[0]:%Y-%m-%d %H:%M}, must"
            f" have one for each interval from {span[0]:%Y-%m-%d %H:%M} to {span[-1]:%Y-%m-%d %H:%M}"
        )
    of_year = values.reindex(prepared.times).fillna(0.0).to_numpy(np.float64)
    days = len(of_year) * prepared.hours / 24
    return IssuedForecasts(np.repeat(of_year[:, np.newaxis], 3, axis=1), issue_hour, np.zeros(round(days)))
