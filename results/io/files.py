"""Writing output files as CSV or JSON, and single files that appear whole or not at all."""

import json
import platform
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` that takes its place on success and is removed on failure.

    Its name cannot be guessed, so that nobody puts a link there; its suffix is that of `path`, lower case.
    """
    temporary = path.with_name(f".writing-{secrets.token_hex(8)}-{path.stem}{path.suffix.lower()}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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
