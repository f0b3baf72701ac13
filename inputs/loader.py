"""Load a case file: read, checked as a whole, and turned into declarations that cannot change."""

import hashlib
import json
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.checks.file_form import file_problems
from parkdispatch.inputs.checks.sizing_checks import sizing_problems
from parkdispatch.inputs.messages.validation import closest, problems, read_toml, user_path, wrong_kinds
from parkdispatch.inputs.schema.case_file import (
    CaseFile,
    cross_check,
    parts,
    whole_parts,
    year_problems,
)
from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.inputs.variations.calibration import calibrated_problems
from parkdispatch.inputs.variations.sensitivity_ends import of_devices, sensitivity_problems
from parkdispatch.inputs.variations.variants import named_after_variant, variant_names, with_variant
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.tariff.tariff import Tariff

BUILT_IN = ("gaoan", "gaoan-study")


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
                raise InputError(
                    f"argument `case` = {name_or_path}: the folder has no case.toml, must have one"
                )
            return path / "case.toml"
        if not path.exists() and path.suffix != ".toml":
            raise InputError(
                f"argument `case` = {name_or_path}: no such file, and not one of the built-in cases"
                f" {', '.join(BUILT_IN)}{closest(name_or_path, BUILT_IN)}"
            )
    except OSError as error:  # such as a name longer than the system takes
        raise InputError(f"argument `case` = {name_or_path}: {error.strerror or error}") from error
    return path


def case_text(name: str) -> str:
    """The built-in case file as it is shipped."""
    return (resources.files("parkdispatch.inputs") / "parks" / _folder(name) / "case.toml").read_text(
        encoding="utf-8"
    )


def _folder(name: str) -> str:
    """Folder of a built-in case, which Python must be able to call a package."""
    return name.replace("-", "_")
