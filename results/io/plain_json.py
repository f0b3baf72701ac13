"""Frozen dataclasses of numbers as JSON and back, exactly; NaN and infinity as Python's JSON has them."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np


def plain(value: Any) -> Any:
    """A value as JSON content: dataclasses and mappings as objects, tuples and arrays as lists."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(entry) for entry in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value.isoformat() if isinstance(value, date) else value


def restored(kind: Any, content: Any) -> Any:
    """The value of a type from what `plain` made of it. Raises TypeError, ValueError or KeyError if unlike.

    Types are numbers, texts, dates, timestamps, arrays, and dataclasses, tuples, mappings and optional ones.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return None if content is None else restored(inner, content)
    if origin is tuple:
        each = arguments[:1] * len(content) if arguments[-1] is Ellipsis else arguments
        return tuple(restored(inner, entry) for inner, entry in zip(each, content, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {key: restored(arguments[1], entry) for key, entry in content.items()}
    if kind is date:
        return date.fromisoformat(content)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        names = [field.name for field in fields(kind)]
        values = {name: restored(hints[name], content[name]) for name in names}
        return kind(**values)
    if origin is np.ndarray or kind is np.ndarray:
        return np.array(content, dtype=np.float64)
    return kind(content)
