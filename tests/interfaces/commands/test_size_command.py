"""`parkdispatch size` end to end: every part for a small hourly park, and refused inputs."""

import json
from pathlib import Path

import openpyxl
import pytest

from parkdispatch.results.writers.sizing_netcdf import read_group
from parkdispatch.studies import dask_client
from tests.support.cases.sizing_case import asked
from tests.support.small_case import write_case
from tests.support.typed_commands import Ran, Run


def sized(typed: Run, folder: Path, *more: str) -> Ran:
    return typed("size", asked(folder / "case"), "--workers", "1", "--scenarios", "2", *more)


@pytest.mark.slow
def test_everything_is_asked_and_a_second_run_takes_what_is_kept(
    typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = sized(typed, tmp_path, "--out", "a")
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
    (kept,) = (tmp_path / "runs").iterdir()
    assert f"Scenarios stored in {kept.relative_to(tmp_path)};" in out
    assert kept.name.startswith("small-scenarios-")
    parts = {path.name: path.stat().st_mtime_ns for path in (kept / "parts").iterdir()}
    assert len(parts) == 2
    code, again, _ = sized(typed, tmp_path, "--out", "b", "--lang", "zh")
    assert code == 0
    assert again.replace("Files in b", "Files in a") == out
    assert {path.name: path.stat().st_mtime_ns for path in (kept / "parts").iterdir()} == parts
    one, other = (tmp_path / name for name in "ab")
    assert {path.name for path in one.iterdir()} == {
        "report.html", "report.xlsx", "summary.json", "offers.csv", "surface.nc", "surface.csv", "when.csv",
        "scenarios.csv", "size.nc", "manifest.json",
    }  # fmt: skip
    for name in ("offers.csv", "surface.csv", "when.csv", "scenarios.csv"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    assert "集装箱" in (other / "report.html").read_text(encoding="utf-8")
    assert openpyxl.load_workbook(other / "report.xlsx").sheetnames[0] != "Decision"
    for group in ("surface", "when", "risk"):
        assert read_group(one / "size.nc", group).sizes
    said = json.loads((one / "summary.json").read_text(encoding="utf-8"))
    assert said["co_optimised"]["gap"] <= 1e-6
    assert said["co_optimised"]["cost_yuan"] <= said["co_optimised"]["without_yuan"]


@pytest.mark.slow
def test_scenarios_that_cannot_be_kept_are_told_and_computed(
    typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`runs` is a file. Different solve options lead to a different store of scenarios."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("", encoding="utf-8")
    code, out, err = sized(typed, tmp_path, "--only", "scenarios", "--out", "a")
    assert code == 0
    assert "warning: scenarios are not kept: runs/small-scenarios-" in err
    assert "Scenarios stored" not in out
    (tmp_path / "runs").unlink()
    for more in ((), ("--every-year",)):
        code, _, err = sized(typed, tmp_path, "--only", "scenarios", "--out", "b", *more)
        assert (code, err) == (0, "")
    assert len(list((tmp_path / "runs").iterdir())) == 2
    assert (tmp_path / "a" / "scenarios.csv").exists()


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
    (tmp_path / "store" / "store.json").write_text('{"format": 1, "case": {"site": "x"}}', encoding="utf-8")
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
