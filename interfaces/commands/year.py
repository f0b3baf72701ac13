"""`parkdispatch year`: dispatch the whole year in one model."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parkdispatch.interfaces.commands.console import out_console, print_message, progress_line, say
from parkdispatch.interfaces.commands.network_check import (
    AcCheckOption,
    check_possible,
    end_of_check,
    with_check,
)
from parkdispatch.interfaces.commands.options import (
    DEFAULT_TIME_LIMIT_S,
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
    lang: Language = None,
    solver: Solver = "highs",
    time_limit: TimeLimit = DEFAULT_TIME_LIMIT_S,
    gap: Gap = 1e-9,
    model: Model = None,
    ac_check: AcCheckOption = 0,
    write_case: Annotated[
        Path | None,
        typer.Option(help="Case file to write with the chosen sizes and their investment, for `study`."),
    ] = None,
) -> None:
    """Dispatch the whole year in one model: energy, bill, cycles, peaks, proof, run times."""
    started = time.perf_counter()
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.interfaces.output_paths import run_folder
        from parkdispatch.studies.dispatch import dispatch_case, write_run
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions

        findings = Findings()
        file_lang = findings.collect(language, lang)
        options = findings.collect(SolveOptions, solver, time_limit, gap=gap)
        prepared = read_year(findings, case, variant, out, model)
        check_possible(prepared.case, ac_check)
        if write_case is not None:
            from parkdispatch.inputs.case_writer import require_case_folder
            from parkdispatch.studies.sizing.sized_case import require_sizes_to_write

            require_sizes_to_write(prepared.case)
            require_case_folder(prepared.case, write_case)
        context = SolveContext(options, progress)
        write_pyomo_model(prepared, model)
        run = dispatch_case(prepared, context, time.perf_counter() - started)
        run = with_check(run, ac_check, progress)
        progress("writing results")
        solved = time.perf_counter()
        with run_folder(out, run.case.name, "year") as folder:
            paths = write_run(run, folder, "year", lang=file_lang, on_two_cores=True)
        invested = None
        if write_case is not None:
            from parkdispatch.studies.sizing.sized_case import write_sized_case

            invested = write_sized_case(run.case, run.solution, write_case)
        timings = {**run.timings_s, "write": time.perf_counter() - solved}
    from parkdispatch.results.console.dispatch_screen import show_files, show_year

    show_year(out_console, run.case, run.solution, run.summary, timings, run.model)
    show_files(out_console, paths.values())
    if invested is not None:
        note = say(
            f"Wrote {write_case} for {invested:,.0f} yuan; `parkdispatch study {write_case}` values it."
        )
        out_console.print(Text(note), soft_wrap=True)
    for line in run.case.dispatch_warnings:
        print_message("warning", line)
    end_of_check(run)
