"""Waiting times: each command runs in its own process, and the table says what was measured beside what."""

import sys
from pathlib import Path

import pytest

from benchmarks.waiting.waiting_times import WAITING, Program, Waited, _row, time_waiting
from tests.support.paths import ROOT


def test_ratios_are_those_of_pairs_of_runs() -> None:
    ours, others = (Waited(1.0, 1.0, 150.0), Waited(3.0, 1.0, 150.0)), (Waited(4.0, 2.0, 300.0),) * 2
    row = _row("plan", list(zip(ours, others, strict=True)))
    assert "| 2.00 (1.00 to 3.00) | 4.00 (4.00 to 4.00) | 0.50 (0.25 to 0.75) | 0.50 |" in row
    assert row.endswith("| 150 instead of 300 |")


def test_a_command_is_timed_alone(tmp_path: Path) -> None:
    said: list[str] = []
    text = time_waiting(None, ["help"], 1, said.append)
    assert said == ["help: 0 of 1", "help: 1 of 1"]
    assert text.splitlines()[-1].startswith("| help | ")


def test_a_command_that_fails_ends_the_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WAITING, "check", ("--nonsense",))  # type: ignore[arg-type] # a dict
    program = Program((sys.executable, "-m", "parkdispatch"), tmp_path, str(ROOT / "src"))
    with pytest.raises(SystemExit, match="--nonsense ended with 2"):
        program.run("check")
