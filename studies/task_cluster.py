"""A task cluster: many small tasks in parallel, on all cores of this machine or on a cluster, by Dask.

The data that all tasks share travels once to each worker process; a task is a small array of numbers, and
so is its result. Tasks of a lost worker are repeated by another. Results do not depend on the worker: a task
sees only the shared data and its numbers, and a process runs one task at a time.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.errors import InputError, ParkdispatchError, SolverError
from parkdispatch.results.failed_tasks import internal_error
from parkdispatch.results.io.provenance import program_versions, version_differences
from parkdispatch.studies.dask_client import (
    TlsFiles,
    address_problems,
    local_client,
    program_mismatch,
    remote_client,
    without_dask_logs,
)
from parkdispatch.studies.solve_options import Progress, ignore_progress
from parkdispatch.studies.task_progress import TaskProgress

if TYPE_CHECKING:
    from distributed import Client

Array = NDArray[np.float64]
Work = Callable[[Any, Array], Array]
Outcome = Array | ParkdispatchError  # of a task
POLL_S = 0.02  # between polls for finished tasks
MOST_FAILURES = 10  # tasks that failed, without one that did not, after which the batch is given up
ONE_AT_A_TIME = threading.Lock()  # Pyomo's models and the threads of HiGHS are global to a process


@dataclass(frozen=True)
class SharedTask:
    """What all tasks of a batch share."""

    work: Work
    shared: Any
    program: Mapping[str, str]


def _unpickled(pickled: bytes) -> SharedTask:
    """Unpickle the shared data in a worker. A Dask task itself, so that Dask repeats it where it was lost."""
    import cloudpickle

    shared_task: SharedTask = cloudpickle.loads(pickled)
    return shared_task


def _run_task(numbers: Array, shared_task: SharedTask) -> Array:
    """Run one task in a worker. Versions are compared for each task, because workers come and go."""
    if differences := version_differences(program_versions(), dict(shared_task.program)):
        raise InputError(f"argument `scheduler`: {program_mismatch('a worker', differences)}")
    with ONE_AT_A_TIME:
        return np.asarray(shared_task.work(shared_task.shared, numbers), dtype=np.float64)


class TaskCluster:
    """Worker processes for the duration of a `with` block: local ones, or those of a scheduler's address."""

    def __init__(
        self, scheduler: str | None = None, workers: int | None = None, tls: TlsFiles | None = None
    ) -> None:
        """`workers` is the number of local processes; by default one per core. Raises InputError.

        `tls` are the certificates for a scheduler at tls://host:port.
        """
        problems = address_problems(scheduler, tls)
        if workers is not None and workers < 1:
            problems.append(f"argument `workers` = {workers}: must be 1 or more")
        if problems:
            raise InputError(problems)
        self._scheduler, self._workers, self._tls = scheduler, workers, tls
        self._open = ExitStack()
        self._client: Client | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(without_dask_logs())
            if self._scheduler is None:
                self._client = local_client(stack, self._workers)
            else:
                self._client = remote_client(stack, self._scheduler, self._tls)
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client = None
        self._open.close()

    @property
    def processes(self) -> int:
        """The workers that are there now, inside the `with` block."""
        return 0 if self._client is None else len(self._client.nthreads())

    def batches(
        self,
        work: Work,
        shared: Any,
        tasks: Mapping[int, Array],
        progress: Progress = ignore_progress,
        what: str = "task",
    ) -> Iterator[list[tuple[int, Outcome]]]:
        """Yield numbers and results, `work(shared, numbers)`, of the tasks that have finished meanwhile.

        `work` is a function of a module; `shared` can be pickled. A failed task yields its error instead,
        each line naming `what` and the task's number; so does every unfinished task where the scheduler is
        lost, or the first `MOST_FAILURES` tasks all fail.
        """
        import cloudpickle
        from distributed import as_completed

        client = self._client
        if client is None:
            raise RuntimeError("a task cluster works inside its `with` block only")
        if not tasks:
            return
        pickled = cloudpickle.dumps(SharedTask(work, shared, program_versions()))
        shared_task = client.submit(_unpickled, pickled, pure=False)
        futures = client.map(_run_task, list(tasks.values()), shared_task=shared_task, pure=False)
        unfinished = {future.key: number for number, future in zip(tasks, futures, strict=True)}
        completed = as_completed(futures, loop=client.loop, with_results=True, raise_errors=False)
        del futures  # so that each result is released once it is read
        failures = finished = 0
        task_progress = TaskProgress(len(tasks), what, progress)
        given_up = ""
        while unfinished and not given_up:
            batch, outcomes = completed.next_batch(block=False), list[tuple[int, Outcome]]()
            for future, result in batch:
                number = unfinished.pop(future.key)
                task_progress.count()
                if future.status == "finished":
                    finished += 1
                    outcomes.append((number, result))
                elif future.status == "error":
                    failures += 1
                    outcomes.append((number, _failure(result, what, number)))
                else:
                    unfinished[future.key] = number
                    argument = f"argument `scheduler` = {self._scheduler or 'none'}"
                    given_up = f"{argument}: is gone, or gave the {what}s up; what was finished is kept"
                    break
            if outcomes:
                yield outcomes
            if failures >= MOST_FAILURES and not finished:
                given_up = f"not tried, because the first {failures} {what}s all failed"
            if not batch:
                time.sleep(POLL_S)
                task_progress.wait(client)
        if unfinished:
            yield [(number, SolverError(given_up)) for number in unfinished.values()]


def _failure(result: Any, what: str, number: int) -> ParkdispatchError:
    """The error of a failed task, naming it."""
    from distributed.scheduler import KilledWorker

    error = result[1] if isinstance(result, tuple) else result
    if isinstance(error, ParkdispatchError):
        return error.about(f"{what} {number}")
    if isinstance(error, KilledWorker):
        return SolverError(
            f"{what} {number}: several workers ended while they computed it; is there memory enough?"
        )
    return ParkdispatchError(f"{what} {number}: {internal_error(error)}")
