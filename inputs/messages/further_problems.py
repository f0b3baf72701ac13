"""What is wrong beside a wrong field: rules over several fields of a table are tried without it.

A table with a wrong value is not judged as a whole, because its rules would say what follows from that value.
Without the wrong values, which then have their defaults, they say what else is wrong.
"""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from parkdispatch.inputs.messages.allowed_values import locate
from parkdispatch.inputs.messages.problem_sentences import problem_sentences

Path = tuple[str | int, ...]
LARGEST_TABLE = 2  # keys of the path of a device: what is wrong with it as a whole leaves nothing out


def further_problems(tables: Mapping[str, Any], error: ValidationError, model: Any) -> list[str]:
    """The lines that are wrong too once the values of an error are left out of the tables.

    A line on a value that was left out, or that names it, is not among them: it may follow from its default.
    """
    wrong = [path for detail in error.errors(include_url=False) if (path := _wrong_field(detail, model))]
    remaining = deepcopy(dict(tables))
    left_out = [path for path in wrong if _without(remaining, path)]
    if not left_out:
        return []
    try:
        model.model_validate(remaining)
    except ValidationError as further:
        known = set(problem_sentences(error, model=model))
        lines = problem_sentences(further, model=model)
        return [line for line in lines if line not in known and not _names_any(line, left_out)]
    return []


def _wrong_field(detail: Mapping[str, Any], model: Any) -> Path | None:
    """Path of the field of a problem, up to its name; None where a device, or a whole table, is wrong."""
    path, _ = locate(model, detail["loc"])
    while path and isinstance(path[-1], int):
        path = path[:-1]
    is_table = isinstance(detail["input"], Mapping) and len(path) <= LARGEST_TABLE
    # short only because members are wrong, which are left out themselves
    is_short = detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]
    return None if is_table or is_short or detail["type"] == "missing" else path or None


def _without(tables: Any, path: Sequence[str | int]) -> bool:
    """Take a field out of nested tables, in place; return whether it was there."""
    *parents, last = path
    for key in parents:
        try:
            tables = tables[key]
        except (KeyError, IndexError, TypeError):
            return False
    return isinstance(tables, dict) and tables.pop(last, path) is not path


def _names_any(line: str, fields: Sequence[Path]) -> bool:
    """Whether a line misses one of these fields, or speaks of it."""
    if line.endswith(" is missing: must be given"):
        return True  # what was missing before is known
    for path in fields:
        head = f"`{'.'.join(map(str, path[:LARGEST_TABLE]))}"
        if head in line and re.search(rf"\b{path[-1]}\b", line.replace(head, "")):
            return True
    return False
