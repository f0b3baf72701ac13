"""Tables of declared fields, as Markdown, from the JSON schema that pydantic makes of a declaration.

A declaration is walked recursively: each table of the file (`[site]`, `[device.NAME]`, `[[sensitivity]]`)
becomes a section with the table's own sentence and one row for each field. Nothing here imports Sphinx, so
that the tests can hold the tables to the declarations without it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

Schema = Mapping[str, Any]

ABSENT = "–"
TOP = "Top level"  # heading of the fields that stand in no table
LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
TYPES = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "null": "",
}
DATES = {"date": "date", "date-time": "date and time"}
LONGEST_DEFAULT = 40  # characters; a longer default says only that it is a list or a table
LONGEST_CHOICE = 24  # alternatives that are listed one by one


@dataclass(frozen=True)
class Field:
    """One field of a table, ready to be written; what the declaration does not say is empty."""

    name: str
    unit: str
    allowed: str
    default: str
    sentence: str
    source: str


@dataclass(frozen=True)
class Section:
    """One table of the file: its heading as typed in TOML, its declaration's name and words, its fields."""

    heading: str
    declaration: str
    words: str
    depth: int
    fields: tuple[Field, ...]


def sections(declaration: type[BaseModel], root: str = "") -> list[Section]:
    """Every table that a file of this declaration may hold, the top level first."""
    schema = declaration.model_json_schema()
    return list(_Walk(schema.get("$defs", {})).tables(schema, root, 0))


