"""A user's own series: one column of a CSV file, in a unit its header names, at the intervals asked for."""

from pathlib import Path

import numpy as np
import pandas as pd

from inputs.tables import TIME_NAMES, decode, heading, parse_times, plain_unit, read_cells, rows_of
from inputs.validation import closest
from models.device import Array, SeriesSpec
from models.errors import InputError

MINUTE = "%Y-%m-%d %H:%M"
FACTORS = {  # to the unit used inside, by that unit
    "MW": {"mw": 1.0, "kw": 1e-3, "gw": 1e3, "w": 1e-6, "兆瓦": 1.0, "千瓦": 1e-3, "万千瓦": 10.0},
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
    """The values at `times`, shape (intervals,), in the unit of `spec`.

    The file has a column `time` with local starts of intervals of `hours` and a column such as `load [MW]`;
    `column` chooses among several by its label or whole header. It may hold more than is asked for. Raises
    InputError with everything that is wrong.
    """
    name = path.name
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not raw.strip():
        raise InputError(f"{name}: is empty")
    try:
        cells = read_cells(decode(name, raw))
    except pd.errors.ParserError as error:
        raise InputError(f"{name}: cannot be understood: {error}") from error
    headers = [str(header) for header in cells.columns]
    clock = next((h for h in headers if heading(h)[0] in TIME_NAMES), None)
    problems = [] if clock else [f"{name}: no column 'time'; columns found: {', '.join(headers)}"]
    chosen = _choose(name, [h for h in headers if h != clock], column, problems)
    factor = _factor(name, chosen, spec, problems) if chosen else None
    if clock is None or chosen is None or factor is None:
        raise InputError(problems)

    when, zoned, wrong = parse_times(name, cells[clock].fillna("").str.strip())
    if zoned:
        problems.append(f"{name}: times carry an offset from UTC: must be local times without one")
    problems += wrong
    lines = np.arange(len(cells)) + 2
    written = cells[chosen].fillna("").str.strip()
    values = pd.to_numeric(written, errors="coerce").to_numpy(np.float64) * factor
    limits = _limits(spec)
    bad = ~((values >= spec.lower) & (values <= spec.upper) & np.isfinite(values))
    problems += rows_of(name, bad, lines, written, chosen, f"must be a number{limits}")
    index = pd.DatetimeIndex(when)
    problems += _gaps(name, index, lines, hours)
    if problems:
        raise InputError(problems)
    where = index.get_indexer(times)
    if (where < 0).any():
        missing = times[where < 0]
        raise InputError(
            f"{name}: covers {index.min():{MINUTE}} to {index.max() + pd.Timedelta(hours=hours):{MINUTE}}:"
            f" {len(missing)} of the {len(times)} intervals asked for are missing,"
            f" the first {missing[0]:{MINUTE}}"
        )
    return np.asarray(values[where], dtype=np.float64)


def _choose(name: str, headers: list[str], column: str | None, problems: list[str]) -> str | None:
    if column is not None:
        wanted = [h for h in headers if column in (h, heading(h)[0]) or column.lower() == heading(h)[0]]
        if len(wanted) == 1:
            return wanted[0]
        problems.append(
            f"{name}: no column '{column}'; columns found: {', '.join(headers)}{closest(column, headers)}"
        )
        return None
    if len(headers) == 1:
        return headers[0]
    problems.append(
        f"{name}: must have one column beside the time, or the case must name one;"
        f" found: {', '.join(headers) or 'none'}"
    )
    return None


def _factor(name: str, header: str, spec: SeriesSpec, problems: list[str]) -> float | None:
    known = FACTORS[spec.unit]
    unit = heading(header)[1]
    factor = known.get(plain_unit(unit))
    if factor is None:
        got = f"unknown unit '{unit}'" if unit else "no unit"
        problems.append(f"{name}: column '{header}': {got}: must be one of [{'], ['.join(known)}]")
    return factor


def _limits(spec: SeriesSpec) -> str:
    if np.isfinite(spec.lower) and np.isfinite(spec.upper):
        return f" from {spec.lower:g} to {spec.upper:g} {spec.unit}"
    if np.isfinite(spec.lower):
        return f", {spec.lower:g} {spec.unit} or more"
    return f", {spec.upper:g} {spec.unit} or less" if np.isfinite(spec.upper) else ""


def _gaps(name: str, index: pd.DatetimeIndex, lines: np.ndarray, hours: float) -> list[str]:
    """Doubled, missing and misplaced times, in the order of the file."""
    known = np.asarray(index.notna())
    index, lines = index[known], lines[known]
    step = pd.Timedelta(hours=hours)
    if len(index) < 2:
        return [] if len(index) else [f"{name}: has no row with a time"]
    usual = pd.Timedelta(np.median(np.diff(index.to_numpy()).astype(np.int64)), unit=index.unit)
    if usual != step and usual > pd.Timedelta(0):
        return [f"{name}: step is {_minutes(usual)}: must be {_minutes(step)}, the interval of the case"]
    ahead = np.diff(index.to_numpy())
    found = []
    for where, allowed in (
        (ahead == np.timedelta64(0), "is there twice: must be there once"),
        (ahead > step, f"rows are missing before it: the step must be {_minutes(step)}"),
        ((ahead > np.timedelta64(0)) & (ahead < step), f"comes too early: the step must be {_minutes(step)}"),
        (ahead < np.timedelta64(0), "lies before the row above it: times must rise"),
    ):
        found += rows_of(name, where, lines[1:], index[1:].strftime("%Y-%m-%d %H:%M"), "time", allowed)
    return found


def _minutes(step: pd.Timedelta) -> str:
    return f"{step / pd.Timedelta(minutes=1):g} minutes"
