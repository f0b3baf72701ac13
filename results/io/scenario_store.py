"""Checkpoint store of finished scenarios, from which an interrupted run resumes.

A store is a folder with `store.json`, the fingerprint of the inputs that its results depend on, and
`scenarios.sqlite`, the finished scenarios (`scenario_records.py`): number, row of the table, figures, the key
of the store and a checksum, complete or absent. The checksum reveals damaged scenarios, the key foreign ones.

Each scenario has its row, so that the table may grow: a longer table reuses the scenarios of a shorter one.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.results.io.checked_json import write_text
from parkdispatch.results.io.digests import digest
from parkdispatch.results.io.provenance import version_differences
from parkdispatch.results.io.scenario_records import SIDE_FILE, Record, ScenarioRecords

FORMAT = 2  # 1: a file for each scenario
MOST_SHOWN = 3  # scenarios or rows listed in one message
DESCRIPTION, RECORDS, LOCK = "store.json", "scenarios.sqlite", "lock"
OWN_FILES = {DESCRIPTION, RECORDS, RECORDS + SIDE_FILE, LOCK}
HELD_BYTE = 1 << 20  # the byte locked on Windows, beyond the text, since locked bytes cannot be read
Fingerprint = Mapping[str, Any]  # fingerprint: the inputs that a store's results depend on, by name, as JSON


class UnusableStoreError(InputError):
    """A folder that cannot store these scenarios."""


@dataclass
class ScenarioStore:
    """An open store; `key` is the digest of its fingerprint."""

    folder: Path
    key: str
    shape: tuple[int, ...]  # of a scenario's figures
    warnings: list[str] = field(default_factory=list)  # about damaged scenarios, which are computed again

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, question: Fingerprint, shape: tuple[int, ...]) -> Iterator[Self]:
        """Open the store in a folder, creating it if necessary, and lock it against other runs.

        `question` is the fingerprint; its entry "program" holds versions by name. Raises UnusableStoreError,
        without changing anything, where the folder holds results of other inputs or other files, or another
        run has locked it.
        """
        fingerprint = {"format": FORMAT, **question}
        key, stored = digest(fingerprint), _stored_fingerprint(folder)
        if stored is None:
            _require_empty_or_own(folder, key)
        else:
            _require_equal(folder, stored, fingerprint)
        with ExitStack() as stack:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(_locked(folder))
                if stored is None:
                    write_text(folder / DESCRIPTION, json.dumps(fingerprint, indent=1, ensure_ascii=False))
            except OSError as error:
                raise UnusableStoreError(_not_written(folder, error)) from error
            yield cls(folder, key, shape)

    def read(self, table: pd.DataFrame) -> dict[int, Array]:
        """The figures of the stored scenarios by number; damaged ones are skipped and listed in `warnings`.

        Raises UnusableStoreError where sound scenarios belong to other rows than those of the table.
        """
        rows = table.to_numpy(np.float64)
        try:
            records, damaged = self._records.read(len(rows))
        except OSError as error:
            raise UnusableStoreError(f"argument `store` = {self.folder}: cannot be read: {error}") from error
        figures: dict[int, Array] = {}
        mismatches, size = [], int(np.prod(self.shape))
        for record in records:
            number = record.number
            if record.store != self.key or record.figures.size != size:
                damaged.append(f"scenario {number}: is of another store")
                continue
            row = rows[number]
            # bytes first: comparing arrays of a hundred thousand scenarios takes a second
            if record.row.tobytes() != row.tobytes() and not np.array_equal(record.row, row, equal_nan=True):
                mismatches.append(_row_difference(number, table, record.row, row))
            figures[number] = record.figures.reshape(self.shape)
        if mismatches:
            raise UnusableStoreError(
                f"argument `store` = {self.folder}: holds scenarios of another table (seed, doubts or file):"
                f" {_some(mismatches)}; must be the same, or another folder"
            )
        if damaged:
            self.warnings.append(
                f"argument `store` = {self.folder}: {len(damaged)} damaged, computed anew: {_some(damaged)}"
            )
        return figures

    def write(self, figures: Mapping[int, Array], rows: Array) -> None:
        """Store the figures of scenarios by number, all or none; `rows` are those of the table.

        What has finished meanwhile is written at once: the disk confirms some hundred writes a second, and a
        thousand workers finish as many. Raises UnusableStoreError where they cannot be written.
        """
        for values in figures.values():
            if values.shape != self.shape:
                raise ValueError(
                    f"a scenario's numbers have the shape {values.shape}, must have {self.shape}"
                )
        if not figures:
            return
        try:
            self._records.write(Record(n, self.key, rows[n], values.ravel()) for n, values in figures.items())
        except OSError as error:
            raise UnusableStoreError(_not_written(self.folder, error)) from error

    @property
    def _records(self) -> ScenarioRecords:
        return ScenarioRecords(self.folder / RECORDS)


def _json_numbers(values: Array) -> Any:
    """Nested lists of numbers, with None for NaN."""
    numbers = values.astype(object)
    numbers[np.isnan(values)] = None
    return numbers.tolist()


def _row_difference(scenario: int, table: pd.DataFrame, stored: Array, row: Array) -> str:
    """The first difference of a stored row from the table's, as text."""
    if stored.shape != row.shape:
        return f"scenario {scenario} has {stored.size} numbers there and {row.size} here"
    column = int(np.flatnonzero(~((stored == row) | (np.isnan(stored) & np.isnan(row))))[0])
    name = table.columns[column]
    return f"scenario {scenario} has {name} = {stored[column]:.6g} there and {row[column]:.6g} here"


