"""Runs jobs, each in a process of its own: a crash does not take the service, and a cancelled one is killed.

A child reads from a pipe that the service holds and never writes to: it ends when that is closed, so that no
job goes on after a service that was killed. What it had written then is whole, because commands and ledger
write all or nothing; the job begins anew when the service is started, up to three times.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

from parkdispatch.operations.jobs.job_folder import ERRORS, SCREEN, JobFolder
from parkdispatch.operations.jobs.job_store import MOST_ATTEMPTS, Job, JobState, JobStore

PARTIAL_CODES = (5, 6)  # some tasks failed, or a network is beyond its limits: the files are written
POLL_S = 0.5  # between looks at the queue, where nobody wakes the worker
END_S = 5.0  # that a process is given to end


class JobWorker:
    """Runs the jobs of a store, some at once, in child processes.

    `command` is what a process is started with, before the folder of its job; `clock` gives the instant.
    """

    def __init__(
        self,
        store: JobStore,
        folder: Path,
        command: Sequence[str],
        clock: Callable[[], datetime],
        slots: int = 2,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.store, self.folder = store, folder
        self._command, self._clock, self._slots = list(command), clock, slots
        self._environment = environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._wake, self._ended = threading.Event(), threading.Event()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []

    def start(self) -> list[str]:
        """Settle what a service before has left, and begin to work. Returns sentences about what was left."""
        left = self._recover()
        self._threads = [
            threading.Thread(target=self._work, name=f"job-{number}", daemon=True)
            for number in range(self._slots)
        ]
        for thread in self._threads:
            thread.start()
        return left

    def stop(self) -> None:
        """End all processes; their jobs begin anew when the service is started again."""
        self._ended.set()
        self._wake.set()
        with self._lock:
            processes = list(self._processes.values())
        for process in processes:
            _kill(process)
        for thread in self._threads:
            thread.join(END_S)

    def wake(self) -> None:
        """Look at the queue at once."""
        self._wake.set()

    def cancel(self, identifier: str) -> bool:
        """End a job, whether it waits or runs. Returns False where it had ended before."""
        cancelled = self.store.finish(identifier, "cancelled", self._clock())
        with self._lock:
            process = self._processes.get(identifier)
        if cancelled and process is not None:
            _kill(process)
        self._tell()
        return cancelled

    def wait_for(self, identifier: str, seconds: float) -> Job | None:
        """The job, once it is finished or the seconds are over."""
        deadline = threading.Event()
        timer = threading.Timer(seconds, deadline.set)
        timer.daemon = True
        timer.start()
        try:
            while True:
                job = self.store.get(identifier)
                if job is None or job.is_finished or deadline.is_set():
                    return job
                with self._changed:
                    self._changed.wait(POLL_S)
        finally:
            timer.cancel()

    @property
    def running(self) -> int:
        """Number of processes."""
        return len(self._processes)

    def _recover(self) -> list[str]:
        """Finish, queue again or fail the jobs that were running when the service ended."""
        lines = []
        for job in self.store.running():
            if JobFolder(self.folder, job.id).outcome() is not None:
                self._finish(job, None)
            elif job.attempts >= MOST_ATTEMPTS:
                line = f"{job.kind} {job.id}: the service ended {job.attempts} times while it ran"
                self.store.finish(job.id, "failed", self._clock(), problems=[line])
                lines.append(line)
            else:
                self.store.queue_again(job.id)
                lines.append(f"{job.kind} {job.id}: begins anew, the service ended while it ran")
        return lines

    def _work(self) -> None:
        while not self._ended.is_set():
            job = self.store.begin_next(self._clock())
            if job is None:
                self._wake.wait(POLL_S)
                self._wake.clear()
                continue
            self._run(job)

    def _run(self, job: Job) -> None:
        """Run a job to its end, and say how it ended."""
        folder = JobFolder(self.folder, job.id)
        try:
            folder.prepare(job.words)
            with (folder.path / SCREEN).open("wb") as screen, (folder.path / ERRORS).open("wb") as errors:
                process = self._start(folder, screen, errors)
                with self._lock:
                    self._processes[job.id] = process
                current = self.store.get(job.id)
                if self._ended.is_set() or (current is not None and current.is_finished):
                    _kill(process)  # it was cancelled before it had a process
                code = process.wait()
        except OSError as error:
            line = f"{job.kind} {job.id}: cannot be run: {error.strerror or error}"
            self.store.finish(job.id, "failed", self._clock(), problems=[line])
            return
        finally:
            with self._lock:
                ended = self._processes.pop(job.id, None)
            if ended is not None and ended.stdin is not None:
                ended.stdin.close()
        if self._ended.is_set() and folder.outcome() is None:
            return  # killed with the service: it begins anew
        self._finish(job, code)
        self._tell()

    def _start(self, folder: JobFolder, screen: IO[bytes], errors: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self._command, str(folder.path)],
            stdin=subprocess.PIPE,  # closed with the service, however it ends
            stdout=screen,
            stderr=errors,
            cwd=self.folder,
            env=None if self._environment is None else dict(self._environment),
            start_new_session=sys.platform != "win32",
        )

    def _finish(self, job: Job, code: int | None) -> None:
        folder = JobFolder(self.folder, job.id)
        outcome = folder.outcome()
        if outcome is None:
            how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
            line = f"{job.kind} {job.id}: its process ended by itself with {how}"
            self.store.finish(job.id, "failed", self._clock(), code, [line])
            return
        done = outcome.exit_code == 0 or outcome.exit_code in PARTIAL_CODES
        state: JobState = "done" if done else "failed"
        self.store.finish(job.id, state, self._clock(), outcome.exit_code, outcome.problems)

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it has started."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
