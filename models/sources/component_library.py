"""Parameters of modules and inverters, from the libraries of the System Advisor Model that pvlib ships.

One component is read from the lines of its library, without pvlib and the other twenty thousand: reading them
all takes longer than a plan. What is found is what `pvlib.pvsystem.retrieve_sam` has, to the last bit; where
pvlib keeps its libraries otherwise, that function is asked.
"""

import difflib
import io
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import pandas as pd

Library = Literal["CECMod", "CECInverter"]
FILES = {"CECMod": "sam-library-cec-modules-*.csv", "CECInverter": "sam-library-cec-inverters-*.csv"}
HEADER_LINES = 3  # names of the parameters, their units, their names in SAM
UNDERSCORED = str.maketrans(dict.fromkeys(' -.()[]:+/",', "_"))  # as pvlib writes names of components


@cache
def component_parameters(library: Library, name: str) -> tuple[tuple[str, float], ...]:
    """Numeric parameters of one component; ValueError with close names if unknown."""
    table = _component(library, name)
    if table is None:
        table = _whole_library(library)
    if name not in table.columns:
        close = difflib.get_close_matches(name, table.columns, n=3, cutoff=0.5)
        hint = f"; close: {', '.join(close)}" if close else ""
        raise ValueError(f"'{name}' is not in pvlib's {library} library{hint}")
    column = pd.to_numeric(table[name], errors="coerce").dropna()
    return tuple((str(key), float(value)) for key, value in column.items())


@cache
def _whole_library(library: Library) -> pd.DataFrame:
    """Table of a component library, one component a column."""
    from pvlib.pvsystem import retrieve_sam

    table: pd.DataFrame = retrieve_sam(library)
    return table


def _component(library: Library, name: str) -> pd.DataFrame | None:
    """The column of one component as `_whole_library` has it; None where it is not found exactly once."""
    path = _library_file(library)
    if path is None:
        return None
    with path.open(encoding="utf-8", newline="") as file:
        header = [file.readline() for _ in range(HEADER_LINES)]
        lines = list(_lines_of(name, file))
    if len(lines) != 1:
        return None
    table = pd.read_csv(io.StringIO(header[0] + lines[0]), index_col=0)
    table.index = pd.Index([str(label).translate(UNDERSCORED) for label in table.index])
    return table.transpose()


def _lines_of(name: str, lines: Iterator[str]) -> Iterator[str]:
    """The lines whose first field is written as `name`; it is quoted where it has a comma."""
    end = len(name)
    for line in lines:
        label = line[1:] if line.startswith('"') else line
        if label[end : end + 1] in (",", '"') and label[:end].translate(UNDERSCORED) == name:
            yield line


def _library_file(library: Library) -> Path | None:
    """The file of a library; None where pvlib has none of that name, or several."""
    pvlib = find_spec("pvlib")
    folders = pvlib.submodule_search_locations if pvlib is not None else None
    paths = [path for folder in folders or () for path in (Path(folder) / "data").glob(FILES[library])]
    return paths[0] if len(paths) == 1 else None
