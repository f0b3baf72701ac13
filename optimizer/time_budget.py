"""The remaining time, divided among tasks of which few need much."""

import time

PATIENCE = 8  # equal shares of the remaining time that one task may take: most take far less
LEAST_S = 0.1  # for any task, after the deadline too


class TimeBudget:
    """The time until a deadline (time.monotonic) for `waiting` tasks that have not begun."""

    def __init__(self, deadline: float, waiting: int = 1) -> None:
        self.deadline, self.waiting = deadline, waiting

    def begin(self) -> None:
        """One of the waiting tasks begins."""
        self.waiting -= 1

    def limit_s(self) -> float:
        """Time limit of a task that has begun [s]."""
        left_s = self.deadline - time.monotonic()
        return max(LEAST_S, min(left_s, PATIENCE * left_s / max(1, self.waiting)))
