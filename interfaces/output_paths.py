"""Checks of the paths a command is to write, made before anything is solved."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from parkdispatch.interfaces.commands import console
from parkdispatch.interfaces.session import SESSION
from parkdispatch.models.errors import InputError
from parkdispatch.results.io.run_folder import folder_problems, writing_problems


def runs_folder() -> Path:
    """Where folders of runs are made: that of the configuration, or `runs` in the current folder."""
    return Path(SESSION.config.get("output", "runs")).expanduser()


def check_output_paths(out: Path | None, model: Path | None = None) -> None:
    """Check the output folder, `runs/` if there is none, and the path of the model file.

    Raises InputError with every problem, so that a run does not fail after the solver has finished.
    """
    problems = []
    if model is not None:
        if model.suffix.lower() not in (".lp", ".mps"):
            problems.append(f"`--write-model` = {model}: must end in .lp or .mps")
        try:
            is_writable = model.parent.is_dir() and not model.is_dir()
        except OSError:  # a name that is too long
            is_writable = False
        if not is_writable:
            problems.append(f"`--write-model` = {model}: must be a file in an existing folder")
    runs = runs_folder()
    folder = out or runs / "run"
    lines = folder_problems(folder) or writing_problems(folder)
    problems += lines if out else [line.replace(f"argument `out` = {folder}", f"`{runs}/`") for line in lines]
    if problems:
        raise InputError(problems)


@contextmanager
def run_folder(out: Path | None, case: str, command: str) -> Iterator[Path]:
    """The output folder: `out` if given, else a new one, named after case, command and time.

    Raises InputError where it cannot be made. A new folder is removed if the run is not written.
    """
    if out is not None:
        yield out
        return
    folder = _new_folder(f"{case}-{command}-{console.time_text()}")
    try:
        yield folder
    finally:
        with suppress(OSError):  # a folder that holds a run is not removed
            folder.rmdir()


def _new_folder(name: str) -> Path:
    """Make a folder in `runs/`; with a number behind the name where another run has it."""
    number = 1
    while True:
        folder = runs_folder() / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise InputError(f"`{runs_folder()}/`: cannot be written: {error.strerror or error}") from error
        else:
            return folder
