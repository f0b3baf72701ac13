"""The folder of a job: its command line, its steps, what it printed, how it ended, and its files."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parkdispatch.results.io.files import replacing

STEPS, SCREEN, ERRORS, WORDS, OUTCOME = "steps.txt", "screen.txt", "errors.txt", "words.json", "outcome.json"
OUT = "out"
PLACE_OF_OUT = "{out}"  # in the words of a job
LONGEST_TAIL = 4096  # bytes of the steps that are read


@dataclass(frozen=True)
class Outcome:
    """How a command ended: exit code, and sentences in English. A warning has its label before it."""

    exit_code: int
    problems: tuple[str, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()


class JobFolder:
    """The folder of the job with an identifier, in a folder of jobs."""

    def __init__(self, jobs: Path, identifier: str) -> None:
        self.path = jobs / identifier

    @property
    def out(self) -> Path:
        """Where its files are."""
        return self.path / OUT

    def prepare(self, words: Sequence[str]) -> None:
        """Make the folder for a run, without what a run before has left."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True, mode=0o700)
        self.out.mkdir()
        filled = [word.replace(PLACE_OF_OUT, str(self.out)) for word in words]
        self._write(WORDS, filled)

    def words(self) -> list[str]:
        """The command line, with the folder of its files."""
        return list(json.loads((self.path / WORDS).read_text(encoding="utf-8")))

    def add_step(self, step: str) -> None:
        """Note a step, in English."""
        with (self.path / STEPS).open("a", encoding="utf-8") as file:
            file.write(" ".join(step.split()) + "\n")

    def last_step(self) -> str:
        """The step it is at; empty before the first."""
        try:
            with (self.path / STEPS).open("rb") as file:
                file.seek(max(file.seek(0, 2) - LONGEST_TAIL, 0))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return lines[-1] if lines else ""

    def write_outcome(self, outcome: Outcome) -> None:
        """Say how it ended: all of it, or nothing."""
        self._write(
            OUTCOME,
            {
                "exit_code": outcome.exit_code,
                "problems": list(outcome.problems),
                "warnings": [list(warning) for warning in outcome.warnings],
            },
        )

    def outcome(self) -> Outcome | None:
        """How it ended; None where it has not said so."""
        content = self._read(OUTCOME)
        if content is None:
            return None
        warnings = tuple((str(label), str(text)) for label, text in content["warnings"])
        return Outcome(int(content["exit_code"]), tuple(content["problems"]), warnings)

    def summary(self) -> Any:
        """The figures of its run, `summary.json`; None where it has none."""
        return self._read(f"{OUT}/summary.json")

    def screen(self) -> str:
        """What the command printed."""
        try:
            return (self.path / SCREEN).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def last_error(self) -> str:
        """The last line that it wrote as an error, for a command that ended without saying how."""
        try:
            lines = (self.path / ERRORS).read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return ""
        words = (line.strip("\u2502 \t\r") for line in reversed(lines))  # Typer draws a box around them
        return next((line for line in words if any(map(str.isalnum, line))), "")

    def files(self) -> dict[str, Path]:
        """Its files by name; nothing else in the folder can be reached by a name."""
        if not self.out.is_dir():
            return {}
        return {
            path.name: path for path in sorted(self.out.iterdir()) if path.is_file() and not path.is_symlink()
        }

    def _write(self, name: str, content: Any) -> None:
        with replacing(self.path / name) as temporary:
            temporary.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
