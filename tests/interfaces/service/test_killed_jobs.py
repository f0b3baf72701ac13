"""A service that is killed while a job runs: the job begins anew, and nothing is lost or doubled by it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from parkdispatch.interfaces.service.job_process import run_job
from parkdispatch.interfaces.service.job_submission import submit
from parkdispatch.interfaces.service.requests.command_requests import REQUESTS
from parkdispatch.interfaces.service.service_state import Service, open_service
from parkdispatch.operations.jobs.job_folder import JobFolder, Outcome
from parkdispatch.operations.ledger.ledger_store import Author
from parkdispatch.operations.ledger.ledger_summary import ledger_tables
from parkdispatch.operations.ledger.measurements import record_value
from parkdispatch.operations.ledger.plan_versions import send_plan
from tests.support.ledgers.ledger_cases import meter_file
from tests.support.services.small_service import prepared_service
from tests.support.small_case import pv_mw

NOW = datetime(2026, 7, 16, tzinfo=UTC)
DAY = "2026-07-15"
LI = Author("Li", NOW)
METERS = {  # a day by hour [MW], the sun as the small park has it
    "load": lambda hour: 100.0,
    "pv": pv_mw,
    "import": lambda hour: 100.0 - pv_mw(hour),
}
PLAN = {"case": "small", "day": DAY, "peak_so_far_mw": 120.0}
SETTLE = {"case": "small", "day": DAY, "bill": False}


def rows(service: Service) -> dict[str, int]:
    """Number of rows of each table of the ledger."""
    return {name: len(table) for name, table in ledger_tables(service.ledger).items()}


def run_to_the_commit(service: Service, identifier: str) -> Outcome:
    """The process of the next job: all that it does but say how it ended."""
    job = service.jobs.begin_next(NOW)
    assert job is not None
    assert job.id == identifier
    folder = JobFolder(service.worker.folder, job.id)
    folder.prepare(job.words)
    return run_job(folder)


def killed_and_begun_anew(service: Service, kind: str, body: Mapping[str, Any]) -> Service:
    """Kill the service when a job has written to the ledger and not said so; the service after it."""
    (user,) = [item for item in service.tokens.users() if item.name == "send"]
    before = rows(service)
    job, _ = submit(service, kind, REQUESTS[kind](**body), user)
    assert run_to_the_commit(service, job.id).exit_code == 0, kind
    written = rows(service)
    assert written != before
    again = open_service(service.settings)
    assert again.worker._recover() == [f"{kind} {job.id}: begins anew, the service ended while it ran"]
    outcome = run_to_the_commit(again, job.id)
    JobFolder(again.worker.folder, job.id).write_outcome(outcome)
    last = open_service(service.settings)
    assert last.worker._recover() == []
    ended = last.jobs.get(job.id)
    assert ended is not None
    assert (ended.state, ended.attempts, ended.problems) == ("done", 2, ())
    assert rows(last) == written
    return last


def test_an_import_a_plan_and_a_settlement_that_were_killed_are_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, _ = prepared_service(tmp_path)
    for name, shape in METERS.items():
        content = meter_file(
            tmp_path / "meters.csv", [shape(number / 4) for number in range(96)]
        ).read_bytes()
        upload = service.uploads.add("send", f"{name}.csv", content).id
        body = {"case": "small", "upload": upload, "quantities": [name]}
        if name == "load":
            service = killed_and_begun_anew(service, "import", body)
        else:
            from parkdispatch.operations.ledger.measurements import import_file

            import_file(
                service.ledger,
                service.cases.case("small"),
                Path(service.uploads.path(upload, "send")),
                [name],
                LI,
            )
    park = service.cases.case("small")
    record_value(service.ledger, park, "soc", 0.2, pd.Timestamp(f"{DAY} 00:00"), LI)
    service = killed_and_begun_anew(service, "plan", PLAN)
    send_plan(service.ledger, park, pd.Timestamp(DAY).date(), 1, LI)
    killed_and_begun_anew(service, "settle", SETTLE)
