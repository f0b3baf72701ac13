"""Writing output files: all files of a result at once or none, as CSV or JSON."""

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from parkdispatch.models.errors import InputError


@contextmanager
def output_folder(out: Path) -> Iterator[Callable[[str, Callable[[Path], object]], Path]]:
    """Yield a function that stages files, which are moved into `out` together on success.

    `stage(name, write)` calls `write(path)` with a path in a staging folder in `out`, and returns the final
    path. Raises InputError where the folder cannot be written; then no file has changed.
    """
    try:
        existed = out.exists()
        out.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".writing-", dir=out))
    except OSError as error:
        raise InputError(f"argument `out` = {out}: cannot be written: {error.strerror or error}") from error
    try:
        names: list[str] = []

        def stage(name: str, write: Callable[[Path], object]) -> Path:
            write(staging / name)
            names.append(name)
            return out / name

        yield stage
        _swap(staging, out, names)
    except OSError as error:
        raise InputError(f"argument `out` = {out}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if not existed and not any(out.iterdir()):
            out.rmdir()


def _swap(staging: Path, out: Path, names: Sequence[str]) -> None:
    """Move the staged files into place; undo all if one fails, such as over a file open in Excel."""
    blocked = [name for name in names if (out / name).is_dir()]
    if blocked:
        raise InputError(f"argument `out` = {out}: a folder is in the way of {', '.join(blocked)}")
    backup = staging / "old"
    backup.mkdir()
    for name in names:
        if (out / name).exists():
            shutil.copy2(out / name, backup / name)
    placed: list[str] = []
    try:
        for name in names:
            os.replace(staging / name, out / name)  # noqa: PTH105 - atomic on one file system
            placed.append(name)
    except BaseException:
        for name in placed:
            if (backup / name).exists():
                os.replace(backup / name, out / name)  # noqa: PTH105
            else:
                (out / name).unlink(missing_ok=True)
        raise


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, indented, as UTF-8. Raises ValueError for NaN, which is not valid JSON."""
    path.write_text(
        json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table with its index as CSV, readable by programs and Excel."""
    # with a byte-order mark, since Excel on a Chinese Windows otherwise reads UTF-8 as GBK
    table.to_csv(path, float_format="%.6f", encoding="utf-8-sig", lineterminator="\n")


def peak_memory_mb() -> float:
    """Peak memory of this process [MB]; 0 where the system does not report it (Windows)."""
    try:
        import resource
    except ImportError:
        return 0.0
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1024.0 * 1024.0 if platform.system() == "Darwin" else 1024.0)
