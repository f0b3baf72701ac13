"""A works behind one transformer: 10 kV and 380 V, a flat load, every hour of a year."""

from pathlib import Path

from tests.support.cases.flat_tariff import FLAT_TARIFF

CASE = """
name = "works"
tariff = "t.toml"
[site]
latitude_deg = 28.0
longitude_deg = 115.0
[calendar]
year = 2026
minutes = 60
plan_date = 2026-04-21
[device.grid]
kind = "grid"
bus = "{high}"
voltage_kv_level = "any"
scheme = "single_part"
import_limit_mw = 20.0
export_limit_mw = 0.0
[device.station]
kind = "transformer"
bus = "{high}"
to_bus = "{low}"
rating_mva = {rating_mva}
power_factor = 1.0
no_load_loss_mw = 0.0
load_loss_mw = 0.0125
short_circuit_voltage = 0.06
[device.workshop]
kind = "load"
bus = "{low}"
annual_energy_mwh = 8760.0
noise_std = 0.0
power_factor = 0.9
"""
ONE_BUS = CASE[: CASE.index("[device.station]")] + CASE[CASE.index("[device.workshop]") :]


def write_case(
    folder: Path, text: str = CASE, *, rating_mva: float = 1.6, high: str = "10kV", low: str = "380V"
) -> Path:
    """Write the case, whose load is 1 MW always, and return its path."""
    (folder / "t.toml").write_text(FLAT_TARIFF, encoding="utf-8")
    path = folder / "case.toml"
    path.write_text(text.format(rating_mva=rating_mva, high=high, low=low), encoding="utf-8")
    return path
