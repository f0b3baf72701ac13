"""The valid parts of a case file, so that checks across tables run even if some tables are invalid."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from parkdispatch.inputs.schema.case_file import (
    Calendar,
    CaseFile,
    SeriesFile,
    WeatherFile,
    WeatherSource,
    with_dotted_keys,
)
from parkdispatch.models.device import Device
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.models.registry import any_device, device_kinds
from parkdispatch.models.site import Site
from parkdispatch.models.weather.climate import Climate

ADAPTERS_KEPT = 8  # the types of the parts, and those of devices before another one was registered


@dataclass(frozen=True)
class CaseParts:
    """Parts of a case file that are valid on their own; None or left out where a part is not."""

    site: Site | None
    calendar: Calendar | None
    weather: Climate | WeatherFile | None
    has_weather: bool  # whether the case file has a table for weather, valid or not
    devices: Mapping[str, Device]
    invalid_devices: frozenset[str]
    perhaps_buses: frozenset[str]  # what an invalid device says, among it the names of its buses
    perhaps_ports: Mapping[str, Mapping[str, str]]  # buses that an invalid device names, by field
    series: Mapping[str, SeriesFile]
    contract: Contracts | None


def valid_parts(tables: Mapping[str, Any]) -> CaseParts:
    """Validate each part of a case file by itself; invalid parts are left out and not reported here."""
    given = _mapping(tables.get("device"))
    devices = {name: _valid(any_device(), table) for name, table in given.items()}
    series = _mapping(with_dotted_keys(tables.get("series")))
    files = {key: _valid(SeriesFile, given) for key, given in series.items()}
    return CaseParts(
        site=_valid(Site, tables.get("site")),
        calendar=_valid(Calendar, tables.get("calendar")),
        weather=_valid(WeatherSource, tables.get("weather")),
        has_weather="weather" in tables,
        devices={name: device for name, device in devices.items() if device is not None},
        invalid_devices=frozenset(name for name, device in devices.items() if device is None),
        perhaps_buses=frozenset(
            bus for name, device in devices.items() if device is None for bus in _perhaps_buses(given[name])
        ),
        perhaps_ports=_ports_of_invalid(
            {name: given[name] for name, device in devices.items() if device is None}
        ),
        series={key: file for key, file in files.items() if file is not None},
        contract=_valid(Contracts, tables.get("contract", {})),
    )


def all_parts(file: CaseFile) -> CaseParts:
    """The parts of a case file that is valid as a whole."""
    return CaseParts(
        site=file.site,
        calendar=file.calendar,
        weather=file.weather,
        has_weather=file.weather is not None,
        devices=file.device,
        invalid_devices=frozenset(),
        perhaps_buses=frozenset(),
        perhaps_ports={},
        series=file.series,
        contract=file.contract,
    )


@lru_cache(maxsize=ADAPTERS_KEPT)  # one takes longer to make than to validate with
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """The validator of a type; a device that is registered makes another type of all of them."""
    return TypeAdapter(kind)


def _valid(kind: Any, given: Any) -> Any:
    """The value of this type, or None if it is invalid."""
    try:
        return _adapter(kind).validate_python(given)
    except ValidationError:
        return None


def _perhaps_buses(table: Any) -> set[str]:
    """The text in the table of a device, and the buses that its kind has where it says none."""
    kind = device_kinds().get(str(_mapping(table).get("kind")))
    fields = {} if kind is None else {port: kind.model_fields[port].default for port in kind.ports}
    return {value for value in (fields | dict(_mapping(table))).values() if isinstance(value, str)}


def _ports_of_invalid(tables: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The buses that devices with mistakes name, by device and field; none if one is of an unknown kind."""
    if any(str(_mapping(table).get("kind")) not in device_kinds() for table in tables.values()):
        return {}  # it may be on any of them
    return {name: _named_ports(table) for name, table in tables.items()}


def _named_ports(table: Any) -> dict[str, str]:
    """The buses that the table of a device names, or its kind where it names none, by field."""
    kind, fields = device_kinds()[str(_mapping(table).get("kind"))], _mapping(table)
    named = {port: fields.get(port, kind.model_fields[port].default) for port in kind.ports}
    return {port: bus for port, bus in named.items() if isinstance(bus, str)}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
