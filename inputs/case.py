"""Case: all validated declarations of one park, in one of its variants."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel

from parkdispatch.inputs.checks.bus_checks import bus_problems
from parkdispatch.inputs.checks.market_checks import market_warnings
from parkdispatch.inputs.messages.revalidation import with_fields
from parkdispatch.inputs.schema.calibrated import Calibrated, WhatIf
from parkdispatch.inputs.schema.case_file import Calendar, SeriesFile, WeatherFile
from parkdispatch.inputs.schema.orders import Order
from parkdispatch.inputs.schema.value_source import Path, Source
from parkdispatch.inputs.series.series_reading import SeriesReading
from parkdispatch.inputs.series.series_values import SeriesValues
from parkdispatch.models.device import Device, Role
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.owners import Owners
from parkdispatch.models.finance.phases import BuildPhases
from parkdispatch.models.finance.sensitivity import Sensitivity
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.finance.yearly_changes import ParkYearlyChanges
from parkdispatch.models.site import Site
from parkdispatch.models.stores.battery import Battery, batteries
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.weather.climate import Climate

# tables of a case file whose fields `with_` changes, and where a case keeps them
TABLES = {
    "site": "site", "finance": "finance", "contract": "contracts", "tariff": "tariff", "owners": "owners",
    "yearly_changes": "yearly_changes", "phases": "phases",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A validated case. Relative paths start in `folder`; `series` maps (device, series name) to a file."""

    name: str
    title: str
    variant: str
    folder: FilePath
    file_name: str
    site: Site
    calendar: Calendar
    tariff: Tariff
    weather: Climate | WeatherFile | None
    devices: Mapping[str, Device]
    sha256: str
    series: Mapping[tuple[str, str], SeriesFile | SeriesValues] = field(default_factory=dict)
    finance: Finance | None = None  # of the storage
    yearly_changes: ParkYearlyChanges = field(default_factory=ParkYearlyChanges)  # of prices and load
    sensitivities: tuple[Sensitivity, ...] = ()
    contracts: Contracts = field(default_factory=Contracts)  # of the storage
    phases: BuildPhases | None = None  # of the storage, built in different years; None: all at once
    owners: Owners | None = None  # who pays whom; None: one owner
    calibrated: tuple[Calibrated, ...] = ()  # calibrated numbers and their ranges
    what_if: Mapping[str, WhatIf] = field(default_factory=dict)  # cases with a few numbers changed
    sizing: Sizing | None = None  # of one battery of the case
    sources: Mapping[Path, Source] = field(default_factory=dict)  # of values, by their paths in the file
    orders: tuple[Order, ...] = ()  # of an operator, that plans obey
    # what was understood of each series file, once it was read
    readings: Mapping[tuple[str, str], SeriesReading] = field(default_factory=dict)
    title_zh: str = ""
    left_out: tuple[str, ...] = ()  # a sentence for each sensitivity and doubt that cannot matter

    def titled(self, lang: str) -> str:
        """The title in a language ("en", "zh"); that in English, or else the name, where it has none."""
        return (self.title_zh if lang == "zh" else "") or self.title or self.name

    def with_devices(self, devices: Mapping[str, Device]) -> "Case":
        """The same case with other devices; series files of removed devices are removed."""
        series = {key: file for key, file in self.series.items() if key[0] in devices}
        return replace(self, devices=dict(devices), series=series)

    def with_(self, **tables: Mapping[str, Any]) -> "Case":
        """The same case with other values of some fields, checked again.

        Args:
            tables: by the name of a device, or of a table of the case file (site, finance, contract, tariff,
                yearly_changes), the fields that change and their values.

        Raises:
            InputError: with everything that is wrong: an unknown name or field, a value that is not allowed.

        Example:
            >>> import parkdispatch as pdx
            >>> case = pdx.load_case("gaoan").with_(battery_1={"power_mw": 15})
            >>> case.devices["battery_1"].power_mw
            15.0

        """
        wrong: list[str] = []
        devices, attributes = dict(self.devices), dict[str, Any]()
        for name, fields in tables.items():
            try:
                if name in devices:
                    devices[name] = _with_fields(devices[name], f"device.{name}", fields)
                else:
                    attribute = TABLES.get(name, "")
                    attributes[attribute] = _with_fields(getattr(self, attribute, None), name, fields)
            except InputError as error:
                wrong += error.problems
        wrong += attributes.get("site", self.site).summer_time_problems(self.calendar.year)
        wrong += bus_problems(devices)
        tariff = attributes.get("tariff", self.tariff)
        for name, device in devices.items():
            wrong += [f"`device.{name}`: {line}" for line in device.tariff_problems(tariff)]
        if wrong:
            raise InputError(wrong)
        changes = json.dumps(tables, sort_keys=True, default=str)
        digest = hashlib.sha256(f"{self.sha256}{changes}".encode()).hexdigest()
        sources = dict(self.sources)
        for name, fields in tables.items():
            table = devices[name] if name in devices else attributes[TABLES[name]]
            path = ("device", name) if name in devices else (name,)
            sources |= {(*path, key): Source(getattr(table, key), "argument", "case.with_") for key in fields}
        return replace(self, devices=devices, sha256=digest, sources=sources, **attributes)

    @property
    def storage(self) -> list[str]:
        """Names of the devices that store energy."""
        return [name for name, device in self.devices.items() if device.stores_energy]

    def of_role(self, role: Role) -> list[str]:
        """Names of the devices with that part in the park."""
        return [name for name, device in self.devices.items() if device.role == role]

    @property
    def carriers(self) -> dict[str, str]:
        """What flows on each bus; electricity where no device says."""
        carriers: dict[str, str] = {}
        for device in self.devices.values():
            for bus, carrier in device.buses.items():
                if carrier != "any":
                    carriers[bus] = carrier
                carriers.setdefault(bus, "electricity")
        return carriers

    @property
    def batteries(self) -> dict[str, Battery]:
        """The batteries by name."""
        return batteries(self.devices)

    @property
    def priced_connections(self) -> list[str]:
        """Names of the grid connections with prices of what they bring and take."""
        prices = {"purchase_price_yuan_per_mwh", "sale_price_yuan_per_mwh"}
        return [name for name in self.of_role("grid") if prices <= self.devices[name].series_specs.keys()]

    @property
    def warnings(self) -> list[str]:
        """A sentence for each value of the case that has no effect or cannot be followed."""
        no_load = (
            []
            if self.of_role("load")
            else ['no device draws power: a load is a table such as [device.load] with kind = "load"']
        )
        return [*no_load, *self.dispatch_warnings, *self._money_warnings, *self.left_out]

    @property
    def dispatch_warnings(self) -> list[str]:
        """A sentence for what a dispatch of this case cannot follow, or pays for twice."""
        minutes, changes = self.calendar.minutes, self.tariff.changes_within(self.calendar.minutes)
        paid_twice = market_warnings(self.devices, self.tariff)
        if not changes:
            return paid_twice
        return [
            *paid_twice,
            f"`calendar.minutes` = {minutes}: tariff {self.tariff.name} changes its period at"
            f" {', '.join(changes)}, within an interval, which then has the mean price; 15 would follow it",
        ]

    @property
    def _money_warnings(self) -> list[str]:
        storage_mw = sum(battery.largest_power_mw for battery in self.batteries.values())
        warnings = list(self.finance.warnings) if self.finance else []
        warnings += self.contracts.warnings(storage_mw, self.calendar.year)
        if self.finance is None and any(True for _ in self.yearly_changes.given):
            warnings.append(
                "`yearly_changes`: cannot matter, because only a study of several years has them, which needs"
                " `finance`"
            )
        if self.finance is None and not self.contracts.none:
            warnings.append(
                "`contract`: cannot matter, because only a study counts it, which needs `finance`"
            )
        return warnings

    def without_storage(self) -> "Case":
        """The same case without devices that store energy."""
        return self.with_devices({n: d for n, d in self.devices.items() if not d.stores_energy})


def _with_fields(table: Any, path: str, fields: Mapping[str, Any]) -> Any:
    """A declaration with other values of some fields. Raises InputError with what is not allowed."""
    if not isinstance(table, BaseModel):
        raise InputError(f"`{path}`: no such device or table in this case")
    return with_fields(table, path, fields)
