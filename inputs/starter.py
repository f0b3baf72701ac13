"""A case of one's own to start from: the built-in one, with a year of series beside it to edit."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from parkdispatch.inputs.loader import case_text, load_case
from parkdispatch.inputs.prepare import prepare, year_times
from parkdispatch.inputs.schema.case_file import LONGEST_NAME, NOT_IN_NAMES
from parkdispatch.models.errors import InputError

SERIES = {"load.csv": ("load", "demand_mw"), "pv.csv": ("pv", "available_mw")}


def write_starter(folder: Path) -> list[Path]:
    """Write case.toml, load.csv and pv.csv into a new or empty folder; return what was written.

    Raises InputError if the folder holds anything or cannot be written.
    """
    with _refused_in_words(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"`FOLDER` = {folder}: is there already and not empty, must be new or empty")
    texts = _texts(folder)
    with _refused_in_words(folder):
        _write_whole(folder, texts)
    return [folder / name for name in texts]


@contextmanager
def _refused_in_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a path no system can have
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"`FOLDER` = {folder}: cannot be written: {reason}") from error


def _texts(folder: Path) -> dict[str, str]:
    """What to write, by file name."""
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


def _write_whole(folder: Path, texts: Mapping[str, str]) -> None:
    """All files or none; a folder that was not there goes again if they cannot be written."""
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except BaseException:
        for name in texts:
            (folder / name).unlink(missing_ok=True)
        if made:
            folder.rmdir()
        raise


def _name(folder: Path) -> str:
    """The folder's name, without what a case's name must not have."""
    plain = re.sub(NOT_IN_NAMES, "", folder.resolve().name).strip()[:LONGEST_NAME].strip()
    return plain if plain.strip(". ") else "my-park"
