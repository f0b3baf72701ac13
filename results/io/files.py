"""Writing output files as CSV or JSON, and single files that appear whole or not at all."""

import json
import platform
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DECIMALS = 6  # of numbers in CSV
PLAIN_NAME = re.compile(r"[\w :.-]+")  # no quotes, commas or line ends


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
    form: dict[str, Any] = {"float_format": f"%.{DECIMALS}f", "encoding": "utf-8-sig", "lineterminator": "\n"}
    if not _is_all_numbers(table):
        table.to_csv(path, **form)
        return
    # pandas asks of each number whether it is missing, which takes five times as long as writing it
    table.iloc[:0].to_csv(path, **form)
    row = "%s" + f",%.{DECIMALS}f" * table.shape[1] + "\n"
    with path.open("a", encoding="utf-8", newline="") as file:
        file.writelines(
            row % (name, *cells) for name, cells in zip(table.index.tolist(), table.to_numpy().tolist())
        )


def _is_all_numbers(table: pd.DataFrame) -> bool:
    """Whether every cell is a floating-point number, none is missing, and no name of a row needs quotes."""
    return (
        all(dtype == np.float64 for dtype in table.dtypes)
        and not table.isna().to_numpy().any()
        and all(isinstance(name, str) and PLAIN_NAME.fullmatch(name) for name in table.index.tolist())
    )


def peak_memory_mb() -> float:
    """Peak memory of this process [MB]; 0 where the system does not report it (Windows)."""
    try:
        import resource
    except ImportError:
        return 0.0
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1024.0 * 1024.0 if platform.system() == "Darwin" else 1024.0)
