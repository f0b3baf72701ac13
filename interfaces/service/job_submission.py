"""From a request to a job: the words of its command, whose it is, and the job as it is told."""

import hashlib
from pathlib import Path
from typing import Any

from parkdispatch.interfaces.commands.console import now
from parkdispatch.interfaces.service.access.token_file import TokenUser
from parkdispatch.interfaces.service.problem_details import RequestError, said
from parkdispatch.interfaces.service.requests.request_fields import CommandRequest, TypedAs
from parkdispatch.interfaces.service.service_state import Service
from parkdispatch.interfaces.translations.catalogue import translated
from parkdispatch.models.errors import InputError
from parkdispatch.operations.jobs.job_folder import JobFolder
from parkdispatch.operations.jobs.job_store import Job, JobRequest, ReusedKeyError, TooManyJobsError

RETRY_S = 10  # that somebody with too many jobs is told to wait


def command_words(service: Service, request: CommandRequest, user: TokenUser) -> list[str]:
    """The command line of a request. Raises InputError for cases, uploads and jobs that are not there."""
    word = service.cases.word(request.case) if request.takes_case else ""
    words = [*request.command]
    if word and not request.case_option:
        words.append(word)
    for option, value in request.options():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, bool):
                words += [option.name] if item else []
                continue
            text = str(item)
            if option.kind == "upload":
                text = service.uploads.path(text, user.name)
            elif option.kind == "named upload":
                name, _, upload = text.partition("=")
                text = f"{name}={service.uploads.path(upload, user.name)}"
            elif option.kind == "job":
                text = str(_result_of(service, option, text, user))
            words.append(f"{option.name}={text}" if option.name else text)
    if request.case_option:
        words.append(f"{request.case_option}={word}")
    if request.out:
        words.append(f"--out={request.out}")
    if request.with_ledger:
        words.append(f"--ledger={service.settings.ledger_address}")
        words += [f"--by={user.name}"] if request.records else []
    return [*words, f"--lang={request.lang}"]


def submit(
    service: Service, kind: str, request: CommandRequest, user: TokenUser, key: str | None = None
) -> tuple[Job, bool]:
    """Make a job of a request. Returns it, and whether it is new: a key that came before gives its job.

    Raises RequestError for a site that is not the user's, a key of another request, and too many jobs.
    """
    if not request.takes_case:
        if user.sites:
            raise RequestError(403, "the token is for some sites only: must be for all of them for this")
        site = ""
    elif request.case not in (visible := visible_cases(service, user)):
        raise InputError(f"argument `case` = {request.case}: must be one of {', '.join(visible)}")
    else:
        site = service.cases.site(request.case)
    digest = hashlib.sha256(f"{kind} {request.model_dump_json()}".encode()).hexdigest()
    words = tuple(command_words(service, request, user))
    asked = JobRequest(kind, words, user.name, site, "", key, digest)
    try:
        job, is_new = service.jobs.submit(asked, now(), service.settings.waiting_jobs)
    except ReusedKeyError:
        raise RequestError(422, "`Idempotency-Key`: must be new, it has come with another request") from None
    except TooManyJobsError:
        raise RequestError(
            429,
            f"{service.settings.waiting_jobs} jobs of this token are not finished: must wait for one of them",
            headers={"Retry-After": str(RETRY_S)},
        ) from None
    service.worker.wake()
    return job, is_new


def visible_cases(service: Service, user: TokenUser) -> list[str]:
    """The names of the cases whose sites the user sees."""
    return [name for site, name in service.cases.all_sites() if user.sees(site)]


def visible_job(service: Service, identifier: str, user: TokenUser) -> Job:
    """A job of a site that the user sees. Raises RequestError where there is none."""
    job = service.jobs.get(identifier)
    if job is None or not (user.sees(job.site) if job.site else not user.sites):
        raise RequestError(404, f"there is no job {identifier[:40]} for this token")
    return job


def job_folder(service: Service, job: Job) -> JobFolder:
    """The folder of a job."""
    return JobFolder(service.worker.folder, job.id)


def job_content(service: Service, job: Job, lang: str, *, details: bool = True) -> dict[str, Any]:
    """A job as it is told; with details also what it printed and the figures of its run."""
    folder = job_folder(service, job)
    address = service.settings.address(f"/api/v1/jobs/{job.id}")
    content: dict[str, Any] = {
        "id": job.id,
        "kind": job.kind,
        "site": job.site,
        "purpose": job.purpose,
        "owner": job.owner,
        "state": job.state,
        "progress": translated(folder.last_step(), lang, "progress"),
        "attempts": job.attempts,
        "exit_code": job.exit_code,
        "problems": said(job.problems, lang),
        "created_at": job.created_at.isoformat(),
        "started_at": job.started_at and job.started_at.isoformat(),
        "finished_at": job.finished_at and job.finished_at.isoformat(),
        "address": address,
    }
    if details and job.is_finished:
        outcome = folder.outcome()
        content["warnings"] = said([text for _, text in outcome.warnings], lang) if outcome else []
        content["files"] = {name: f"{address}/files/{name}" for name in folder.files()}
        content["screen"] = folder.screen()
        content["result"] = folder.summary()
    return content


def _result_of(service: Service, option: TypedAs, identifier: str, user: TokenUser) -> Path:
    """The folder of a job that an option takes, or the file in it that it takes."""
    job = visible_job(service, identifier, user)
    if job.kind not in option.jobs or job.state != "done":
        raise InputError(
            f"argument `{option.name.lstrip('-')}` = {identifier}: must be the number of a job that is done,"
            f" of {', '.join(option.jobs)}"
        )
    folder = job_folder(service, job)
    files = folder.files()
    return next((files[name] for name in option.files if name in files), folder.out)
