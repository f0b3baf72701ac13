"""Bad case files and tariffs: the good case of `small_case` with one place damaged, and what must be said."""

from pathlib import Path
from typing import NamedTuple

from parkdispatch.models.registry import device_kinds
from tests.support.small_case import CASE, Damage, add, replaced, swap


class Bad(NamedTuple):
    """One bad input: a name, how to damage the good case, and what the message must say."""

    id: str
    damages: tuple[Damage, ...]
    words: tuple[str, ...]
    count: int = 1  # of problems
    variant: str | None = None


def cut(start: str, end: str | None, instead: str = "") -> Damage:
    """Take out the case file from one word to another."""

    def damage(folder: Path) -> None:
        head, _, tail = CASE.partition(start)
        kept = "" if end is None else end + tail.partition(end)[2]
        (folder / "case.toml").write_text(head + instead + kept, encoding="utf-8")

    return damage


def case(id_: str, old: str, new: str, *words: str, count: int = 1, variant: str | None = None) -> Bad:
    """One place of the case file written wrongly."""
    return Bad(id_, (swap(old, new),), words, count, variant)


def battery(id_: str, old: str, new: str, *words: str, count: int = 1) -> Bad:
    """A field of the battery."""
    field = next(line.split(" = ")[0] for line in new.split("\n") if line != old)
    return case(id_, old, new, f"`device.battery_1.{field}`", *words, count=count)


def tariff(id_: str, old: str, new: str, *words: str, count: int = 1) -> Bad:
    """One place of the tariff file written wrongly."""
    return Bad(id_, (swap(old, new, "own.toml"),), words, count)


PV_FILE = '"pv.available_mw" = { file = "pv.csv", column = "pv" }\n'
EVERY_MONTH = "months = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]"

