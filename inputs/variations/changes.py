"""A case with single numbers changed and validated again, for sensitivities, scenarios and searches.

A path names a field: the first word is one of `ROOTS`, the parts are separated by dots, and a star in the
name of a device stands for any name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.messages.revalidation import with_fields
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case

Change = Callable[[float], float]
# first word of a path: attribute of the case
ROOTS = {
    "device": "devices",
    "tariff": "tariff",
    "finance": "finance",
    "weather": "weather",
    "contract": "contracts",
    "owners": "owners",
    "sizing": "sizing",
    "yearly_changes": "yearly_changes",
    "phases": "phases",
}


def with_changes(case: "Case", fields: Mapping[str, Change]) -> "Case":
    """The case with each field's number, or each number of its list, changed.

    `fields` maps paths to changes. Raises InputError with all problems: fields that do not exist or are no
    numbers, values that are not allowed.
    """
    problems: list[str] = []
    for path, change in fields.items():
        try:
            case = _with_change(case, path.split("."), change)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return case


def with_values(case: "Case", values: Mapping[str, float]) -> "Case":
    """The case with new numbers at the paths; a list is scaled to that mean. Errors as of `with_changes`."""
    return with_changes(
        case, {path: _change_to_mean(numbers_at(case, path), value) for path, value in values.items()}
    )


def _change_to_mean(numbers: Sequence[float], value: float) -> Change:
    """Change that scales numbers to a mean; integers, such as years, remain integers."""
    mean = sum(numbers) / len(numbers)
    if all(isinstance(number, int) for number in numbers):
        value = round(value)
    return lambda number: number * value / mean if mean and number != mean else value


def numbers_at(case: "Case", path: str) -> list[float]:
    """The number at a path, or the numbers of its list; of the first device that a star matches.

    Raises InputError if there is none.
    """
    parts = path.split(".")
    if parts[0] == "device":
        (name, *_), (_, _, *rest) = _matching_devices(case, parts), parts
        numbers = _numbers_in(case.devices[name], rest, parts)
    else:
        numbers = _numbers_in(_root_table(case, parts), parts[1:], parts)
    return list(numbers) if isinstance(numbers, tuple) else [numbers]


def value_at(case: "Case", path: str) -> float:
    """The number at a path, or the mean of its list. Raises InputError if there is none."""
    numbers = numbers_at(case, path)
    return sum(numbers) / len(numbers)


def _with_change(case: "Case", path: list[str], change: Change) -> "Case":
    """The case with one field changed."""
    root, *rest = path
    if root == "device":
        devices = dict(case.devices)
        for name in _matching_devices(case, path):
            devices[name] = _changed_table(devices[name], rest[1:], change, path)
        return replace(case, devices=devices)
    return replace(case, **{ROOTS[root]: _changed_table(_root_table(case, path), rest, change, path)})


def _root_table(case: "Case", path: list[str]) -> BaseModel:
    """The part of the case that a path begins with."""
    root = path[0]
    if root not in ROOTS:
        raise InputError(f"`{'.'.join(path)}`: no such field, must begin with one of {', '.join(ROOTS)}")
    table = getattr(case, ROOTS[root])
    if not isinstance(table, BaseModel):
        raise InputError(f"`{'.'.join(path)}`: the case has no `{root}`, must have one to change it")
    return table


def _matching_devices(case: "Case", path: list[str]) -> list[str]:
    """Names of the devices a path matches; empty if it does not begin with `device`."""
    if path[0] != "device":
        return []
    names = [name for name in case.devices if len(path) > 2 and fnmatchcase(name, path[1])]
    if not names:
        raise InputError(
            f"`{'.'.join(path)}`: no such field, must begin with device, the name of one of"
            f" {', '.join(case.devices)}, and a field of it{closest(path[1], case.devices)}"
        )
    return names


def _changed_table(table: Any, path: list[str], change: Change, full_path: list[str]) -> Any:
    """The table with the field at `path` changed, validated again as a whole."""
    name, *rest = path
    value = _field(table, name, full_path)
    if rest and isinstance(value, BaseModel | Mapping):
        new = _changed_table(value, rest, change, full_path)
    else:
        numbers = _numbers_in(table, path, full_path)
        new = tuple(map(change, numbers)) if isinstance(numbers, tuple) else change(numbers)
    if not isinstance(table, BaseModel):
        return {**table, name: new}
    return with_fields(table, ".".join(full_path[: -len(path)]), {name: new})


def _field(table: Any, name: str, full_path: list[str]) -> Any:
    """What a table has under a name."""
    known = list(type(table).model_fields) if isinstance(table, BaseModel) else list(table)
    if name not in known:
        listed = f"{closest(name, known)}; known here: {', '.join(known)}"
        raise InputError(f"`{'.'.join(full_path)}`: no such field as `{name}`{listed}")
    return getattr(table, name) if isinstance(table, BaseModel) else table[name]


def _numbers_in(table: Any, path: list[str], full_path: list[str]) -> float | tuple[float, ...]:
    """The number, or the list of numbers, at a path below a table."""
    name, *rest = path
    value = _field(table, name, full_path)
    if rest and isinstance(value, BaseModel | Mapping):
        return _numbers_in(value, rest, full_path)
    is_list = isinstance(value, tuple) and value and all(_is_number(number) for number in value)
    if rest or not (_is_number(value) or is_list):
        raise InputError(
            f"`{'.'.join(full_path)}` = {value}: must be a number, or a list of numbers, to change it"
        )
    return value  # type: ignore[no-any-return]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
