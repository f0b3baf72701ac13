"""What is asked of a forecast of several histories, and its answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.findings import Findings
from parkdispatch.inputs.series.series_file import read_whole_series
from parkdispatch.models.device import power_spec
from parkdispatch.models.limits import LARGEST_POWER_MW
from parkdispatch.operations.forecasting.day_forecast import (
    Progress,
    forecast_day,
    next_day,
    no_progress,
    score_forecasts,
)
from parkdispatch.operations.forecasting.forecast_extra import require_forecast_extra
from parkdispatch.operations.forecasting.forecast_problem import KINDS, Kind
from parkdispatch.operations.forecasting.forecast_rules import (
    CALIBRATION_DAYS,
    DEFAULT_ISSUE_HOUR,
    REFIT_DAYS,
    IssueTime,
)
from parkdispatch.operations.forecasting.holiday_calendar import check_country
from parkdispatch.operations.forecasting.rolling_forecast import ForecastSetting
from parkdispatch.operations.ledger.quantities import reading_of
from parkdispatch.results.forecasts.forecast_measures import ForecastScore


@dataclass(frozen=True)
class ForecastRequest:
    """How histories are forecast. Capacities [MW] by kind; None: the highest measured so far."""

    issue_hour: float = DEFAULT_ISSUE_HOUR
    country: str = "CN"
    capacities_mw: Mapping[str, float | None] = field(default_factory=dict)
    weather: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        """Raise InputError where a library is missing, and for an hour, country or capacity that is wrong."""
        require_forecast_extra()
        findings = Findings()
        findings.collect(IssueTime, self.issue_hour)
        findings.collect(check_country, self.country)
        findings.lines += [
            f"argument `{kind}_capacity` = {value:.15g}: must be above 0 and at most"
            f" {LARGEST_POWER_MW:.15g} MW"
            for kind, value in self.capacities_mw.items()
            if value is not None and not 0 < value <= LARGEST_POWER_MW
        ]
        findings.raise_any()

    def setting(self, case: Case, kind: Kind) -> ForecastSetting:
        """What the forecast of a kind depends on beside its history."""
        issue = IssueTime(self.issue_hour)
        return ForecastSetting(
            kind, case.site, self.capacities_mw.get(kind), self.country, issue, self.weather
        )

    def facts(self, case: Case) -> Mapping[str, Any]:
        """How the forecasts were made, as `summary.json` says."""
        return {
            "case": case.name,
            "issue_hour": self.issue_hour,
            "holidays": self.country,
            "weather": [] if self.weather is None else list(self.weather.columns),
            "capacities_mw": dict(self.capacities_mw),
            "refit_days": REFIT_DAYS,
            "calibration_days": CALIBRATION_DAYS,
        }


@dataclass(frozen=True)
class DayForecasts:
    """The forecasts of a day by kind: columns p10, p50, p90 [MW], a row an interval."""

    day: date
    issued: pd.Timestamp
    tables: Mapping[str, pd.DataFrame]


def read_histories(case: Case, files: Mapping[str, Path], columns: Mapping[str, str]) -> dict[str, pd.Series]:
    """The measured power of each file by kind [MW], in the intervals of the case. Raises InputError."""
    findings = Findings()
    histories = {
        kind: findings.collect(
            read_whole_series,
            path,
            power_spec(kind),
            case.calendar.hours,
            reading_of(case, columns.get(kind)),
        )
        for kind, path in files.items()
    }
    findings.lines += [
        f"argument `column` = {kind}={name}: must have the file `{kind}_history` beside it"
        for kind, name in columns.items()
        if kind not in files
    ]
    findings.raise_any()
    return histories


def forecast_histories(
    case: Case,
    histories: Mapping[str, pd.Series],
    day: date | None,
    request: ForecastRequest,
    progress: Progress = no_progress,
) -> DayForecasts:
    """The forecast of a day of each history; None: the first day after that all of them allow.

    Raises InputError where a history is too short.
    """
    hours = case.calendar.hours
    settings = {kind: request.setting(case, kind) for kind in KINDS if kind in histories}
    chosen = day or min(next_day(histories[kind], hours, setting) for kind, setting in settings.items())
    findings = Findings()
    tables: dict[str, pd.DataFrame] = {
        kind: findings.collect(forecast_day, histories[kind], hours, chosen, setting, progress)
        for kind, setting in settings.items()
    }
    findings.raise_any()
    return DayForecasts(chosen, IssueTime(request.issue_hour).of(chosen), tables)


def score_histories(
    case: Case,
    histories: Mapping[str, pd.Series],
    span: tuple[date | None, date | None],
    request: ForecastRequest,
    progress: Progress = no_progress,
) -> list[ForecastScore]:
    """The scores of each history. Raises InputError where one is too short."""
    return [
        score_forecasts(histories[kind], case.calendar.hours, span, request.setting(case, kind), progress)
        for kind in KINDS
        if kind in histories
    ]
