"""What is allowed at the location of a validation error, from the types of the pydantic model."""

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic.fields import FieldInfo


class Option(NamedTuple):
    """One type a field may have, without wrappers, and its annotations."""

    type: Any
    metadata: tuple[Any, ...]


def locate(model: Any, loc: Sequence[str | int]) -> tuple[tuple[str | int, ...], list[Option]]:
    """Field path of a pydantic location, and the types allowed there.

    Pydantic includes the names of union members, tags and validators in a location; the path omits them.
    Without a model only some of them can be recognised.
    """
    path: list[str | int] = []
    options = list(options_of(model)) if model is not None else []
    for key in loc:
        tagged = [option for option in options if key in _tags(option)]
        below = [option for parent in options for option in _children(parent.type, key)]
        labelled = [option for option in options if _is_label(option.type, key)]
        if tagged:
            options = [Option(option.type, ()) for option in tagged]
        elif below:
            path.append(key)
            options = below
        elif labelled:
            options = labelled
        elif not (isinstance(key, str) and ("[" in key or key.startswith(("function-", "constrained-")))):
            path.append(key)
            options = []
    return tuple(path), options


def leaves(model: Any, value: Any) -> Iterator[tuple[tuple[str | int, ...], Any, list[Option]]]:
    """Each value inside nested tables and lists: its path, itself, and the types allowed there."""
    return _leaves(list(options_of(model)), value, ())


def _leaves(
    options: list[Option], value: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any, list[Option]]]:
    items: Iterable[tuple[str | int, Any]]
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        yield path, value, options
        return
    for key, item in items:
        below = [option for parent in options for option in _children(parent.type, key)]
        yield from _leaves(below, item, (*path, key))


def known_keys(options: Sequence[Option]) -> list[str]:
    """Names of the fields of the models among the options."""
    return list(
        dict.fromkeys(
            name for option in options if _is_model(option.type) for name in option.type.model_fields
        )
    )


def entry_types(option: Option) -> list[Option]:
    """The types allowed for the values of a mapping, whatever their keys; none for other types."""
    origin, arguments = get_origin(option.type), get_args(option.type)
    is_mapping = isinstance(origin, type) and issubclass(origin, Mapping)
    return list(options_of(arguments[1])) if is_mapping else []


def tags(options: Sequence[Option], key: str) -> list[str]:
    """Values of the discriminator `key` of the models among the options."""
    models = [option.type for option in options if _is_model(option.type) and key in option.type.model_fields]
    return [str(tag) for model in models for tag in get_args(model.model_fields[key].annotation)]


def bounds(options: Sequence[Option]) -> dict[str, Any]:
    """Bounds `gt`, `ge`, `lt`, `le` of the numbers among the options."""
    return {
        name: getattr(item, name)
        for option in options
        for item in _flat(option.metadata)
        for name in ("gt", "ge", "lt", "le")
        if getattr(item, name, None) is not None
    }


def _flat(metadata: Sequence[Any]) -> Iterator[Any]:
    for item in metadata:
        yield from _flat(item.metadata) if isinstance(item, FieldInfo) else (item,)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def options_of(kind: Any, metadata: tuple[Any, ...] = ()) -> Iterator[Option]:
    """The types that an annotation allows, without unions, None and wrappers, with their annotations."""
    if get_origin(kind) is Annotated:
        inner, *around = get_args(kind)
        yield from options_of(inner, (*metadata, *around))
    elif get_origin(kind) in (Union, types.UnionType):
        for member in get_args(kind):
            yield from options_of(member, metadata)
    elif kind is not type(None):
        yield Option(kind, metadata)


@lru_cache(maxsize=4096)  # every value of every table that is read asks for it
def _children(kind: Any, key: str | int) -> tuple[Option, ...]:
    """Types allowed under `key` in a value of this type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if _is_model(kind):
        field = kind.model_fields.get(key)
        return () if field is None else tuple(options_of(field.annotation, tuple(field.metadata)))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return tuple(options_of(arguments[1])) if isinstance(key, str) and key != "[key]" else ()
    if isinstance(origin, type) and issubclass(origin, Sequence) and isinstance(key, int):
        same_type = len(arguments) == 1 or arguments[1:] == (Ellipsis,)
        if same_type or key < len(arguments):
            return tuple(options_of(arguments[0 if same_type else key]))
    return ()


def _tags(option: Option) -> list[str]:
    """Tags of this member in a union with a discriminator function."""
    return [item.tag for item in option.metadata if isinstance(item, Tag)]


def _is_label(kind: Any, key: str | int) -> bool:
    """Whether `key` is the label of this union member instead of a field."""
    if getattr(kind, "__name__", None) == key:
        return True
    if not _is_model(kind):
        return False
    literals = (field.annotation for field in kind.model_fields.values())
    return any(key in get_args(literal) for literal in literals if get_origin(literal) is Literal)
