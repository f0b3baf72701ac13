"""A user's own series: one column of a CSV file, in a unit its header names, at the intervals asked for."""

from pathlib import Path

import numpy as np
import pandas as pd

from parkdispatch.inputs.messages.validation import closest, read_bytes
from parkdispatch.inputs.series.text_tables import (
    TIME_NAMES,
    comma_hint,
    decode,
    heading,
    listed,
    parse_times,
    plain_unit,
    read_cells,
    rows_of,
)
from parkdispatch.models.device import Array, SeriesSpec
from parkdispatch.models.errors import InputError

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
    found = _table(path, spec, hours, column)
    index = pd.DatetimeIndex(found.index)
    where = index.get_indexer(times)
    if (where < 0).any():
        missing = times[where < 0]
        raise InputError(
            f"{path.name}: covers {index.min():{MINUTE}} to"
            f" {index.max() + pd.Timedelta(hours=hours):{MINUTE}}: must cover {times[0]:{MINUTE}} to"
            f" {times[-1] + pd.Timedelta(hours=hours):{MINUTE}}; {len(missing)} of these {len(times)}"
            f" intervals are missing, the first {missing[0]:{MINUTE}}"
        )
    return np.asarray(found.to_numpy()[where], dtype=np.float64)


def series_problems(path: Path, spec: SeriesSpec, hours: float, column: str | None = None) -> list[str]:
    """What is wrong with the form of a file, whatever times it covers."""
    try:
        _table(path, spec, hours, column)
    except InputError as error:
        return error.problems
    return []


def _table(path: Path, spec: SeriesSpec, hours: float, column: str | None) -> pd.Series:
    """The chosen column in the unit of `spec`, indexed by rising times one step apart."""
    name = path.name
    raw = read_bytes(path)
    if not raw.strip():
        raise InputError(f"{name}: is empty, must have a header and rows")
    cells, problems = read_cells(name, decode(name, raw))
    headers = [str(header) for header in cells.columns]
    clocks = [h for h in headers if heading(h)[0] in TIME_NAMES]
    if len(clocks) != 1:
        got = f"{len(clocks)} columns of times, {', '.join(clocks)}" if clocks else "no column 'time'"
        problems.append(f"{name}: {got}; columns found: {listed(headers)}; must have one, 'time'")
    chosen = None
    if clocks or column is not None:
        chosen = _choose(name, [h for h in headers if h not in clocks], column, problems)
    factor = _factor(name, chosen, spec, problems) if chosen else None
    if len(clocks) != 1 or chosen is None:
        raise InputError(problems)

    when, _, wrong = parse_times(name, cells[clocks[0]], offsets_allowed=False)
    problems += wrong
    lines = cells.index.to_numpy()
    written = cells[chosen]
    values = pd.to_numeric(written, errors="coerce").to_numpy(np.float64) * (factor or 1.0)
    bad = ~((values >= spec.lower) & (values <= spec.upper) & np.isfinite(values))
    allowed = f"must be a number{_limits(spec)}{comma_hint(written)}"
    problems += rows_of(name, bad, lines, written, chosen, allowed)
    index = pd.DatetimeIndex(when)
    if not len(index):
        problems.append(f"{name}: has no rows below its header, must have some")
    problems += _gaps(name, index, lines, hours)
    if problems:
        raise InputError(problems)
    return pd.Series(values, index=index)


def _choose(name: str, headers: list[str], column: str | None, problems: list[str]) -> str | None:
    if column is not None:
        wanted = [h for h in headers if column in (h, heading(h)[0]) or column.lower() == heading(h)[0]]
        if len(wanted) == 1:
            return wanted[0]
        allowed = f"must be one of {listed(headers)}"
        if not wanted:
            hint = closest(column, [heading(header)[0] for header in headers])
            problems.append(f"{name}: no column '{column}': {allowed}{hint}")
        else:
            problems.append(f"{name}: {len(wanted)} columns '{column}': {allowed}, the whole header")
        return None
    if len(headers) == 1:
        return headers[0]
    problems.append(
        f"{name}: must have one column beside the time, or the case must name one; found: {listed(headers)}"
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
    """Doubled, missing and misplaced times, in the order of the file; unreadable ones keep their place."""
    places = np.flatnonzero(index.notna())
    index, lines = index[places], lines[places]
    step = pd.Timedelta(hours=hours)
    if len(index) < 2:
        return []
    ahead = np.diff(index.to_numpy())
    usual = pd.Timedelta(np.median(ahead.astype(np.int64)), unit=index.unit)
    if usual != step and usual > pd.Timedelta(0):
        return [f"{name}: step is {_minutes(usual)}: must be {_minutes(step)}, the interval of the case"]
    due = np.diff(places) * step.to_timedelta64()
    found = []
    for where, allowed in (
        (ahead == np.timedelta64(0), "is there twice: must be there once"),
        (ahead > due, f"rows are missing before it: the step must be {_minutes(step)}"),
        ((ahead > np.timedelta64(0)) & (ahead < due), f"comes too early: the step must be {_minutes(step)}"),
        (ahead < np.timedelta64(0), "lies before the row above it: times must rise"),
    ):
        found += rows_of(name, where, lines[1:], index[1:].strftime(MINUTE), "time", allowed)
    return found


def _minutes(step: pd.Timedelta) -> str:
    return f"{step / pd.Timedelta(minutes=1):g} minutes"
