"""What is left of the time, shared among tasks of which few need much."""

import time

PATIENCE = 8  # times the share of a task it may take: most take far less
LEAST_S = 0.1  # for any task, after the deadline too


class TimeBudget:
    """The time until a deadline (time.monotonic), among as many tasks as wait for it."""

    def __init__(self, deadline: float, waiting: int = 1) -> None:
        self.deadline, self.waiting = deadline, waiting

    def begin(self) -> None:
        """One of those that wait begins."""
        self.waiting -= 1

    def limit_s(self) -> float:
        """What a task that has begun may take [s]."""
        left_s = self.deadline - time.monotonic()
        return max(LEAST_S, min(left_s, PATIENCE * left_s / max(1, self.waiting)))
