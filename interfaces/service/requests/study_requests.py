"""Requests to the commands of years: studies of a planner."""

from typing import Annotated, Any, Literal

from pydantic import Field

from parkdispatch.interfaces.service.requests.request_fields import (
    CommandRequest,
    JobId,
    NamedUploads,
    Text,
    Texts,
    TimeLimitS,
    TypedAs,
)

Forecaster = Literal["perfect", "persistence", "last-week", "learned", "file"]


class YearRequest(CommandRequest):
    """Dispatch a year in one model."""

    command = ("year",)
    variant: Annotated[Text | None, TypedAs("--variant")] = None
    gap: Annotated[float | None, TypedAs("--gap"), Field(ge=1e-9, le=0.01)] = None
    time_limit: Annotated[TimeLimitS, TypedAs("--time-limit")] = 60.0
    ac_check: Annotated[int, TypedAs("--ac-check"), Field(ge=0, le=1000)] = 0


class ReplayRequest(CommandRequest):
    """Plan a year day by day, as if each day was known, or on forecasts of it."""

    command = ("replay",)
    forecast: Annotated[Forecaster | None, TypedAs("--forecast")] = None
    forecast_file: Annotated[NamedUploads | None, TypedAs("--forecast-file", "named upload")] = None
    plan_at: Annotated[Texts | None, TypedAs("--plan-at")] = None
    issued: Annotated[Text | None, TypedAs("--issued")] = None
    start: Annotated[Text | None, TypedAs("--from")] = None
    days: Annotated[int | None, TypedAs("--days"), Field(ge=1, le=366)] = None
    hold_peak: bool = True
    peak: Annotated[Literal["before", "known"] | None, TypedAs("--peak")] = None
    holidays: Annotated[Text | None, TypedAs("--holidays")] = None
    hedge: Annotated[int | None, TypedAs("--hedge"), Field(ge=2, le=200)] = None
    cvar_weight: Annotated[float | None, TypedAs("--cvar-weight"), Field(ge=0, le=1)] = None
    cvar_level: Annotated[float | None, TypedAs("--cvar-level"), Field(ge=0, lt=1)] = None
    seed: Annotated[int | None, TypedAs("--seed"), Field(ge=0)] = None
    variant: Annotated[Text | None, TypedAs("--variant")] = None
    time_limit: Annotated[TimeLimitS, TypedAs("--time-limit")] = 60.0

    def options(self) -> list[tuple[TypedAs, Any]]:
        """The options that are set; the peak is held unless that is not wanted."""
        return [*super().options(), *([] if self.hold_peak else [(TypedAs("--no-hold-peak"), True)])]


class LoopRequest(CommandRequest):
    """Re-plan at every interval from forecasts that err."""

    command = ("loop",)
    start: Annotated[Text | None, TypedAs("--from")] = None
    days: Annotated[int, TypedAs("--days"), Field(ge=1, le=366)] = 7
    forecast: Annotated[Forecaster | None, TypedAs("--forecast")] = None
    forecast_file: Annotated[NamedUploads | None, TypedAs("--forecast-file", "named upload")] = None
    plan_hours: Annotated[float | None, TypedAs("--plan-hours"), Field(gt=0, le=1000)] = None
    hold_peak: bool = True
    issued: Annotated[Text | None, TypedAs("--issued")] = None
    holidays: Annotated[Text | None, TypedAs("--holidays")] = None
    variant: Annotated[Text | None, TypedAs("--variant")] = None

    def options(self) -> list[tuple[TypedAs, Any]]:
        """The options that are set; the peak is held unless that is not wanted."""
        return [*super().options(), *([] if self.hold_peak else [(TypedAs("--no-hold-peak"), True)])]


class WorthRequest(CommandRequest):
    """What each part of a park is worth in a year."""

    command = ("worth",)
    case: Text = "gaoan-pilot"
    gap: Annotated[float | None, TypedAs("--gap"), Field(ge=1e-9, le=0.01)] = None
    time_limit: Annotated[TimeLimitS, TypedAs("--time-limit")] = 60.0


class ParetoRequest(CommandRequest):
    """Cost against CO2 of a day, or of the whole year."""

    command = ("pareto",)
    variant: Annotated[Text | None, TypedAs("--variant")] = None
    points: Annotated[int | None, TypedAs("--points"), Field(ge=2, le=50)] = None
    day: Annotated[Text | None, TypedAs("--date")] = None
    year: Annotated[bool, TypedAs("--year")] = False
    peak_so_far_mw: Annotated[float | None, TypedAs("--peak-so-far-mw")] = None
    gap: Annotated[float | None, TypedAs("--gap"), Field(ge=1e-9, le=0.01)] = None
    time_limit: Annotated[TimeLimitS, TypedAs("--time-limit")] = 60.0


class StudyRequest(CommandRequest):
    """Every year of the storage, and its cash flow; `as_operated_of` is the job of a replay or a loop."""

    command = ("study",)
    variant: Annotated[Text | None, TypedAs("--variant")] = None
    as_operated: Annotated[float | None, TypedAs("--as-operated"), Field(ge=0, le=1)] = None
    as_operated_of: Annotated[
        JobId | None,
        TypedAs("--as-operated", "job", ("replay", "loop"), ("regret.json", "loop.json", "summary.json")),
    ] = None
    quick: Annotated[bool, TypedAs("--quick")] = False
    gap: Annotated[float | None, TypedAs("--gap"), Field(ge=1e-9, le=0.01)] = None
    time_limit: Annotated[TimeLimitS, TypedAs("--time-limit")] = 60.0


class SizeRequest(CommandRequest):
    """One more battery: how large, at what price, when."""

    command = ("size",)
    variant: Annotated[Text | None, TypedAs("--variant")] = None
    only: Annotated[Text | None, TypedAs("--only")] = None
    scenarios: Annotated[int | None, TypedAs("--scenarios"), Field(ge=0, le=100_000)] = None
    every_year: Annotated[bool, TypedAs("--every-year")] = False
    gap: Annotated[float | None, TypedAs("--gap"), Field(ge=1e-9, le=0.01)] = None
    time_limit: Annotated[TimeLimitS, TypedAs("--time-limit")] = 60.0


class ReproduceRequest(CommandRequest):
    """Published figures beside computed ones."""

    command = ("reproduce",)
    case: Text = "gaoan-study"
    quick: Annotated[bool, TypedAs("--quick")] = False
    search: Annotated[bool, TypedAs("--search")] = False
