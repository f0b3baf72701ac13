"""The page of a storage study, made once per language."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from parkdispatch.inputs.loader import load_case
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.html.study_report import study_html
from parkdispatch.results.wording.languages import Lang
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.year_case import year_case


@cache
def studied() -> Study:
    """Three years of the small park's battery."""
    with TemporaryDirectory() as folder:
        case = load_case(str(year_case(Path(folder))))
        lifetime = dispatch_lifetime(case, SolveContext())
    assert case.finance
    return Study(lifetime, cash_flow(case.finance, lifetime.operation()), {"read": 1.0, "dispatch": 2.0})


@cache
def page(lang: Lang) -> str:
    return study_html(studied(), lang)
