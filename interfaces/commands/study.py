"""`parkdispatch study`: dispatch every year of the storage, and compute the cash flow of the investment."""

import time

from parkdispatch.interfaces.commands.console import out_console, print_message, progress_line, run_folder
from parkdispatch.interfaces.commands.options import (
    DEFAULT_TIME_LIMIT_S,
    CaseArgument,
    Language,
    Out,
    TimeLimit,
    Variant,
    language,
)


def study(
    case: CaseArgument = "gaoan",
    variant: Variant = None,
    out: Out = None,
    lang: Language = "en",
    time_limit: TimeLimit = DEFAULT_TIME_LIMIT_S,
) -> None:
    """Dispatch every year of the ageing storage: cash flow, NPV, IRR, payback, debt service coverage."""
    started = time.perf_counter()
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.interfaces.output_paths import check_output_paths
        from parkdispatch.results.finance.cash_flow import cash_flow
        from parkdispatch.results.finance.storage_study import Study, write_study
        from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime, require_lifetime_inputs
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions

        findings = Findings()
        with findings.kept():
            file_lang = language(lang)
        with findings.kept():
            check_output_paths(time_limit, out)
        with findings.kept():
            park = load_case(case, variant, whole_year=True)
            finance = require_lifetime_inputs(park)
        findings.raise_any()
        read = time.perf_counter()
        context = SolveContext(SolveOptions(time_limit_s=time_limit), progress)
        life = dispatch_lifetime(park, context)
        dispatched = time.perf_counter()
        progress("computing the cash flow")
        cash = cash_flow(finance, life.operation())
        timings = {
            "read": read - started,
            "dispatch": dispatched - read,
            "cash_flow": time.perf_counter() - dispatched,
        }
        result = Study(life, cash, timings)
        progress("writing results")
        paths = write_study(result, run_folder(out, park.name, "study"), file_lang)
    from parkdispatch.results.console.dispatch_screen import show_files
    from parkdispatch.results.console.study_screen import show_study

    show_study(out_console, result)
    show_files(out_console, paths.values())
    for line in park.warnings:
        print_message("warning", line)
