"""A park's case file: read, checked as a whole, and turned into declarations that cannot change."""

import copy
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, field_validator

from inputs.tariff_files import read_tariff
from inputs.validation import closest, problems, read_toml
from models.device import Device
from models.errors import InputError
from models.registry import AnyDevice
from models.site import Site
from models.tariff import Tariff
from models.weather_year import Climate

NAME = r"[a-z][a-z0-9_]*"  # of a device: it becomes part of column names and file headers
BUILT_IN = ("gaoan",)


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Calendar(_Table):
    """The year the case describes, its step, and the day that is planned when none is named."""

    year: Annotated[int, Field(ge=1950, le=2200)]
    minutes: Annotated[int, Field(ge=1, le=60)] = 15
    plan_date: date

    @field_validator("minutes")
    @classmethod
    def _divides_an_hour(cls, minutes: int) -> int:
        if 60 % minutes:
            raise ValueError("must divide 60")
        return minutes

    @property
    def hours(self) -> float:
        """Length of an interval [h]."""
        return self.minutes / 60


class WeatherFile(_Table):
    """The user's own weather."""

    file: str
    typical: bool | None = None  # a typical year serves any year; none: as the format says


class SeriesFile(_Table):
    """A series read from a CSV file instead of made by its device."""

    file: str
    column: str | None = None


def _weather_kind(value: Any) -> str:
    given = value if isinstance(value, Mapping) else getattr(value, "__dict__", {})
    return "file" if "file" in given else "climate"


WeatherSource = Annotated[
    Annotated[Climate, Tag("climate")] | Annotated[WeatherFile, Tag("file")], Discriminator(_weather_kind)
]


class CaseFile(_Table):
    """What a case file may say."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    title: str = ""
    tariff: str
    site: Site
    calendar: Calendar
    weather: WeatherSource | None = None
    device: Annotated[dict[str, AnyDevice], Field(min_length=1)]
    series: dict[str, SeriesFile] = {}

    @field_validator("device")
    @classmethod
    def _names(cls, devices: dict[str, Device]) -> dict[str, Device]:
        wrong = [
            f"device '{name}': must be a small letter, then small letters, digits and underscores"
            for name in devices
            if not re.fullmatch(NAME, name) or name == "balance"
        ]
        if wrong:
            raise ValueError("\n".join(wrong))
        return devices


@dataclass(frozen=True)
class Case:
    """A checked case. `folder` is where its files lie; `series` maps (device, name) to a file."""

    name: str
    title: str
    variant: str
    folder: Path
    file_name: str
    site: Site
    calendar: Calendar
    tariff: Tariff
    weather: Climate | WeatherFile | None
    devices: Mapping[str, Device]
    sha256: str
    series: Mapping[tuple[str, str], SeriesFile] = field(default_factory=dict)

    def with_devices(self, devices: Mapping[str, Device]) -> "Case":
        """The same case with other devices; series of devices that are gone go with them."""
        kept = {key: file for key, file in self.series.items() if key[0] in devices}
        return replace(self, devices=dict(devices), series=kept)

    @property
    def storage(self) -> list[str]:
        """Names of the devices that store energy."""
        return [name for name, device in self.devices.items() if device.stores_energy]

    def without_storage(self) -> "Case":
        """The same case had the storage not been built."""
        return self.with_devices({n: d for n, d in self.devices.items() if not d.stores_energy})

    def series_file(self, device: str, name: str, path: Path) -> "Case":
        """The same case with one series read from another file, given relative to the working directory."""
        added = SeriesFile(file=str(path.absolute()))
        return replace(self, series={**self.series, (device, name): added})


def case_text(name: str) -> str:
    """The built-in case file as it is shipped."""
    return (resources.files("inputs") / "parks" / name / "case.toml").read_text(encoding="utf-8")


def case_sources(case: Case) -> list[str]:
    """What the case rests on, one line each: the tariff's sources and the comments of the case file."""
    lines = [f"tariff {case.tariff.name}: {source}" for source in case.tariff.sources]
    try:
        text = (case.folder / case.file_name).read_text(encoding="utf-8")
    except OSError:
        return lines
    for raw in text.splitlines():
        setting, mark, comment = raw.partition("  # ")
        if mark and "=" in setting and not setting.lstrip().startswith("#"):
            lines.append(f"{setting.strip()}: {comment.strip()}")
    return lines


