"""Walk the types of a pydantic model along an error's location, to learn what is allowed there."""

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic.fields import FieldInfo


class Option(NamedTuple):
    """One member of what a field may be: a type without wrappers, and what annotates it."""

    type: Any
    metadata: tuple[Any, ...]


def locate(model: Any, loc: Sequence[str | int]) -> tuple[tuple[str | int, ...], list[Option]]:
    """Field path of a pydantic location, and what may stand there.

    Pydantic puts names of union members, tags and validators into a location; they are left out.
    Without a model only the obvious ones can be recognised.
    """
    path: list[str | int] = []
    options = list(_options(model)) if model is not None else []
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
    """Every plain value inside nested tables and lists: where it stands, itself, and what may stand there."""
    return _leaves(list(_options(model)), value, ())


def _leaves(
    options: list[Option], value: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any, list[Option]]]:
    inside: Iterable[tuple[str | int, Any]]
    if isinstance(value, Mapping):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    else:
        yield path, value, options
        return
    for key, item in inside:
        below = [option for parent in options for option in _children(parent.type, key)]
        yield from _leaves(below, item, (*path, key))


def known_keys(options: Sequence[Option]) -> list[str]:
    """Names of the fields that models among the options have."""
    return list(
        dict.fromkeys(
            name for option in options if _is_model(option.type) for name in option.type.model_fields
        )
    )


def tags(options: Sequence[Option], key: str) -> list[str]:
    """Values by which the models among the options tell themselves apart in the field `key`."""
    models = [option.type for option in options if _is_model(option.type) and key in option.type.model_fields]
    return [str(tag) for model in models for tag in get_args(model.model_fields[key].annotation)]


def bounds(options: Sequence[Option]) -> dict[str, Any]:
    """The bounds `gt`, `ge`, `lt`, `le` that numbers among the options have."""
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


def _options(kind: Any, metadata: tuple[Any, ...] = ()) -> Iterator[Option]:
    if get_origin(kind) is Annotated:
        inner, *around = get_args(kind)
        yield from _options(inner, (*metadata, *around))
    elif get_origin(kind) in (Union, types.UnionType):
        for member in get_args(kind):
            yield from _options(member, metadata)
    elif kind is not type(None):
        yield Option(kind, metadata)


def _children(kind: Any, key: str | int) -> Iterator[Option]:
    """What may stand under `key` in a value of this type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if _is_model(kind):
        field = kind.model_fields.get(key)
        if field is not None:
            yield from _options(field.annotation, tuple(field.metadata))
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        if isinstance(key, str) and key != "[key]":
            yield from _options(arguments[1])
    elif isinstance(origin, type) and issubclass(origin, Sequence) and isinstance(key, int):
        one_kind = len(arguments) == 1 or arguments[1:] == (Ellipsis,)
        if one_kind or key < len(arguments):
            yield from _options(arguments[0 if one_kind else key])


def _tags(option: Option) -> list[str]:
    """Names by which a union told by a function tells this member from the others."""
    return [item.tag for item in option.metadata if isinstance(item, Tag)]


def _is_label(kind: Any, key: str | int) -> bool:
    """Whether `key` names this member of a union instead of a field."""
    if getattr(kind, "__name__", None) == key:
        return True
    if not _is_model(kind):
        return False
    literals = (field.annotation for field in kind.model_fields.values())
    return any(key in get_args(literal) for literal in literals if get_origin(literal) is Literal)
