"""What a run has written into its folder, and what it must write."""

import json
from pathlib import Path
from typing import Any

PLAN_FILES = {
    "dispatch.csv", "emissions.csv", "plan.xlsx", "report.html", "report.xlsx", "solution.nc", "summary.json",
}  # fmt: skip
SUMMARY_KEYS = {  # docs: design, section 6
    "status", "objective_yuan", "bound_yuan", "gap", "audit", "energy_mwh", "bill_yuan", "saving_yuan",
    "full_cycles", "peak_mw", "timings_s", "peak_memory_mb", "model", "versions", "case_sha256",
}  # fmt: skip


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder and those below, by its path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def summary(folder: Path) -> dict[str, Any]:
    """The figures in `summary.json`."""
    figures = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert isinstance(figures, dict)
    return figures
