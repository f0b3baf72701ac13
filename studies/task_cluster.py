"""Many small tasks on all cores of this machine, or on a cluster of machines, by Dask.

What all tasks share travels once to each process; a task is a small array of numbers, and so is its result.
Tasks of a process that is lost are done by another, and nothing that a task finds depends on who does it:
each begins with nothing but the shared part and its numbers, and a process does one at a time.
"""

import asyncio
import logging
import re
import signal
import socket
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
from parkdispatch.results.io.provenance import program_versions, version_differences

if TYPE_CHECKING:
    from distributed import Client

Array = NDArray[np.float64]
Progress = Callable[[str], None]
Work = Callable[[Any, Array], Array]
ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):([0-9]{1,5})")
PATIENCE_S = 10.0  # for a scheduler to answer, and for a first worker of it
POLL_S = 0.02  # between looks at what has finished
LOOK_S = 2.0  # between looks at who is there, and words on how long it takes
MOST_FAILURES = 10  # tasks that failed, after which no more are waited for
ONE_AT_A_TIME = threading.Lock()  # Pyomo's models, and the threads of HiGHS, are those of a process


@dataclass(frozen=True)
class Sealed:
    """What all tasks of a run share."""

    work: Work
    shared: Any
    program: Mapping[str, str]


def dask_setup(_worker: object) -> None:
    """Dask calls this in each local process: control-C is the main process's business, which ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _opened(sealed: bytes) -> Sealed:
    """The shared part, in a worker. A task as others, so that Dask makes it anew where it was lost."""
    import cloudpickle

    found: Sealed = cloudpickle.loads(sealed)
    return found


def _done(numbers: Array, sealed: Sealed) -> Array:
    """One task, in a worker; the program there is looked at again, because workers come and go."""
    if wrong := version_differences(program_versions(), dict(sealed.program)):
        raise InputError(_other_program("a worker", wrong))
    with ONE_AT_A_TIME:
        return np.asarray(sealed.work(sealed.shared, numbers), dtype=np.float64)


def _other_program(who: str, wrong: list[str]) -> str:
    return (
        f"argument `scheduler`: {who} runs another program: {', '.join(wrong)}: must be the same, because"
        " figures could differ"
    )


class TaskCluster:
    """Processes to do tasks, for the time of a `with`: of this machine, or of the scheduler at an address."""

    def __init__(self, scheduler: str | None = None, workers: int | None = None) -> None:
        """`workers` is the number of local processes; left out, one a core. Raises InputError."""
        found = []
        if scheduler is not None and not _is_address(scheduler):
            found.append(f"argument `scheduler` = {scheduler}: must be an address such as tcp://host:8786")
        if workers is not None and workers < 1:
            found.append(f"argument `workers` = {workers}: must be 1 or more")
        if found:
            raise InputError(found)
        self._scheduler, self._workers = scheduler, workers
        self._open = ExitStack()
        self._client: Client | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(_quiet())
            self._client = _local(stack, self._workers) if self._scheduler is None else _remote(
                stack, self._scheduler
            )  # fmt: skip
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client = None
        self._open.close()

    def each(
        self,
        work: Work,
        shared: Any,
        tasks: Mapping[int, Array],
        progress: Progress = lambda _: None,
        what: str = "task",
    ) -> Iterator[tuple[int, Array]]:
        """`work(shared, numbers)` of each task, as they finish, with the task's number.

        `work` is a function of a module, `shared` can be pickled. A task that fails does not keep others
        from finishing; afterwards what failed is raised together, as the kind of error of the first, each
        line naming `what` and its number. Raises SolverError where the scheduler or every worker that tries
        a task is lost.
        """
        import cloudpickle
        from distributed import as_completed

        client = self._client
        if client is None:
            raise RuntimeError("a farm works inside its `with` only")
        if not tasks:
            return
        sealed = cloudpickle.dumps(Sealed(work, shared, program_versions()))
        common = client.submit(_opened, sealed, pure=False)
        futures = client.map(_done, list(tasks.values()), sealed=common, pure=False)
        number = {future.key: key for key, future in zip(tasks, futures, strict=True)}
        done = as_completed(futures, loop=client.loop, with_results=True, raise_errors=False)
        del futures  # results are let go as they are taken
        failed: dict[int, ParkdispatchError] = {}
        clock = _Clock(len(tasks), what, progress)
        while number and len(failed) < MOST_FAILURES:
            batch = done.next_batch(block=False)
            for future, result in batch:
                key = number.pop(future.key)
                clock.count()
                if future.status == "finished":
                    yield key, result
                elif future.status != "error":
                    who = f"argument `scheduler` = {self._scheduler or 'none'}"
                    raise SolverError(f"{who}: is gone, or gave the {what}s up; what was finished is kept")
                else:
                    failed[key] = _failure(result, what, key)
            if not batch:
                time.sleep(POLL_S)
                clock.look(client)
        if failed:
            raise _together(failed)


class _Clock:
    """Says how far a run is and how much longer it will take, now and then."""

    def __init__(self, total: int, what: str, progress: Progress) -> None:
        self._total, self._what, self._progress, self._done = total, what, progress, 0
        self._began = self._looked = self._ends = time.monotonic()

    def count(self) -> None:
        """One more is done."""
        self._done += 1
        now = time.monotonic()
        self._ends = now + (now - self._began) / self._done * (self._total - self._done)
        self._say(now)

    def look(self, client: "Client") -> None:
        """Nothing is done; say so where nobody is left to do it."""
        now = time.monotonic()
        if now - self._looked < LOOK_S:
            return
        self._looked = now
        if client.status == "running" and not client.nthreads():
            self._progress(f"{self._done} of {self._total} {self._what}s; no worker is left, waiting for one")
        else:
            self._say(now)

    def _say(self, now: float) -> None:
        left = f", {duration(self._ends - now)} left" if self._done and self._ends > now else ""
        self._progress(f"{self._done} of {self._total} {self._what}s{left}")


def duration(seconds: float) -> str:
    """A time as people say it: "40 s", "12 min", "3 h 05 min"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60.0), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def _is_address(text: str) -> bool:
    parts = ADDRESS.fullmatch(text)
    return parts is not None and 0 < int(parts[3]) < 65_536


