"""`parkdispatch replay`: the year as it is lived, one day-ahead plan after another."""

import time
from typing import Annotated

import typer

from parkdispatch.interfaces.commands.console import out_console, progress_line, run_folder
from parkdispatch.interfaces.commands.options import CaseArgument, Language, Out, Variant, language, read_year


def replay(
    case: CaseArgument = "gaoan",
    variant: Variant = None,
    out: Out = None,
    lang: Language = "en",
    time_limit: Annotated[
        float, typer.Option(min=1, help="Seconds for a day, or for the year, before repair states its gap.")
    ] = 60.0,
) -> None:
    """Replay the case's year as day-ahead plans: what they keep of the saving with perfect foresight."""
    started = time.perf_counter()
    with progress_line() as progress:
        progress("reading")
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.studies.daily_replay import replay_year as replay_days
        from parkdispatch.studies.dispatch import write_run
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions

        findings = Findings()
        with findings.kept():
            spoken = language(lang)
        prepared = read_year(findings, case, variant, time_limit, out)
        context = SolveContext(SolveOptions(time_limit_s=time_limit), progress)
        made, replayed = replay_days(prepared, context, time.perf_counter() - started)
        progress("writing")
        paths = write_run(made, run_folder(out, made.case.name, "replay"), "replay", replayed, spoken)
    from parkdispatch.results.console.dispatch_screen import show_files, show_replay

    show_replay(out_console, made.case, made.solution, made.summary, replayed)
    show_files(out_console, paths.values())
