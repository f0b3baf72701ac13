"""A case to start from: the built-in case, with a year of series in files beside it to edit."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from parkdispatch.inputs.loader import case_text, load_case
from parkdispatch.inputs.prepare import prepare, year_times
from parkdispatch.inputs.schema.case_file import FORBIDDEN_IN_NAMES, MAX_NAME_LENGTH
from parkdispatch.models.errors import InputError

SERIES = {"load.csv": ("load", "demand_mw"), "pv.csv": ("pv", "available_mw")}


def write_starter(folder: Path) -> list[Path]:
    """Write case.toml, load.csv and pv.csv into a new or empty folder; return their paths.

    Raises InputError if the folder holds anything or cannot be written.
    """
    with _file_errors_as_input_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise InputError(f"`FOLDER` = {folder}: is a file, must be a folder that is new or empty")
        if folder.exists() and any(folder.iterdir()):
            raise InputError(f"`FOLDER` = {folder}: is there already and not empty, must be new or empty")
    texts = _texts(folder)
    with _file_errors_as_input_errors(folder):
        _write_all(folder, texts)
    return [folder / name for name in texts]


@contextmanager
def _file_errors_as_input_errors(folder: Path) -> Iterator[None]:
    """Raise errors of the file system as InputError."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a path no system can have
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"`FOLDER` = {folder}: cannot be written: {reason}") from error


def _texts(folder: Path) -> dict[str, str]:
    """Texts of the files by file name."""
    case = load_case("gaoan")
    prepared = prepare(case, year_times(case))
    text = case_text("gaoan").replace('name = "gaoan"', f'name = "{_name(folder)}"', 1)
    for line in ("[series]", *(f'"{device}.{key}"' for device, key in SERIES.values())):
        text = text.replace(f"# {line}", line)
    texts = {"case.toml": text}
    for file, (device, key) in SERIES.items():
        table = pd.DataFrame(
            {f"{device} [MW]": np.round(prepared.series[device, key], 4)},
            index=pd.Index(prepared.times.strftime("%Y-%m-%d %H:%M"), name="time"),
        )
        texts[file] = table.to_csv(lineterminator="\n")
    return texts


def _write_all(folder: Path, texts: Mapping[str, str]) -> None:
    """Write all files or none; a new folder is removed again if they cannot be written."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except BaseException:
        for name in texts:
            (folder / name).unlink(missing_ok=True)
        if is_new:
            folder.rmdir()
        raise


def _name(folder: Path) -> str:
    """Name of the case from the folder's name, without characters a case's name must not have."""
    name = re.sub(FORBIDDEN_IN_NAMES, "", folder.resolve().name).strip()[:MAX_NAME_LENGTH].strip()
    return name if name.strip(". ") else "my-park"