FILE = [
    case("toml", "year = 2026", "year = = 2026", "case.toml", "line 10, column 8", "not TOML"),
    case("date that is none", "2026-07-15", "2026-02-30", "case.toml", "line 12", "not TOML", "date"),
    case(
        "key twice", "albedo = 0.2", "albedo = 0.2\nalbedo = 0.3", "line 31", "not TOML", "`albedo` is there"
    ),
    Bad(
        "gbk",
        (replaced("case.toml", CASE.replace("Small", "高安").encode("gbk")),),
        ("line 2", "GBK", "UTF-8"),
    ),
    Bad("empty", (replaced("case.toml", ""),), ("`name` is missing", "`device` is missing"), 5),
    case("unknown key", "eta_charge", "eta_chagre", "battery_1.eta_chagre` = 0.94", "mean `eta_charge`"),
    Bad("unknown table", (add("\n[sites]\nx = 1\n"),), ("`sites` = {x = 1}: no such key", "mean `site`")),
    case("no name", 'name = "small"\n', "", "`name` is missing: must be given"),
    case("empty name", 'name = "small"', 'name = ""', "`name` = '': must not be empty"),
    case("name not text", 'name = "small"', "name = 3", "`name` = 3: must be text"),
    case("name a path", 'name = "small"', 'name = "../x"', "`name` = '../x': must not contain '/'"),
    case("name blank", 'name = "small"', 'name = " "', "`name` = ' ': must not begin or end with a blank"),
    case("escape", '"Small park"', r'"Small \u001b[31mpark"', "`title`: has the control character '\\x1b'"),
    case("null", "[site]", '["si\\u0000te"]', "has the control character '\\x00', must have none"),
    case("dots", "[site]", f"[site]\n{'a.' * 20_000}b = 1", "case.toml: line 6: a key has 64 parts or more"),
    case("brackets", "[site]", f"[site]\na = {'[' * 200_000}", "case.toml: is nested too deep"),
    case("levels", "[site]", f"[site]\na = {'[' * 40}{']' * 40}", "case.toml: `site` is nested too deep"),
    Bad(
        "endless keys",
        (add("".join(f"\nkey_{n} = 1" for n in range(20_000))),),
        ("case.toml: has more than 20000 keys and list entries",),
    ),
    Bad("long file", (add("#" * 5_000_000),), ("case.toml: has 5 MB, must have 4 MB at most",)),
    case("name long", 'name = "small"', f'name = "{"x" * 61}"', "`name` = 'xxx", "at most 60 characters"),
]
CALENDAR = [
    case(
        "plan date outside",
        "= 2026-07-15",
        "= 2027-07-15",
        "calendar.plan_date` = 2027-07-15",
        "`calendar.year` = 2026",
    ),
    case(
        "plan date a number",
        "= 2026-07-15",
        "= 20260715",
        "`calendar.plan_date` = 20260715: must be a date such as",
    ),
    case(
        "plan from a number",
        "= 2026-07-15",
        "= 2026-07-15\nplan_from = 7",
        "`calendar.plan_from` = 7: must be a time such as 19:00",
    ),
    case(
        "plan until a list",
        "= 2026-07-15",
        "= 2026-07-15\nplan_until = [1]",
        "`calendar.plan_until`: must be a time such as 19:00",
    ),
    case(
        "plan date words", "= 2026-07-15", '= "soon"', "`calendar.plan_date` = 'soon': must be a date such as"
    ),
    *(
        case(
            f"minutes {n}",
            "minutes = 15",
            f"minutes = {n}",
            f"`calendar.minutes` = {n}: must be one of 1, 3, 5, 15, 30, 60",
        )
        for n in (0, -15, 2, 4, 6, 7, 20, 90)
    ),
    case("minutes half", "minutes = 15", "minutes = 7.5", "`calendar.minutes` = 7.5: must be a whole number"),
    case(
        "minutes text", "minutes = 15", 'minutes = "15"', "`calendar.minutes` = '15': must be a whole number"
    ),
    case("year", "year = 2026", "year = 26", "`calendar.year` = 26: must be in [1950, 2200]"),
]
SITE = [
    case("latitude", "= 28.3", "= 128.3", "`site.latitude_deg` = 128.3: must be in [-90, 90]"),
    case(
        "west for east",
        "= 115.2",
        "= -115.2",
        "`site.longitude_deg` = -115.2",
        "8.32 h",
        "`timezone`",
        "must be at most",
    ),
    case(
        "timezone",
        "= 115.2",
        '= 115.2\ntimezone = "Beijing"',
        "`site.timezone` = 'Beijing': must be an IANA time zone",
    ),
    case(
        "summer time",
        "longitude_deg = 115.2",
        'longitude_deg = 13.4\ntimezone = "Europe/Berlin"',
        "`site.timezone` = Europe/Berlin: has summer time in 2026",
        "must be a zone without it, such as Etc/GMT-1,",
    ),
    case(
        "summer time in the south",
        "longitude_deg = 115.2",
        'longitude_deg = 138.6\ntimezone = "Australia/Adelaide"',
        "`site.timezone` = Australia/Adelaide: has summer time in 2026",
    ),
]
DEVICES = [
    Bad("no devices", (cut("[device.grid]", None),), ("`device` is missing: must be given",)),
    Bad(
        "no device in it",
        (cut("[device.grid]", None, "[device]\n"),),
        ("`device` = {}: must have at least 1",),
    ),
    case(
        "kind",
        'kind = "grid"',
        'kind = "gird"',
        f"`device.grid.kind` = 'gird': must be one of {', '.join(device_kinds())}",
        "mean `grid`",
    ),
    case(
        "no kind",
        'kind = "grid"\n',
        "",
        f"`device.grid.kind` is missing: must be given, one of {', '.join(device_kinds())}",
    ),
    case(
        "device name",
        "[device.battery_1]",
        '[device."Battery 1"]',
        "device 'Battery 1'",
        "must be a small letter",
    ),
    case("name taken", "[device.battery_1]", "[device.balance]", "`device.balance`", "taken"),
    case("bus", 'kind = "pv"', 'kind = "pv"\nbus = "dc"', "`device.pv.bus` = 'dc'", "must be a bus", ": ac"),
    case(
        "bus of two",
        'kind = "load"',
        'kind = "load"\nbus = "AC"',
        "`device.load.bus` = 'AC'",
        "must be a bus",
    ),
    *(
        case(
            f"bus called {bus}",
            'kind = "load"',
            f'kind = "load"\nbus = "{bus}"',
            "`device.load.bus` = ",
            "must be 1 to 40 letters and digits",
        )
        for bus in ("10/0.4kV", "", " ac", r"a\nc", "x" * 41)
    ),
    battery(
        "a title of two lines",
        "power_mw = 20.0",
        'power_mw = 20.0\ntitle = "phase\\none"',
        "must be one line of printable characters",
    ),
    battery(
        "percent", "eta_charge = 0.94", "eta_charge = 95", "= 95: must be in [0.01, 1]", "not percent: 0.95?"
    ),
    battery(
        "percent health",
        "eta_charge = 0.94",
        "state_of_health = 80",
        "= 80: must be in [0.01, 1]",
        "not percent: 0.8?",
    ),
    battery("no health", "eta_charge = 0.94", "state_of_health = 0.0", "= 0.0: must be in [0.01, 1]"),
    battery("fade", "eta_charge = 0.94", "fade_per_year = -0.1", "= -0.1: must be in [0, 1]"),
    battery("percent soc", "soc_max = 0.9", "soc_max = 90", "= 90: must be in [0, 1]", "not percent: 0.9?"),
    battery("percent text", "eta_charge = 0.94", 'eta_charge = "94%"', "= '94%': must be a number"),
    battery("negative power", "power_mw = 20.0", "power_mw = -20.0", "= -20.0: must be in [0, 100000]"),
    battery("negative energy", "energy_mwh = 40.0", "energy_mwh = -1", "= -1: must be in [0, 1000000]"),
    battery("absurd power", "power_mw = 20.0", "power_mw = 1e100", "= 1e+100: must be in [0, 100000]"),
    battery("absurd energy", "energy_mwh = 40.0", "energy_mwh = 1e15", "must be in [0, 1000000]"),
    battery("absurd efficiency", "eta_charge = 0.94", "eta_charge = 1e-300", "must be in [0.01, 1]"),
    battery("energy nan", "energy_mwh = 40.0", "energy_mwh = nan", "= nan: must be a finite number"),
    battery("energy infinite", "energy_mwh = 40.0", "energy_mwh = inf", "= inf: must be a finite number"),
    battery("number as text", "power_mw = 20.0", 'power_mw = "20"', "= '20': must be a number"),
    battery("number as true", "power_mw = 20.0", "power_mw = true", "= true: must be a number"),
    battery("number as list", "power_mw = 20.0", "power_mw = [20]", "= [20]: must be a number"),
    battery(
        "final above",
        "initial_soc = 0.2",
        "initial_soc = 0.2\nfinal_soc = 0.95",
        "= 0.95",
        "outside",
        "= [0.1, 0.9]",
    ),
    battery(
        "least charge",
        "power_mw = 20.0",
        "power_mw = 20.0\nmin_charge_mw = 25.0",
        "= 25",
        "[0, power_mw] = [0, 20]",
    ),
    battery(
        "least discharge of a size",
        "power_mw = 20.0",
        "min_discharge_mw = 25.0\npower_mw = { max = 20.0, cost_yuan_per_unit = 1.0 }",
        "= 25",
        "[0, power_mw.max] = [0, 20]",
    ),
    battery(
        "negative least charge",
        "power_mw = 20.0",
        "power_mw = 20.0\nmin_charge_mw = -1.0",
        "= -1.0: must be in [0, 100000]",
    ),
    battery(
        "least charge by a digit",
        "power_mw = 20.0",
        "power_mw = 20.0\nmin_charge_mw = 20.000001",
        "= 20.000001 could never be reached: must be in [0, power_mw] = [0, 20]",
    ),
    case(
        "outage with an offset",
        "power_mw = 20.0",
        "power_mw = 20.0\noutages = [{ begin = 2026-07-15T08:00:00Z, end = 2026-07-15T09:00:00 }]",
        "`device.battery_1.outages[0].begin`",
        "must be local time, without an offset or Z",
    ),
    case(
        "outage by numbers",
        "power_mw = 20.0",
        "power_mw = 20.0\noutages = [{ begin = 2026, end = 2026-07-15T09:00:00 }]",
        "`device.battery_1.outages[0].begin` = 2026: must be a date and time such as 2026-07-15 18:00:00",
    ),
    case(
        "window by a digit",
        "soc_min = 0.1\nsoc_max = 0.9",
        "soc_min = 0.90000001\nsoc_max = 0.9",
        "soc_min` = 0.90000001 is above soc_max = 0.9",
    ),
    case(
        "size by a digit",
        "power_mw = 20.0",
        "power_mw = { min = 5.0000001, max = 5, cost_yuan_per_unit = 1 }",
        "min` = 5.0000001 is above max = 5",
    ),
    battery("window", "soc_min = 0.1", "soc_min = 0.95", "= 0.95 is above soc_max = 0.9"),
    case(
        "size",
        "power_mw = 20.0",
        "power_mw = { min = 5, max = 2, cost_yuan_per_unit = 1 }",
        "`device.battery_1.power_mw.min` = 5 is above max = 2",
    ),
    case(
        "module", 'PowerXT_440C_PD"', 'PowerXT_440"', "`device.pv.module`", "not in pvlib", "PowerXT_440C_PD"
    ),
    case("shares", "share = 1.0", "share = 0.9", "`device.pv.areas[0]`", "sum to 0.9: must be 1"),
    case(
        "loss percent",
        "soiling = 0.02",
        "soiling = 2",
        "`device.pv.losses.soiling` = 2: must be in [0, 1)",
        "0.02?",
    ),
    case("limits", "import_limit_mw = 150.0\n", "", "`device.grid`", "must have both `import_limit_mw` and"),
    case(
        "voltage",
        '"110kV"',
        '"35kV"',
        "`device.grid`: `voltage_kv_level` = '35kV'",
        "tariff own: 110kV, 10kV",
    ),
    case(
        "scheme",
        '"110kV"',
        '"10kV"',
        "`scheme` = 'two_part'",
        "two_part_yuan_per_kwh` at 10kV",
        "demand_price",
        count=2,
    ),
    case(
        "contract missing",
        'scheme = "two_part"',
        'scheme = "two_part"\ndemand_election = "contracted"',
        "`device.grid.demand_election` = 'contracted': must have `contracted_demand_mw`",
    ),
    case(
        "contract unused",
        'scheme = "two_part"',
        'scheme = "two_part"\ncontracted_demand_mw = 90',
        "`device.grid.contracted_demand_mw` = 90: must be left out",
    ),
    case(
        "contract true",
        'scheme = "two_part"',
        'scheme = "two_part"\ndemand_election = "contracted"\ncontracted_demand_mw = true',
        "`device.grid.contracted_demand_mw` = true: must be",
    ),
    case(
        "capacity of none",
        'scheme = "two_part"',
        'scheme = "two_part"\ndemand_election = "capacity"',
        "`device.grid.demand_election` = 'capacity': must have `transformers`",
    ),
    case(
        "power factor percent",
        'scheme = "two_part"',
        'scheme = "two_part"\npower_factor = 95',
        "`device.grid.power_factor` = 95: must be in [0.01, 1]",
        "0.95?",
    ),
    case(
        "power factor without a rule",
        'scheme = "two_part"',
        'scheme = "two_part"\npower_factor = 0.95',
        "`device.grid`: `power_factor` = 0.95: tariff own must have a table for it",
    ),
    Bad(
        "no energy and no series",
        (swap("annual_energy_mwh = 700000.0\n", ""), swap('"load.demand_mw" = { file = "load.csv" }\n', "")),
        ('`device.load.annual_energy_mwh` is missing: must be given, or `series."load.demand_mw"`',),
    ),
    case(
        "internal series",
        '"load.demand_mw" =',
        '"grid.quarter_continues" =',
        '`series."grid.quarter_continues"`: must be one of grid.purchase_price_yuan_per_mwh',
    ),
    case("weather missing", PV_FILE, "", "`weather` is missing", "`device.pv` needs it for available_mw"),
]
TARIFF = [
    case(
        "tariff unknown",
        '"own.toml"',
        '"jiangxi"',
        "`tariff` = 'jiangxi': must be one of jiangxi-2026",
        "mean `jiangxi-2026`",
    ),
    case(
        "tariff file", '"own.toml"', '"owm.toml"', "`tariff`: ", "owm.toml: no such file", "mean `own.toml`"
    ),
    case("tariff home", '"own.toml"', '"~nobody-here/own.toml"', "`tariff`: ", "own.toml: no such file"),
    case("tariff long", '"own.toml"', f'"{"x" * 300}.toml"', "`tariff`: ", "too long"),
    case("tariff number", '"own.toml"', "3", "`tariff` = 3: must be text"),
    case("no tariff", 'tariff = "own.toml"\n', "", "`tariff` is missing: must be given"),
    tariff("tariff toml", "[ratios]", "[ratios", "own.toml: line 7", "not TOML"),
    Bad(
        "tariff gap",
        (
            swap(f'{EVERY_MONTH}\nperiod = "peak"', 'months = [1]\nperiod = "peak"', "own.toml"),
            swap(f'{EVERY_MONTH}\nperiod = "valley"', 'months = [2]\nperiod = "valley"', "own.toml"),
        ),
        ("tariff own.toml: `day`: month 3, 4", "has no table"),
    ),
    tariff(
        "tariff hours nobody names",
        'otherwise = "flat"\n',
        "",
        "`day`: month 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12: 00:00-01:00, 06:00-17:00, 22:00-24:00",
        "must be named",
    ),
    tariff(
        "tariff month without a price",
        "purchase_price_yuan_per_kwh = 0.4",
        "purchase_price_yuan_per_kwh = { 1 = 0.4, 12 = 0.5 }",
        "`purchase_price_yuan_per_kwh`",
        "month 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 of the validity has no price",
    ),
    tariff(
        "tariff power factor",
        "[ratios]",
        "[power_factor]\nstandard = 0.9\nsteps = [[1, 0], [0, 1]]\n\n[ratios]",
        "`power_factor.steps`",
        "must have a row [0.9, 0]",
    ),
    tariff(
        "tariff overlap",
        '"01:00-06:00"',
        '"01:00-18:00"',
        "`day[1].hours[0]` = '01:00-18:00' overlaps day[0].hours[0] = '17:00-22:00'",
    ),
    tariff(
        "tariff hours",
        '"01:00-06:00"',
        '"01:00-06:10"',
        "`day[1].hours[0]` = '01:00-06:10': must begin and end on a quarter-hour",
    ),
    tariff("tariff ratio", "peak = 1.6\n", "", "day[0].period` = 'peak' must have its ratio in `ratios`"),
    tariff(
        "tariff absurd price",
        "purchase_price_yuan_per_kwh = 0.4",
        "purchase_price_yuan_per_kwh = 1e308",
        "[0 to 11]` = 1e+308: must be in [-1000, 1000]",
    ),
    tariff(
        "tariff list",
        "purchase_price_yuan_per_kwh = 0.4",
        f"purchase_price_yuan_per_kwh = [5e3, {', '.join(['0.4'] * 9)}, 6e3, 7e3]",
        "`purchase_price_yuan_per_kwh[0, 10 to 11]` = 5000.0, 6000.0, 7000.0: must be in [-1000, 1000]",
    ),
    tariff(
        "tariff texts",
        "purchase_price_yuan_per_kwh = 0.4",
        f"purchase_price_yuan_per_kwh = [{', '.join(repr(str(n)) for n in range(12))}]",
        "`purchase_price_yuan_per_kwh[0 to 11]` = '0', '1', '2', ...: must be a number",
    ),
    tariff(
        "tariff price",
        "= 0.11",
        "= -0.11",
        "`voltages.110kV.two_part_yuan_per_kwh` = -0.11: must be in [0, 1000]",
    ),
    tariff("tariff price true", "= 0.11", "= true", "two_part_yuan_per_kwh` = true: must be a number"),
    tariff(
        "tariff too late",
        "= 2026-01-01",
        "= 2026-08-01",
        "`tariff` = 'own': has no price on 1 of 1 days, 2026-07-15; valid from 2026-08-01 to 2026-12-31",
    ),
    Bad(
        "other year",
        (swap("year = 2026", "year = 2025"), swap("2026-07-15", "2025-07-15")),
        ("`calendar.year` = 2025", "not in force before 2026-01-01", "2026-01-01 to 2026-12-31"),
    ),
    Bad(
        "tariff expired",
        (swap("year = 2026", "year = 2027"), swap("2026-07-15", "2027-07-15")),
        ("`calendar.year` = 2027", "tariff own expired on 2026-12-31"),
    ),
]
VARIANTS = [
    case(
        "variant unknown",
        "[site]",
        "[site]",
        "argument `variant` = larg: must be one of without_storage, large",
        "mean `large`",
        variant="larg",
    ),
    Bad(
        "variant of none",
        (cut("[variant.without", None),),
        ("argument `variant` = x: the case has none",),
        1,
        "x",
    ),
    case(
        "variant field",
        "power_mw = 40.0",
        "power_mw = -40.0",
        "`variant.large.device.battery_1.power_mw` = -40.0: must be in [0, 100000]",
        variant="large",
    ),
    case(
        "variant key",
        "power_mw = 40.0",
        "powr_mw = 40.0",
        "`variant.large.device.battery_1.powr_mw`",
        "mean `power_mw`",
        variant="large",
    ),
    case(
        "variant device",
        "large.device.battery_1",
        "large.device.battery_2",
        "`variant.large.device.battery_2.kind` is missing",
        variant="large",
    ),
    case(
        "variant removes",
        '["battery_1"]',
        '["battery_3"]',
        "`variant.without_storage.remove` = battery_3: must be names of devices: grid",
        "mean `battery_1`",
        variant="without_storage",
    ),
    case(
        "variant removes text",
        '["battery_1"]',
        '"battery_1"',
        "`variant.without_storage.remove` = 'battery_1': must be a list",
        variant="without_storage",
    ),
    case(
        "variant removes list",
        '["battery_1"]',
        '[["battery_1"]]',
        "`variant.without_storage.remove`",
        "must be names of devices",
        variant="without_storage",
    ),
    Bad(
        "variant is no table",
        (
            cut("[variant.without", None),
            lambda f: replaced("case.toml", "variant = 3\n" + (f / "case.toml").read_text())(f),
        ),
        ("`variant` = 3: must be tables",),
        1,
        "x",
    ),
]

ALL = [*FILE, *CALENDAR, *SITE, *DEVICES, *TARIFF, *VARIANTS]
