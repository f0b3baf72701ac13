"""Jobs as the database keeps them: asked for, running, ended. A job is never lost, and begun in order."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from parkdispatch.operations.jobs.service_database import ServiceDatabase
from parkdispatch.operations.jobs.service_tables import job
from parkdispatch.operations.jobs.session_store import utc

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
UNFINISHED: tuple[JobState, ...] = ("queued", "running")
MOST_ATTEMPTS = 3  # of a job that ends with the service, before it fails


@dataclass(frozen=True)
class JobRequest:
    """A command line with `{out}` for the folder of its files, who asks for it, and of which site.

    `purpose` is what automation wants it for, such as `plan 2026-07-16`; empty where a person asks.
    """

    kind: str
    words: tuple[str, ...]
    owner: str
    site: str = ""
    purpose: str = ""
    idempotency_key: str | None = None
    request_sha256: str = ""  # of the request, to tell a repeated one from another one with the same key


@dataclass(frozen=True)
class Job:
    """A job at a moment. Moments are in UTC; `problems` are sentences in English."""

    id: str
    kind: str
    site: str
    purpose: str
    owner: str
    request_sha256: str
    words: tuple[str, ...]
    state: JobState
    attempts: int
    exit_code: int | None
    problems: tuple[str, ...]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_finished(self) -> bool:
        """Whether nothing about it changes any more."""
        return self.state not in UNFINISHED


class TooManyJobsError(Exception):
    """Somebody has as many unfinished jobs as are allowed."""


class ReusedKeyError(Exception):
    """An idempotency key has come before with another request."""


class JobStore:
    """The jobs of a service."""

    def __init__(self, database: ServiceDatabase) -> None:
        self._database = database

    def submit(
        self, request: JobRequest, now: datetime, most_unfinished: int = 1_000_000
    ) -> tuple[Job, bool]:
        """Add a job, or find the one that the same key has asked for. Returns it, and whether it is new.

        Raises ReusedKeyError where the key came with another request, TooManyJobsError where the owner has
        too many that are not finished.
        """
        with self._database.writing() as connection:
            if request.idempotency_key is not None:
                same = (job.c.owner == request.owner, job.c.idempotency_key == request.idempotency_key)
                row = connection.execute(sa.select(job).where(*same)).first()
                if row is not None:
                    if row.request_sha256 != request.request_sha256:
                        raise ReusedKeyError
                    return _job(row), False
            unfinished = sa.select(sa.func.count()).where(
                job.c.owner == request.owner, job.c.state.in_(UNFINISHED)
            )
            if connection.execute(unfinished).scalar_one() >= most_unfinished:
                raise TooManyJobsError
            identifier = secrets.token_hex(16)
            connection.execute(
                job.insert().values(
                    id=identifier,
                    kind=request.kind,
                    site=request.site,
                    purpose=request.purpose,
                    owner=request.owner,
                    idempotency_key=request.idempotency_key,
                    request_sha256=request.request_sha256,
                    words=json.dumps(request.words, ensure_ascii=False),
                    state="queued",
                    attempts=0,
                    problems="[]",
                    created_at=utc(now),
                )
            )
            return _job(connection.execute(sa.select(job).where(job.c.id == identifier)).one()), True

    def get(self, identifier: str) -> Job | None:
        """A job; None where there is none."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(job).where(job.c.id == identifier)).first()
        return None if row is None else _job(row)

    def jobs(self, *, site: str | None = None, since: datetime | None = None, limit: int = 100) -> list[Job]:
        """The last jobs, the newest first: of a site, or what automation has asked for since a moment."""
        chosen = sa.select(job).order_by(job.c.created_at.desc(), job.c.id).limit(limit)
        if site is not None:
            chosen = chosen.where(job.c.site == site)
        if since is not None:
            chosen = chosen.where(job.c.purpose != "", job.c.created_at >= utc(since))
        with self._database.reading() as connection:
            return [_job(row) for row in connection.execute(chosen)]

    def counts(self) -> dict[str, int]:
        """Number of jobs by state."""
        states = sa.select(job.c.state, sa.func.count()).group_by(job.c.state)
        with self._database.reading() as connection:
            return {str(state): int(count) for state, count in connection.execute(states)}

    def begin_next(self, now: datetime) -> Job | None:
        """The job that waits longest, which is running from now on; None where none waits."""
        with self._database.writing() as connection:
            waiting = sa.select(job).where(job.c.state == "queued").order_by(job.c.created_at, job.c.id)
            row = connection.execute(waiting.limit(1)).first()
            if row is None:
                return None
            changes = {"state": "running", "attempts": row.attempts + 1, "started_at": utc(now)}
            connection.execute(job.update().where(job.c.id == row.id).values(**changes))
            return _job(connection.execute(sa.select(job).where(job.c.id == row.id)).one())

    def finish(
        self,
        identifier: str,
        state: JobState,
        now: datetime,
        exit_code: int | None = None,
        problems: Sequence[str] = (),
    ) -> bool:
        """Say how a job ended, once. Returns False where it had ended before, as a cancelled one has."""
        values = {
            "state": state,
            "exit_code": exit_code,
            "problems": json.dumps(list(problems), ensure_ascii=False),
            "finished_at": utc(now),
        }
        open_job = (job.c.id == identifier, job.c.state.in_(UNFINISHED))
        with self._database.writing() as connection:
            return connection.execute(job.update().where(*open_job).values(**values)).rowcount == 1

    def running(self) -> list[Job]:
        """Jobs that are running, or were when the service ended."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(job).where(job.c.state == "running"))
            return [_job(row) for row in rows]

    def queue_again(self, identifier: str) -> None:
        """Have a job that ended with the service begin anew."""
        with self._database.writing() as connection:
            same = (job.c.id == identifier, job.c.state == "running")
            connection.execute(job.update().where(*same).values(state="queued", started_at=None))


def _job(row: Any) -> Job:
    return Job(
        row.id,
        row.kind,
        row.site,
        row.purpose,
        row.owner,
        row.request_sha256,
        tuple(json.loads(row.words)),
        row.state,
        row.attempts,
        row.exit_code,
        tuple(json.loads(row.problems)),
        row.created_at.replace(tzinfo=UTC),
        None if row.started_at is None else row.started_at.replace(tzinfo=UTC),
        None if row.finished_at is None else row.finished_at.replace(tzinfo=UTC),
    )
