"""`--ac-check`: what it prints and writes, its exit code, and what is said where none is made."""

import json
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

import parkdispatch as pdx
from parkdispatch.models.network.link import Link
from parkdispatch.results.network import power_flow
from tests.support.cases.network_case import CASE, ONE_BUS, write_case
from tests.support.typed_commands import Run

INSTALLED = power_flow.find_spec("pandapower") is not None
needs_pandapower = pytest.mark.skipif(not INSTALLED, reason="needs the extra network")
LOAD_MVA = 1 + 1j * np.tan(np.arccos(0.9))


@needs_pandapower
def test_losses_and_voltages_are_reported_beside_the_linear_ones(typed: Run, tmp_path: Path) -> None:
    """1 MW and 0.484 Mvar over 1.6 MVA: R = 0.0078, X = 0.0595, V = 0.9759; loss 0.0125 x (S / 1.6 / V)^2.

    V^2 is the upper root of V^4 + (2 (R P + X Q) - 1) V^2 + Z^2 S^2 = V^4 - 0.9542 V^2 + 0.001736.
    """
    code, out, err = typed("plan", write_case(tmp_path), "--ac-check", "12", "--out", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "Every voltage and loading is within its limits." in out
    table = pd.read_csv(tmp_path / "out" / "network.csv", encoding="utf-8-sig", index_col="time")
    assert len(table) == 1  # all hours are alike: one is the hardest for every reason
    row = table.iloc[0]
    assert row["380V.voltage_pu"] == pytest.approx(0.9759, abs=1e-4)
    current = abs(LOAD_MVA) / 1.6 / row["380V.voltage_pu"]
    assert row["station.loss_mw"] == pytest.approx(0.0125 * current**2, abs=2e-6)
    assert row["station.loading"] == pytest.approx(current, abs=2e-6)
    assert row["loss_mw"] > row["dispatched_loss_mw"] > 0  # the dispatch has no reactive power
    assert row["grid.supplied_mw"] == pytest.approx(1 + row["loss_mw"], abs=2e-6)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["ac_power_flow"]["findings"] == []


@needs_pandapower
def test_an_overload_and_a_low_voltage_are_found_and_end_with_six(typed: Run, tmp_path: Path) -> None:
    """1.05 MVA of 1 MW carry 1 MW, but not 1.11 MVA, at less than nominal voltage."""
    titled = CASE.replace(
        "[device.station]", '[device.station]\ntitle = "Mill station"\ntitle_zh = "球磨变电站"'
    )
    case = write_case(tmp_path, titled.replace("= 0.06", "= 0.2"), rating_mva=1.05)
    code, out, _ = typed("plan", case, "--ac-check", "12", "--out", tmp_path / "out", "--lang", "zh")
    assert code == 6
    assert "球磨变电站" in out and "母线 380V 的电压为" in " ".join(out.split())
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "母线 380V 的电压为" in page and "球磨变电站" in page
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    kinds = {(finding["kind"], finding["element"]) for finding in summary["ac_power_flow"]["findings"]}
    assert kinds == {("voltage", "380V"), ("loading", "station")}
    texts = [finding["text"] for finding in summary["ac_power_flow"]["findings"]]
    assert any("Mill station carries" in text for text in texts)


@needs_pandapower
def test_more_than_the_network_carries_is_said(typed: Run, tmp_path: Path) -> None:
    """A short-circuit voltage of 0.5 at 1.05 MVA lets no 1 MW with 0.48 Mvar through."""
    case = write_case(tmp_path, CASE.replace("= 0.06", "= 0.5"), rating_mva=1.05)
    code, out, _ = typed("plan", case, "--ac-check", "1", "--out", tmp_path / "out")
    assert code == 6
    assert "does not converge" in out


@needs_pandapower
def test_the_same_from_python(tmp_path: Path) -> None:
    plan = pdx.plan(pdx.load_case(write_case(tmp_path)))
    assert plan.ac_check is None
    check = plan.with_ac_check().ac_check
    assert check is not None and check.findings == []
    assert check.table["converged"].all()


@needs_pandapower
def test_the_losses_of_a_link_are_those_dispatched(tmp_path: Path) -> None:
    """1 MW behind a cable that loses a tenth: 1 / 0.9 MW are brought, by AC power flow too."""
    case = pdx.load_case(write_case(tmp_path, low="east"))
    cable = Link(bus="10kV", to_bus="east", forward_limit_mw=5.0, backward_limit_mw=0.0, forward_loss=0.1)
    devices = {"grid": case.devices["grid"], "cable": cable, "workshop": case.devices["workshop"]}
    check = pdx.plan(case.with_devices(devices)).with_ac_check().ac_check
    assert check is not None
    row = check.table.iloc[0]
    assert row["grid.supplied_mw"] == pytest.approx(1 / 0.9, rel=1e-6)
    assert row["loss_mw"] == pytest.approx(row["dispatched_loss_mw"])
    assert check.loadings == [] and check.findings == []


def test_what_was_not_checked_is_said(typed: Run, tmp_path: Path) -> None:
    code, _, err = typed("plan", write_case(tmp_path), "--out", tmp_path / "out")
    assert code == 0
    assert "was not checked by AC power flow" in err and "--ac-check" in err
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "was not checked by AC power flow" in page
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["ac_power_flow"] is None
    assert not (tmp_path / "out" / "network.csv").exists()


def test_without_pandapower_the_extra_is_named(
    typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power_flow, "find_spec", lambda _: None)
    code, _, err = typed("plan", write_case(tmp_path), "--ac-check", "12")
    assert code == 2
    assert "pip install 'parkdispatch[network]'" in err


def test_a_case_without_a_network_is_refused_in_words(typed: Run, tmp_path: Path) -> None:
    case = write_case(tmp_path, ONE_BUS.replace("{low}", "{high}"))
    code, _, err = typed("plan", case, "--ac-check", "12")
    assert code == 2
    assert "case works: has no transformer or link between electric buses" in err
    code, _, err = typed("plan", case, "--out", tmp_path / "out")
    assert "AC power flow" not in err  # nothing to check, nothing to say


@pytest.mark.parametrize("command", ["plan", "year"])
def test_an_unknown_voltage_is_named_before_anything_is_solved(
    typed: Run, tmp_path: Path, command: str
) -> None:
    code, _, err = typed(command, write_case(tmp_path, low="low"), "--ac-check", "12")
    assert code == 2
    assert "bus low: its nominal voltage is not known, must be in its name, such as 10kV" in err


@needs_pandapower
def test_the_workbook_has_the_tables_unrounded_in_its_language(typed: Run, tmp_path: Path) -> None:
    case = write_case(tmp_path)
    typed("plan", case, "--ac-check", "12", "--out", tmp_path / "out", "--lang", "zh")
    sheet = openpyxl.load_workbook(tmp_path / "out" / "report.xlsx")["电网潮流"]
    rows = {str(row[0]): row for row in sheet.iter_rows(values_only=True) if row[0]}
    table = pd.read_csv(tmp_path / "out" / "network.csv", encoding="utf-8-sig", index_col="time")
    assert rows["380V"][2] == pytest.approx(table["380V.voltage_pu"].iloc[0], abs=1e-6)
    assert rows["380V"][6:8] == ("0.93 至 1.07", "是")
    assert "变压器" in rows and "母线" in rows
    assert rows["00:00"][3] == pytest.approx(1000 * table["loss_mw"].iloc[0], abs=1e-2)  # kW of a small park


@needs_pandapower
def test_a_year_is_checked_on_its_hardest_days(typed: Run, tmp_path: Path) -> None:
    """All days are alike: one interval of each of the first twelve."""
    code, out, _ = typed("year", write_case(tmp_path), "--ac-check", "12", "--out", tmp_path / "out")
    assert code == 0
    table = pd.read_csv(tmp_path / "out" / "network.csv", encoding="utf-8-sig", index_col="time")
    assert len(table) == 12
    assert "no. 12 of the days" in " ".join(out.split())
