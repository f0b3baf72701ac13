"""Bad series and weather files: good ones of `small_case` with one place damaged, and what must be said."""

import os
import re

from tests.support.bad_inputs import PV_FILE, Bad, case
from tests.support.paths import ROOT
from tests.support.small_case import FILES, Damage, add, gone, load_mw, replaced, row, series, swap


def cell(id_: str, text: str, *words: str) -> Bad:
    """One value in the load file."""
    return Bad(id_, (row("load.csv", 5, f"2026-07-15 00:45,{text}"),), ("load.csv row 5: ", *words))


def time(id_: str, text: str, *words: str) -> Bad:
    """One time in the load file."""
    said = f"load.csv row 6: time = {text or 'missing'}: must be like 2026-01-31 13:45, as the other rows"
    return Bad(id_, (row("load.csv", 6, f"{text},100"),), (said, *words))


def table(id_: str, content: str | bytes, *words: str, count: int = 1) -> Bad:
    """Another load file altogether."""
    return Bad(id_, (replaced("load.csv", content),), ("load.csv", *words), count)


LOAD = FILES["load.csv"]

SERIES = [
    case(
        "series of no device",
        '"load.demand_mw"',
        '"kiln.demand_mw"',
        '`series."kiln.demand_mw"`: the case has no such device, must have a table [device.kiln] with kind ='
        ' "load", or be load.demand_mw',
    ),
    case(
        "series of a battery",
        '"load.demand_mw"',
        '"battery_1.demand_mw"',
        '`series."battery_1.demand_mw"`: must be left out, because `device.battery_1` has no series',
    ),
    case(
        "series of the calendar",
        '"load.demand_mw"',
        '"grid.quarter_continues"',
        '`series."grid.quarter_continues"`: must be one of grid.purchase_price_yuan_per_mwh,',
    ),
    time("time on no day", "2026-02-30 01:00", "; on a day that the calendar has"),
    table("series mark alone", "\ufeff", "load.csv: is empty"),
    table(
        "series without a header",
        LOAD.partition("\n")[2],
        "load.csv: the first row is no header; columns found",
    ),
    cell("cell beyond all use", "9" * 500 + "x", f"load [MW] = {'9' * 37}...: must be a number"),
    cell("cell that steers", "\x1b[31m9", "load [MW] = ?[31m9: must be a number"),
    case(
        "series key",
        '"load.demand_mw"',
        '"load.demand"',
        '`series."load.demand"`: must be one of',
        "mean `load.demand_mw`",
    ),
    case(
        "series text",
        '{ file = "load.csv" }',
        '"load.csv"',
        "`series.\"load.demand_mw\"` = 'load.csv': must be a table",
    ),
    case(
        "series no file",
        '{ file = "load.csv" }',
        '{ file = "" }',
        "`series.\"load.demand_mw\".file` = '': must not be empty",
    ),
    case("series long", '"load.csv"', f'"{"x" * 300}.csv"', '`series."load.demand_mw".file`: ', "too long"),
    case("series null", '"load.csv"', '"a\\u0000b.csv"', "has the control character '\\x00'"),
    case(
        "which column",
        ', column = "pv"',
        "",
        "pv.csv: must have one column beside the time",
        "pv [MW], air [degC]",
    ),
    case(
        "column unknown",
        'column = "pv"',
        'column = "vp"',
        "pv.csv: no column 'vp': must be one of pv [MW], air [degC]",
    ),
    Bad(
        "dangling link",
        (gone("load.csv"), lambda f: (f / "load.csv").symlink_to("lost.csv")),
        ("load.csv: is a link to lost.csv, which must be there",),
    ),
    Bad(
        "no column to choose from",
        (replaced("pv.csv", "time\n2026-07-15 00:00\n"),),
        ("pv.csv: no column 'pv': must have one beside the time",),
    ),
    Bad(
        "a pipe",
        (gone("load.csv"), lambda f: os.mkfifo(f / "load.csv")),
        ("load.csv: is no regular file, must be a file",),
    ),
    case("a device", '"load.csv"', '"/dev/zero"', "= '/dev/zero': lies outside the folder of"),
    Bad("missing file", (gone("load.csv"),), ('`series."load.demand_mw".file`: ', "load.csv: no such file")),
    Bad(
        "a folder",
        (gone("load.csv"), lambda f: (f / "load.csv").mkdir()),
        ("load.csv: is a directory, must be a file",),
    ),
    table("file empty", "", ": is empty"),
    table("blank lines", "\n \n", ": is empty"),
    table("header only", "time,load [MW]\n", ": has no rows below its header"),
    table("no time", LOAD.replace("time", "when"), ": no column 'time'; columns found: when, load [MW]"),
    table(
        "header twice",
        "time,load [MW],load [MW]\n2026-07-15 00:00,1,2\n",
        "2 columns have the header 'load [MW]': must be one",
    ),
    table("no unit", LOAD.replace(" [MW]", ""), "column 'load': no unit: must be one of [mw], [kw]"),
    table("workbook", b"PK\x03\x04" + bytes(range(256)), ": cannot be read as a workbook: BadZipFile"),
    table("old workbook", b"\xd0\xcf\x11\xe0" + bytes(300), "of the old format .xls, or one with a password"),
    table("binary", bytes(range(256)), "neither UTF-8 nor GBK"),
    table("utf-16 without mark", LOAD.encode("utf-16-le"), "neither UTF-8 nor GBK"),
    table("endless cell", LOAD + "1" * 200_000, "row 194: has 100000 characters or more, must have fewer"),
    table("web page", "<html>" + "x" * 300, ": is a web page, as some systems export one"),
    table(
        "decimal comma",
        LOAD.replace(".", ","),
        "row 2: cells = 3: must be 2, as in the header; write decimals with a point",
        "189 more rows",
        count=4,
    ),
    table(
        "decimal comma in semicolons",
        LOAD.replace(",", ";").replace(".", ","),
        "column 'load [MW]': 105,000 may be 105.000 or 105000: must be told apart; write decimals with"
        " a point",
    ),
    table(
        "beside the grid",
        re.sub(r":(\d)([05]),", lambda m: f":{m[1]}{int(m[2]) + 3},", LOAD),
        ": covers 2026-07-15 00:03 to 2026-07-17 00:03: must cover 2026-07-15 00:00",
    ),
    Bad(
        "other days",
        (swap("= 2026-07-15", "= 2026-07-17"),),
        (
            "load.csv: covers 2026-07-15 00:00 to 2026-07-17 00:00: must cover 2026-07-17 00:00 to",
            "96 of these 96",
            "pv.csv: covers",
        ),
        2,
    ),
    Bad(
        "part of the day",
        (row("load.csv", 2, None),),
        (
            "load.csv: stamps from 2026-07-15 00:15 to 2026-07-16 23:45 may be starts or ends of their"
            " intervals:"
            " `stamps` must say which, start or end",
        ),
    ),
    Bad(
        "row missing",
        (row("load.csv", 6, None),),
        ("load.csv row 6: time = 2026-07-15 01:15: rows are missing before it: the step must be 15 minutes",),
    ),
    Bad(
        "time twice",
        (row("load.csv", 6, "2026-07-15 00:45,100"),),
        ("load.csv row 6: time = 2026-07-15 00:45: is there twice: must be", "row 7"),
        2,
    ),
    Bad(
        "early",
        (row("load.csv", 6, "2026-07-15 00:59,100"),),
        ("load.csv row 6: time = 2026-07-15 00:59: comes too early", "row 7"),
        2,
    ),
    Bad(
        "swapped",
        (row("load.csv", 6, "2026-07-15 01:15,1"), row("load.csv", 7, "2026-07-15 01:00,1")),
        ("load.csv row 7: time = 2026-07-15 01:00: lies before the row above it: times must rise",),
        3,
    ),
    cell("blank cell", "", "load [MW] = missing: must be a number from 0 to 100000 MW"),
    cell("text cell", "n/a", "load [MW] = n/a: must be a number from 0 to 100000 MW"),
    cell("not a number", "nan", "load [MW] = nan: must be a number from 0 to 100000 MW"),
    cell("negative", "-5", "load [MW] = -5: must be a number from 0 to 100000 MW"),
    cell("infinite", "inf", "load [MW] = inf: must be a number from 0 to 100000 MW"),
    cell("too large", "1e400", "load [MW] = 1e400: must be a number from 0 to 100000 MW"),
    cell("absurd", "1e300", "load [MW] = 1e300: must be a number from 0 to 100000 MW"),
    cell("unit in the cell", "90MW", "load [MW] = 90MW: must be a number from 0 to 100000 MW"),
    cell("one comma", "1,5", "cells = 3: must be 2, as in the header", "write decimals with a point"),
    time("words", "soon"),
    time("no such day", "2026-02-30 00:00"),
    time("year of none", "0000-07-15 01:00"),
    time("year far away", "9999-07-15 01:00"),
    time("german date", "15.07.2026 01:00"),
    time("seconds", "2026-07-15 01:00:30"),
    time("blank time", ""),
    time("utc", "2026-07-15T01:00:00Z"),
    time("offset", "2026-07-15 01:00+08:00"),
    Bad(
        "end of a day among starts",
        (row("load.csv", 6, "2026-07-15 24:00,100"),),
        (
            "load.csv: stamps from 2026-07-15 00:00 to 2026-07-16 23:45 may be starts or ends",
            "row 6",
            "row 7",
        ),
        3,
    ),
]

