"""What a page states as an input is what the run used, and says where that is from."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times
from parkdispatch.inputs.value_sources import DISPATCH, SourcedValue, case_sources
from parkdispatch.inputs.variations.changes import with_values
from parkdispatch.inputs.variations.overrides import with_overrides
from parkdispatch.results.wording.sentences import source_lines
from parkdispatch.results.wording.words import load_words
from parkdispatch.studies.day_plan import prepare_day
from tests.support.small_case import swap, write_case


def told(case: Case) -> dict[str, SourcedValue]:
    lines = case_sources(case)
    by_path = {line.path: line for line in lines}
    assert len(by_path) == len(lines)
    return by_path


def test_what_a_case_rests_on_is_quoted_with_its_table() -> None:
    """Two batteries have a `power_mw`; what only another variant says is not told."""
    lines = source_lines(load_case("gaoan"), load_words("en"))
    assert "device.battery_1.power_mw = 25.0: pilot plan, phase one" in lines
    assert "device.battery_2.power_mw = 25.0: pilot plan, phase two" in lines
    assert not any("variant" in line for line in lines)


def test_a_variant_states_its_own_values() -> None:
    """It printed "power_mw = 25.0: pilot plan, phase one" where 51.75 was used."""
    large = told(load_case("gaoan", "large"))
    assert large["device.battery_1.power_mw"] == (
        "device.battery_1.power_mw", "51.75", "variant", "large", ""
    )  # fmt: skip
    assert "assumption" in large["finance.investment_yuan"].note
    assert float(large["finance.investment_yuan"].value) == 527_637_600
    english, chinese = (source_lines(load_case("gaoan", "large"), load_words(lang)) for lang in ("en", "zh"))
    assert "device.battery_1.power_mw = 51.75: variant large of the case file" in english
    assert "device.battery_1.power_mw = 51.75: 取自算例文件的方案 large" in chinese


def test_a_removed_device_has_no_inputs() -> None:
    assert not [path for path in told(load_case("gaoan", "first_phase")) if "battery_2" in path]


def test_a_variant_that_changes_a_part_of_a_table_is_not_told_by_its_comment(tmp_path: Path) -> None:
    text = "final = { share = 0.5 }\n[variant.other.finance.depreciation.rest]\nyears = 9\n"
    case_text = (load_case("gaoan").folder / "case.toml").read_text(encoding="utf-8")
    (tmp_path / "case.toml").write_text(case_text + text.partition("\n")[2], encoding="utf-8")
    sources = told(load_case(str(tmp_path), "other"))
    assert "finance.depreciation.rest" not in sources  # "share = 0.4, years = 15": no longer true
    assert sources["finance.depreciation.rest.years"].value == "9"


def test_overrides_of_a_run_are_told_as_such(tmp_path: Path) -> None:
    case = load_case("gaoan")
    load = pd.Series(100.0, pd.date_range("2026-04-21", periods=96, freq="15min"), name="load [MW]")
    run = told(with_overrides(case, soc=0.4, peak_so_far_mw=171.0, load=load))
    assert run["device.battery_1.initial_soc"][1:4] == ("0.4", "argument", "soc")
    assert run["device.grid.peak_so_far_mw"][1:4] == ("171.0", "argument", "peak_so_far_mw")
    assert run["series.load.demand_mw"][1:4] == ("load [MW]", "argument", "load")
    changed = told(case.with_(battery_1={"power_mw": 15}, finance={"discount_rate": 0.07}))
    assert changed["device.battery_1.power_mw"][1:4] == ("15.0", "argument", "case.with_")
    assert changed["finance.discount_rate"].value == "0.07"


def test_a_value_changed_on_the_way_loses_its_comment() -> None:
    case = load_case("gaoan")
    devices = {**case.devices, "battery_1": case.devices["battery_1"].model_copy(update={"power_mw": 9.0})}
    for changed, value in (
        (case.with_devices(devices), "9.0"),
        (with_values(case, {"device.battery_1.power_mw": 11.0}), "11.0"),
        (replace(case, sources=case.sources).with_devices(devices), "9.0"),
    ):
        assert told(changed)["device.battery_1.power_mw"] == (
            "device.battery_1.power_mw", value, "changed", "", ""
        )  # fmt: skip


def test_a_peak_that_is_computed_is_told_as_computed() -> None:
    case = load_case("gaoan")
    planned = prepare_day(case, case, day_times(case, date(2026, 4, 21)), False)
    peak = told(planned.prepared.case)["device.grid.peak_so_far_mw"]
    assert (peak.origin, float(peak.value)) == ("expected", planned.expected_peaks_mw["grid"])


def test_fields_that_only_compute_a_series_are_left_out_where_it_is_given(tmp_path: Path) -> None:
    """The small case reads load and PV from files: neither yearly energy nor albedo was used."""
    path = write_case(
        tmp_path,
        swap("annual_energy_mwh = 700000.0", "annual_energy_mwh = 700000.0  # a guess"),
        swap("albedo = 0.2", "albedo = 0.2  # grass"),
        swap("soc_max = 0.9", "soc_max = 0.9  # vendor"),
    )
    sources = told(load_case(str(path)))
    assert sources["device.battery_1.soc_max"].note == "vendor"
    assert sources["series.load.demand_mw"].value == "load.csv"
    assert sources["series.pv.available_mw"].value == "pv.csv"
    assert not {"device.load.annual_energy_mwh", "device.pv.albedo"} & sources.keys()


def test_a_dispatch_states_no_finance() -> None:
    paths = [line.path for line in case_sources(load_case("gaoan"), DISPATCH)]
    assert "device.battery_1.power_mw" in paths
    assert not [path for path in paths if path.startswith(("finance", "contract", "sizing"))]
