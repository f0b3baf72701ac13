"""Reports of the built-in park, made once."""

from dataclasses import replace
from functools import cache
from typing import Literal

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare, year_times
from parkdispatch.results.html.dispatch_report import report_html
from parkdispatch.results.views.report_facts import ReportFacts
from parkdispatch.studies.dispatch import DispatchRun, dispatch_case, report_facts
from parkdispatch.studies.solve_options import SolveContext


@cache
def made(kind: Literal["day", "year"]) -> tuple[DispatchRun, ReportFacts]:
    """The built-in park on its day, or by hours in its year."""
    case: Case = load_case("gaoan")
    if kind == "year":
        case = replace(case, calendar=case.calendar.model_copy(update={"minutes": 60}))
    times = day_times(case, case.calendar.plan_date) if kind == "day" else year_times(case)
    solved = dispatch_case(prepare(case, times), SolveContext(), 0.0)
    return solved, report_facts(solved, kind)


@cache
def report(kind: Literal["day", "year"], lang: str) -> str:
    """The page of it."""
    solved, facts = made(kind)
    return report_html(solved.solution, solved.case, solved.summary.audit, facts, lang)