PV = FILES["pv.csv"]
SERIES += [
    Bad(
        "sun beyond the plant",
        (replaced("pv.csv", PV.replace("pv [MW]", "pv [GW]")),),
        (
            "`pv.available_mw` = ",
            "must be 60 MW or less, ",
            "which modules and inverters can give (in MW, not kW)",
        ),
    ),
    Bad(
        "sun at midnight",
        (row("pv.csv", 2, "2026-07-15 00:00,5,30"),),
        (
            "`pv.available_mw` = 5 at 2026-07-15 00:00: must be 0.06 MW or less",
            "the sun is below the horizon",
            "; 1 such",
        ),
    ),
]

HEADER = "time,ghi [W/m2],temp_air [degC],wind_speed [m/s]"
WEATHER = series(HEADER, lambda hour: 600.0 * (6 < hour < 18), lambda _: 30.0, lambda _: 2.0)
WITH_WEATHER = (swap(PV_FILE, ""), add('\n[weather]\nfile = "w.csv"\n'), replaced("w.csv", WEATHER))
PARK = (ROOT / "inputs" / "parks" / "gaoan" / "case.toml").read_text(encoding="utf-8")
CLIMATE = "\n[weather]" + PARK.partition("[weather]")[2].partition("\n[device")[0]


def weather(id_: str, *damages: Damage, words: tuple[str, ...], count: int = 1) -> Bad:
    """The weather file damaged."""
    return Bad(id_, (*WITH_WEATHER, *damages), words, count)


