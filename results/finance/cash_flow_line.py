"""A line of the cash-flow table: its name, its computation in words, and its spreadsheet formula.

In a formula, `{line}` is that line in the same year, `{line<}` in the previous year (0 if none), `{line:}` in
all years and `{line:built}` in the construction years. Other words are cells of the sheet of assumptions.
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

    key: str  # its name in formulas
    name: str
    how: str
    formula: str = ""  # empty: the cell holds the value
    unit: str = YUAN
    section: str = ""
    where: Literal["all", "construction"] = "all"  # years with the formula, 0 in the others
    given: bool = False  # an input that the reader may change
    summed: bool = True  # whether a total over the years is meaningful
    sheet: Literal["years", "losses", "payback"] = "years"
    kind: str = ""  # group of lines that share a description; empty: none
    of: str = ""  # member of that group: a stream, an asset class, a flow or an age


def total(keys: Iterable[str]) -> str:
    """The formula of the sum of lines."""
    return "+".join(f"{{{key}}}" for key in keys) or "0"


def words(name: str) -> str:
    """An identifier of the case as words."""
    return name.replace("_", " ")
