"""Exports as systems and people make them of the same day: the truth, and twenty-odd ways of writing it.

The day is 2026-07-15 in quarter-hours; the truth is a load in MW by the starts of its intervals. Each export
is a file name and its content.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta, timezone

import numpy as np
import openpyxl
import pandas as pd

STARTS = pd.date_range("2026-07-15", periods=96, freq="15min")
ENDS = STARTS + pd.Timedelta(minutes=15)
LOAD_MW = np.round(80 + 30 * np.sin(np.arange(96) / 96 * 2 * np.pi - 1.5) + (np.arange(96) % 7) / 8, 3)
HOURLY_MW = np.round(LOAD_MW.reshape(24, 4).mean(axis=1), 4)
EXPORTS: dict[str, Callable[[], tuple[str, bytes]]] = {}

Row = Sequence[object]


def export(build: Callable[[], tuple[str, bytes]]) -> Callable[[], tuple[str, bytes]]:
    """Keep an export by its name."""
    EXPORTS[build.__name__] = build
    return build


def text(rows: Iterable[Row], separator: str = ",", ending: str = "\r\n") -> str:
    """Rows as lines of text; cells that hold the separator in quotes."""
    return "".join(
        separator.join(f'"{cell}"' if separator in str(cell) else str(cell) for cell in row) + ending
        for row in rows
    )


def workbook(**sheets: Iterable[Row]) -> bytes:
    """A workbook of sheets with typed cells."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@export
def ems_gbk_with_titles() -> tuple[str, bytes]:
    """A Chinese EMS: titles above the header, several quantities, GBK, ends at 24:00, a row of totals."""
    rows: list[Row] = [["高安园区能量管理系统 负荷曲线报表"], ["导出时间:2026/7/16 8:03", "操作员:张三"], []]
    rows.append(["时间", "总负荷(MW)", "光伏出力(MW)", "电压(kV)"])
    stamps = [f"2026/7/15 {t.hour}:{t:%M}" for t in ENDS[:-1]] + ["2026/7/15 24:00"]
    rows += [[stamp, mw, 0, 35.2] for stamp, mw in zip(stamps, LOAD_MW, strict=True)]
    rows += [["合计", LOAD_MW.sum(), 0, ""], ["制表:李四", "审核:王五"]]
    return "ems.csv#总负荷", text(rows).encode("gbk")


@export
def d5000_points_in_a_row() -> tuple[str, bytes]:
    """A dispatch system: 96 points in a row from 00:15 to 24:00, a row for each quantity."""
    labels = [f"{t:%H:%M}" for t in ENDS[:-1]] + ["24:00"]
    rows = [["日期", "名称", "单位", *labels], ["2026-07-15", "全网用电负荷", "MW", *LOAD_MW]]
    rows.append(["2026-07-15", "光伏总出力", "MW", *([0] * 96)])
    return "d5000.csv#全网用电负荷", text(rows).encode("gbk")


@export
def numbered_points_without_a_date() -> tuple[str, bytes]:
    """One row of points P1 to P96, its day in the title, in ten thousand kilowatts."""
    title = [["日负荷曲线", "日期:2026-07-15", "单位:万千瓦"]]
    rows = [["名称", *[f"P{n}" for n in range(1, 97)]], ["负荷", *np.round(LOAD_MW / 10, 4)]]
    return "curve.csv", text([*title, *rows]).encode("utf-8-sig")


@export
def pi_export() -> tuple[str, bytes]:
    """PI DataLink: tags as headers without units, English month words, tab separated."""
    rows: list[Row] = [["Timestamp", "GAOAN:LOAD.P", "GAOAN:PV.P"]]
    rows += [[f"{t:%d-%b-%Y %H:%M:%S}", mw, 0] for t, mw in zip(STARTS, LOAD_MW, strict=True)]
    return "pi.txt#GAOAN:LOAD.P [MW]", text(rows, "\t").encode()


