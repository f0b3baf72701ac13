"""Whether the service lives, and whether it is ready to work, with the reasons where it is not."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from parkdispatch.interfaces.service.access.auth import current_user
from parkdispatch.interfaces.service.access.token_file import TokenUser
from parkdispatch.interfaces.service.problem_details import reader_language, said
from parkdispatch.interfaces.service.service_state import service_of
from parkdispatch.models.errors import ParkdispatchError

health_router = APIRouter(tags=["health"])


@health_router.get("/health/live")
def live() -> dict[str, str]:
    """Whether the process answers."""
    return {"state": "live"}


@health_router.get("/health")
@health_router.get("/health/ready")
def ready(request: Request) -> JSONResponse:
    """Whether database and ledger can be read; 503 with the reasons where not."""
    reasons: list[str] = []
    service = service_of(request)
    for check in (service.database.reading, service.ledger.reading):
        try:
            with check():
                pass
        except ParkdispatchError as error:
            reasons += str(error).splitlines()
    state = "not ready" if reasons else "ready"
    lines = said(reasons, reader_language(request))
    return JSONResponse({"state": state, "reasons": lines}, 503 if reasons else 200)


@health_router.get("/metrics")
def metrics(request: Request, _: Annotated[TokenUser, Depends(current_user("read"))]) -> Response:
    """Figures for Prometheus."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