def load_case(name_or_path: str, variant: str | None = None) -> Case:
    """The built-in case of that name, or the case file at that path, in one of its variants.

    Raises InputError with everything that is wrong in the file, in its tariff and in the names used.
    """
    path = _find(name_or_path)
    tables = read_toml(path)
    tables = _with_variant(tables, variant)
    digest = hashlib.sha256(json.dumps(tables, sort_keys=True, default=str).encode()).hexdigest()
    found: list[str] = []
    file: CaseFile | None = None
    tariff: Tariff | None = None
    try:
        file = CaseFile.model_validate(tables)
    except ValidationError as error:
        found += problems(error, model=CaseFile)
    if isinstance(tables.get("tariff"), str):
        try:
            tariff = read_tariff(tables["tariff"], path.parent)
        except InputError as error:
            found += error.problems
    if file is not None:
        found += _cross_check(file, tariff)
    if found or file is None or tariff is None:
        raise InputError(found)
    return Case(
        name=file.name,
        title=file.title,
        variant=variant or "",
        folder=path.parent,
        file_name=path.name,
        site=file.site,
        calendar=file.calendar,
        tariff=tariff,
        weather=file.weather,
        devices=file.device,
        sha256=digest,
        series={(key.split(".")[0], key.split(".")[1]): entry for key, entry in file.series.items()},
    )


def _find(name_or_path: str) -> Path:
    if name_or_path in BUILT_IN:
        return Path(str(resources.files("inputs") / "parks" / name_or_path / "case.toml"))
    path = Path(name_or_path).expanduser()
    if path.is_dir() and (path / "case.toml").is_file():
        return path / "case.toml"
    if not path.exists() and path.suffix != ".toml":
        raise InputError(
            f"case '{name_or_path}': no such file, and not one of the built-in cases"
            f" {', '.join(BUILT_IN)}{closest(name_or_path, BUILT_IN)}"
        )
    return path


def _with_variant(tables: dict[str, Any], variant: str | None) -> dict[str, Any]:
    """The tables with the variant's own laid over them, and the devices it removes taken out."""
    tables = copy.deepcopy(tables)
    variants = tables.pop("variant", {})
    if not isinstance(variants, dict) or not all(isinstance(v, dict) for v in variants.values()):
        raise InputError("`variant`: must be tables such as [variant.first_phase]")
    if variant is None:
        return tables
    if variant not in variants:
        known = ", ".join(variants) or "none"
        raise InputError(f"`variant` = '{variant}': must be one of {known}{closest(variant, variants)}")
    changes = dict(variants[variant])
    removed = changes.pop("remove", [])
    devices = tables.get("device", {})
    wrong = [n for n in removed if n not in devices] if isinstance(removed, list) else [removed]
    if wrong:
        raise InputError(
            f"`variant.{variant}.remove` = {wrong}: must be names of devices: {', '.join(devices)}"
        )
    for name in removed:
        del devices[name]
    return _merged(tables, changes)


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merged(base[key], value)
        else:
            base[key] = value
    return base


def _cross_check(file: CaseFile, tariff: Tariff | None) -> list[str]:
    """What can only be seen with the whole case in view."""
    found = []
    if file.calendar.plan_date.year != file.calendar.year:
        found.append(f"`calendar.plan_date` = {file.calendar.plan_date}: must lie in `calendar.year`")
    known = [f"{name}.{key}" for name, device in file.device.items() for key in device.series_specs]
    found += [
        f'`series."{key}"`: must be one of {", ".join(known)}{closest(key, known)}'
        for key in file.series
        if key not in known
    ]
    for name, device in file.device.items():
        made = [key for key in device.series_specs if f"{name}.{key}" not in file.series]
        if file.weather is None and device.needs_weather and made:
            found.append(f"`weather` is missing: `device.{name}` needs it for {', '.join(made)}")
        if tariff is not None:
            found += [f"`device.{name}`: {line}" for line in device.tariff_problems(tariff)]
    return found
