"""Where the values of a case are from: comments of its file, its variant, or what a run gave instead.

Each source holds the value that it is about. A value that differs from it by the time it is shown was changed
on the way, and is shown as it is now, without the comment.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import BaseModel

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.schema.case_file import SeriesFile
from parkdispatch.inputs.schema.value_source import Origin, Path, Source
from parkdispatch.inputs.series.series_reading import file_reference
from parkdispatch.inputs.series.series_values import SeriesValues
from parkdispatch.models.device import Device

# tables of a case file whose fields are values of a run, and where a case keeps them
TABLES = {
    "site": "site",
    "calendar": "calendar",
    "weather": "weather",
    "device": "devices",
    "finance": "finance",
    "contract": "contracts",
    "owners": "owners",
    "sizing": "sizing",
    "yearly_changes": "yearly_changes",
    "phases": "phases",
}
DISPATCH = ("tariff", "site", "calendar", "weather", "device", "series")  # tables that a dispatch uses
MISSING = object()


class SourcedValue(NamedTuple):
    """A value of a run as text: its path, the value, where it is from, who gave it and the note on it."""

    path: str
    value: str
    origin: Origin
    by: str = ""
    note: str = ""


def file_sources(text: str, case: Case, set_by_variant: Iterable[Path]) -> dict[Path, Source]:
    """The sources of a case just read from the text of its file, whose variant sets these values."""
    comments, of_variant = dict(_comments(text)), list(set_by_variant)
    sources = {}
    for path, (written, note) in comments.items():
        # what the variant sets as a whole, or in part, is not what this comment is about
        replaced = any(path[: len(other)] == other or other[: len(path)] == path for other in of_variant)
        if path[0] != "variant" and not replaced and (value := value_of(case, path)) is not MISSING:
            sources[path] = Source(value, "file", "", note, written)
    for path in of_variant:
        written, note = comments.get(("variant", case.variant, *path), ("", ""))
        if (value := value_of(case, path)) is not MISSING:
            sources[path] = Source(value, "variant", case.variant, note, written)
    # TOML has two ways to write a series: a table of the device, or a quoted name
    notes = {".".join(map(str, path[1:])): note for path, (_, note) in comments.items()}
    for (device, name), entry in case.series.items():
        sources["series", device, name] = Source(entry, "file", "", notes.get(f"{device}.{name}", ""))
    return sources


def _comments(text: str) -> Iterator[tuple[Path, tuple[str, str]]]:
    """Path, value and comment of each commented setting of a TOML text."""
    table: Path = ()
    counts: dict[Path, int] = {}
    for line in text.splitlines():
        if line.startswith("["):
            header = line.partition("#")[0].strip()
            table = tuple(name.strip(" \"'") for name in header.strip("[]").split("."))
            if header.startswith("[["):
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
        setting, separator, comment = line.partition("  # ")
        name, equals, value = setting.partition("=")
        if separator and equals and not setting.lstrip().startswith("#"):
            yield (*table, name.strip(" \"'")), (value.strip(), comment.strip())


def given_by(case: Case, origin: Origin, by: str, paths: Iterable[Path]) -> Case:
    """The case, saying of its values at these paths that they were given so."""
    sources = {path: Source(value_of(case, path), origin, by) for path in paths}
    return replace(case, sources={**case.sources, **sources})


def value_of(case: Case, path: Path) -> Any:
    """The value of a case at a path of its file; MISSING where there is none."""
    if path == ("tariff",):
        return case.tariff.name
    if path[0] == "series":
        return case.series.get((str(path[1]), str(path[2])), MISSING) if len(path) == 3 else MISSING
    if path[0] not in TABLES:
        return MISSING
    value: Any = getattr(case, TABLES[str(path[0])])
    for name in path[1:]:
        if isinstance(value, BaseModel):
            value = getattr(value, str(name)) if name in type(value).model_fields else MISSING
        elif isinstance(value, Mapping):
            value = value.get(name, MISSING)
        elif isinstance(value, tuple) and isinstance(name, int):
            value = value[name] if name < len(value) else MISSING
        else:
            return MISSING
    return value


def case_sources(case: Case, tables: Sequence[str] = ()) -> list[SourcedValue]:
    """The values of a case whose source is known, as they are now; of these tables, or of all.

    Left out is what a run does not use: fields from which only series are computed that are given instead.
    """
    lines = []
    for path in dict.fromkeys([*case.sources, *(("series", *key) for key in case.series)]):
        value, source = value_of(case, path), case.sources.get(path)
        if value is MISSING or (tables and path[0] not in tables) or _replaced_by_series(case, path):
            continue
        if source is not None and value == source.value:
            text = source.written or _as_text(value)
            lines.append(SourcedValue(_text(path), text, source.origin, source.by, source.note))
        else:
            lines.append(SourcedValue(_text(path), _as_text(value), "changed"))
    return lines


def _replaced_by_series(case: Case, path: Path) -> bool:
    """Whether a value only serves to compute series that the case has from elsewhere."""
    if path[0] == "weather":
        return not any(device.needs_weather and _computes(case, n) for n, device in case.devices.items())
    device = case.devices.get(str(path[1])) if path[0] == "device" and len(path) > 2 else None
    if device is None:
        return False
    served = [name for name, spec in device.needed_series.items() if path[2] in spec.computed_from]
    return bool(served) and all((str(path[1]), name) in case.series for name in served)


def _computes(case: Case, name: str) -> bool:
    device: Device = case.devices[name]
    return any((name, series) not in case.series for series in device.needed_series)


def _text(path: Path) -> str:
    """The path as people write it: `device.pv.areas[0].name`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def series_text(entry: SeriesFile | SeriesValues) -> str:
    """What a series is from: the name of its file, or of the values in memory."""
    if isinstance(entry, SeriesFile):
        file = file_reference(entry.file).file
        return file.replace("\\", "/").split("/")[-1] + entry.file[len(file) :]
    return str(entry.values.name or "pandas.Series")


def _as_text(value: Any) -> str:
    """A value as a TOML file writes it."""
    if isinstance(value, SeriesFile | SeriesValues):
        return series_text(value)
    if isinstance(value, BaseModel):
        fields = ((name, getattr(value, name)) for name in type(value).model_fields)
        return f"{{ {', '.join(f'{name} = {_as_text(part)}' for name, part in fields if part is not None)} }}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_as_text, value))}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{name} = {_as_text(part)}' for name, part in value.items())} }}"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
