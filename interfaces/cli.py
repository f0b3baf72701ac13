"""The command line: its commands, its version, and the exit code of each error."""

import contextlib
import errno
import functools
import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from parkdispatch.interfaces.cache_command import cache
from parkdispatch.interfaces.commands.carbon.carbon_path_command import carbon
from parkdispatch.interfaces.commands.carbon.pareto import pareto
from parkdispatch.interfaces.commands.check import check
from parkdispatch.interfaces.commands.console import (
    ClosedPipeError,
    err_console,
    out_console,
    print_message,
    say,
)
from parkdispatch.interfaces.commands.days.forecast_commands import forecast_app
from parkdispatch.interfaces.commands.days.hedge import hedge
from parkdispatch.interfaces.commands.days.ledger_commands import ledger_app
from parkdispatch.interfaces.commands.days.loop import loop
from parkdispatch.interfaces.commands.days.settle import settle
from parkdispatch.interfaces.commands.init import init
from parkdispatch.interfaces.commands.plan import plan
from parkdispatch.interfaces.commands.pv import pv
from parkdispatch.interfaces.commands.replay import replay
from parkdispatch.interfaces.commands.reproduce import reproduce
from parkdispatch.interfaces.commands.serving.serve import serve_app
from parkdispatch.interfaces.commands.size import size
from parkdispatch.interfaces.commands.study import study
from parkdispatch.interfaces.commands.worth import worth
from parkdispatch.interfaces.commands.year import year
from parkdispatch.interfaces.session import SESSION, begin
from parkdispatch.interfaces.startup import show_dask, start_quickly
from parkdispatch.models.errors import InputError, ParkdispatchError

INTERRUPTED = 130  # exit code after control-C, as shells have it
BROKEN_PIPE = 141  # exit code of a program whose reader has gone, as shells have it
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)  # of the place that the output is redirected to

app = typer.Typer(
    name="parkdispatch",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    plan,
    hedge,
    settle,
    year,
    replay,
    loop,
    worth,
    pareto,
    study,
    size,
    reproduce,
    carbon,
    pv,
    check,
    init,
):
    app.command()(command)
app.add_typer(ledger_app, name="ledger")
app.add_typer(cache, name="cache")
app.add_typer(forecast_app, name="forecast")
app.add_typer(serve_app, name="serve")


def _print_version(requested: bool) -> None:
    """Print the version of the installed package and exit, if `--version` was given."""
    if not requested:
        return
    from importlib import metadata

    try:
        version = metadata.version("parkdispatch")
    except metadata.PackageNotFoundError:
        version = "unknown"
    typer.echo(f"parkdispatch {version}")
    raise typer.Exit


@app.callback()
def parkdispatch(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    trust_paths: Annotated[
        bool,
        typer.Option(
            "--trust-paths", help="Read files outside the folder of a case: only of cases you know."
        ),
    ] = False,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Compute all anew: neither read nor keep what `cache` says is kept."),
    ] = False,
    _quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Print warnings and errors only; anywhere on the line.")
    ] = False,
    _verbose: Annotated[
        bool,
        typer.Option("-v", "--verbose", help="Print each step and which configuration was read; anywhere."),
    ] = False,
) -> None:
    """Dispatch of an industrial park with PV and storage, proven optimal."""
    start_quickly(context.invoked_subcommand)
    if trust_paths:
        os.environ["PARKDISPATCH_TRUST_PATHS"] = "1"  # read by `inputs.checks.trusted_paths`
    if no_cache:
        os.environ["PARKDISPATCH_CACHE"] = "off"  # read by `inputs.cache.cache_folder`, also in workers


@functools.cache
def _english_command() -> Any:
    """The command line as it is declared, made once for all commands that a process runs."""
    return typer.main.get_command(app)


