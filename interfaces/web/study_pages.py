"""The page of studies: commands started from a form as jobs, their progress and their files."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from parkdispatch.inputs.loader import variants
from parkdispatch.inputs.messages.problem_sentences import problem_sentences
from parkdispatch.interfaces.service.access.auth import current_user
from parkdispatch.interfaces.service.access.token_file import TokenUser
from parkdispatch.interfaces.service.job_submission import job_content, submit, visible_job
from parkdispatch.interfaces.service.problem_details import RequestError
from parkdispatch.interfaces.service.requests.command_requests import REQUESTS
from parkdispatch.interfaces.service.requests.request_fields import CommandRequest
from parkdispatch.interfaces.service.service_state import service_of
from parkdispatch.interfaces.translations.catalogue import translated_message
from parkdispatch.interfaces.web.page_route import PageRoute, problem_lines
from parkdispatch.interfaces.web.park_page import Page, page_of, show
from parkdispatch.models.errors import InputError
from parkdispatch.operations.jobs.job_store import Job

study_router = APIRouter(include_in_schema=False, route_class=PageRoute)
STUDIES = ("year", "replay", "study", "size", "worth", "plan", "forecast", "settle")
OF_A_DAY = ("plan", "forecast", "settle")
SHOWN_JOBS = 30
Reader = Annotated[TokenUser, Depends(current_user("read"))]
Planner = Annotated[TokenUser, Depends(current_user("plan"))]


@study_router.get("/park/{site}/studies")
def studies(request: Request, site: str, user: Reader, kind: str = "") -> Response:
    """The form of a study, and the jobs of the park."""
    page = page_of(request, user, site)
    return _studies_page(page, kind if kind in STUDIES else STUDIES[0])


@study_router.post("/park/{site}/studies")
async def start_study(request: Request, site: str, user: Planner) -> Response:
    """Start the job of the form."""
    fields = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
    return await run_in_threadpool(_started, request, site, user, fields)


@study_router.get("/park/{site}/studies/{identifier}")
def study_job(request: Request, site: str, identifier: str, user: Reader) -> Response:
    """A job: the step it is at, or its files, or what went wrong."""
    page = page_of(request, user, site)
    job = _job_here(page, identifier)
    content = job_content(service_of(request), job, page.lang)
    return show(page, "studies_job", job=_job_row(page, job), content=content)


@study_router.post("/park/{site}/studies/{identifier}/cancel")
def cancel_study(request: Request, site: str, identifier: str, user: Planner) -> Response:
    """End a job; one that is finished stays as it is."""
    page = page_of(request, user, site)
    job = _job_here(page, identifier)
    service_of(request).worker.cancel(job.id)
    return RedirectResponse(page.path(f"studies/{job.id}"), 303)


def _started(request: Request, site: str, user: TokenUser, fields: Mapping[str, str]) -> Response:
    page = page_of(request, user, site)
    kind = fields.get("kind", "")
    if kind not in STUDIES:
        kind = STUDIES[0]
    try:
        job, _ = submit(service_of(request), kind, _request_of(page, kind, fields), user)
    except InputError as error:
        return _studies_page(page, kind, problem_lines(error))
    except RequestError as error:
        return _studies_page(page, kind, list(error.problems), error.status)
    return RedirectResponse(page.path(f"studies/{job.id}"), 303)


def _request_of(page: Page, kind: str, fields: Mapping[str, str]) -> CommandRequest:
    """The request of a form. Raises InputError with the fields that are wrong."""
    model = REQUESTS[kind]
    given: dict[str, Any] = {"case": page.case_name, "lang": page.lang}
    for name in ("day", "variant"):
        if name in model.model_fields and fields.get(name):
            given[name] = fields[name]
    if given.get("day"):
        try:
            date.fromisoformat(given["day"])
        except ValueError:
            raise InputError(f"argument `day` = {given['day']}: must be a day such as 2026-07-15") from None
    try:
        return model(**given)
    except ValidationError as error:
        raise InputError([f"argument `{kind}`: {line}" for line in problem_sentences(error)]) from None


def _studies_page(page: Page, kind: str, problems: list[str] | None = None, status: int = 422) -> Response:
    service = service_of(page.request)
    jobs = service.jobs.jobs(site=page.desk.case.name, limit=SHOWN_JOBS)
    takes_variant = "variant" in REQUESTS[kind].model_fields
    return show(
        page,
        "studies",
        status if problems else 200,
        kind=kind,
        kinds=STUDIES,
        of_a_day=kind in OF_A_DAY,
        variants=variants(service.cases.word(page.case_name)) if takes_variant else [],
        jobs=[_job_row(page, job) for job in jobs],
        problems=[translated_message(line, page.lang) for line in problems or ()],
        may_plan=page.user.may("plan"),
    )


def _job_here(page: Page, identifier: str) -> Job:
    """A job of the park of the page. Raises RequestError for another one."""
    job = visible_job(service_of(page.request), identifier, page.user)
    if job.site != page.desk.case.name:
        raise RequestError(404, f"there is no job {identifier[:40]} for this token")
    return job


def _job_row(page: Page, job: Job) -> Mapping[str, Any]:
    known = page.web["studies"]
    content = job_content(service_of(page.request), job, page.lang)
    name = next((file for file in content.get("files", {}) if file.endswith(".html")), None)
    return {
        "what": known.get(f"kind_{job.kind}", job.kind),
        "state": job.state,
        "word": known[f"state_{job.state}"],
        "by": job.owner,
        "at": f"{page.desk.local(job.created_at.replace(tzinfo=None)):%Y-%m-%d %H:%M}",
        "path": page.path(f"studies/{job.id}"),
        "is_finished": job.is_finished,
        "result": None if name is None else content["files"][name],
        "step": content["progress"],
    }
