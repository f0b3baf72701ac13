"""Jobs are kept, run in processes of their own, cancelled, and begun anew after a service that was killed."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from parkdispatch.models.errors import InputError
from parkdispatch.operations.jobs.job_folder import JobFolder, Outcome
from parkdispatch.operations.jobs.job_store import (
    Job,
    JobRequest,
    JobStore,
    ReusedKeyError,
    TooManyJobsError,
)
from parkdispatch.operations.jobs.job_worker import JobWorker
from parkdispatch.operations.jobs.service_database import REVISION_FILES, ServiceDatabase
from parkdispatch.operations.jobs.service_tables import REVISIONS, service_metadata
from tests.support.services.small_service import FAKE_JOB

NOW = datetime(2026, 7, 15, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    database = ServiceDatabase(tmp_path / "service.sqlite")
    database.prepare()
    return JobStore(database)


def worker_of(store: JobStore, folder: Path, command: tuple[str, ...] = FAKE_JOB) -> JobWorker:
    return JobWorker(store, folder, command, lambda: NOW)


def request(variant: str = "", **more: str) -> JobRequest:
    return JobRequest("plan", ("plan", "small", f"--variant={variant}", "--out={out}"), "Li", "small", **more)


def run(store: JobStore, folder: Path, variant: str) -> Job:
    worker = worker_of(store, folder)
    job, _ = store.submit(request(variant), NOW)
    worker.start()
    try:
        found = worker.wait_for(job.id, 30)
    finally:
        worker.stop()
    assert found is not None
    return found


def test_the_migrations_make_the_tables_and_each_names_the_one_before(
    store: JobStore, tmp_path: Path
) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with ServiceDatabase(tmp_path / "service.sqlite").reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, service_metadata) == []
    assert sorted(path.stem for path in REVISION_FILES.glob("*.py")) == sorted(REVISIONS)


def test_a_database_of_a_newer_program_is_refused_and_left(store: JobStore, tmp_path: Path) -> None:
    path = tmp_path / "service.sqlite"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'later'")
    before = path.read_bytes()
    with pytest.raises(InputError, match="is at revision later, which a newer parkdispatch has made"):
        ServiceDatabase(path).prepare()
    assert path.read_bytes() == before


def test_a_job_leaves_its_files_and_its_figures(store: JobStore, tmp_path: Path) -> None:
    job = run(store, tmp_path, "")
    folder = JobFolder(tmp_path, job.id)
    assert (job.state, job.exit_code, job.attempts) == ("done", 0, 1)
    assert sorted(folder.files()) == ["report.html", "summary.json"]
    assert folder.summary()["words"][-1] == f"--out={folder.out}"
    assert folder.last_step() == "reading inputs"


def test_a_job_that_is_refused_or_crashes_fails_by_name(store: JobStore, tmp_path: Path) -> None:
    refused, crashed = run(store, tmp_path, "refuse"), run(store, tmp_path, "crash")
    assert (refused.state, refused.exit_code) == ("failed", 2)
    assert refused.problems[0].startswith("argument `quality` = good")
    assert crashed.state == "failed"
    assert crashed.problems == (f"plan {crashed.id}: its process ended by itself with signal 6",)


def test_a_cancelled_job_is_killed_and_stays_cancelled(store: JobStore, tmp_path: Path) -> None:
    worker = worker_of(store, tmp_path)
    job, _ = store.submit(request("hang"), NOW)
    waiting, _ = store.submit(request("hang"), NOW + timedelta(seconds=1))
    worker.start()
    try:
        while not worker.running:
            worker.wait_for(job.id, 0.05)
        for item in (job, waiting):
            assert worker.cancel(item.id)
            assert not worker.cancel(item.id)
    finally:
        worker.stop()
    assert {item.state for item in store.jobs()} == {"cancelled"}
    assert worker.running == 0


def test_what_ran_when_the_service_was_killed_begins_anew_and_at_last_fails(
    store: JobStore, tmp_path: Path
) -> None:
    job, _ = store.submit(request(), NOW)
    for attempt in (1, 2):
        assert store.begin_next(NOW) is not None  # and the service is killed
        worker = worker_of(store, tmp_path)
        assert worker._recover() == [f"plan {job.id}: begins anew, the service ended while it ran"]
        found = store.get(job.id)
        assert found is not None
        assert (found.state, found.attempts) == ("queued", attempt)
    store.begin_next(NOW)
    assert worker._recover() == [f"plan {job.id}: the service ended 3 times while it ran"]
    found = store.get(job.id)
    assert found is not None
    assert found.state == "failed"


def test_what_ended_while_the_service_was_killed_is_done(store: JobStore, tmp_path: Path) -> None:
    job, _ = store.submit(request(), NOW)
    store.begin_next(NOW)
    folder = JobFolder(tmp_path, job.id)
    folder.prepare(job.words)
    folder.write_outcome(Outcome(0))
    assert worker_of(store, tmp_path)._recover() == []
    found = store.get(job.id)
    assert found is not None
    assert found.state == "done"


def test_a_program_that_cannot_be_started_fails_the_job(store: JobStore, tmp_path: Path) -> None:
    worker = worker_of(store, tmp_path, (str(tmp_path / "nothing"),))
    job, _ = store.submit(request(), NOW)
    worker.start()
    found = worker.wait_for(job.id, 30)
    worker.stop()
    assert found is not None
    assert "cannot be run" in found.problems[0]


def test_the_same_key_is_the_same_job(store: JobStore) -> None:
    first, is_new = store.submit(request(idempotency_key="a", request_sha256="1"), NOW)
    again, is_new_again = store.submit(request(idempotency_key="a", request_sha256="1"), NOW)
    assert (is_new, is_new_again, again.id) == (True, False, first.id)
    with pytest.raises(ReusedKeyError):
        store.submit(request(idempotency_key="a", request_sha256="2"), NOW)
    assert store.submit(request(), NOW)[1]
    with pytest.raises(TooManyJobsError):
        store.submit(request(), NOW, most_unfinished=2)


def test_jobs_begin_in_order(store: JobStore) -> None:
    late, _ = store.submit(request(), NOW + timedelta(seconds=1))
    early, _ = store.submit(request(), NOW)
    begun = [store.begin_next(NOW), store.begin_next(NOW), store.begin_next(NOW)]
    assert [job and job.id for job in begun] == [early.id, late.id, None]


def test_a_process_ends_with_its_service(tmp_path: Path) -> None:
    """Whatever ends the service closes the pipe."""
    import subprocess

    from parkdispatch.interfaces.service.job_process import ORPHANED

    code = "from parkdispatch.interfaces.service.job_process import _end_with_service as e; e()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    assert child.stdin is not None
    assert child.poll() is None
    child.stdin.close()
    assert child.wait(60) == ORPHANED


def test_a_link_in_the_folder_of_a_job_is_none_of_its_files(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path, "job")
    folder.prepare([])
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    (folder.out / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder.out / "inner").mkdir()
    (folder.out / "plan.csv").write_text("", encoding="utf-8")
    assert list(folder.files()) == ["plan.csv"]
