"""The finished tasks of a run that is not complete, from which the same run resumes.

One file per task, named by the digest of all inputs of the task, so that a task of other inputs is never
taken for it. The files are written whole or not at all, and are removed once the run is complete.
"""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from parkdispatch.results.io.checked_json import UnsoundError, read_checked, write_checked
from parkdispatch.results.io.digests import digest
from parkdispatch.results.io.plain_json import plain, restored

LARGEST_TASK_BYTES = 1 << 24  # a year with its events has some ten thousand
Result = TypeVar("Result")


class TaskStore:
    """Finished tasks in a folder; without a folder nothing is kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.reused = 0  # tasks of earlier runs
        self._written: set[str] = set()
        self.problem = ""  # why finished tasks could not be kept

    def recalled(
        self, kind: type[Result], question: Callable[[], Any], compute: Callable[[], Result]
    ) -> Result:
        """The result of a task: the kept one, else a new one, which is then kept.

        `kind` is the dataclass of the result; `question` returns what determines the result, as JSON.
        """
        if self.folder is None:
            return compute()
        key = digest(question())
        path = self.folder / f"{key[:32]}.json"
        with suppress(UnsoundError, OSError, TypeError, ValueError, KeyError):  # else it is computed anew
            content = read_checked(path, {"task", "result"}, LARGEST_TASK_BYTES)
            if content["task"] == key:
                result: Result = restored(kind, content["result"])
                self.reused += key not in self._written
                return result
        result = compute()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_checked(path, {"task": key, "result": plain(result)})
            self._written.add(key)
        except OSError as error:
            self.problem = f"{self.folder}: cannot be written: {error.strerror or error}"
        return result

    @property
    def is_kept(self) -> bool:
        """Whether finished tasks are there to resume from."""
        return self.folder is not None and self.folder.is_dir()

    def clear(self) -> None:
        """Remove the finished tasks, and the folder around them if it is empty then."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            with suppress(OSError):
                self.folder.parent.rmdir()
