"""Schema of a case file: declarations only. Checks across tables are in `inputs/checks/cross_checks.py`."""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    create_model,
    field_validator,
    model_validator,
)

from parkdispatch.inputs.schema.calibrated import Calibrated, WhatIf
from parkdispatch.inputs.schema.orders import AnyOrder, When
from parkdispatch.inputs.series.series_reading import ReadingOptions, file_reference
from parkdispatch.inputs.user_files import user_path
from parkdispatch.models.declaration import ASSUMED, NO_UNIT, Declaration, declared
from parkdispatch.models.device import Device
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.owners import Owners
from parkdispatch.models.finance.phases import BuildPhases
from parkdispatch.models.finance.sensitivity import Sensitivity
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.finance.yearly_changes import ParkYearlyChanges
from parkdispatch.models.registry import BUILT_IN, AnyDevice, any_device, device_kinds
from parkdispatch.models.site import Site
from parkdispatch.models.tariff.tariff_tables import Day
from parkdispatch.models.weather.climate import Climate

FORBIDDEN_IN_NAMES = r'[\\/:*?"<>|\x00-\x1f\x7f]'  # a case's name becomes part of a folder's name
MAX_NAME_LENGTH = 60
MOST_FILLED = 96  # intervals of a gap: a day of quarter-hours
MINUTES = (1, 3, 5, 15, 30, 60)  # divisors or multiples of the quarter-hour of tariffs and meters


def _usable_in_folder_names(name: str) -> str:
    if character := re.search(FORBIDDEN_IN_NAMES, name):
        raise ValueError(f"must not contain {character[0]!r}: it names folders")
    if name != name.strip() or not name.strip(". "):
        raise ValueError("must not begin or end with a blank, nor be dots alone: it names folders")
    return name


class Calendar(Declaration):
    """Year of the case, length of its intervals, and the day that is planned by default."""

    year: Annotated[int, Field(ge=1950, le=2200)] = declared(NO_UNIT, "Calendar year of the case")
    minutes: int = declared(
        "min", f"Length of an interval: one of {', '.join(map(str, MINUTES))}", ASSUMED, 15
    )
    plan_date: Day = declared(NO_UNIT, "Day that is planned when none is named")
    plan_from: When | None = declared(
        NO_UNIT, "When a plan begins of which neither day nor beginning is named: 10:15, on `plan_date`, or"
        " 2026-07-15T10:15; left out: midnight", default=None,
    )  # fmt: skip
    plan_until: When | None = declared(
        NO_UNIT, "When that plan ends, likewise; left out: the next midnight", default=None
    )

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


class _File(Declaration):
    file: Annotated[str, Field(min_length=1)] = declared(
        NO_UNIT, "Path of the file, relative to the folder of the case file"
    )

    def path(self, folder: Path) -> Path:
        """Path of the file; `folder`, that of the case file, is where relative paths start."""
        return user_path(self.file, folder)


class WeatherFile(_File):
    """Weather read from a file."""

    typical: bool | None = declared(
        NO_UNIT, "Whether the file is a typical year, which serves any calendar year; left out: by format",
        default=None,
    )  # fmt: skip


class SeriesFile(_File):
    """A series read from a CSV file or workbook instead of computed by its device."""

    file: Annotated[str, Field(min_length=1)] = declared(
        NO_UNIT,
        "Path of the file, relative to the folder of the case file; `ems.xlsx#Sheet2!负荷(MW)` names a"
        " sheet and a"
        " column of it",
    )
    column: str | None = declared(
        NO_UNIT, "Header or label of the column; left out: the only one besides the time", default=None
    )
    stamps: Literal["start", "end"] | None = declared(
        NO_UNIT, "Where stamps stand in their intervals; left out: told by the file", default=None
    )
    fill_gaps: Annotated[int, Field(ge=0, le=MOST_FILLED)] = declared(
        NO_UNIT, "Longest gap that is interpolated, in intervals of the file", ASSUMED, 0
    )

    @model_validator(mode="after")
    def _one_column(self) -> Self:
        if self.column is not None and file_reference(self.file).column is not None:
            raise ValueError(f"column = {self.column}: must be left out, because `file` names a column")
        return self

    def path(self, folder: Path) -> Path:
        """Path of the file without the sheet and column; relative paths start in `folder`."""
        return user_path(file_reference(self.file).file, folder)

    def options(self, timezone: str | None) -> ReadingOptions:
        """How the file is to be read, for a site in a time zone."""
        _, sheet, column = file_reference(self.file)
        return ReadingOptions(sheet, self.column or column, self.stamps, self.fill_gaps, timezone)


