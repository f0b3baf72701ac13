"""The table of years with long memories: how much longer each takes than the year as it is."""

from typing import Any

import pytest

from benchmarks.harness import Row
from benchmarks.pilot import long_memories
from benchmarks.pilot.pilot_problems import AS_IS, LONG_MEMORIES, WITH_PIT, PilotProblem
from benchmarks.pilot.pilot_run import BESIDES, pilot_case

SECONDS = {AS_IS: 10.0}  # of the others 25


def solved(who: str, problem: PilotProblem, limit_s: float) -> Row:
    assert (who, problem.horizon, problem.gap, limit_s) == ("parkdispatch", "year", 1e-3, 60.0)
    said: dict[str, Any] = {
        "build_s": 1.0,
        "solve_s": SECONDS.get(problem.instance, 25.0) - 1.0,
        "objective_yuan": 7.1e8,
        "gap": 9e-4,
        "finished": True,
    }
    return Row(who, problem.instance, "year", "optimal", limit_s, 30.0, 812.0, "", said)


def test_each_year_is_held_against_the_one_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_memories, "run_solver", solved)
    text, wrong = long_memories.time_memories(60.0, lambda _: None)
    assert "| as it is | 10.0 | 1.0 | 812 | 710,000,000.00 | 9.0e-04 |" in text
    assert text.count("| 25.0 | 2.5 |") == len(LONG_MEMORIES) - 1
    assert wrong == []


def test_a_year_that_is_not_solved_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_fails(who: str, problem: PilotProblem, limit_s: float) -> Row:
        if problem.instance != WITH_PIT:
            return solved(who, problem, limit_s)
        return Row(who, problem.instance, "year", "killed", limit_s, 240.0, 812.0, "killed after 240 s", {})

    monkeypatch.setattr(long_memories, "run_solver", one_fails)
    text, wrong = long_memories.time_memories(60.0, lambda _: None)
    assert wrong == ["a pit of 20 GWh of heat: killed after 240 s"]
    assert "| a pit of 20 GWh of heat | killed after 240 s |" in text


@pytest.mark.parametrize("instance", LONG_MEMORIES)
def test_each_is_the_pilot_and_a_device_besides(instance: str) -> None:
    devices = pilot_case(instance).devices
    assert set(devices) - set(pilot_case(AS_IS).devices) == set(BESIDES[instance])
