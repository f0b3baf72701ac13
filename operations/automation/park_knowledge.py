"""What is known of a park at a moment, from its ledger, its drop folder and the jobs of the last days."""

import fnmatch
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa

from parkdispatch.inputs.case import Case
from parkdispatch.operations.automation.automation_rules import DroppedFiles, ImportRules, ParkAutomation
from parkdispatch.operations.automation.departures import HOUR, MEASURED, departure_from
from parkdispatch.operations.automation.due_work import Departure, ParkKnowledge, TaskAttempts
from parkdispatch.operations.jobs.job_store import Job, JobStore
from parkdispatch.operations.ledger.ledger_store import Ledger
from parkdispatch.operations.ledger.measurements import measured_values
from parkdispatch.operations.ledger.plan_versions import sendings, sent_values
from parkdispatch.operations.ledger.quantities import Measured, devices_with
from parkdispatch.operations.ledger.sites import site_of

REMEMBERED = timedelta(days=3)  # jobs of which what became of them is looked at
WHOLE_AFTER_S = 5.0  # a dropped file that has not changed for so long is whole
MOST_JOBS = 5000


def known_of_park(
    ledger: Ledger,
    jobs: JobStore,
    case: Case,
    rules: ParkAutomation,
    now: datetime,
    unsettled_days: Callable[[date], Sequence[date]],
) -> ParkKnowledge:
    """What is known at an instant. Raises InputError where the ledger cannot be read.

    `unsettled_days` tells, of today, the days that are to be settled.
    """
    local = local_time(case, now)
    recent = jobs.jobs(site=case.name, since=now - REMEMBERED, limit=MOST_JOBS)
    with ledger.reading() as connection:
        of_site = site_of(connection, case).number
        days = (local.date(), local.date() + timedelta(days=1))
        planned = frozenset(day for day in days if sendings(connection, of_site, day))
        departure = None
        if rules.replan is not None and local.date() in planned:
            departure = _departure(connection, of_site, case, local)
    unsettled: Sequence[date] = ()
    if rules.settle is not None and local.time() >= rules.settle.at:
        unsettled = unsettled_days(local.date())
    replans = [job.created_at for job in recent if job.purpose.startswith("replan ")]
    return ParkKnowledge(
        attempts_of(recent, case),
        () if rules.imports is None else tuple(dropped_files(rules.imports, now)),
        planned,
        tuple(unsettled),
        departure,
        local_time(case, max(replans)) if replans else None,
    )


def local_time(case: Case, instant: datetime) -> datetime:
    """An instant as the local time of a park."""
    return instant.astimezone(ZoneInfo(case.site.timezone)).replace(tzinfo=None)


def attempts_of(jobs: Sequence[Job], case: Case) -> dict[str, TaskAttempts]:
    """What became of each purpose, from its jobs, the newest first."""
    by_purpose: dict[str, list[Job]] = {}
    for job in jobs:
        by_purpose.setdefault(job.purpose, []).append(job)
    attempts = {}
    for purpose, tried in by_purpose.items():
        last = tried[0]
        ended = None if last.finished_at is None else local_time(case, last.finished_at)
        is_done = any(job.state == "done" for job in tried)
        state = "done" if is_done else "failed" if last.is_finished else "under way"
        attempts[purpose] = TaskAttempts(len(tried), state, ended)  # type: ignore[arg-type] # one of the three
    return attempts


def dropped_files(rules: ImportRules, now: datetime) -> list[str]:
    """The whole files of a drop folder by name, time and size, so that a changed one is another one."""
    names = []
    for path in sorted(Path(rules.folder).iterdir()):
        try:
            status = path.stat()
        except OSError:  # taken away meanwhile
            continue
        if kind_of_file(rules, path.name) is None or not path.is_file():
            continue
        if now.timestamp() - status.st_mtime >= WHOLE_AFTER_S:
            names.append(f"{path.name}|{status.st_mtime_ns}|{status.st_size}")
    return names


def kind_of_file(rules: ImportRules, name: str) -> DroppedFiles | None:
    """What a file of that name holds; None where it is not to be imported."""
    return next((kind for kind in rules.file if fnmatch.fnmatch(name, kind.pattern)), None)


def _departure(connection: sa.Connection, of_site: int, case: Case, local: datetime) -> Departure | None:
    """How far the park is from what was sent."""
    now = pd.Timestamp(local)
    planned = sent_values(connection, of_site, local.date(), case.site.timezone)
    measured = {
        (name, device): measured_values(
            connection, of_site, Measured(name, device), now - pd.Timedelta(hours=2), now
        )["value"]
        for name in MEASURED
        for device in devices_with(case, name)
    }
    soc = {}
    for device in devices_with(case, "soc"):
        held = measured_values(connection, of_site, Measured("soc", device), now - HOUR, now)
        if len(held):
            soc[device] = (held.index[-1], float(held["value"].iloc[-1]))
    return departure_from(case, planned, measured, soc, now)
