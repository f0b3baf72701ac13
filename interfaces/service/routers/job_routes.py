"""Commands as jobs: asked for by POST, watched, cancelled, and their files fetched."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from parkdispatch.interfaces.service.access.auth import check_site, current_user
from parkdispatch.interfaces.service.access.token_file import Role, TokenUser
from parkdispatch.interfaces.service.job_submission import (
    job_content,
    job_folder,
    submit,
    visible_job,
)
from parkdispatch.interfaces.service.problem_details import RequestError, reader_language
from parkdispatch.interfaces.service.requests.command_requests import REQUESTS
from parkdispatch.interfaces.service.requests.request_fields import CommandRequest
from parkdispatch.interfaces.service.service_state import service_of

job_router = APIRouter(tags=["jobs"])
Reader = Annotated[TokenUser, Depends(current_user("read"))]
Planner = Annotated[TokenUser, Depends(current_user("plan"))]
IdempotencyKey = Annotated[str | None, Header(max_length=255)]
Prefer = Annotated[str | None, Header(max_length=200, description="`wait=10` answers when the job is done.")]
LONGEST_WAIT_S = 30.0
SHORT_WAIT_S = 10.0  # for commands that solve nothing, unless another wait is asked for
SHORT = ("check", "pv", "import")
READERS = ("check", "pv", "export")  # commands that anybody with a token may ask for
# what a job has written is shown by a browser without the rights of the service's own pages
SANDBOX = {"Content-Security-Policy": "sandbox allow-scripts", "X-Content-Type-Options": "nosniff"}


def _endpoint(kind: str, model: type[CommandRequest]) -> Callable[..., Response]:
    """The route of a command, with its request's fields in the description of the service."""
    role: Role = "read" if kind in READERS else "plan"

    def ask(
        request: Request,
        body: Any,
        user: Any,
        idempotency_key: IdempotencyKey = None,
        prefer: Prefer = None,
    ) -> Response:
        service, lang = service_of(request), reader_language(request)
        job, is_new = submit(service, kind, body, user, idempotency_key)
        seconds = _wait_s(prefer, SHORT_WAIT_S if kind in SHORT else 0.0)
        if seconds and not job.is_finished:
            job = service.worker.wait_for(job.id, seconds) or job
        content = job_content(service, job, lang)
        headers = {"Location": content["address"], "Idempotency-Replayed": str(not is_new).lower()}
        return JSONResponse(content, 200 if job.is_finished else 202, headers)

    ask.__annotations__ |= {
        "body": Annotated[model, Body()],
        "user": Annotated[TokenUser, Depends(current_user(role))],
    }
    ask.__doc__, ask.__name__ = model.__doc__, f"ask_{kind}"
    return ask


for _kind, _model in REQUESTS.items():
    job_router.post(f"/{_kind}", status_code=202, response_model=None)(_endpoint(_kind, _model))


@job_router.get("/jobs")
def list_jobs(request: Request, user: Reader, site: str | None = None, limit: int = 100) -> dict[str, Any]:
    """The last jobs of the sites that the token sees, the newest first."""
    service, lang = service_of(request), reader_language(request)
    if site is not None:
        check_site(user, site)
    jobs = service.jobs.jobs(site=site, limit=min(max(limit, 1), 1000))
    shown = [job for job in jobs if (user.sees(job.site) if job.site else not user.sites)]
    return {"jobs": [job_content(service, job, lang, details=False) for job in shown]}


@job_router.get("/jobs/{identifier}")
def job_state(request: Request, identifier: str, user: Reader, prefer: Prefer = None) -> Response:
    """A job: its state, the step it is at; of a finished one what it printed, its figures and its files."""
    service = service_of(request)
    job = visible_job(service, identifier, user)
    if (seconds := _wait_s(prefer, 0.0)) and not job.is_finished:
        job = service.worker.wait_for(job.id, seconds) or job
    return JSONResponse(job_content(service, job, reader_language(request)))


@job_router.delete("/jobs/{identifier}")
def cancel_job(request: Request, identifier: str, user: Planner) -> Response:
    """End a job; one that is finished stays as it is (409)."""
    service = service_of(request)
    job = visible_job(service, identifier, user)
    if not service.worker.cancel(job.id):
        raise RequestError(409, f"job {job.id} is {job.state} and cannot be cancelled")
    return JSONResponse(
        job_content(service, visible_job(service, identifier, user), reader_language(request))
    )


@job_router.get("/jobs/{identifier}/screen")
def job_screen(request: Request, identifier: str, user: Reader) -> PlainTextResponse:
    """What the command has printed so far."""
    service = service_of(request)
    return PlainTextResponse(job_folder(service, visible_job(service, identifier, user)).screen())


@job_router.get("/jobs/{identifier}/files/{name}")
def job_file(request: Request, identifier: str, name: str, user: Reader) -> FileResponse:
    """A file of a job, by its name in the job's list."""
    service = service_of(request)
    job = visible_job(service, identifier, user)
    path = job_folder(service, job).files().get(name) if job.is_finished else None
    if path is None:
        raise RequestError(404, f"job {job.id} has no such file")
    kind = "inline" if path.suffix == ".html" else "attachment"
    return FileResponse(path, filename=path.name, content_disposition_type=kind, headers=SANDBOX)


@job_router.post("/uploads", status_code=201)
async def upload(request: Request, name: str, user: Planner) -> JSONResponse:
    """Bring a file, as the body of the request; its number names it in other requests."""
    from starlette.concurrency import run_in_threadpool

    content = await request.body()
    kept = await run_in_threadpool(service_of(request).uploads.add, user.name, name, content)
    return JSONResponse({"id": kept.id, "name": kept.name, "size_bytes": kept.size_bytes}, 201)


def _wait_s(prefer: str | None, otherwise: float) -> float:
    """The seconds that an answer may wait for its job (RFC 7240)."""
    wanted = re.search(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])", prefer or "")
    return min(float(wanted[1]), LONGEST_WAIT_S) if wanted else otherwise
