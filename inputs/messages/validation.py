"""What is wrong with an input, in plain words: the field, the value given, what is allowed.

`battery_1.eta_charge` = 95: must be in (0, 1] (a fraction, not percent: 0.95?)
"""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from parkdispatch.inputs.messages.allowed_values import Option, bounds, known_keys, leaves, locate, tags
from parkdispatch.models.errors import InputError

# pydantic error types that only say "not of this kind"; of a union, they matter if no member came closer
WRONG_KIND = {
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": 'text in quotes, "..."',
    "tuple_type": "a list, [...]",
    "list_type": "a list, [...]",
    "dict_type": "a table of keys and values",
    "mapping_type": "a table of keys and values",
    "model_type": "a table of keys and values",
    "model_attributes_type": "a table of keys and values",
    "none_required": "left out",
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        "a date such as 2026-01-31",
    ),
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing"),
        "a date and time such as 2026-01-31 18:00:00",
    ),
}
KINDS = {float: "a number", int: "a whole number", bool: "true or false", date: "a date such as 2026-01-31"}
BOUNDS = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}


def problems(error: ValidationError, prefix: str = "", model: Any = None) -> list[str]:
    """One line for each thing that is wrong.

    `prefix` stands before every field path: `problems(error, "battery_1")` gives
    "`battery_1.eta_charge` = 95: ...". `model`, the type that was validated (a pydantic model or a
    union of such), lets the lines name whole intervals, suggest keys and leave out union tags.
    """
    details: list[Mapping[str, Any]] = [*error.errors(include_url=False)]
    groups: dict[tuple[str | int, ...], list[tuple[Mapping[str, Any], list[Option]]]] = {}
    for detail in details:
        if detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]:
            continue  # a list that is short only because its members failed, each reported itself
        path, options = locate(model, detail["loc"])
        groups.setdefault(path, []).append((detail, options))

    lines: list[str] = []
    for path, found in groups.items():
        deeper = any(other[: len(path)] == path and other != path for other in groups)
        closer = [item for item in found if item[0]["type"] not in WRONG_KIND]
        if not deeper and not closer and found:
            kinds = dict.fromkeys(WRONG_KIND[item[0]["type"]] for item in found)
            lines.append(_line(prefix, path, found[0][0]["input"], f"must be {' or '.join(kinds)}"))
            continue
        for detail, options in closer:
            lines += _lines(detail, prefix, path, options, model)
    return list(dict.fromkeys(lines))


def wrong_kinds(tables: Mapping[str, Any], model: Any, prefix: str = "") -> list[str]:
    """What pydantic would quietly convert: true to 1, "25" to 25, 2026 to a day in 1970."""
    found = []
    for path, value, options in leaves(model, tables):
        kinds = {option.type for option in options if not _is_table(option.type)}
        quiet = kinds and all(
            (isinstance(value, bool) and kind in (float, int, date))
            or (isinstance(value, str) and kind in (float, int, bool))
            or (isinstance(value, int | float) and not isinstance(value, bool) and kind in (bool, date))
            for kind in kinds
        )
        if quiet:
            words = [KINDS.get(option.type, "a table of keys and values") for option in options]
            found.append(_line(prefix, path, value, f"must be {' or '.join(dict.fromkeys(words))}"))
    return found


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _lines(
    detail: Mapping[str, Any], prefix: str, path: tuple[str | int, ...], options: list[Option], model: Any
) -> list[str]:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        return [_own_words(line, prefix, path, value) for line in str(context["error"]).splitlines()]
    if kind == "missing":
        return [f"`{_joined(prefix, path)}` is missing: must be given"]
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        known = known_keys(locate(model, detail["loc"][:-1])[1])
        listed = f"; known here: {', '.join(known)}" if known else ""
        return [_line(prefix, path, value, f"no such key{closest(str(path[-1]), known)}{listed}")]
    if kind in BOUNDS:
        limits = {name: context[name] for name in BOUNDS.values() if name in context} | bounds(options)
        return [_line(prefix, path, value, _bounded(limits) + _fraction_hint(value, limits))]
    if kind in ("literal_error", "enum"):
        allowed = re.findall(r"'([^']*)'", context["expected"])
        words = f"must be {context['expected']}{closest(str(value), allowed)}"
        if detail["loc"][-1] == "[key]":  # the key itself is wrong; its value was not looked at
            return [f"`{_joined(prefix, path)}`: no such key, {words}"]
        return [_line(prefix, path, value, words)]
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        key = context["discriminator"].strip("'")
        if kind == "union_tag_not_found":
            one_of = f" one of {', '.join(tags(options, key))}" if tags(options, key) else ""
            return [
                f"`{_joined(prefix, (*path, key))}` is missing: must be given{',' if one_of else ''}{one_of}"
            ]
        allowed = re.findall(r"'([^']*)'", context["expected_tags"])
        hint = closest(str(context["tag"]), allowed)
        return [_line(prefix, (*path, key), context["tag"], f"must be one of {', '.join(allowed)}{hint}")]
    texts: dict[str, Callable[[], str]] = {
        "finite_number": lambda: "must be a finite number",
        "too_short": lambda: (
            f"must have at least {context['min_length']} entries, not {context['actual_length']}"
        ),
        "too_long": lambda: (
            f"must have at most {context['max_length']} entries, not {context['actual_length']}"
        ),
        "string_too_short": lambda: _shortest(context["min_length"]),
        "string_too_long": lambda: f"must have at most {context['max_length']} characters, not {len(value)}",
        "string_pattern_mismatch": lambda: f"must match {context['pattern']}",
    }
    text = texts[kind]() if kind in texts else detail["msg"][0].lower() + detail["msg"][1:]
    return [_line(prefix, path, value, text)]


