"""Files of a run: written completely or not at all, keeping existing files on failure."""

import json
import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from parkdispatch.models.errors import InputError
from parkdispatch.results.io import files
from parkdispatch.results.io.files import output_folder, peak_memory_mb, write_json
from parkdispatch.results.io.provenance import versions

NAMES = ("dispatch.csv", "solution.nc", "summary.json")


def put(out: Path, texts: dict[str, str]) -> None:
    with output_folder(out) as stage:
        for name, text in texts.items():
            assert stage(name, lambda path, text=text: path.write_text(text)) == out / name


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


OLD = {name: f"old {name}" for name in NAMES}
NEW = {name: f"new {name}" for name in (*NAMES, "report.html")}


def test_a_new_folder_gets_all_files(tmp_path: Path) -> None:
    put(tmp_path / "a" / "b", NEW)
    assert {name: raw.decode() for name, raw in content(tmp_path / "a" / "b").items()} == NEW


def test_files_that_are_there_are_replaced_and_others_left(tmp_path: Path) -> None:
    put(tmp_path, {**OLD, "note.txt": "mine"})
    put(tmp_path, NEW)
    assert {name: raw.decode() for name, raw in content(tmp_path).items()} == {**NEW, "note.txt": "mine"}


def test_nothing_appears_before_all_is_written(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    with output_folder(tmp_path) as stage:
        stage("summary.json", lambda path: path.write_text("new"))
        assert (tmp_path / "summary.json").read_text() == "old summary.json"
    assert (tmp_path / "summary.json").read_text() == "new"


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


def fail_because_of_a_folder(folder: Path) -> None:
    (folder / "report.html").mkdir(parents=True)
    put(folder, NEW)


@pytest.mark.parametrize(
    ("fail", "error", "words"),
    [
        (fail_to_write, InputError, "argument `out` = .*: cannot be written: No space left on device"),
        (fail_in_between, ZeroDivisionError, "^$"),
        (fail_because_of_a_folder, InputError, "a folder is in the way of report.html"),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_a_failure_leaves_what_was_there(
    fail: Callable[[Path], None], error: type[Exception], words: str, there: bool, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    if there:
        put(out, OLD)
    before = content(tmp_path)
    with pytest.raises(error, match=words):
        fail(out)
    assert content(tmp_path) == before
    assert out.exists() == there or fail is fail_because_of_a_folder


@pytest.mark.parametrize("failing", sorted(NEW))
@pytest.mark.parametrize("there", [OLD, {}, {"summary.json": "old"}])
def test_one_file_open_elsewhere_undoes_all(
    failing: str, there: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows refuses to replace a file that is open in Excel; a partial run must not remain."""
    put(tmp_path, there)
    before = content(tmp_path)
    replace = os.replace

    def refusing(source: Path, target: Path) -> None:
        if target == tmp_path / failing:
            raise PermissionError(13, "The process cannot access the file")
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", refusing)
    with pytest.raises(InputError, match="cannot be written: The process cannot"):
        put(tmp_path, NEW)
    assert content(tmp_path) == before


@pytest.mark.parametrize("place", ["file", "file/below", "x" * 300])
def test_places_that_cannot_be_written(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="argument `out` = .*cannot be written"):
        put(tmp_path / place, NEW)
    assert content(tmp_path) == {"file": b"mine"}


def test_a_system_that_refuses(tmp_path: Path) -> None:
    if not Path("/proc").is_dir():
        pytest.skip("no /proc here")
    with pytest.raises(InputError, match="argument `out` = /proc/parkdispatch: cannot be written"):
        put(Path("/proc/parkdispatch"), NEW)


def test_json_has_no_nan_and_keeps_chinese(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "高安", "value": 1.5})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"name": "高安", "value": 1.5}
    assert "高安" in (tmp_path / "a.json").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "b.json", {"value": math.nan})


def test_versions_and_memory_are_told() -> None:
    assert {"python", "parkdispatch", "pyomo", "highspy", "numpy"} <= versions().keys()
    assert "not installed" not in versions().values()
    assert 10 < peak_memory_mb() < 1e6
