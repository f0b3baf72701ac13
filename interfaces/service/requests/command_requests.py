"""The requests by the address of their command."""

from parkdispatch.interfaces.service.requests.day_requests import (
    CheckRequest,
    DayForecastRequest,
    ExportRequest,
    HedgedPlanRequest,
    ImportRequest,
    PlanRequest,
    PvRequest,
    ScoreRequest,
    SettleRequest,
)
from parkdispatch.interfaces.service.requests.request_fields import CommandRequest
from parkdispatch.interfaces.service.requests.study_requests import (
    LoopRequest,
    ParetoRequest,
    ReplayRequest,
    ReproduceRequest,
    SizeRequest,
    StudyRequest,
    WorthRequest,
    YearRequest,
)

REQUESTS: dict[str, type[CommandRequest]] = {
    "check": CheckRequest,
    "pv": PvRequest,
    "plan": PlanRequest,
    "hedge": HedgedPlanRequest,
    "year": YearRequest,
    "replay": ReplayRequest,
    "loop": LoopRequest,
    "worth": WorthRequest,
    "pareto": ParetoRequest,
    "study": StudyRequest,
    "size": SizeRequest,
    "reproduce": ReproduceRequest,
    "forecast": DayForecastRequest,
    "forecast_score": ScoreRequest,
    "settle": SettleRequest,
    "import": ImportRequest,
    "export": ExportRequest,
}
