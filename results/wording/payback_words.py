"""A payback in words: the years after which it lasts, the first time before, or that there is none."""

from collections.abc import Mapping
from typing import Any

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
