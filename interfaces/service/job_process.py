"""The process of a job: `python -m parkdispatch.interfaces.service.job_process FOLDER` runs one command.

It ends with the service, whose end of the pipe closes: nothing else reads from it.
"""

import os
import sys
import threading
import traceback
from pathlib import Path

from parkdispatch.interfaces.session import SESSION, Listener
from parkdispatch.models.errors import InputError, ParkdispatchError
from parkdispatch.operations.jobs.job_folder import JobFolder, Outcome

ORPHANED = 137  # exit code of a process whose service has gone


def run_job(folder: JobFolder) -> Outcome:
    """Run the command of a job in this process. Returns how it ended; nothing is raised."""
    from parkdispatch.interfaces.cli import run_words

    warnings: list[tuple[str, str]] = []
    SESSION.listener = Listener(folder.add_step, lambda label, text: warnings.append((label, text)))
    code, problems = 0, list[str]()
    try:
        run_words(folder.words())
    except ParkdispatchError as error:
        code = error.exit_code
        problems = error.problems if isinstance(error, InputError) else str(error).splitlines()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if code == 2:  # of words that are none of the command line, which Typer has printed
            sys.stderr.flush()
            problems = [folder.last_error()]
    except Exception as error:  # noqa: BLE001 - whatever it is, the job says that it failed
        traceback.print_exc()  # into the job's folder, where nobody but the owner of the service reads
        code, problems = 1, [f"internal error, please report it: {type(error).__name__}"]
    finally:
        SESSION.listener = None
    return Outcome(code, tuple(problems), tuple(warnings))


def _end_with_service() -> None:
    """End this process when the service's end of the pipe is closed."""
    while os.read(0, 4096):
        pass
    os._exit(ORPHANED)


def main() -> None:
    """Run the job of the folder that is named, and say how it ended."""
    folder = JobFolder(Path(sys.argv[1]).parent, Path(sys.argv[1]).name)
    threading.Thread(target=_end_with_service, daemon=True).start()
    outcome = run_job(folder)
    folder.write_outcome(outcome)
    sys.stdout.flush()
    os._exit(outcome.exit_code)  # what is written is complete; libraries need not be taken down


if __name__ == "__main__":
    main()
