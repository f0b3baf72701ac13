"""Variants: changes of a case that are merged into its tables before validation."""

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.models.errors import InputError

Path = tuple[str, ...]


def variant_names(tables: Mapping[str, Any]) -> list[str]:
    """Names of the variants of a case file."""
    variants = tables.get("variant", {})
    return list(variants) if isinstance(variants, Mapping) else []


def with_variant(tables: Mapping[str, Any], variant: str | None) -> dict[str, Any]:
    """Tables of the case with those of the variant merged in, and without the devices it removes.

    Raises InputError if there is no such variant, or if it removes a device that does not exist.
    """
    merged = copy.deepcopy(dict(tables))
    variants = merged.pop("variant", {})
    if not isinstance(variants, dict) or not all(isinstance(v, dict) for v in variants.values()):
        raise InputError(f"`variant` = {variants}: must be tables such as [variant.first_phase]")
    if variant is None:
        return merged
    if variant not in variants:
        known = f"must be one of {', '.join(variants)}" if variants else "the case has none, must be left out"
        raise InputError(f"argument `variant` = {variant}: {known}{closest(variant, variants)}")
    changes = dict(variants[variant])
    removed = changes.pop("remove", [])
    devices = merged.get("device", {})
    known_devices = list(devices) if isinstance(devices, dict) else []
    if not isinstance(removed, list):
        raise InputError(f'`variant.{variant}.remove` = {removed!r}: must be a list such as ["battery_1"]')
    unknown = [str(name) for name in removed if name not in known_devices]
    if unknown:
        known = f"must be names of devices: {', '.join(known_devices)}{closest(unknown[0], known_devices)}"
        if not known_devices:
            known = "must be left out, because the case has no devices"
        raise InputError(f"`variant.{variant}.remove` = {', '.join(unknown)}: {known}")
    for name in dict.fromkeys(removed):
        del devices[name]
        _remove_series(merged, name)
    return _merge(merged, changes)


def named_after_variant(lines: Iterable[str], tables: Mapping[str, Any], variant: str | None) -> list[str]:
    """The problems, with each field that the variant sets named as in the variant's tables."""
    variants = tables.get("variant", {})
    changes = variants.get(variant) if variant is not None and isinstance(variants, Mapping) else None
    if not isinstance(changes, Mapping):
        return list(lines)
    set_fields = {".".join(path) for path in _set_paths(changes, tables)}
    named_lines = []
    for line in lines:
        field = re.match(r"`([\w.]+)", line)
        names = field[1].split(".") if field else []
        in_variant = any(".".join(names[: n + 1]) in set_fields for n in range(len(names)))
        named_lines.append(f"`variant.{variant}.{line[1:]}" if in_variant else line)
    return named_lines


def paths_set_by(tables: Mapping[str, Any], variant: str | None) -> list[Path]:
    """Paths of the values that a variant sets, in the tables of its case file."""
    changes = dict(tables.get("variant", {}).get(variant, {}))
    changes.pop("remove", None)
    return list(_set_paths(changes, changes))


def _set_paths(changes: Mapping[str, Any], base: Mapping[str, Any], parent: Path = ()) -> Iterable[Path]:
    """Paths of the values that the changes set, or of tables that the base does not have."""
    for key, value in changes.items():
        below = base.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            yield from _set_paths(value, below, (*parent, key))
        else:
            yield (*parent, key)


def _merge(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Merge nested tables into the base, which is changed and returned."""
    for key, value in changes.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value
    return base


def _remove_series(tables: dict[str, Any], device: str) -> None:
    """Remove the series of a removed device from the tables."""
    series = tables.get("series")
    if isinstance(series, dict):
        for key in [key for key in series if key.split(".")[0] == device]:
            del series[key]
