"""Where a command is to write, checked before the solver has done its work."""

import math
import os
from pathlib import Path

from parkdispatch.models.errors import InputError


def check_output_paths(time_limit: float, out: Path | None, model: Path | None) -> None:
    """Say at once what would otherwise fail after the solver has done its work."""
    found = []
    if math.isnan(time_limit):
        found.append("`--time-limit` = nan: must be a number of seconds, 1 or more")
    if model is not None:
        if model.suffix.lower() not in (".lp", ".mps"):
            found.append(f"`--write-model` = {model}: must end in .lp or .mps")
        if model.is_dir() or not model.parent.is_dir():
            found.append(f"`--write-model` = {model}: must be a file in a folder that is there")
    if out is not None:
        try:
            there = next(path for path in (out, *out.absolute().parents) if path.exists())
        except OSError as error:  # such as a name longer than the system takes
            found.append(f"`--out` = {out}: {error.strerror or error}")
        else:
            if not there.is_dir() or not os.access(there, os.W_OK):
                found.append(f"`--out` = {out}: must be in a folder to write in, which {there} is not")
    if found:
        raise InputError(found)
