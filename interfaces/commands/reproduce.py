"""`parkdispatch reproduce`: published figures beside those computed here."""

from typing import Annotated

import typer

from parkdispatch.interfaces.commands.console import out_console, progress_line, run_folder
from parkdispatch.interfaces.commands.options import Language, Out, language

PLAN, FACTORS = "gaoan-pilot-plan", "factors"  # what is reproduced
PARK, SIZES = "gaoan", (None, "first_phase")  # the park of today, and the variants with its storage


def reproduce(
    case: Annotated[str, typer.Argument(help="The study's case: gaoan-study or the path of a case file.")] = (
        "gaoan-study"
    ),
    out: Out = None,
    lang: Language = "en",
    quick: Annotated[
        bool, typer.Option("--quick", help="Dispatch the first two years and the last; the rest on a line.")
    ] = False,
    search: Annotated[
        bool, typer.Option("--search", help="Only search the calibrated values anew, and print them.")
    ] = False,
) -> None:
    """Reproduce the published study: its own arithmetic, PV, the study replicated, and the park of today."""
    with progress_line() as progress:
        progress("reading")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.inputs.published.published_figures import read_published
        from parkdispatch.interfaces.output_paths import check_output_paths
        from parkdispatch.results.console.dispatch_screen import show_files
        from parkdispatch.results.console.reproduction_screen import show_reproduction, show_search
        from parkdispatch.studies.reproduction import reproduce_figures as driver
        from parkdispatch.studies.solve_options import SolveContext

        findings = Findings()
        with findings.kept():
            spoken = language(lang)
        with findings.kept():
            check_output_paths(1.0, out, None)
        with findings.kept():
            study = load_case(case, whole_year=True)
            driver.refuse(study)
        findings.raise_any()
        plan, context = read_published(PLAN), SolveContext(progress=progress)
        if search:
            found = driver.search_anew(study, plan, context)
        else:
            parks = [load_case(PARK, size, whole_year=True) for size in SIZES]
            only = () if quick else None
            made = driver.reproduce_figures(study, plan, read_published(FACTORS), parks, context, only)
            progress("writing")
            paths = driver.write_reproduction(made, run_folder(out, study.name, "reproduce"), spoken)
    if search:
        show_search(out_console, found, study.calibrated, driver.targets_of(plan), lang)
        return
    show_reproduction(
        out_console, driver.rows_in_words(made, lang), made.widths, made.now.tornado, plan, lang
    )
    show_files(out_console, paths.values())
