"""Where commands print, the line that tells what is being done, and the folder of a run."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

out_console = Console(highlight=False, soft_wrap=False)
err_console = Console(stderr=True, highlight=False)
RUNS = Path("runs")  # beside where the command is given
# arguments whose option has another name than the argument of the function behind it
TYPED = {"case": "CASE", "day": "--date", "time_limit_s": "--time-limit"}


def as_typed(message: str) -> str:
    """A message with the arguments of functions named as they are typed: `--gap` for "argument `gap`"."""
    return re.sub(
        "argument `([a-z_]+)`",
        lambda match: f"`{TYPED.get(match[1], '--' + match[1].replace('_', '-'))}`",
        message,
    )


def print_message(label: str, message: str) -> None:
    """Print one line of an error or a warning, its markup left as it is."""
    err_console.print(Text(f"{label}: {as_typed(message)}"), soft_wrap=True)


@contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """A line that says what is being done, on terminals only, gone when done."""
    if not err_console.is_terminal:
        yield lambda _: None
        return
    with err_console.status("reading") as status:
        yield status.update


def run_folder(out: Path | None, case: str, command: str) -> Path:
    """Where the files of a run go: as asked, else a folder named after the case, the command and the time."""
    return out or RUNS / f"{case}-{command}-{datetime.now():%Y%m%d-%H%M%S}"
