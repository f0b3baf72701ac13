"""A case of one's own to start from: the built-in one, with a year of series beside it to edit."""

from pathlib import Path

import numpy as np
import pandas as pd

from inputs.case import case_text, load_case
from inputs.prepare import prepare, year_times
from models.errors import InputError

SERIES = {"load.csv": ("load", "demand_mw"), "pv.csv": ("pv", "available_mw")}


def write_starter(folder: Path) -> list[Path]:
    """Write case.toml, load.csv and pv.csv into a new or empty folder; return what was written.

    Raises InputError if the folder holds anything or cannot be written.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder}: is there already and not empty: name a new folder")
        case = load_case("gaoan")
        prepared = prepare(case, year_times(case))
        folder.mkdir(parents=True, exist_ok=True)
        text = case_text("gaoan")
        text = text.replace('name = "gaoan"', f'name = "{_name(folder)}"', 1)
        for line in ("[series]", '"load.demand_mw"', '"pv.available_mw"'):
            text = text.replace(f"# {line}", line)
        written = [folder / "case.toml"]
        written[0].write_text(text, encoding="utf-8")
        for file, (device, key) in SERIES.items():
            table = pd.DataFrame(
                {f"{device} [MW]": np.round(prepared.series[device, key], 4)},
                index=pd.Index(prepared.times.strftime("%Y-%m-%d %H:%M"), name="time"),
            )
            table.to_csv(folder / file, lineterminator="\n")
            written.append(folder / file)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return written


def _name(folder: Path) -> str:
    plain = folder.resolve().name.replace('"', "").replace("\\", "")
    return plain or "my-park"
