"""A task that fails costs `size` and `study` nothing else: the rest is written, the next run resumes."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from parkdispatch.models.errors import InfeasibleError, SolverError
from parkdispatch.models.stores.battery import Battery
from parkdispatch.studies.lifetime import lifetime_dispatch
from parkdispatch.studies.sizing import (
    co_optimization,
    existing_park,
    increment_years,
    marginal_value,
    scenario_evaluation,
)
from parkdispatch.studies.task_cluster import TaskCluster
from tests.support.cases.sized_park import write_sized_park
from tests.support.cases.year_case import MONEY, three_days, year_case
from tests.support.files.stored_scenarios import change
from tests.support.files.written_runs import summary
from tests.support.typed_commands import Ran, Run

PARTIAL = 5
MESSAGE = "a solver of the test stopped"


class Faults:
    """Which solves fail, and how many there were: a size of the increment, a part, or a year."""

    def __init__(self) -> None:
        self.sizes: set[tuple[float, float]] = set()
        self.parts: set[str] = set()
        self.scenarios: set[int] = set()
        self.years: set[int] = set()  # of a lifetime
        self.error: type[SolverError | InfeasibleError] = SolverError
        self.solved = 0

    def count(self, failing: bool) -> None:
        if failing:
            raise self.error(MESSAGE)
        self.solved += 1


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Faults:
    """Solves of three days that fail on demand; scenarios are evaluated in this process."""
    monkeypatch.chdir(tmp_path)
    faults = Faults()
    solve, search = increment_years.solve_prepared, co_optimization.ParametricSearch.run
    differences, evaluate = marginal_value.marginal_differences, scenario_evaluation.scenario_figures

    def sized(prepared: Any, *rest: Any, **more: Any) -> Any:
        battery = prepared.case.devices["battery_1"]
        assert isinstance(battery, Battery)
        faults.count((battery.power_mw, battery.energy_mwh) in faults.sizes)
        return solve(prepared, *rest, **more)

    def searched(*rest: Any) -> Any:
        faults.count("best" in faults.parts)
        return search(*rest)

    def different(*rest: Any) -> Any:
        faults.count("marginal" in faults.parts)
        return differences(*rest)

    def batches(
        _: TaskCluster, work: Any, shared: Any, tasks: Mapping[int, Any], *rest: Any
    ) -> Iterator[Any]:
        for number, row in tasks.items():
            failing = number in faults.scenarios
            failed = faults.error(f"scenario {number}: {MESSAGE}")
            yield [(number, failed if failing else evaluate(shared, row))]
            faults.solved += not failing

    monkeypatch.setattr(existing_park, "year_times", three_days)
    monkeypatch.setattr(increment_years, "solve_prepared", sized)
    monkeypatch.setattr(co_optimization.ParametricSearch, "run", searched)
    monkeypatch.setattr(co_optimization, "marginal_differences", different)
    monkeypatch.setattr(TaskCluster, "__enter__", lambda cluster: cluster)
    monkeypatch.setattr(TaskCluster, "batches", batches)
    return faults


def sized(typed: Run, folder: Path, out: str, *more: str) -> Ran:
    case = folder / "case"
    path = case / "case.toml" if case.exists() else write_sized_park(case)
    return typed("size", path, "--scenarios", "4", "--out", out, *more)


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    return {path.name: pd.read_csv(path, encoding="utf-8-sig") for path in sorted(folder.glob("*.csv"))}


def same(folder: Path, other_folder: Path) -> None:
    """Two runs have the same tables, up to where a solver stops."""
    first, second = tables(folder), tables(other_folder)
    assert first.keys() == second.keys()
    for name, table in first.items():
        for column in table:
            if table[column].dtype == np.float64 and "gap" not in str(column):
                np.testing.assert_allclose(table[column], second[name][column], rtol=1e-6, atol=1e-3)


def test_failed_sizes_and_scenarios_are_told_and_computed_by_the_next_run(
    typed: Run, tmp_path: Path, faults: Faults
) -> None:
    """One of two sizes and one of four scenarios fail; the next run solves only these."""
    assert sized(typed, tmp_path, "whole").code == 0
    assert [path.name[:16] for path in (tmp_path / "runs").iterdir()] == ["small-scenarios-"]
    whole_solves, faults.solved = faults.solved, 0
    (store,) = (tmp_path / "runs").glob("small-scenarios-*")
    change(store, "delete from scenario where number = 2")
    faults.sizes, faults.scenarios = {(5.0, 20.0)}, {2}
    ran = sized(typed, tmp_path, "some")
    assert ran.code == PARTIAL, ran.err
    assert "partial: 2 failed; the same command computes only what is missing" in ran.err
    told = " ".join(ran.out.replace("│", " ").split())
    for said in (
        "1 of 2 sizes of the surface failed: 5 MW / 20 MWh (no certified answer).",
        "1 of 4 scenarios failed: scenario 2 (no certified answer).",
        f"scenario 2: {MESSAGE}",
        "Surface: 3 of 4 sizes",
        "NPV over 3 of 4 scenarios",
        "The risk is that of 3 of 4 scenarios; the others failed.",
        "of 3 scenarios",
    ):
        assert said in told, (said, told)
    written = summary(tmp_path / "some")
    assert written["status"] == "partial"
    assert {(task["part"], task["name"], task["scenario"]) for task in written["failed"]} == {
        ("surface", "5 MW / 20 MWh", None),
        ("scenarios", "", 2),
    }
    assert (written["tasks"]["surface"], written["tasks"]["scenarios"]) == (2, 4)
    assert (written["risk"]["scenarios"], written["risk"]["scenarios_asked"]) == (3, 4)
    assert written["co_optimised"] and written["when"] and written["marginal"]
    assert tables(tmp_path / "some")["scenarios.csv"]["scenario"].tolist() == [0, 1, 3]
    page = (tmp_path / "some" / "report.html").read_text(encoding="utf-8")
    assert "Not computed" in page and "3 of 4 scenarios drawn" in page

    faults.sizes, faults.scenarios, faults.solved = set(), set(), 0
    ran = sized(typed, tmp_path, "resumed")
    assert ran.code == 0, ran.err
    assert faults.solved == 2 + 1 + 1 < whole_solves  # the scenario itself is counted too
    assert "tasks were finished by a run that was not complete, and reused" in ran.out
    assert summary(tmp_path / "resumed")["failed"] == []
    same(tmp_path / "whole", tmp_path / "resumed")
    assert not list((tmp_path / "runs").glob("*unfinished*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "failed", "missing"),
    [
        ({"parts": {"best"}}, {"best"}, "co_optimised"),
        ({"parts": {"marginal"}}, {"marginal"}, "marginal"),
        ({"sizes": {(5.0, 10.0)}}, {"offers", "surface"}, "when"),
    ],
    ids=["best", "marginal", "offer"],
)
def test_a_failed_part_leaves_the_others(
    fault: dict[str, Any], failed: set[str], missing: str, typed: Run, tmp_path: Path, faults: Faults
) -> None:
    """In Chinese, so that no sentence of the page lacks its translation."""
    vars(faults).update(fault)
    ran = sized(typed, tmp_path, "some", "--lang", "zh")
    assert ran.code == PARTIAL, ran.err
    written = summary(tmp_path / "some")
    assert {task["part"] for task in written["failed"]} == failed
    assert not written[missing]
    assert written["risk"]["scenarios"] == 4
    assert written["surface_sizes"] == 4
    page = (tmp_path / "some" / "report.html").read_text(encoding="utf-8")
    assert "未能计算的部分" in page and "求解失败" in page and MESSAGE not in page
    first = openpyxl.load_workbook(tmp_path / "some" / "report.xlsx").worksheets[0]
    assert any("求解失败" in str(cell.value) for row in first.iter_rows() for cell in row)

    faults.parts, faults.sizes = set(), set()
    ran = sized(typed, tmp_path, "resumed")
    assert ran.code == 0, ran.err
    assert summary(tmp_path / "resumed")[missing]


def test_infeasible_scenarios_are_named_as_such(typed: Run, tmp_path: Path, faults: Faults) -> None:
    faults.error, faults.scenarios = InfeasibleError, {0, 3}
    ran = sized(typed, tmp_path, "some", "--only", "scenarios")
    assert ran.code == PARTIAL
    assert "2 of 4 scenarios failed: scenario 0 (infeasible), scenario 3 (infeasible)." in " ".join(
        ran.out.split()
    )
    assert {task["reason"] for task in summary(tmp_path / "some")["failed"]} == {"infeasible"}


def test_a_run_without_any_result_ends_with_its_error(typed: Run, tmp_path: Path, faults: Faults) -> None:
    faults.parts = {"best"}
    ran = sized(typed, tmp_path, "none", "--only", "best")
    assert (ran.code, ran.out) == (4, "")
    assert f"solver: {MESSAGE}" in ran.err
    assert not (tmp_path / "none").exists()


def test_an_interrupted_size_resumes(
    typed: Run, tmp_path: Path, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control-C while an offer is dispatched: the best size is there already, and nothing is written."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(increment_years.SizeWarmStarts, "remember", interrupted)
        assert sized(typed, tmp_path, "none").code == 130
    assert not (tmp_path / "none").exists()
    faults.parts = {"best"}  # would fail if it were searched again
    assert sized(typed, tmp_path, "resumed").code == 0


def test_a_failed_year_is_estimated_told_and_computed_by_the_next_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last of four years fails: it lies on the line of the two before it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lifetime_dispatch, "year_times", three_days)
    failing, solved, dispatch = {4}, list[int](), lifetime_dispatch._dispatch_year

    def year(aged: Any, context: Any, number: int, *others: Any) -> Any:
        if number in failing:
            raise SolverError(f"year {number} of operation: {MESSAGE}")
        solved.append(number)
        return dispatch(aged, context, number, *others)

    monkeypatch.setattr(lifetime_dispatch, "_dispatch_year", year)
    path = year_case(tmp_path / "case", money=MONEY.replace("operation_years = 3", "operation_years = 4"))
    ran = run("study", path, "--out", "some", "--lang", "zh")
    assert ran.code == PARTIAL, ran.err
    assert "第 4 年（求解失败）" in ran.out
    assert MESSAGE in ran.out
    written, years = summary(tmp_path / "some"), tables(tmp_path / "some")["years.csv"]
    assert (written["status"], written["tasks"], written["years_dispatched"]) == (
        "partial",
        {"years": 4},
        [1, 2, 3],
    )
    assert written["failed"][0]["year"] == 4
    saving = years["net_saving_yuan [yuan]"]
    assert saving[3] == pytest.approx(2 * saving[2] - saving[1])
    page = (tmp_path / "some" / "report.html").read_text(encoding="utf-8")
    assert "由已调度的年份估算" in page and "第 4 年（求解失败）" in page

    failing.clear(), solved.clear()
    ran = run("study", path, "--out", "resumed")
    assert (ran.code, ran.err) == (0, "")
    assert solved == [4]
    assert "3 tasks were finished by a run" in ran.out
    assert run("study", path, "--out", "whole").code == 0
    assert solved == [4, 1, 2, 3, 4]
    same(tmp_path / "resumed", tmp_path / "whole")
    assert not (tmp_path / "runs").exists()


def test_a_first_year_that_fails_ends_the_study(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lifetime_dispatch, "year_times", three_days)

    def failing(*_: Any) -> Any:
        raise SolverError(MESSAGE)

    monkeypatch.setattr(lifetime_dispatch, "_dispatch_year", failing)
    ran = run("study", year_case(tmp_path / "case"), "--out", "none")
    assert (ran.code, ran.err) == (4, f"solver: {MESSAGE}\n")
    assert not (tmp_path / "none").exists()
