"""A good case of two days in files of its own, to be damaged one place at a time."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

CASE = """\
name = "small"
title = "Small park"
tariff = "own.toml"

[site]
latitude_deg = 28.3
longitude_deg = 115.2

[calendar]
year = 2026
minutes = 15
plan_date = 2026-07-15

[device.grid]
kind = "grid"
voltage_kv_level = "110kV"
scheme = "two_part"
import_limit_mw = 150.0
export_limit_mw = 40.0
sale_price_yuan_per_kwh = 0.3

[device.load]
kind = "load"
annual_energy_mwh = 700000.0

[device.pv]
kind = "pv"
module = "Solaria_Corporation_Solaria_PowerXT_440C_PD"
module_wp = 440.0
albedo = 0.2

[device.pv.losses]
soiling = 0.02

[[device.pv.areas]]
name = "roof"
modules = 160000
generating_units = 1
inverter = "Sungrow_Power_Supply_Co___Ltd___SG60KU_M"
inverters = 1000
faces = [{ tilt_deg = 5.7, azimuth_deg = 180.0, share = 1.0 }]

[device.battery_1]
kind = "battery"
power_mw = 20.0
energy_mwh = 40.0
soc_min = 0.1
soc_max = 0.9
initial_soc = 0.2
eta_charge = 0.94

[series]
"load.demand_mw" = { file = "load.csv" }
"pv.available_mw" = { file = "pv.csv", column = "pv" }

[variant.without_storage]
remove = ["battery_1"]

[variant.large.device.battery_1]
power_mw = 40.0
energy_mwh = 80.0
"""

TARIFF = """\
name = "own"
valid_from = 2026-01-01
valid_to = 2026-12-31
purchase_price_yuan_per_kwh = 0.4
otherwise = "flat"

[ratios]
peak = 1.6
flat = 1.0
valley = 0.4

[voltages."110kV"]
two_part_yuan_per_kwh = 0.11
single_part_yuan_per_kwh = 0.13
demand_price_yuan_per_kw_month = 39.1

[voltages."10kV"]
single_part_yuan_per_kwh = 0.17

[[day]]
months = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
period = "peak"
hours = ["17:00-22:00"]

[[day]]
months = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
period = "valley"
hours = ["01:00-06:00"]
"""

DAYS = 2
START = datetime(2026, 7, 15)
Damage = Callable[[Path], object]


def series(header: str, *power_mw: Callable[[float], float], minutes: int = 15) -> str:
    """A CSV of two days, its columns from daily shapes [MW] of the hour."""
    rows = [header]
    for n in range(DAYS * 24 * 60 // minutes):
        time = START + timedelta(minutes=n * minutes)
        cells = [f"{power(time.hour + time.minute / 60):.3f}" for power in power_mw]
        rows.append(",".join([f"{time:%Y-%m-%d %H:%M}", *cells]))
    return "\n".join(rows) + "\n"


def load_mw(hour: float) -> float:
    """Demand [MW], highest at 20:00."""
    return 90.0 + 30.0 * math.cos((hour - 20.0) * math.pi / 12.0)


def pv_mw(hour: float) -> float:
    """Sun [MW], highest at noon."""
    return max(0.0, 60.0 * math.cos((hour - 12.0) * math.pi / 12.0))


FILES: Mapping[str, str] = {
    "case.toml": CASE,
    "own.toml": TARIFF,
    "load.csv": series("time,load [MW]", load_mw),
    "pv.csv": series("time,pv [MW],air [degC]", pv_mw, lambda _: 30.0),
}


def write_case(folder: Path, *damages: Damage) -> Path:
    """The good case in that folder, with the damages done to it; the path of its case file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    for damage in damages:
        damage(folder)
    return folder / "case.toml"


def swap(old: str, new: str, file: str = "case.toml") -> Damage:
    """Replace what must stand there exactly once."""

    def damage(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")

    return damage


def add(text: str, file: str = "case.toml") -> Damage:
    """Write more at the end."""

    def damage(folder: Path) -> None:
        with (folder / file).open("a", encoding="utf-8") as stream:
            stream.write(text)

    return damage


def replaced(file: str, content: str | bytes) -> Damage:
    """Another content altogether."""

    def damage(folder: Path) -> None:
        raw = content.encode() if isinstance(content, str) else content
        (folder / file).write_bytes(raw)

    return damage


def row(file: str, line: int, text: str | None) -> Damage:
    """Another row, `line` as an editor counts, the header being 1; none takes it out."""

    def damage(folder: Path) -> None:
        lines = (folder / file).read_text(encoding="utf-8").splitlines()
        lines[line - 1 : line] = [] if text is None else [text]
        (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")

    return damage


def gone(file: str) -> Damage:
    """No such file."""
    return lambda folder: (folder / file).unlink()
