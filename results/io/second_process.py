"""Work that a copy of this process does beside it, such as writing files on the other core."""

import multiprocessing
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


def can_copy() -> bool:
    """Whether a second process is of use and safe: on Linux, with a second processor."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and not _is_daemon()


def _is_daemon() -> bool:
    return multiprocessing.current_process().daemon  # a worker, whose siblings use the other processors


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Begin `work` in a copy of this process; yields a function that waits for its end.

    The copy must neither print nor solve: it has one thread, whatever locks other threads held. That function
    raises the error of `work`. Leaving the block early, by an error or control-C, ends the copy.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of other threads, which `work` must not need
        process = os.fork()
    if process == 0:
        _work_and_end(work, reader, writer)
    os.close(writer)
    running = True

    def wait() -> None:
        nonlocal running
        with os.fdopen(reader, "rb", closefd=False) as pipe:
            told = pipe.read()
        os.waitpid(process, 0)
        running = False
        error = pickle.loads(told) if told else ChildProcessError("a process that wrote files was ended")
        if error is not None:
            raise error

    try:
        yield wait
    finally:
        os.close(reader)
        if running:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _work_and_end(work: Callable[[], object], reader: int, writer: int) -> None:
    """Do the work in the copy, tell its error through the pipe, and end at once."""
    error: BaseException | None = None
    try:
        os.close(reader)
        work()
    except BaseException as raised:  # noqa: BLE001 - raised again in the original
        error = raised
    try:
        told = pickle.dumps(error)
        pickle.loads(told)
    except Exception:  # noqa: BLE001
        told = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    try:
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(told)
    finally:
        os._exit(0)
