"""Kill a run at each step of writing its files, and look at what it leaves.

`python -m tests.support.harnesses.killed_runs --kills 50` plans two days, writes one over the other in a
child process that is ended by SIGKILL at its n-th access to a file, and prints how many left the old run,
the new one or anything else. It strikes before the n-th opening, making, renaming or removing of a file
below the folder.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from parkdispatch.results.io.run_folder import output_folder
from tests.support.harnesses.killed_child import counted_in_child, is_killed_in_child

Write = Callable[[Path], object]
STEPS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "ctypes.dlsym")


def kill_everywhere(runs: tuple[Write, Write], folder: Path, kills: int) -> Mapping[str, int]:
    """Counts of what killed writings of the second run over the first left: old, new, mixed or half."""
    write_old, write_new = runs
    write_old(folder / "first")
    steps = _steps(folder / "first", write_new, folder / "counted" / "out")
    _, write_next = fake_runs()
    counts: Counter[str] = Counter(steps=steps)
    for kill in range(kills):
        out = folder / str(kill) / "out"
        shutil.copytree(folder / "first", out)
        old = run_of(out)
        counts["killed"] += _killed(write_new, out, 1 + kill * steps // kills)
        run = run_of(out)
        counts["mixed or half" if run is None else "old" if run == old else "new"] += 1
        write_next(out)  # a run after it finds its way and clears up
        left = [path.name for path in out.parent.iterdir()]
        counts["mixed or half"] += run_of(out) in (None, old) or left != ["out"]
    return counts


def run_of(out: Path) -> Mapping[str, str] | None:
    """The digests of the files of a whole run, by name; None if it is none."""
    try:
        files: Mapping[str, str] = json.loads((out / "manifest.json").read_bytes())["files"]
    except (OSError, ValueError):
        return None
    digests = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in out.iterdir()
        if path.name != "manifest.json"
    }
    return files if digests == files else None


def _steps(old: Path, write_new: Write, out: Path) -> int:
    """Number of steps of writing the new run over the old one."""
    shutil.copytree(old, out)

    def steps() -> int:
        count = _count_steps(out.parent)
        write_new(out)
        return count[0]

    return counted_in_child(steps)


def _killed(write: Write, out: Path, step: int) -> bool:
    """Write in a child process that is ended at that step; whether it was."""

    def until_step() -> None:
        _count_steps(out.parent, step)
        write(out)

    return is_killed_in_child(until_step)


def _count_steps(folder: Path, last: int = sys.maxsize) -> list[int]:
    """Count the steps of this process from now on, and end it at the last."""
    count = [0]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        below = any(str(argument).startswith(str(folder)) for argument in arguments[:2])
        if event in STEPS and (below or event == "ctypes.dlsym"):
            count[0] += 1
            if count[0] >= last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return count


def fake_runs() -> tuple[Write, Write]:
    """Two runs with a few files, of which each has one that the other has not."""

    def writer(names: tuple[str, ...], text: str) -> Write:
        def write(out: Path) -> None:
            with output_folder(out) as stage:
                for name in names:
                    stage(name, lambda path: path.write_text(text * 10_000))

        return write

    return writer(("a.csv", "b.html", "replay.csv"), "old "), writer(("a.csv", "b.html", "plan.csv"), "new ")


def planned_runs() -> tuple[Write, Write]:
    """The built-in day and another one by the hour, solved, to be written: as many files and steps as any."""
    import parkdispatch as pdx

    case = pdx.load_case("gaoan")
    case = replace(case, calendar=case.calendar.model_copy(update={"minutes": 60}))
    first, second = (pdx.plan(case, day=day, peak_so_far_mw=171.0) for day in ("2026-07-15", "2026-01-15"))
    return first.write, second.write


def main() -> None:
    """Kill the writing of a plan and print the counts; the exit code is 1 for a mixture or a half."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    kills = parser.parse_args().kills
    with tempfile.TemporaryDirectory() as folder:
        counts = kill_everywhere(planned_runs(), Path(folder), kills)
    names = ("killed", "old", "new", "mixed or half")
    print(f"{counts['steps']} steps: " + ", ".join(f"{counts[name]} {name}" for name in names))
    sys.exit(counts["mixed or half"] > 0)


if __name__ == "__main__":
    main()
