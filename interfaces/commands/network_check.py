"""The AC power flow that `plan` and `year` add to a dispatch: option, what is printed, exit code."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from parkdispatch.interfaces.commands.console import out_console, print_message, say

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case
    from parkdispatch.studies.dispatch import DispatchRun

BEYOND_LIMITS = 6  # exit code of a dispatch that the network does not carry within its limits

AcCheckOption = Annotated[
    int,
    typer.Option(
        "--ac-check",
        min=0,
        help="Check so many hardest intervals, such as 12, by AC power flow; needs the extra `network`.",
    ),
]


def check_possible(case: "Case | None", intervals: int) -> None:
    """Raise InputError, before anything is solved, where a check is asked for that cannot be made."""
    if case is not None and intervals:
        from parkdispatch.results.network.ac_check import require_ac_check

        require_ac_check(case, intervals)


def with_check(run: "DispatchRun", intervals: int, progress: Callable[[str], None]) -> "DispatchRun":
    """The run with the AC power flow that was asked for."""
    if not intervals:
        return run
    from parkdispatch.studies.dispatch import with_ac_check

    progress("AC power flow of the hardest intervals")
    return with_ac_check(run, intervals)


def end_of_check(run: "DispatchRun") -> None:
    """Say what the AC power flow found or that there was none, and end with `BEYOND_LIMITS` for findings.

    Raises typer.Exit.
    """
    from parkdispatch.results.console.network_screen import show_network
    from parkdispatch.results.console.screen_language import SCREEN_LANG
    from parkdispatch.results.network.electric_network import has_network
    from parkdispatch.results.network.network_tables import network_sentences
    from parkdispatch.results.wording.words import load_words

    if run.ac_check is not None:
        show_network(out_console, run.case, run.solution, run.ac_check)
        if run.ac_check.findings:
            raise typer.Exit(BEYOND_LIMITS)
    elif has_network(run.case):
        for sentence in network_sentences(None, load_words(SCREEN_LANG.get())):
            print_message("warning", say(f"{sentence} `--ac-check 12` does."))
