"""Threads that take turns: one at a time works in Python, any number in the solver's machine code.

Left to themselves, threads that work on hundreds of small arrays hand the interpreter's lock to one another
thousands of times, at every array that is long enough for NumPy to let go of it. That took longer than what
the second thread did.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock, local
from typing import Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_own = local()  # of each thread: the turn it has


@contextmanager
def turn_released() -> Iterator[None]:
    """Let the others of the crew have their turn while this thread waits for something else than Python."""
    turn: Lock | None = getattr(_own, "turn", None)
    if turn is None:
        yield
        return
    turn.release()
    try:
        yield
    finally:
        turn.acquire()


class ThreadPool:
    """Some threads; one works where it is asked to, without a thread of its own."""

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers) if workers > 1 else None
        self._turn = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """What work makes of each item, in their order; the first error in that order is raised."""
        if self._pool is None:
            return [work(item) for item in items]

        def in_turn(item: Item) -> Result:
            with self._turn:
                _own.turn = self._turn
                try:
                    return work(item)
                finally:
                    _own.turn = None

        with turn_released():
            return list(self._pool.map(in_turn, items))