@export
def scada_with_quality() -> tuple[str, bytes]:
    """A SCADA: a quality beside each value, newest first."""
    rows = [[f"{t:%Y-%m-%d %H:%M:%S}", mw, "Good", 0, "Good"] for t, mw in zip(STARTS, LOAD_MW, strict=True)]
    return "scada.csv#Load (MW)", text(
        [["Time", "Load (MW)", "Quality", "PV (MW)", "Quality"], *rows[::-1]]
    ).encode()


@export
def meter_energy_of_each_interval() -> tuple[str, bytes]:
    """A meter: kWh of each quarter-hour, the last of the day written 0:00 of the same day."""
    stamps = [f"15/07/2026 {t.hour}:{t:%M}" for t in ENDS[:-1]] + ["15/07/2026 0:00"]
    rows = [[stamp, f"{mw * 250:.2f}"] for stamp, mw in zip(stamps, LOAD_MW, strict=True)]
    return "meter.csv", text([["date", "usage_kwh"], *rows]).encode()


@export
def excel_typed_cells() -> tuple[str, bytes]:
    """A workbook with dates as Excel has them, a sheet of remarks and one of data."""
    rows: list[Row] = [["时间", "负荷(MW)", "光伏(MW)"]]
    rows += [[t.to_pydatetime(), float(mw), 0.0] for t, mw in zip(STARTS, LOAD_MW, strict=True)]
    return "ems.xlsx#负荷(MW)", workbook(说明=[["由能量管理系统导出"]], 数据=rows)


@export
def excel_date_and_time_apart() -> tuple[str, bytes]:
    """A workbook with date and time in two columns, the date in a merged cell, two sheets of data."""
    rows: list[Row] = [["日期", "时间", "负荷(kW)"]]
    for n, (start, mw) in enumerate(zip(STARTS, LOAD_MW, strict=True)):
        day = datetime(2026, 7, 15) if n == 0 else None
        rows.append([day, time(start.hour, start.minute), float(mw) * 1000])
    pv = [["时间", "光伏(MW)"], [datetime(2026, 7, 15), 0.0]]
    return "two.xlsx#Sheet2!负荷", workbook(Sheet1=pv, Sheet2=rows)


@export
def excel_serial_days_in_text() -> tuple[str, bytes]:
    """A CSV made of a workbook whose times had no format."""
    serial = (STARTS - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)
    rows = [[f"{day:.9f}", mw] for day, mw in zip(serial, LOAD_MW, strict=True)]
    return "serial.csv", text([["time", "load [MW]"], *rows]).encode()


@export
def merged_header() -> tuple[str, bytes]:
    """A header in two rows: the feeder over its quantities, as merged cells leave it."""
    rows: list[Row] = [
        ["时间", "1#主变", None, "2#主变", None],
        [None, "有功(MW)", "无功(Mvar)", "有功(MW)", "无功(Mvar)"],
    ]
    rows += [[t.to_pydatetime(), float(mw), 1.0, 2.0, 1.0] for t, mw in zip(STARTS, LOAD_MW, strict=True)]
    return "merged.xlsx#1#主变 有功(MW)", workbook(Sheet1=rows)


@export
def units_in_a_row_of_their_own() -> tuple[str, bytes]:
    """Units below the header, a byte-order mark, full-width brackets elsewhere."""
    rows: list[Row] = [["时间", "负荷", "频率"], ["", "（kW）", "Hz"]]
    rows += [[f"{t:%Y-%m-%d %H:%M}", f"{mw * 1000:.0f}", 50] for t, mw in zip(STARTS, LOAD_MW, strict=True)]
    return "units.csv#负荷", text(rows).encode("utf-8-sig")


@export
def german() -> tuple[str, bytes]:
    """Semicolons, decimal comma, points of thousands, dotted dates."""
    numbers = [f"{mw * 1000:,.1f}".replace(",", "x").replace(".", ",").replace("x", ".") for mw in LOAD_MW]
    rows = [[f"{t:%d.%m.%Y %H:%M}", number] for t, number in zip(STARTS, numbers, strict=True)]
    return "lastgang.csv", text([["Time", "Last [kW]"], *rows], ";").encode()


