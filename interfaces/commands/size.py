"""`parkdispatch size`: how large the increment should be, when it should come, and what that hangs on."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parkdispatch.interfaces.commands.console import (
    RUNS,
    out_console,
    print_message,
    progress_line,
    run_folder,
)
from parkdispatch.interfaces.commands.options import CaseArgument, Language, Out, Variant, language

Only = Annotated[
    str | None,
    typer.Option(help="Parts to compute, by commas: best, surface, offers, when, scenarios; default all."),
]
Table = Annotated[
    str | None,
    typer.Option(help="How many scenarios to draw, or a CSV file, a column a doubt; default: the case's."),
]
Address = Annotated[
    str | None,
    typer.Option(help="A Dask scheduler, tcp://HOST:PORT, for the scenarios; default: processes here."),
]
Workers = Annotated[int | None, typer.Option(help="Local processes for the scenarios; default: the cores.")]
Kept = Annotated[
    Path | None,
    typer.Option(
        help="Folder where finished scenarios are kept, so that a stopped run goes on; default: one in runs/."
    ),
]
EveryYear = Annotated[
    bool, typer.Option("--every-year", help="Dispatch every year of the offers, not the first and the last.")
]


def size(
    case: CaseArgument = "gaoan",
    variant: Variant = None,
    only: Only = None,
    scenarios: Table = None,
    scheduler: Address = None,
    workers: Workers = None,
    store: Kept = None,
    every_year: EveryYear = False,
    out: Out = None,
    lang: Language = "en",
    time_limit: Annotated[
        float, typer.Option(min=1, help="Seconds for a year before repair stops and states its gap.")
    ] = 60.0,
) -> None:
    """Size one more battery: co-optimised, over a surface, by offers, by year, and in scenarios."""
    warnings: list[str] = []
    with progress_line() as progress:
        progress("reading")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.inputs.variations.scenarios import scenario_table
        from parkdispatch.interfaces.output_paths import check_output_paths
        from parkdispatch.results.writers.sizing_files import write_size_study
        from parkdispatch.studies.sizing.existing_park import refuse_increment
        from parkdispatch.studies.sizing.scenario_evaluation import refuse_store
        from parkdispatch.studies.sizing.sizing_study import SCENARIOS, Scenarios, parts_asked, size_study
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions
        from parkdispatch.studies.task_cluster import TaskCluster

        findings = Findings()
        with findings.kept():
            spoken = language(lang)
        with findings.kept():
            check_output_paths(time_limit, out, None)
        with findings.kept():
            parts = parts_asked(only)
        with findings.kept():
            farm = TaskCluster(scheduler, workers)
        with findings.kept():
            park = load_case(case, variant, whole_year=True)
            refuse_increment(park)
        findings.raise_any()
        asked, options = None, SolveOptions(time_limit_s=time_limit)
        if SCENARIOS in parts:
            asked = Scenarios(scenario_table(park, scenarios), farm, store, RUNS)
            # what cannot be used is said before an hour's work, not after
            if store is not None:
                refuse_store(store, park, asked.table, options)
            if scheduler is not None:
                with farm:
                    progress("the scheduler answers")
        context = SolveContext(options, progress)
        study = size_study(park, parts, context, asked, every_year, warnings.append)
        progress("writing")
        paths = write_size_study(study, run_folder(out, park.name, "size"), spoken)
    from parkdispatch.results.console.dispatch_screen import show_files
    from parkdispatch.results.console.sizing_screen import show_size_study

    show_size_study(out_console, study)
    show_files(out_console, paths.values())
    if study.kept:
        said = f"Scenarios kept in {study.kept}; the same command takes them from there."
        out_console.print(Text(said), soft_wrap=True)
    for line in (*park.warnings, *warnings):
        print_message("warning", line)
