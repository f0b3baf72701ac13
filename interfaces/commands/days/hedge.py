"""`parkdispatch hedge`: set points for the day ahead that hold on paths of load, PV and wind."""

from pathlib import Path
from typing import Annotated

import typer

from parkdispatch.interfaces.commands.console import out_console, progress_line
from parkdispatch.interfaces.commands.options import (
    DEFAULT_TIME_LIMIT_S,
    CaseArgument,
    Language,
    Out,
    TimeLimit,
    Variant,
    language,
)
from parkdispatch.interfaces.commands.plan_options import (
    DayOption,
    PeakOption,
    SocOption,
    parse_day,
    parse_soc,
)

Forecast = Annotated[
    Path, typer.Option("--forecast", help="File of `forecast` with P10, P50 and P90 of the day.")
]
Paths = Annotated[int, typer.Option(help="How many paths are drawn.")]
Weight = Annotated[float, typer.Option(help="Weight of CVaR beside the expected cost, 0 to 1.")]
Level = Annotated[float, typer.Option(help="Level of CVaR: 0.9 is the mean of the worst tenth.")]
Seed = Annotated[int, typer.Option(help="Seed of the paths.")]
Scores = Annotated[
    Path | None,
    typer.Option(help="Folder of `forecast score`, from which the correlation of errors is measured."),
]


def hedge(
    forecast: Forecast,
    case: CaseArgument = "gaoan",
    day: DayOption = None,
    paths: Paths = 20,
    cvar_weight: Weight = 0.5,
    cvar_level: Level = 0.9,
    scores: Scores = None,
    seed: Seed = 1,
    soc: SocOption = None,
    peak_so_far_mw: PeakOption = None,
    variant: Variant = None,
    out: Out = None,
    lang: Language = None,
    time_limit: TimeLimit = DEFAULT_TIME_LIMIT_S,
) -> None:
    """Plan set points for a day that are the same whatever load and sources do, and say what they survive."""
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.inputs.prepare import day_times
        from parkdispatch.inputs.variations.overrides import with_overrides
        from parkdispatch.interfaces.output_paths import check_output_paths, run_folder
        from parkdispatch.operations.uncertainty.hedge_request import (
            HedgeRequest,
            paths_of_day,
            read_quantiles,
        )
        from parkdispatch.results.forecasts.hedge_files import HEDGE_OUTPUTS
        from parkdispatch.results.writers.outputs import write_outputs
        from parkdispatch.studies.day_plan import prepare_day
        from parkdispatch.studies.planning.hedged_day import hedge_day
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions

        findings = Findings()
        screen = findings.collect(language, lang)
        options = findings.collect(SolveOptions, time_limit_s=time_limit)
        request = findings.collect(HedgeRequest, paths, cvar_weight, cvar_level, seed, scores)
        given_soc = findings.collect(parse_soc, soc)
        findings.collect(check_output_paths, out)
        park = findings.collect(load_case, case, variant)
        chosen = findings.collect(parse_day, day, park)
        findings.raise_any()
        times = day_times(park, chosen or park.calendar.plan_date)
        quantiles = findings.collect(read_quantiles, park, forecast, times)
        varied = findings.collect(with_overrides, park, given_soc, peak_so_far_mw)
        findings.raise_any()
        drawn = paths_of_day(park, quantiles, request)
        prepared = prepare_day(park, varied, times, peak_so_far_mw is not None).prepared
        plan = hedge_day(prepared, drawn, request.risk, SolveContext(options, progress))
        progress("writing results")
        with run_folder(out, park.name, "hedge") as folder:
            files = write_outputs(HEDGE_OUTPUTS, plan, folder, screen)
    from parkdispatch.results.console.dispatch_screen import show_files
    from parkdispatch.results.forecasts.hedge_files import hedge_lines

    for line in hedge_lines(plan, screen):
        out_console.print(line, soft_wrap=True, markup=False, highlight=False)
    show_files(out_console, files.values())
