"""Forecasts from Python: `parkdispatch.forecast`, `parkdispatch.forecast_score`."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.weather.weather_forecasts import read_weather_forecasts
from parkdispatch.interfaces.api.dates import day_of
from parkdispatch.interfaces.api.named_cases import CaseOrName, loaded
from parkdispatch.models.errors import InputError
from parkdispatch.operations.forecasting.forecast_request import (
    DayForecasts,
    ForecastRequest,
    forecast_histories,
    read_histories,
    score_histories,
)
from parkdispatch.results.forecasts.forecast_measures import ForecastScore

History = Path | str | pd.Series


def forecast(
    case: CaseOrName,
    *,
    load: History | None = None,
    pv: History | None = None,
    wind: History | None = None,
    day: date | str | None = None,
    issue_hour: float = 14.0,
    holidays: str = "CN",
    pv_capacity_mw: float | None = None,
    wind_capacity_mw: float | None = None,
    weather: Path | str | pd.DataFrame | None = None,
) -> DayForecasts:
    """Forecast a day's load, PV and wind with P10, P50 and P90 from what was measured.

    Args:
        case: what `load_case` returned, or the name or path that it takes; its site is where the sun
            shines, its intervals are those forecast.
        load: measured load, a CSV file or a pandas Series [MW] by the local starts of intervals.
        pv: measured PV output, likewise.
        wind: measured wind output, likewise.
        day: the day, a date or "2026-07-15"; None: the first that the histories allow.
        issue_hour: hour of the day before at which the forecast is issued; nothing later is known to it.
        holidays: country whose working days the load follows.
        pv_capacity_mw: most that the PV plant gives; None: the highest measured so far.
        wind_capacity_mw: of the wind farm, likewise.
        weather: what was forecast of the weather by the hour of issue, of past days too, a CSV file or a
            DataFrame by the local starts of intervals.

    Returns:
        The tables by kind, columns p10, p50, p90 [MW]; `plan(case, load=made.tables["load"]["p50"])` plans.

    Raises:
        InputError: with everything that is wrong, such as a history that is too short.

    """
    case = loaded(case)
    request = ForecastRequest(
        issue_hour, holidays, {"pv": pv_capacity_mw, "wind": wind_capacity_mw}, _weather(weather)
    )
    histories = _histories(case, {"load": load, "pv": pv, "wind": wind})
    return forecast_histories(case, histories, _day("day", day), request)


def forecast_score(
    case: CaseOrName,
    *,
    load: History | None = None,
    pv: History | None = None,
    wind: History | None = None,
    first: date | str | None = None,
    last: date | str | None = None,
    issue_hour: float = 14.0,
    holidays: str = "CN",
    pv_capacity_mw: float | None = None,
    wind_capacity_mw: float | None = None,
    weather: Path | str | pd.DataFrame | None = None,
) -> list[ForecastScore]:
    """Score such forecasts over days gone by, each from what was known before it, beside naive ones.

    Args:
        case: as `forecast`.
        load: as `forecast`.
        pv: as `forecast`.
        wind: as `forecast`.
        first: first day scored; None: the first that the history allows.
        last: last day scored; None: the last whole day of the history.
        issue_hour: as `forecast`.
        holidays: as `forecast`.
        pv_capacity_mw: as `forecast`.
        wind_capacity_mw: as `forecast`.
        weather: as `forecast`; it must be what was forecast then, not what was measured.

    Raises:
        InputError: as `forecast`.

    """
    case = loaded(case)
    request = ForecastRequest(
        issue_hour, holidays, {"pv": pv_capacity_mw, "wind": wind_capacity_mw}, _weather(weather)
    )
    histories = _histories(case, {"load": load, "pv": pv, "wind": wind})
    return score_histories(case, histories, (_day("first", first), _day("last", last)), request)


def _weather(given: Path | str | pd.DataFrame | None) -> pd.DataFrame | None:
    return read_weather_forecasts(Path(given)) if isinstance(given, Path | str) else given


def _histories(case: Case, given: Mapping[str, History | None]) -> dict[str, pd.Series]:
    """The histories by kind [MW]; files are read. Raises InputError where there is none."""
    files = {kind: Path(item) for kind, item in given.items() if isinstance(item, Path | str)}
    histories = read_histories(case, files, {}) if files else {}
    for kind, item in given.items():
        if isinstance(item, pd.Series):
            histories[kind] = _checked(kind, item)
    if not histories:
        raise InputError("argument `load`, `pv` or `wind`: must be given, a history to forecast from")
    return histories


def _checked(kind: str, values: pd.Series) -> pd.Series:
    """A history in memory. Raises InputError where it has no rising local stamps, or values below zero."""
    index = values.index
    problems = []
    if not isinstance(index, pd.DatetimeIndex) or index.tz is not None or not index.is_monotonic_increasing:
        problems.append("must be indexed by rising local starts of intervals, without a time zone")
    elif index.has_duplicates or not len(index):
        problems.append("must have each interval once, and some")
    if values.dtype.kind not in "iuf" or (values < 0).any():
        problems.append("must hold numbers of zero or more [MW]; NaN where nothing was measured")
    if problems:
        raise InputError([f"argument `{kind}`: {problem}" for problem in problems])
    return values


def _day(argument: str, day: date | str | None) -> date | None:
    return None if day is None else day_of(argument, day)
