"""Calibrated numbers of a case: their values, and checks of their ranges."""

from typing import TYPE_CHECKING

from parkdispatch.inputs.variations.changes import numbers_at, value_at, with_values
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case


def calibrated_values(case: "Case") -> dict[str, float]:
    """Values of the calibrated numbers of the case, by path."""
    return {number.path: value_at(case, number.path) for number in case.calibrated}


def integer_paths(case: "Case") -> set[str]:
    """Paths of the calibrated numbers that are integers, such as years."""
    return {
        number.path
        for number in case.calibrated
        if all(isinstance(x, int) for x in numbers_at(case, number.path))
    }


def calibrated_problems(case: "Case") -> list[str]:
    """Paths without a field, values outside their range, limits of ranges that the case refuses."""
    problems: list[str] = []
    paths = [number.path for number in case.calibrated]
    problems += [f"`calibrated`: {path} is named {paths.count(path)} times, must be once"
              for path in dict.fromkeys(paths) if paths.count(path) > 1]  # fmt: skip
    for position, number in enumerate(case.calibrated):
        entry = f"`calibrated[{position}]"
        try:
            value = value_at(case, number.path)
        except InputError as error:
            problems += [f"{entry}.path` = '{number.path}': {line}" for line in error.problems]
            continue
        if not number.low <= value <= number.high:
            problems.append(
                f"`{number.path}` = {value:.15g}: must be in its range,"
                f" [{number.low:.15g}, {number.high:.15g}]"
            )
        for name in ("low", "high"):
            limit = getattr(number, name)
            try:
                with_values(case, {number.path: limit})
            except InputError as error:
                problems += [f"{entry}.{name}` = {limit:.15g}: {line}" for line in error.problems]
    for name, what_if in case.what_if.items():
        for path, value in what_if.values.items():
            try:
                with_values(case, {path: value})
            except InputError as error:
                problems += [
                    f"`what_if.{name}.values`: '{path}' = {value:.15g}: {line}" for line in error.problems
                ]
    return problems
