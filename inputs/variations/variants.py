"""Variants: the same case with changes, laid over its tables before anything is checked."""

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from parkdispatch.inputs.messages.validation import closest
from parkdispatch.models.errors import InputError

Place = tuple[str, ...]


def variant_names(tables: Mapping[str, Any]) -> list[str]:
    """Names of the variants a case file has."""
    variants = tables.get("variant", {})
    return list(variants) if isinstance(variants, Mapping) else []


def with_variant(tables: Mapping[str, Any], variant: str | None) -> dict[str, Any]:
    """The tables with the variant's own laid over them, and the devices it removes taken out.

    Raises InputError if there is no such variant, or it removes what is not there.
    """
    found = copy.deepcopy(dict(tables))
    variants = found.pop("variant", {})
    if not isinstance(variants, dict) or not all(isinstance(v, dict) for v in variants.values()):
        raise InputError(f"`variant` = {variants}: must be tables such as [variant.first_phase]")
    if variant is None:
        return found
    if variant not in variants:
        known = f"must be one of {', '.join(variants)}" if variants else "the case has none, must be left out"
        raise InputError(f"argument `variant` = {variant}: {known}{closest(variant, variants)}")
    changes = dict(variants[variant])
    removed = changes.pop("remove", [])
    devices = found.get("device", {})
    known_devices = list(devices) if isinstance(devices, dict) else []
    if not isinstance(removed, list):
        raise InputError(f'`variant.{variant}.remove` = {removed!r}: must be a list such as ["battery_1"]')
    wrong = [str(name) for name in removed if name not in known_devices]
    if wrong:
        raise InputError(
            f"`variant.{variant}.remove` = {', '.join(wrong)}: must be names of devices:"
            f" {', '.join(known_devices)}{closest(wrong[0], known_devices)}"
        )
    for name in dict.fromkeys(removed):
        del devices[name]
        _without_series(found, name)
    return _merged(found, changes)


def named_after_variant(lines: Iterable[str], tables: Mapping[str, Any], variant: str | None) -> list[str]:
    """The problems, each field that the variant wrote under the name it has there."""
    variants = tables.get("variant", {})
    changes = variants.get(variant) if variant is not None and isinstance(variants, Mapping) else None
    if not isinstance(changes, Mapping):
        return list(lines)
    written = {".".join(path) for path in _written(changes, tables)}
    found = []
    for line in lines:
        field = re.match(r"`([\w.]+)", line)
        names = field[1].split(".") if field else []
        own = any(".".join(names[: n + 1]) in written for n in range(len(names)))
        found.append(f"`variant.{variant}.{line[1:]}" if own else line)
    return found


def _written(changes: Mapping[str, Any], base: Mapping[str, Any], at: Place = ()) -> Iterable[Place]:
    """Where the changes put a value, or a table that the base does not have."""
    for key, value in changes.items():
        below = base.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            yield from _written(value, below, (*at, key))
        else:
            yield (*at, key)


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merged(base[key], value)
        else:
            base[key] = value
    return base


def _without_series(tables: dict[str, Any], device: str) -> None:
    """A removed device takes its series along."""
    series = tables.get("series")
    if isinstance(series, dict):
        for key in [key for key in series if key.split(".")[0] == device]:
            del series[key]
