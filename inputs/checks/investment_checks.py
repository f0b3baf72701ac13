"""Checks of what an investment is compared with against the whole case."""

from typing import TYPE_CHECKING

from parkdispatch.inputs.variations.reference_park import without_investment
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case


def investment_problems(case: "Case") -> list[str]:
    """Numbers of `finance.instead` that no device has, and what they cannot stand beside."""
    if case.finance is None or not case.finance.instead:
        return []
    problems = [
        f"`finance.instead`: must be left out where the case has `{table}`, whose money is its storage's"
        for table in ("phases", "owners", "sizing")
        if getattr(case, table) is not None
    ]
    if wrong := [path for path in case.finance.instead if not path.startswith("device.")]:
        problems.append(
            f"`finance.instead`: '{wrong[0]}': must begin with device, because an investment buys devices"
        )
        return problems
    try:
        without_investment(case)
    except InputError as error:
        problems += [f"`finance.instead`: {line}" for line in error.problems]
    return problems
