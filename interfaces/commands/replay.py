"""`parkdispatch replay`: rolling day-ahead plans over the year."""

import time

from parkdispatch.interfaces.commands.console import out_console, print_message, progress_line
from parkdispatch.interfaces.commands.options import (
    DEFAULT_TIME_LIMIT_S,
    CaseArgument,
    Language,
    Out,
    TimeLimit,
    Variant,
    language,
    read_year,
)


def replay(
    case: CaseArgument = "gaoan",
    variant: Variant = None,
    out: Out = None,
    lang: Language = None,
    time_limit: TimeLimit = DEFAULT_TIME_LIMIT_S,
) -> None:
    """Plan the year day by day, and compare cost and saving with perfect foresight."""
    started = time.perf_counter()
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.interfaces.output_paths import run_folder
        from parkdispatch.results.io.second_process import usable_processes
        from parkdispatch.studies.daily_replay import replay_year as replay_days
        from parkdispatch.studies.dispatch import write_run
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions

        findings = Findings()
        file_lang = findings.collect(language, lang)
        options = findings.collect(SolveOptions, time_limit_s=time_limit)
        prepared = read_year(findings, case, variant, out)
        context = SolveContext(options, progress, processes=usable_processes())
        run, replayed = replay_days(prepared, context, time.perf_counter() - started)
        progress("writing results")
        with run_folder(out, run.case.name, "replay") as folder:
            paths = write_run(run, folder, "replay", replayed, file_lang, on_two_cores=True)
    from parkdispatch.results.console.dispatch_screen import show_files, show_replay

    show_replay(out_console, run.case, run.solution, run.summary, replayed)
    show_files(out_console, paths.values())
    for line in run.case.dispatch_warnings:
        print_message("warning", line)
