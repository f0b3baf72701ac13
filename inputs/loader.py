"""Load a case file: read it, apply a variant, validate it with its tariff, and build the case."""

import hashlib
import json
import os
import re
from collections.abc import Container
from dataclasses import replace
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.checks.case_parts import CaseParts, all_parts, valid_parts
from parkdispatch.inputs.checks.computed_series import uncomputable_series
from parkdispatch.inputs.checks.cross_checks import cross_check, year_problems
from parkdispatch.inputs.checks.file_form import file_problems
from parkdispatch.inputs.checks.investment_checks import investment_problems
from parkdispatch.inputs.checks.owner_checks import owner_problems
from parkdispatch.inputs.checks.phase_checks import phase_problems
from parkdispatch.inputs.checks.sizing_checks import sizing_problems
from parkdispatch.inputs.checks.trusted_paths import path_problems
from parkdispatch.inputs.checks.yearly_checks import yearly_problems
from parkdispatch.inputs.messages.further_problems import further_problems
from parkdispatch.inputs.messages.problem_sentences import (
    closest,
    problem_sentences,
    silently_converted,
)
from parkdispatch.inputs.schema.case_file import CaseFile, case_file_schema, with_dotted_keys
from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.inputs.user_files import read_toml, user_path
from parkdispatch.inputs.value_sources import file_sources
from parkdispatch.inputs.variations.calibration import calibrated_problems
from parkdispatch.inputs.variations.sensitivity_ends import (
    of_remaining_devices,
    sensitivity_problems,
    without_climate,
)
from parkdispatch.inputs.variations.variants import (
    named_after_variant,
    paths_set_by,
    variant_names,
    with_variant,
)
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.phases import BuildPhases
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.tariff.tariff import Tariff

BUILT_IN = ("gaoan", "gaoan-study", "gaoan-pilot")


def load_case(name_or_path: str, variant: str | None = None, *, whole_year: bool = False) -> Case:
    """Load the built-in case of that name, or the case file at that path, in one of its variants.

    Files that the case names must lie in its folder, or in one that the variable PARKDISPATCH_DATA names,
    unless PARKDISPATCH_TRUST_PATHS is set. Raises InputError with all problems of the file, its tariff and
    the names used. If there are any, the error also contains the problems that `prepare` would report
    otherwise: what is missing to compute series, those with the form of series and weather files and, if
    `whole_year`, the days of the year that the tariff does not price.
    """
    path = _find(name_or_path)
    all_tables = read_toml(path)
    tables = with_variant(all_tables, variant)
    digest = hashlib.sha256(json.dumps(tables, sort_keys=True, default=str).encode()).hexdigest()
    schema = case_file_schema()
    joined = {**tables, "series": with_dotted_keys(tables.get("series"))}
    if untrusted := path_problems(joined, path.parent):  # before any of the files is read
        raise InputError(untrusted)
    problems = silently_converted(tables, schema)
    file: CaseFile | None = None
    tariff: Tariff | None = None
    try:
        file = schema.model_validate(tables)
    except ValidationError as error:
        problems += problem_sentences(error, model=schema)
        problems += further_problems(tables, error, schema)
    if isinstance(tables.get("tariff"), str):
        try:
            tariff = read_tariff(tables["tariff"], path.parent)
        except InputError as error:
            problems += error.problems
    parts = valid_parts(tables) if file is None else all_parts(file)
    told = {_field_of(line) for line in problems}
    problems += [line for line in cross_check(parts, tariff) if _field_of(line) not in told]
    if problems or file is None or tariff is None:
        problems += [*_preparation_problems(parts), *file_problems(parts, path.parent)]
        if whole_year and tariff is not None:
            problems += year_problems(parts, tariff)
        raise InputError(list(dict.fromkeys(named_after_variant(problems, all_tables, variant))))
    sensitivities, sizing, left_out = without_climate(file)
    case = Case(
        name=file.name,
        title=file.title,
        title_zh=file.title_zh,
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
        yearly_changes=file.yearly_changes,
        sensitivities=of_remaining_devices(sensitivities, file.device, all_tables["device"]),
        contracts=file.contract,
        phases=_phases_of_variant(file, all_tables["device"]),
        owners=file.owners,
        calibrated=file.calibrated,
        what_if=file.what_if,
        orders=file.order,
        sizing=_sizing_of_variant(sizing, removed=set(all_tables["device"]) - set(file.device)),
        left_out=tuple(left_out),
    )
    text = path.read_text(encoding="utf-8")
    case = replace(case, sources=file_sources(text, case, paths_set_by(all_tables, variant)))
    problems = [*sensitivity_problems(case), *calibrated_problems(case), *sizing_problems(case)]
    if problems := [
        *problems,
        *owner_problems(case),
        *yearly_problems(case),
        *phase_problems(case),
        *investment_problems(case),
    ]:
        raise InputError(list(dict.fromkeys(named_after_variant(problems, all_tables, variant))))
    return case


def _field_of(line: str) -> str:
    """The field that a problem is about; the line where it is about none."""
    field = re.match(r"`[^`]+` = ", line)
    return field[0] if field else line


def _preparation_problems(parts: CaseParts) -> list[str]:
    """What is missing to compute the series that the valid parts of a case do not give."""
    given = {(name, key) for name, _, key in (series.partition(".") for series in parts.series)}
    return [
        line
        for name, device in parts.devices.items()
        for line in uncomputable_series(name, device, given, parts.has_weather)
    ]


def _phases_of_variant(file: CaseFile, all_devices: Container[str]) -> BuildPhases | None:
    """The phases without batteries that the variant removes; unknown ones stay, to be refused."""
    if file.phases is None:
        return None
    named = [name for phase in file.phases.phase for name in phase.devices]
    return file.phases.of_devices([name for name in named if name in file.device or name not in all_devices])


def _sizing_of_variant(sizing: Sizing | None, removed: set[str]) -> Sizing | None:
    """The sizing problem, or None if the variant removes the sized battery."""
    return None if sizing is None or sizing.device in removed else sizing


def variants(name_or_path: str) -> list[str]:
    """Names of the variants of a case. Raises InputError if its file cannot be read."""
    return variant_names(read_toml(_find(name_or_path)))


def _find(name_or_path: str) -> Path:
    """Path of the file of a built-in case, also written with underscores, of a folder, or of a file."""
    built_in = str(name_or_path).replace("_", "-")
    # a folder of that name is the user's own
    if name_or_path in BUILT_IN or (built_in in BUILT_IN and not os.path.lexists(name_or_path)):
        return Path(str(resources.files("parkdispatch.inputs") / "parks" / _folder(built_in) / "case.toml"))
    path = user_path(name_or_path)
    try:
        if path.is_dir():
            if not os.path.lexists(path / "case.toml"):
                raise InputError(
                    f"argument `case` = {name_or_path}: the folder has no case.toml, must have one"
                )
            return path / "case.toml"
        if not path.exists() and path.suffix != ".toml":
            raise InputError(
                f"argument `case` = {name_or_path}: no such file, and not one of the built-in cases"
                f" {', '.join(BUILT_IN)}{closest(name_or_path, BUILT_IN)}"
            )
    except OSError as error:  # such as a name too long for the file system
        raise InputError(f"argument `case` = {name_or_path}: {error.strerror or error}") from error
    return path


def case_text(name: str) -> str:
    """Text of a built-in case file."""
    return (resources.files("parkdispatch.inputs") / "parks" / _folder(name) / "case.toml").read_text(
        encoding="utf-8"
    )


def _folder(name: str) -> str:
    """Folder of a built-in case: a valid name of a Python package."""
    return name.replace("-", "_")
