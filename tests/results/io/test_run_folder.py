"""Folders of runs: whole or not at all, one run at a time, and nothing of the user's overwritten."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from parkdispatch.models.errors import InputError
from parkdispatch.results.io import run_folder
from parkdispatch.results.io.run_folder import folder_problems, output_folder, writing_problems
from tests.support.harnesses import killed_runs
from tests.support.harnesses.killed_runs import fake_runs, kill_everywhere

NAMES = ("dispatch.csv", "solution.nc", "summary.json")
OLD = {name: f"old {name}" for name in NAMES} | {"replay.csv": "of an older year"}
NEW = {name: f"new {name}" for name in (*NAMES, "report.html")}


def put(out: Path, texts: dict[str, str]) -> None:
    with output_folder(out) as stage:
        for name, text in texts.items():
            assert stage(name, lambda path, text=text: path.write_text(text)) == out / name


def content(folder: Path) -> dict[str, str]:
    """Texts by path, without the manifest."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_a_new_folder_gets_all_files(tmp_path: Path) -> None:
    put(tmp_path / "a" / "b", NEW)
    assert content(tmp_path / "a" / "b") == NEW
    manifest = json.loads((tmp_path / "a" / "b" / "manifest.json").read_text())
    assert manifest["files"].keys() == NEW.keys()


@pytest.mark.parametrize("exchange", [True, False])
def test_a_run_is_replaced_as_a_whole(
    exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan's files among an older year's would be taken for one run."""
    if not exchange:
        monkeypatch.setattr(run_folder, "_exchanged", lambda *_: False)
    put(tmp_path / "out", OLD)
    put(tmp_path / "out", NEW)
    assert content(tmp_path) == {f"out/{name}": text for name, text in NEW.items()}


def test_a_run_is_replaced_in_a_folder_that_cannot_be_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working directory, as a mount point in a container."""
    monkeypatch.chdir(tmp_path)
    put(Path(), OLD)
    put(Path(), NEW)
    assert content(tmp_path) == NEW
    assert Path("report.html").read_text() == "new report.html"


def test_what_a_user_put_or_changed_there_is_not_overwritten(tmp_path: Path) -> None:
    put(tmp_path / "out", OLD)
    (tmp_path / "out" / "note.txt").write_text("mine")
    (tmp_path / "out" / "summary.json").write_text("edited")
    (tmp_path / "out" / ".DS_Store").write_text("of the file manager")
    before = content(tmp_path)
    with pytest.raises(InputError) as refused:
        put(tmp_path / "out", NEW)
    assert [line.partition(": ")[2] for line in refused.value.problems] == [
        "holds note.txt, which no run wrote: must be new, empty or hold one run, which is replaced",
        "holds summary.json, changed since the run: must be new, empty or hold one run, which is replaced",
    ]
    assert content(tmp_path) == before
    (tmp_path / "out" / "manifest.json").write_text('{"files": {"../note.txt": ""}}')
    assert "holds dispatch.csv, note.txt, replay.csv, solution.nc" in folder_problems(tmp_path / "out")[0]


def fail_to_write(folder: Path) -> None:
    with output_folder(folder) as stage:
        stage("dispatch.csv", lambda path: path.write_text("new"))

        def write(path: Path) -> None:
            path.write_text("half")
            raise OSError(28, "No space left on device")

        stage("summary.json", write)


def fail_in_between(folder: Path) -> None:
    with output_folder(folder) as stage:
        stage("dispatch.csv", lambda path: path.write_text("new"))
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("fail", "error", "words"),
    [
        (fail_to_write, InputError, "argument `out` = .*: cannot be written: No space left on device"),
        (fail_in_between, ZeroDivisionError, "^$"),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_a_failure_leaves_what_was_there(
    fail: Callable[[Path], None], error: type[Exception], words: str, there: bool, tmp_path: Path
) -> None:
    out = tmp_path / "a" / "out"
    if there:
        put(out, OLD)
    before = content(tmp_path)
    with pytest.raises(error, match=words):
        fail(out)
    assert content(tmp_path) == before
    assert out.parent.exists() == there


@pytest.mark.parametrize("failing", sorted(NEW))
@pytest.mark.parametrize("there", [OLD, {}])
def test_one_file_open_elsewhere_undoes_all(
    failing: str, there: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows refuses to replace a file that is open in Excel; a partial run must not remain."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path, there)
    replace = os.replace

    def refusing(source: Path, target: Path) -> None:
        if target == tmp_path / failing and Path(source).parent.name != "before":
            raise PermissionError(13, "The process cannot access the file")
        replace(source, target)

    monkeypatch.setattr(run_folder.os, "replace", refusing)
    with pytest.raises(InputError, match="cannot be written: The process cannot"):
        put(tmp_path, NEW)
    assert content(tmp_path) == there


@pytest.mark.parametrize("place", ["file", "file/below", "x" * 300])
def test_places_that_cannot_be_written(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="argument `out` = .*cannot be written"):
        put(tmp_path / place, NEW)
    assert "cannot be written" in (*folder_problems(tmp_path / place), *writing_problems(tmp_path / place))[0]
    assert content(tmp_path) == {"file": "mine"}


def test_a_system_that_refuses(tmp_path: Path) -> None:
    if not Path("/proc").is_dir():
        pytest.skip("no /proc here")
    with pytest.raises(InputError, match="argument `out` = /proc/parkdispatch: cannot be written"):
        put(Path("/proc/parkdispatch"), NEW)
    assert "cannot be written" in writing_problems(Path("/proc/parkdispatch"))[0]


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f".writing-{os.uname().nodename}-{ended.pid}-abc"
    at_work = tmp_path / f".writing-{os.uname().nodename}-{os.getppid()}-abc"
    for folder in (left, at_work):
        folder.mkdir()
        (folder / "report.html").write_text("half")
    put(tmp_path / "out", NEW)
    assert sorted(path.name for path in tmp_path.iterdir()) == [at_work.name, "out"]


def test_a_run_killed_anywhere_leaves_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    counts = kill_everywhere(fake_runs(), tmp_path, kills=24)
    assert counts["killed"] == 24
    assert counts["old"] + counts["new"] == 24
    assert counts["old"] and counts["mixed or half"] == 0


@pytest.mark.slow
def test_kills_of_a_plan(
    kills: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `python -m tests.support.harnesses.killed_runs` types it; `--kills` of pytest sets how many."""
    monkeypatch.setattr(sys, "argv", ["killed_runs", "--kills", str(kills)])
    with pytest.raises(SystemExit) as end:
        killed_runs.main()
    said = capsys.readouterr().out
    assert end.value.code == 0, said
    assert f" {kills} killed" in said and ", 0 mixed or half" in said, said
