"""What a case file may say, and what can only be seen with the whole of it in view."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    field_validator,
)

from parkdispatch.inputs.messages.validation import closest, user_path
from parkdispatch.inputs.schema.calibrated import Calibrated, WhatIf
from parkdispatch.models.device import Device
from parkdispatch.models.finance.contracts import Contracts, MeteredResponse
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.sensitivity import Sensitivity
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.registry import AnyDevice
from parkdispatch.models.site import Site
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.tariff.tariff_tables import Day
from parkdispatch.models.weather.representative_year import Climate

NAME = r"[a-z][a-z0-9_]*"  # of a device: it becomes part of column names and file headers
TAKEN = ("balance",)  # the optimizer's own word for the sum over a bus
NOT_IN_NAMES = r'[\\/:*?"<>|\x00-\x1f\x7f]'  # a case's name becomes part of a folder's
LONGEST_NAME = 60
MINUTES = (1, 3, 5, 15, 30, 60)  # divide a quarter-hour, the grain of tariffs and meters, or consist of such


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _usable(name: str) -> str:
    if found := re.search(NOT_IN_NAMES, name):
        raise ValueError(f"must not contain {found[0]!r}: it names folders")
    if name != name.strip() or not name.strip(". "):
        raise ValueError("must not begin or end with a blank, nor be dots alone: it names folders")
    return name


class Calendar(_Table):
    """The year the case describes, its step, and the day that is planned when none is named."""

    year: Annotated[int, Field(ge=1950, le=2200)]
    minutes: int = 15
    plan_date: Day

    @field_validator("minutes")
    @classmethod
    def _fits_quarters(cls, minutes: int) -> int:
        if minutes not in MINUTES:
            raise ValueError(f"must be one of {', '.join(map(str, MINUTES))}")
        return minutes

    @property
    def hours(self) -> float:
        """Length of an interval [h]."""
        return self.minutes / 60


class _File(_Table):
    file: Annotated[str, Field(min_length=1)]

    def path(self, folder: Path) -> Path:
        """Where the file lies, if relative then to the folder of the case."""
        return user_path(self.file, folder)


class WeatherFile(_File):
    """The user's own weather."""

    typical: bool | None = None  # a typical year serves any year; none: as the format says


class SeriesFile(_File):
    """A series read from a CSV file instead of made by its device."""

    column: str | None = None


def _weather_kind(value: Any) -> str:
    given = value if isinstance(value, Mapping) else getattr(value, "__dict__", {})
    return "climate" if set(given) & set(Climate.model_fields) else "file"


def _dotted(series: Any) -> Any:
    """`load.demand_mw = {...}` without quotes, which TOML reads as a table in a table, means the same."""
    if not isinstance(series, Mapping):
        return series
    flat: dict[str, Any] = {}
    for name, entry in series.items():
        if isinstance(entry, Mapping) and not set(entry) & set(SeriesFile.model_fields) and entry:
            flat |= {f"{name}.{key}": value for key, value in entry.items()}
        else:
            flat[name] = entry
    return flat


WeatherSource = Annotated[
    Annotated[Climate, Tag("climate")] | Annotated[WeatherFile, Tag("file")], Discriminator(_weather_kind)
]


