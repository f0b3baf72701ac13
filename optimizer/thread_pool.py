"""A thread pool whose threads run Python code one at a time, and the solver's machine code in parallel.

A lock of the pool does this. Without it, threads that work on hundreds of small arrays pass Python's global
lock to one another thousands of times, at every array that is large enough for NumPy to release it. That
took longer than the work of the second thread.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock, local
from typing import Self, TypeVar

from parkdispatch.optimizer.time_budget import current_deadline, ending_at

Item = TypeVar("Item")
Result = TypeVar("Result")

_thread = local()  # `pool_lock`: the lock that this thread holds


@contextmanager
def turn_released() -> Iterator[None]:
    """Release the pool's lock while this thread waits for something other than Python; else do nothing."""
    pool_lock: Lock | None = getattr(_thread, "pool_lock", None)
    if pool_lock is None:
        yield
        return
    pool_lock.release()
    try:
        yield
    finally:
        pool_lock.acquire()


def run_in_new_thread(work: Callable[[], Result]) -> Result:
    """What `work` returns from a thread that ends with it, for what a library keeps for each thread."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(work).result()


class ThreadPool:
    """A pool of worker threads; with one worker, tasks run in the calling thread."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._executor = ThreadPoolExecutor(workers) if workers > 1 else None
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown()

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Results of `work` for each item, in their order; raises the first error in that order."""
        if self._executor is None:
            return [work(item) for item in items]

        deadline = current_deadline()

        def work_with_lock(item: Item) -> Result:
            with self._lock, ending_at(deadline):
                _thread.pool_lock = self._lock
                try:
                    return work(item)
                finally:
                    _thread.pool_lock = None

        with turn_released():
            return list(self._executor.map(work_with_lock, items))
