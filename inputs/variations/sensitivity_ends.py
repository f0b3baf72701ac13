"""Cases with one uncertain input at its low or high value, for one-at-a-time sensitivities."""

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkdispatch.inputs.schema.case_file import CaseFile, WeatherFile
from parkdispatch.inputs.variations.changes import value_at, with_changes
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sensitivity import Sensitivity
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.weather.climate import Climate

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
            problems += [f"{key} = {number:.15g}: {line}" for line in error.problems]
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


def without_climate(
    file: CaseFile,
) -> tuple[tuple[Sensitivity, ...], Sizing | None, list[str]]:
    """Sensitivities and sizing without what varies the statistics of a climate that a file has replaced.

    Besides, a warning for each that is left out. A field that no climate has stays, to be refused.
    """
    sizing = file.sizing
    if not isinstance(file.weather, WeatherFile):
        return file.sensitivity, sizing, []

    def of_climate(fields: Iterable[str]) -> bool:
        roots = (field.partition(".") for field in fields)
        return any(root == "weather" and name in Climate.model_fields for root, _, name in roots)

    left_out = [f"`sensitivity` '{s.name}'" for s in file.sensitivity if of_climate(s.fields)]
    if sizing is not None:
        left_out += [f"`sizing.doubt` '{d.name}'" for d in sizing.doubt if of_climate(d.fields)]
        doubts = tuple(doubt for doubt in sizing.doubt if not of_climate(doubt.fields))
        left = {doubt.name for doubt in doubts}
        pairs = tuple(pair for pair in sizing.correlation if left.issuperset(pair.doubts))
        wait = sizing.wait
        if wait is not None and wait.known:
            wait = wait.model_copy(update={"known": tuple(name for name in wait.known if name in left)})
        sizing = sizing.model_copy(update={"doubt": doubts, "correlation": pairs, "wait": wait})
    reason = "cannot matter, because `weather` is a file and no statistics of a climate"
    remaining = tuple(sensitivity for sensitivity in file.sensitivity if not of_climate(sensitivity.fields))
    return remaining, sizing, [f"{what}: {reason}" for what in left_out]


def sensitivity_problems(case: "Case") -> list[str]:
    """Problems with any limit of any sensitivity of the case."""
    problems = []
    for number, sensitivity in enumerate(case.sensitivities):
        try:
            sensitivity_cases(case, sensitivity)
        except InputError as error:
            problems += [f"`sensitivity[{number}]` ('{sensitivity.name}'): {line}" for line in error.problems]
    return problems
