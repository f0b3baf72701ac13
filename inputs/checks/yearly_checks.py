"""Checks of the yearly changes of prices and load against the whole case."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case


def yearly_problems(case: "Case") -> list[str]:
    """Changes of a spread of prices that are read from a file, which has no flat period."""
    spread = case.yearly_changes.spread
    if not any(spread):
        return []
    return [
        f"`yearly_changes.spread` = {', '.join(f'{change:.15g}' for change in spread)}: must be 0, because"
        f" the prices of `{grid}` are read from a file, which has no flat period"
        for grid, series in case.series
        if series == "purchase_price_yuan_per_mwh"
    ]