class _Walk:
    """Walks one schema; a declaration that occurs in several places is written out in each."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions

    def tables(self, schema: Schema, path: str, depth: int, brackets: str = "[{}]") -> Iterator[Section]:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        required = set(schema.get("required", ()))
        fields = tuple(self._field(name, field, name in required) for name, field in properties.items())
        heading = brackets.format(path) if path else ""
        yield Section(heading, schema.get("title", ""), schema.get("description", ""), depth, fields)
        for name, field in properties.items():
            below = f"{path}.{name}" if path else name
            for part, key, marks in self._nested(field, below):
                yield from self.tables(part, key, depth + 1, marks)

    def _nested(self, field: Schema, path: str) -> Iterator[tuple[Schema, str, str]]:
        """Declarations below a field, with their path and whether one or several tables hold them."""
        for alternative in _alternatives(field):
            if "$ref" in alternative:
                part = self._definition(alternative)
                yield part, path, "[{}]"
            elif "items" in alternative:
                for part in self._declarations(alternative["items"]):
                    yield part, path, "[[{}]]"
            elif isinstance(alternative.get("additionalProperties"), Mapping):
                for part in self._declarations(alternative["additionalProperties"]):
                    yield part, f"{path}.NAME", "[{}]"

    def _declarations(self, schema: Schema) -> Iterator[Schema]:
        for alternative in _alternatives(schema):
            if "$ref" in alternative:
                yield self._definition(alternative)

    def _definition(self, reference: Schema) -> Schema:
        return self._definitions[reference["$ref"].rsplit("/", 1)[-1]]

    def _field(self, name: str, field: Schema, required: bool) -> Field:
        default = field.get("default")
        if "const" in field:
            shown = "must be given" if required else f"`{field['const']}`"
        elif required:
            shown = "must be given"
        elif default is None or default in ("", [], {}):
            shown = "left out"
        else:
            shown = _shown(default)
        return Field(
            name=name,
            unit=str(field.get("unit", "")),
            allowed=self._allowed(field),
            default=shown,
            sentence=str(field.get("description", "")),
            source=str(field.get("source", "")),
        )

    def _allowed(self, field: Schema) -> str:
        words = dict.fromkeys(self._kind(part) for part in _alternatives(field))
        return " or ".join(word for word in words if word)

    def _kind(self, part: Schema) -> str:
        """What one alternative of a field may hold."""
        if "$ref" in part:
            return f"table {part['$ref'].rsplit('/', 1)[-1]}"
        if "const" in part:
            return f"`{part['const']}`"
        if "enum" in part:
            listed = ", ".join(f"`{value}`" for value in part["enum"][:LONGEST_CHOICE])
            return f"one of {listed}" + (" …" if len(part["enum"]) > LONGEST_CHOICE else "")
        if part.get("format") in DATES:
            return DATES[part["format"]]
        if "items" in part:
            least, most = part.get("minItems"), part.get("maxItems")
            if least and least == most:
                return f"list of {least}, each {self._allowed(part['items'])}"
            return f"list of {self._allowed(part['items'])}{_count(part)}"
        if "prefixItems" in part:
            return "row of " + ", ".join(self._allowed(item) for item in part["prefixItems"])
        if "additionalProperties" in part:
            inner = part["additionalProperties"]
            return f"tables by name{_count(part)}" if _has_reference(inner) else self._by_name(inner)
        limits = " and ".join(f"{sign} {part[key]:g}" for key, sign in LIMITS.items() if key in part)
        return " ".join(word for word in (TYPES.get(part.get("type", ""), ""), limits) if word)

    def _by_name(self, inner: Any) -> str:
        return f"by name: {self._allowed(inner)}" if isinstance(inner, Mapping) else "by name"


def _alternatives(field: Schema) -> list[Schema]:
    """The parts of a union, unions of unions too; the field itself where it is none."""
    for key in ("anyOf", "oneOf"):
        if key in field:
            return [part for alternative in field[key] for part in _alternatives(alternative)]
    return [field]


def _has_reference(schema: Any) -> bool:
    return isinstance(schema, Mapping) and any("$ref" in part for part in _alternatives(schema))


def _count(part: Schema) -> str:
    least = part.get("minItems") or part.get("minProperties")
    return f", at least {least}" if least else ""


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, list) and len(default) > 1 and len({str(value) for value in default}) == 1:
        return f"`{default[0]}`"  # one number for each month
    if isinstance(default, Mapping):
        return "its own defaults"
    text = f"{default:g}" if isinstance(default, float) else str(default)
    return f"`{text}`" if len(text) <= LONGEST_DEFAULT else "a list"


def field_table(fields: tuple[Field, ...]) -> list[str]:
    """The fields as a table in Markdown; a missing unit or sentence is a dash."""
    lines = ["| Field | Unit | Allowed | Default | Meaning |", "| --- | --- | --- | --- | --- |"]
    for field in fields:
        meaning = field.sentence or ABSENT
        if field.source:
            meaning += f" *Source: {field.source}.*"
        cells = (f"`{field.name}`", field.unit or ABSENT, field.allowed or ABSENT, field.default, meaning)
        lines.append("| " + " | ".join(escaped(cell) for cell in cells) + " |")
    return lines


def escaped(cell: str) -> str:
    """A cell that cannot end its column or its row."""
    return cell.replace("|", "\\|").replace("\n", " ")


def document(declaration: type[BaseModel], level: int, root: str = "") -> list[str]:
    """All tables of a declaration as Markdown, with headings from `level` on."""
    lines: list[str] = []
    for section in sections(declaration, root):
        marks = "#" * min(level + max(0, section.depth - 1), 5)
        heading = f"`{section.heading}`: {section.declaration}" if section.heading else TOP
        lines += [f"{marks} {heading}", ""]
        words = section.words.strip()
        lines += [words, ""] if words else []
        lines += [*field_table(section.fields), ""]
    return lines


def series_table(devices: Mapping[str, Any]) -> list[str]:
    """The series of each kind of device, by the name that `[series]` gives them."""
    lines = ["| Kind | Name in `[series]` | Meaning | Unit | Allowed |", "| --- | --- | --- | --- | --- |"]
    for kind, device in devices.items():
        for name, spec in device.series_specs.items():
            if spec.internal:
                continue
            limits = [
                f"{sign} {bound:g}"
                for sign, bound in (("≥", spec.lower), ("≤", spec.upper))
                if abs(bound) != float("inf")
            ]
            allowed = " and ".join(limits) or "any number"
            cells = (f"`{kind}`", f'`"NAME.{name}"`', spec.title, spec.unit, allowed)
            lines.append("| " + " | ".join(escaped(cell) for cell in cells) + " |")
    return lines