def _command() -> Any:
    """The command line with the default case of the configuration, in the language of the session."""
    if SESSION.lang == "en" and "case" not in SESSION.config:
        return _english_command()
    command = typer.main.get_command(app)
    if default_case := SESSION.config.get("case"):
        for subcommand in getattr(command, "commands", {}).values():
            for parameter in subcommand.params:
                if parameter.name == "case":
                    parameter.default = default_case
    if SESSION.lang != "en":
        from parkdispatch.interfaces.translations.help_pages import localize

        localize(command, SESSION.lang)
    return command


def _run(words: Sequence[str]) -> None:
    """Run the command that was typed; in another language than English its usage errors are said here."""
    command = _command()
    if SESSION.lang == "en":
        command(args=list(words))
        return
    from parkdispatch.interfaces.translations.usage_errors import is_usage_error, usage_sentence

    try:
        code = command(args=list(words), standalone_mode=False)
    except Exception as error:
        if not is_usage_error(error):
            raise
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()  # type: ignore[attr-defined] # of Typer's errors
        else:
            for line in usage_sentence(error, SESSION.lang).splitlines():
                err_console.print(Text(line), soft_wrap=True)
        sys.exit(error.exit_code)  # type: ignore[attr-defined]
    sys.exit(code if isinstance(code, int) else 0)


def run_words(words: Sequence[str]) -> None:
    """Run a command by the words that name it. Raises what `main` would say, and SystemExit at its end."""
    words = _begin(words)
    _refuse_empty(words)
    _run(words)


def _begin(words: Sequence[str]) -> list[str]:
    """The words without those that hold for every command, which are set."""
    kept = begin(words)
    out_console.quiet = SESSION.verbosity == "quiet"
    if SESSION.verbosity == "verbose":
        err_console.print(Text(f"configuration: {SESSION.config_path or '-'}"), soft_wrap=True)
    return kept


def _interrupted(error: BaseException | None) -> bool:
    """Whether control-C is the root cause of an error."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _refuse_empty(words: Sequence[str]) -> None:
    """Raise InputError for empty arguments, as a shell makes of a variable that is not set."""
    problems = []
    for number, word in enumerate(words):
        option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
        if not value.strip() and (equals or not option):
            before = words[number - 1] if number and not option else ""
            name = option or (before if before.startswith("--") else f"argument {number + 1}")
            problems.append(f"`{name}` is empty: must have a value, or be left out")
    if problems:
        raise InputError(problems)


def _open_closed_streams() -> None:
    """Connect closed standard streams to nowhere: else the next file that is opened takes their place."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def _discard_output() -> None:
    """Send what is still buffered nowhere, so that the exit of the interpreter does not fail again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Run a command; print errors as sentences and exit with their codes."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a Chinese Windows pipe cannot encode "²"
    try:
        try:
            run_words(sys.argv[1:])
        finally:
            sys.stdout.flush()  # not at the exit of the interpreter, where an error would be a traceback
            show_dask()
    except ParkdispatchError as error:
        label = {2: "input", 3: "infeasible", 4: "solver"}.get(error.exit_code, "error")
        for line in str(error).splitlines():
            print_message(label, line)
        sys.exit(error.exit_code)
    except (BrokenPipeError, ClosedPipeError):
        _discard_output()
        sys.exit(BROKEN_PIPE)
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        _discard_output()  # Typer and Rich exit with 1 where the reader of a help page has gone
        sys.exit(BROKEN_PIPE)
    except KeyboardInterrupt:
        err_console.print(say("interrupted"))
        sys.exit(INTERRUPTED)
    except Exception as error:  # users see one line; PARKDISPATCH_TRACEBACK shows the traceback
        if isinstance(error, OSError) and error.errno in FULL:
            _discard_output()
            err_console.print(Text(say(f"the output cannot be written: {error.strerror}")))
            sys.exit(1)
        if _interrupted(error):  # a library that was being imported replaced the interrupt by its own error
            err_console.print(say("interrupted"))
            sys.exit(INTERRUPTED)
        if os.environ.get("PARKDISPATCH_TRACEBACK"):
            raise
        err_console.print(Text(say(f"internal error, please report it: {type(error).__name__}: {error}")))
        sys.exit(1)


if __name__ == "__main__":
    main()
