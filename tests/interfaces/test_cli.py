"""The commands end to end: exit codes, printed output, written files."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import openpyxl
import pandas as pd
import pytest

from parkdispatch.inputs.loader import case_text, load_case
from parkdispatch.interfaces import cli
from parkdispatch.models.errors import SolverError
from parkdispatch.results.solution import read_solution, save_solution
from parkdispatch.studies.demand_peak import month_peaks
from tests.support.bad_files import CLIMATE
from tests.support.bad_inputs import PV_FILE
from tests.support.cases.year_case import year_case
from tests.support.paths import environment
from tests.support.small_case import (
    CASE,
    Damage,
    add,
    load_mw,
    pv_mw,
    replaced,
    row,
    series,
    swap,
    write_case,
)
from tests.support.typed_commands import Run

PLAN_FILES = {
    "dispatch.csv", "emissions.csv", "plan.xlsx", "report.html", "report.xlsx", "solution.nc", "summary.json",
}  # fmt: skip
PEAK = ("--peak-so-far-mw", "100")
HOURLY = (
    swap("minutes = 15", "minutes = 60"),
    replaced("load.csv", series("time,load [MW]", load_mw, minutes=60)),
    replaced("pv.csv", series("time,pv [MW]", pv_mw, minutes=60)),
)
YEAR = pd.date_range("2026-01-01", "2027-01-01", freq="h", inclusive="left")
UNREACHABLE = (
    swap("power_mw = 20.0", "power_mw = 1.0"),
    swap("initial_soc = 0.2", "initial_soc = 0.2\nfinal_soc = 0.9"),
)
SUMMARY_KEYS = {  # docs: design, section 6
    "status", "objective_yuan", "bound_yuan", "gap", "audit", "energy_mwh", "bill_yuan", "saving_yuan",
    "full_cycles", "peak_mw", "timings_s", "peak_memory_mb", "model", "versions", "case_sha256",
}  # fmt: skip


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def summary(folder: Path) -> dict[str, Any]:
    figures = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert isinstance(figures, dict)
    return figures


# --- plan


def test_plan_prints_schedule_money_peak_and_proof(run: Run, tmp_path: Path) -> None:
    ran = run("plan", write_case(tmp_path), *PEAK, "--out", tmp_path / "out")
    assert (ran.code, ran.err) == (0, "")
    for words in (
        "Small park: plan for 2026-07-15",
        "charge 6.8 MW from valley, 0.270 yuan/kWh",
        "storage brings",
        "added to the demand",
        "Highest import 112.2 MW, without storage 120.0 MW",
        "Proven optimal: gap",
        "Audit:",
        "dispatch.csv, emissions.csv, plan.xlsx, report.html, report.xlsx, solution.nc, summary.json",
    ):
        assert words in ran.out, ran.out
    assert {path.name for path in (tmp_path / "out").iterdir()} == PLAN_FILES | {"manifest.json"}


def test_the_files_for_people_are_in_the_language_asked_for(run: Run, tmp_path: Path) -> None:
    case = write_case(tmp_path)
    ran = run("plan", case, *PEAK, "--lang", "zh", "--out", tmp_path / "out")
    assert ran.code == 0
    assert "已证明最优：间隙" in ran.out
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in html
    assert "已证明最优" in html
    assert openpyxl.load_workbook(tmp_path / "out" / "plan.xlsx").sheetnames[0] == "计划"
    assert "Pyomo" not in summary(tmp_path / "out")["proof"]
    assert "optimum" in summary(tmp_path / "out")["proof"]  # as a program reads it


@pytest.mark.parametrize("command", ["plan", "year", "replay"])
def test_a_language_there_is_not_is_said_with_all_else(run: Run, command: str, tmp_path: Path) -> None:
    case = write_case(tmp_path, swap("power_mw = 20.0", "power_mw = -20.0"))
    ran = run(command, case, "--lang", "de", "--out", tmp_path / "out")
    assert ran.code == 2
    assert "input: `--lang` = de: must be one of en, zh" in ran.err
    assert "power_mw" in ran.err
    assert not (tmp_path / "out").exists()


def test_the_files_of_a_plan_say_the_same(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("plan", write_case(tmp_path), *PEAK, "--out", out).code == 0
    figures = summary(out)
    assert figures.keys() >= SUMMARY_KEYS
    assert figures["status"] == "optimal"
    assert figures["bound_yuan"] <= figures["objective_yuan"] + 1e-6
    assert figures["audit"]["holds"] is True
    assert all(check["residual"] <= check["allowed"] for check in figures["audit"]["checks"].values())
    assert set(figures["timings_s"]) >= {"read", "build", "solve", "extract", "write"}
    assert set(figures["model"]) >= {"columns", "rows", "nonzeros", "pairs", "repaired"}
    assert re.fullmatch(r"[0-9a-f]{64}", figures["case_sha256"])
    assert figures["bill_yuan"]["grid"]["total"] == pytest.approx(figures["objective_yuan"], rel=1e-9)
    assert figures["cost_without_storage_yuan"] - figures["objective_yuan"] == pytest.approx(
        figures["saving_yuan"]
    )
    assert sum(figures["saving_by_cost_yuan"].values()) == pytest.approx(figures["saving_yuan"], abs=1e-3)

    table = pd.read_csv(out / "dispatch.csv", encoding="utf-8-sig")
    assert len(table) == 96
    assert table.columns[0] == "time"
    assert (table["time"].iloc[0], table["time"].iloc[-1]) == ("2026-07-15 00:00", "2026-07-15 23:45")
    assert all(re.fullmatch(r"time|[a-z_0-9]+\.[a-z_0-9]+ \[.+\]", column) for column in table.columns)
    assert not table.isna().any().any()
    power = table["grid.import_mw [MW]"] - table["grid.export_mw [MW]"] + table["pv.output_mw [MW]"]
    power += table["battery_1.discharge_mw [MW]"] - table["battery_1.charge_mw [MW]"]
    assert (
        np.abs(power - table["load.demand_mw [MW]"] - 0.2).max() < 1e-5
    )  # 0.2: what the battery draws itself
    assert table["grid.import_mw [MW]"].max() == pytest.approx(figures["peak_mw"]["2026-07"], abs=1e-5)
    assert table["load.demand_mw [MW]"].sum() / 4 == pytest.approx(sum(load_mw(n / 4) for n in range(96)) / 4)
    price = table["grid.purchase_price_yuan_per_mwh [yuan/MWh]"]
    assert sorted(price.unique()) == pytest.approx([270.0, 510.0, 750.0])

    solution = read_solution(out / "solution.nc")
    assert float(solution.attrs["objective_yuan"]) == figures["objective_yuan"]
    save_solution(solution, tmp_path / "again.nc")
    again = read_solution(tmp_path / "again.nc")
    assert again.identical(solution)
    assert all("units" in solution[name].attrs for name in solution.data_vars)
    for column in table.columns[1:]:
        name = column.split(" ")[0]
        assert table[column].to_numpy() == pytest.approx(solution[name].to_numpy(), abs=5.1e-7)


def test_the_same_command_twice_gives_the_same(run: Run, tmp_path: Path) -> None:
    path = write_case(tmp_path, *HOURLY)
    assert {run("plan", path, *PEAK, "--out", tmp_path / name).code for name in ("a", "b")} == {0}
    first, second = content(tmp_path / "a"), content(tmp_path / "b")
    for name in PLAN_FILES - {"summary.json", "report.html"}:
        assert first[name] == second[name], name
    told, again = summary(tmp_path / "a"), summary(tmp_path / "b")
    for varying in ("timings_s", "peak_memory_mb"):
        del told[varying], again[varying]
    assert told == again


def test_a_run_replaces_the_last_one_and_nothing_else(run: Run, tmp_path: Path) -> None:
    path, out = write_case(tmp_path, *HOURLY), tmp_path / "out"
    assert run("plan", path, *PEAK, "--out", out).code == 0
    before = content(out)
    assert run("plan", path, *PEAK, "--out", out, "--date", "2026-07-16").code == 0
    after = content(out)
    assert after.keys() == before.keys()
    assert after["dispatch.csv"] != before["dispatch.csv"]
    (out / "note.txt").write_text("mine")
    ran = run("plan", path, *PEAK, "--out", out)
    assert ran.code == 2
    assert f"`--out` = {out}: holds note.txt, which no run wrote: must be new, empty or hold one" in ran.err
    assert content(out) == {**after, "note.txt": b"mine"}


def test_runs_of_the_same_second_have_folders_of_their_own(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_case(tmp_path, *HOURLY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("parkdispatch.interfaces.commands.console.time_text", lambda: "20260715-120000")
    assert {run("plan", path, *PEAK).code for _ in range(2)} == {0}
    folders = sorted(folder.name for folder in (tmp_path / "runs").iterdir())
    assert folders == ["small-plan-20260715-120000", "small-plan-20260715-120000-2"]
    for folder in folders:
        written = {file.name for file in (tmp_path / "runs" / folder).iterdir()}
        assert written == PLAN_FILES | {"manifest.json"}


def test_a_folder_that_cannot_be_written_is_told_before_the_solve(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_case(tmp_path)
    (tmp_path / "runs").write_text("a file in the place of the folder")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("parkdispatch.studies.dispatch.dispatch_case", lambda *_: pytest.fail("was solved"))
    ran = run("plan", path, *PEAK)
    assert (ran.code, ran.out) == (2, "")
    assert "`runs/`: cannot be written: Not a directory" in ran.err


def test_state_and_peak_of_the_evening_are_honoured(run: Run, tmp_path: Path) -> None:
    path = write_case(tmp_path, *HOURLY)
    plans = {}
    for soc, peak in (("0.2", "100"), ("0.8", "100"), ("0.2", "140")):
        out = tmp_path / f"{soc}-{peak}"
        assert run("plan", path, "--soc", soc, "--peak-so-far-mw", peak, "--out", out).code == 0
        plans[soc, peak] = (read_solution(out / "solution.nc"), summary(out))
    for (soc, peak), (solution, _) in plans.items():
        held = float(solution["grid.peak_mw"][0])
        assert held == pytest.approx(max(float(peak), float(solution["grid.import_mw"].max())))
        assert held >= float(peak) - 1e-9
        energy, charge = (solution[f"battery_1.{name}"].to_numpy() for name in ("energy_mwh", "charge_mw"))
        discharge = solution["battery_1.discharge_mw"].to_numpy()
        before = energy[0] - 0.94 * charge[0] + discharge[0] / 0.94
        assert before == pytest.approx(float(soc) * 40.0)
        assert energy[-1] >= 0.2 * 40.0 - 1e-6  # as the case's own nights end, whatever this one began with
    cost = {key: told["objective_yuan"] for key, (_, told) in plans.items()}
    assert cost["0.8", "100"] < cost["0.2", "100"] < cost["0.2", "140"]


def test_planned_day_keeps_the_least_power(run: Run, tmp_path: Path) -> None:
    """From the case file through smoothing to the audit."""
    least = swap("power_mw = 20.0", "power_mw = 20.0\nmin_charge_mw = 8.0\nmin_discharge_mw = 6.0")
    path, out = write_case(tmp_path, *HOURLY, least), tmp_path / "out"
    assert run("plan", path, *PEAK, "--out", out).code == 0
    solution, told = read_solution(out / "solution.nc"), summary(out)
    for name, least_mw in (("charge_mw", 8.0), ("discharge_mw", 6.0)):
        power = solution[f"battery_1.{name}"].to_numpy()
        assert power.max() >= least_mw - 1e-6
        assert (np.minimum(power, least_mw - power) <= 1e-6).all()  # zero, or at least the minimum
        assert told["audit"]["checks"][f"battery_1.min_{name}"]["residual"] <= 1e-6
    assert not [name for name in told["energy_mwh"] if "idle" in name]  # no power that flows


def test_forecasts_on_the_command_line_replace_those_of_the_case(run: Run, tmp_path: Path) -> None:
    path, out = write_case(tmp_path, *HOURLY), tmp_path / "out"
    (tmp_path / "tomorrow.csv").write_text(
        series("时间;负荷(千瓦)".replace(";", ","), lambda _: 55_000.0, minutes=60), encoding="gbk"
    )
    (tmp_path / "sun.csv").write_text(series("time,pv [MW]", lambda hour: 7.0 * (hour == 12), minutes=60))
    given = ("--load", tmp_path / "tomorrow.csv", "--pv", tmp_path / "sun.csv")
    assert run("plan", path, *PEAK, *given, "--out", out).code == 0
    solution = read_solution(out / "solution.nc")
    assert solution["load.demand_mw"].to_numpy() == pytest.approx(55.0)
    assert float(solution["pv.available_mw"].sum()) == pytest.approx(7.0)


def test_the_peak_to_expect_is_found_where_none_is_given(run: Run, tmp_path: Path) -> None:
    """Without it, a single day would bear the demand charge of the whole month."""
    path = write_case(
        tmp_path, swap(PV_FILE, ""), swap('"load.demand_mw" = { file = "load.csv" }\n', ""), add(CLIMATE)
    )
    ran = run("plan", path, "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    said = re.search(r"Peak so far not given .* assumed ([0-9.]+) MW", ran.out)
    assert said is not None
    assert float(read_solution(tmp_path / "out" / "solution.nc")["grid.peak_mw"][0]) >= float(said[1]) - 0.05


def test_a_month_that_is_not_covered_asks_for_the_peak(run: Run, tmp_path: Path) -> None:
    ran = run("plan", write_case(tmp_path), "--out", tmp_path / "out")
    assert ran.code == 2
    assert "must cover 2026-07-01 00:00" in ran.err
    assert "`--peak-so-far-mw` is missing" in ran.err
    assert not (tmp_path / "out").exists()
    ran = run("plan", write_case(tmp_path, row("load.csv", 5, "x,1")), "--out", tmp_path / "out")
    (line,) = ran.err.splitlines()  # the month is not asked for before the day itself is sound
    assert line.startswith("input: load.csv row 5: time = x: must be like 2026-01-31 13:45")


@pytest.mark.parametrize("solver", ["pyomo:appsi_highs"])
def test_another_solver_finds_the_same_cost(solver: str, run: Run, tmp_path: Path) -> None:
    path = write_case(tmp_path, *HOURLY)
    assert run("plan", path, *PEAK, "--out", tmp_path / "a").code == 0
    ran = run("plan", path, *PEAK, "--out", tmp_path / "b", "--solver", solver)
    assert ran.code == 0
    assert f"the bound is reported by {solver.removeprefix('pyomo:')}" in ran.out
    ours, theirs = summary(tmp_path / "a"), summary(tmp_path / "b")
    assert theirs["objective_yuan"] == pytest.approx(ours["objective_yuan"], rel=1e-6)


@pytest.mark.parametrize("name", ["x.lp", "x.mps", "x.LP"])
def test_a_written_model_has_the_same_optimum(name: str, run: Run, tmp_path: Path) -> None:
    path = write_case(tmp_path, *HOURLY)
    assert run("plan", path, *PEAK, "--out", tmp_path / "out", "--write-model", tmp_path / name).code == 0
    model = tmp_path / name
    if name.isupper():
        model = model.rename(tmp_path / name.lower())
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("mip_rel_gap", 0.0)
    assert (
        highs.readModel(str(model.rename(model.with_suffix(model.suffix.lower())))) == highspy.HighsStatus.kOk
    )
    highs.run()
    assert highs.getInfo().objective_function_value == pytest.approx(
        summary(tmp_path / "out")["objective_yuan"]
    )
    assert {path.name for path in tmp_path.iterdir() if path.name.startswith(".")} == set()


def test_a_model_half_written_leaves_the_old_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def until_full(_: object, path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    path = write_case(tmp_path, *HOURLY)
    (tmp_path / "x.lp").write_text("old")
    before = content(tmp_path)
    monkeypatch.setattr("parkdispatch.studies.solve_case.write_model", until_full)
    ran = run("plan", path, *PEAK, "--out", tmp_path / "out", "--write-model", tmp_path / "x.lp")
    assert ran.code == 2
    assert f"`--write-model` = {tmp_path / 'x.lp'}: cannot be written: No space left" in ran.err
    assert content(tmp_path) == before


# --- a park that cannot run without its storage

NEEDED = swap("import_limit_mw = 150.0", "import_limit_mw = 115.0")  # the load reaches 120 MW
NO_COMPARISON = "The park is infeasible without its storage, so there is no cost to compare with."


@pytest.mark.parametrize("solver", ["highs", "pyomo:appsi_highs"])
def test_a_park_that_needs_its_storage_is_planned(solver: str, run: Run, tmp_path: Path) -> None:
    """The comparison without storage is infeasible and is left out."""
    path = write_case(tmp_path, *HOURLY, NEEDED)
    ran = run("plan", path, *PEAK, "--out", tmp_path / "out", "--solver", solver)
    assert ran.code == 0, ran.err
    assert NO_COMPARISON in ran.out
    for words in ("without storage", "saved"):
        assert words not in ran.out
    figures = summary(tmp_path / "out")
    assert figures["status"] == "optimal"
    for key in ("cost_without_storage_yuan", "saving_yuan", "saving_by_cost_yuan", "peak_without_storage_mw"):
        assert key in figures
        assert figures[key] is None
    assert max(figures["peak_mw"].values()) <= 115.0 + 1e-6
    assert {path.name for path in (tmp_path / "out").iterdir()} == PLAN_FILES | {"manifest.json"}
    assert NO_COMPARISON in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_year_that_needs_its_storage_is_told(run: Run, tmp_path: Path) -> None:
    """Hourly, with a load of 100 MW except for one hour of 120 MW a day."""
    rows = [f"{stamp:%Y-%m-%d %H:%M},{120 if stamp.hour == 20 else 100}" for stamp in YEAR]
    load = replaced("load.csv", "\n".join(["time,load [MW]", *rows]) + "\n")
    path = write_case(tmp_path, HOURLY[0], load, swap(PV_FILE, ""), add(CLIMATE), NEEDED)
    ran = run("year", path, "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert NO_COMPARISON in ran.out
    assert "without MW" not in ran.out
    assert summary(tmp_path / "out")["saving_yuan"] is None


@pytest.mark.parametrize(("limit", "expected"), [(150.0, "some"), (115.0, "the same"), (90.0, "none")])
def test_the_peak_to_expect(limit: float, expected: str, tmp_path: Path) -> None:
    """Every day has the load and PV of the small case; 90 MW and 20 MW cannot supply 120 MW."""

    def peak_mw(limit: float) -> float | None:
        rows = [f"{stamp:%Y-%m-%d %H:%M},{load_mw(stamp.hour)},{pv_mw(stamp.hour)}" for stamp in YEAR]
        table = "\n".join(["time,load [MW],pv [MW]", *rows]) + "\n"
        path = write_case(
            tmp_path / f"{limit:g}",
            HOURLY[0],
            swap("import_limit_mw = 150.0", f"import_limit_mw = {limit}"),
            swap('{ file = "load.csv" }', '{ file = "load.csv", column = "load" }'),
            replaced("load.csv", table),
            replaced("pv.csv", table),
        )
        return month_peaks(load_case(str(path)), date(2026, 7, 15)).expected_mw.get("grid")

    if expected == "none":
        assert peak_mw(limit) is None
    else:
        # 120 MW stamp 20:00, less the battery's 20 MW: 100 MW; over some hours it can do less
        peak = peak_mw(limit)
        assert peak is not None
        assert 100.0 <= peak < 115.0
        assert peak == pytest.approx(peak_mw(150.0), abs=1e-6)


# --- a year of day-ahead plans

REPLAY_FILES = PLAN_FILES - {"plan.xlsx"} | {"replay.csv"}


@pytest.fixture
def two_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """The year of a case, shortened to the two days its series cover."""
    times = pd.date_range("2026-07-15", periods=48, freq="h")
    monkeypatch.setattr("parkdispatch.inputs.prepare.year_times", lambda _: times)


@pytest.mark.usefixtures("two_days")
def test_a_replay_prints_what_foresight_is_worth_and_leaves_the_same_files(run: Run, tmp_path: Path) -> None:
    path = write_case(tmp_path, *HOURLY)
    ran = run("replay", path, "--out", tmp_path / "a")
    assert (ran.code, ran.err) == (0, "")
    for words in (
        "Small park: 2026-07-15 to 2026-07-16, 2 daily plans",
        "Cost by month, 万元 month daily plans foresight without storage saved kept",
        "Highest 15-minute import by month, MW month daily plans foresight without storage",
        "of the saving with perfect foresight; the value of perfect foresight is",
        "battery_1: ",
        "Daily plans, not the optimum of the year: 2 daily plans in sequence",
        "Audit:",
        ", ".join(sorted(REPLAY_FILES)),
    ):
        assert words in ran.out, ran.out
    assert "Proven optimal" not in ran.out
    assert run("replay", path, "--out", tmp_path / "b").code == 0
    first, second = content(tmp_path / "a"), content(tmp_path / "b")
    assert first.keys() == second.keys() == REPLAY_FILES | {"manifest.json"}
    for name in ("dispatch.csv", "replay.csv", "solution.nc"):
        assert first[name] == second[name], name
    written, again = summary(tmp_path / "a"), summary(tmp_path / "b")
    assert written.keys() == SUMMARY_KEYS | written.keys()
    assert set(written["timings_s"]) >= {"read", "build", "solve", "foresight", "extract", "write"}
    for varying in ("timings_s", "peak_memory_mb"):
        del written[varying], again[varying]
    assert written == again
    told = written["replay"]
    assert told["cost_with_foresight_yuan"] <= told["cost_yuan"] == written["objective_yuan"]
    assert written["bill_yuan"]["grid"]["total"] == pytest.approx(told["cost_yuan"], rel=1e-9)
    assert told["by_month"].keys() == {"2026-07"}
    assert told["saving_yuan"] == written["saving_yuan"]
    assert len(pd.read_csv(tmp_path / "a" / "replay.csv")) == 2


@pytest.mark.usefixtures("two_days")
def test_a_replay_without_storage_or_that_needs_it(run: Run, tmp_path: Path) -> None:
    path = write_case(tmp_path / "case", *HOURLY)
    ran = run("replay", path, "--variant", "without_storage", "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert "The park has no storage: the days are independent of each other." in ran.out
    assert "Optimum of the year: 2 daily plans in sequence" in ran.out
    told = summary(tmp_path / "out")["replay"]
    assert told["cost_yuan"] == pytest.approx(told["cost_with_foresight_yuan"], rel=1e-9)
    assert told["share_kept"] is None
    ran = run("replay", write_case(tmp_path / "needed", *HOURLY, NEEDED), "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert NO_COMPARISON in ran.out
    assert "saved" not in ran.out
    told = summary(tmp_path / "out")["replay"]
    assert (told["saving_yuan"], told["share_kept"]) == (None, None)
    assert max(month["peak_mw"] for month in told["by_month"].values()) <= 115.0 + 1e-6


@pytest.mark.usefixtures("two_days")
@pytest.mark.parametrize("scheme", ["single_part", "two grids"])
def test_a_replay_where_no_peak_or_several_are_paid(scheme: str, run: Run, tmp_path: Path) -> None:
    """The second connection supplies a separate bus."""
    damages = (swap('scheme = "two_part"', 'scheme = "single_part"'),)
    if scheme == "two grids":
        connection = CASE[CASE.index("[device.grid]") : CASE.index("[device.load]")].replace(
            "grid]", "other]"
        )
        connection = connection.replace('kind = "grid"', 'kind = "grid"\nbus = "mill"')
        mill = '[device.mill]\nkind = "load"\nbus = "mill"\nannual_energy_mwh = 1.0\n\n'
        line = '"load.demand_mw" = { file = "load.csv" }'
        damages = (
            swap("[device.load]", f"{connection}{mill}[device.load]"),
            swap(line, f"{line}\n{line.replace('load.demand', 'mill.demand')}"),
        )
    ran = run("replay", write_case(tmp_path, *HOURLY, *damages), "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    heads = pd.read_csv(tmp_path / "out" / "replay.csv").columns
    peaks = [head for head in heads if "peak_mw" in head]
    assert peaks == ([] if scheme == "single_part" else ["grid.peak_mw [MW]", "other.peak_mw [MW]"])


@pytest.mark.usefixtures("two_days")
@pytest.mark.parametrize(
    ("code", "damages", "words", "said"),
    [
        (2, (swap("eta_charge = 0.94", "eta_charge = 94"),), (), "`device.battery_1.eta_charge` = 94"),
        (2, (), ("--time-limit", "nan"), "--time-limit"),
        (2, (), ("--variant", "nope"), "`--variant` = nope: must be one of"),
        (
            3,
            (swap("import_limit_mw = 150.0", "import_limit_mw = 90.0"),),
            (),
            "in 12 intervals, 84.662 MWh in all, worst 2026-07-15 20:00 by 10.200 MW",  # of both days
        ),
        (
            2,
            (swap("energy_mwh = 40.0", "energy_mwh = { max = 40.0, cost_yuan_per_unit = 5.0 }"),),
            (),
            "`device.battery_1.energy_mwh` = 0 to 40: must be a number",
        ),
        (3, UNREACHABLE, (), "infeasible: 2026-07-15 planned alone, 8.000 MWh in battery_1: no dispatch"),
    ],
)
def test_a_replay_that_fails_says_why_and_writes_nothing(
    code: int, damages: tuple[Damage, ...], words: tuple[str, ...], said: str, run: Run, tmp_path: Path
) -> None:
    path = write_case(tmp_path, *HOURLY, *damages)
    before = content(tmp_path)
    ran = run("replay", path, *words, "--out", tmp_path / "out")
    assert (ran.code, ran.out) == (code, ""), ran
    assert said in ran.err
    assert content(tmp_path) == before


# --- the other commands


def test_year_of_a_small_case(run: Run, tmp_path: Path) -> None:
    text = swap('"load.demand_mw" = { file = "load.csv" }\n', "")
    path = write_case(tmp_path, swap("minutes = 15", "minutes = 60"), swap(PV_FILE, ""), text, add(CLIMATE))
    ran = run("year", path, "--variant", "without_storage", "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert "Small park: 2026-01-01 to 2026-12-31, 8,760 intervals (variant without_storage)" in ran.out
    figures = summary(tmp_path / "out")
    assert figures["status"] == "optimal"
    assert (figures["saving_yuan"], figures["full_cycles"]) == (0.0, {})
    assert list(figures["peak_mw"]) == [f"2026-{month:02d}" for month in range(1, 13)]
    assert len(pd.read_csv(tmp_path / "out" / "dispatch.csv")) == 8760
    assert "plan.xlsx" not in {path.name for path in (tmp_path / "out").iterdir()}


def test_the_version_is_that_of_the_installed_package(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: {"parkdispatch": "1.2.3"}[name])
    assert run("--version") == (0, "parkdispatch 1.2.3", "")


def test_without_an_installed_package_the_version_is_unknown(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert run("--version") == (0, "parkdispatch unknown", "")


@pytest.mark.slow
def test_init_makes_what_check_and_plan_accept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("init", "my works")
    assert ran.code == 0
    assert ran.out.count("wrote ") == 3
    assert "parkdispatch check 'my works/case.toml'" in ran.out
    ran = run("check", "my works/case.toml")
    assert ran.code == 0
    assert (
        "my works: valid. 5 devices (pv, load, battery_1, battery_2, grid), 35,040 intervals of 15" in ran.out
    )
    ran = run("plan", "my works/case.toml", *PEAK)
    assert ran.code == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert re.fullmatch(r"my works-plan-\d{8}-\d{6}", folder.name)
    assert {path.name for path in folder.iterdir()} == PLAN_FILES | {"manifest.json"}
    ran = run("init", "my works")
    assert ran.code == 2
    assert "`FOLDER` = my works: is there already and not empty" in ran.err


def test_pv_tells_the_yield(run: Run) -> None:
    ran = run("pv", "gaoan")
    assert ran.code == 0
    for words in (
        "photovoltaic yield",
        "4,629.92 MJ/m²",
        "300.036 MWp",
        "area 6",
        "Against published figures",
    ):
        assert words in ran.out


@pytest.mark.parametrize(
    ("damages", "words"),
    [
        ((), "`weather` is missing: must be given"),
        (
            (lambda folder: (folder / "case.toml").write_text(CASE.split("[device.pv]")[0]),),
            "has no plant, must have a table such as [device.pv]",
        ),
    ],
)
def test_pv_needs_a_plant_and_weather(
    damages: tuple[Damage, ...], words: str, run: Run, tmp_path: Path
) -> None:
    ran = run("pv", write_case(tmp_path, *damages))
    assert ran.code == 2
    assert words in ran.err


def test_check_lists_five_mistakes_and_those_of_the_variants(run: Run, tmp_path: Path) -> None:
    damages = (
        swap("eta_charge = 0.94", "eta_charge = 94"),
        swap("= 2026-07-15", "= 2027-07-15"),
        swap('"01:00-06:00"', '"01:00-18:00"', "own.toml"),
        swap('"load.demand_mw"', '"load.demand"'),
        row("pv.csv", 5, "2026-07-15 00:45,-3,25"),
        swap("power_mw = 40.0", "power_mw = -40.0"),
        swap('["battery_1"]', '["battery_2"]'),
    )
    ran = run("check", write_case(tmp_path, *damages))
    assert ran.code == 2
    for words in (
        "`device.battery_1.eta_charge` = 94",
        "`calendar.plan_date` = 2027-07-15",
        "tariff own.toml: `day[1].hours[0]`",
        '`series."load.demand"`',
        "pv.csv row 5: pv [MW] = -3",
        "`variant.large.device.battery_1.power_mw` = -40.0",
        "`variant.without_storage.remove` = battery_2",
    ):
        assert ran.err.count(words) == 1, ran.err
    assert len(ran.err.splitlines()) == 7
    assert all(line.startswith("input: ") for line in ran.err.splitlines())


# --- what goes wrong


def test_all_that_is_wrong_on_the_command_line_comes_together(run: Run, tmp_path: Path) -> None:
    path = write_case(tmp_path, swap("eta_charge = 0.94", "eta_charge = 94"))
    ran = run("plan", path, "--solver", "x", "--date", "2026-02-30", "--write-model", "m.txt", "--out", path)
    assert ran.code == 2
    said = (
        "`--solver` = x",
        "`--write-model` = m.txt",
        "`--out` = ",
        "`--date` = 2026-02-30",
        "`device.battery_1.eta",
    )
    assert [words for words in said if words not in ran.err] == []
    ran = run("plan", write_case(tmp_path), "--soc", "95", "--peak-so-far-mw", "-5", "--date", "2025-01-01")
    assert ran.code == 2
    assert [words for words in ("`--soc`", "`--peak-so-far-mw`", "`--date`") if words not in ran.err] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--date", "soon"), "`--date` = soon: must be a day such as 2026-07-15"),
        (("--date", "2026-02-30"), "`--date` = 2026-02-30: must be a day such as"),
        (("--date", "2025-07-15"), "`--date` = 2025-07-15: must lie in 2026"),
        (
            ("--date", "2026-07-20"),
            "load.csv: covers 2026-07-15 00:00 to 2026-07-17 00:00: must cover 2026-07-20",
        ),
        (("--soc", "95"), "0.95?"),
        (("--soc", "nan"), "finite"),
        (("--soc", "half"), "--soc"),
        (("--variant", "nope"), "`--variant` = nope: must be one of without_storage, large"),
        (("--solver", "nonsense"), "`--solver` = nonsense: must be highs, or pyomo: and a name"),
        (("--solver", "pyomo:nonsense"), "`--solver` = pyomo:nonsense: must be registered with Pyomo"),
        (("--solver", "pyomo:apsi_highs"), "did you mean `pyomo:appsi_highs`?"),
        (("--solver", "pyomo:./evil"), "`--solver` = pyomo:./evil: must be registered with Pyomo"),
        (("--solver", "pyomo:baron"), "`--solver` = pyomo:baron: Pyomo finds no such solver on this machine"),
        (("--solver", "pyomo:"), "`--solver` = pyomo:"),
        (("--time-limit", "0"), "--time-limit"),
        (("--time-limit", "nan"), "--time-limit"),
        (("--write-model", "model.txt"), "`--write-model` = model.txt: must end in .lp or .mps"),
        (
            ("--write-model", "none/model.lp"),
            "`--write-model` = none/model.lp: must be a file in an existing folder",
        ),
        (("--out", "case.toml"), "`--out` = case.toml: cannot be written: is a file, must be a folder"),
        (("--out", "case.toml/x"), "`--out` = case.toml/x: cannot be written: Not a directory"),
        (("--out", "x" * 300), "`--out` = xxx"),
        (("--load", "none.csv"), "`--load` = none.csv: no such file"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_a_wrong_word_exits_2_and_writes_nothing(
    words: tuple[str, ...], said: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_case(tmp_path)
    evil = tmp_path / "evil"  # Pyomo runs any program that it is given for a solver
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    evil.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    before = content(tmp_path)
    peak = () if "--peak-so-far-mw" in words else PEAK
    ran = run("plan", "case.toml", *peak, *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in " ".join(ran.err.split())
    assert content(tmp_path) == before


@pytest.mark.parametrize(
    ("code", "damages", "said"),
    [
        (2, (swap("eta_charge = 0.94", "eta_charge = 94"),), ("`device.battery_1.eta_charge` = 94",)),
        (2, (row("load.csv", 5, "2026-07-15 00:45,x"),), ("load.csv row 5: load [MW] = x",)),
        (
            3,
            (swap("import_limit_mw = 150.0", "import_limit_mw = 90.0"),),
            ("worst 2026-07-15 20:00 by 10.200 MW", "grid.import_mw"),
        ),
        (3, UNREACHABLE, ("infeasible: ", "battery_1.final_soc")),
    ],
)
def test_a_failing_run_leaves_the_last_one_untouched(
    code: int, damages: tuple[Damage, ...], said: tuple[str, ...], run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run("plan", write_case(tmp_path / "good", *HOURLY), *PEAK, "--out", out).code == 0
    before = content(out)
    ran = run("plan", write_case(tmp_path / "bad", *damages), *PEAK, "--out", out)
    assert (ran.code, ran.out) == (code, "")
    assert [words for words in said if words not in ran.err] == [], ran.err
    assert content(out) == before


def test_a_solver_that_fails_exits_4(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise SolverError("HiGHS stopped without a solution: Iteration limit reached")

    monkeypatch.setattr("parkdispatch.optimizer.highs.Solver.solve", stop)
    ran = run("plan", write_case(tmp_path), *PEAK, "--out", tmp_path / "out")
    assert ran == (4, "", "solver: HiGHS stopped without a solution: Iteration limit reached\n")
    assert not (tmp_path / "out").exists()


def test_check_and_plan_agree_on_series_of_a_day(run: Run, tmp_path: Path) -> None:
    """Two days of load and sun suffice for a plan with its peak; what the year lacks is told beside."""
    path = write_case(tmp_path, *HOURLY, swap('"17:00-22:00"', '"17:30-22:00"', "own.toml"))
    ran = run("check", path)
    assert ran.code == 0
    assert "small: valid for a plan of 2026-07-15 only, given --peak-so-far-mw. 4 devices" in ran.out
    assert "for year, replay and study: load.csv: covers 2026-07-15 00:00 to 2026-07-17 00:00" in ran.err
    uneven = (
        "warning: `calendar.minutes` = 60: tariff own changes its period at 17:30, within an interval, which"
        " then has the mean price; 15 would follow it\n"
    )
    assert uneven in ran.err
    ran = run("plan", path, *PEAK, "--out", tmp_path / "out")
    assert (ran.code, ran.err) == (0, uneven)
    ran = run("plan", path, "--out", tmp_path / "no_peak")
    assert (ran.code, ran.out) == (2, "")
    assert "`--peak-so-far-mw` is missing" in ran.err
    single_part = swap('scheme = "two_part"', 'scheme = "single_part"')
    path = write_case(tmp_path, *HOURLY, single_part)
    assert "small: valid for a plan of 2026-07-15 only. 4 devices" in run("check", path).out
    assert run("plan", path, "--out", tmp_path / "no_demand").code == 0
    ran = run("check", write_case(tmp_path, *HOURLY, swap("= 2026-07-15", "= 2026-07-20")))
    assert (ran.code, ran.out) == (2, "")


def test_check_warns_of_what_cannot_matter(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    text = case_text("gaoan").replace("cost_yuan = 0.0", "cost_yuan = 1e7")
    text = text.replace('trigger = "end_of_life" ', 'trigger = "year"\nyear = 25 ')
    path.write_text(text, encoding="utf-8")
    ran = run("check", path)
    assert ran.code == 0
    assert ran.err.count("warning: ") == 1
    assert "warning: `finance.replacement.year` = 25: lies at the end of the 20-year horizon" in ran.err
    path.write_text(text.replace("year = 25 ", "year = 0 "), encoding="utf-8")
    ran = run("check", path)
    assert (ran.code, ran.out) == (2, "")
    assert "`finance.replacement.year` = 0: must be in [1, 60]" in ran.err


def test_check_looks_at_a_weather_file_that_no_device_reads(run: Run, tmp_path: Path) -> None:
    """A case without it says nothing of it."""
    path = write_case(tmp_path)
    assert "weather" not in run("check", path).err
    path.write_text(path.read_text("utf-8") + '\n[weather]\nfile = "w.csv"\n', encoding="utf-8")
    ran = run("check", path)
    assert ran.code == 0
    assert "warning: `weather.file`: cannot matter, because no device computes a series from" in ran.err
    assert "w.csv: no such file" in ran.err


def test_a_fault_of_the_program_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object, **__: object) -> None:
        raise ZeroDivisionError("[red]something")

    monkeypatch.setattr("parkdispatch.inputs.loader.load_case", fault)
    ran = run("check", "gaoan")
    assert ran == (1, "", "internal error, please report it: ZeroDivisionError: [red]something\n")
    monkeypatch.setenv("PARKDISPATCH_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        run("check", "gaoan")


def test_control_c_exits_130_without_a_traceback(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("parkdispatch.studies.solve_case.optimize", interrupt)
    ran = run("plan", write_case(tmp_path), *PEAK, "--out", tmp_path / "out")
    assert ran.code == 130
    assert not (tmp_path / "out").exists()


# --- as a process of its own

MAIN = [sys.executable, "-c", "from parkdispatch.interfaces.cli import main; main()"]


@pytest.mark.slow
def test_a_process_of_its_own(tmp_path: Path) -> None:
    """The built-in case on its default day, printed to a pipe in GBK, which cannot encode "²"."""
    gbk = environment(PYTHONIOENCODING="gbk")
    command = [*MAIN, "plan", *PEAK, "--out", str(tmp_path / "out")]
    ran = subprocess.run(command, env=gbk, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert "高安建陶基地" in ran.stdout.decode("gbk")
    assert {path.name for path in (tmp_path / "out").iterdir()} == PLAN_FILES | {"manifest.json"}


def test_control_c_in_a_process_of_its_own(tmp_path: Path) -> None:
    # started in the background of a shell, a process ignores the signal unless it says otherwise
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from parkdispatch.interfaces.cli import main; print('ready', flush=True); main()"
    command = [sys.executable, "-c", code, "year", "gaoan", "--out", str(tmp_path / "out")]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_what_a_pipe_cannot_show_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    monkeypatch.setattr(sys, "argv", ["parkdispatch", "pv", "gaoan"])
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    sys.stdout.flush()
    assert b"MJ/m?" in raw.getvalue()


# --- where the output goes


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_under_the_output_is_told(tmp_path: Path) -> None:
    words = [*MAIN, "check", str(year_case(tmp_path))]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, env=environment())
    assert (done.returncode, done.stderr) == (1, "the output cannot be written: No space left on device\n")


@pytest.mark.skipif(os.name != "posix", reason="pipes of a shell")
def test_a_reader_that_has_gone_ends_the_program_quietly(tmp_path: Path) -> None:
    words, pipe = [*MAIN, "check", str(year_case(tmp_path))], subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, env=environment()) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (said, process.returncode) == (b"", 141)


def test_escape_sequences_of_a_file_do_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    ran = run("check", write_case(tmp_path, row("load.csv", 5, "2026-07-15 00:45,\x1b[31m9")))
    assert "load.csv row 5: load [MW] = ?[31m9: must be a number" in ran.err
    assert "\x1b" not in ran.err
