"""Requests to the commands of days: what is measured, forecast, planned and settled."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from parkdispatch.interfaces.service.requests.request_fields import (
    CommandRequest,
    JobId,
    NamedUploads,
    Orders,
    Text,
    Texts,
    TimeLimitS,
    TypedAs,
    UploadId,
)


class CheckRequest(CommandRequest):
    """Validate a case."""

    command = ("check",)
    out = ""
    variant: Annotated[Text | None, TypedAs("--variant")] = None


class PvRequest(CommandRequest):
    """Yield of the photovoltaic plants."""

    command = ("pv",)
    out = ""
    variant: Annotated[Text | None, TypedAs("--variant")] = None


class PlanRequest(CommandRequest):
    """Plan a day, or from now on. With `ledger` it begins where the ledger says; `record` keeps it there."""

    command = ("plan",)
    uses_ledger = True
    day: Annotated[Text | None, TypedAs("--date")] = None
    start: Annotated[Text | None, TypedAs("--from")] = None
    until: Annotated[Text | None, TypedAs("--until")] = None
    soc: Annotated[Texts | None, TypedAs("--soc")] = None
    outage: Annotated[Orders, TypedAs("--outage")] = None
    limit: Annotated[Orders, TypedAs("--limit")] = None
    force: Annotated[Orders, TypedAs("--force")] = None
    reserve_mwh: Annotated[Orders, TypedAs("--reserve-mwh")] = None
    call: Annotated[Orders, TypedAs("--call")] = None
    until_soc: Annotated[Orders, TypedAs("--until-soc")] = None
    soft: Annotated[bool, TypedAs("--soft")] = False
    violation_price: Annotated[float | None, TypedAs("--violation-price")] = None
    follow: Annotated[JobId | None, TypedAs("--follow", "job", ("plan",))] = None
    why: Annotated[bool, TypedAs("--why")] = False
    peak_so_far_mw: Annotated[float | None, TypedAs("--peak-so-far-mw")] = None
    load: Annotated[UploadId | None, TypedAs("--load", "upload")] = None
    pv: Annotated[UploadId | None, TypedAs("--pv", "upload")] = None
    load_column: Annotated[Text | None, TypedAs("--load-column")] = None
    pv_column: Annotated[Text | None, TypedAs("--pv-column")] = None
    stamps: Annotated[Literal["start", "end"] | None, TypedAs("--stamps")] = None
    fill_gaps: Annotated[int, TypedAs("--fill-gaps"), Field(ge=0, le=100)] = 0
    variant: Annotated[Text | None, TypedAs("--variant")] = None
    time_limit: Annotated[TimeLimitS, TypedAs("--time-limit")] = 60.0
    ac_check: Annotated[int, TypedAs("--ac-check"), Field(ge=0, le=1000)] = 0
    ledger: bool = True
    record: bool = True

    @property
    def with_ledger(self) -> bool:
        """Whether the plan takes its state from the ledger."""
        return self.ledger

    def options(self) -> list[tuple[TypedAs, Any]]:
        """The options that are set; a preview is not recorded."""
        preview = [] if self.record else [(TypedAs("--no-record"), True)]
        return [*super().options(), *preview]


class HedgedPlanRequest(CommandRequest):
    """Plan set points that are the same whatever load and sources do, on a forecast with P10, P50 and P90.

    The forecast is an upload, or that of the job `forecast_of`; `scores_of` is a job of `forecast_score`.
    """

    command = ("hedge",)
    forecast: Annotated[UploadId | None, TypedAs("--forecast", "upload")] = None
    forecast_of: Annotated[JobId | None, TypedAs("--forecast", "job", ("forecast",), ("forecast.csv",))] = (
        None
    )
    day: Annotated[Text | None, TypedAs("--date")] = None
    paths: Annotated[int | None, TypedAs("--paths"), Field(ge=1, le=500)] = None
    cvar_weight: Annotated[float | None, TypedAs("--cvar-weight")] = None
    cvar_level: Annotated[float | None, TypedAs("--cvar-level")] = None
    scores_of: Annotated[JobId | None, TypedAs("--scores", "job", ("forecast_score",))] = None
    seed: Annotated[int | None, TypedAs("--seed")] = None
    soc: Annotated[Texts | None, TypedAs("--soc")] = None
    peak_so_far_mw: Annotated[float | None, TypedAs("--peak-so-far-mw")] = None
    variant: Annotated[Text | None, TypedAs("--variant")] = None
    time_limit: Annotated[TimeLimitS, TypedAs("--time-limit")] = 60.0

    @model_validator(mode="after")
    def _has_one_forecast(self) -> Self:
        if (self.forecast is None) == (self.forecast_of is None):
            raise ValueError("must have `forecast` or `forecast_of`, and not both")
        return self


class HistoriesRequest(CommandRequest):
    """What forecasts are made of, and how: measured values of the ledger, or of files."""

    load_history: Annotated[UploadId | None, TypedAs("--load-history", "upload")] = None
    pv_history: Annotated[UploadId | None, TypedAs("--pv-history", "upload")] = None
    wind_history: Annotated[UploadId | None, TypedAs("--wind-history", "upload")] = None
    column: Annotated[Texts | None, TypedAs("--column")] = None
    issued: Annotated[Text | None, TypedAs("--issued")] = None
    holidays: Annotated[Text | None, TypedAs("--holidays")] = None
    pv_capacity: Annotated[float | None, TypedAs("--pv-capacity"), Field(gt=0)] = None
    wind_capacity: Annotated[float | None, TypedAs("--wind-capacity"), Field(gt=0)] = None
    weather: Annotated[UploadId | None, TypedAs("--weather", "upload")] = None


class DayForecastRequest(HistoriesRequest):
    """Forecast a day from the measured values of the ledger, or of files."""

    command = ("forecast", "day")
    out = "{out}/forecast.csv"
    uses_ledger = True
    day: Annotated[Text | None, TypedAs("--for")] = None


class ScoreRequest(HistoriesRequest):
    """Score forecasts over days gone by, beside naive ones."""

    command = ("forecast", "score")
    uses_ledger = True
    records = False
    start: Annotated[Text | None, TypedAs("--from")] = None
    end: Annotated[Text | None, TypedAs("--to")] = None


class SettleRequest(CommandRequest):
    """Settle a day of the ledger; or, with `plan`, the job of a plan that was sent, a day by files."""

    command = ("settle",)
    uses_ledger = True
    case_option = "--case"
    day: Annotated[str, TypedAs(""), Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    plan: Annotated[JobId | None, TypedAs("--plan", "job", ("plan",))] = None
    load: Annotated[UploadId | None, TypedAs("--load", "upload")] = None
    pv: Annotated[UploadId | None, TypedAs("--pv", "upload")] = None
    measured: Annotated[NamedUploads | None, TypedAs("--measured", "named upload")] = None
    load_column: Annotated[Text | None, TypedAs("--load-column")] = None
    pv_column: Annotated[Text | None, TypedAs("--pv-column")] = None
    soc: Annotated[Texts | None, TypedAs("--soc")] = None
    peak_so_far_mw: Annotated[float | None, TypedAs("--peak-so-far-mw")] = None
    outage: Annotated[Texts | None, TypedAs("--outage")] = None
    bill: bool = True
    variant: Annotated[Text | None, TypedAs("--variant")] = None
    time_limit: Annotated[TimeLimitS, TypedAs("--time-limit")] = 60.0

    def options(self) -> list[tuple[TypedAs, Any]]:
        """The options that are set; the bill is expected unless it is not wanted."""
        return [*super().options(), *([] if self.bill else [(TypedAs("--no-bill"), True)])]


class ImportRequest(CommandRequest):
    """Bring measured values of an upload into the ledger."""

    command = ("ledger", "import")
    out = ""
    uses_ledger = True
    case_option = "--case"
    upload: Annotated[UploadId, TypedAs("", "upload")]
    quantities: Annotated[Texts, TypedAs("--as"), Field(min_length=1)]
    quality: Annotated[Literal["measured", "estimated", "substituted"], TypedAs("--quality")] = "measured"
    stamps: Annotated[Literal["start", "end"] | None, TypedAs("--stamps")] = None


class ExportRequest(CommandRequest):
    """Every table of the ledger as CSV, of all sites: for tokens that are confined to none."""

    command = ("ledger", "export")
    uses_ledger = True
    records = False
    takes_case = False
