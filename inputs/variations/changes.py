"""A checked case with single numbers changed, checked again: what sensitivities and searches are made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from parkdispatch.inputs.messages.validation import closest, problems
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case

Change = Callable[[float], float]
# the first word of a path, and what it names of a case
ROOTS = {
    "device": "devices",
    "tariff": "tariff",
    "finance": "finance",
    "weather": "weather",
    "contract": "contracts",
    "sizing": "sizing",
}


def with_changes(case: "Case", fields: Mapping[str, Change]) -> "Case":
    """The case with each field's number, or each number of its list, changed.

    A field is a path from one of the ROOTS, its parts parted by dots; a star in the name of a device stands
    for any. Raises InputError with all that is wrong: a field that is not there or is no number, a value that
    is not allowed.
    """
    found: list[str] = []
    for path, change in fields.items():
        try:
            case = _one(case, path.split("."), change)
        except InputError as error:
            found += error.problems
    if found:
        raise InputError(found)
    return case


def with_values(case: "Case", values: Mapping[str, float]) -> "Case":
    """The case with other numbers at those paths; a list gets that mean, in proportion. As `changed` else."""
    return with_changes(
        case, {path: _towards(numbers_at(case, path), value) for path, value in values.items()}
    )


def _towards(old: Sequence[float], value: float) -> Change:
    """How to bring numbers to a mean; whole ones, such as years, stay whole."""
    mean = sum(old) / len(old)
    if all(isinstance(one, int) for one in old):
        value = round(value)
    return lambda one: one * value / mean if mean and one != mean else value


def numbers_at(case: "Case", path: str) -> list[float]:
    """The number at a path, or the numbers of its list; of the first device that a star fits.

    Raises InputError if there is none.
    """
    seen: list[float] = []

    def look(number: float) -> float:
        seen.append(number)
        return number

    _one(case, path.split("."), look)
    return seen[: len(seen) // max(1, len(_devices(case, path.split("."))))]


def value_at(case: "Case", path: str) -> float:
    """The number at a path, or the mean of its list. Raises InputError if there is none."""
    found = numbers_at(case, path)
    return sum(found) / len(found)


def _one(case: "Case", path: list[str], change: Change) -> "Case":
    root, *rest = path
    if root == "device":
        devices = dict(case.devices)
        for name in _devices(case, path):
            devices[name] = _with(devices[name], rest[1:], change, path)
        return replace(case, devices=devices)
    if root not in ROOTS:
        raise InputError(f"`{'.'.join(path)}`: no such field, must begin with one of {', '.join(ROOTS)}")
    attribute = ROOTS[root]
    table = getattr(case, attribute)
    if not isinstance(table, BaseModel):
        raise InputError(f"`{'.'.join(path)}`: the case has no `{root}`, must have one to change it")
    return replace(case, **{attribute: _with(table, rest, change, path)})


def _devices(case: "Case", path: list[str]) -> list[str]:
    """Names of the devices a path means, or none where it means none."""
    if path[0] != "device":
        return []
    names = [name for name in case.devices if len(path) > 2 and fnmatchcase(name, path[1])]
    if not names:
        raise InputError(
            f"`{'.'.join(path)}`: no such field, must begin with device, the name of one of"
            f" {', '.join(case.devices)}, and a field of it{closest(path[1], case.devices)}"
        )
    return names


def _with(table: Any, path: list[str], change: Change, whole: list[str]) -> Any:
    """The table with what lies at the path changed, checked anew as a whole."""
    name, *rest = path
    known = list(type(table).model_fields) if isinstance(table, BaseModel) else list(table)
    if name not in known:
        listed = f"{closest(name, known)}; known here: {', '.join(known)}"
        raise InputError(f"`{'.'.join(whole)}`: no such field as `{name}`{listed}")
    value = getattr(table, name) if isinstance(table, BaseModel) else table[name]
    if rest and isinstance(value, BaseModel | Mapping):
        new = _with(value, rest, change, whole)
    elif not rest and _is_number(value):
        new = change(value)
    elif not rest and isinstance(value, tuple) and value and all(_is_number(one) for one in value):
        new = tuple(change(one) for one in value)
    else:
        raise InputError(
            f"`{'.'.join(whole)}` = {value}: must be a number, or a list of numbers, to change it"
        )
    if not isinstance(table, BaseModel):
        return {**table, name: new}
    # what was not given stays so: a default that nobody wrote must not look as if somebody had
    given = {field: getattr(table, field) for field in table.model_fields_set}
    try:
        return type(table).model_validate({**given, name: new})
    except ValidationError as error:
        raise InputError(problems(error, ".".join(whole[: -len(path)]), type(table))) from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
