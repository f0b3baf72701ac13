"""A payback in words: the years after which it lasts, the first time before, or that there is none."""

from collections.abc import Mapping
from typing import Any

from parkdispatch.results.finance.returns import Payback
from parkdispatch.results.wording.words import format_number


def payback_text(years: float | None, first_years: float | None, words: Mapping[str, Any]) -> str:
    """The years until a flow is paid back for good, or the word for never.

    `first_years` is the first time, where the flow falls below zero again after it; it stands behind.
    """
    text = words["payback"]
    lasting = str(text["never"]) if years is None else format_number(years)
    if first_years is None:
        return lasting
    return str(text["relapses"]).format(lasting=lasting, first=format_number(first_years))


def payback_cell(back: Payback, words: Mapping[str, Any]) -> float | str:
    """A cell of a workbook: a number of years, or words where the flow relapses or is never paid back."""
    years = back.from_construction_years
    if years is not None and not back.relapses:
        return years
    return payback_text(years, back.relapsed_years, words)
