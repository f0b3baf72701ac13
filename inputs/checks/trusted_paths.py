"""Whether the files that a case names lie where a case of somebody else's may read.

A message quotes cells of a file, so a case file from elsewhere must not name any file of the machine.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from parkdispatch.inputs.series.series_reading import file_reference
from parkdispatch.inputs.tariffs.tariff_files import is_tariff_path
from parkdispatch.inputs.user_files import user_path

TRUST = "PARKDISPATCH_TRUST_PATHS"  # not empty: any file may be read
DATA = "PARKDISPATCH_DATA"  # folders besides that of the case, separated as in PATH


def path_problems(tables: Mapping[str, Any], folder: Path) -> list[str]:
    """Files of a case outside its folder and the data folders, unless paths are trusted."""
    if os.environ.get(TRUST):
        return []
    named = (Path(text) for text in os.environ.get(DATA, "").split(os.pathsep) if text)
    allowed = [Path(os.path.realpath(place)) for place in (folder, *named)]
    return [
        f"`{field}` = {text!r}: lies outside the folder of the case: must be in it, or in a folder that"
        f" variable `{DATA}` names, or be trusted by variable `{TRUST}`"
        for field, text in named_files(tables)
        if not any(Path(os.path.realpath(user_path(text, folder))).is_relative_to(place) for place in allowed)
    ]


def named_files(tables: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The paths in a case file, each with its field."""
    tariff, weather, series = (tables.get(name) for name in ("tariff", "weather", "series"))
    if isinstance(tariff, str) and is_tariff_path(tariff):
        yield "tariff", tariff
    if isinstance(weather, Mapping) and isinstance(weather.get("file"), str):
        yield "weather.file", weather["file"]
    if isinstance(series, Mapping):
        for key, entry in series.items():
            if isinstance(entry, Mapping) and isinstance(entry.get("file"), str):
                yield f'series."{key}".file', file_reference(entry["file"]).file
