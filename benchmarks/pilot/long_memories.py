"""`python -m benchmarks --memories`: years of the pilot with what ties its days together for long."""

from collections.abc import Callable, Mapping

from benchmarks.harness import Row
from benchmarks.pilot.pilot_problems import AS_IS, LONG_MEMORIES, LOOSER, PilotProblem
from benchmarks.pilot.pilot_table import run_solver
from benchmarks.table import machine

GAP = max(LOOSER)
NOTHING = "no dispatch in time"
HEAD = ("year", "seconds", "times as it is", "MB", "cost, yuan", "gap")


def time_memories(limit_s: float, progress: Callable[[str], None]) -> tuple[str, list[str]]:
    """The table, each year once to a relative gap of 1e-3, and a line for each year not solved to it."""
    rows = {}
    for instance, title in LONG_MEMORIES.items():
        progress(title)
        rows[instance] = run_solver("parkdispatch", PilotProblem(instance, "year", GAP), limit_s)
    ran_on = ", ".join(f"{what} {text}" for what, text in machine().items())
    lines = [
        f"Ran on: {ran_on}; to a gap of {GAP:.0e}, at most {limit_s:.0f} s each, 1 run.\n",
        f"| {' | '.join(HEAD)} |",
        "| --- |" + " ---: |" * (len(HEAD) - 1),
        *(_line(LONG_MEMORIES[instance], row, rows[AS_IS]) for instance, row in rows.items()),
    ]
    wrong = [
        f"{LONG_MEMORIES[instance]}: {row.why or NOTHING}"
        for instance, row in rows.items()
        if not row.said.get("finished")
    ]
    return "\n".join(lines) + "\n", wrong


def _seconds(said: Mapping[str, float]) -> float:
    return said["build_s"] + said["solve_s"]


def _line(title: str, row: Row, as_is: Row) -> str:
    if row.said.get("objective_yuan") is None:
        return f"| {title} | {row.why or NOTHING} |" + " |" * (len(HEAD) - 2)
    times = _seconds(row.said) / _seconds(as_is.said) if as_is.said else float("nan")
    cells = [
        title,
        f"{_seconds(row.said):.1f}",
        f"{times:.1f}",
        f"{row.peak_memory_mb:.0f}",
        f"{row.said['objective_yuan']:,.2f}",
        f"{row.said['gap']:.1e}",
    ]
    return f"| {' | '.join(cells)} |"
