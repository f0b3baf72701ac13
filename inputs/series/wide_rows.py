"""Exports with a day in a row: 96 points beside each other, as dispatch systems write them."""

import re
from collections.abc import Sequence
from itertools import pairwise

from parkdispatch.inputs.messages.quoted import quoted
from parkdispatch.inputs.series.export_tables import (
    COUNT_LABELS,
    ExportTable,
    is_time_header,
    time_label,
)
from parkdispatch.inputs.series.series_reading import ReadingNote
from parkdispatch.inputs.series.series_units import folded, label_and_unit
from parkdispatch.models.errors import InputError

POINT = re.compile(
    r"(?:[TPVF]|POINT|点|第)?[ _]?(?:(\d{1,2})[:时](\d{2})?分?|(\d{4})|(\d{1,4}))点?", re.IGNORECASE
)
POINTS_A_DAY = (24, 48, 96, 288, 1440)
LEAST_POINTS = 23
UNIT_LABELS = frozenset(("单位", "unit", "units", "计量单位"))
STARTS = "starts"  # header of the first column of what `long_table` returns


def point_columns(cells: Sequence[str]) -> list[int]:
    """Positions of the headers that are points of a day; empty where a row is no header of such."""
    positions = [n for n, cell in enumerate(cells) if POINT.fullmatch(folded(cell))]
    run = positions[-1] - positions[0] + 1 if positions else 0
    if len(positions) < LEAST_POINTS or run != len(positions):
        return []
    texts = [folded(cells[n]) for n in positions]
    return positions if len(set(texts)) == len(texts) else []  # values that happen to look like points repeat


def is_wide_header(cells: Sequence[str]) -> bool:
    """Whether a row is the header of days in rows: points of a day beside each other."""
    points = point_columns(cells)
    return bool(points) and _first_minute(folded(cells[points[0]])) is not None


def long_table(wide: ExportTable) -> ExportTable:
    """The same with an interval in a row: its start, then a column for each name that the rows have.

    Raises InputError where the points of a day are not the intervals of one.
    """
    points = point_columns(wide.headers)
    labels = [folded(wide.headers[n]) for n in points]
    count = len(points)
    if count not in POINTS_A_DAY:
        hint = ""
        if count - 1 in POINTS_A_DAY:
            hint = f"; {labels[0]} and {labels[-1]} are both there, one of which belongs to another day"
        raise InputError(
            f"{wide.name}: has {count} points in a row: must be {', '.join(map(str, POINTS_A_DAY))} for"
            f" a day{hint}"
        )
    _check_points(wide.name, labels)
    minutes = 1440 // count
    dates = [n for n, header in enumerate(wide.headers) if n not in points and is_time_header(header)]
    units = [n for n, header in enumerate(wide.headers) if time_label(header) in UNIT_LABELS]
    named = [
        n
        for n, header in enumerate(wide.headers)
        if n not in {*points, *dates, *units} and time_label(header) not in COUNT_LABELS
    ]
    columns: dict[str, dict[str, str]] = {}
    line_of: dict[str, int] = {}
    for row, line in zip(wide.rows, wide.lines, strict=True):
        name = " ".join(row[n] for n in named if row[n]) or "value"
        unit = next((row[n] for n in units if row[n]), wide.unit)
        if unit and label_and_unit(name)[1] is None:
            name = f"{name} [{unit.strip('[]()')}]"
        day = (row[dates[0]].split(" ")[0] if dates else "") or wide.date
        cells = columns.setdefault(name, {})
        for interval, n in enumerate(points):
            start = f"{day} {interval * minutes // 60:02}:{interval * minutes % 60:02}".strip()
            if start in cells and interval == 0:
                wide.problems.append(
                    f"{wide.name} row {line}: '{quoted(name)}' of {day or 'the day'} is there twice:"
                    " must be once"
                )
            cells[start] = row[n]
            line_of.setdefault(start, line)
    starts = list(line_of)
    return ExportTable(
        wide.name,
        [STARTS, *columns],
        [[start, *(cells.get(start, "") for cells in columns.values())] for start in starts],
        [line_of[start] for start in starts],
        wide.date,
        wide.unit,
        [*wide.notes, ReadingNote("wide", str(count))],
        wide.problems,
    )


def _check_points(name: str, labels: Sequence[str]) -> None:
    """Raise InputError where the points of a day do not follow each other in equal steps."""
    minutes = [_first_minute(label) for label in labels]
    steps = {after - before for before, after in pairwise(minutes)
             if before is not None and after is not None}  # fmt: skip
    wraps = minutes[-1] == 0 or None in minutes
    if len(steps - ({-(1440 - 1440 // len(labels))} if wraps else set())) > 1:
        raise InputError(
            f"{name}: points {quoted(labels[0])} to {quoted(labels[-1])} are not one step apart, must be"
        )


def _first_minute(label: str) -> int | None:
    """The minute of the day of a point, or its number where points are numbered; None if it is neither."""
    parts = POINT.fullmatch(label)
    if parts is None:
        return None
    if parts[1] is not None:
        return int(parts[1]) * 60 + int(parts[2] or 0)
    if parts[3] is not None:
        return int(parts[3][:2]) * 60 + int(parts[3][2:])
    return int(parts[4])
