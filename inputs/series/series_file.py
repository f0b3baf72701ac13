"""A series of the user: one column of a CSV file, in the unit its header names, at given intervals."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.messages.quoted import quoted
from parkdispatch.inputs.series.text_tables import (
    TIME_NAMES,
    TIME_PATTERN,
    columns_found,
    comma_hint,
    decode,
    heading,
    listed,
    parse_numbers,
    parse_times,
    plain_unit,
    read_cells,
    row_problems,
)
from parkdispatch.inputs.user_files import read_bytes
from parkdispatch.models.device import Array, SeriesSpec
from parkdispatch.models.errors import InputError

TIME_FORMAT = "%Y-%m-%d %H:%M"
FACTORS = {  # to the unit of the series, by that unit and the unit in the header
    "MW": {"mw": 1.0, "kw": 1e-3, "gw": 1e3, "w": 1e-6, "兆瓦": 1.0, "千瓦": 1e-3, "万千瓦": 10.0},
    "MWh": {"mwh": 1.0, "kwh": 1e-3, "gwh": 1e3, "兆瓦时": 1.0, "千瓦时": 1e-3, "度": 1e-3},
    "yuan/MWh": {
        "yuan/mwh": 1.0,
        "yuan/kwh": 1e3,
        "元/mwh": 1.0,
        "元/兆瓦时": 1.0,
        "元/kwh": 1e3,
        "元/千瓦时": 1e3,
    },
    "yuan/MW/month": {"yuan/mw/month": 1.0, "yuan/kw/month": 1e3, "元/kw/月": 1e3, "元/千瓦/月": 1e3},
    "1": {"1": 1.0, "-": 1.0, "": 1.0},
}


def read_series(
    path: Path, spec: SeriesSpec, times: pd.DatetimeIndex, hours: float, column: str | None = None
) -> Array:
    """Read the values at `times`, shape (intervals,), in the unit of `spec`.

    The file has a column `time` with local starts of intervals of `hours` and a column such as `load [MW]`;
    `column` selects one of several by its label or whole header. The file may cover more than `times`. Raises
    InputError with all problems.
    """
    values = _read_column(path, spec, hours, column)
    index = pd.DatetimeIndex(values.index)
    rows = index.get_indexer(times)
    if (rows < 0).any():
        missing = times[rows < 0]
        raise InputError(
            f"{path.name}: covers {index.min():{TIME_FORMAT}} to"
            f" {index.max() + pd.Timedelta(hours=hours):{TIME_FORMAT}}: must cover {times[0]:{TIME_FORMAT}}"
            f" to {times[-1] + pd.Timedelta(hours=hours):{TIME_FORMAT}}; {len(missing)} of these {len(times)}"
            f" intervals are missing, the first {missing[0]:{TIME_FORMAT}}"
        )
    return np.asarray(values.to_numpy()[rows], dtype=np.float64)


def read_whole_series(path: Path, spec: SeriesSpec, hours: float, column: str | None = None) -> pd.Series:
    """All that a file says of a series, in the unit of `spec`, by the starts of its consecutive intervals.

    As `read_series`, whatever times the file covers. Raises InputError with all problems.
    """
    return _read_column(path, spec, hours, column)


def series_problems(path: Path, spec: SeriesSpec, hours: float, column: str | None = None) -> list[str]:
    """Problems with the form of a file, whatever times it covers."""
    try:
        _read_column(path, spec, hours, column)
    except InputError as error:
        return error.problems
    return []


def _read_column(path: Path, spec: SeriesSpec, hours: float, column: str | None) -> pd.Series:
    """The selected column in the unit of `spec`, indexed by consecutive starts of intervals.

    Raises InputError with all problems.
    """
    name = path.name
    text = decode(name, read_bytes(path))
    if not text.strip():
        raise InputError(f"{name}: is empty, must have a header and rows")
    cells, problems = read_cells(name, text)
    headers = [str(header) for header in cells.columns]
    time_headers = [h for h in headers if heading(h)[0] in TIME_NAMES]
    if len(time_headers) != 1:
        several = f"{len(time_headers)} columns of times, {listed(time_headers)}"
        problem = several if time_headers else "no column 'time'"
        if any(re.match(TIME_PATTERN, header) for header in headers):  # data stand where the header should
            problem = "the first row is no header"
        problems.append(f"{name}: {problem}; {columns_found(headers)}; must have one, 'time'")
    header = None
    if time_headers or column is not None:
        header = _select_header(name, [h for h in headers if h not in time_headers], column, problems)
    factor = _unit_factor(name, header, spec, problems) if header else None
    if len(time_headers) != 1 or header is None:
        raise InputError(problems)

    times, _, time_problems = parse_times(name, cells[time_headers[0]], offsets_allowed=False)
    problems += time_problems
    lines = cells.index.to_numpy()
    texts = cells[header]
    values = parse_numbers(texts) * (factor or 1.0)
    invalid = ~((values >= spec.lower) & (values <= spec.upper) & np.isfinite(values))
    allowed = f"must be a number{_limits(spec)}{comma_hint(texts)}"
    problems += row_problems(name, invalid, lines, texts, quoted(header), allowed)
    index = pd.DatetimeIndex(times)
    if not len(index):
        problems.append(f"{name}: has no rows below its header, must have some")
    problems += _step_problems(name, index, lines, hours)
    if problems:
        raise InputError(problems)
    return pd.Series(values, index=index)


def _select_header(name: str, headers: list[str], column: str | None, problems: list[str]) -> str | None:
    """Header of the selected or only column; None, with a problem appended, if there is not exactly one."""
    if column is not None:
        matching = [h for h in headers if column in (h, heading(h)[0]) or column.lower() == heading(h)[0]]
        if len(matching) == 1:
            return matching[0]
        allowed = f"must be one of {listed(headers)}" if headers else "must have one beside the time"
        if not matching:
            hint = closest(column, [heading(header)[0] for header in headers])
            problems.append(f"{name}: no column '{quoted(column)}': {allowed}{hint}")
        else:
            problems.append(
                f"{name}: {len(matching)} columns '{quoted(column)}': {allowed}, the whole header"
            )
        return None
    if len(headers) == 1:
        return headers[0]
    problems.append(
        f"{name}: must have one column beside the time, or `column` must name one; found: {listed(headers)}"
    )
    return None


def _unit_factor(name: str, header: str, spec: SeriesSpec, problems: list[str]) -> float | None:
    """Factor from the unit in the header to that of `spec`; None, with a problem appended, if unknown."""
    known = FACTORS[spec.unit]
    unit = heading(header)[1]
    factor = known.get(plain_unit(unit))
    if factor is None:
        problem = f"unknown unit '{quoted(unit)}'" if unit else "no unit"
        problems.append(
            f"{name}: column '{quoted(header)}': {problem}: must be one of [{'], ['.join(known)}]"
        )
    return factor


def _limits(spec: SeriesSpec) -> str:
    """Allowed range of the values, as the continuation of a sentence."""
    if np.isfinite(spec.lower) and np.isfinite(spec.upper):
        return f" from {spec.lower:.15g} to {spec.upper:.15g} {spec.unit}"
    if np.isfinite(spec.lower):
        return f", {spec.lower:.15g} {spec.unit} or more"
    return f", {spec.upper:.15g} {spec.unit} or less" if np.isfinite(spec.upper) else ""


def _step_problems(name: str, index: pd.DatetimeIndex, lines: np.ndarray, hours: float) -> list[str]:
    """Repeated, missing and misplaced times in the order of the file; unreadable times count as present."""
    readable = np.flatnonzero(index.notna())
    index, lines = index[readable], lines[readable]
    step = pd.Timedelta(hours=hours)
    if len(index) < 2:
        return []
    steps = np.diff(index.to_numpy())
    usual_step = pd.Timedelta(np.median(steps.astype(np.int64)), unit=index.unit)
    if usual_step != step and usual_step > pd.Timedelta(0):
        return [f"{name}: step is {_minutes(usual_step)}: must be {_minutes(step)}, the interval of the case"]
    expected = np.diff(readable) * step.to_timedelta64()
    problems = []
    for affected, allowed in (
        (steps == np.timedelta64(0), "is there twice: must be there once"),
        (steps > expected, f"rows are missing before it: the step must be {_minutes(step)}"),
        (
            (steps > np.timedelta64(0)) & (steps < expected),
            f"comes too early: the step must be {_minutes(step)}",
        ),
        (steps < np.timedelta64(0), "lies before the row above it: times must rise"),
    ):
        problems += row_problems(name, affected, lines[1:], index[1:].strftime(TIME_FORMAT), "time", allowed)
    return problems


def _minutes(step: pd.Timedelta) -> str:
    return f"{step / pd.Timedelta(minutes=1):.15g} minutes"
