"""`parkdispatch replay --forecast`: plans of a span on forecasts as issued, and their regret by cause."""

from dataclasses import dataclass
from pathlib import Path

from parkdispatch.interfaces.commands.console import end_of_days, out_console, print_message, progress_line
from parkdispatch.interfaces.commands.days.forecast_runs import (
    clock_hour,
    first_interval,
    forecast_files,
    issued_forecasts,
)
from parkdispatch.interfaces.commands.options import language, read_year
from parkdispatch.models.errors import InputError

PLANS_AT = ("08:00", "14:00")
PEAKS = ("before", "known")


@dataclass(frozen=True)
class ForecastReplay:
    """What was typed."""

    forecast: str
    files: list[str] | None
    plan_at: list[str] | None
    issued: str
    first_day: str | None
    days: int | None
    hold_peak: bool
    peak: str
    country: str
    paths: int | None
    cvar_weight: float
    cvar_level: float
    seed: int


def replay_on_forecasts_command(
    case: str, variant: str | None, out: Path | None, lang: str | None, typed: ForecastReplay
) -> None:
    """Run the span, print and write its regret."""
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.interfaces.output_paths import run_folder
        from parkdispatch.operations.uncertainty.hedge_request import HedgeRequest
        from parkdispatch.operations.uncertainty.replay_regret import replay_on_forecasts
        from parkdispatch.results.io.second_process import usable_processes
        from parkdispatch.results.writers.outputs import write_outputs
        from parkdispatch.results.writers.regret_files import REGRET_OUTPUTS
        from parkdispatch.studies.closed_loop.loop_forecasts import parse_kind
        from parkdispatch.studies.closed_loop.loop_options import LoopHedge, LoopOptions, option_problems
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions

        findings = Findings()
        screen = findings.collect(language, lang)
        kind = findings.collect(parse_kind, typed.forecast)
        issue_hour = findings.collect(clock_hour, "issued", typed.issued)
        hours = [findings.collect(clock_hour, "plan-at", text) for text in typed.plan_at or PLANS_AT]
        files = findings.collect(forecast_files, typed.files)
        if typed.peak not in PEAKS:
            findings.lines.append(f"`--peak` = {typed.peak}: must be {' or '.join(PEAKS)}")
        hedge = None
        if typed.paths is not None:
            asked = findings.collect(
                HedgeRequest, typed.paths, typed.cvar_weight, typed.cvar_level, typed.seed
            )
            hedge = LoopHedge(asked.paths, asked.risk, asked.seed) if asked else None
        prepared = read_year(findings, case, variant, out)
        first = first_interval(prepared, typed.first_day)
        per_day = round(24 / prepared.hours)
        count = len(prepared.times) - first if typed.days is None else typed.days * per_day
        options = LoopOptions(
            first,
            count,
            24.0,
            kind,
            typed.hold_peak,
            tuple(sorted(set(hours))),
            issue_hour,
            peak_as_before=typed.peak == PEAKS[0],
            hedge=hedge,
        )
        if problems := option_problems(prepared, options):
            raise InputError(problems)
        issued = issued_forecasts(prepared, options, files, typed.country, progress)
        context = SolveContext(SolveOptions(), progress, processes=usable_processes())
        _, regret = replay_on_forecasts(prepared, options, context, issued)
        progress("writing results")
        with run_folder(out, prepared.case.name, "replay") as folder:
            paths = write_outputs(REGRET_OUTPUTS, regret, folder, screen)
    from parkdispatch.results.console.dispatch_screen import show_files
    from parkdispatch.results.console.regret_screen import show_regret

    show_regret(out_console, regret, screen)
    show_files(out_console, paths.values())
    for line in prepared.case.dispatch_warnings:
        print_message("warning", line)
    end_of_days((regret.last - regret.first).days + 1, regret.asked_days, regret.failed)


def refuse_without_forecast(named: dict[str, bool]) -> None:
    """Raise InputError for options that only a replay on forecasts has, by their names."""
    problems = [
        f"`--{name}`: belongs to a replay on forecasts, must have `--forecast` beside it"
        for name, is_given in named.items()
        if is_given
    ]
    if problems:
        raise InputError(problems)
