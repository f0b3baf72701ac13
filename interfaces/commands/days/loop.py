"""`parkdispatch loop`: the park re-planned at every interval from forecasts that err."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from parkdispatch.interfaces.commands.console import (
    end_of_days,
    out_console,
    print_message,
    progress_line,
    say,
)
from parkdispatch.interfaces.commands.days.forecast_runs import (
    Country,
    FirstDay,
    ForecastFiles,
    HoldPeak,
    Issued,
    clock_hour,
    first_interval,
    forecast_files,
    issued_forecasts,
)
from parkdispatch.interfaces.commands.options import CaseArgument, Language, Out, Variant, language, read_year
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.studies.closed_loop.loop_result import LoopResult

Days = Annotated[int, typer.Option(help="How many days are run; 365 is the year.")]
Forecast = Annotated[
    str,
    typer.Option(
        help="Of load and sources: perfect, persistence (the last 24 hours again), last-week (the last week"
        " again), learned (day by day) or file."
    ),
]
PlanHours = Annotated[float, typer.Option(help="How far each plan looks ahead [h].")]

LEAST_MWH = 1e-3  # that is worth a line


def loop(
    case: CaseArgument = "gaoan",
    first_day: FirstDay = None,
    days: Days = 7,
    forecast: Forecast = "persistence",
    plan_hours: PlanHours = 24.0,
    hold_peak: HoldPeak = True,
    forecast_file: ForecastFiles = None,
    issued: Issued = "14:00",
    holidays: Country = "CN",
    variant: Variant = None,
    out: Out = None,
    lang: Language = None,
) -> None:
    """Re-plan the park at every interval from forecasts that err, and settle what really came."""
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.interfaces.output_paths import run_folder
        from parkdispatch.studies.closed_loop.closed_loop import run_loop
        from parkdispatch.studies.closed_loop.loop_files import write_loop
        from parkdispatch.studies.closed_loop.loop_forecasts import parse_kind
        from parkdispatch.studies.closed_loop.loop_options import LoopOptions, option_problems

        findings, started = Findings(), time.perf_counter()
        findings.collect(language, lang)
        kind = findings.collect(parse_kind, forecast)
        issue_hour = findings.collect(clock_hour, "issued", issued)
        files = findings.collect(forecast_files, forecast_file)
        prepared = read_year(findings, case, variant, out)
        count = days * round(24 / prepared.hours)
        first = first_interval(prepared, first_day)
        options = LoopOptions(first, count, plan_hours, kind, hold_peak, issue_hour=issue_hour)
        if problems := option_problems(prepared, options):
            raise InputError(problems)
        forecasts = issued_forecasts(prepared, options, files, holidays, progress)
        result = run_loop(prepared, options, progress, forecasts)
        progress("writing results")
        with run_folder(out, prepared.case.name, "loop") as folder:
            paths = write_loop(result, options, prepared.case, folder, time.perf_counter() - started)
    _show(result, forecast)
    from parkdispatch.results.console.dispatch_screen import show_files

    show_files(out_console, paths)
    for line in prepared.case.dispatch_warnings:
        print_message("warning", line)
    failed = [] if result.failed is None else [result.failed]
    end_of_days(round(len(result.times) * prepared.hours / 24), result.asked_days, failed)


def loop_lines(result: "LoopResult", forecast: str) -> list[str]:
    """What the loop cost, what it keeps, and how its plans were proven, in English."""
    proofs = result.proofs
    lines = [
        f"{result.times[0]:%Y-%m-%d} to {result.times[-1]:%Y-%m-%d}: {proofs.count:,} plans,"
        f" forecast {forecast}",
        f"Cost {result.cost_yuan:z,.0f} yuan; with perfect foresight of the span"
        f" {result.foresight_yuan:z,.0f} yuan",
    ]
    if result.without_yuan is not None:
        lines.append(f"Without storage {result.without_yuan:z,.0f} yuan")
    if result.kept is not None:
        lines.append(f"Kept of the saving with perfect foresight: {100 * result.kept:z.1f} %")
    if result.missing_mwh > LEAST_MWH:
        lines.append(f"The stores end {result.missing_mwh:,.3f} MWh below what the case asks for")
    lines += [
        f"Limit not kept: {broken.device}.{broken.name} of {broken.period} is {broken.used:,.3f}, by"
        f" {broken.over:,.3f} beyond its limit"
        for broken in result.broken
    ]
    lines += [
        f"Plans proven optimal for their forecast: {proofs.proven:,} of {proofs.count:,}; largest gap"
        f" {proofs.largest_gap:.1e}",
        f"Set points that gave way to a limit or the peak: {proofs.gave_way:,} intervals",
        f"Processor time: {result.cpu_ms:.1f} ms a step",
    ]
    return lines


def _show(result: "LoopResult", forecast: str) -> None:
    """Print what the loop cost, what it keeps, and how its plans were proven."""
    lines = loop_lines(result, forecast)
    for line in lines:
        out_console.print(say(line), soft_wrap=True)
    if result.failed is not None:
        from parkdispatch.results.console.screen_parts import failed_lines

        for line in failed_lines([result.failed], {"days": result.asked_days}, result.times[0].year):
            out_console.print(line, soft_wrap=True, markup=False)
