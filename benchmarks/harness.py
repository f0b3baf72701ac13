"""Run every tool on every instance, each run in a process of its own, the order turned round every round.

Nothing heavy is imported here: on Linux a process inherits the peak memory of the one that started it.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS, Entry

PHASES = ("import", "read", "build", "hand_over", "solve", "extract")
WORK = ("build", "hand_over", "solve", "extract")  # what grows with the horizon
HORIZONS = ("day", "week", "month", "year", "ten years")
OUT_OF_MEMORY = "out of memory"
BEYOND = ("stopped", "killed", OUT_OF_MEMORY)  # outcomes after which longer horizons are not tried
NEARLY = 0.9  # of the limit: a solver that gives up before has another reason
GRACE_S = 30.0  # for a solver to notice its limit and for its process to say so


@dataclass(frozen=True)
class Row:
    """One run.

    `outcome`: optimal, stopped (by the solver, at the limit), killed (there), out of memory, failed or
    not tried.
    """

    who: str
    instance: str
    horizon: str
    outcome: str
    limit_s: float
    wall_s: float = float("nan")
    peak_memory_mb: float = float("nan")
    why: str = ""
    said: dict[str, Any] = field(default_factory=dict)  # by the worker

    @property
    def work_s(self) -> float:
        """Build, hand over, solve and extract, without the imports."""
        return float(sum(self.said["phases_s"][phase] for phase in WORK))

    @property
    def ran(self) -> bool:
        return bool(self.said)


@dataclass(frozen=True)
class Finished:
    """A process that has ended."""

    code: int  # below zero: the signal that ended it
    text: str
    complaint: str
    wall_s: float
    peak_memory_mb: float


def run_process(command: Sequence[str], kill_after_s: float) -> Finished:
    """Run a command in a process of its own, which is killed where it takes longer."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err)
        timer = threading.Timer(kill_after_s, process.kill)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        text, complaint = out.read().decode(), err.read().decode(errors="replace")
    memory = usage.ru_maxrss / (1024.0 if sys.platform != "darwin" else 1024.0**2)
    return Finished(process.returncode, text, complaint, wall, memory)


def run_once(who: str, instance: str, horizon: str, path: Path, limit_s: float) -> Row:
    """One process, its wall clock, peak memory and what it said."""
    command = [sys.executable, "-m", "benchmarks.worker", who, str(path), "--limit", str(limit_s)]
    ended = run_process(command, limit_s + GRACE_S)
    outcome, why, said = outcome_of(ended, limit_s)
    if outcome == "stopped" and ended.wall_s < NEARLY * limit_s:
        outcome, why, said = "failed", "the solver ended without an optimum before its limit", {}
    return Row(who, instance, horizon, outcome, limit_s, ended.wall_s, ended.peak_memory_mb, why, said)


def outcome_of(ended: Finished, limit_s: float) -> tuple[str, str, dict[str, Any]]:
    """How a run came out, why, and what its process said in its last line."""
    if ended.code != 0 and ended.wall_s > limit_s:
        return "killed", "", {}
    if ended.code != 0 and ("MemoryError" in ended.complaint or "bad_alloc" in ended.complaint):
        return OUT_OF_MEMORY, "", {}
    if ended.code != 0:
        last = (ended.complaint.strip().splitlines() or ["said nothing"])[-1][:200]
        return "failed", f"signal {-ended.code}" if ended.code < 0 else last, {}
    said = json.loads(ended.text.strip().splitlines()[-1])
    if "error" in said:
        return said["error"], "", {}
    return "optimal" if said["finished"] else "stopped", "", said


def run_all(
    paths: dict[tuple[str, str], Path],
    who: Sequence[str],
    runs: int,
    limit_s: float,
    done: Iterable[Row] = (),
    record: Callable[[Row], None] = lambda _: None,
) -> list[Row]:
    """Rounds over all tools for each instance and horizon, shortest first.

    A tool that exceeds its limit or the memory is not run again on that horizon, and not tried on longer
    ones. A further round is made only of those whose runs took less than the limit together: a long run
    needs no repetition to be told from a short one. Rows in `done` count as made.
    """
    rows = list(done)
    for instance, horizon in sorted(paths, key=lambda key: HORIZONS.index(key[1])):
        able = [name for name in who if PEERS[name].takes_part(instance)]
        for turn in range(runs):
            for name in able if turn % 2 == 0 else reversed(able):
                cell = [r for r in rows if (r.who, r.instance, r.horizon) == (name, instance, horizon)]
                if len(cell) > turn or (cell and not _worth_another(cell, limit_s)):
                    continue
                if before := beyond_limit(rows, name, instance):
                    row = Row(name, instance, horizon, "not tried", limit_s, why=before)
                else:
                    row = run_once(name, instance, horizon, paths[instance, horizon], limit_s)
                rows.append(row)
                record(row)
    return rows


def _worth_another(cell: Sequence[Row], limit_s: float) -> bool:
    return all(row.outcome == "optimal" for row in cell) and sum(row.wall_s for row in cell) < limit_s


def beyond_limit(rows: Iterable[Row], who: str, instance: str) -> str:
    """The horizon at which the tool exceeded its limit on the instance, or nothing."""
    for row in rows:
        if (row.who, row.instance) == (who, instance) and row.outcome in BEYOND:
            return row.horizon
    return ""


def disagreements(rows: Iterable[Row], tolerance: float) -> list[str]:
    """Where optima differ, or a bound or a stopped run contradicts the certified optimum."""
    breaches = []
    by_problem: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.ran:
            by_problem.setdefault((row.instance, row.horizon), []).append(row)
    for (instance, horizon), group in by_problem.items():
        answers = [row for row in group if is_answer(PEERS[row.who], row)]
        if not answers:
            continue
        ours = [row for row in answers if row.who == "parkdispatch"]
        best = float((ours or answers)[0].said["objective_yuan"])
        slack = tolerance * max(1.0, abs(best)) * (1 + 1e-3)
        for row in group:
            value, bound = row.said["objective_yuan"], row.said["bound_yuan"]
            if row in answers:
                wrong = abs(value - best) > slack
            elif row.outcome == "optimal":  # a relaxation
                wrong = value > best + slack
            else:  # stopped: what a linear program's simplex method has by then need not be a point
                found_one = value is not None and row.said["binaries"] > 0
                wrong = (found_one and value < best - slack) or (bound is not None and bound > best + slack)
            if wrong:
                breaches.append(f"{instance}, {horizon}: {row.who} says {value}, bound {bound}, not {best}")
    return list(dict.fromkeys(breaches))


def is_answer(entry: Entry, row: Row) -> bool:
    """Whether a run claims the optimum of the problem itself and not of its relaxation."""
    return row.outcome == "optimal" and (entry.exact or row.instance != "gaoan")


def as_json(row: Row) -> str:
    return json.dumps(asdict(row))


def from_json(line: str) -> Row:
    return Row(**json.loads(line))
