"""`parkdispatch plan`: dispatch one day."""

import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkdispatch.interfaces.commands.console import out_console, print_message, progress_line
from parkdispatch.interfaces.commands.network_check import (
    AcCheckOption,
    check_possible,
    end_of_check,
    with_check,
)
from parkdispatch.interfaces.commands.options import (
    DEFAULT_TIME_LIMIT_S,
    CaseArgument,
    Language,
    Model,
    Out,
    Solver,
    TimeLimit,
    Variant,
    language,
    write_pyomo_model,
)
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.results.power_scale import PowerScale

SocOption = Annotated[
    list[str] | None,
    typer.Option(
        help="State of charge at midnight, a fraction: of every battery, or NAME=0.4, repeated.",
        metavar="FRACTION",
    ),
]


def plan(
    case: CaseArgument = "gaoan",
    day: Annotated[
        str | None, typer.Option("--date", help="Day to plan, YYYY-MM-DD; default: plan_date of the case.")
    ] = None,
    soc: SocOption = None,
    peak_so_far_mw: Annotated[
        float | None,
        typer.Option(help="Highest 15-minute import of the month so far [MW]; default: the lowest possible."),
    ] = None,
    load: Annotated[Path | None, typer.Option(help="Load forecast, CSV with time and load [MW].")] = None,
    pv: Annotated[Path | None, typer.Option(help="PV forecast, CSV with time and pv [MW].")] = None,
    load_column: Annotated[
        str | None,
        typer.Option(
            help="Column of the load forecast where its file has several, by its label or whole header."
        ),
    ] = None,
    pv_column: Annotated[str | None, typer.Option(help="Column of the PV forecast, likewise.")] = None,
    variant: Variant = None,
    out: Out = None,
    lang: Language = "en",
    solver: Solver = "highs",
    time_limit: TimeLimit = DEFAULT_TIME_LIMIT_S,
    model: Model = None,
    ac_check: AcCheckOption = 0,
) -> None:
    """Dispatch one day: schedule, cost with and without storage, peak, proof."""
    started = time.perf_counter()
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.inputs.prepare import day_times
        from parkdispatch.inputs.variations.overrides import with_overrides
        from parkdispatch.interfaces.output_paths import check_output_paths, run_folder
        from parkdispatch.studies.day_plan import prepare_day
        from parkdispatch.studies.dispatch import dispatch_case, write_run
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions

        findings = Findings()
        file_lang = findings.collect(language, lang)
        options = findings.collect(SolveOptions, solver, time_limit, smooth=True)
        findings.collect(check_output_paths, out, model)
        given_soc = findings.collect(_parse_soc, soc)
        given_day = findings.collect(_parse_day, day)
        park = findings.collect(load_case, case, variant)
        findings.collect(check_possible, park, ac_check)
        findings.raise_any()
        plan_day = given_day or park.calendar.plan_date
        times = findings.collect(day_times, park, plan_day)
        varied = findings.collect(
            with_overrides, park, given_soc, peak_so_far_mw, load, pv, load_column, pv_column
        )
        findings.raise_any()
        context = SolveContext(options, progress)
        planned = prepare_day(park, varied, times, peak_so_far_mw is not None)
        if model:
            write_pyomo_model(planned.prepared, model)
        run = dispatch_case(planned.prepared, context, time.perf_counter() - started, planned.before)
        run = with_check(run, ac_check, progress)
        progress("writing results")
        with run_folder(out, park.name, "plan") as folder:
            paths = write_run(run, folder, "day", lang=file_lang)
    from parkdispatch.results.console.dispatch_screen import show_files, show_plan
    from parkdispatch.results.power_scale import scale_of
    from parkdispatch.results.schedule.activity_schedule import activity_blocks
    from parkdispatch.results.schedule.schedule import schedule_blocks

    blocks = (schedule_blocks(run.solution, run.case), activity_blocks(run.solution, run.case))
    show_plan(out_console, run.case, run.solution, run.summary, *blocks)
    _show_assumed_peaks(planned.expected_peaks_mw, plan_day, scale_of(run.solution))
    show_files(out_console, paths.values())
    for line in run.case.dispatch_warnings:
        print_message("warning", line)
    end_of_check(run)


def _show_assumed_peaks(peaks_mw: Mapping[str, float], plan_day: date, scale: "PowerScale") -> None:
    """Say which peaks of the month [MW] the plan assumed by connection, because none was typed."""
    for name, peak_mw in peaks_mw.items():
        note = (
            f"Peak so far not given (--peak-so-far-mw): assumed {scale.text(peak_mw)} at {name}, the peak"
            f" of the cheapest dispatch of {plan_day:%Y-%m} as a whole."
        )
        out_console.print(note, style="dim", soft_wrap=True)


def _parse_soc(texts: list[str] | None) -> float | dict[str, float] | None:
    """One state of charge of all batteries, or several by name; None if none was typed."""
    if texts is None:
        return None
    by_name: dict[str, float] = {}
    problems = []
    for text in texts:
        name, equals, number = text.rpartition("=")
        try:
            by_name[name] = float(number if name or not equals else text)
        except ValueError:
            problems.append(f"`--soc` = {text}: must be a fraction such as 0.4, or battery_1=0.4")
    if "" in by_name and len(texts) > 1:
        problems.append("`--soc`: must be one fraction, or one for each battery that is named")
    elif len(by_name) < len(texts) and not problems:
        problems.append("`--soc`: must name each battery once")
    if problems:
        raise InputError(problems)
    return by_name.get("", by_name)


def _parse_day(text: str | None) -> date | None:
    """The day that was typed, if any."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"`--date` = {text}: must be a day such as 2026-07-15") from None
