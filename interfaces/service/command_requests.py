"""What may be asked of each command by REST, checked, and as the words of its command line.

A field's name is that of the option, or of the argument in Python. Files are named by the number of an
upload, a plan that is followed by the number of its job: no request names a path.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

LONGEST_RUN_S = 3600.0
Text = Annotated[str, Field(min_length=1, max_length=300)]
Texts = Annotated[list[Text], Field(max_length=200)]
TimeLimitS = Annotated[float, Field(ge=1, le=LONGEST_RUN_S)]


@dataclass(frozen=True)
class TypedAs:
    """The option that a field is typed as; "" is an argument. Uploads and jobs are named by their numbers."""

    name: str
    kind: Literal["value", "upload", "job"] = "value"


Orders = Annotated[Texts | None, Field(description="As the option of `plan` says them.")]
UploadId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}(#[^\x00-\x1f]{1,200})?$")]
JobId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class CommandRequest(BaseModel):
    """What every command may be asked: its case by name, and the language of its files."""

    model_config = ConfigDict(extra="forbid")
    command: ClassVar[tuple[str, ...]] = ()
    out: ClassVar[str] = "{out}"  # empty: it writes no files
    has_language: ClassVar[bool] = True
    uses_ledger: ClassVar[bool] = False
    case_option: ClassVar[str] = ""  # empty: the case is the first argument

    case: Text = "gaoan"
    lang: Literal["en", "zh"] = "en"

    @property
    def with_ledger(self) -> bool:
        """Whether the command is given the ledger."""
        return self.uses_ledger

    def options(self) -> list[tuple[TypedAs, Any]]:
        """The options that are set, with their values."""
        pairs = []
        for name, field in type(self).model_fields.items():
            option = next((item for item in field.metadata if isinstance(item, TypedAs)), None)
            value = getattr(self, name)
            if option is not None and value is not None:
                pairs.append((option, value))
        return pairs


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
    follow: Annotated[JobId | None, TypedAs("--follow", "job")] = None
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


class YearRequest(CommandRequest):
    """Dispatch a year in one model."""

    command = ("year",)
    variant: Annotated[Text | None, TypedAs("--variant")] = None
    gap: Annotated[float | None, TypedAs("--gap"), Field(ge=1e-9, le=0.01)] = None
    time_limit: Annotated[TimeLimitS, TypedAs("--time-limit")] = 60.0


class ReplayRequest(CommandRequest):
    """Plan a year day by day."""

    command = ("replay",)
    variant: Annotated[Text | None, TypedAs("--variant")] = None
    time_limit: Annotated[TimeLimitS, TypedAs("--time-limit")] = 60.0


class LoopRequest(CommandRequest):
    """Re-plan at every interval from forecasts that err."""

    command = ("loop",)
    start: Annotated[Text | None, TypedAs("--from")] = None
    days: Annotated[int, TypedAs("--days"), Field(ge=1, le=366)] = 7
    forecast: Annotated[Text | None, TypedAs("--forecast")] = None
    plan_hours: Annotated[float | None, TypedAs("--plan-hours"), Field(gt=0, le=1000)] = None
    variant: Annotated[Text | None, TypedAs("--variant")] = None


class WorthRequest(CommandRequest):
    """What each part of a park is worth in a year."""

    command = ("worth",)
    case: Text = "gaoan-pilot"
    gap: Annotated[float | None, TypedAs("--gap"), Field(ge=1e-9, le=0.01)] = None
    time_limit: Annotated[TimeLimitS, TypedAs("--time-limit")] = 60.0


class StudyRequest(CommandRequest):
    """Every year of the storage, and its cash flow."""

    command = ("study",)
    variant: Annotated[Text | None, TypedAs("--variant")] = None
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
    time_limit: Annotated[TimeLimitS, TypedAs("--time-limit")] = 60.0


class ReproduceRequest(CommandRequest):
    """Published figures beside computed ones."""

    command = ("reproduce",)
    case: Text = "gaoan-study"
    quick: Annotated[bool, TypedAs("--quick")] = False
    search: Annotated[bool, TypedAs("--search")] = False


class DayForecastRequest(CommandRequest):
    """Forecast a day from the measured values of the ledger, or of files."""

    command = ("forecast", "day")
    out = "{out}/forecast.csv"
    uses_ledger = True
    day: Annotated[Text | None, TypedAs("--for")] = None
    load_history: Annotated[UploadId | None, TypedAs("--load-history", "upload")] = None
    pv_history: Annotated[UploadId | None, TypedAs("--pv-history", "upload")] = None
    wind_history: Annotated[UploadId | None, TypedAs("--wind-history", "upload")] = None
    column: Annotated[Texts | None, TypedAs("--column")] = None
    issued: Annotated[Text | None, TypedAs("--issued")] = None
    holidays: Annotated[Text | None, TypedAs("--holidays")] = None
    pv_capacity: Annotated[float | None, TypedAs("--pv-capacity"), Field(gt=0)] = None
    wind_capacity: Annotated[float | None, TypedAs("--wind-capacity"), Field(gt=0)] = None
    weather: Annotated[UploadId | None, TypedAs("--weather", "upload")] = None


class SettleRequest(CommandRequest):
    """Settle a day of the ledger."""

    command = ("settle",)
    uses_ledger = True
    case_option = "--case"
    day: Annotated[str, TypedAs(""), Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
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


REQUESTS: dict[str, type[CommandRequest]] = {
    "check": CheckRequest,
    "pv": PvRequest,
    "plan": PlanRequest,
    "year": YearRequest,
    "replay": ReplayRequest,
    "loop": LoopRequest,
    "worth": WorthRequest,
    "study": StudyRequest,
    "size": SizeRequest,
    "reproduce": ReproduceRequest,
    "forecast": DayForecastRequest,
    "settle": SettleRequest,
    "import": ImportRequest,
}
