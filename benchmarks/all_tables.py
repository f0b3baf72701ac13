"""All tables one after another, each in a process of its own: what one holds is not another's."""

import subprocess
import sys
from collections.abc import Callable, Sequence

TABLES: tuple[tuple[str, ...], ...] = (
    (),
    ("--pilot",),
    ("--memories",),
    ("--replan",),
    ("--waiting",),
    ("--store",),
    ("--cluster",),
    ("--again",),
    ("--sizes",),
    ("--hard",),
    ("--shorter",),
)


def time_all(given: Sequence[str], progress: Callable[[str], None]) -> list[str]:
    """Time every table with the options given, such as `--publish`; one line for each that failed."""
    failed = []
    for table in TABLES:
        words = [*table, *given]
        progress(f"python -m benchmarks {' '.join(words)}".strip())
        code = subprocess.run([sys.executable, "-m", "benchmarks", *words], check=False).returncode
        if code:
            failed.append(f"{' '.join(table) or 'the tools'}: ended with exit code {code}")
    return failed
