"""A line of the cash flow: what it is called, how it is computed, in words and as a spreadsheet formula.

In a formula `{line}` is that line in the same year, `{line<}` in the year before (0 if none), `{line:}` all
its years and `{line:built}` its years of construction; other words are cells of the sheet of assumptions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

YUAN, MWH = "yuan", "MWh"
FLOWS = {
    "project_before_tax": "Project flow before income tax",
    "project_after_tax": "Project flow after income tax",
    "equity_before_tax": "Equity flow before income tax",
    "equity_after_tax": "Equity flow after income tax",
}


@dataclass(frozen=True)
class CashFlowLine:
    """One line of the yearly table."""

    key: str  # what formulas call it
    name: str
    how: str
    formula: str = ""  # none: the number itself stands in the cell
    unit: str = YUAN
    section: str = ""
    where: Literal["all", "construction"] = "all"  # a formula only there, 0 elsewhere
    given: bool = False  # a number a person may change
    summed: bool = True  # whether a total over the years means anything
    sheet: Literal["years", "losses", "payback"] = "years"
    kind: str = ""  # what lines that are told alike have in common; none: there is but this one
    of: str = ""  # and what such a line is about: a stream, a class, a flow, an age


def total(keys: Iterable[str]) -> str:
    """Formula that adds lines up."""
    return "+".join(f"{{{key}}}" for key in keys) or "0"


def words(name: str) -> str:
    """A name of the case as words."""
    return name.replace("_", " ")
