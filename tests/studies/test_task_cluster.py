"""A cluster: the same answers whoever computes them, little on the wire, lost workers made up for."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.scale.cluster_times import certificates
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, InputError, ParkdispatchError, SolverError
from parkdispatch.results.io import provenance
from parkdispatch.results.io.provenance import program_versions
from parkdispatch.studies import dask_client
from parkdispatch.studies.dask_client import TlsFiles, tls_files
from parkdispatch.studies.task_cluster import TaskCluster
from parkdispatch.studies.task_progress import duration
from tests.support import cluster_work
from tests.support.cluster_work import Counting, each
from tests.support.paths import environment

TASKS = dict(enumerate(cluster_work.table(12).to_numpy()))


def computed_by(cluster: TaskCluster) -> Array:
    """The results of all tasks in their order."""
    results = dict(each(cluster, cluster_work.figures, {"scale": 1.0}, TASKS))
    return np.array([results[n] for n in TASKS])


def same_bits(first: Array, second: Array) -> bool:
    return first.shape == second.shape and first.tobytes() == second.tobytes()


def test_tasks_are_done(cluster: TaskCluster) -> None:
    assert same_bits(computed_by(cluster), cluster_work.expected(12))
    assert list(each(cluster, cluster_work.figures, {}, {})) == []


def test_what_is_shared_travels_once_and_tasks_are_small(
    cluster: TaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A megabyte shared by 200 tasks: each process receives it once, and a task is below a kilobyte."""
    from distributed.protocol import dumps

    assert cluster._client is not None
    sent: list[int] = []
    send = cluster._client._send_to_scheduler

    def counted(message: Any) -> None:
        sent.append(sum(len(frame) for frame in dumps(message)))
        send(message)

    monkeypatch.setattr(cluster._client, "_send_to_scheduler", counted)
    size, count = 1_000_000, 200
    tasks = {n: np.arange(8.0) for n in range(count)}
    arrivals = np.array(
        [numbers for _, numbers in each(cluster, cluster_work.arrivals, Counting(size), tasks)]
    )
    assert len(np.unique(arrivals[:, 0])) == 2, "one process did it all"
    assert (arrivals[:, 1] == 1).all(), "what is shared came to a process more than once"
    assert (arrivals[:, 2] == size).all()
    assert size < sum(sent) < size + 1000 * count, f"{sum(sent)} bytes left for the scheduler"


def test_a_killed_worker_changes_nothing(cluster: TaskCluster) -> None:
    """Both processes are ended in the middle, one after the other."""
    pids = {int(numbers[0]) for _, numbers in each(cluster, cluster_work.arrivals, Counting(1), dict(TASKS))}
    assert len(pids) == 2
    answers: dict[int, Array] = {}
    for key, numbers in each(cluster, cluster_work.figures, {"scale": 1.0, "sleep_s": 0.1}, TASKS):
        answers[key] = numbers
        if len(answers) in (2, 5) and pids:
            os.kill(pids.pop(), signal.SIGKILL)
    assert not pids
    assert same_bits(np.array([answers[n] for n in TASKS]), cluster_work.expected(12))


def test_what_fails_is_named_and_the_rest_is_done(cluster: TaskCluster) -> None:
    tasks = {n: np.array([float(n)]) for n in range(6)}
    for kind, error, said in (
        ("input", InputError, "scenario {}: `price` = {}: must be less\nscenario {}: `load`: must be more"),
        ("infeasible", InfeasibleError, "scenario {}: limits conflict"),
        (
            "bug",
            ParkdispatchError,
            "scenario {}: internal error, please report it: ZeroDivisionError: a bug",
        ),
    ):
        got = dict(each(cluster, cluster_work.failing, kind, tasks, what="scenario"))
        assert sorted(got) == list(range(6))
        assert all(np.array_equal(got[n], tasks[n]) for n in (0, 1, 3, 4)), "what did not fail is lost"
        for n in (2, 5):
            assert type(got[n]) is error
            assert str(got[n]) == said.replace("{}", str(n))


def test_tasks_that_all_fail_are_given_up(cluster: TaskCluster) -> None:
    """Of fifty, each failing, some beyond the first ten are not tried; every one has its error."""
    tasks = {n: np.array([2.0]) for n in range(50)}
    got = dict(each(cluster, cluster_work.failing, "infeasible", tasks))
    assert len(got) == 50
    untried = [error for error in got.values() if "not tried, because the first" in str(error)]
    assert 0 < len(untried) <= 40


