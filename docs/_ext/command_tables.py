"""The arguments and options of a command, as Markdown, from the functions that the command line is made of.

The signatures are read, not what typer makes of them, because that changes from one version of typer to the
next. Nothing here imports Sphinx, so that the tests can hold the tables to the command line without it.
"""

import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import typer
from declarations import ABSENT, escaped

PROGRAM = "parkdispatch"
KINDS = {str: "text", float: "number", int: "whole number", Path: "path", bool: ""}


@dataclass(frozen=True)
class Parameter:
    """One argument or option, as it is typed."""

    typed: str
    is_argument: bool
    kind: type
    default: Any  # `inspect.Parameter.empty` where it must be given
    least: float | None
    sentence: str

    @property
    def is_required(self) -> bool:
        """Whether it must be given."""
        return self.default is inspect.Parameter.empty


def commands() -> Mapping[str, Callable[..., Any]]:
    """Every command by name, such as `plan` or `ledger import`, in the order of the help."""
    from parkdispatch.interfaces.cli import app

    found = {}
    for command in app.registered_commands:
        if command.callback is not None:
            found[command.callback.__name__] = command.callback
    for group in app.registered_groups:
        found |= _of_group(group.typer_instance, str(group.name))
    return found


def _of_group(group: Any, name: str) -> dict[str, Callable[..., Any]]:
    """The commands of a group by name; first what it does by itself, last those of groups in it."""
    itself = getattr(group.registered_callback, "callback", None)
    found = {} if itself is None else {name: itself}
    found |= {f"{name} {command.name}": command.callback for command in group.registered_commands}
    for inner in group.registered_groups:
        found |= _of_group(inner.typer_instance, f"{name} {inner.name}")
    return found


def parameters(name: str) -> list[Parameter]:
    """The arguments and options of a command, in the order of its signature."""
    function = commands()[name]
    hints = get_type_hints(function, include_extras=True)
    defaults = inspect.signature(function).parameters
    return [
        _parameter(word, hint, defaults[word].default)
        for word, hint in hints.items()
        if word in defaults and hint is not typer.Context
    ]


def _parameter(word: str, hint: Any, default: Any) -> Parameter:
    annotation, details = hint, None
    if get_origin(hint) is Annotated:
        annotation, details = get_args(hint)[:2]
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    is_argument = type(details).__name__ == "ArgumentInfo"
    # in `Annotated`, typer takes the first name for a default
    given = (getattr(details, "default", None), *(getattr(details, "param_decls", None) or ()))
    names = [text for text in given if isinstance(text, str) and text.startswith("-")]
    typed = word.upper() if is_argument else ", ".join(names) or "--" + word.replace("_", "-")
    least, sentence = getattr(details, "min", None), getattr(details, "help", None)
    return Parameter(typed, is_argument, annotation, default, least, sentence or "")


def usage(name: str) -> str:
    """The line that shows how a command is typed."""
    known = parameters(name)
    arguments = [parameter for parameter in known if parameter.is_argument]
    words = [argument.typed if argument.is_required else f"[{argument.typed}]" for argument in arguments]
    options = [] if len(arguments) == len(known) else ["[OPTIONS]"]
    return " ".join([PROGRAM, name, *words, *options])


def option_table(name: str) -> list[str]:
    """Arguments and options of a command as a table in Markdown."""
    lines = ["| Argument or option | Value | Default | Meaning |", "| --- | --- | --- | --- |"]
    for parameter in parameters(name):
        kind = KINDS.get(parameter.kind, parameter.kind.__name__)
        if parameter.least is not None:
            kind += f" ≥ {parameter.least:g}"
        typed = ", ".join(f"`{text}`" for text in parameter.typed.split(", "))
        cells = (typed, kind or ABSENT, _default(parameter), parameter.sentence or ABSENT)
        lines.append("| " + " | ".join(escaped(cell) for cell in cells) + " |")
    return lines


def _default(parameter: Parameter) -> str:
    if parameter.is_required:
        return "must be given"
    if parameter.kind is bool:
        return "on" if parameter.default else "off"
    if parameter.default is None:
        return ABSENT
    given = f"{parameter.default:g}" if isinstance(parameter.default, float) else str(parameter.default)
    return f"`{given}`"


def first_sentence(name: str) -> str:
    """What the command's own help says it does."""
    return inspect.getdoc(commands()[name]) or ""
