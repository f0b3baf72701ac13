"""`parkdispatch replay`: rolling day-ahead plans over the year, each day known or on forecasts."""

import time
from typing import Annotated

import typer

from parkdispatch.interfaces.commands.console import end_of_days, out_console, print_message, progress_line
from parkdispatch.interfaces.commands.days.forecast_replay import (
    ForecastReplay,
    refuse_without_forecast,
    replay_on_forecasts_command,
)
from parkdispatch.interfaces.commands.days.forecast_runs import (
    Country,
    FirstDay,
    ForecastFiles,
    HoldPeak,
    Issued,
)
from parkdispatch.interfaces.commands.days.hedge import Level, Seed, Weight
from parkdispatch.interfaces.commands.options import (
    DEFAULT_TIME_LIMIT_S,
    CaseArgument,
    Language,
    Out,
    TimeLimit,
    Variant,
    language,
    read_year,
)

Forecast = Annotated[
    str | None,
    typer.Option(
        help="Plan on forecasts of load and sources: perfect, persistence, last-week, learned or file;"
        " default: each day is known."
    ),
]
PlanAt = Annotated[
    list[str] | None,
    typer.Option(
        "--plan-at", help="Time of each day, HH:MM, at which it is planned; default: 08:00 and 14:00."
    ),
]
Days = Annotated[int | None, typer.Option(help="How many days are run; default: to the end of the year.")]
Peak = Annotated[
    str,
    typer.Option(help="The month's peak that plans expect: before (as the month before needed) or known."),
]
Hedge = Annotated[
    int | None,
    typer.Option(
        "--hedge",
        min=2,
        max=200,
        help="With `--forecast learned`: plans are made on so many paths drawn from the forecasts; default:"
        " on P50.",
    ),
]


def replay(
    case: CaseArgument = "gaoan",
    forecast: Forecast = None,
    forecast_file: ForecastFiles = None,
    plan_at: PlanAt = None,
    issued: Issued = "14:00",
    first_day: FirstDay = None,
    days: Days = None,
    hold_peak: HoldPeak = True,
    peak: Peak = "before",
    holidays: Country = "CN",
    hedge: Hedge = None,
    cvar_weight: Weight = 0.0,
    cvar_level: Level = 0.9,
    seed: Seed = 1,
    variant: Variant = None,
    out: Out = None,
    lang: Language = None,
    time_limit: TimeLimit = DEFAULT_TIME_LIMIT_S,
) -> None:
    """Plan the year day by day, and compare cost and saving with perfect foresight."""
    if forecast is not None:
        typed = ForecastReplay(
            forecast,
            forecast_file,
            plan_at,
            issued,
            first_day,
            days,
            hold_peak,
            peak,
            holidays,
            hedge,
            cvar_weight,
            cvar_level,
            seed,
        )
        replay_on_forecasts_command(case, variant, out, lang, typed)
        return
    given = {
        "forecast-file": bool(forecast_file),
        "plan-at": bool(plan_at),
        "from": first_day is not None,
        "days": days is not None,
        "hedge": hedge is not None,
    }
    refuse_without_forecast(given)
    started = time.perf_counter()
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.interfaces.output_paths import run_folder
        from parkdispatch.results.io.second_process import usable_processes
        from parkdispatch.studies.daily_replay import replay_year as replay_days
        from parkdispatch.studies.dispatch import write_run
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions

        findings = Findings()
        file_lang = findings.collect(language, lang)
        options = findings.collect(SolveOptions, time_limit_s=time_limit)
        prepared = read_year(findings, case, variant, out)
        context = SolveContext(options, progress, processes=usable_processes())
        run, replayed = replay_days(prepared, context, time.perf_counter() - started)
        progress("writing results")
        with run_folder(out, run.case.name, "replay") as folder:
            paths = write_run(run, folder, "replay", replayed, file_lang, on_two_cores=True)
    from parkdispatch.results.console.dispatch_screen import show_files, show_replay

    show_replay(out_console, run.case, run.solution, run.summary, replayed)
    show_files(out_console, paths.values())
    for line in run.case.dispatch_warnings:
        print_message("warning", line)
    end_of_days(len(replayed.days), replayed.asked_days, replayed.failed)
