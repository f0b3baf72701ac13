"""The calibrated numbers of a case: their values, and whether they lie in their ranges."""

from typing import TYPE_CHECKING

from parkdispatch.inputs.variations.changes import numbers_at, value_at, with_values
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case


def calibrated_values(case: "Case") -> dict[str, float]:
    """What the calibrated numbers of the case are, by path."""
    return {one.path: value_at(case, one.path) for one in case.calibrated}


def whole_numbers(case: "Case") -> set[str]:
    """Paths of the calibrated numbers that are whole, such as years."""
    return {
        one.path for one in case.calibrated if all(isinstance(x, int) for x in numbers_at(case, one.path))
    }


def calibrated_problems(case: "Case") -> list[str]:
    """Paths that lead nowhere, values outside their range, ranges the case does not allow."""
    found: list[str] = []
    paths = [one.path for one in case.calibrated]
    found += [f"`calibrated`: {path} is named {paths.count(path)} times, must be once"
              for path in dict.fromkeys(paths) if paths.count(path) > 1]  # fmt: skip
    for number, one in enumerate(case.calibrated):
        at = f"`calibrated[{number}]"
        try:
            value = value_at(case, one.path)
        except InputError as error:
            found += [f"{at}.path` = '{one.path}': {line}" for line in error.problems]
            continue
        if not one.low <= value <= one.high:
            found.append(f"`{one.path}` = {value:g}: must be in its range, [{one.low:g}, {one.high:g}]")
        for name in ("low", "high"):
            try:
                with_values(case, {one.path: getattr(one, name)})
            except InputError as error:
                found += [f"{at}.{name}` = {getattr(one, name):g}: {line}" for line in error.problems]
    for name, what_if in case.what_if.items():
        for path, value in what_if.values.items():
            try:
                with_values(case, {path: value})
            except InputError as error:
                found += [f"`what_if.{name}.values`: '{path}' = {value:g}: {line}" for line in error.problems]
    return found
