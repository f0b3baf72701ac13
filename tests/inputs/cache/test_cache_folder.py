"""The cache folder: what is read is what was written, whoever writes at once and whatever is damaged."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st

from parkdispatch.inputs.cache import cache_folder
from parkdispatch.inputs.cache.array_cache import kept
from parkdispatch.inputs.cache.cache_folder import VARIABLE, clear, entries, read_entry, write_entry
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from tests.support.paths import environment

ARRAYS: Mapping[str, Array] = {"a_mw": np.array([0.1, -0.0, 1e-300]), "file": np.arange(3.0)}
RACE = """
from parkdispatch.inputs.cache.cache_folder import read_entry, write_entry
for n in range(300):
    write_entry("race", bytes([n % 7]) * 20_000)
    found = read_entry("race")
    assert found is None or len(set(found)) == 1, "a mixture was read"
    assert found is not None, "what was replaced was not whole"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


def not_asked() -> Mapping[str, Array]:
    raise AssertionError("it was kept, and is not to be computed")


def equal(one: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
    return {key: array.tobytes() for key, array in one.items()} == {
        key: array.tobytes() for key, array in other.items()
    }


def test_what_is_kept_is_found_to_the_last_bit_and_not_computed_again(folder: Path) -> None:
    assert kept("key", lambda: ARRAYS) is ARRAYS
    assert len(entries(folder)) == 1
    found = kept("key", not_asked)
    assert list(found) == ["a_mw", "file"]
    assert equal(found, ARRAYS)


@given(np_st.arrays(np.float64, np_st.array_shapes(max_dims=2)), st.text(max_size=8))
@settings(max_examples=25)
def test_any_numbers_of_any_name_are_kept(array: Array, name: str) -> None:
    clear(Path(os.environ[VARIABLE]))
    name = "".join(character for character in name if character.isprintable() and character not in "/\\")
    kept("any", lambda: {name: array})
    assert equal(kept("any", not_asked), {name: array})


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "longer"])
def test_a_damaged_file_is_noticed_and_made_anew(folder: Path, damage: str) -> None:
    kept("key", lambda: ARRAYS)
    (path,) = entries(folder)
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "cut": whole[:middle],
            "flip": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "empty": b"",
            "longer": whole + b"\0",
        }[damage]
    )
    assert equal(kept("key", lambda: ARRAYS), ARRAYS)
    assert path.read_bytes() == whole
    assert equal(kept("key", not_asked), ARRAYS)


def test_two_writers_at_once_never_leave_a_mixture(folder: Path) -> None:
    command = [sys.executable, "-c", RACE]
    writers = [subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE) for _ in range(2)]
    assert [writer.communicate()[1] for writer in writers] == [b"", b""]
    assert len(entries(folder)) == 1  # no unfinished file is left


def test_a_folder_that_cannot_be_written_is_no_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write_text("a file where the folder would be")
    assert kept("key", lambda: ARRAYS) is ARRAYS
    assert folder.read_text() == "a file where the folder would be"

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    folder.unlink()
    monkeypatch.setattr(Path, "write_bytes", refused)  # root, who runs some tests, may write anywhere
    assert kept("key", lambda: ARRAYS) is ARRAYS
    assert entries(folder) == []


def test_an_error_is_raised_and_nothing_is_kept(folder: Path) -> None:
    def wrong() -> Mapping[str, Array]:
        raise InputError("`weather.file`: no such file")

    with pytest.raises(InputError, match="no such file"):
        kept("key", wrong)
    assert entries(folder) == []


@pytest.mark.parametrize("off", ["off", "OFF", "0"])
def test_where_it_is_off_nothing_is_kept(folder: Path, off: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, off)
    assert kept("key", lambda: ARRAYS) is ARRAYS
    write_entry("key", b"content")
    assert read_entry("key") is None
    assert not folder.exists()


def test_what_was_not_used_for_longest_goes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_folder, "LARGEST_FOLDER_BYTES", 1000)
    for n in range(4):
        write_entry(f"key{n}", bytes(200))
        os.utime(folder / f"key{n}.kept", (1000 + n, 1000 + n))
    assert read_entry("key0") == bytes(200)  # used now
    write_entry("key4", bytes(200))  # 1160 bytes; 750 may stay
    assert [path.stem for path in entries(folder)] == ["key0", "key3", "key4"]


def test_only_files_of_the_program_are_cleared(folder: Path) -> None:
    write_entry("key", b"content")
    (folder / "notes.txt").write_text("mine")
    assert clear(folder) == 1
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert clear(folder / "absent") == 0
