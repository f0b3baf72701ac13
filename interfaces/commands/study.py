"""`parkdispatch study`: dispatch every year of the storage, and compute the cash flow of the investment."""

import time
from typing import Annotated

import typer

from parkdispatch.interfaces.commands.console import end_of_tasks, out_console, print_message, progress_line
from parkdispatch.interfaces.commands.options import (
    DEFAULT_TIME_LIMIT_S,
    CaseArgument,
    Gap,
    Language,
    Out,
    TimeLimit,
    Variant,
    language,
)


def study(
    case: CaseArgument = "gaoan",
    variant: Variant = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Dispatch the first two years and the last; interpolate the others."),
    ] = False,
    as_operated: Annotated[
        str | None,
        typer.Option(
            help="Share of the saving that is kept without perfect foresight, such as 0.85, or regret.json of"
            " a replay, loop.json of a loop."
        ),
    ] = None,
    out: Out = None,
    lang: Language = None,
    time_limit: TimeLimit = DEFAULT_TIME_LIMIT_S,
    gap: Gap = 1e-9,
) -> None:
    """Dispatch every year of the ageing storage: cash flow, NPV, IRR, payback, debt service coverage.

    Exit code 5: some years failed and are estimated; the same command computes only what is missing.
    """
    started = time.perf_counter()
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.interfaces.output_paths import check_output_paths, run_folder, runs_folder
        from parkdispatch.results.io.second_process import usable_processes
        from parkdispatch.results.savings.as_operated import read_as_operated
        from parkdispatch.results.writers.study_files import write_study
        from parkdispatch.studies.lifetime.lifetime_dispatch import require_lifetime_inputs
        from parkdispatch.studies.lifetime.storage_study_run import study_storage
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions
        from parkdispatch.studies.study_tasks import run_store

        findings = Findings()
        file_lang = findings.collect(language, lang)
        options = findings.collect(SolveOptions, time_limit_s=time_limit, gap=gap)
        kept = None if as_operated is None else findings.collect(read_as_operated, as_operated)
        findings.collect(check_output_paths, out)
        with findings.collecting():
            park = load_case(case, variant, whole_year=True)
            require_lifetime_inputs(park)
        findings.raise_any()
        finished = run_store(runs_folder(), "study", park, options, quick)
        context = SolveContext(options, progress, finished, usable_processes())
        result = study_storage(park, context, time.perf_counter() - started, quick, kept)
        progress("writing results")
        with run_folder(out, park.name, "study") as folder:
            paths = write_study(result, folder, file_lang)
        if not result.failed:
            finished.clear()
    from parkdispatch.results.console.dispatch_screen import show_files
    from parkdispatch.results.console.study_screen import show_study

    show_study(out_console, result)
    show_files(out_console, paths.values())
    for line in park.warnings:
        print_message("warning", line)
    end_of_tasks(finished, result.failed)
