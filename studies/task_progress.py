"""Progress of a batch of tasks: how many are finished, and the estimated time that is left."""

import time
from typing import TYPE_CHECKING

from parkdispatch.studies.solve_options import Progress

if TYPE_CHECKING:
    from distributed import Client

REPORT_S = 2.0  # between progress texts while no task finishes


class TaskProgress:
    """Reports the finished tasks of a batch and the time left, estimated from the mean time per task."""

    def __init__(self, total: int, task_name: str, progress: Progress) -> None:
        self._total, self._task_name, self._progress, self._finished = total, task_name, progress, 0
        self._started = self._last_report = self._expected_end = time.monotonic()

    def count(self) -> None:
        """Count one more finished task, and report."""
        self._finished += 1
        now = time.monotonic()
        remaining = self._total - self._finished
        self._expected_end = now + (now - self._started) / self._finished * remaining
        self._report(now)

    def wait(self, client: "Client") -> None:
        """Report now and then while no task finishes; say so where no worker is left."""
        now = time.monotonic()
        if now - self._last_report < REPORT_S:
            return
        self._last_report = now
        if client.status == "running" and not client.nthreads():
            self._progress(f"{self._counts()}; no worker is left, waiting for one")
        else:
            self._report(now)

    def _report(self, now: float) -> None:
        seconds = self._expected_end - now
        left = f", {duration(seconds)} left" if self._finished and self._expected_end > now else ""
        self._progress(f"{self._counts()}{left}")

    def _counts(self) -> str:
        return f"{self._finished} of {self._total} {self._task_name}s"


def duration(seconds: float) -> str:
    """A duration in words: "40 s", "12 min", "3 h 05 min"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60.0), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
