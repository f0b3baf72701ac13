"""The text of a case file with other values: that of a case on disk, changed to what another case has.

Comments are not kept. Files that the case names are looked for beside it, so that the text belongs into the
same folder.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.checks.trusted_paths import named_files
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.user_files import read_toml
from parkdispatch.inputs.variations.variants import with_variant
from parkdispatch.models.errors import InputError

# tables of a case file whose values may differ, by the attribute of a case
TABLES = {
    "finance": "finance",
    "contracts": "contract",
    "yearly_changes": "yearly_changes",
    "phases": "phases",
}
BARE_KEY = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def case_file_of(case: Case) -> Path:
    """The file that a case was read from."""
    return case.folder / case.file_name


def require_case_folder(case: Case, path: Path) -> None:
    """Raise InputError unless a case file at this path could be written, and find the files that it names."""
    problems = []
    files = list(named_files(with_variant(read_toml(case_file_of(case)), case.variant or None)))
    if path.suffix != ".toml":
        problems.append(f"argument `write_case` = {path}: must end in .toml")
    if path.resolve() == case_file_of(case).resolve():
        problems.append(f"argument `write_case` = {path}: is the case itself, must be another file")
    elif files and path.resolve().parent != case.folder.resolve():
        problems.append(
            f"argument `write_case` = {path}: must lie in {case.folder}, the folder of the case, whose files"
            " it names"
        )
    elif not path.resolve().parent.is_dir():
        problems.append(f"argument `write_case` = {path}: its folder does not exist")
    if problems:
        raise InputError(problems)


def written_case(changed: Case, title: str) -> str:
    """The text of a case file with the devices and money of a changed case; the title is its first comment.

    The values that differ from those on disk are written, in the variant of the case; devices that the
    changed case does not have are left out. The tariff must be that of the case on disk.
    """
    path, variant = case_file_of(changed), changed.variant or None
    before = load_case(str(path), variant)
    tables = with_variant(read_toml(path), variant)
    for name in [name for name in tables["device"] if name not in changed.devices]:
        del tables["device"][name]
        series = tables.get("series", {})
        for key in [key for key in series if key.split(".")[0] == name]:
            del series[key]
    for name, device in changed.devices.items():
        _update(tables["device"].setdefault(name, {}), _fields(before.devices.get(name)), _fields(device))
    for attribute, table in TABLES.items():
        old, new = _fields(getattr(before, attribute)), _fields(getattr(changed, attribute))
        if old != new:
            _update(tables.setdefault(table, {}), old, new)
    return f"# {title}\n" + "".join(_toml_lines(tables, ()))


def _fields(table: BaseModel | None) -> dict[str, Any]:
    return {} if table is None else table.model_dump()


def _update(written: dict[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Change the written table where the new values differ from the old ones."""
    for key, value in new.items():
        before = old.get(key)
        if value == before and type(value) is type(before):
            continue
        if value is None:
            written.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(before, Mapping):
            _update(written.setdefault(key, {}), before, value)
        else:
            written[key] = _without_none(value)


def _without_none(value: Any) -> Any:
    """A copy of a value without the fields that are left out, which TOML cannot say."""
    if not isinstance(value, Mapping):
        return deepcopy(value)
    return {key: _without_none(part) for key, part in value.items() if part is not None}


def _toml_lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The lines of a table and of those below it."""
    values = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    if path and (values or not table):
        yield f"\n[{'.'.join(map(_key, path))}]\n"
    for key, value in values.items():
        yield f"{_key(key)} = {_value(value)}\n"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _toml_lines(value, (*path, str(key)))


def _key(name: str) -> str:
    return name if name and set(name) <= BARE_KEY else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    """A value in TOML. A table within a list is written inline, without what is left out in it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date | time | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        inside = (f"{_key(str(key))} = {_value(part)}" for key, part in value.items() if part is not None)
        return f"{{ {', '.join(inside)} }}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
