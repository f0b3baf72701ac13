"""Time whole commands as a user runs them: wall clock, processor time and peak memory of each process."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One process, and what its own summary.json says of its phases."""

    wall_s: float
    cpu_s: float
    peak_memory_mb: float
    phases_s: dict[str, float]
    gap: float


def run_command(arguments: Sequence[str]) -> Run:
    """Run `parkdispatch` with these arguments in a process of its own, its files in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "optimizer.cli", *arguments, "--out", folder]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
        summary = json.loads((Path(folder) / "summary.json").read_text(encoding="utf-8"))
    megabytes = usage.ru_maxrss / (1024.0 if sys.platform != "darwin" else 1024.0**2)
    return Run(wall, usage.ru_utime + usage.ru_stime, megabytes, summary["timings_s"], summary["gap"])


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median, with least and most."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