def _some(lines: list[str]) -> str:
    """The first lines, and the number of the others."""
    more = len(lines) - MOST_SHOWN
    return "; ".join(lines[:MOST_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _stored_fingerprint(folder: Path) -> dict[str, Any] | None:
    """The fingerprint in `store.json`; None where the file is missing or damaged."""
    try:
        content = json.loads((folder / DESCRIPTION).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and isinstance(content.get("format"), int) else None


def _require_empty_or_own(folder: Path, key: str) -> None:
    """Require a folder without a sound `store.json` to be empty, or to hold scenarios of this store only.

    Raises UnusableStoreError.
    """
    argument = f"argument `store` = {folder}"
    try:
        names = {path.name for path in folder.iterdir()}
        keys = ScenarioRecords(folder / RECORDS).stores()
    except FileNotFoundError:
        return
    except OSError as error:
        raise UnusableStoreError(f"{argument}: {error.strerror or error}: must be a folder") from error
    if keys - {key}:
        raise UnusableStoreError(
            f"{argument}: `store.json` is missing or damaged, and the scenarios there belong to other inputs"
            " (case, choices, settings or program); must be these, or another folder"
        )
    if other_files := sorted(names - (OWN_FILES if keys else OWN_FILES - {DESCRIPTION})):
        raise UnusableStoreError(
            f"{argument}: holds other files, {_some(other_files)}: must be a store, empty or new"
        )


def _not_written(folder: Path, error: OSError) -> str:
    return f"argument `store` = {folder}: cannot be written: {error.strerror or error}"


def require_same_fingerprint(folder: Path, known: Fingerprint) -> None:
    """Check a store before any computation. `known` is the part of the fingerprint known by then.

    Raises UnusableStoreError where the store differs in that part; `ScenarioStore.opened` checks the rest.
    """
    fingerprint, stored = {"format": FORMAT, **known}, _stored_fingerprint(folder)
    if stored is not None:
        _require_equal(folder, {name: stored.get(name) for name in fingerprint}, fingerprint)


def default_folder(beside: Path, name: str, question: Fingerprint, table: pd.DataFrame) -> Path:
    """The default folder of a store, named by the digest of the fingerprint and of the table's origin.

    A repeated command finds the same folder; one that draws more scenarios continues from it.
    """
    origin = table.attrs.get("drawn")
    if origin is None:
        origin = [list(map(str, table.columns)), _json_numbers(table.to_numpy(np.float64))]
    return beside / f"{name}-scenarios-{digest([digest(question), origin])[:12]}"


def _require_equal(folder: Path, stored: Fingerprint, fingerprint: Fingerprint) -> None:
    """Raise UnusableStoreError where two fingerprints differ."""
    if differences := _differences(stored, fingerprint):
        raise UnusableStoreError(
            [
                f"argument `store` = {folder}: holds other scenarios: {line};"
                " must be those, or another folder"
                for line in differences
            ]
        )


def _differences(stored: Fingerprint, fingerprint: Fingerprint) -> list[str]:
    """The differences of two fingerprints, one line per entry."""
    if stored["format"] != fingerprint["format"]:
        return [f"format {stored['format']} there and {fingerprint['format']} here"]
    lines = []
    for name in dict.fromkeys([*fingerprint, *stored]):
        old, new = stored.get(name), fingerprint.get(name)
        if digest(old) == digest(new):
            continue
        if name == "program" and isinstance(old, dict):
            lines.append(f"program: {', '.join(version_differences(old, dict(new or {})))}")
        elif isinstance(old, dict) and isinstance(new, dict):
            changed = [
                key for key in dict.fromkeys([*new, *old]) if digest(old.get(key)) != digest(new.get(key))
            ]
            values = ", ".join(_difference(key, old.get(key), new.get(key)) for key in changed)
            lines.append(f"{name}: {values}")
        else:
            lines.append(_difference(name, old, new))
    return lines


def _difference(name: str, old: Any, new: Any) -> str:
    """Two different values as text, if they are short."""
    texts = [json.dumps(value, ensure_ascii=False) for value in (old, new)]
    if all(len(text) <= 48 for text in texts):
        return f"{name} {texts[0]} there and {texts[1]} here"
    return f"another {name}"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the folder against other runs. The system releases the lock when the process ends in any way."""
    with (folder / LOCK).open("a+", encoding="utf-8") as file:
        try:
            _lock(file.fileno())
        except OSError:
            file.seek(0)
            process = file.read().strip() or "unknown"
            raise UnusableStoreError(
                f"argument `store` = {folder}: another run works on it (process {process}): must end first,"
                " or be in another folder"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _lock(descriptor: int) -> None:
    """Lock an open file until it is closed. Raises OSError at once if it is locked."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, HELD_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
