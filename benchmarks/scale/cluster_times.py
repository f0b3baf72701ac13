"""Scenarios on a cluster: `python -m benchmarks --cluster` starts one here and says how far it would go.

Dask's scheduler and eight workers run as they would on other machines, each a process of its own, with
certificates and encryption. The scenarios are those of the built-in case. Needs `openssl` for certificates.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import cloudpickle
import numpy as np

from benchmarks.table import machine
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.variations.scenarios import scenario_table
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.studies.dask_client import TlsFiles
from parkdispatch.studies.sizing.existing_park import ExistingPark, require_increment_inputs
from parkdispatch.studies.sizing.offers import attempted_offers, choices_of
from parkdispatch.studies.sizing.scenario_evaluation import (
    ScenarioInputs,
    WorkerInputs,
    evaluate_scenarios,
    scenario_figures,
)
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from parkdispatch.studies.study_tasks import Attempts
from parkdispatch.studies.task_cluster import TaskCluster

CASE = "gaoan"
WORKERS, PROCESSES = 8, 2  # of the cluster, and without one
TIMED = 3  # scenarios whose processor time is measured, in this process
EMPTY_TASKS = 4000
CORES = 1000  # of the cluster that the table speaks of
PATIENCE_S = 120.0
CERTIFICATES = (
    "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority",
    "req -newkey rsa:2048 -nodes -keyout key.pem -out cert.csr -subj /CN=localhost",
    "x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2",
)
Progress = Callable[[str], None]


def time_cluster(scenarios: int, progress: Progress) -> str:
    """The table, of so many scenarios. Raises RuntimeError where the cluster finds other figures."""
    inputs = _inputs(scenarios, progress)
    shared, row = inputs.of_workers, inputs.table.to_numpy(np.float64)
    payload_mb = len(cloudpickle.dumps(shared)) / 1e6
    progress("one scenario after the other")
    scenario_s = statistics.median(_processor_s(shared, row[number]) for number in range(TIMED))
    progress(f"{PROCESSES} processes without a cluster")
    alone_s, alone = _evaluated_s(inputs, TaskCluster(workers=PROCESSES), progress)
    with TemporaryDirectory() as folder, _cluster(Path(folder), progress) as (address, tls, started_s):
        cluster_s, figures = _evaluated_s(inputs, TaskCluster(address, tls=tls), progress)
        with TaskCluster(address, tls=tls) as cluster:
            first_s = _tasks_s(cluster, shared, WORKERS)
            empty_ms = 1000 * _tasks_s(cluster, shared, EMPTY_TASKS) / EMPTY_TASKS
    if alone.tobytes() != figures.tobytes():
        raise RuntimeError("the cluster's figures differ from those of this machine's processes")
    per_second = CORES / scenario_s
    rows = [
        ("what", "figure"),
        ("---", "---:"),
        ("processor time of a scenario, s", f"{scenario_s:.1f}"),
        ("what all scenarios share, MB", f"{payload_mb:.1f}"),
        (f"until {WORKERS} workers are there, with TLS, s", f"{started_s:.1f}"),
        (f"until each of {WORKERS} has what is shared and has done a task, s", f"{first_s:.2f}"),
        (f"{scenarios} scenarios, {PROCESSES} processes without a cluster, s", f"{alone_s:.0f}"),
        (f"{scenarios} scenarios, {WORKERS} workers with TLS on as many cores, s", f"{cluster_s:.0f}"),
        (f"a task that does nothing, {WORKERS} workers with TLS, ms", f"{empty_ms:.1f}"),
        (f"scenarios that {CORES:,} such cores end in a second", f"{per_second:.0f}"),
        ("scenarios that one scheduler hands out in a second", f"{1000 / empty_ms:.0f}"),
        ("cores that one scheduler keeps busy", f"{1000 / empty_ms * scenario_s:,.0f}"),
    ]
    ran_on = ", ".join(f"{what} {text}" for what, text in machine().items())
    return f"{ran_on}.\n\n" + "\n".join(f"| {name} | {figure} |" for name, figure in rows) + "\n"


def _inputs(scenarios: int, progress: Progress) -> ScenarioInputs:
    """Scenarios of the case, with its offers as they stand as the references."""
    case, options = load_case(CASE, whole_year=True), SolveOptions()
    sizing, _ = require_increment_inputs(case)
    existing = ExistingPark.of(case, SolveContext(options, progress))
    worths = attempted_offers(existing, choices_of(sizing), Attempts())
    choices = [worth.choice for worth in worths]
    references = {worth.choice.key: worth for worth in worths}
    return ScenarioInputs(case, choices, references, scenario_table(case, str(scenarios)), options)


def _processor_s(shared: WorkerInputs, row: Array) -> float:
    began = time.process_time()
    scenario_figures(shared, row)
    return time.process_time() - began


def _evaluated_s(inputs: ScenarioInputs, cluster: TaskCluster, progress: Progress) -> tuple[float, Array]:
    """Seconds of the scenarios once the processes are there, and their figures."""
    with cluster:
        _tasks_s(cluster, None, 1)  # the first imports what all need
        began = time.perf_counter()
        risk, errors = evaluate_scenarios(inputs, cluster, None, progress)
        spent_s = time.perf_counter() - began
    if risk is None or errors:
        raise RuntimeError(f"scenarios failed: {errors}")
    return spent_s, np.concatenate(
        [risk[name].to_numpy().ravel() for name in sorted(map(str, risk.data_vars))]
    )


def _tasks_s(cluster: TaskCluster, shared: object, tasks: int) -> float:
    """Seconds of so many tasks that do nothing with what they share."""
    began = time.perf_counter()
    for _ in cluster.batches(nothing, shared, {number: np.zeros(1) for number in range(tasks)}):
        pass
    return time.perf_counter() - began


def nothing(_: object, numbers: Array) -> Array:
    """What a task without work gives back."""
    return numbers


def certificates(folder: Path) -> TlsFiles:
    """An authority, and a certificate that it signed for scheduler, worker and client alike."""
    for line in CERTIFICATES:
        subprocess.run(["openssl", *line.split()], cwd=folder, check=True, capture_output=True)
    return TlsFiles(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")


@contextmanager
def _cluster(folder: Path, progress: Progress) -> Iterator[tuple[str, TlsFiles, float]]:
    """A scheduler and workers as processes of their own: address, certificates, seconds to begin."""
    tls = certificates(folder)
    words = ["--protocol", "tls://", "--host", "127.0.0.1", "--no-dashboard"]
    words += ["--tls-ca-file", str(tls.ca_file), "--tls-cert", str(tls.cert), "--tls-key", str(tls.key)]
    told = folder / "scheduler.json"
    workers = ["--nworkers", str(WORKERS), "--nthreads", "1"]
    dask = [sys.executable, "-m", "dask"]
    progress(f"a scheduler and {WORKERS} workers")
    environment = os.environ | {"DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True"}
    began = time.perf_counter()
    with (folder / "log").open("wb") as log:
        processes = [
            subprocess.Popen([*dask, *line], stdout=log, stderr=log, env=environment)
            for line in (
                ["scheduler", *words, "--port", "0", "--scheduler-file", str(told)],
                ["worker", *words, "--scheduler-file", str(told), *workers],
            )
        ]
        try:
            while not (told.exists() and told.read_text(encoding="utf-8")):
                _require_patience(began, folder)
                time.sleep(0.05)
            address = str(json.loads(told.read_text(encoding="utf-8"))["address"])
            while _workers_at(address, tls) < WORKERS:
                _require_patience(began, folder)
                time.sleep(0.05)
            yield address, tls, time.perf_counter() - began
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait(PATIENCE_S)


def _workers_at(address: str, tls: TlsFiles) -> int:
    try:
        with TaskCluster(address, tls=tls) as cluster:
            return cluster.processes
    except InputError:  # none is there yet
        return 0


def _require_patience(began: float, folder: Path) -> None:
    if time.perf_counter() - began > PATIENCE_S:
        raise RuntimeError(f"the cluster did not begin: {(folder / 'log').read_text(encoding='utf-8')}")
