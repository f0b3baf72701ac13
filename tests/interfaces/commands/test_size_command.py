"""`parkdispatch size` end to end: every part for a small hourly park, and refused inputs."""

import json
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from parkdispatch.results.io.scenario_store import RECORDS
from parkdispatch.results.writers.sizing_netcdf import read_group
from parkdispatch.studies import dask_client
from parkdispatch.studies.dask_client import without_dask_logs
from parkdispatch.studies.sizing import existing_park
from tests.support.cases.sized_park import write_sized_park
from tests.support.files.stored_scenarios import stored_numbers
from tests.support.small_case import write_case
from tests.support.typed_commands import Ran, Run


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a scheduler with a worker, both in this process: nothing is started for a command."""
    from distributed import LocalCluster

    here = {"processes": False, "protocol": "tcp://", "host": "127.0.0.1", "dashboard_address": ":0"}
    with without_dask_logs(), LocalCluster(n_workers=1, threads_per_worker=1, **here) as cluster:
        yield str(cluster.scheduler_address)


@pytest.fixture
def one_month(monkeypatch: pytest.MonkeyPatch) -> None:
    """July in the place of a year, wherever this process dispatches one."""
    july = pd.date_range("2026-07-01", "2026-08-01", freq="h", inclusive="left")
    monkeypatch.setattr(existing_park, "year_times", lambda _: july)


def sized(typed: Run, folder: Path, *more: str) -> Ran:
    return typed("size", write_sized_park(folder / "case"), "--scenarios", "2", *more)


def written(store: Path) -> tuple[int, list[int]]:
    """When the file of a store was written [ns], and the scenarios in it."""
    return (store / RECORDS).stat().st_mtime_ns, stored_numbers(store)


@pytest.mark.usefixtures("one_month")
def test_a_wait_for_nothing_is_told(
    typed: Run, tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an offer there is nothing that could be built later; it was silent."""
    monkeypatch.chdir(tmp_path)
    path = write_sized_park(tmp_path / "case")
    text = path.read_text(encoding="utf-8")
    offer = text.index("[[sizing.offer]]")
    text = text[:offer] + text[text.index("[[sizing.doubt]]") :] + "\n[sizing.wait]\nyears = 2\n"
    path.write_text(text, encoding="utf-8")
    code, _, err = typed("size", path, "--only", "scenarios", "--scenarios", "2", "--scheduler", scheduler)
    assert code == 0
    assert "`sizing.wait`: has no effect, because no size was valued" in " ".join(err.split())


@pytest.mark.usefixtures("one_month")
def test_everything_is_asked(
    typed: Run, tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = sized(typed, tmp_path, "--scheduler", scheduler, "--out", "a")
    assert (code, err) == (0, "")
    for told in (
        "Co-optimised: ",
        "container",
        "NPV over 2 scenarios",
        "Marginal value",
        "Surface: 4 sizes",
        "report.html",
    ):
        assert told in out, told
    (store,) = (tmp_path / "runs").iterdir()
    assert f"Scenarios stored in {store.relative_to(tmp_path)};" in out
    assert store.name.startswith("small-scenarios-")
    assert len(written(store)) == 2
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "report.html", "report.xlsx", "summary.json", "offers.csv", "surface.nc", "surface.csv", "when.csv",
        "scenarios.csv", "size.nc", "manifest.json",
    }  # fmt: skip
    for group in ("surface", "when", "risk"):
        assert read_group(tmp_path / "a" / "size.nc", group).sizes
    summary = json.loads((tmp_path / "a" / "summary.json").read_text(encoding="utf-8"))
    assert summary["co_optimised"]["gap"] <= 1e-6
    assert summary["co_optimised"]["cost_yuan"] <= summary["co_optimised"]["without_yuan"]


