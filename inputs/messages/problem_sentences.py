"""Problem sentences: a validation error in plain words, with the field, the value given and what is allowed.

`battery_1.eta_charge` = 95: must be in (0, 1] (a fraction, not percent: 0.95?)
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError

from parkdispatch.inputs.messages.allowed_values import (
    Option,
    bounds,
    entry_types,
    known_keys,
    leaves,
    locate,
    tags,
)
from parkdispatch.inputs.messages.quoted import quoted

# pydantic error types that say only that the value has the wrong type; in a union, they are reported only if
# no member has a more specific error
WRONG_TYPE = {
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
TYPE_WORDS = {
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    date: "a date such as 2026-01-31",
}
MOST_VALUES = 3  # of a list, in one message
BOUND_ERRORS = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}


def problem_sentences(error: ValidationError, prefix: str = "", model: Any = None) -> list[str]:
    """One line for each problem of a pydantic error.

    `prefix` stands before every field path: `problem_sentences(error, "battery_1")` gives
    "`battery_1.eta_charge` = 95: ...". With `model`, the type that was validated (a pydantic model or a union
    of models), the lines name whole intervals, suggest keys and omit union tags.
    """
    details: list[Mapping[str, Any]] = [*error.errors(include_url=False)]
    groups: dict[tuple[str | int, ...], list[tuple[Mapping[str, Any], list[Option]]]] = {}
    for detail in details:
        if detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]:
            continue  # short only because members are invalid, which are reported themselves
        path, options = locate(model, detail["loc"])
        groups.setdefault(path, []).append((detail, options))

    lines: list[str] = []
    for path, group in groups.items():
        deeper = any(other[: len(path)] == path and other != path for other in groups)
        specific = [item for item in group if item[0]["type"] not in WRONG_TYPE]
        if not deeper and not specific and group:
            kinds = dict.fromkeys(WRONG_TYPE[item[0]["type"]] for item in group)
            lines.append(_line(prefix, path, group[0][0]["input"], f"must be {' or '.join(kinds)}"))
            continue
        for detail, options in specific:
            lines += _lines(detail, prefix, path, options, model)
    return joined_entries(lines)


def joined_entries(lines: Iterable[str]) -> list[str]:
    """The lines without repetitions; entries of one list of which the same is said share a line.

    `price[0]` = 5: must be 1 or less, and the same of `price[2]` = 7, become `price[0, 2]` = 5, 7: ...
    """
    entries: dict[tuple[str, str], list[tuple[int, str]]] = {}
    order: dict[tuple[str, str], None] = {}
    for line in dict.fromkeys(lines):
        parts = re.fullmatch(r"`(.+)\[(\d+)\]` = (.*?): (.*)", line, re.DOTALL)
        key = (parts[1], parts[4]) if parts else (line, "")
        order[key] = None
        if parts:
            entries.setdefault(key, []).append((int(parts[2]), parts[3]))
    joined = []
    for key in order:
        if key not in entries:
            joined.append(key[0])
            continue
        values = list(dict.fromkeys(value for _, value in entries[key]))
        shown = ", ".join(values[:MOST_VALUES]) + (", ..." if len(values) > MOST_VALUES else "")
        positions = _ranges(sorted(position for position, _ in entries[key]))
        joined.append(f"`{key[0]}[{positions}]` = {shown}: {key[1]}")
    return joined


def _ranges(positions: Sequence[int]) -> str:
    """Ascending positions as text, consecutive ones as ranges: `0 to 11`, `2, 6`."""
    ranges: list[list[int]] = []
    for position in positions:
        if ranges and position == ranges[-1][1] + 1:
            ranges[-1][1] = position
        else:
            ranges.append([position, position])
    texts = [f"{first} to {last}" if last > first else str(first) for first, last in ranges]
    return ", ".join(texts)


def silently_converted(tables: Mapping[str, Any], model: Any, prefix: str = "") -> list[str]:
    """Values that pydantic would convert silently: true to 1, "25" to 25, 2026 to a day in 1970."""
    lines = []
    for path, value, options in leaves(model, tables):
        kinds = {option.type for option in options if not _is_table(option.type)}
        converted = kinds and all(
            (isinstance(value, bool) and kind in (float, int, date))
            or (isinstance(value, str) and kind in (float, int, bool))
            or (isinstance(value, int | float) and not isinstance(value, bool) and kind in (bool, date))
            for kind in kinds
        )
        if converted:
            words = [TYPE_WORDS.get(option.type, "a table of keys and values") for option in options]
            lines.append(_line(prefix, path, value, f"must be {' or '.join(dict.fromkeys(words))}"))
    return joined_entries(lines)


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _lines(
    detail: Mapping[str, Any], prefix: str, path: tuple[str | int, ...], options: list[Option], model: Any
) -> list[str]:
    """Lines for one error of pydantic."""
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        return [_validator_line(line, prefix, path, value) for line in str(context["error"]).splitlines()]
    if kind == "missing":
        return [f"`{field_path(prefix, path)}` is missing: must be given{_as_table(prefix, path, options)}"]
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        known = known_keys(locate(model, detail["loc"][:-1])[1])
        listed = f"; known here: {', '.join(known)}" if known else ""
        return [_line(prefix, path, value, f"no such key{closest(str(path[-1]), known)}{listed}")]
    if kind in BOUND_ERRORS:
        limits = {name: context[name] for name in BOUND_ERRORS.values() if name in context} | bounds(options)
        return [_line(prefix, path, value, _bounded(limits) + _fraction_hint(value, limits))]
    if kind in ("literal_error", "enum"):
        allowed = re.findall(r"'([^']*)'", context["expected"])
        words = f"must be {context['expected']}{closest(str(value), allowed)}"
        if detail["loc"][-1] == "[key]":  # the key itself is wrong; its value was not validated
            return [f"`{field_path(prefix, path)}`: no such key, {words}"]
        return [_line(prefix, path, value, words)]
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        key = context["discriminator"].strip("'")
        if kind == "union_tag_not_found":
            one_of = f" one of {', '.join(tags(options, key))}" if tags(options, key) else ""
            where = field_path(prefix, (*path, key))
            return [f"`{where}` is missing: must be given{',' if one_of else ''}{one_of}"]
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
        "string_pattern_mismatch": lambda: _patterned(context["pattern"]),
        "int_parsing_size": lambda: (  # of more digits than pydantic reads
            _bounded(bounds(options)) if bounds(options) else "must be a whole number"
        ),
    }
    text = texts[kind]() if kind in texts else detail["msg"][0].lower() + detail["msg"][1:]
    return [_line(prefix, path, value, text)]


def _as_table(prefix: str, path: Sequence[str | int], options: Sequence[Option]) -> str:
    """How a missing table is written, as the continuation of a sentence; empty for other fields."""
    where = field_path(prefix, path)
    if options and all(_is_table(option.type) for option in options):
        return f", a table [{where}]"
    entries = [entry for option in options for entry in entry_types(option)]
    if any(_is_table(entry.type) for entry in entries):
        return f", tables such as [{where}.NAME]"
    return f", a table [{where}]" if entries else ""


def _shortest(length: int) -> str:
    return "must not be empty" if length == 1 else f"must have at least {length} characters"


def _patterned(pattern: str) -> str:
    """What a name must be; of other patterns the pattern itself."""
    if name := re.fullmatch(r"\^\[a-z\]\[a-z0-9_\]\{0,(\d+)\}\$", pattern):
        return f"must be a small letter, then up to {name[1]} small letters, digits, underscores"
    return f"must match {pattern}"


def closest(word: str, known: Iterable[str]) -> str:
    """'; did you mean `x`?' if a known word is similar, else an empty text."""
    lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    return f"; did you mean `{quoted(lower[near[0]])}`?" if near else ""


def _validator_line(line: str, prefix: str, path: Sequence[str | int], value: Any) -> str:
    """Line of a validator's message; a leading "field = ..." is replaced by the field's full path."""
    opening = re.match(r"`?(([A-Za-z_][\w-]*)[\w.\[\]-]*)`?(?= = )", line)
    if opening:
        parent = path[:-1] if path and path[-1] == opening[2] else path
        where = field_path(prefix, parent)
        return f"`{where}{'.' if where else ''}{opening[1]}`{line[opening.end() :]}"
    if isinstance(value, str | int | float) or not isinstance(value, Sequence | Mapping | BaseModel):
        return _line(prefix, path, value, line)
    where = field_path(prefix, path)
    return f"`{where}`: {line}" if where else line


def _line(prefix: str, path: Sequence[str | int], value: Any, text: str) -> str:
    return f"`{field_path(prefix, path)}` = {_shown(value)}: {text}"


def field_path(prefix: str, path: Sequence[str | int]) -> str:
    """A path of keys and positions as TOML writes it: `series."load.demand_mw".file`, `day[1].hours`."""
    text = prefix
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (
                part if re.fullmatch(r"[\w-]{1,60}", part) else f'"{quoted(part, 60)}"'
            )
    return text


def _shown(value: Any) -> str:
    """Value as the user may have written it, shortened to 60 characters."""
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
        name: f"{limit:.15g}" if isinstance(limit, float) else str(limit) for name, limit in limits.items()
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
        return f" (a fraction, not percent: {number / 100:.15g}?)"
    return ""
