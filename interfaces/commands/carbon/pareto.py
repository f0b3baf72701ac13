"""`parkdispatch pareto`: the front of cost against CO2 of a day or a year."""

from typing import TYPE_CHECKING, Annotated

import typer

from parkdispatch.interfaces.commands.console import out_console, progress_line
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
from parkdispatch.interfaces.commands.plan_options import PeakOption
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case
    from parkdispatch.inputs.prepare import Prepared

Points = Annotated[int, typer.Option(min=2, max=50, help="Points of the front, its two ends included.")]
Date = Annotated[str | None, typer.Option(help="Day, such as 2026-07-15; default: plan_date of the case.")]
Year = Annotated[bool, typer.Option("--year", help="The whole year in place of a day.")]


def pareto(
    case: CaseArgument = "gaoan",
    variant: Variant = None,
    points: Points = 6,
    date: Date = None,
    year: Year = False,
    peak_so_far_mw: PeakOption = None,
    out: Out = None,
    time_limit: TimeLimit = DEFAULT_TIME_LIMIT_S,
    gap: Gap = 1e-9,
    lang: Language = None,
) -> None:
    """Cost against CO2: the cheapest dispatch under each of several caps, each point proven."""
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.interfaces.output_paths import check_output_paths, run_folder
        from parkdispatch.results.carbon.pareto_outputs import PARETO_OUTPUTS, show_pareto
        from parkdispatch.results.writers.outputs import write_outputs
        from parkdispatch.studies.pareto_front import pareto_front
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions

        findings = Findings()
        file_lang = findings.collect(language, lang)
        findings.collect(check_output_paths, out)
        options = findings.collect(SolveOptions, time_limit_s=time_limit, gap=gap)
        park = findings.collect(load_case, case, variant, whole_year=year)
        findings.raise_any()
        prepared = _prepared(park, date, peak_so_far_mw, whole_year=year)
        front = pareto_front(prepared, SolveContext(options, progress), points)
        progress("writing results")
        with run_folder(out, park.name, "pareto") as folder:
            paths = write_outputs(PARETO_OUTPUTS, front, folder, file_lang)
    from parkdispatch.results.console.dispatch_screen import show_files

    show_pareto(out_console, front)
    show_files(out_console, paths.values())


def _prepared(
    park: "Case", date: str | None, peak_so_far_mw: float | None, *, whole_year: bool
) -> "Prepared":
    """The numbers of the day, against the peak given or expected of its month, or of the year."""
    from datetime import date as calendar_date

    from parkdispatch.inputs.prepare import day_times, prepare, year_times
    from parkdispatch.inputs.variations.overrides import with_overrides
    from parkdispatch.studies.day_plan import prepare_day

    if whole_year:
        given = {"--date": date, "--peak-so-far-mw": peak_so_far_mw}
        if problems := [
            f"`{option}`: must be left out, because `--year` is given"
            for option, value in given.items()
            if value is not None
        ]:
            raise InputError(problems)
        return prepare(park, year_times(park))
    try:
        day = park.calendar.plan_date if date is None else calendar_date.fromisoformat(date)
    except ValueError:
        raise InputError(f"`--date` = {date}: must be a day such as 2026-07-15") from None
    varied = with_overrides(park, peak_so_far_mw=peak_so_far_mw)
    return prepare_day(park, varied, day_times(park, day), peak_so_far_mw is not None).prepared
