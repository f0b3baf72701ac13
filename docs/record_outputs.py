"""Record what commands print, for the pages that quote it: `python docs/record_outputs.py plan year ...`.

Each recording is `docs/outputs/NAME.txt`. Without names, those that take seconds are recorded again; `study`,
`study_first_phase`, `size`, `reproduce` and `replay_learned` take minutes and have to be named, as has
`network`, which needs the extra of that name. Runs write their files into a temporary folder; lines that tell
where they are, or how long a run took, do not go into the recording.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

OUTPUTS = Path(__file__).parent / "outputs"
SOURCE = Path(__file__).parents[1] / "src"
# name: words typed after `parkdispatch`, and how many columns the terminal has
RECORDED = {
    "plan": (["plan"], 120),
    "year": (["year", "gaoan"], 120),
    "replay": (["replay", "gaoan"], 120),
    "replay_learned": (["replay", "gaoan", "--forecast", "learned"], 120),
    "loop": (["loop", "gaoan", "--from", "2026-07-13"], 120),
    "pv": (["pv", "gaoan"], 120),
    "check": (["check", "gaoan"], 120),
    "carbon": (["carbon"], 120),
    "study": (["study", "gaoan"], 120),
    "study_first_phase": (["study", "gaoan", "--variant", "first_phase"], 120),
    "size": (["size", "gaoan"], 80),
    "reproduce": (["reproduce"], 120),
    "network": (["plan", "gaoan-pilot", "--ac-check", "12"], 100),
}
QUICK = ("plan", "year", "replay", "pv", "check", "carbon")
WITHOUT_FILES = ("pv", "check", "carbon")
MEASURED = ("Time: ", "Processor time: ")  # how a line begins that differs from run to run


def record(name: str) -> None:
    """Run a command and keep what it printed. Raises CalledProcessError where it failed."""
    words, columns = RECORDED[name]
    with tempfile.TemporaryDirectory() as folder:
        out = [] if name in WITHOUT_FILES else ["--out", str(Path(folder) / "out")]
        run = subprocess.run(
            [sys.executable, "-m", "parkdispatch", *words, *out],
            check=True,
            capture_output=True,
            encoding="utf-8",
            cwd=folder,
            env={**os.environ, "COLUMNS": str(columns), "PYTHONPATH": str(SOURCE), "PYTHONUTF8": "1"},
        )
        kept = (line for line in run.stdout.splitlines() if folder not in line)
        lines = [line.rstrip() for line in kept if not line.startswith(MEASURED)]
    OUTPUTS.mkdir(exist_ok=True)
    (OUTPUTS / f"{name}.txt").write_text("\n".join(lines).strip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or QUICK:
        record(chosen)
        sys.stdout.write(f"recorded {chosen}\n")