@export
def thousands_in_quotes() -> tuple[str, bytes]:
    """Numbers as Excel shows them, separators of thousands in quotes, dates as Excel shows them, am and
    pm."""
    rows = [
        [f"{t.month}/{t.day}/{t.year} {t:%I:%M %p}", f"{mw * 1000:,.1f}"]
        for t, mw in zip(STARTS, LOAD_MW, strict=True)
    ]
    return "us.csv", text([["Date/Time", "Load (kW)"], *rows]).encode()


@export
def full_width() -> tuple[str, bytes]:
    """Digits, colons and brackets of full width, as an input method leaves them."""
    wide = {ord(a): chr(ord(a) + 0xFEE0) for a in "0123456789:().-"}
    rows = [
        [f"{t:%Y年%m月%d日 %H:%M}".translate(wide), f"{mw}".translate(wide)]
        for t, mw in zip(STARTS, LOAD_MW, strict=True)
    ]
    return "fw.csv#负荷(MW)", text([["时间", "负荷（ＭＷ）"], *rows]).encode("gbk")


@export
def utc_with_offsets() -> tuple[str, bytes]:
    """A cloud service: ISO stamps in UTC, of the day of the site and the hours around it."""
    times = pd.date_range("2026-07-14 12:00", "2026-07-16 04:00", freq="15min", inclusive="left")
    values = pd.Series(LOAD_MW, index=STARTS).reindex(times, fill_value=1.0)
    rows = [
        [f"{t - pd.Timedelta(hours=8):%Y-%m-%dT%H:%M:%SZ}", mw] for t, mw in zip(times, values, strict=True)
    ]
    return "cloud.csv", text([["time", "load [MW]"], *rows]).encode()


@export
def offsets_across_a_change_of_clocks() -> tuple[str, bytes]:
    """A European service whose offset changes within the file: instants all the same."""
    times = pd.date_range("2026-07-14 12:00", "2026-07-16 04:00", freq="15min", inclusive="left")
    values = pd.Series(LOAD_MW, index=STARTS).reindex(times, fill_value=1.0)
    rows = []
    for n, (stamp, mw) in enumerate(zip(times, values, strict=True)):
        zone = timezone(timedelta(hours=2 if n < 80 else 1))
        rows.append(
            [
                (stamp - pd.Timedelta(hours=8))
                .to_pydatetime()
                .replace(tzinfo=UTC)
                .astimezone(zone)
                .isoformat(),
                mw,
            ]
        )
    return "dst.csv", text([["timestamp", "load [MW]"], *rows]).encode()


@export
def time_of_day_alone() -> tuple[str, bytes]:
    """Times without a date: the day is that of the plan."""
    rows = [[f"{t:%H:%M}", mw] for t, mw in zip(STARTS, LOAD_MW, strict=True)]
    return "today.csv", text([["时刻", "负荷(MW)"], *rows]).encode("gbk")


@export
def intervals_written_as_ranges() -> tuple[str, bytes]:
    """Settlement data: each interval with start and end, numbered, MWh of each."""
    rows = [
        [n + 1, "2026-07-15", f"{start:%H:%M}-{'24:00' if n == 95 else f'{end:%H:%M}'}", f"{mw / 4:.6f}"]
        for n, (start, end, mw) in enumerate(zip(STARTS, ENDS, LOAD_MW, strict=True))
    ]
    return "settle.csv#电量", text([["序号", "日期", "时段", "电量(MWh)"], *rows]).encode("gbk")


@export
def pages_with_repeated_headers() -> tuple[str, bytes]:
    """A report printed in pages: the header and a subtotal on each."""
    header: Row = ["时间", "负荷(MW)"]
    rows: list[Row] = []
    for page in range(4):
        rows.append(header)
        part = range(24 * page, 24 * page + 24)
        rows += [[f"{STARTS[n]:%Y-%m-%d %H:%M}", LOAD_MW[n]] for n in part]
        rows.append(["小计", sum(LOAD_MW[n] for n in part)])
    return "pages.csv", text([*rows, ["总计", LOAD_MW.sum()]]).encode("gbk")


