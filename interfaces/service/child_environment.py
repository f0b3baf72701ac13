"""How the process of a job is started."""

import os
import sys
from pathlib import Path

from parkdispatch.inputs.checks.trusted_paths import TRUST
from parkdispatch.interfaces.session import CONFIG, LANGUAGE

JOB_COMMAND = (sys.executable, "-m", "parkdispatch.interfaces.service.job_process")


def job_environment() -> dict[str, str]:
    """The environment of a job's process: English, no configuration of a user, no trust in paths."""
    kept = {name: value for name, value in os.environ.items() if name != TRUST}
    if kept.get("PYTHONPATH"):  # the process works in another folder
        paths = kept["PYTHONPATH"].split(os.pathsep)
        kept["PYTHONPATH"] = os.pathsep.join(str(Path(path).resolve()) for path in paths)
    return {**kept, CONFIG: "", LANGUAGE: "en"}
