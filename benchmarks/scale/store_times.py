"""Time the store of scenarios and the scheduling around it: `python -m benchmarks --store` prints the table.

Overhead is what a batch of tasks takes more than its tasks alone would on as many processes. Tasks only
sleep, for as long as a short scenario computes, so that other work on the machine lengthens them little.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from benchmarks.table import machine
from parkdispatch.models.device import Array
from parkdispatch.results.io.scenario_records import Record, ScenarioRecords
from parkdispatch.results.io.scenario_store import RECORDS, ScenarioStore
from parkdispatch.studies.sizing.scenario_evaluation import compute_missing_scenarios
from parkdispatch.studies.task_cluster import TaskCluster

NUMBERS, SHAPE = 12, (6, 5)  # of a scenario of the built-in size study: doubts, and figures of five choices
WRITERS, WRITES = 8, 100  # processes that append at once, and scenarios of each
PROCESSES, TASKS, TASK_S, EMPTY_TASKS = 2, 40, 1.0, 2000
QUESTION = {"benchmark": "scenarios"}
APPEND = "from benchmarks.scale.store_times import append; import sys; append(sys.argv[1], int(sys.argv[2]))"


def time_store(scenarios: int, runs: int, progress: Callable[[str], None]) -> str:
    """The table: appends by several processes at once, opening so many scenarios, overhead of a batch."""
    with TemporaryDirectory() as folder:
        progress("appends")
        append_ms = _append_ms(Path(folder) / "appends")
        progress("opening")
        open_s = _open_s(Path(folder) / "opened", scenarios, runs)
        progress("scheduling")
        overhead, empty_ms = _scheduled(Path(folder))
    ran_on = ", ".join(f"{what} {text}" for what, text in machine().items())
    rows = [
        ("what", "figure"),
        ("---", "---:"),
        (f"append a scenario, {WRITERS} processes at once, ms each", f"{append_ms:.1f}"),
        (f"open {scenarios:,} scenarios, s, median of {runs}", f"{open_s:.2f}"),
        (
            f"overhead of scheduling and storing {TASKS} tasks of {TASK_S:.0f} s on {PROCESSES} processes",
            f"{overhead:.1%}",
        ),
        ("schedule, run and keep a task that does nothing, ms", f"{empty_ms:.1f}"),
    ]
    return f"{ran_on}.\n\n" + "\n".join(f"| {name} | {figure} |" for name, figure in rows) + "\n"


def append(file: str, first: int) -> None:
    """Append scenarios, each in a transaction of its own: one of the writers."""
    rows, figures = _numbers(WRITES)
    records = ScenarioRecords(Path(file))
    for number in range(WRITES):
        records.write([Record(first + number, "benchmark", rows[number], figures[number].ravel())])


def _append_ms(folder: Path) -> float:
    folder.mkdir()
    words = [sys.executable, "-c", APPEND, str(folder / RECORDS)]
    began = time.perf_counter()
    writers = [subprocess.Popen([*words, str(number * WRITES)]) for number in range(WRITERS)]
    if any(writer.wait() for writer in writers):
        raise RuntimeError("a writer failed")
    spent = time.perf_counter() - began
    kept, damaged = ScenarioRecords(folder / RECORDS).read(WRITERS * WRITES)
    if len(kept) < WRITERS * WRITES or damaged:
        raise RuntimeError(f"{len(kept)} of {WRITERS * WRITES} scenarios were kept")
    return 1000.0 * spent / (WRITERS * WRITES)


def _open_s(folder: Path, scenarios: int, runs: int) -> float:
    rows, figures = _numbers(scenarios)
    with ScenarioStore.opened(folder, QUESTION, SHAPE) as store:
        store.write(dict(enumerate(figures)), rows)
    table, spent = pd.DataFrame(rows), []
    for _ in range(runs):
        began = time.perf_counter()
        with ScenarioStore.opened(folder, QUESTION, SHAPE) as store:
            if len(store.read(table)) < scenarios:
                raise RuntimeError("scenarios are missing")
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def _scheduled(folder: Path) -> tuple[float, float]:
    """Share by which a batch takes longer than its tasks, and what an empty task takes [ms].

    The processes run and know the work already.
    """
    with TaskCluster(workers=PROCESSES) as cluster:

        def spent_s(tasks: int, task_s: float, store: Path | None) -> float:
            table, kept, began = pd.DataFrame(_numbers(tasks)[0]), (store, QUESTION), time.perf_counter()
            compute_missing_scenarios(asleep, task_s, SHAPE, table, cluster, kept, _silent, _silent)
            return time.perf_counter() - began

        spent_s(TASKS, 0.0, None)
        overhead = spent_s(TASKS, TASK_S, folder / "slept") / (TASKS * TASK_S / PROCESSES) - 1.0
        return overhead, 1000.0 * spent_s(EMPTY_TASKS, 0.0, folder / "empty") / EMPTY_TASKS


def asleep(seconds: float, row: Array) -> Array:
    """The figures of a scenario, after so long."""
    time.sleep(seconds)
    return np.full(SHAPE, row.sum())


def _numbers(count: int) -> tuple[Array, Array]:
    drawn = np.random.default_rng(1)
    return drawn.normal(size=(count, NUMBERS)), drawn.normal(size=(count, *SHAPE))


def _silent(_: str) -> None:
    pass