@export
def ends_as_seconds_before_midnight() -> tuple[str, bytes]:
    """Compact stamps, tabs, UTF-16 as Excel's Unicode text, the last of the day at 23:59:59."""
    stamps = [f"{t:%Y%m%d %H:%M:%S}" for t in ENDS[:-1]] + ["20260715 23:59:59"]
    rows = [[stamp, mw] for stamp, mw in zip(stamps, LOAD_MW, strict=True)]
    return "unicode.txt", text([["数据时间", "负荷[MW]"], *rows], "\t").encode("utf-16")


@export
def five_minutes() -> tuple[str, bytes]:
    """A SCADA in five minutes for a case of quarter-hours: the mean of three is the truth."""
    times = pd.date_range("2026-07-15", periods=288, freq="5min")
    rows = [
        [f"{t:%Y-%m-%d %H:%M}", f"{LOAD_MW[n // 3] + (-0.5, 0.0, 0.5)[n % 3]:.4f}"]
        for n, t in enumerate(times)
    ]
    return "scada5.csv", text([["time", "load [MW]"], *rows]).encode()


def refused() -> dict[str, tuple[str, bytes, str]]:
    """Exports that nobody can read for sure: the file, its content, and what must be said of it."""
    plain = [[f"{t:%Y-%m-%d %H:%M}", mw] for t, mw in zip(STARTS, LOAD_MW, strict=True)]
    register = np.round(1_234_000 + np.cumsum(LOAD_MW * 250 / 1200), 2)
    header: Row = ["time", "load [MW]"]
    both_ends = [*plain, ["2026-07-16 00:00", 90.0]]
    slashes = [[f"{t:%H:%M}".join(["06/07/2026 ", ""]), mw] for t, mw in zip(STARTS, LOAD_MW, strict=True)]
    commas = [
        [f"{t:%Y-%m-%d %H:%M}", f"{mw:.3f}".replace(".", ",")] for t, mw in zip(STARTS, LOAD_MW, strict=True)
    ]
    codes = [[*row, n % 2] for n, row in enumerate(plain)]
    points = [["日期", *[f"{t:%H:%M}" for t in STARTS], "24:00"], ["2026-07-15", *LOAD_MW, 90]]
    return {
        "register": (
            "meter.csv",
            text(
                [["time", "正向有功总(kWh)"], *([row[0], n] for row, n in zip(plain, register, strict=True))]
            ).encode("gbk"),
            "holds readings of a register (1234010.43 to",
        ),
        "both ends of the day": ("both.csv", text([header, *both_ends]).encode(), "may be starts or ends"),
        "day and month": ("slash.csv", text([header, *slashes]).encode(), "day and month cannot be told"
        " apart"),
        "comma of what": ("comma.csv", text([header, *commas], ";").encode(), "may be 50.075 or 50075"),
        "no unit": ("unit.csv", text([["time",
        "load"], *plain]).encode(), "no unit: must be one of [mw], [kw]"),
        "apparent power": ("kva.csv", text([["time", "S [kVA]"], *plain]).encode(), "unknown unit 'kVA'"),
        "which column": (
            "two.csv",
            text([["time", "a [MW]", "b [MW]"], *([*row, 1] for row in plain)]).encode(),
            "must have one column beside the time, or `column` must name one; found: a [MW], b [MW]",
        ),
        "which sheet": (
            "sheets.xlsx",
            workbook(甲=[header, *plain], 乙=[header, *plain]),
            "has 2 sheets with a table, 甲, 乙: one must be named, as in `sheets.xlsx#甲!COLUMN`",
        ),
        "codes of quality": (
            "q.csv",
            text([[*header, "quality"], *codes]).encode(),
            "quality 0, 1 is not known to be good or bad",
        ),
        "97 points": (
            "wide.csv",
            text([["名称", *points[0][1:]], ["负荷[MW]", *points[1][1:]]]).encode(),
            "97 points",
        ),
        "twice": ("twice.csv", text([header, *plain[:5], *plain[4:]]).encode(), "is there twice"),
        "old workbook": ("old.xls", b"\xd0\xcf\x11\xe0" + bytes(600), "of the old format .xls"),
        "web page": ("page.xls", b"<html><table><tr><td>1</td></tr></table></html>", "is a web page"),
    }  # fmt: skip
