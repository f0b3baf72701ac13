"""Where finished scenarios lie, so that a run that was stopped goes on where it was.

A folder with `store.json`, which says what its numbers belong to, and in `parts/` a file a scenario: JSON
with its number, its row of the table, what was found, and a checksum. A part is a few hundred bytes, so the
binary formats for large arrays (Zarr, Parquet) win nothing, would be one more dependency and have no such
checksum; everything reads JSON, and Python's shortest decimal of a float gives back the same float. Not a
number is null. A part is written beside its place and renamed, so it is there whole or not at all; one that
is damaged is told by its checksum, one of another scenario or store by its number and the store's key.

Each part carries its row, so the table may grow: the first scenarios of a longer one are there already.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.results.io.digests import digest
from parkdispatch.results.io.provenance import version_differences

FORMAT = 1
MOST_SHOWN = 3  # parts or rows named in one sentence
HELD_BYTE = 1 << 20  # the byte of the lock that Windows holds: what it holds, others cannot read
Question = Mapping[str, Any]  # what a store's numbers belong to, by name: JSON


class UnusableStoreError(InputError):
    """A folder in which these scenarios cannot be kept."""


class _UnsoundError(Exception):
    """A part that cannot be used, and why in a few words."""


@dataclass
class ScenarioStore:
    """An open store; `key` is a digest of the question its parts answer."""

    folder: Path
    key: str
    shape: tuple[int, ...]  # of what is found of a scenario
    warnings: list[str] = field(default_factory=list)  # of parts that were damaged and are computed anew

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, question: Question, shape: tuple[int, ...]) -> Iterator[Self]:
        """The store in that folder, made if there is none, and held against other runs meanwhile.

        `question` says what its numbers belong to; its entry "program" has versions by name. Raises
        UnusableStoreError, and touches nothing, where the folder holds the answers to another question or
        anything else, or another run holds it.
        """
        asked = {"format": FORMAT, **question}
        key, there = digest(asked), _described(folder)
        if there is None:
            _refuse_strange(folder, key)
        else:
            _refuse_differences(folder, there, asked)
        with ExitStack() as stack:
            try:
                (folder / "parts").mkdir(parents=True, exist_ok=True)
                stack.enter_context(_held(folder))
                if there is None:
                    _write(folder / "store.json", json.dumps(asked, indent=1, ensure_ascii=False))
            except OSError as error:
                raise UnusableStoreError(_not_written(folder, error)) from error
            yield cls(folder, key, shape)

    def read(self, table: pd.DataFrame) -> dict[int, Array]:
        """What was found of each scenario that is there and sound; what is unsound is told in `warnings`.

        Raises UnusableStoreError where sound parts belong to other rows than those of the table.
        """
        found: dict[int, Array] = {}
        other, unsound = [], []
        for scenario, row in enumerate(table.to_numpy(np.float64)):
            path = self._path(scenario)
            try:
                there, values = self._part(path, scenario)
            except FileNotFoundError:
                continue
            except (_UnsoundError, OSError) as error:
                unsound.append(f"{path.name}: {error}")
                continue
            if there.shape != row.shape or not np.array_equal(there, row, equal_nan=True):
                other.append(_row_words(scenario, table, there, row))
            found[scenario] = values
        if other:
            raise UnusableStoreError(
                f"argument `store` = {self.folder}: holds scenarios of another table (seed, doubts or file):"
                f" {_some(other)}; must be the same, or another folder"
            )
        if unsound:
            self.warnings.append(
                f"argument `store` = {self.folder}: {len(unsound)} damaged, computed anew: {_some(unsound)}"
            )
        return found

    def write(self, scenario: int, row: Array, values: Array) -> None:
        """Keep what was found of a scenario. Raises UnusableStoreError where that cannot be written."""
        if values.shape != self.shape:
            raise ValueError(f"a scenario's numbers have the shape {values.shape}, must have {self.shape}")
        content = {
            "store": self.key,
            "scenario": scenario,
            "row": _plain(row),
            "found": _plain(values),
        }
        try:
            _write(self._path(scenario), json.dumps({**content, "sha256": digest(content)}))
        except OSError as error:
            raise UnusableStoreError(_not_written(self.folder, error)) from error

    def _path(self, scenario: int) -> Path:
        return self.folder / "parts" / f"{scenario:06d}.json"

    def _part(self, path: Path, scenario: int) -> tuple[Array, Array]:
        """Row and numbers of a part. Raises _UnsoundError."""
        content = _sound(path)
        if content["store"] != self.key:
            raise _UnsoundError("is of another store")
        if content["scenario"] != scenario:
            raise _UnsoundError(f"is scenario {content['scenario']}")
        values = _array(content["found"])
        if values.shape != self.shape:
            raise _UnsoundError(f"has {values.size} numbers")
        return _array(content["row"]), values


def _sound(path: Path) -> dict[str, Any]:
    """What a part says, if its checksum is right. Raises _UnsoundError."""
    try:
        content = json.loads(path.read_bytes())
        checksum = content.pop("sha256")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise _UnsoundError("is cut off or no part of a store") from None
    if checksum != digest(content) or not {"store", "scenario", "row", "found"} <= set(content):
        raise _UnsoundError("does not have its checksum")
    return dict(content)


def _plain(values: Array) -> Any:
    """Lists of numbers, null where there is none."""
    found = values.astype(object)
    found[np.isnan(values)] = None
    return found.tolist()


def _array(values: Any) -> Array:
    return np.asarray(values, dtype=np.float64)  # null becomes not a number


def _row_words(scenario: int, table: pd.DataFrame, there: Array, row: Array) -> str:
    if there.shape != row.shape:
        return f"scenario {scenario} has {there.size} numbers there and {row.size} here"
    at = int(np.flatnonzero(~((there == row) | (np.isnan(there) & np.isnan(row))))[0])
    return f"scenario {scenario} has {table.columns[at]} = {there[at]:.6g} there and {row[at]:.6g} here"


def _some(lines: list[str]) -> str:
    more = len(lines) - MOST_SHOWN
    return "; ".join(lines[:MOST_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _described(folder: Path) -> dict[str, Any] | None:
    """What `store.json` says; None where there is none, or it is damaged."""
    try:
        found = json.loads((folder / "store.json").read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("format"), int) else None


def _refuse_strange(folder: Path, key: str) -> None:
    """A folder without a sound `store.json` must be empty, or its parts must say that it is this store.

    Raises UnusableStoreError.
    """
    asked = f"argument `store` = {folder}"
    try:
        names = {path.name for path in folder.iterdir()} - {"lock", "parts"}
    except FileNotFoundError:
        return
    except OSError as error:
        raise UnusableStoreError(f"{asked}: {error.strerror or error}: must be a folder") from error
    keys = set()
    for path in sorted((folder / "parts").glob("[0-9]*.json")):
        with suppress(_UnsoundError, OSError):
            keys.add(_sound(path)["store"])
    if keys - {key}:
        raise UnusableStoreError(
            f"{asked}: `store.json` is missing or damaged, and the scenarios there answer another question"
            " (case, choices, settings or program); must be this one, or another folder"
        )
    if strange := sorted(names - ({"store.json"} if keys else set())):
        raise UnusableStoreError(
            f"{asked}: holds other files, {_some(strange)}: must be a store, empty or new"
        )


def _not_written(folder: Path, error: OSError) -> str:
    return f"argument `store` = {folder}: cannot be written: {error.strerror or error}"


def refuse_other(folder: Path, known: Question) -> None:
    """Look at a store before anything is computed. `known` is what is known of the question by then.

    Raises UnusableStoreError where the store's differs in that; `ScenarioStore.opened` tells
    what else is wrong.
    """
    asked, there = {"format": FORMAT, **known}, _described(folder)
    if there is not None:
        _refuse_differences(folder, {name: there.get(name) for name in asked}, asked)


def usual_folder(beside: Path, name: str, question: Question, table: pd.DataFrame) -> Path:
    """Where the scenarios of a run that names no store are kept: by the question, and by the table's origin.

    The same command finds them again, and where it is to draw more, goes on from them.
    """
    drawn = table.attrs.get("drawn")
    origin = (
        drawn if drawn is not None else [list(map(str, table.columns)), _plain(table.to_numpy(np.float64))]
    )
    return beside / f"{name}-scenarios-{digest([digest(question), origin])[:12]}"


def _refuse_differences(folder: Path, there: Question, asked: Question) -> None:
    if wrong := _other_question(there, asked):
        raise UnusableStoreError(
            [
                f"argument `store` = {folder}: holds other scenarios: {line};"
                " must be those, or another folder"
                for line in wrong
            ]
        )


def _other_question(there: Question, asked: Question) -> list[str]:
    """In what two questions differ."""
    if there["format"] != asked["format"]:
        return [f"format {there['format']} there and {asked['format']} here"]
    found = []
    for name in dict.fromkeys([*asked, *there]):
        old, new = there.get(name), asked.get(name)
        if digest(old) == digest(new):
            continue
        if name == "program" and isinstance(old, dict):
            found.append(f"program: {', '.join(version_differences(old, dict(new or {})))}")
        elif isinstance(old, dict) and isinstance(new, dict):
            which = [
                one for one in dict.fromkeys([*new, *old]) if digest(old.get(one)) != digest(new.get(one))
            ]
            found.append(f"{name}: {', '.join(_both(one, old.get(one), new.get(one)) for one in which)}")
        else:
            found.append(_both(name, old, new))
    return found


def _both(name: str, old: Any, new: Any) -> str:
    """Two values side by side, if they are short enough to be told."""
    shown = [json.dumps(value, ensure_ascii=False) for value in (old, new)]
    if all(len(text) <= 48 for text in shown):
        return f"{name} {shown[0]} there and {shown[1]} here"
    return f"another {name}"


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep other runs out. The system lets go of the lock when a process ends, however it ends."""
    with (folder / "lock").open("a+", encoding="utf-8") as file:
        try:
            _hold(file.fileno())
        except OSError:
            file.seek(0)
            by = file.read().strip() or "unknown"
            raise UnusableStoreError(
                f"argument `store` = {folder}: another run works on it (process {by}): must end first,"
                " or be in another folder"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _hold(descriptor: int) -> None:
    """Hold an open file as long as it is open, or raise OSError at once."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, HELD_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _write(path: Path, text: str) -> None:
    """Put a file in place whole, on the disk before its name is."""
    beside = path.with_name(f".writing-{os.getpid()}-{path.name}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
