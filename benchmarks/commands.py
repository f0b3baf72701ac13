"""Time whole commands as a user runs them: wall clock, processor time and peak memory of each process.

`python -m benchmarks --commands` prints their table.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parkdispatch.results.io.provenance import versions

BUDGET = {  # what the commands are held to on two cores
    "plan": {"wall_s": 4.0, "build and solve": 0.3, "peak_memory_mb": None},
    "year": {"wall_s": 25.0, "build and solve": None, "peak_memory_mb": 700.0},
}


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
        command = [sys.executable, "-m", "parkdispatch.interfaces.cli", *arguments, "--out", folder]
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


def time_commands(runs: int, quick: bool) -> None:
    """Run each command several times in turn and print medians with least and most."""
    runs_of: dict[str, list[Run]] = {name: [] for name in BUDGET}
    for turn in range(runs if quick else runs + 1):
        for name in BUDGET:
            run = run_command([name])
            if turn or quick:
                runs_of[name].append(run)
    named = versions()
    print(
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}; Python {named['python']},"
        f" highspy {named['highspy']}, pyomo {named['pyomo']}; {runs} runs, median (least to most)\n"
    )
    print("| command | figure | measured | budget |\n|---|---|---|---|")
    for name, command_runs in runs_of.items():
        building = [run.phases_s["build"] + run.phases_s["solve"] for run in command_runs]
        rows = {
            "wall_s": ("wall clock, s", spread([run.wall_s for run in command_runs])),
            "cpu": ("processor time, s", spread([run.cpu_s for run in command_runs])),
            "build and solve": ("building and solving, s", spread(building, 3)),
            "peak_memory_mb": ("peak memory, MB", spread([run.peak_memory_mb for run in command_runs], 0)),
            "gap": ("largest gap", f"{max(run.gap for run in command_runs):.1e}"),
        }
        for key, (title, text) in rows.items():
            budget = BUDGET[name].get(key)
            print(f"| `{name}` | {title} | {text} | {'' if budget is None else f'{budget:g}'} |")