def _shortest(length: int) -> str:
    return "must not be empty" if length == 1 else f"must have at least {length} characters"


def closest(word: str, known: Iterable[str]) -> str:
    """'; did you mean `x`?' if a known word comes close, else nothing."""
    lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    return f"; did you mean `{lower[near[0]]}`?" if near else ""


def _own_words(line: str, prefix: str, path: Sequence[str | int], value: Any) -> str:
    """A validator's own line; where it opens with "field = ...", the field's full path stands for it."""
    opening = re.match(r"`?(([A-Za-z_][\w-]*)[\w.\[\]-]*)`?(?= = )", line)
    if opening:
        parent = path[:-1] if path and path[-1] == opening[2] else path
        where = _joined(prefix, parent)
        return f"`{where}{'.' if where else ''}{opening[1]}`{line[opening.end() :]}"
    if isinstance(value, str | int | float) or not isinstance(value, Sequence | Mapping | BaseModel):
        return _line(prefix, path, value, line)
    where = _joined(prefix, path)
    return f"`{where}`: {line}" if where else line


def _line(prefix: str, path: Sequence[str | int], value: Any, text: str) -> str:
    return f"`{_joined(prefix, path)}` = {_shown(value)}: {text}"


def _joined(prefix: str, path: Sequence[str | int]) -> str:
    text = prefix
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if re.fullmatch(r"[\w-]+", part) else f'"{part}"')
    return text


def _shown(value: Any) -> str:
    """The value as the user may have written it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        text = "{" + ", ".join(f"{key} = {_shown(item)}" for key, item in value.items()) + "}"
    elif isinstance(value, list | tuple):
        text = "[" + ", ".join(_shown(item) for item in value) + "]"
    else:
        text = repr(value) if isinstance(value, str | bytes) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _bounded(limits: Mapping[str, Any]) -> str:
    number = {
        name: f"{limit:g}" if isinstance(limit, int | float) else str(limit) for name, limit in limits.items()
    }
    lower, upper = number.get("ge", number.get("gt")), number.get("le", number.get("lt"))
    if lower is not None and upper is not None:
        return f"must be in {'[' if 'ge' in limits else '('}{lower}, {upper}{']' if 'le' in limits else ')'}"
    if lower is not None:
        return f"must be {lower} or more" if "ge" in limits else f"must be above {lower}"
    return f"must be {upper} or less" if "le" in limits else f"must be below {upper}"


def _fraction_hint(value: Any, limits: Mapping[str, Any]) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return ""
    if limits.get("le", limits.get("lt")) == 1 and 1 < number <= 100:
        return f" (a fraction, not percent: {number / 100:g}?)"
    return ""


def read_bytes(path: Path, what: str = "a file") -> bytes:
    """The content of a file. Raises InputError if it is missing, a directory or unreadable."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file{closest(path.name, _siblings(path))}") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory, must be {what}") from None
    except (OSError, ValueError) as error:  # ValueError: a path no system can have
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{path}: cannot be read: {reason}") from error


def named(field: str, path: Path, lines: Iterable[str]) -> list[str]:
    """The problems of a file; those with the file as such get the field that names it."""
    return [f"`{field}`: {line}" if line.startswith(f"{path}:") else line for line in lines]


def _siblings(path: Path) -> list[str]:
    try:
        return [other.name for other in path.parent.iterdir() if other.suffix == path.suffix]
    except OSError:
        return []


def user_path(text: str, folder: Path = Path()) -> Path:
    """The path a user wrote, relative to `folder`, with `~` for the home folder."""
    try:
        return folder / Path(text).expanduser()
    except RuntimeError:  # a home that is not known
        return folder / text


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises InputError, naming the file and where possible line and column, if it is missing, a
    directory, unreadable, not UTF-8 or not TOML.
    """
    raw = read_bytes(path, "a TOML file")
    try:
        text = raw.decode("utf-8-sig")  # Windows editors put a byte-order mark first
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"{path}: line {line}: must be saved as UTF-8{_encoding_hint(raw)}") from None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = re.fullmatch(
            r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL
        )
        if found is None:
            raise InputError(f"{path}: is not TOML: {error}") from None
        where = f"line {found[2]}, column {found[3]}" if found[2] else "end of file"
        raise InputError(f"{path}: {where}: is not TOML: {found[1]}") from None


def _encoding_hint(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "; it looks like UTF-16"
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return "; it looks like GBK (Chinese Windows): open it and save it again as UTF-8"
