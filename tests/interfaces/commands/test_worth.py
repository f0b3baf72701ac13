"""`parkdispatch worth`: each variant without a part beside the whole, by hand."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.solve import Optimum
from parkdispatch.studies import partless_years
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.flat_tariff import FLAT_TARIFF
from tests.support.typed_commands import Run

HOURS = 8760
CASE = """
name = "two-sources"
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
voltage_kv_level = "any"
scheme = "single_part"
import_limit_mw = 2.0
export_limit_mw = 0.0
[device.load]
kind = "load"
annual_energy_mwh = 26_280.0
noise_std = 0.0
[device.wind]
kind = "wind"
rated_mw = 1.0
power_curve = [[0.0, 1.0], [60.0, 1.0]]
annual_energy_mwh = 0.0
wake_losses = 0.0
other_losses = 0.0
availability = 1.0
[device.gas]
kind = "boiler"
heat_bus = "heat"
rated_heat_mw = 1.0
efficiency = 1.0
fuel_price_yuan_per_mwh = 300.0
[device.heat_load]
kind = "load"
bus = "heat"
carrier = "heat"
annual_energy_mwh = 8760.0
noise_std = 0.0
[device.exhaust]
title = "Kiln exhaust"
kind = "waste_heat"
heat_bus = "heat"
driver_mean_mw = 1.0
heat_share = 0.25
[variant.without_exhaust]
remove = ["exhaust"]
[variant.without_wind]
remove = ["wind"]
[variant.other]
"""


def write(folder: Path, case: str = CASE) -> Path:
    (folder / "t.toml").write_text(FLAT_TARIFF, encoding="utf-8")
    path = folder / "case.toml"
    path.write_text(case, encoding="utf-8")
    return path


def test_each_part_is_worth_what_the_year_costs_more(typed: Run, tmp_path: Path) -> None:
    """Load of 3 MW, 2 bought and 1 of wind; heat of 1 MW, 0.25 of it waste, the rest gas at 300 yuan/MWh.

    Without the exhaust 0.25 MW of gas more; without wind the connection is too small.
    """
    code, out, err = typed("worth", write(tmp_path), "--out", tmp_path / "out")
    assert (code, err) == (0, "")
    table = pd.read_csv(tmp_path / "out" / "worth.csv", encoding="utf-8-sig", index_col="part")
    assert table["cost [yuan]"].iloc[0] == pytest.approx(HOURS * (2 * 500 + 0.75 * 300))
    assert table.loc["exhaust", "worth [yuan]"] == pytest.approx(HOURS * 0.25 * 300)
    assert table.loc["exhaust", "bought [MWh]"] == pytest.approx(2 * HOURS)
    assert "Kiln exhaust" in out and f"{HOURS * 75 / 1e4:,.2f}" in out
    assert "no dispatch" in out
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert list(summary["infeasible"]) == ["wind"]
    assert "bus ac" in summary["infeasible"]["wind"]


def test_a_case_without_such_variants_is_refused(typed: Run, tmp_path: Path) -> None:
    code, _, err = typed("worth", write(tmp_path, CASE.split("[variant", maxsplit=1)[0]))
    assert code == 2
    assert "has none whose name begins with without_" in err


def test_a_wrong_variant_is_told_before_anything_is_solved(
    typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def solve(*_: Any) -> None:
        raise AssertionError("solved")

    monkeypatch.setattr(partless_years, "solve_prepared", solve)
    wrong = '[variant.without_gas]\nremove = ["gas"]\n[variant.without_gas.device.wind]\nrated_mw = -1\n'
    code, _, err = typed("worth", write(tmp_path, CASE + wrong))
    assert code == 2
    assert "`variant.without_gas.device.wind.rated_mw` = -1: must be in (0, 100000]" in err


def test_a_part_that_fails_costs_nothing_else_and_is_made_up_for(
    typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    solve, solved = partless_years.solve_prepared, []

    def failing(prepared: Prepared, context: SolveContext) -> Optimum:
        if "exhaust" not in prepared.case.devices and not solved:
            raise SolverError("a solver of the test stopped")
        return solve(prepared, context)

    monkeypatch.setattr(partless_years, "solve_prepared", failing)
    path = write(tmp_path)
    code, out, err = typed("worth", path, "--out", tmp_path / "out")
    assert code == 5
    assert "1 of 2 parts of the park failed: exhaust (no certified answer)." in out
    assert "partial: 1 failed; the same command computes only what is missing" in err
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert [task["error"] for task in summary["failed"]] == ["a solver of the test stopped"]
    solved.append("from now on")
    code, out, _ = typed("worth", path, "--out", tmp_path / "out")
    assert code == 0
    assert "1 tasks were finished by a run that was not complete, and reused." in out
    table = pd.read_csv(tmp_path / "out" / "worth.csv", encoding="utf-8-sig", index_col="part")
    assert table.loc["exhaust", "worth [yuan]"] == pytest.approx(HOURS * 0.25 * 300)
    assert not (tmp_path / "runs").exists()
