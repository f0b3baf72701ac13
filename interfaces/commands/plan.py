"""`parkdispatch plan`: one day of 96 quarter-hours."""

import time
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from parkdispatch.interfaces.commands.console import out_console, progress_line, run_folder
from parkdispatch.interfaces.commands.options import (
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

_NO_PEAK = (
    "`--peak-so-far-mw` is missing: without it the peak to expect comes from the case's own load and PV of"
    " the whole month, with the problems above; must be given, or these solved"
)


def plan(
    case: CaseArgument = "gaoan",
    day: Annotated[
        str | None, typer.Option("--date", help="Day to plan, YYYY-MM-DD; default: the case's.")
    ] = None,
    soc: Annotated[
        float | None, typer.Option(help="State of charge at midnight, a fraction, of every battery.")
    ] = None,
    peak_so_far_mw: Annotated[
        float | None,
        typer.Option(
            help="Highest 15-minute import of this month so far; default: what the storage cannot avoid."
        ),
    ] = None,
    load: Annotated[Path | None, typer.Option(help="Load forecast, CSV with time and load [MW].")] = None,
    pv: Annotated[Path | None, typer.Option(help="PV forecast, CSV with time and pv [MW].")] = None,
    variant: Variant = None,
    out: Out = None,
    lang: Language = "en",
    solver: Solver = "highs",
    time_limit: TimeLimit = 60.0,
    model: Model = None,
) -> None:
    """Plan one day of 96 quarter-hours: schedule, cost with and without storage, peak, proof."""
    started = time.perf_counter()
    with progress_line() as progress:
        progress("reading")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.inputs.prepare import day_times, prepare
        from parkdispatch.inputs.variations.overrides import overridden
        from parkdispatch.interfaces.output_paths import check_output_paths
        from parkdispatch.studies.demand_peak import expected_peak_mw
        from parkdispatch.studies.dispatch import dispatch_case, write_run
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions

        findings = Findings()
        with findings.kept():
            spoken = language(lang)
        with findings.kept():
            context = SolveContext(SolveOptions(solver, time_limit, smooth=True), progress)
        with findings.kept():
            check_output_paths(time_limit, out, model)
        with findings.kept():
            named_day = None if day is None else _day(day)
        with findings.kept():
            park = load_case(case, variant)
        findings.raise_any()
        chosen = named_day or park.calendar.plan_date
        with findings.kept():
            times = day_times(park, chosen)
        with findings.kept():
            given = overridden(park, soc=soc, peak_so_far_mw=peak_so_far_mw, load=load, pv=pv)
        findings.raise_any()
        note = None
        if peak_so_far_mw is None:
            try:
                expected = expected_peak_mw(park, chosen)
            except InputError as error:
                prepare(given, times)  # what is wrong with the day itself is said first
                raise InputError([*error.problems, _NO_PEAK]) from None
            if expected is not None:
                given = overridden(given, peak_so_far_mw=expected)
                note = (
                    f"Peak so far not given (--peak-so-far-mw): took {expected:.1f} MW, which the load"
                    f" and PV of {chosen:%Y-%m} bring whatever the storage does."
                )
        prepared = prepare(given, times)
        if model:
            write_pyomo_model(prepared, model)
        made = dispatch_case(prepared, context, time.perf_counter() - started)
        progress("writing")
        paths = write_run(made, run_folder(out, park.name, "plan"), "day", lang=spoken)
    from parkdispatch.results.console.dispatch_screen import show_files, show_plan
    from parkdispatch.results.schedule import schedule_blocks

    show_plan(out_console, made.case, made.solution, made.summary, schedule_blocks(made.solution, made.case))
    if note:
        out_console.print(note, style="dim", soft_wrap=True)
    show_files(out_console, paths.values())


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"`--date` = {text}: must be a day such as 2026-07-15") from None
