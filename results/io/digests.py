"""SHA-256 digests of inputs: the tables of a case, the files that it names, any JSON content."""

import hashlib
import json
from pathlib import Path
from typing import Any

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.schema.case_file import SeriesFile, WeatherFile
from parkdispatch.inputs.series.series_values import SeriesValues
from parkdispatch.models.errors import InputError

# fields of `sizing` that say which scenarios and offers there are, not what one of them is
NOT_OF_A_SCENARIO = {"scenarios", "seed", "tail", "doubt", "correlation", "offer"}


def case_digests(case: Case) -> dict[str, str]:
    """A digest of each table of a case, and of each file that it names.

    A digest of the case file would miss the other files, and change with comments and with the number of
    scenarios.
    """
    tables = {
        "calendar": case.calendar.model_dump(mode="json"),
        "site": case.site.model_dump(mode="json"),
        "tariff": case.tariff.model_dump(mode="json"),
        "weather": None if case.weather is None else case.weather.model_dump(mode="json"),
        "finance": None if case.finance is None else case.finance.model_dump(mode="json"),
        "contract": case.contracts.model_dump(mode="json"),
        "phases": None if case.phases is None else case.phases.model_dump(mode="json"),
        "yearly_changes": case.yearly_changes.model_dump(mode="json"),
        "sizing": None
        if case.sizing is None
        else case.sizing.model_dump(mode="json", exclude=NOT_OF_A_SCENARIO),
        **{f"device.{name}": device.model_dump(mode="json") for name, device in case.devices.items()},
    }
    digests = {name: digest(table) for name, table in tables.items()}
    for (device, name), entry in case.series.items():
        digests[f"series.{device}.{name}"] = (
            digest(entry.digest_content())
            if isinstance(entry, SeriesValues)
            else _file_digest(entry.path(case.folder), _reading_of(entry))
        )
    if isinstance(case.weather, WeatherFile):
        digests["weather.file"] = _file_digest(case.weather.path(case.folder), None)
    return digests


def _reading_of(entry: SeriesFile) -> str | list[Any] | None:
    """What of a series file is read and how; the column alone where nothing else is said."""
    options = entry.options(None)
    if options.sheet is None and options.stamps is None and not options.fill_gaps:
        return options.column
    return [options.sheet, options.column, options.stamps, options.fill_gaps]


def _file_digest(path: Path, reading: str | list[Any] | None) -> str:
    """Digest of a file's content and of what of it is read. Raises InputError."""
    try:
        return digest([hashlib.sha256(path.read_bytes()).hexdigest(), reading])
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def digest(content: Any) -> str:
    """Digest of any JSON content, independent of the order of keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
