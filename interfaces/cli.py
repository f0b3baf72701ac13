"""The command line: the commands put together, and what becomes of their errors. It contains no formula."""

import io
import os
import sys

import typer
from rich.text import Text

from parkdispatch.interfaces.commands.check import check
from parkdispatch.interfaces.commands.console import err_console, print_message
from parkdispatch.interfaces.commands.init import init
from parkdispatch.interfaces.commands.plan import plan
from parkdispatch.interfaces.commands.pv import pv
from parkdispatch.interfaces.commands.replay import replay
from parkdispatch.interfaces.commands.reproduce import reproduce
from parkdispatch.interfaces.commands.size import size
from parkdispatch.interfaces.commands.study import study
from parkdispatch.interfaces.commands.year import year
from parkdispatch.interfaces.startup import start_quickly
from parkdispatch.models.errors import ParkdispatchError

app = typer.Typer(
    name="parkdispatch",
    help="Dispatch of an industrial park with PV and storage, proven optimal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (plan, year, replay, study, size, reproduce, pv, check, init):
    app.command()(command)


def _interrupted(error: BaseException | None) -> bool:
    """Whether control-C is at the root of an error."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def main() -> None:
    """Entry point: errors become sentences and exit codes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a Chinese Windows pipe knows no square metre sign
    try:
        start_quickly()
        app()
    except ParkdispatchError as error:
        label = {2: "input", 3: "infeasible", 4: "solver"}.get(error.exit_code, "error")
        for line in str(error).splitlines():
            print_message(label, line)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        err_console.print("stopped")
        sys.exit(130)
    except Exception as error:  # a user never sees a traceback; a developer asks for it
        if _interrupted(error):  # a library that was being loaded made something else of it
            err_console.print("stopped")
            sys.exit(130)
        if os.environ.get("PARKDISPATCH_TRACEBACK"):
            raise
        err_console.print(Text(f"internal error, please report it: {type(error).__name__}: {error}"))
        sys.exit(1)


if __name__ == "__main__":
    main()
