"""Deadlines: the one that every solver of a thread obeys, and the time until one, divided among tasks.

A dispatch has one deadline. `ending_at` sets it for all that a thread solves inside of it, whatever called
it, and the thread pool hands it on to its threads, as a cancel scope of structured concurrency does.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

PATIENCE = 8  # equal shares of the remaining time that one task may take: most take far less
LEAST_S = 0.1  # for any task, after the deadline too

_thread = local()  # `deadline`: of the innermost `ending_at` of this thread


def current_deadline() -> float:
    """The deadline of what this thread does (time.monotonic); infinity where none is set."""
    return float(getattr(_thread, "deadline", float("inf")))


@contextmanager
def ending_at(deadline: float) -> Iterator[None]:
    """Let all solvers inside end by this deadline; an outer deadline that is earlier stays in force."""
    outer = current_deadline()
    _thread.deadline = min(outer, deadline)
    try:
        yield
    finally:
        _thread.deadline = outer


class TimeBudget:
    """The time until a deadline (time.monotonic) for `waiting` tasks that have not begun.

    `most_s` limits each of them. `spent_s` is what those that have ended took of a processor: on a machine
    that is shared it says more of the work that is done than a clock on the wall.
    """

    def __init__(self, deadline: float, waiting: int = 1, most_s: float = float("inf")) -> None:
        self.deadline, self.waiting, self.most_s = deadline, waiting, most_s
        self.spent_s = 0.0

    def begin(self) -> None:
        """One of the waiting tasks begins."""
        self.waiting -= 1

    @contextmanager
    def task(self) -> Iterator[None]:
        """Count what a task takes of the processor in this thread; one of the waiting tasks begins."""
        self.begin()
        began_s = time.thread_time()
        try:
            yield
        finally:
            self.spent_s += time.thread_time() - began_s

    def limit_s(self) -> float:
        """Time limit of a task that has begun [s]."""
        left_s = self.deadline - time.monotonic()
        return max(LEAST_S, min(left_s, PATIENCE * left_s / max(1, self.waiting), self.most_s))