class CaseFile(_Table):
    """What a case file may say."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(_usable)]
    title: str = ""
    tariff: str
    site: Site
    calendar: Calendar
    weather: WeatherSource | None = None
    device: Annotated[dict[str, AnyDevice], Field(min_length=1)]
    series: Annotated[dict[str, SeriesFile], BeforeValidator(_dotted)] = {}
    finance: Finance | None = None  # of the storage; none: nothing is said of its cash flow
    sensitivity: tuple[Sensitivity, ...] = ()  # numbers a planner doubts, one by one
    contract: Contracts = Contracts()  # of the storage; none: it earns nothing beside its arbitrage
    calibrated: tuple[Calibrated, ...] = ()  # numbers above that nobody published, and their ranges
    what_if: dict[str, WhatIf] = {}  # a few numbers changed, for the reproduction
    sizing: Sizing | None = None  # of one battery; none: its size is not asked for


@dataclass(frozen=True)
class Parts:
    """What of a case file is sound, so that the rest can be checked even where something is wrong."""

    site: Site | None
    calendar: Calendar | None
    weather: Climate | WeatherFile | None
    has_weather: bool
    devices: Mapping[str, Device]
    broken: frozenset[str]  # names of the devices that are not sound
    series: Mapping[str, SeriesFile]
    contract: Contracts | None


def parts(tables: Mapping[str, Any]) -> Parts:
    """Each part of a case file by itself; what is wrong is left out, for it is reported elsewhere."""
    devices = {n: _sound(AnyDevice, given) for n, given in _mapping(tables.get("device")).items()}
    files = {n: _sound(SeriesFile, given) for n, given in _mapping(_dotted(tables.get("series"))).items()}
    return Parts(
        site=_sound(Site, tables.get("site")),
        calendar=_sound(Calendar, tables.get("calendar")),
        weather=_sound(WeatherSource, tables.get("weather")),
        has_weather="weather" in tables,
        devices={name: device for name, device in devices.items() if device is not None},
        broken=frozenset(name for name, device in devices.items() if device is None),
        series={name: file for name, file in files.items() if file is not None},
        contract=_sound(Contracts, tables.get("contract", {})),
    )


def whole_parts(file: CaseFile) -> Parts:
    """The parts of a case file that is sound as a whole."""
    return Parts(
        site=file.site,
        calendar=file.calendar,
        weather=file.weather,
        has_weather=file.weather is not None,
        devices=file.device,
        broken=frozenset(),
        series=file.series,
        contract=file.contract,
    )


def _sound(kind: Any, given: Any) -> Any:
    try:
        return TypeAdapter(kind).validate_python(given)
    except ValidationError:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def cross_check(case: Parts, tariff: Tariff | None) -> list[str]:
    """What can only be seen with the whole case in view."""
    return [
        *_calendar_problems(case.calendar, tariff),
        *_name_problems(case),
        *_bus_problems(case),
        *_series_problems(case),
        *_contract_problems(case, tariff),
        *(
            f"`device.{name}`: {line}"
            for name, device in case.devices.items()
            if tariff is not None
            for line in device.tariff_problems(tariff)
        ),
    ]


def _calendar_problems(calendar: Calendar | None, tariff: Tariff | None) -> list[str]:
    if calendar is None:
        return []
    found = []
    year, day = calendar.year, calendar.plan_date
    if day.year != year:
        found.append(f"`calendar.plan_date` = {day}: must lie in `calendar.year` = {year}")
    if tariff is not None and not tariff.valid_from.year <= year <= tariff.valid_to.year:
        late = year > tariff.valid_to.year
        state = f"expired on {tariff.valid_to}" if late else f"is not in force before {tariff.valid_from}"
        found.append(
            f"`calendar.year` = {year}: tariff {tariff.name} {state} and has no price in it,"
            f" must lie in its validity, {tariff.valid_from} to {tariff.valid_to}"
        )
    return found


def year_problems(case: Parts, tariff: Tariff) -> list[str]:
    """The days of the case's year without a price; of a year outside the validity `cross_check` tells."""
    if case.calendar is None or not tariff.valid_from.year <= case.calendar.year <= tariff.valid_to.year:
        return []
    return tariff.unpriced(date(case.calendar.year, 1, 1), date(case.calendar.year, 12, 31))


def _name_problems(case: Parts) -> list[str]:
    found = []
    for name in sorted(case.broken | case.devices.keys()):
        if not re.fullmatch(NAME, name):
            found.append(
                f"device '{name}': the name must be a small letter, then small letters, digits, underscores"
            )
        elif name in TAKEN:
            found.append(f"`device.{name}`: the name is taken, must be another")
    return found


def _bus_problems(case: Parts) -> list[str]:
    """A device alone on its bus can exchange power with nobody: most likely its bus is misspelt."""
    if case.broken or len(case.devices) < 2:
        return []
    bus = {name: str(getattr(device, "bus", "")) for name, device in case.devices.items()}
    count = Counter(bus.values())
    return [
        f"`device.{name}.bus` = '{own}': no other device is on it, must be a bus that another one has:"
        f" {', '.join(sorted(set(count) - {own}))}"
        for name, own in bus.items()
        if count[own] == 1
    ]


def _series_problems(case: Parts) -> list[str]:
    known = [f"{name}.{key}" for name, device in case.devices.items() for key in device.series_specs]
    found = [
        f'`series."{key}"`: must be one of {", ".join(known)}{closest(key, known)}'
        for key in case.series
        if key not in known and key.split(".")[0] not in case.broken
    ]
    for name, device in case.devices.items():
        made = [key for key in device.series_specs if f"{name}.{key}" not in case.series]
        if not case.has_weather and device.needs_weather and made:
            found.append(f"`weather` is missing: `device.{name}` needs it for {', '.join(made)}")
    return found


def _contract_problems(case: Parts, tariff: Tariff | None) -> list[str]:
    response = None if case.contract is None else case.contract.demand_response
    if not isinstance(response, MeteredResponse):
        return []
    grids = sum(getattr(device, "kind", "") == "grid" for device in case.devices.values())
    minutes, year = (case.calendar.minutes, case.calendar.year) if case.calendar else (None, None)
    return response.problems(minutes, year, None if case.broken else grids, tariff)
