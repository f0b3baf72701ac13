"""Numbers of a case that nobody published: calibrated inside a stated range, and changed by their path.

A path names a number of the case: `finance.loan.rate`, `device.battery.fade_per_year`,
`tariff.purchase_price_yuan_per_kwh`. A price by month is told by its mean and changed in proportion.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from inputs.published import Unit
from inputs.validation import problems
from models.errors import InputError

if TYPE_CHECKING:
    from inputs.case import Case

ROOTS = ("tariff", "device", "finance", "contract")


class Calibrated(BaseModel):
    """A number of the case that is calibrated, and the standard range it must stay in."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    path: Annotated[str, Field(min_length=1)]
    unit: Unit
    low: float
    high: float
    why: Annotated[str, Field(min_length=1)]  # this range
    why_zh: Annotated[str, Field(min_length=1)]

    @field_validator("high")
    @classmethod
    def _ordered(cls, high: float, info: ValidationInfo) -> float:
        if (low := info.data.get("low")) is not None and high <= low:
            raise ValueError(f"must be above low = {low:g}")
        return high


class WhatIf(BaseModel):
    """The same case with a few numbers changed, to see what rests on them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    title: Annotated[str, Field(min_length=1)]
    title_zh: Annotated[str, Field(min_length=1)]
    values: Annotated[dict[str, float], Field(min_length=1)]  # by path


def calibrated_values(case: "Case") -> dict[str, float]:
    """What the calibrated numbers of the case are, by path."""
    return {one.path: value_at(case, one.path) for one in case.calibrated}


def whole_numbers(case: "Case") -> set[str]:
    """Paths of the calibrated numbers that are whole, such as years."""
    return {one.path for one in case.calibrated if isinstance(_walk(case, one.path)[-1], int)}


def value_at(case: "Case", path: str) -> float:
    """The number at that path. Raises InputError if there is none."""
    return _number(_walk(case, path)[-1], path)


def with_values(case: "Case", values: Mapping[str, float]) -> "Case":
    """The case with other numbers at those paths. Raises InputError for one that may not stand there."""
    for path, value in values.items():
        case = _with(case, path, value)
    return case


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
                _with(case, one.path, getattr(one, name))
            except InputError as error:
                found += [f"{at}.{name}` = {getattr(one, name):g}: {line}" for line in error.problems]
    for name, what_if in case.what_if.items():
        for path, value in what_if.values.items():
            try:
                _with(case, path, value)
            except InputError as error:
                found += [f"`what_if.{name}.values`: '{path}' = {value:g}: {line}" for line in error.problems]
    return found


def _number(value: Any, path: str) -> float:
    if isinstance(value, tuple) and value and all(isinstance(one, int | float) for one in value):
        return float(sum(value) / len(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{path} is no number, must lead to one")
    return float(value)


def _walk(case: "Case", path: str) -> list[Any]:
    """What lies along a path, from its root to its end."""
    root, *keys = path.split(".")
    roots = {
        "tariff": case.tariff,
        "device": case.devices,
        "finance": case.finance,
        "contract": case.contracts,
    }
    if root not in ROOTS:
        raise InputError(f"must begin with one of {', '.join(ROOTS)}")
    found: list[Any] = [roots[root]]
    for key in keys:
        here = found[-1]
        fields = here if isinstance(here, Mapping) else dict(here) if isinstance(here, BaseModel) else {}
        if key not in fields:
            known = f", must be one of {', '.join(fields)}" if fields else ""
            raise InputError(f"there is no {key}{known}")
        found.append(fields[key])
    return found


def _with(case: "Case", path: str, value: float) -> "Case":
    root, *keys = path.split(".")
    along = _walk(case, path)
    new = _like(along[-1], value, path)
    for at in range(len(keys) - 1, -1, -1):
        new = _replaced(along[at], keys[at], new, ".".join([root, *keys[:at]]))
    if root == "device":
        return case.with_devices(new)
    return replace(case, **{{"contract": "contracts"}.get(root, root): new})


def _like(old: Any, value: float, path: str) -> Any:
    mean = _number(old, path)
    if isinstance(old, tuple):
        return tuple(one * value / mean if mean else value for one in old)
    return round(value) if isinstance(old, int) else float(value)


def _replaced(table: Any, key: str, new: Any, path: str) -> Any:
    """The table with one entry changed, checked anew; what was left out stays left out."""
    if isinstance(table, Mapping):
        return {**table, key: new}
    given = {name: getattr(table, name) for name in table.model_fields_set}
    try:
        return type(table).model_validate({**given, key: new})
    except ValidationError as error:
        raise InputError(problems(error, path, type(table))) from None
