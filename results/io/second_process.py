"""Work that copies of this process do beside it, such as writing files or other years on the other core."""

import multiprocessing
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait as wait_for_any
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")
PIPE_BYTES = 1 << 20  # read at once
ENDED = "a process that worked beside this one was ended"
MOST_PROCESSES = 4  # each takes some 0.3 GB for a year of quarter-hours


def can_copy() -> bool:
    """Whether a second process is of use and safe: on Linux, with a second processor."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and not _is_daemon()


def usable_processes() -> int:
    """How many processes may work side by side: one a processor, as far as memory allows; 1 without forks."""
    return min(MOST_PROCESSES, len(os.sched_getaffinity(0))) if can_copy() else 1


def _is_daemon() -> bool:
    return multiprocessing.current_process().daemon  # a worker, whose siblings use the other processors


class ProcessCopy(Generic[Result]):
    """A copy of this process that does some work, and tells its result or error through a pipe.

    The copy has one thread, whatever locks other threads held; it must not print. `wait` returns the result,
    which is pickled, or raises the error of the work; again each time it is called.
    """

    def __init__(self, work: Callable[[], Result]) -> None:
        self.reader, writer = os.pipe()
        self._told = bytearray()
        self._outcome: tuple[Any, BaseException | None] | None = None
        self._process = _fork()
        if self._process == 0:
            _tell_and_end([work], self.reader, writer)
        os.close(writer)

    def read(self) -> bool:
        """Read on; return whether the copy has ended."""
        part = os.read(self.reader, PIPE_BYTES)
        self._told += part
        if part:
            return False
        os.close(self.reader)
        os.waitpid(self._process, 0)
        ended = (None, ChildProcessError(ENDED))
        self._outcome = pickle.loads(bytes(self._told)) if self._told else ended
        self._told.clear()
        return True

    def wait(self) -> Result:
        """The result of the work, once it has ended."""
        while self._outcome is None:
            self.read()
        result, error = self._outcome
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def end(self) -> None:
        """End the copy, if it has not ended by itself."""
        if self._outcome is not None:
            return
        self._outcome = None, ChildProcessError(ENDED)
        os.close(self.reader)
        _end(self._process)


@contextmanager
def beside(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Begin `work` in a copy of this process; yields a function that waits for its end.

    That function returns the result of `work`, or raises its error. Leaving the block early, by an error or
    control-C, ends the copy.
    """
    copy = ProcessCopy(work)
    try:
        yield copy.wait
    finally:
        copy.end()


@contextmanager
def in_turn(works: Sequence[Callable[[], Result]]) -> Iterator[Callable[[], Result]]:
    """Do works one by one in a copy of this process; yields a function that waits for the next result.

    That function returns the result of the next work, or raises its error, after which it goes on with the
    one after. A result that is larger than a pipe holds the copy up until it is asked for, so that few are in
    memory. Leaving the block ends the copy.
    """
    reader, writer = os.pipe()
    process = _fork()
    if process == 0:
        _tell_and_end(works, reader, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:

        def next_result() -> Result:
            try:
                result, error = pickle.load(pipe)
            except EOFError:
                raise ChildProcessError(ENDED) from None
            if error is not None:
                raise error
            return result  # type: ignore[no-any-return]

        try:
            yield next_result
        finally:
            _end(process)


def do_with_a_copy(works: Sequence[Callable[[], object]]) -> None:
    """Do all works, at most 256, in this process and a copy of it: each takes the next one when it is free.

    What a work leaves in memory may be in either process; so works write files. Raises the first error of
    this process, else the copy's.
    """
    next_works, numbers = os.pipe()
    try:
        os.write(numbers, bytes(range(len(works))))
        os.close(numbers)  # so that who reads after the last number is told so

        def work_on() -> None:
            while number := os.read(next_works, 1):
                works[number[0]]()

        with beside(work_on) as wait:
            work_on()
            wait()
    finally:
        os.close(next_works)


def side_by_side(works: Sequence[Callable[[], Result]], processes: int) -> list[Callable[[], Result]]:
    """Do all works in copies of this process, so many at a time; by work, a function as `beside` yields.

    Which work is done beside which changes no result: each begins from the same memory.
    """
    waiting, running, copies = list(works), list[ProcessCopy[Result]](), list[ProcessCopy[Result]]()
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                copies.append(ProcessCopy(waiting.pop(0)))
                running.append(copies[-1])
            # asked anew each time: later copies hold the pipes of earlier ones too, so that what was once
            # registered would stay so, under a number that another pipe has by then
            ready = wait_for_any([copy.reader for copy in running])
            running = [copy for copy in running if copy.reader not in ready or not copy.read()]
    finally:
        for copy in running:
            copy.end()
    return [copy.wait for copy in copies]


def _fork() -> int:
    """Copy this process; 0 in the copy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of other threads, which a copy must not need
        return os.fork()


def _end(process: int) -> None:
    """End a copy that may have ended by itself."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def _tell_and_end(works: Sequence[Callable[[], object]], reader: int, writer: int) -> None:
    """Do the works in the copy, tell each one's result or error through the pipe, and end at once."""
    try:
        os.close(reader)
        with os.fdopen(writer, "wb") as pipe:
            for work in works:
                pipe.write(_told(work))
                pipe.flush()
    finally:
        os._exit(0)


def _told(work: Callable[[], object]) -> bytes:
    """Do a work; its result or error, pickled."""
    outcome: tuple[object, BaseException | None]
    try:
        outcome = work(), None
    except BaseException as raised:  # noqa: BLE001 - raised again in the original
        outcome = None, raised
    try:
        told = pickle.dumps(outcome, protocol=pickle.HIGHEST_PROTOCOL)
        if outcome[1] is not None:
            pickle.loads(told)
    except Exception as unpicklable:  # noqa: BLE001
        error = outcome[1] or unpicklable
        told = pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
    return told
