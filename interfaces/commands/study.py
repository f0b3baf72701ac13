"""`parkdispatch study`: the years of the storage, each dispatched anew, and the cash flow they make."""

import time
from typing import Annotated

import typer

from parkdispatch.interfaces.commands.console import out_console, print_message, progress_line, run_folder
from parkdispatch.interfaces.commands.options import CaseArgument, Language, Out, Variant, language


def study(
    case: CaseArgument = "gaoan",
    variant: Variant = None,
    out: Out = None,
    lang: Language = "en",
    time_limit: Annotated[
        float, typer.Option(min=1, help="Seconds for a year before repair stops and states its gap.")
    ] = 60.0,
) -> None:
    """Dispatch every year of the storage's life as it ages: cash flow, NPV, IRR, payback, debt cover."""
    started = time.perf_counter()
    with progress_line() as progress:
        progress("reading")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.interfaces.output_paths import check_output_paths
        from parkdispatch.results.finance.cash_flow import cash_flow
        from parkdispatch.results.finance.storage_study import Study
        from parkdispatch.results.writers.study_files import write_study
        from parkdispatch.studies.dispatch import SolveOptions
        from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime, require_lifetime_inputs

        findings = Findings()
        with findings.kept():
            spoken = language(lang)
        with findings.kept():
            check_output_paths(time_limit, out, None)
        with findings.kept():
            park = load_case(case, variant, whole_year=True)
            finance = require_lifetime_inputs(park)
        findings.raise_any()
        read = time.perf_counter()
        life = dispatch_lifetime(park, SolveOptions(time_limit_s=time_limit), progress)
        dispatched = time.perf_counter()
        progress("the cash flow")
        cash = cash_flow(finance, life.operation())
        timings = {
            "read": read - started,
            "dispatch": dispatched - read,
            "cash_flow": time.perf_counter() - dispatched,
        }
        made = Study(life, cash, timings)
        progress("writing")
        paths = write_study(made, run_folder(out, park.name, "study"), spoken)
    from parkdispatch.results.console.dispatch_screen import show_files
    from parkdispatch.results.console.study_screen import show_study

    show_study(out_console, made)
    show_files(out_console, paths.values())
    for line in park.warnings:
        print_message("warning", line)
