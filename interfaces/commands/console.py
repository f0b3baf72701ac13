"""Output and error consoles, and the progress line."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from parkdispatch.inputs.messages.quoted import CONTROL
from parkdispatch.interfaces.session import SESSION

if TYPE_CHECKING:
    from parkdispatch.results.io.task_store import TaskStore

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"  # of control characters
PARTIAL = 5  # exit code of a study some of whose tasks failed; the others are written


class ClosedPipeError(Exception):
    """The reader of the output has gone. No OSError, for which Typer would exit with code 1."""


class PipeConsole(Console):
    """A console in the language of the session, that tells a closed pipe from a failure.

    Names of files, and what others have written into a ledger, steer no terminal.
    """

    def print(self, *objects: Any, **styles: Any) -> None:
        """Print as `Console.print`, sentences and tables of English in the language of the session."""
        if SESSION.lang != "en":
            from parkdispatch.interfaces.translations.screens import localized

            objects = tuple(localized(printed, SESSION.lang) for printed in objects)
        super().print(*objects, **styles)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as `Console.render`, with control characters of the text replaced."""
        for segment in super().render(renderable, options):
            if segment.control or not CONTROL.search(segment.text):
                yield segment
            else:
                yield Segment(CONTROL.sub(REPLACEMENT, segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        """Raise ClosedPipeError."""
        raise ClosedPipeError


out_console = PipeConsole(highlight=False, soft_wrap=False)
err_console = PipeConsole(stderr=True, highlight=False)
# options whose name differs from the function argument they are passed to
OPTION_NAMES = {
    "case": "CASE",
    "day": "--date",
    "start": "--from",
    "reserve": "--reserve-mwh",
    "time_limit_s": "--time-limit",
    "device": "DEVICE",
    "value": "VALUE",
    "version": "VERSION",
}
TRUST_PATHS = "(?:variable|变量) `PARKDISPATCH_TRUST_PATHS`"  # which `--trust-paths` sets


def with_option_names(message: str) -> str:
    """Replace arguments and variables in a message by options: "argument `gap`" becomes `--gap`."""
    message = re.sub(TRUST_PATHS, "`--trust-paths`", message)
    return re.sub(
        "(?:argument|参数) `([a-z_]+)`",
        lambda match: f"`{OPTION_NAMES.get(match[1], '--' + match[1].replace('_', '-'))}`",
        message,
    )


def say(text: str) -> str:
    """A sentence of the command line in the language of the session."""
    if SESSION.lang == "en":
        return text
    from parkdispatch.interfaces.translations.catalogue import translated

    return translated(text, SESSION.lang, "screen")


def print_message(label: str, message: str) -> None:
    """Print one line of an error or warning, without interpreting markup or control characters.

    A message quotes cells of files, whose escape sequences would steer the terminal.
    """
    if SESSION.listener is not None:
        SESSION.listener.message(label, message)
    if SESSION.lang != "en":
        from parkdispatch.interfaces.translations.catalogue import translated_message

        label, message = say(label), translated_message(message, SESSION.lang)
    text = CONTROL.sub(REPLACEMENT, with_option_names(message))
    colon = ": " if SESSION.lang == "en" else "："
    err_console.print(Text(f"{label}{colon}{text}"), soft_wrap=True)


def end_of_tasks(finished: "TaskStore", failed: Sequence[object]) -> None:
    """Say what earlier runs had finished, and end with exit code `PARTIAL` where tasks failed.

    Raises typer.Exit.
    """
    if finished.reused:
        reused = f"{finished.reused} tasks were finished by a run that was not complete, and reused."
        out_console.print(say(reused))
    if finished.problem:
        print_message("warning", f"finished tasks are not kept: {finished.problem}")
    if failed:
        print_message("partial", f"{len(failed)} failed; the same command computes only what is missing")
        raise typer.Exit(PARTIAL)


def end_of_days(planned: int, asked: int, failed: Sequence[object]) -> None:
    """Say that a day failed, and end with exit code `PARTIAL` where one did.

    Raises typer.Exit.
    """
    if failed:
        print_message("partial", f"{planned} of {asked} days are planned: those before the one that failed")
        raise typer.Exit(PARTIAL)


def now() -> datetime:
    """The instant, with the time zone of this machine."""
    return datetime.now().astimezone()


def time_text() -> str:
    """The time of day now, as names of folders have it."""
    return f"{datetime.now():%Y%m%d-%H%M%S}"


@contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """Show the current step in one line, on terminals only; each in its own line if asked to."""
    if SESSION.listener is not None:
        yield SESSION.listener.step
    elif SESSION.verbosity == "verbose":
        yield lambda step: err_console.print(Text(f"{time_text()[9:]} {step_text(step)}"), soft_wrap=True)
    elif SESSION.verbosity == "quiet" or not err_console.is_terminal:
        yield lambda _: None
    else:
        with err_console.status(step_text("reading inputs")) as status:
            yield lambda step: status.update(step_text(step))


def step_text(step: str) -> str:
    """A step of a run in the language of the session."""
    if SESSION.lang == "en":
        return step
    from parkdispatch.interfaces.translations.catalogue import translated

    return translated(step, SESSION.lang, "progress")


def today(timezone: str) -> date:
    """The day that it is now at a place."""
    return datetime.now(ZoneInfo(timezone)).date()
