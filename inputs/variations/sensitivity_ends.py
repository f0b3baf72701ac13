"""The ends of a case's sensitivities, each a case of its own."""

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
    """A case with one doubted number at one of its limits."""

    side: str  # "low" or "high"
    value: float  # of the first field, the mean of a list
    case: "Case"


def ends(case: "Case", sensitivity: Sensitivity) -> list[SensitivityCase]:
    """The case at each end given. Raises InputError with what is wrong with either."""
    found, made = [], []
    for key, number, times in sensitivity.ends():

        def change(old: float, number: float = number, times: bool = times) -> float:
            return old * number if times else number

        try:
            other = with_changes(case, dict.fromkeys(sensitivity.fields, change))
        except InputError as error:
            found += [f"{key} = {number:g}: {line}" for line in error.problems]
        else:
            made.append(
                SensitivityCase(key.removeprefix("times_"), value_at(other, sensitivity.fields[0]), other)
            )
    if found:
        raise InputError(found)
    return made


def of_devices(
    sensitivities: Iterable[Sensitivity], devices: Iterable[str], removed: Iterable[str]
) -> tuple[Sensitivity, ...]:
    """The sensitivities but for those that are about devices which a variant has taken out."""
    left, gone = list(devices), list(removed)

    def is_gone(field: str) -> bool:
        root, name, *_ = field.split(".")
        return root == "device" and not fnmatch.filter(left, name) and bool(fnmatch.filter(gone, name))

    return tuple(one for one in sensitivities if not any(map(is_gone, one.fields)))


def sensitivity_problems(case: "Case") -> list[str]:
    """What is wrong with any end of any sensitivity of the case."""
    found = []
    for at, one in enumerate(case.sensitivities):
        try:
            ends(case, one)
        except InputError as error:
            found += [f"`sensitivity[{at}]` ('{one.name}'): {line}" for line in error.problems]
    return found
