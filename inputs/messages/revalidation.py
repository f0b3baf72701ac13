"""A declaration with other values of some fields, validated again as a whole."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from parkdispatch.inputs.messages.problem_sentences import problem_sentences, silently_converted
from parkdispatch.models.errors import InputError

M = TypeVar("M", bound=BaseModel)


def with_fields(table: M, path: str, fields: Mapping[str, Any]) -> M:
    """The declaration at a path of a case with other values. Raises InputError with what is not allowed.

    Fields that were not given are not passed, so that `model_fields_set` stays what the user wrote.
    """
    given = {name: getattr(table, name) for name in table.model_fields_set}
    problems = silently_converted(fields, type(table), path)
    try:
        changed = type(table).model_validate({**given, **fields})
    except ValidationError as error:
        problems += problem_sentences(error, path, type(table))
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return changed