def _failure(result: Any, what: str, key: int) -> ParkdispatchError:
    """Why a task has no result, in words. What is no error of ours is raised as it is."""
    from distributed.scheduler import KilledWorker

    error = result[1] if isinstance(result, tuple) else result
    if isinstance(error, InputError):
        return InputError([f"{what} {key}: {line}" for line in error.problems])
    if isinstance(error, ParkdispatchError):
        return type(error)(f"{what} {key}: {error}")
    if isinstance(error, KilledWorker):
        return SolverError(
            f"{what} {key}: several workers ended while they computed it; is there memory enough?"
        )
    raise error


def _together(failed: Mapping[int, ParkdispatchError]) -> ParkdispatchError:
    """One error of several, in the order of the tasks."""
    errors = [failed[key] for key in sorted(failed)]
    lines = [line for error in errors for line in str(error).splitlines()]
    return InputError(lines) if isinstance(errors[0], InputError) else type(errors[0])("\n".join(lines))


def _quiet() -> ExitStack:
    """Dask's words for administrators are kept off the screen, and are back afterwards."""
    stack = ExitStack()
    for name in ("distributed", "distributed.client", "distributed.comm", "distributed.worker", "asyncio"):
        logger = logging.getLogger(name)
        stack.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)
    return stack


def _local(stack: ExitStack, workers: int | None) -> "Client":
    from dask.system import CPU_COUNT
    from distributed import Client, LocalCluster

    loopback = socket.getaddrinfo(None, 0, family=socket.AF_INET)[0][4][0]
    cluster = LocalCluster(
        n_workers=workers or CPU_COUNT,
        threads_per_worker=1,
        processes=True,
        dashboard_address=f"{loopback}:0",  # left out, it is a fixed port, which a second run cannot have
        memory_limit=0,  # none: a process that is ended for its size would only begin again
        silence_logs=logging.CRITICAL,
        preload=[__name__],
    )
    stack.callback(cluster.close, timeout=PATIENCE_S)
    client: Client = stack.enter_context(Client(cluster, set_as_default=False))
    return client


async def _kind(address: str) -> str:
    """What of Dask answers at an address. Raises OSError if nothing does in time."""
    from distributed.core import rpc

    # a client's own limit of time does not end its wait for a peer that is mute
    async with rpc(address, timeout=PATIENCE_S) as there:
        found: dict[str, Any] = await asyncio.wait_for(there.identity(), PATIENCE_S)
    return str(found.get("type", ""))


def _remote(stack: ExitStack, address: str) -> "Client":
    import warnings

    from distributed import Client

    asked = f"argument `scheduler` = {address}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask warns of other versions; below they are refused
        try:
            if not asyncio.run(_kind(address)).endswith("Scheduler"):
                raise ValueError("another part of Dask")
            client = Client(address, timeout=PATIENCE_S, set_as_default=False)
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(
                f"{asked}: no Dask scheduler answers there within {PATIENCE_S:g} s; must be the address of"
                " one that runs, such as `dask scheduler` prints"
            ) from error
    stack.enter_context(client)
    try:
        client.wait_for_workers(1, timeout=PATIENCE_S)
    except TimeoutError:
        raise InputError(
            f"{asked}: has no worker; must have one, such as `dask worker {address} --nthreads 1`"
        ) from None
    _refuse_other_programs(client, asked)
    return client


def _refuse_other_programs(client: "Client", asked: str) -> None:
    """Raise InputError naming the workers whose program is not this one."""
    found = []
    for worker, there in client.run(program_versions, on_error="return").items():
        if isinstance(there, dict):
            if wrong := version_differences(there, program_versions()):
                found.append(f"{asked}: {_other_program(f'worker {worker}', wrong).partition(': ')[2]}")
        else:
            found.append(f"{asked}: worker {worker} cannot run parkdispatch: {there}; must have it installed")
    if found:
        raise InputError(found)