def test_a_task_that_ends_every_worker_is_an_error(
    cluster: TaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the first worker that ends is one too many."""
    assert cluster._client is not None
    monkeypatch.setattr(cluster._client.cluster.scheduler, "allowed_failures", 0)
    ((_, error),) = each(cluster, cluster_work.failing, "die", {2: np.array([2.0])}, what="scenario")
    assert isinstance(error, SolverError)
    assert str(error).startswith("scenario 2: several workers ended while they computed it")


def test_progress_has_the_time_left(cluster: TaskCluster) -> None:
    said: list[str] = []
    list(each(cluster, cluster_work.figures, {"scale": 1.0, "sleep_s": 0.1}, TASKS, said.append, "scenario"))
    assert said[0].startswith("1 of 12 scenarios, ") and said[0].endswith(" s left")
    assert said[-1] == "12 of 12 scenarios"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (99, "99 s"), (99.6, "2 min"), (3599, "1 h 00 min"), (11100, "3 h 05 min")],
)
def test_a_duration_as_people_say_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    "text", ["here", "tcp://here", "tcp://:8786", "http://a:8786", "tcp://a:99999", "tcp://a b:1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(
        InputError, match=r"argument `scheduler` = .*: must be an address such as tcp://host:8786"
    ):
        TaskCluster(text)


def test_no_worker_is_refused() -> None:
    with pytest.raises(InputError, match="argument `workers` = 0: must be 1 or more"):
        TaskCluster(workers=0)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("listens", [False, True])
def test_where_no_scheduler_answers(listens: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody there, or somebody who is no scheduler."""
    monkeypatch.setattr(dask_client, "PATIENCE_S", 1.5)
    with closing(socket.socket()) as other:
        port = free_port()
        if listens:
            other.bind(("127.0.0.1", port))
            other.listen()
        began = time.monotonic()
        with pytest.raises(
            InputError, match=f"argument `scheduler` = tcp://127.0.0.1:{port}: no Dask scheduler answers"
        ):
            TaskCluster(f"tcp://127.0.0.1:{port}").__enter__()
    assert time.monotonic() - began < 10
    assert not [
        thread
        for thread in threading.enumerate()
        if not thread.daemon and thread is not threading.main_thread()
    ]


def wait_until_it_listens(port: int) -> None:
    """Until a process that was started answers at its port, or 30 s have passed."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)


@contextmanager
def command(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command of Dask, as people start it on other machines, ended afterwards."""
    started = subprocess.Popen(
        [sys.executable, "-m", *words],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.terminate()
        started.wait(20)


@pytest.mark.slow
def test_a_scheduler_that_runs_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused without a worker or with a worker of another program; with one like this it does the work."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    scheduler = ("distributed.cli.dask_scheduler", "--host", address, "--no-dashboard")
    worker = ("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny")
    with command(*scheduler) as there:
        wait_until_it_listens(port)
        monkeypatch.setattr(dask_client, "PATIENCE_S", 1.0)
        with pytest.raises(InputError, match=f"`scheduler` = {address}: has no worker; must have one"):
            TaskCluster(address).__enter__()
        monkeypatch.undo()
        with command(*worker):
            with TaskCluster(address) as cluster:
                assert same_bits(computed_by(cluster), cluster_work.expected(12))
            monkeypatch.setattr(provenance, "versions", lambda: {"parkdispatch": "9.9", "python": "3.99"})
            program_versions.cache_clear()
            try:
                with pytest.raises(
                    InputError, match="runs another program: parkdispatch .* there and 9.9 here"
                ):
                    TaskCluster(address).__enter__()
            finally:
                monkeypatch.undo()
                program_versions.cache_clear()
            with TaskCluster(address) as cluster:
                got = {}
                for n, numbers in each(cluster, cluster_work.figures, {"scale": 1.0, "sleep_s": 0.2}, TASKS):
                    got[n] = numbers
                    there.kill()
            lost = [error for error in got.values() if isinstance(error, SolverError)]
            assert sorted(got) == sorted(TASKS) and 0 < len(lost) < len(TASKS)
            gone = f"argument `scheduler` = {address}: is gone, or gave the tasks up"
            assert all(gone in str(error) for error in lost)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes certificates")
def test_a_scheduler_that_asks_for_certificates(tmp_path: Path) -> None:
    """It does the work for a client with a certificate of its authority, and for no other."""
    from distributed import LocalCluster
    from distributed.security import Security

    tls = certificates(tmp_path)
    every_role = {
        f"tls_{role}_{kind}": str(path)
        for role in ("scheduler", "worker", "client")
        for kind, path in (("cert", tls.cert), ("key", tls.key))
    }
    security = Security(require_encryption=True, tls_ca_file=str(tls.ca_file), **every_role)
    in_this_process = {"processes": False, "protocol": "tls://", "host": "127.0.0.1", "security": security}
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", **in_this_process) as there:
        address = there.scheduler_address
        assert address.startswith("tls://")
        with TaskCluster(address, tls=tls) as cluster:
            assert same_bits(computed_by(cluster), cluster_work.expected(12))
        (tmp_path / "other").mkdir()
        with pytest.raises(InputError, match=f"argument `scheduler` = {address}: no Dask scheduler answers"):
            TaskCluster(address, tls=certificates(tmp_path / "other")).__enter__()


def test_certificates_that_are_missing_or_none(tmp_path: Path) -> None:
    nothing = TlsFiles(tmp_path / "a", tmp_path / "b", tmp_path / "c")
    with pytest.raises(InputError, match="must have certificates beside it: arguments `tls_ca_file`"):
        TaskCluster("tls://host:8786")
    with pytest.raises(InputError, match="argument `tls_ca_file` = .*a: is no certificate in PEM"):
        TaskCluster("tls://host:8786", tls=nothing)
    with pytest.raises(InputError, match="argument `tls_cert`: only a scheduler at tls://host:port"):
        TaskCluster("tcp://host:8786", tls=nothing)
    with pytest.raises(InputError, match="argument `tls_key` is missing: must be given beside the others"):
        tls_files(tmp_path / "a", tmp_path / "b", None)
