"""`parkdispatch plan` end to end: printed output, written files, a park that needs its storage."""

import re
from pathlib import Path

import highspy
import numpy as np
import openpyxl
import pandas as pd
import pytest

from parkdispatch.results.solution import read_solution, save_solution
from tests.support.bad_files import CLIMATE
from tests.support.bad_inputs import PV_FILE
from tests.support.cases.extreme_limits import NEEDED, NO_COMPARISON
from tests.support.cases.lifetime_cases import HOURLY
from tests.support.files.written_runs import PLAN_FILES, SUMMARY_KEYS, content, summary
from tests.support.small_case import add, load_mw, row, series, swap, write_case
from tests.support.typed_commands import Run

PEAK = ("--peak-so-far-mw", "100")


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


def test_the_same_command_twice_gives_the_same(
    run: Run, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The first time by one process, the second time with pages and workbooks from a copy of it."""
    path = write_case(tmp_path, *HOURLY)
    assert run("plan", path, *PEAK, "--out", tmp_path / "a").code == 0
    request.getfixturevalue("two_processors")
    assert run("plan", path, *PEAK, "--out", tmp_path / "b").code == 0
    first, second = content(tmp_path / "a"), content(tmp_path / "b")
    assert first.keys() == second.keys() == PLAN_FILES | {"manifest.json"}
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