@pytest.mark.usefixtures("one_month")
def test_scenarios_are_kept_and_a_second_run_takes_them(
    typed: Run, tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At first `runs` is a file, so they cannot be kept. Other solve options lead to another store."""
    monkeypatch.chdir(tmp_path)
    scenarios = ("--only", "scenarios", "--scheduler", scheduler)
    (tmp_path / "runs").write_text("", encoding="utf-8")
    code, out, err = sized(typed, tmp_path, *scenarios, "--out", "not_kept")
    assert code == 0
    assert "warning: scenarios are not kept: runs/small-scenarios-" in err
    assert "Scenarios stored" not in out

    (tmp_path / "runs").unlink()
    code, out, err = sized(typed, tmp_path, *scenarios, "--out", "kept")
    assert (code, err) == (0, "")
    (store,) = (tmp_path / "runs").iterdir()
    assert f"Scenarios stored in {store.relative_to(tmp_path)};" in out
    kept = written(store)
    assert kept[1] == [0, 1]

    code, out_again, _ = sized(typed, tmp_path, *scenarios, "--out", "taken", "--lang", "zh")
    assert code == 0
    assert "文件在 taken：" in out_again
    assert written(store) == kept
    tables = {(tmp_path / run / "scenarios.csv").read_bytes() for run in ("not_kept", "kept", "taken")}
    assert len(tables) == 1
    assert "集装箱" in (tmp_path / "taken" / "report.html").read_text(encoding="utf-8")
    assert openpyxl.load_workbook(tmp_path / "taken" / "report.xlsx").sheetnames[0] != "Decision"

    assert sized(typed, tmp_path, *scenarios, "--out", "every", "--every-year").code == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2
    assert written(store) == kept


@pytest.mark.usefixtures("one_month")
def test_a_process_of_its_own_says_what_a_scheduler_says(
    typed: Run, tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_client, "WORKER_MODULE", "tests.support.services.july_worker")
    monkeypatch.chdir(tmp_path)
    one_scenario = ("--scenarios", "1", "--only", "scenarios")
    for out, where in (("own", ("--workers", "1")), ("elsewhere", ("--scheduler", scheduler))):
        ran = sized(typed, tmp_path, *one_scenario, *where, "--store", out + "-store", "--out", out)
        assert ran.code == 0, ran.err
    tables = {(tmp_path / out / "scenarios.csv").read_bytes() for out in ("own", "elsewhere")}
    assert len(tables) == 1


@pytest.mark.usefixtures("one_month")
def test_a_part_is_computed_alone(typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = sized(typed, tmp_path, "--only", "offers", "--out", "a")
    assert code == 0
    assert "Co-optimised" not in out
    assert not (tmp_path / "a" / "surface.csv").exists()
    assert not (tmp_path / "runs").exists()


def test_what_cannot_be_used_is_said_before_anything_is_computed(
    typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dask_client, "PATIENCE_S", 0.5)
    (tmp_path / "mine.csv").write_text("batery price\n1.0\n", encoding="utf-8")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "store.json").write_text('{"format": 2, "case": {"site": "x"}}', encoding="utf-8")
    code, out, err = sized(
        typed, tmp_path, "--only", "best,wurst", "--scheduler", "host", "--workers", "0", "--lang", "fr"
    )
    assert (code, out) == (2, "")
    for said in (
        "`--only` = best,wurst: wurst is no part",
        "`--scheduler` = host",
        "`--workers` = 0",
        "`--lang`",
    ):
        assert said in err, err
    before = sorted(tmp_path.rglob("*"))
    for words, said in (
        (("--scenarios", "mine.csv"), "mine.csv: column 'batery price': must be the name of a doubt"),
        (("--store", "store"), "`--store` = store: holds other scenarios: case: another calendar"),
        (("--scheduler", "tcp://127.0.0.1:1"), "`--scheduler` = tcp://127.0.0.1:1"),
    ):
        code, out, err = sized(typed, tmp_path, *words)
        assert (code, out) == (2, ""), err
        assert said in err, err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_case_that_asks_nothing_is_told(typed: Run, tmp_path: Path) -> None:
    code, _, err = typed("size", write_case(tmp_path))
    assert code == 2
    assert "`sizing` is missing" in err


@pytest.mark.usefixtures("one_month")
def test_a_gap_is_in_what_is_told(typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert sized(typed, tmp_path, "--only", "offers", "--gap", "1e-3", "--out", "a").code == 0
    summary = json.loads((tmp_path / "a" / "summary.json").read_text(encoding="utf-8"))
    assert summary["asked_gap"] == 1e-3
    refused = sized(typed, tmp_path / "b", "--gap", "0.5")
    assert refused.code == 2
    assert "`--gap` = 0.5: must be from 1e-09 to 0.01" in refused.err
