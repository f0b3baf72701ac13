"""The column or columns of times of an export, as the starts of its intervals in local time."""

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from parkdispatch.inputs.series.export_tables import (
    DATE_LABELS,
    END_LABELS,
    STAMP_LABELS,
    START_LABELS,
    ExportTable,
    time_label,
)
from parkdispatch.inputs.series.interval_values import usual_step
from parkdispatch.inputs.series.series_reading import ReadingNote, ReadingOptions, Stamps
from parkdispatch.inputs.series.series_units import folded
from parkdispatch.inputs.series.stamp_formats import Stamps24, parse_stamps
from parkdispatch.inputs.series.stamp_intervals import StampPosition, stamp_position, with_last_midnights
from parkdispatch.inputs.series.text_tables import heading, row_problems
from parkdispatch.inputs.series.wide_rows import STARTS

LIKE = {
    "year first": "2026-01-31 13:45", "compact": "20260131", "dots": "31.01.2026 13:45",
    "slashes": "31/01/2026 13:45", "month word": "31-Jan-2026 13:45", "compact clock": "202601311345",
    "clock": "13:45", "serial": "46053.5, a day of Excel", "until": "2026-01-31 13:45-14:00",
    "clock until": "13:45-14:00",
}  # fmt: skip


@dataclass
class StampColumn:
    """Starts of the intervals in the order of time, NaT where unreadable; how they were told.

    `columns` are the positions of the headers of times; `backwards`: the file has the last interval first.
    """

    columns: list[int]
    starts: np.ndarray
    step: pd.Timedelta | None
    position: StampPosition
    backwards: bool = False
    notes: list[ReadingNote] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def stamp_column(
    table: ExportTable, options: ReadingOptions, day: pd.Timestamp | None
) -> StampColumn | list[str]:
    """The times of a table; the headers of times found if they are not those of one column.

    A date and a time of day may stand in two columns, and start and end of intervals too. Times of day
    without
    a date are those of the day in the titles, or else of `day`.
    """
    headers = table.headers
    if headers and headers[0] == STARTS:
        return _with_position(table, [0], table.column(0), "start", "in_rows", options, day)
    labels = [_label(header) for header in headers]
    starts, ends, stamps, dates = (
        [n for n, label in enumerate(labels) if label in known]
        for known in (START_LABELS, END_LABELS, STAMP_LABELS, DATE_LABELS)
    )
    all_times = sorted([*starts, *ends, *stamps, *dates])
    of_header: Stamps | None = None
    if len(starts) == 1:
        chosen, of_header = starts[0], "start"
    elif len(ends) == 1 and not stamps:
        chosen, of_header = ends[0], "end"
    elif len(stamps) == 1:
        chosen = stamps[0]
    elif len(dates) == 1 and not stamps:
        chosen = dates[0]
    else:
        return [headers[n] for n in all_times]
    cells = table.column(chosen)
    if len(dates) == 1 and chosen != dates[0]:
        if sum(bool(cell) for cell in cells) and all(len(folded(cell)) <= 16 for cell in cells[:5]):
            cells = _joined(table.column(dates[0]), cells)
    elif len(all_times) > 1 and not starts:
        return [headers[n] for n in all_times]
    return _with_position(table, all_times, cells, of_header, "header", options, day, headers[chosen])


def _label(header: str) -> str:
    text = folded(header).lower()
    return text if text in STAMP_LABELS else time_label(header)


def _joined(dates: list[str], clocks: list[str]) -> list[str]:
    """Stamps of a date beside a time of day; dates in merged cells stand in the first row of each."""
    joined, last = [], ""
    for date_cell, clock in zip(dates, clocks, strict=True):
        last = date_cell or last
        day = last.split(" ")[0] if last.endswith(("00:00:00", " 0:00")) else last
        joined.append(f"{day} {clock}" if clock and len(clock) < 14 else clock)
    return joined


