"""`parkdispatch size`: size and year of commissioning of a further battery, with its risk."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from parkdispatch.interfaces.commands.console import (
    end_of_tasks,
    out_console,
    print_message,
    progress_line,
    say,
)
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

if TYPE_CHECKING:
    from parkdispatch.results.sizing.sizing_results import SizeStudy

Parts = Annotated[
    str | None,
    typer.Option(
        help="Parts to compute, comma-separated: best, surface, offers, steps, when, scenarios; default: all."
    ),
]
ScenarioTable = Annotated[
    str | None,
    typer.Option(
        help="Scenarios to draw, or a CSV file with a column per uncertain input; default: that of the case."
    ),
]
SchedulerAddress = Annotated[
    str | None,
    typer.Option(
        help="Dask scheduler for the scenarios, tcp://HOST:PORT or, with the three --tls options, tls://HOST:PORT;"
        " default: local processes."
    ),
]
TlsCaFile = Annotated[
    Path | None, typer.Option(help="Certificate of the authority that signed the scheduler's, PEM.")
]
TlsCert = Annotated[Path | None, typer.Option(help="Certificate of this client, PEM.")]
TlsKey = Annotated[Path | None, typer.Option(help="Key of that certificate, PEM.")]
Workers = Annotated[
    int | None, typer.Option(help="Local processes for the scenarios; default: one per core.")
]
Store = Annotated[
    Path | None,
    typer.Option(
        help="Folder of finished scenarios, from which an interrupted run continues; default: one in runs/."
    ),
]
EveryYear = Annotated[
    bool, typer.Option("--every-year", help="Dispatch every year of the offers instead of interpolating.")
]
WriteCase = Annotated[
    Path | None,
    typer.Option(
        help="Case file to write with the recommended size and its money, for `study`; in the case's folder."
    ),
]


def size(
    case: CaseArgument = "gaoan",
    variant: Variant = None,
    only: Parts = None,
    scenarios: ScenarioTable = None,
    scheduler: SchedulerAddress = None,
    tls_ca_file: TlsCaFile = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    workers: Workers = None,
    store: Store = None,
    every_year: EveryYear = False,
    write_case: WriteCase = None,
    out: Out = None,
    lang: Language = None,
    time_limit: TimeLimit = DEFAULT_TIME_LIMIT_S,
    gap: Gap = 1e-9,
) -> None:
    """Size a further battery: co-optimised, by size, offer, year of commissioning, and scenario.

    Exit code 5: some of that failed, the rest is written; the same command computes only what is missing.
    """
    warnings: list[str] = []
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.case_writer import require_case_folder
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.inputs.variations.scenarios import scenario_table
        from parkdispatch.interfaces.output_paths import check_output_paths, run_folder, runs_folder
        from parkdispatch.results.writers.sizing_files import write_size_study
        from parkdispatch.studies.dask_client import tls_files
        from parkdispatch.studies.sizing.chosen_case import write_chosen_case
        from parkdispatch.studies.sizing.existing_park import require_increment_inputs
        from parkdispatch.studies.sizing.scenario_evaluation import require_matching_store
        from parkdispatch.studies.sizing.sizing_study import SCENARIOS, Scenarios, parts_asked, size_study
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions
        from parkdispatch.studies.study_tasks import run_store
        from parkdispatch.studies.task_cluster import TaskCluster

        findings = Findings()
        file_lang = findings.collect(language, lang)
        options = findings.collect(SolveOptions, time_limit_s=time_limit, gap=gap)
        findings.collect(check_output_paths, out)
        parts = findings.collect(parts_asked, only)
        with findings.collecting():
            cluster = TaskCluster(scheduler, workers, tls_files(tls_ca_file, tls_cert, tls_key))
        with findings.collecting():
            park = load_case(case, variant, whole_year=True)
            require_increment_inputs(park)
            if write_case is not None:
                require_case_folder(park, write_case)
        findings.raise_any()
        scenario_run = None
        if SCENARIOS in parts:
            scenario_run = Scenarios(scenario_table(park, scenarios), cluster, store, runs_folder())
            # an unusable store or scheduler is reported before the computation, not after
            if store is not None:
                require_matching_store(store, park, scenario_run.table, options)
            if scheduler is not None:
                with cluster:
                    progress("connected to the scheduler")
        finished = run_store(runs_folder(), "size", park, options, parts, every_year)
        context = SolveContext(options, progress, finished)
        result = size_study(park, parts, context, scenario_run, every_year, warnings.append)
        progress("writing results")
        written = None if write_case is None else write_chosen_case(result, write_case)
        with run_folder(out, park.name, "size") as folder:
            paths = write_size_study(result, folder, file_lang)
        if not result.failed:
            finished.clear()
    _show(result, paths)
    if written is not None:
        note = say(f"Wrote {write_case} with {written}; `parkdispatch study {write_case}` values it.")
        out_console.print(Text(note), soft_wrap=True)
    for line in (*park.warnings, *warnings):
        print_message("warning", line)
    end_of_tasks(finished, result.failed)


def _show(result: "SizeStudy", paths: Mapping[str, Path]) -> None:
    """Print the study, the files that it wrote, and where its scenarios are kept."""
    from parkdispatch.results.console.dispatch_screen import show_files
    from parkdispatch.results.console.sizing_screen import show_size_study

    show_size_study(out_console, result)
    show_files(out_console, paths.values())
    if result.kept:
        note = say(f"Scenarios stored in {result.kept}; the same command reuses them.")
        out_console.print(Text(note), soft_wrap=True)
