"""A park's case file: read, checked as a whole, and turned into declarations that cannot change."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from parkdispatch.inputs.checks.file_form import file_problems
from parkdispatch.inputs.checks.sizing_checks import sizing_problems
from parkdispatch.inputs.messages.validation import closest, problems, read_toml, user_path, wrong_kinds
from parkdispatch.inputs.schema.calibrated import Calibrated, WhatIf, calibrated_problems
from parkdispatch.inputs.schema.case_file import (
    Calendar,
    CaseFile,
    SeriesFile,
    WeatherFile,
    cross_check,
    parts,
    whole_parts,
    year_problems,
)
from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.inputs.variations.sensitivity_ends import of_devices, sensitivity_problems
from parkdispatch.inputs.variations.variants import named_after_variant, variant_names, with_variant
from parkdispatch.models.device import Device
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.sensitivity import Sensitivity
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.site import Site
from parkdispatch.models.stores.battery import Battery
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.weather.representative_year import Climate

BUILT_IN = ("gaoan", "gaoan-study")


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
    finance: Finance | None = None  # of the storage
    sensitivities: tuple[Sensitivity, ...] = ()
    contracts: Contracts = field(default_factory=Contracts)  # of the storage
    calibrated: tuple[Calibrated, ...] = ()  # numbers nobody published, and the ranges they must stay in
    what_if: Mapping[str, WhatIf] = field(default_factory=dict)  # a few numbers changed
    sizing: Sizing | None = None  # of one battery of the case

    def with_devices(self, devices: Mapping[str, Device]) -> "Case":
        """The same case with other devices; series of devices that are gone go with them."""
        kept = {key: file for key, file in self.series.items() if key[0] in devices}
        return replace(self, devices=dict(devices), series=kept)

    @property
    def storage(self) -> list[str]:
        """Names of the devices that store energy."""
        return [name for name, device in self.devices.items() if device.stores_energy]

    @property
    def warnings(self) -> list[str]:
        """What the case says that cannot matter, one sentence each."""
        power = sum(d.largest_power_mw for d in self.devices.values() if isinstance(d, Battery))
        found = [*(self.finance.warnings if self.finance else []), *self.contracts.warnings(power)]
        if self.finance is None and not self.contracts.none:
            found.append("`contract`: cannot matter, because only a study counts it, which needs `finance`")
        return found

    def without_storage(self) -> "Case":
        """The same case had the storage not been built."""
        return self.with_devices({n: d for n, d in self.devices.items() if not d.stores_energy})

    def series_file(self, device: str, name: str, path: Path) -> "Case":
        """The same case with one series read from another file, given relative to the working directory."""
        added = SeriesFile(file=str(path.absolute()))
        return replace(self, series={**self.series, (device, name): added})


def case_text(name: str) -> str:
    """The built-in case file as it is shipped."""
    return (resources.files("parkdispatch.inputs") / "parks" / _folder(name) / "case.toml").read_text(
        encoding="utf-8"
    )


def _folder(name: str) -> str:
    """Folder of a built-in case, which Python must be able to call a package."""
    return name.replace("-", "_")


def case_sources(case: Case) -> list[str]:
    """What the case rests on, one line each, in its author's words: the comments of the case file."""
    lines: list[str] = []
    try:
        text = (case.folder / case.file_name).read_text(encoding="utf-8")
    except OSError:
        return lines
    table = ""
    for raw in text.splitlines():
        if raw.startswith("["):
            table = raw.partition("#")[0].strip().strip("[]") + "."
        elsewhere = table.startswith("variant.") and not table.startswith(f"variant.{case.variant}.")
        setting, mark, comment = raw.partition("  # ")
        if mark and "=" in setting and not elsewhere and not setting.lstrip().startswith("#"):
            lines.append(f"{table}{setting.strip()}: {comment.strip()}")
    return lines


def load_case(name_or_path: str, variant: str | None = None, *, whole_year: bool = False) -> Case:
    """The built-in case of that name, or the case file at that path, in one of its variants.

    Raises InputError with everything that is wrong in the file, in its tariff and in the names used; then
    also with what otherwise `prepare` says: what is wrong with the form of the series and weather files, and,
    if the whole year will be asked for, the days of it that the tariff does not price.
    """
    path = _find(name_or_path)
    whole = read_toml(path)
    tables = with_variant(whole, variant)
    digest = hashlib.sha256(json.dumps(tables, sort_keys=True, default=str).encode()).hexdigest()
    found = wrong_kinds(tables, CaseFile)
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
    sound = parts(tables) if file is None else whole_parts(file)
    found += cross_check(sound, tariff)
    if found or file is None or tariff is None:
        found += file_problems(sound, path.parent)
        if whole_year and tariff is not None:
            found += year_problems(sound, tariff)
        raise InputError(list(dict.fromkeys(named_after_variant(found, whole, variant))))
    case = Case(
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
        finance=file.finance,
        sensitivities=of_devices(file.sensitivity, file.device, whole["device"]),
        contracts=file.contract,
        calibrated=file.calibrated,
        what_if=file.what_if,
        sizing=_of_variant(file.sizing, removed=set(whole["device"]) - set(file.device)),
    )
    if wrong := [*sensitivity_problems(case), *calibrated_problems(case), *sizing_problems(case)]:
        raise InputError(list(dict.fromkeys(named_after_variant(wrong, whole, variant))))
    return case


def _of_variant(sizing: Sizing | None, removed: set[str]) -> Sizing | None:
    """The question of a size, unless a variant has taken the battery out."""
    return None if sizing is None or sizing.device in removed else sizing


def variants(name_or_path: str) -> list[str]:
    """Names of the variants of a case. Raises InputError if its file cannot be read."""
    return variant_names(read_toml(_find(name_or_path)))


def _find(name_or_path: str) -> Path:
    if name_or_path in BUILT_IN:
        return Path(
            str(resources.files("parkdispatch.inputs") / "parks" / _folder(name_or_path) / "case.toml")
        )
    path = user_path(name_or_path)
    try:
        if path.is_dir():
            if not (path / "case.toml").exists():
                raise InputError(f"`CASE` = {name_or_path}: the folder has no case.toml, must have one")
            return path / "case.toml"
        if not path.exists() and path.suffix != ".toml":
            raise InputError(
                f"`CASE` = {name_or_path}: no such file, and not one of the built-in cases"
                f" {', '.join(BUILT_IN)}{closest(name_or_path, BUILT_IN)}"
            )
    except OSError as error:  # such as a name longer than the system takes
        raise InputError(f"`CASE` = {name_or_path}: {error.strerror or error}") from error
    return path
