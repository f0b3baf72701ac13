"""Checks of the paths a command is to write, made before anything is solved."""

import math
import os
from pathlib import Path

from parkdispatch.models.errors import InputError


def check_output_paths(time_limit: float, out: Path | None, model: Path | None = None) -> None:
    """Check the time limit, the output folder and the path of the model file.

    Raises InputError with every problem, so that a run does not fail after the solver has finished.
    """
    problems = []
    if math.isnan(time_limit):
        problems.append("`--time-limit` = nan: must be a number of seconds, 1 or more")
    if model is not None:
        if model.suffix.lower() not in (".lp", ".mps"):
            problems.append(f"`--write-model` = {model}: must end in .lp or .mps")
        if model.is_dir() or not model.parent.is_dir():
            problems.append(f"`--write-model` = {model}: must be a file in an existing folder")
    if out is not None:
        try:
            existing = next(path for path in (out, *out.absolute().parents) if path.exists())
        except OSError as error:  # such as a name that is too long for the file system
            problems.append(f"`--out` = {out}: {error.strerror or error}")
        else:
            if not existing.is_dir() or not os.access(existing, os.W_OK):
                problems.append(f"`--out` = {out}: must be in a writable folder, which {existing} is not")
    if problems:
        raise InputError(problems)