def _with_position(
    table: ExportTable,
    columns: list[int],
    cells: list[str],
    of_header: Stamps | None,
    why_header: str,
    options: ReadingOptions,
    day: pd.Timestamp | None,
    header: str = "",
) -> StampColumn:
    """The stamps of cells as starts of intervals in local time."""
    index = np.array(table.lines, dtype=np.int64)
    parsed = parse_stamps(pd.Series(cells, index=index, dtype=str)) if cells else _none()
    notes: list[ReadingNote] = []
    problems = _unreadable(table, parsed, cells, index)
    times = parsed.times
    unit = (heading(folded(header))[1] or "").lower()
    if of_header is None and unit in ("end", "start", "结束", "开始", "起", "止"):
        of_header = "end" if unit in ("end", "结束", "止") else "start"
    times, local_notes, local_problems = _local(table, parsed, header, times, options, day)
    notes += local_notes
    problems += local_problems
    if parsed.format_name in ("until", "clock until"):
        of_header, why_header = "start", "ranges"
    readable = times[~np.isnat(times)]
    backwards = len(readable) > 2 and bool((np.diff(readable) < np.timedelta64(0, "s")).all())
    if backwards:
        times = times[::-1]
        notes.append(ReadingNote("backwards"))
    step = usual_step(times)
    position = StampPosition(
        options.stamps or of_header or "start", "given" if options.stamps else why_header
    )
    if step is not None or of_header is None:
        step_s = np.timedelta64(int((step or pd.Timedelta(minutes=15)).total_seconds()), "s")
        times, moved = with_last_midnights(times, step_s) if not np.isnat(times).any() else (times, 0)
        told = "same_day_midnight" if moved else "at_24" if parsed.next_day.any() else ""
        ordered = times[~np.isnat(times)]
        if len(ordered) and not problems:
            position = stamp_position(ordered, step_s, options.stamps, of_header, told_end=told)
            if position.why == "header":
                position = position._replace(why=why_header)
            problems += [f"{table.name}: {position.problem}"] if position.problem else []
        if position.stamps == "end":
            times = times - step_s
    if parsed.format_name not in ("year first", "clock"):
        notes.append(ReadingNote("format", LIKE[parsed.format_name].split(",")[0]))
    return StampColumn(columns, times, step, position, backwards, notes, problems)


def _none() -> Stamps24:
    return Stamps24(np.zeros(0, dtype="datetime64[s]"), "year first", next_day=np.zeros(0, dtype=bool))


def _unreadable(table: ExportTable, parsed: Stamps24, cells: list[str], lines: np.ndarray) -> list[str]:
    """Cells that are no times like the others, and what the others do not tell."""
    allowed = f"must be like {LIKE[parsed.format_name]}"
    if len(cells) > 1:
        allowed += ", as the other rows"
    if parsed.zoned:
        allowed += ", with an offset from UTC in all rows or in none"
    if parsed.off_calendar:
        allowed += "; on a day that the calendar has"
    problems = row_problems(table.name, np.isnat(parsed.times), lines, cells, "time", allowed)
    return [*problems, *([f"{table.name}: {parsed.problem}"] if parsed.problem else [])]


def _local(
    table: ExportTable,
    parsed: Stamps24,
    header: str,
    times: np.ndarray,
    options: ReadingOptions,
    day: pd.Timestamp | None,
) -> tuple[np.ndarray, list[ReadingNote], list[str]]:
    """Times with their day and in the time zone of the site; what was done, and what cannot be."""
    notes: list[ReadingNote] = []
    if parsed.no_date:
        if table.date:
            day = pd.Timestamp(parse_stamps(pd.Series([table.date])).times[0])
        if day is None:
            return times, notes, [f"{table.name}: its times have no date: must have one, for more than a day"]
        if day.year != 1970:
            notes.append(ReadingNote("title_date" if table.date else "no_date", f"{day:%Y-%m-%d}"))
        times = times + (day.to_datetime64().astype("datetime64[s]") - np.datetime64("1970-01-01", "s"))
    of_header = re.search(r"\butc ?([+-]\d{1,2})?", folded(header).lower())
    if (parsed.zoned or of_header) and options.timezone is not None:
        ahead = 0 if parsed.zoned or of_header is None else int(of_header[1] or 0)
        utc = (pd.DatetimeIndex(times) - pd.Timedelta(hours=ahead)).tz_localize("UTC")
        times = utc.tz_convert(options.timezone).tz_localize(None).to_numpy().astype("datetime64[s]")
        notes.append(ReadingNote("utc", options.timezone))
    return times, notes, []
