"""Weather forecasts as they were issued, for past days too: a text table of times and numbers."""

from pathlib import Path

import numpy as np
import pandas as pd

from parkdispatch.inputs.series.text_tables import (
    TIME_NAMES,
    columns_found,
    comma_hint,
    decode,
    heading,
    parse_numbers,
    parse_times,
    read_cells,
    row_problems,
)
from parkdispatch.inputs.user_files import read_bytes
from parkdispatch.models.errors import InputError


def read_weather_forecasts(path: Path) -> pd.DataFrame:
    """Every column of numbers by its label, indexed by rising local starts of intervals; empty cells are NaN.

    Units are not converted: what a column means for the power is learned. Raises InputError.
    """
    name = path.name
    cells, problems = read_cells(name, decode(name, read_bytes(path)))
    headers = [str(header) for header in cells.columns]
    times = [header for header in headers if heading(header)[0] in TIME_NAMES]
    if len(times) != 1 or len(headers) < 2:
        problems.append(f"{name}: must have one column 'time' and others beside it; {columns_found(headers)}")
        raise InputError(problems)
    stamps, _, time_problems = parse_times(name, cells[times[0]], offsets_allowed=False)
    problems += time_problems
    columns = {}
    lines = cells.index.to_numpy()
    for header in (header for header in headers if header != times[0]):
        numbers = parse_numbers(cells[header])
        invalid = ~np.isfinite(numbers) & (cells[header] != "").to_numpy()
        problems += row_problems(
            name, invalid, lines, cells[header], header, f"must be a number{comma_hint(cells[header])}"
        )
        columns[heading(header)[0]] = numbers
    index = pd.DatetimeIndex(stamps)
    if not problems and not (len(index) and index.is_monotonic_increasing and index.is_unique):
        problems.append(f"{name}: must have rows, whose times rise")
    if problems:
        raise InputError(problems)
    return pd.DataFrame(columns, index=index)
