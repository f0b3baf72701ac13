"""Cases with one uncertain input at its low or high value, for one-at-a-time sensitivities."""

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkdispatch.inputs.variations.changes import value_at, with_changes
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sensitivity import Sensitivity

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case


@dataclass(frozen=True)
class SensitivityCase:
    """A case with one uncertain input at its low or high value."""

    side: str  # "low" or "high"
    value: float  # of the first field; the mean of a list
    case: "Case"


def sensitivity_cases(case: "Case", sensitivity: Sensitivity) -> list[SensitivityCase]:
    """The case at each limit of the sensitivity. Raises InputError with the problems of both."""
    problems, cases = [], []
    for key, number, times in sensitivity.ends():

        def change(old: float, number: float = number, times: bool = times) -> float:
            return old * number if times else number

        try:
            changed_case = with_changes(case, dict.fromkeys(sensitivity.fields, change))
        except InputError as error:
            problems += [f"{key} = {number:g}: {line}" for line in error.problems]
        else:
            value = value_at(changed_case, sensitivity.fields[0])
            cases.append(SensitivityCase(key.removeprefix("times_"), value, changed_case))
    if problems:
        raise InputError(problems)
    return cases


def of_remaining_devices(
    sensitivities: Iterable[Sensitivity], devices: Iterable[str], removed: Iterable[str]
) -> tuple[Sensitivity, ...]:
    """The sensitivities without those of devices that a variant has removed."""
    remaining_names, removed_names = list(devices), list(removed)

    def is_removed(field: str) -> bool:
        root, name, *_ = field.split(".")
        matches_remaining = bool(fnmatch.filter(remaining_names, name))
        return root == "device" and not matches_remaining and bool(fnmatch.filter(removed_names, name))

    return tuple(s for s in sensitivities if not any(map(is_removed, s.fields)))


def sensitivity_problems(case: "Case") -> list[str]:
    """Problems with any limit of any sensitivity of the case."""
    problems = []
    for number, sensitivity in enumerate(case.sensitivities):
        try:
            sensitivity_cases(case, sensitivity)
        except InputError as error:
            problems += [f"`sensitivity[{number}]` ('{sensitivity.name}'): {line}" for line in error.problems]
    return problems
