"""The published CO2 path: what follows from its own figures, and what the pilot's PV avoids."""

import csv

import pytest

from parkdispatch.inputs.published.carbon_path import CarbonPath, read_carbon_path
from parkdispatch.results.carbon.path_arithmetic import device_changes, path_checks, peak_year
from tests.support.paths import ROOT
from tests.support.typed_commands import typed_once

TYPED = ROOT.parent / "shared" / "data" / "park" / "plan_table_2_3.csv"  # beside the project, where it is
PATH = read_carbon_path("gaoan-carbon-path")


def test_growth_of_2026_to_2030_is_seven_and_a_half_per_cent() -> None:
    # 161.63 / 150.35 - 1 = 7.50 %, published 8.00; a check without the year before would find nothing
    checks = {(check.key, check.year): check for check in path_checks(PATH)}
    assert checks["growth", 2026].computed == pytest.approx(7.502, abs=1e-3)
    assert [year for year in range(2023, 2036) if not checks["growth", year].follows] == list(
        range(2026, 2031)
    )


def test_sums_and_intensities_follow() -> None:
    # 2025: sectors 602.90 against 602.91, and 602.91 / 150.35 = 4.01; within rounding in all 21 years
    checks = path_checks(PATH)
    for key in ("sum", "co2_intensity", "energy_intensity"):
        assert sum(check.follows for check in checks if check.key == key) == 21, key
    wrong = PATH.model_copy(update={"co2_wan_t": (*PATH.co2_wan_t[:-1], 640.75)})
    broken = {check.key for check in path_checks(wrong) if not check.follows}
    assert {"sum", "co2_intensity"} <= broken


def test_peak_is_in_2029() -> None:
    assert peak_year(PATH) == (2029, 660.59)


def test_what_the_pilots_pv_avoids() -> None:
    # 315 GWh x 0.5836 kg/kWh = 183,834 t, 3.05 % of 602.91 x 10^4 t; in 2030 370.6 GWh
    (change,) = device_changes(PATH, [(2025, 315.0)], [0.5836])
    assert change.avoided_wan_t == pytest.approx(18.3834)
    assert change.share == pytest.approx(0.030491, rel=1e-4)


def test_the_table_is_as_it_was_typed_out() -> None:
    if not TYPED.is_file():
        pytest.skip(f"no {TYPED.name} beside the project")
    with TYPED.open(encoding="utf-8") as file:
        typed = {row["quantity"]: row for row in csv.DictReader(file)}
    for place, year in enumerate(PATH.years):
        assert float(typed["co2"][str(year)]) == PATH.co2_wan_t[place]
        for sector, column in PATH.sectors_wan_t.items():
            assert float(typed[sector][str(year)]) == column[place], (sector, year)


def test_a_column_of_other_years_is_refused() -> None:
    with pytest.raises(ValueError, match="must have 21 years"):
        CarbonPath.model_validate(PATH.model_dump() | {"energy_wan_tce": (1.0, 2.0)})


def test_command_prints_what_the_manual_quotes() -> None:
    ran = typed_once("carbon", "--lang", "en")
    assert ran.code == 0, ran.err
    recorded = (ROOT / "docs/outputs/carbon.txt").read_text(encoding="utf-8")
    squeezed = " ".join(ran.out.split())
    for line in ("Sum of the sectors: 21 of 21", "Most CO2 in 2029: 660.59"):
        assert line in squeezed
        assert line in recorded
