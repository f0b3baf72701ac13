"""Independent storage pays transmission and funds on what it loses only, in dispatch and bill."""

from pathlib import Path

import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare
from parkdispatch.models.errors import InputError
from parkdispatch.results.audit import bills
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from tests.support.cases.tariff_cases import simple, write

CASE = """
name = "t"
tariff = "t.toml"
[site]
latitude_deg = 28.0
longitude_deg = 115.0
[calendar]
year = 2026
minutes = 60
plan_date = 2026-07-15
[device.grid]
kind = "grid"
voltage_kv_level = "10kV"
scheme = "single_part"
import_limit_mw = 10.0
export_limit_mw = 10.0
sale_price_yuan_per_kwh = 0.5
independent_storage = true
[device.battery]
kind = "battery"
power_mw = 2.0
energy_mwh = 1.0
soc_min = 0.0
soc_max = 1.0
initial_soc = 0.0
final_soc = 0.0
eta_charge = 0.8
eta_discharge = 1.0
auxiliary_share = 0.0
self_discharge_per_hour = 0.0
max_cycles_per_day = 1.0
"""
TIMES = pd.date_range("2026-07-15", periods=24, freq="h")


def test_charging_is_free_of_transmission_as_far_as_it_is_fed_back(tmp_path: Path) -> None:
    # valley 0.5 x 0.5 + 0.05 loss + 0.02 system + 0.03 funds + 0.2 transmission = 0.55 yuan/kWh. 1.25 MWh are
    # bought at 550 and 1 sold at 500 + 200 + 30: 687.5 - 730 = -42.5 a day; without the refund the battery
    # would rest, and with all charging free it would earn 500 - 1.25 x 320 = 100
    write(simple(), tmp_path)
    file = tmp_path / "case.toml"
    file.write_text(CASE, encoding="utf-8")
    prepared = prepare(load_case(str(file)), TIMES)
    optimum = solve_prepared(prepared, SolveContext(options=SolveOptions(threads=1)))
    solution, _ = audited_solution(prepared, optimum)
    assert optimum.proof.objective_yuan == pytest.approx(-42.5)
    bill = bills(solution, prepared.case)["grid"]
    assert bill.total_yuan == pytest.approx(-42.5)
    refunds = bill.lines.set_index("charge")["yuan"]
    assert refunds["transmission_refund"] == pytest.approx(-200)
    assert refunds["funds_refund"] == pytest.approx(-30)


def test_nothing_but_storage_is_connected_there(tmp_path: Path) -> None:
    write(simple(), tmp_path)
    file = tmp_path / "case.toml"
    load = '[device.works]\nkind = "load"\nannual_energy_mwh = 100.0\n'
    file.write_text(CASE + load, encoding="utf-8")
    with pytest.raises(InputError, match="must have storage alone on its bus, not works"):
        load_case(str(file))
