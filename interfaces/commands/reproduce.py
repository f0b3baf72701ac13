"""`parkdispatch reproduce`: compare published figures with computed ones."""

from typing import Annotated

import typer

from parkdispatch.interfaces.commands.console import end_of_tasks, out_console, progress_line
from parkdispatch.interfaces.commands.options import CaseArgument, Language, Out, language


def reproduce(
    case: CaseArgument = "gaoan-study",
    out: Out = None,
    lang: Language = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Dispatch the first two years and the last; interpolate the others."),
    ] = False,
    search: Annotated[
        bool, typer.Option("--search", help="Only repeat the calibration, and print the values.")
    ] = False,
) -> None:
    """Compare a published study with computed figures: arithmetic, PV, replication, current park."""
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.inputs.published.published_figures import read_published
        from parkdispatch.interfaces.output_paths import check_output_paths, run_folder, runs_folder
        from parkdispatch.results.console.dispatch_screen import show_files
        from parkdispatch.results.console.reproduction_screen import show_reproduction, show_search
        from parkdispatch.results.io.second_process import usable_processes
        from parkdispatch.results.wording.sentences import failed_sentences
        from parkdispatch.results.wording.words import load_words
        from parkdispatch.studies.reproduction import reproduce_figures as driver
        from parkdispatch.studies.reproduction.published_study import PLAN, reproduce_published
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions
        from parkdispatch.studies.study_tasks import run_store

        findings = Findings()
        file_lang = findings.collect(language, lang)
        findings.collect(check_output_paths, out)
        with findings.collecting():
            study = load_case(case, whole_year=True)
            driver.require_study_inputs(study)
        findings.raise_any()
        options = SolveOptions()
        finished = run_store(runs_folder(), "reproduce", study, options, quick, search)
        plan, context = read_published(PLAN), SolveContext(options, progress, finished, usable_processes())
        if search:
            fit = driver.search_calibration(study, plan, context)
        else:
            reproduction = reproduce_published(study, context, quick)
            progress("writing results")
            with run_folder(out, study.name, "reproduce") as folder:
                paths = driver.write_reproduction(reproduction, folder, file_lang)
        if search or not reproduction.failed:
            finished.clear()
    if search:
        show_search(out_console, fit, study.calibrated, driver.targets_of(plan), file_lang)
        return
    show_reproduction(
        out_console,
        driver.rows_in_words(reproduction, file_lang),
        reproduction.widths,
        reproduction.current_park.tornado,
        plan,
        file_lang,
        failed_sentences(reproduction.failed_parts, reproduction.asked, 0, load_words(file_lang)),
    )
    show_files(out_console, paths.values())
    end_of_tasks(finished, reproduction.failed)
