"""Size studies, complete ones and ones with parts missing, and the pages of them."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from parkdispatch.results.html.sizing_report import size_html
from parkdispatch.results.sizing.sizing_results import SizeStudy
from parkdispatch.results.wording.languages import Lang
from tests.support.size_studies import (
    STUDIES,
    best_given,
    given,
    made,
    surface_given,
    valued,
    when_given,
)

MISSING: dict[str, Callable[[], SizeStudy]] = {
    "nothing": given,
    "best": lambda: given(best=best_given((12.0, 20.0), 250_000.0, gap=0.002)),
    "offers": lambda: given(valued("offer_1", (25.0, 50.0), -3e6, 1.2)),
    "surface": lambda: given(surface=surface_given([[0.0, 0.0], [1e6, -1e6]])),
    "when": lambda: replace(
        given(valued("offer_1", (25.0, 50.0), -3e6, 1.2)),
        offers=(),
        when=when_given({"offer_1": [-3e6, -1e6]}),
    ),
    "risk": lambda: replace(made(**STUDIES["never"]), offers=(), surface=None, when=None, best=None),
    "one_size": lambda: given(surface=surface_given([[0.0], [-1e6]])),
}


def study(kind: str) -> SizeStudy:
    return MISSING[kind]() if kind in MISSING else made(**STUDIES[kind])


@cache
def page(kind: str, lang: Lang) -> str:
    return size_html(study(kind), lang)
