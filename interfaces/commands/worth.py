"""`parkdispatch worth`: what each part of a park is worth in a year."""

from parkdispatch.interfaces.commands.console import end_of_tasks, out_console, progress_line
from parkdispatch.interfaces.commands.options import (
    DEFAULT_TIME_LIMIT_S,
    CaseArgument,
    Gap,
    Language,
    Out,
    TimeLimit,
    language,
)


def worth(
    case: CaseArgument = "gaoan-pilot",
    out: Out = None,
    time_limit: TimeLimit = DEFAULT_TIME_LIMIT_S,
    gap: Gap = 1e-4,
    lang: Language = None,
) -> None:
    """Dispatch the year with and without each part: the variants whose names begin with without_."""
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.interfaces.output_paths import check_output_paths, run_folder, runs_folder
        from parkdispatch.results.writers.outputs import write_outputs
        from parkdispatch.results.writers.part_worth_files import PART_WORTH_OUTPUTS
        from parkdispatch.studies.partless_years import park_without_parts, worth_of_parts
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions
        from parkdispatch.studies.study_tasks import run_store

        findings = Findings()
        findings.collect(language, lang)
        findings.collect(check_output_paths, out)
        options = findings.collect(SolveOptions, time_limit_s=time_limit, gap=gap)
        years = findings.collect(park_without_parts, case)
        findings.raise_any()
        park = years[""].case
        finished = run_store(
            runs_folder(), "worth", park, options, [years[part].case.sha256 for part in years]
        )
        result = worth_of_parts(years, SolveContext(options, progress, finished))
        progress("writing results")
        with run_folder(out, result.case.name, "worth") as folder:
            paths = write_outputs(PART_WORTH_OUTPUTS, result, folder, "en")
        if not result.failed:
            finished.clear()
    from parkdispatch.results.console.dispatch_screen import show_files
    from parkdispatch.results.console.part_worth_screen import show_part_worth

    show_part_worth(out_console, result)
    show_files(out_console, paths.values())
    end_of_tasks(finished, result.failed)
