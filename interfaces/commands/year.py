"""`parkdispatch year`: the case's whole year in one model."""

import time

from parkdispatch.interfaces.commands.console import out_console, progress_line, run_folder
from parkdispatch.interfaces.commands.options import (
    CaseArgument,
    Gap,
    Language,
    Model,
    Out,
    Solver,
    TimeLimit,
    Variant,
    language,
    read_year,
    write_pyomo_model,
)


def year(
    case: CaseArgument = "gaoan",
    variant: Variant = None,
    out: Out = None,
    lang: Language = "en",
    solver: Solver = "highs",
    time_limit: TimeLimit = 60.0,
    gap: Gap = 1e-9,
    model: Model = None,
) -> None:
    """Dispatch the case's whole year in one model: energy, bill, cycles, peaks, proof, timings."""
    started = time.perf_counter()
    with progress_line() as progress:
        progress("reading")
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.studies.dispatch import dispatch_case, write_run
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions

        findings = Findings()
        with findings.kept():
            spoken = language(lang)
        with findings.kept():
            context = SolveContext(SolveOptions(solver, time_limit, gap=gap), progress)
        prepared = read_year(findings, case, variant, time_limit, out, model)
        if model:
            write_pyomo_model(prepared, model)
        made = dispatch_case(prepared, context, time.perf_counter() - started)
        progress("writing")
        writing = time.perf_counter()
        paths = write_run(made, run_folder(out, made.case.name, "year"), "year", lang=spoken)
        timings = {**made.timings_s, "write": time.perf_counter() - writing}
    from parkdispatch.results.console.dispatch_screen import show_files, show_year

    show_year(out_console, made.case, made.solution, made.summary, timings, made.model)
    show_files(out_console, paths.values())
