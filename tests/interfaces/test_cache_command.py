"""`parkdispatch cache` and `--no-cache`."""

from pathlib import Path

import pytest

from parkdispatch.inputs.cache.cache_folder import VARIABLE, entries, write_entry
from tests.support.bad_files import CLIMATE
from tests.support.bad_inputs import PV_FILE
from tests.support.small_case import add, swap, write_case
from tests.support.typed_commands import Run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_the_folder_is_told_and_cleared(run: Run, folder: Path) -> None:
    write_entry("key", bytes(2_000_000))
    assert run("cache", "where") == (0, f"{folder}: 1 files, 2.0 MB", "")
    assert run("cache", "clear") == (0, f"{folder}: 1 files removed", "")
    assert entries(folder) == []
    assert run("cache", "clear") == (0, f"{folder}: 0 files removed", "")


def test_without_a_cache_nothing_is_kept(run: Run, folder: Path, tmp_path: Path) -> None:
    case = write_case(
        tmp_path / "case",
        swap(PV_FILE, ""),
        swap('"load.demand_mw" = { file = "load.csv" }', ""),
        add(CLIMATE),
    )
    assert run("--no-cache", "check", case).code == 0
    assert not folder.exists()
    assert run("--no-cache", "cache", "where").out == "nothing is kept: PARKDISPATCH_CACHE is off"
    assert run("--no-cache", "cache", "clear").code == 0
