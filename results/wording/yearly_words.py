"""The yearly changes of a park's prices and load in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from parkdispatch.models.finance.yearly_changes import ParkYearlyChanges

Words = Mapping[str, Any]


def yearly_rows(changes: ParkYearlyChanges, words: Words) -> Iterator[tuple[str, str]]:
    """What changes, and its changes by year in per cent."""
    text = words["yearly"]
    for name, by_year in changes.given:
        shown = [f"{change:+z.1%}" for change in by_year]
        *first, last = shown
        yield str(text[name]), str(text["then"]).format(first=", ".join(first), last=last) if first else last


def yearly_sentence(changes: ParkYearlyChanges, years: int, words: Words) -> str:
    """What changes over so many years of operation, with the factor in the last; empty if nothing does."""
    text, factors = words["yearly"], changes.factors(years - 1)
    parts = [
        str(text["part"]).format(what=what, changes=by_year, factor=f"{getattr(factors, name):.3f}")
        for (name, _), (what, by_year) in zip(changes.given, yearly_rows(changes, words), strict=True)
    ]
    return str(text["sentence"]).format(parts=str(text["comma"]).join(parts), year=years) if parts else ""