def climate(id_: str, old: str, new: str, *words: str, count: int = 1) -> Bad:
    """The climate's statistics damaged."""
    assert CLIMATE.count(old) == 1
    return Bad(id_, (swap(PV_FILE, ""), add(CLIMATE.replace(old, new))), words, count)


SKY = [
    weather("weather file missing", gone("w.csv"), words=("`weather.file`: ", "w.csv: no such file")),
    weather(
        "weather misspelt",
        swap('file = "w.csv"', 'fil = "w.csv"'),
        words=("`weather.file` is missing", "`weather.fil` = 'w.csv'", "mean `file`"),
        count=2,
    ),
    weather(
        "weather columns",
        swap("temp_air", "tmep", "w.csv"),
        words=("w.csv: no column 'temp_air'; write for example temp_air [degC]",),
    ),
    weather(
        "weather unit",
        swap("[W/m2]", "[lux]", "w.csv"),
        words=("w.csv: column 'ghi [lux]': unknown unit 'lux': must be [w/m2",),
    ),
    weather(
        "weather doubled",
        swap("temp_air [degC]", "总辐射 [W/m2]", "w.csv"),
        words=("columns 'ghi [W/m2]' and '总辐射 [W/m2]': ghi must be one", "no column 'temp_air'"),
        count=2,
    ),
    weather(
        "weather cell",
        row("w.csv", 5, "2026-07-15 00:45,-1,99,x"),
        words=("w.csv row 5: ghi = -1: must be 0 to 1500 W/m2", "temp_air = 99", "wind_speed = x"),
        count=3,
    ),
    weather(
        "weather end of the day",
        row("w.csv", 5, "2026-07-15 24:00,1,9,1"),
        words=("w.csv row 5: time = 2026-07-15 24:00: must be like", "00:00 of the next day"),
    ),
    weather(
        "weather elsewhere",
        replaced("w.csv", WEATHER.replace("-07-", "-06-")),
        words=("w.csv: covers 2026-06-15 00:00:00", "must cover 2026-07-15 00:00:00"),
    ),
    weather(
        "weather in five minutes",
        swap("minutes = 15", "minutes = 5"),
        replaced("load.csv", series("time,load [MW]", load_mw, minutes=5)),
        words=("`calendar.minutes` = 5: must be 15, 30 or 60", "`weather.file`"),
    ),
    climate("climate short", "[3.4, 5.0,", "[5.0,", "`weather.temp_min_c`", "at least 12 entries, not 11"),
    climate("climate order", "[3.4, 5.0,", "[33.4, 5.0,", "`weather`: month 1: temp_min <= mean <= max"),
    climate(
        "climate key",
        "annual_ghi_mj_per_m2",
        "annual_ghi",
        "`weather.annual_ghi_mj_per_m2` is missing",
        "`weather.annual_ghi` = 4629.92: no such key",
        count=2,
    ),
    climate(
        "climate too bright",
        "4629.92",
        "9629.92",
        "`weather.daily_ghi_wh_per_m2`, month 12: 1.19667905 times what",
        count=10,
    ),
]

ALL = [*SERIES, *SKY]
