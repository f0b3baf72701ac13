"""The table inside an export: its header below titles, units in a row of their own, totals left out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from parkdispatch.inputs.series.raw_tables import HEADER_WITHIN, RawTable, padded
from parkdispatch.inputs.series.series_reading import ReadingNote
from parkdispatch.inputs.series.series_units import folded, is_unit, label_and_unit
from parkdispatch.inputs.series.text_tables import heading, row_problems

DATE_LABELS = frozenset(("date", "日期", "数据日期", "统计日期", "采集日期", "day", "年月日"))
STAMP_LABELS = frozenset(
    ("time", "timestamp", "datetime", "date time", "date/time", "date_time", "date & time", "time stamp",
    "时间",
     "日期时间", "日期/时间", "数据时间", "采集时间", "采样时间", "记录时间", "统计时间", "测量时间",
     "时标", "数据时标",
     "时间戳", "时间点", "时刻", "时点", "utc", "utc time", "utc时间", "时间(utc)", "local time", "clock",
     "时段",
     "时间段")
)  # fmt: skip
START_LABELS = frozenset(
    ("开始时间", "起始时间", "start", "start time", "interval start", "period start", "from", "起始时刻",
     "开始时刻", "time beginning", "hour beginning")
)  # fmt: skip
END_LABELS = frozenset(
    ("结束时间", "截止时间", "终止时间", "end", "end time", "interval end", "period end", "to", "结束时刻",
     "time ending", "hour ending")
)  # fmt: skip
TIME_LABELS = DATE_LABELS | STAMP_LABELS | START_LABELS | END_LABELS
COUNT_LABELS = frozenset(("序号", "no", "no.", "编号", "行号", "#", "index", "number"))
# how a row begins that is about the rows above it, or about the export
TOTALS = re.compile(
    r"(?:合\s*计|总\s*计|小\s*计|总和|累计|平均|均值|最大|最小|最高|最低|极值|峰谷差|负荷率|日电量|制表|审核|备注|注[::]|"
    r"说明|打印|导出|数据来源|(?:grand total|total|sum|average|avg|mean|max(?:imum)?|min(?:imum)?|note|"
    r"exported|printed|generated)\b)",
    re.IGNORECASE,
)
TITLE_UNIT = re.compile(r"单\s*位\s*[::]\s*([^\s,;)）\]]+)")
TITLE_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?![\d:])")


@dataclass
class ExportTable:
    """Columns of an export as text.

    `headers` are those written, a unit of its row or title added; `rows` have a cell for each; `lines` are
    theirs in the file. `date` is the only day that the titles name, `problems` are of rows and headers.
    """

    name: str
    headers: list[str]
    rows: list[list[str]]
    lines: list[int]
    date: str = ""
    unit: str = ""
    notes: list[ReadingNote] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def column(self, number: int) -> list[str]:
        """Cells of a column."""
        return [row[number] for row in self.rows]


def time_label(header: str) -> str:
    """The label of a header as the sets of labels have it."""
    return heading(folded(header))[0].strip(" :")


def is_time_header(header: str) -> bool:
    """Whether a header is one of times."""
    return time_label(header) in TIME_LABELS or folded(header).lower() in TIME_LABELS


def is_header_row(cells: Sequence[str]) -> bool:
    """Whether a row is the header of a table of series: it names times and something else, or points."""
    return any(map(is_time_header, cells)) and sum(map(bool, cells)) > 1


def export_table(raw: RawTable, wide_header: int | None = None) -> ExportTable:
    """The table inside the rows of a file. Without a header that names times, the first row is the header.

    `wide_header` is the row of the header of a table with a day in a row.
    """
    position = wide_header
    if position is None:
        position = next((n for n, row in enumerate(raw.rows[:HEADER_WITHIN]) if is_header_row(row)), 0)
    titles = [cell for row in raw.rows[:position] for cell in row if cell]
    header = raw.rows[position]
    width = max((n + 1 for n, cell in enumerate(header) if cell), default=0)
    body, lines = raw.rows[position + 1 :], raw.lines[position + 1 :]
    headers, below = (
        _joined_headers(header[:width], body) if wide_header is None else (list(header[:width]), 0)
    )
    width = len(headers)
    unit = next((match[1] for title in titles if (match := TITLE_UNIT.search(folded(title)))), "")
    days = {match.group() for title in titles for match in TITLE_DATE.finditer(folded(title))}
    table = ExportTable(
        raw.name, headers, [], [], days.pop() if len(days) == 1 else "", unit if is_unit(unit) else ""
    )
    if position:
        table.notes.append(ReadingNote("titles", str(position)))
    _keep_rows(table, header, body[below:], lines[below:])
    if wide_header is None:
        widths = [max((n + 1 for n, cell in enumerate(row) if cell), default=0) for row in table.rows]
        table.problems += row_problems(
            raw.name,
            [row_width > width for row_width in widths],
            table.lines,
            widths,
            "cells",
            f"must be {width}, as in the header; write decimals with a point, 1.5, not 1,5",
        )
    table.rows = padded(table.rows, width)
    return table


def _joined_headers(header: Sequence[str], body: Sequence[Sequence[str]]) -> tuple[list[str], int]:
    """Headers with the rows below that belong to them, second headers and units; how many rows these are.

    A header over several columns stands in the first of them, as merged cells do.
    """
    headers, below = list(header), 0
    for row in body[:2]:
        times = [n for n, text in enumerate(headers) if text and is_time_header(text)]
        others = [n for n, cell in enumerate(row) if cell and n not in times]
        blank_times = all(n >= len(row) or not row[n] or is_unit(row[n]) for n in times)
        words = [row[n] for n in others if not re.fullmatch(r"[-+]?[\d.,]+", row[n])]
        if not times or not others or not blank_times or len(words) < len(others):
            break
        if all(is_unit(row[n]) or row[n] in "-/" for n in others):
            for n in others:
                if n < len(headers) and label_and_unit(headers[n])[1] is None and is_unit(row[n]):
                    headers[n] = f"{headers[n]} [{folded(row[n]).strip('[]()')}]"
            below += 1
            continue
        if below or any(TOTALS.match(cell) for cell in row if cell):
            break
        upper = ""
        for n in range(max(len(headers), max(others) + 1)):
            if n == len(headers):
                headers.append("")
            upper = headers[n] or upper
            if n in others:
                headers[n] = f"{upper} {row[n]}".strip() if n not in times else headers[n]
        below += 1
    return headers, below


def _keep_rows(
    table: ExportTable, header: Sequence[str], body: Sequence[list[str]], lines: Sequence[int]
) -> None:
    """The rows of data: without totals, remarks and headers repeated on each page."""
    times = [n for n, text in enumerate(table.headers) if is_time_header(text)]
    totals = repeated = 0
    for row, line in zip(body, lines, strict=True):
        first = next((row[n] for n in times if n < len(row) and row[n]), "")
        if list(row[: len(header)]) == list(header):
            repeated += 1
        elif times and (
            TOTALS.match(first)
            or (not first and any(TOTALS.match(cell) for cell in row[:3]))
            or (sum(map(bool, row)) == 1 and first and not re.search(r"\d", first))
        ):
            totals += 1
        else:
            table.rows.append(row)
            table.lines.append(line)
    table.notes += [ReadingNote("totals", str(totals))] if totals else []
    table.notes += [ReadingNote("repeated_header", str(repeated))] if repeated else []
