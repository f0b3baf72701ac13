"""The tasks of a study: one that fails is named and the others go on; finished ones are kept."""

import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError, ParkdispatchError
from parkdispatch.results.failed_tasks import FailedTask, internal_error
from parkdispatch.results.io.digests import case_digests, digest
from parkdispatch.results.io.provenance import program_versions
from parkdispatch.results.io.task_store import TaskStore
from parkdispatch.studies.solve_options import SolveOptions

Result = TypeVar("Result")


class Attempts:
    """The tasks that a study was asked for, by part, and those that failed.

    An input error before any task is finished concerns them all and is raised.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.failed: list[FailedTask] = []
        self.errors: list[ParkdispatchError] = []
        self._finished = 0
        self._lock = threading.Lock()

    def run(self, part: str, task: Callable[[], Result], **about: Any) -> Result | None:
        """The result of a task; None where it fails. `about` are the fields of `FailedTask` that name it."""
        with self._lock:
            self.asked[part] += 1
        try:
            result = task()
        except ParkdispatchError as error:
            with self._lock:
                self._add(part, error, about)
            return None
        except Exception as error:  # of one task, without which the others are worth telling
            if os.environ.get("PARKDISPATCH_TRACEBACK"):
                raise
            with self._lock:
                self._add(part, internal_error(error), about)
            return None
        with self._lock:
            self._finished += 1
        return result

    def add(self, part: str, asked: int, errors: Mapping[int, ParkdispatchError]) -> None:
        """Count the scenarios of a part, of which some failed."""
        self.asked[part] += asked
        self._finished += asked - len(errors)
        for scenario, error in sorted(errors.items()):
            self._add(part, error, {"scenario": scenario})

    def _add(self, part: str, error: ParkdispatchError, about: Mapping[str, Any]) -> None:
        if isinstance(error, InputError) and not self._finished:
            raise error
        self.errors.append(error)
        self.failed.append(FailedTask.of(part, error, **about))

    def raise_first(self) -> None:
        """Raise the error of the first task that failed, if any did."""
        if self.errors:
            raise self.errors[0]


def figure_options(options: SolveOptions) -> Mapping[str, Any]:
    """The solve options on which a figure depends: all but the number of threads."""
    return {name: value for name, value in asdict(options).items() if name != "threads"}


def park_digest(case: Case, options: SolveOptions) -> str:
    """Digest of a case, of how it is solved, and of the program."""
    return digest([case_digests(case), figure_options(options), program_versions()])


def run_store(runs: Path, command: str, case: Case, options: SolveOptions, *question: Any) -> TaskStore:
    """The store of the finished tasks of a run, in the folder of all runs; the same run finds it again.

    `question` is what was asked beside case and options, as JSON.
    """
    key = digest([park_digest(case, options), *question])
    return TaskStore(runs / f"{case.name}-{command}-unfinished-{key[:12]}")