def _weather_kind(value: Any) -> str:
    """Tag of the union of weather sources: climate statistics, or a file."""
    given = value if isinstance(value, Mapping) else getattr(value, "__dict__", {})
    return "climate" if set(given) & set(Climate.model_fields) else "file"


def with_dotted_keys(series: Any) -> Any:
    """Join nested keys of the series table: TOML reads `load.demand_mw = {...}` as a table in a table."""
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


class CaseFile(Declaration):
    """All tables of a case file."""

    name: Annotated[
        str, Field(min_length=1, max_length=MAX_NAME_LENGTH), AfterValidator(_usable_in_folder_names)
    ] = declared(NO_UNIT, "Name of the case, part of the names of folders of results")
    title: str = declared(NO_UNIT, "Title for reports", default="")
    title_zh: str = declared(NO_UNIT, "The same in Chinese; left out: the title", default="")
    tariff: str = declared(NO_UNIT, "Name of a built-in tariff, or path of a TOML file")
    site: Site = declared(NO_UNIT, "Location of the park")
    calendar: Calendar = declared(NO_UNIT, "Year, length of intervals, day planned by default")
    weather: WeatherSource | None = declared(
        NO_UNIT, "Climate statistics or a weather file; left out: no device needs weather", default=None
    )
    device: Annotated[dict[str, AnyDevice], Field(min_length=1)] = declared(NO_UNIT, "Devices by name")
    series: Annotated[dict[str, SeriesFile], BeforeValidator(with_dotted_keys)] = declared(
        NO_UNIT,
        "Series read from files instead of computed, by device and series: load.demand_mw",
        default={},
    )
    finance: Finance | None = declared(
        NO_UNIT, "Project finance of the storage; left out: no cash flow is computed", default=None
    )
    yearly_changes: ParkYearlyChanges = declared(
        NO_UNIT, "Yearly changes of prices and load in `study` and `size`; left out: none",
        default=ParkYearlyChanges(),
    )  # fmt: skip
    phases: BuildPhases | None = declared(
        NO_UNIT, "Phases of the storage that `study` builds in different years; left out: all at once",
        default=None,
    )  # fmt: skip
    sensitivity: tuple[Sensitivity, ...] = declared(
        NO_UNIT, "Uncertain inputs that are varied one at a time", default=()
    )
    contract: Contracts = declared(
        NO_UNIT, "Contracts of the storage; left out: no revenue besides arbitrage", default=Contracts()
    )
    owners: Owners | None = declared(
        NO_UNIT, "Owners of the park and their contracts; left out: one owner", default=None
    )
    calibrated: tuple[Calibrated, ...] = declared(
        NO_UNIT, "Calibrated numbers of the case and their ranges", default=()
    )
    what_if: dict[str, WhatIf] = declared(
        NO_UNIT, "Cases of the reproduction with a few numbers changed, by name", default={}
    )
    order: tuple[AnyOrder, ...] = declared(
        NO_UNIT, "Orders of an operator, that plans obey: outage, limit, force, reserve, until_soc, call",
        default=(),
    )  # fmt: skip
    sizing: Sizing | None = declared(
        NO_UNIT, "Sizing of one battery; left out: no size is sought", default=None
    )


def case_file_schema() -> type[CaseFile]:
    """The declaration of a case file with every kind of device that is registered now."""
    kinds = tuple(device_kinds().values())
    return CaseFile if kinds == BUILT_IN else _schema_with(kinds)


@lru_cache(maxsize=8)
def _schema_with(_kinds: tuple[type[Device], ...]) -> type[CaseFile]:
    """A declaration of a case file made for these kinds of device, which are the registered ones."""
    table: Any = dict[str, any_device()]  # type: ignore[misc] # known at run time
    devices: Any = (Annotated[table, Field(min_length=1)], declared(NO_UNIT, "Devices by name"))
    return create_model("CaseFile", __base__=CaseFile, device=devices)
