"""A series of the user: one column of a CSV file or workbook, in the unit it states, at given intervals."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from parkdispatch.inputs.messages.quoted import quoted
from parkdispatch.inputs.series.export_tables import ExportTable, export_table, is_header_row
from parkdispatch.inputs.series.interval_values import (
    TIME_FORMAT,
    at_times,
    filled,
    register_problem,
    step_mismatch,
    step_problems,
)
from parkdispatch.inputs.series.number_cells import read_numbers
from parkdispatch.inputs.series.raw_tables import HEADER_WITHIN, RawTable, read_raw_tables
from parkdispatch.inputs.series.series_reading import ReadingNote, ReadingOptions, SeriesReading
from parkdispatch.inputs.series.series_units import label_and_unit, unit_factor, unit_problem
from parkdispatch.inputs.series.stamp_columns import StampColumn, stamp_column
from parkdispatch.inputs.series.text_tables import TIME_PATTERN, columns_found, listed, row_problems
from parkdispatch.inputs.series.value_columns import bad_quality, chosen_column
from parkdispatch.inputs.series.wide_rows import is_wide_header, long_table
from parkdispatch.inputs.user_files import read_bytes
from parkdispatch.models.device import Array, SeriesSpec
from parkdispatch.models.errors import InputError

COLUMNS_KEPT = 16  # parsed columns of files in a process; a year by quarter-hours takes half a megabyte


class ReadSeries(NamedTuple):
    """Values at the intervals asked for, in the unit of the series, and what was understood of the file."""

    values: Array
    reading: SeriesReading


@dataclass
class _FileSeries:
    """The selected column of a file in the unit of its series, indexed by the starts of its intervals."""

    values: pd.Series
    step: pd.Timedelta
    reading: SeriesReading
    notes: list[ReadingNote] = field(default_factory=list)


def read_series(
    path: Path,
    spec: SeriesSpec,
    times: pd.DatetimeIndex,
    hours: float,
    options: ReadingOptions = ReadingOptions(),  # noqa: B008 # frozen
) -> ReadSeries:
    """Read the values at `times`, shape (intervals,), in the unit of `spec`, and say what was understood.

    The file has a column of local times and one such as `load [MW]`; it may cover more than `times`. A
    file of
    times of day without a date is taken for the day of `times`, if that is one. Raises InputError with all
    problems.
    """
    days = times.normalize().unique()
    series = _read_column(path, spec, hours, options, days[0] if len(days) == 1 else None)
    values, problems = at_times(path.name, series.values, series.step, times, hours)
    if problems:
        raise InputError(problems)
    return ReadSeries(values, series.reading)


def read_whole_series(
    path: Path,
    spec: SeriesSpec,
    hours: float,
    options: ReadingOptions = ReadingOptions(),  # noqa: B008
) -> pd.Series:
    """All that a file says of a series, in the unit of `spec`, by the starts of intervals of `hours`.

    As `read_series`, whatever times the file covers. Raises InputError with all problems.
    """
    series = _read_column(path, spec, hours, options, None)
    index, step = pd.DatetimeIndex(series.values.index), pd.Timedelta(hours=hours)
    times = pd.date_range(index[0], index[-1] + series.step, freq=step, inclusive="left")
    values, problems = at_times(path.name, series.values, series.step, times, hours)
    if problems:
        raise InputError(problems)
    return pd.Series(values, index=times)


def series_problems(
    path: Path,
    spec: SeriesSpec,
    hours: float,
    options: ReadingOptions = ReadingOptions(),  # noqa: B008
) -> list[str]:
    """Problems with the form of a file, whatever times it covers."""
    try:
        _read_column(path, spec, hours, options, pd.Timestamp("1970-01-01"))
    except InputError as error:
        return error.problems
    return []


def _is_header(cells: Sequence[str]) -> bool:
    return is_header_row(cells) or is_wide_header(cells)


def _table(raw: RawTable) -> ExportTable:
    """The table of a file with an interval in a row, whatever it has in one."""
    wide_header = next((n for n, row in enumerate(raw.rows[:HEADER_WITHIN]) if is_wide_header(row)), None)
    if wide_header is None:
        return export_table(raw)
    return long_table(export_table(raw, wide_header))


def _read_column(
    path: Path, spec: SeriesSpec, hours: float, options: ReadingOptions, day: pd.Timestamp | None
) -> _FileSeries:
    """The selected column in the unit of `spec`, at consecutive intervals. Raises InputError.

    A command reads a file for the day, for the month and to compare both: what has not changed is not parsed
    again.
    """
    digest = hashlib.sha256(read_bytes(path)).digest()
    return _parsed_column(path, spec, hours, options, day, digest)


@lru_cache(maxsize=COLUMNS_KEPT)  # the last argument is the digest: a file that changed is parsed again
def _parsed_column(
    path: Path, spec: SeriesSpec, hours: float, options: ReadingOptions, day: pd.Timestamp | None, _: bytes
) -> _FileSeries:
    name = path.name
    raw = read_raw_tables(path, options.sheet, _is_header)
    table = _table(raw)
    problems = table.problems
    column_or_problem = stamp_column(table, options, day)
    stamps = column_or_problem if isinstance(column_or_problem, StampColumn) else None
    if not isinstance(column_or_problem, StampColumn):
        problems += [_without_times(table, column_or_problem)]
    chosen = None
    if stamps is not None or options.column is not None:
        times = stamps.columns if stamps else []
        chosen = chosen_column(name, table.headers, times, options.column, problems)
    unit = label_and_unit(chosen.header)[1] if chosen else None
    if unit is None and table.unit:
        unit = table.unit
    factor = unit_factor(unit, spec) if chosen and (unit is not None or spec.unit == "1") else None
    if chosen and factor is None:
        problems.append(unit_problem(name, chosen.header, unit, spec))
    if stamps is None or chosen is None:
        raise InputError(problems)
    problems += stamps.problems

    lines: np.ndarray = np.array(table.lines, dtype=np.int64)
    texts = pd.Series(table.column(chosen.position), index=lines, dtype=str)
    cells = read_numbers(texts)
    missing, notes = cells.missing, [*table.notes, *stamps.notes]
    if cells.problem:
        problems.append(f"{name}: column '{quoted(chosen.header)}': {cells.problem}")
    elif cells.decimal_mark == ",":
        notes.append(ReadingNote("decimal_comma"))
    elif texts.str.contains(",", regex=False).any():
        notes.append(ReadingNote("thousands"))
    if chosen.quality is not None:
        bad, problem = bad_quality(name, table.headers[chosen.quality], table.column(chosen.quality))
        problems += [problem] if problem else []
        missing = missing | bad
        if bad.any():
            notes.append(ReadingNote("bad_quality", str(int(bad.sum()))))
    if not len(lines):
        raise InputError([*problems, f"{name}: has no rows below its header, must have some"])
    if stamps.backwards:
        texts, missing, lines = texts.iloc[::-1], missing[::-1], lines[::-1]
    numbers = cells.values[::-1] if stamps.backwards else cells.values
    index = pd.DatetimeIndex(stamps.starts)
    step = stamps.step or pd.Timedelta(hours=hours)
    if factor is not None and factor.per_interval:
        problems += [line for line in [register_problem(name, chosen.header, numbers)] if line]
        notes.append(ReadingNote("energy"))
    mismatch = step_mismatch(name, step, hours, levels=spec.unit == "MWh")
    scale = 1.0 if factor is None else factor.factor
    if factor is not None and factor.per_interval:
        scale /= step / pd.Timedelta(hours=1)
    series = pd.Series(numbers * scale if scale != 1.0 else numbers, index=index)
    gaps = filled(series, missing, step, options.fill_gaps if not (mismatch or stamps.problems) else 0)
    if gaps.filled:
        series, kept = gaps.values, pd.Series(lines, index=index).reindex(gaps.values.index).ffill()
        texts = pd.Series(texts.to_numpy(), index=index).reindex(series.index, fill_value="")
        missing = pd.Series(missing, index=index).reindex(series.index, fill_value=False).to_numpy()
        missing = missing & series.isna().to_numpy()
        lines, index = kept.to_numpy(np.int64), pd.DatetimeIndex(series.index)
    if not cells.problem:
        problems += _value_problems(name, spec, np.asarray(series), missing, lines, texts, chosen.header)
    problems += [mismatch] if mismatch else step_problems(name, index, lines, step)
    if problems:
        raise InputError(problems)
    notes += _step_notes(step, hours)
    return _FileSeries(
        series,
        step,
        SeriesReading(
            name, raw.source, raw.is_workbook, chosen.header, unit or "", stamps.position.stamps,
            stamps.position.why, step / pd.Timedelta(minutes=1), f"{index[0]:{TIME_FORMAT}}",
            f"{index[-1] + step:{TIME_FORMAT}}", gaps.filled, tuple(notes),
        ),
    )  # fmt: skip


def _value_problems(
    name: str,
    spec: SeriesSpec,
    values: Array,
    missing: np.ndarray,
    lines: np.ndarray,
    texts: pd.Series,
    header: str,
) -> list[str]:
    """Values that are missing, no numbers, or not allowed, by their rows."""
    outside = ~((values >= spec.lower) & (values <= spec.upper) & np.isfinite(values))
    allowed = f"must be a number{_limits(spec)}"
    if spec.unit == "MW" and (values > spec.upper).any():
        allowed += "; in kW, not MW?"
    return row_problems(name, outside | missing, lines, texts, quoted(header), allowed)


def _without_times(table: ExportTable, time_headers: list[str]) -> str:
    """What is wrong with a table that has not one column of times."""
    several = f"{len(time_headers)} columns of times, {listed(time_headers)}"
    problem = several if time_headers else "no column 'time'"
    if any(re.match(TIME_PATTERN, header) for header in table.headers):  # data stand where the header should
        problem = "the first row is no header"
    return f"{table.name}: {problem}; {columns_found(table.headers)}; must have one, 'time'"


def _limits(spec: SeriesSpec) -> str:
    """Allowed range of the values, as the continuation of a sentence."""
    if np.isfinite(spec.lower) and np.isfinite(spec.upper):
        return f" from {spec.lower:.15g} to {spec.upper:.15g} {spec.unit}"
    if np.isfinite(spec.lower):
        return f", {spec.lower:.15g} {spec.unit} or more"
    return f", {spec.upper:.15g} {spec.unit} or less" if np.isfinite(spec.upper) else ""


def _step_notes(step: pd.Timedelta, hours: float) -> list[ReadingNote]:
    wanted = pd.Timedelta(hours=hours)
    if step == wanted:
        return []
    return [ReadingNote("held" if step > wanted else "averaged", f"{hours * 60:.15g}")]
