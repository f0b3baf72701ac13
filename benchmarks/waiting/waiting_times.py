"""Time whole commands of this checkout and of another installed version, in turn, each in its own process.

`python -m benchmarks --waiting --beside COMMAND` prints their table. `COMMAND` is the other version's
`parkdispatch`, in the environment it is installed in.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.commands import spread
from benchmarks.table import machine

ROOT = Path(__file__).parents[2]
FIRST = "plan (nothing kept)"
WAITING: Mapping[str, tuple[str, ...]] = {
    "help": ("--help",),
    "check": ("check", "gaoan"),
    FIRST: ("plan", "gaoan"),
    "plan": ("plan", "gaoan"),
    "year": ("year", "gaoan"),
    "replay": ("replay", "gaoan"),
    "study": ("study", "gaoan"),
    "reproduce": ("reproduce",),
    "size": ("size", "gaoan"),
}
WITHOUT_FILES = ("help", "check")


@dataclass(frozen=True)
class Waited:
    """One process; the memory is that of its largest process."""

    wall_s: float
    cpu_s: float
    peak_memory_mb: float


@dataclass(frozen=True)
class Program:
    """A version of the program: how it is called, and what it keeps between its commands."""

    command: tuple[str, ...]
    folder: Path  # of compiled modules and kept results
    python_path: str | None  # None: as installed

    def run(self, name: str) -> Waited:
        """Run a command of `WAITING`. Exits where it fails."""
        kept = self.folder / "kept"
        with tempfile.TemporaryDirectory() as folder:
            if name == FIRST:
                kept = Path(folder) / "kept"
            # modules are compiled once, as where they are installed, whatever the environment says
            more = {"PYTHONPYCACHEPREFIX": str(self.folder / "compiled"), "PARKDISPATCH_CACHE": str(kept)}
            environment = {**os.environ, **more}
            for variable in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
                environment.pop(variable, None)
            if self.python_path is not None:
                environment["PYTHONPATH"] = self.python_path
            out = () if name in WITHOUT_FILES else ("--out", str(Path(folder) / "out"))
            started = time.perf_counter()
            process = subprocess.Popen(
                [*self.command, *WAITING[name], *out], stdout=subprocess.DEVNULL, env=environment, cwd=folder
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"{' '.join([*self.command, *WAITING[name]])} ended with {process.returncode}")
        megabytes = usage.ru_maxrss / (1024.0 if sys.platform != "darwin" else 1024.0**2)
        return Waited(wall_s, usage.ru_utime + usage.ru_stime, megabytes)


def time_waiting(
    beside: Path | None, names: Sequence[str], runs: int, progress: Callable[[str], None]
) -> str:
    """The table of `names`: medians of `runs` runs after one that is not counted; ratios of pairs of runs."""
    with tempfile.TemporaryDirectory() as folder:
        ours = Program((sys.executable, "-m", "parkdispatch"), Path(folder) / "ours", str(ROOT / "src"))
        programs = [ours]
        if beside is not None:
            programs.append(Program((str(beside.resolve()),), Path(folder) / "other", None))
        rows = []
        for name in names:
            waited: list[list[Waited]] = []
            for turn in range(runs + 1):
                progress(f"{name}: {turn} of {runs}")
                pair = [program.run(name) for program in programs]
                waited += [pair] if turn else []
            rows.append(_row(name, waited))
    ran_on = ", ".join(f"{what} {text}" for what, text in machine().items())
    head = "| command | waiting, s | the other version, s | ratio | ratio of processor time | memory, MB |"
    return "\n".join([f"{ran_on}; {runs} runs.\n", head, "|---|---|---|---|---|---|", *rows]) + "\n"


def _row(name: str, waited: Sequence[Sequence[Waited]]) -> str:
    ours = [pair[0] for pair in waited]
    cells = [name, spread([run.wall_s for run in ours])]
    memory = f"{statistics.median(run.peak_memory_mb for run in ours):.0f}"
    if len(waited[0]) == 1:
        return f"| {' | '.join([*cells, '', '', '', memory])} |"
    others = [pair[1] for pair in waited]
    ratios = [run.wall_s / other.wall_s for run, other in zip(ours, others, strict=True)]
    cpu = statistics.median(run.cpu_s / other.cpu_s for run, other in zip(ours, others, strict=True))
    memory += f" instead of {statistics.median(run.peak_memory_mb for run in others):.0f}"
    cells += [spread([run.wall_s for run in others]), spread(ratios), f"{cpu:.2f}", memory]
    return f"| {' | '.join(cells)} |"
