"""A park that can be settled by hand: a battery without losses, prices of 270, 510 and 750 yuan/MWh."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare
from parkdispatch.inputs.series.series_values import SeriesValues
from parkdispatch.models.device import Array
from parkdispatch.operations.settlement.day_record import DayRecord
from parkdispatch.results.solution import dispatch_table
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from tests.support.small_case import TARIFF

DAY = date(2026, 7, 15)
CASE = """\
name = "by_hand"
tariff = "own.toml"
[site]
latitude_deg = 28.3
longitude_deg = 115.2
[calendar]
year = 2026
minutes = 60
plan_date = 2026-07-15
[device.grid]
kind = "grid"
voltage_kv_level = "110kV"
import_limit_mw = 300.0
export_limit_mw = 300.0
sale_price_yuan_per_kwh = 0.2
peak_so_far_mw = 250.0
[device.load]
kind = "load"
annual_energy_mwh = 700000.0
[device.pv]
kind = "pv"
module = "Solaria_Corporation_Solaria_PowerXT_440C_PD"
module_wp = 440.0
areas = [{ name = "roof", modules = 160000, generating_units = 1, inverter = \
"Sungrow_Power_Supply_Co___Ltd___SG60KU_M", inverters = 1000, \
faces = [{ tilt_deg = 5.7, azimuth_deg = 180.0, share = 1.0 }] }]
[device.battery]
kind = "battery"
power_mw = 10.0
energy_mwh = 20.0
soc_min = 0.0
soc_max = 1.0
initial_soc = 0.0
final_soc = 0.0
eta_charge = 1.0
eta_discharge = 1.0
auxiliary_share = 0.0
max_cycles_per_day = 1.0
[series]
"load.demand_mw" = { file = "load.csv" }
"pv.available_mw" = { file = "pv.csv" }
"""


def hand_case(folder: Path, peak_so_far_mw: float = 250.0) -> Case:
    """The park, in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "case.toml").write_text(CASE.replace("= 250.0", f"= {peak_so_far_mw}"), encoding="utf-8")
    (folder / "own.toml").write_text(TARIFF, encoding="utf-8")
    times = pd.date_range(DAY.replace(day=1), DAY.replace(month=8, day=1), freq="h", inclusive="left")
    for name, value in (("load", 100.0), ("pv", 0.0)):
        rows = "".join(f"{time:%Y-%m-%d %H:%M},{value}\n" for time in times)
        (folder / f"{name}.csv").write_text(f"time,{name} [MW]\n{rows}", encoding="utf-8")
    return load_case(str(folder / "case.toml"))


def flat(value: float, **hours: float) -> Array:
    """A day of one power, other in some hours: `flat(100.0, h12=120.0)`."""
    values = np.full(24, value)
    for hour, other in hours.items():
        values[int(hour[1:])] = other
    return values


def solution(case: Case, load_mw: Array, pv_mw: Array) -> xr.Dataset:
    """The optimal plan for a forecast."""
    series = dict(case.series)
    times = pd.date_range(DAY, periods=24, freq="h")
    for name, key, values in (("load", "demand_mw", load_mw), ("pv", "available_mw", pv_mw)):
        series[name, key] = SeriesValues(pd.Series(values, index=times), name)
    prepared = prepare(replace(case, series=series), times)
    solved, _ = audited_solution(prepared, solve_prepared(prepared, SolveContext(SolveOptions())))
    return solved


def planned(case: Case, load_mw: Array, pv_mw: Array) -> pd.DataFrame:
    """What the optimal plan for a forecast says, columns (device, quantity)."""
    solved = solution(case, load_mw, pv_mw)
    table = dispatch_table(solved)
    table.columns = pd.MultiIndex.from_tuples(
        [(solved[name].attrs["device"], solved[name].attrs["key"]) for name in table]
    )
    return table


def record(case: Case, plan: pd.DataFrame, load_mw: Array, pv_mw: Array, **more: Any) -> DayRecord:
    """The record of a day by its plan and the meters of load and PV."""
    measured: Mapping[str, Array] = {"load": load_mw, "pv": pv_mw}
    return DayRecord(case, DAY, plan, measured, **more)
