"""`python -m benchmarks --pilot`: the case gaoan-pilot by this project and by HiGHS alone.

Each run is a process of its own. HiGHS gets the same program, seconds, threads and gap. A gap of ours that is
wider than HiGHS's is told in the table, and by the exit code.
"""

import math
import sys
from collections.abc import Callable, Iterable, Sequence

from benchmarks.figures import Cell
from benchmarks.harness import Row, outcome_of, run_process
from benchmarks.instance import EQUAL
from benchmarks.pilot.pilot_problems import EXACT, PROBLEMS, PilotProblem
from benchmarks.table import machine

SOLVERS = {"parkdispatch": "**parkdispatch**", "highs": "HiGHS alone"}
KILLED_AFTER = 4.0  # times the limit: reading, building and handing over do not count as solving
LEAST_BEFORE_KILLED_S = 120.0
ALLOWED = 1.2  # times the limit that our build and solve may take: HiGHS is given no more than the limit
HEAD = (
    "problem", "by", "columns", "rows", "binaries", "build, s", "solve, s", "MB", "cost, yuan", "bound, yuan",
    "gap", "our gap is",
)  # fmt: skip
Progress = Callable[[str], None]


def run_solver(who: str, problem: PilotProblem, limit_s: float) -> Row:
    """One process, and what it said."""
    command = [
        sys.executable, "-m", "benchmarks.pilot.pilot_run", who, problem.instance, problem.horizon,
        "--limit", str(limit_s), "--gap", str(problem.gap),
    ]  # fmt: skip
    kill_after_s = max(KILLED_AFTER * limit_s, limit_s + LEAST_BEFORE_KILLED_S)
    ended = run_process(command, kill_after_s)
    outcome, why, said = outcome_of(ended, kill_after_s)
    named = (who, problem.instance, problem.horizon)
    return Row(*named, outcome, limit_s, ended.wall_s, ended.peak_memory_mb, why, said)


def run_problem(
    problem: PilotProblem, runs: int, limit_s: float, exact: Cell | None, progress: Progress
) -> dict[str, Cell]:
    """The runs of both; `exact` are HiGHS's on the same program to the optimum.

    Where these ended with a wider gap than is asked, HiGHS's search to this one would be the same.
    """
    cells: dict[str, Cell] = {}
    for who in SOLVERS:
        if who == "highs" and exact is not None and _gap(exact) > problem.gap:
            cells[who] = exact
            continue
        rows = []
        for turn in range(runs):
            progress(f"{problem.title}, {who}, {turn + 1} of {runs}")
            rows.append(run_solver(who, problem, limit_s))
        cells[who] = Cell(tuple(rows))
    return cells


def _gap(cell: Cell, choose: Callable[[Iterable[float]], float] = max) -> float:
    """The widest gap of the runs, or the one that is chosen; infinite where there is none."""
    gaps = [row.said.get("gap") for row in cell.rows]
    return choose(math.inf if gap is None else gap for gap in gaps)


def verdict(problem: PilotProblem, cells: dict[str, Cell]) -> str:
    """How our widest gap compares with HiGHS's narrowest; within what is asked, gaps are equal."""
    ours = max(problem.gap, _gap(cells["parkdispatch"]))
    theirs = max(problem.gap, _gap(cells["highs"], min))
    if ours == theirs:
        return "equal"
    return "WIDER" if ours > theirs else "narrower"


def problems_of(problem: PilotProblem, cells: dict[str, Cell]) -> list[str]:
    """What is wrong: a run that failed or took too long, a wider gap, answers that contradict each other."""
    wrong = [
        f"{problem.title}: {who} failed: {row.why or row.outcome}"
        for who, cell in cells.items()
        for row in cell.rows
        if row.outcome == "failed" or (who == "parkdispatch" and not row.ran)
    ]
    wrong += [
        f"{problem.title}: parkdispatch took {seconds:.1f} s of {row.limit_s:g} s"
        for row in cells["parkdispatch"].ran
        if (seconds := row.said["build_s"] + row.said["solve_s"]) > ALLOWED * row.limit_s
    ]
    if verdict(problem, cells) == "WIDER":
        gaps = f"{_gap(cells['parkdispatch']):.1e}, HiGHS's {_gap(cells['highs'], min):.1e}"
        wrong.append(f"{problem.title}: our gap is the wider one, {gaps}")
    for solver, other in (("parkdispatch", "highs"), ("highs", "parkdispatch")):
        costs = [row.said["objective_yuan"] for row in cells[solver].ran]
        bounds = [row.said["bound_yuan"] for row in cells[other].ran]
        cost = min((cost for cost in costs if cost is not None), default=math.inf)
        bound = max((bound for bound in bounds if bound is not None), default=-math.inf)
        if cost < bound - EQUAL * max(1.0, abs(bound)):
            wrong.append(f"{problem.title}: {solver} finds {cost}, below the bound {bound} of {other}")
    return wrong


def lines_of(problem: PilotProblem, cells: dict[str, Cell]) -> list[str]:
    """The lines of the table."""
    return [
        "| " + " | ".join([problem.title, title, *_figures(problem, cells, who)]) + " |"
        for who, title in SOLVERS.items()
    ]


def _figures(problem: PilotProblem, cells: dict[str, Cell], who: str) -> list[str]:
    cell = cells[who]
    compared = verdict(problem, cells) if who == "parkdispatch" else ""
    if not cell.ran:
        said = cell.outcome + (f": {cell.last.why}" if cell.last.why else "")
        return [*[""] * 7, "", said.replace("|", "/"), compared]
    said = cell.last.said
    sizes = [f"{said[key]:,}" if key in said else "" for key in ("columns", "rows", "binaries")]
    seconds = [cell.of(lambda row, key=key: row.said[key]).text() for key in ("build_s", "solve_s")]
    money = ["none" if said[key] is None else f"{said[key]:,.2f}" for key in ("objective_yuan", "bound_yuan")]
    gap = _gap(cell)
    return [
        *sizes, *seconds, f"{cell.memory.middle:,.0f}", *money, "none" if math.isinf(gap) else f"{gap:.1e}",
        compared,
    ]  # fmt: skip


def solve_pilot(
    runs: int, limit_s: float, horizons: Sequence[str], progress: Progress
) -> tuple[str, list[str]]:
    """Print the table line by line; its text, and what is wrong, for the exit code."""
    lines: list[str] = []

    def say(*more: str) -> None:
        lines.extend(more)
        print("\n".join(more), flush=True)

    about = ", ".join(f"{name} {value}" for name, value in machine().items())
    say(f"Ran on: {about}; at most {limit_s:g} s each, {runs} run{'s' if runs > 1 else ''}.", "")
    say("| " + " | ".join(HEAD) + " |", "| --- | --- |" + " ---: |" * (len(HEAD) - 2))
    wrong: list[str] = []
    exact: dict[tuple[str, str], Cell] = {}
    for problem in PROBLEMS:
        if problem.horizon not in horizons:
            continue
        key = (problem.instance, problem.horizon)
        cells = run_problem(problem, runs, limit_s, exact.get(key), progress)
        if problem.gap == EXACT:
            exact[key] = cells["highs"]
        say(*lines_of(problem, cells))
        wrong += problems_of(problem, cells)
    return "\n".join(lines) + "\n", wrong
