"""Answers that other tools publish, computed by `parkdispatch year` and `parkdispatch plan` from case files.

`python docs/examples/published_answers.py` writes each case into a temporary folder, types its command and
prints a table. No case has code of its own: all of it is in the files that are written here. With the name of
a folder behind it the files are kept there, and each command is printed, to be typed again by hand.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

HOURS = pd.date_range("2023-01-01", "2024-01-01", freq="h", inclusive="left")
REOPT_API = "NREL/REopt_API, reo/tests, TestEnergyTiers"
REOPT_JL = "NREL/REopt.jl, test/runtests.jl, Lookback Demand Charges"
BLENDED = "NREL/REopt.jl, test/runtests.jl, Blended tariff"
LINEAR = "ADGEfficiency/energy-py-linear, docs, assets/battery, Price Dispatch Behaviour"
TARIFF = """\
name = "published"
valid_from = 2023-01-01
valid_to = 2023-12-31
purchase_price_yuan_per_kwh = 1.0

[ratios]
flat = {price}

[[day]]
months = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
period = "flat"
hours = ["00:00-24:00"]

[voltages.any]
single_part_yuan_per_kwh = 0.0
"""
CASE = """\
name = "published"
tariff = "tariff.toml"

[site]
latitude_deg = 35.2
longitude_deg = 114.0

[calendar]
year = 2023
minutes = 60
plan_date = 2023-01-01

[device.grid]
kind = "grid"
voltage_kv_level = "any"
scheme = "single_part"
import_limit_mw = 10.0
export_limit_mw = 10.0
"""
LOAD = """
[device.load]
kind = "load"

[series]
"load.demand_mw" = { file = "series.csv", column = "load" }
"""
BATTERY = """
[device.battery]
kind = "battery"
power_mw = 2.0
energy_mwh = 4.0
soc_min = 0.0
soc_max = 1.0
initial_soc = 0.0
final_soc = 0.0
final_rule = "exactly"
eta_charge = 0.9
eta_discharge = 1.0
self_discharge_per_hour = 0.0
auxiliary_share = 0.0

[series]
"grid.purchase_price_yuan_per_mwh" = { file = "series.csv", column = "price" }
"grid.sale_price_yuan_per_mwh" = { file = "series.csv", column = "price" }
"""
TIERS = """
[[charges.tiers]]
above_kwh = 1000
added_yuan_per_kwh = 0.02082
"""
RATCHET = """
[[charges.demand]]
name = "monthly"
price_yuan_per_kw_month = [10, 10, 20, 50, 20, 10, 20, 20, 20, 20, 20, 5]
ratchet_share = 0.75
ratchet_months = [1, 4, 12]
"""
ANY_TIME = """
[[charges.demand]]
name = "monthly"
price_yuan_per_kw_month = 10.0
"""


@dataclass(frozen=True)
class Published:
    """A published answer, the files of its case, its command, and where the answer is in `summary.json`."""

    source: str
    what: str
    answer: float
    tariff: str
    case: str
    series: pd.DataFrame  # indexed by hour
    command: tuple[str, ...]
    charges: tuple[str, ...] = ()  # of the bill that are added up; empty: the proven cost

    def run(self, folder: Path, type_command: Callable[..., object]) -> float:
        """Write the case, type its command, and read the answer."""
        (folder / "tariff.toml").write_text(self.tariff, encoding="utf-8")
        (folder / "case.toml").write_text(self.case, encoding="utf-8")
        self.series.to_csv(folder / "series.csv", index_label="time")
        verb, *options = self.command
        type_command(verb, folder / "case.toml", *options, "--out", folder / "out")
        summary = json.loads((folder / "out" / "summary.json").read_text(encoding="utf-8"))
        if not self.charges:
            return float(summary["objective_yuan"])
        by_charge = summary["bill_yuan"]["grid"]["by_charge"]
        return float(sum(yuan for charge, yuan in by_charge.items() if charge.startswith(self.charges)))


def _flat_load_mw(kwh: float) -> pd.DataFrame:
    return pd.DataFrame({"load [MW]": np.full(len(HOURS), kwh / 1000 / len(HOURS))}, HOURS)


def _ratchet_load_mw() -> pd.DataFrame:
    load_mw = np.full(len(HOURS), 0.1)
    for hour, megawatts in ((22, 0.2), (2403, 0.4), (4088, 0.5), (8333, 0.3)):
        load_mw[hour - 1] = megawatts
    return pd.DataFrame({"load [MW]": load_mw}, HOURS)


def _prices(*price: float) -> pd.DataFrame:
    return pd.DataFrame({"price [yuan/MWh]": price}, HOURS[: len(price)])


def published_answers() -> Sequence[Published]:
    """All answers, in the order of the table."""
    five_hours = ("plan", "--from", "2023-01-01T00:00", "--until", "2023-01-01T05:00")
    tiers = TARIFF.format(price=0.07531 + 0.0119) + TIERS
    blended, lookback = TARIFF.format(price=0.1) + ANY_TIME, TARIFF.format(price=0.01) + RATCHET
    energy = ("purchased_energy", "energy_tier")
    flat_load = _flat_load_mw(10_000)
    return (
        Published(
            REOPT_API, "energy in two tiers, $", 2342.88, tiers, CASE + LOAD, _flat_load_mw(24_000),
            ("year",), energy,
        ),
        Published(BLENDED, "energy, $", 1000.0, blended, CASE + LOAD, flat_load, ("year",), energy),
        Published(BLENDED, "demand, $", 136.99, blended, CASE + LOAD, flat_load, ("year",), ("demand_",)),
        Published(
            REOPT_JL, "demand with a ratchet of three months, $", 74_500.0, lookback, CASE + LOAD,
            _ratchet_load_mw(), ("year",), ("demand_",),
        ),
        Published(
            LINEAR, "battery at 10, -50, 200, -50, 200 $/MWh, $",
            0.444444 * 10 - 2 * 50 - 2 * 200 - 2 * 50 - 2 * 200, TARIFF.format(price=0.1), CASE + BATTERY,
            _prices(10, -50, 200, -50, 200), five_hours,
        ),
        Published(
            LINEAR, "battery at 200, -50, -50, 200, 220 $/MWh, $", -2 * 50 - 2 * 50 - 1.6 * 200 - 2 * 220,
            TARIFF.format(price=0.1), CASE + BATTERY, _prices(200, -50, -50, 200, 220), five_hours,
        ),
    )  # fmt: skip


def table(type_command: Callable[..., object], kept: Path | None = None) -> str:
    """Each answer as published and as computed, with its source, as Markdown; files are `kept` if asked."""
    rows = ["| Source | Answer | published | computed |", "| --- | --- | ---: | ---: |"]
    for number, published in enumerate(published_answers(), start=1):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) if kept is None else kept / str(number)
            folder.mkdir(parents=True, exist_ok=True)
            computed = published.run(folder, type_command)
        rows.append(f"| {published.source} | {published.what} | {published.answer:,.2f} | {computed:,.2f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    import subprocess

    asked = Path(sys.argv[1]) if len(sys.argv) > 1 else None

    def type_in_shell(*words: str | Path) -> None:
        """Type a command as a user does. Raises CalledProcessError where it fails."""
        if asked is not None:
            sys.stdout.write(f"$ parkdispatch {' '.join(map(str, words))}\n")
        command = [sys.executable, "-m", "parkdispatch", *map(str, words)]
        subprocess.run(command, check=True, capture_output=True)

    sys.stdout.write(table(type_in_shell, asked) + "\n")
